import ArgumentParser
import Basics
import ServiceClient
import SimulatedCity

/// Leaves the validators of a played day in their vehicles.
struct StandCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stand",
    abstract: "Lets the validators of a played day go on to tell how they are, until it is ended.",
    discussion: """
      Every active validator of the service that day or riga enrolled with the same token sends its \
      heartbeat, and asks for the deny list when an answer tells of a newer one. One that the service \
      refuses goes on to ask. It ends by itself when the service did not answer any of them for half \
      an hour.
      """)

  /// Rounds in which nobody was answered, after which it ends.
  static let unansweredRoundsMax = 30

  @OptionGroup var service: ServiceOptions

  @Option(help: "Seconds between two heartbeats of a validator.")
  var everySeconds = 60

  @Option(help: "Ends after so many heartbeats of each; never when left out.")
  var rounds: Int?

  func validate() throws {
    guard everySeconds > 0 else {
      throw ValidationError("--every-seconds is \(everySeconds); give 1 or more")
    }
    if let rounds, rounds < 1 {
      throw ValidationError("--rounds is \(rounds); give 1 or more")
    }
  }

  func run() async throws {
    try await service.withClient { client in
      let devices = try await client.activeDevices().map {
        SignedDevice(id: $0, secret: service.adminToken)
      }
      guard !devices.isEmpty else {
        throw ProgramFault("there is no active validator; play a day first")
      }
      let fleet = StandingFleet(devices, client: client)
      var round = 0
      var unanswered = 0
      while true {
        let faults = await fleet.tell(askingFirst: false)
        round += 1
        unanswered = faults.count == devices.count ? unanswered + 1 : 0
        if let rounds, round >= rounds { return try Self.finish(devices.count, faults) }
        if unanswered >= Self.unansweredRoundsMax { return try Self.finish(devices.count, faults) }
        try await Task.sleep(for: .seconds(everySeconds))
      }
    }
  }

  private static func finish(_ count: Int, _ faults: [Int: any Error]) throws {
    print("\(count - faults.count) of \(count) validators told how they are")
    if let first = faults.min(by: { $0.key < $1.key }) {
      throw ProgramFault("\(first.value)")
    }
  }
}
