import ArgumentParser
import Basics
import Intake
import Logging
import Store
import Tapping

/// Validators: registers, lists and stops them.
struct DeviceCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "device", abstract: "Registers, lists and stops validators.",
    subcommands: [Enroll.self, List.self, Revoke.self])

  struct Enroll: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "enroll",
      abstract: "Registers a validator and prints its one-time secret.")

    @Argument(help: "Id of the validator: letters, digits, and - _ . :")
    var id: String

    @Option(help: "The vehicle it is mounted in.")
    var vehicle: String?

    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      let outcome = try await Backbone.with(database) { backbone in
        try await DeviceDesk(store: backbone.store, log: .quiet).enroll(
          id, vehicle: vehicle, random: SecureRandom.bytes(DeviceDesk.secretRandomBytesCount),
          at: .now)
      }
      switch outcome {
      case .enrolled(let secret):
        Progress.say("Give the validator this secret; it is shown only now:")
        print(secret)
      case .badID:
        throw CommandFault(
          "\"\(id)\" is no id: use 1 to \(DeviceID.bytesMax) letters, digits, and - _ . :",
          exitCode: CommandFault.usage)
      case .isActive:
        throw CommandFault(
          "\(id) works with a key already. Revoke it first: kvytok device revoke \(id)",
          exitCode: CommandFault.no)
      }
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "list", abstract: "Lists validators, what they sent and what is missing.")

    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      let devices = try await Backbone.with(database) { backbone in
        let desk = DeviceDesk(store: backbone.store, log: .quiet)
        var all: [DeviceStanding] = []
        while true {
          let page = try await desk.list(after: all.last?.device.id ?? "")
          guard !page.isEmpty else { return all }
          all += page
        }
      }
      var table = TextTable([
        ("device", .left), ("vehicle", .left), ("state", .left), ("last seen", .left),
        ("taps", .right), ("missing", .right), ("conflicts", .right),
      ])
      for standing in devices {
        let missing = standing.gaps.reduce(0) { $0 + $1.seqs.count }
        table.add([
          standing.device.id, standing.device.vehicle ?? "", standing.device.state.rawValue,
          standing.lastSeenAt?.description ?? "never", String(standing.tapsStored),
          String(missing), String(standing.conflicts),
        ])
      }
      print(table.text)
    }
  }

  struct Revoke: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "revoke", abstract: "Ends a validator's right to post.")

    @Argument(help: "Id of the validator.")
    var id: String

    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      let isKnown = try await Backbone.with(database) { backbone in
        try await DeviceDesk(store: backbone.store, log: .quiet).revoke(id, at: .now)
      }
      guard isKnown else {
        throw CommandFault("There is no device \(id).", exitCode: CommandFault.no)
      }
      print("\(id) revoked")
    }
  }
}

extension Logger {
  /// A log for commands that say themselves what they did.
  static var quiet: Logger {
    var logger = Logger(label: "kvytok")
    logger.logLevel = .error
    return logger
  }
}
