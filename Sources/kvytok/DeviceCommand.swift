import ArgumentParser
import Basics
import Foundation
import Intake
import Logging
import Store
import Tapping

/// Validators: leads them through their lives, and watches over them.
struct DeviceCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "device", abstract: "Registers validators, leads their lives, watches over them.",
    subcommands: [
      Enroll.self, List.self, Show.self, Assign.self, Suspend.self, Resume.self, Revoke.self,
      Rotate.self, Replace.self, Silent.self, Gaps.self, Conflicts.self, NewServiceKey.self,
    ])

  struct Enroll: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "enroll",
      abstract: "Registers a validator and prints its one-time secret.")

    @Argument(help: "Id of the validator: letters, digits, and - _ . :")
    var id: String

    @Option(help: "The vehicle it is mounted in, from now on.")
    var vehicle: String?

    @OptionGroup var actor: ActorOptions
    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      let outcome = try await Backbone.with(database) { backbone in
        try await DeviceDesk(store: backbone.store, log: .quiet).enroll(
          id, vehicle: vehicle, random: SecureRandom.bytes(DeviceDesk.secretRandomBytesCount),
          by: try await actor.actor(backbone.store), at: .now)
      }
      switch outcome {
      case .enrolled(let secret):
        Progress.say("Give the validator this secret; it is shown only now:")
        print(secret)
      case .badID:
        throw CommandFault(
          "\"\(id)\" is no id: use 1 to \(DeviceID.bytesMax) letters, digits, and - _ . :",
          exitCode: CommandFault.usage)
      case .badVehicle:
        throw CommandFault(
          "--vehicle: a name has 1 to \(TapLimits.textBytesMax) bytes.",
          exitCode: CommandFault.usage)
      case .isActive:
        throw CommandFault(
          "\(id) works with a key already. For other hardware under the same id: kvytok device replace \(id). Where "
            + "it was stolen or is lost: kvytok device revoke \(id), and then enrol it anew.",
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
          let page = try await desk.list(after: all.last?.device.id ?? "", at: .now)
          guard !page.isEmpty else { return all }
          all += page
        }
      }
      var table = TextTable([
        ("device", .left), ("place", .left), ("state", .left), ("last seen", .left),
        ("software", .left), ("deny list", .right), ("battery", .right), ("taps", .right),
        ("missing", .right), ("conflicts", .right),
      ])
      for standing in devices {
        let beat = standing.heartbeat?.beat
        table.add([
          standing.device.id, standing.place.map(DeviceCommand.text) ?? "",
          standing.device.state.rawValue,
          DeviceCommand.text(
            standing.lastSeenAt, isUnheardReplacement: standing.isUnheardReplacement),
          beat?.software ?? "", beat?.denyListVersion.map(String.init) ?? "",
          beat?.batteryPercent.map { "\($0) %" } ?? "", String(standing.tapsStored),
          String(standing.numbersMissing), String(standing.conflicts),
        ])
      }
      print(table.text)
    }
  }

  /// When a device was heard of, as people read it.
  static func text(_ heardAt: Instant?, isUnheardReplacement: Bool) -> String {
    heardAt?.description ?? (isUnheardReplacement ? "not since the replacement" : "never")
  }

  /// How a place is written.
  static func text(_ place: DevicePlace) -> String {
    switch place {
    case .vehicle(let name): "vehicle \(name)"
    case .stop(let name): "stop \(name)"
    }
  }
}

/// Who acts, and why; kept with what was done.
struct ActorOptions: ParsableArguments {
  @OptionGroup var person: PersonOptions

  @Option(
    help: "Who does it, behind the name of the token; without both this machine's user.",
    transform: actorArgument)
  var by: String?

  @Option(name: .customLong("reason"), help: "Why, for the record.")
  var givenReason: String?

  /// The reason; a blank one, as of a script's empty variable, is none.
  var reason: String? { givenReason.flatMap { SecondPerson.isBlank($0) ? nil : $0 } }

  /// Who it is: known by a token, where one was given.
  func name(_ store: Store) async throws -> String {
    PersonOptions.actor(try await person.personIfGiven(store), named: by)
  }

  /// Who it is, and why.
  func actor(_ store: Store) async throws -> DeviceActor {
    actor(of: try await person.personIfGiven(store))
  }

  /// A person, or whoever sits at the terminal, and why.
  func actor(of person: Person?) -> DeviceActor {
    DeviceActor(PersonOptions.actor(person, named: by), reason: reason)
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
