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

  /// Time in which nobody was answered, after which it ends.
  static let unansweredMax = Duration.seconds(1_800)
  /// Attempts of a request where the next round is one more.
  static let endlessAttemptsMax = 2

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
    let attemptsMax = rounds == nil ? Self.endlessAttemptsMax : ServiceClient.attemptsMax
    let secret = try service.adminToken()
    try await service.withClient(attemptsMax: attemptsMax) { client in
      let devices = try await client.activeDevices().map { SignedDevice(id: $0, secret: secret) }
      guard !devices.isEmpty else {
        throw ProgramFault("there is no active validator; play a day first")
      }
      let fleet = StandingFleet(devices, client: client)
      let clock = ContinuousClock()
      var answeredAt = clock.now
      var round = 0
      while true {
        let faults = await fleet.tell(askingFirst: false)
        round += 1
        if faults.count < devices.count { answeredAt = clock.now }
        let isEnd = rounds.map { round >= $0 } ?? false
        if isEnd || clock.now - answeredAt >= Self.unansweredMax {
          return try Self.finish(devices.count, faults)
        }
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
