import ArgumentParser
import Basics
import Clearing
import Intake
import Store
import Tapping
import Web

extension DeviceCommand {
  /// Runs a step of a device's life by whoever is known by a token or sits at the terminal, and tells what
  /// became of it.
  static func step(
    _ id: String, by actor: ActorOptions, _ database: DatabaseOptions, done: String,
    already: String,
    _ body: (DeviceDesk, DeviceActor) async throws -> DeviceStepOutcome
  ) async throws {
    try await step(id, database, done: done, already: already) { desk, backbone in
      try await body(desk, try await actor.actor(backbone.store))
    }
  }

  /// Runs a step of a device's life, and tells what became of it.
  static func step(
    _ id: String, _ database: DatabaseOptions, done: String, already: String,
    _ body: (DeviceDesk, Backbone) async throws -> DeviceStepOutcome
  ) async throws {
    let outcome = try await Backbone.with(database) { backbone in
      try await body(DeviceDesk(store: backbone.store, log: .quiet), backbone)
    }
    switch outcome {
    case .refused(let refusal):
      throw CommandFault("\(id): \(refusal.message)", exitCode: CommandFault.no)
    case .already: print("\(id) \(already)")
    case .done(let secret?, _):
      Progress.say("Give the new hardware this secret; it is shown only now:")
      print(secret)
    case .done(nil, let staleTaps):
      print("\(id) \(done)")
      if staleTaps > 0 {
        Progress.say("\(staleTaps) taps moved; the days of their riders will be rated anew")
      }
    }
  }

  struct Suspend: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "suspend", abstract: "Stops a validator for a while.")

    @Argument(help: "Id of the validator.")
    var id: String
    @OptionGroup var actor: ActorOptions
    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      try await DeviceCommand.step(
        id, by: actor, database, done: "suspended", already: "was suspended before"
      ) { desk, actor in try await desk.step(.suspend, id, by: actor, at: .now) }
    }
  }

  struct Resume: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "resume", abstract: "Lets a suspended validator go on.")

    @Argument(help: "Id of the validator.")
    var id: String
    @OptionGroup var actor: ActorOptions
    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      try await DeviceCommand.step(
        id, by: actor, database, done: "resumed", already: "is active"
      ) { desk, actor in try await desk.step(.resume, id, by: actor, at: .now) }
    }
  }

  struct Revoke: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "revoke", abstract: "Ends a validator's right to post.")

    @Argument(help: "Id of the validator.")
    var id: String
    @Flag(help: "Ends only keys that are not in use: of old hardware, or in overlap.")
    var oldKeys = false
    @OptionGroup var actor: ActorOptions
    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      try await DeviceCommand.step(
        id, by: actor, database, done: oldKeys ? "has its newest key only" : "revoked",
        already: "revoked"
      ) { desk, actor in
        try await desk.step(oldKeys ? .endOldKeys : .revoke, id, by: actor, at: .now)
      }
    }
  }

  struct Rotate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "rotate",
      abstract: "Asks a validator for another key, or gives it one.",
      discussion: """
        Without --public-key the validator is asked: its next heartbeat says so, and it posts the \
        new key to /v1/devices/keys. The old key goes on to verify for --overlap-days.
        """)

    @Argument(help: "Id of the validator.")
    var id: String
    @Option(help: "Days that the old key goes on to verify.")
    var overlapDays: Int = DeviceDesk.overlapDays
    @Option(help: "The new key, base64 of 32 bytes, when it was put into the validator by hand.")
    var publicKey: String?
    @OptionGroup var actor: ActorOptions
    @OptionGroup var database: DatabaseOptions

    func validate() throws {
      guard (0...DeviceDesk.overlapDaysMax).contains(overlapDays) else {
        throw ValidationError(
          "--overlap-days is a number from 0 to \(DeviceDesk.overlapDaysMax).")
      }
      if let publicKey,
        Base64.decode(publicKey, .standard)?.count != Ed25519.keyByteCount
      {
        throw ValidationError("--public-key is the base64 of 32 bytes.")
      }
    }

    func run() async throws {
      let key = publicKey.flatMap { Base64.decode($0, .standard) }
      try await DeviceCommand.step(
        id, by: actor, database,
        done: key == nil ? "is asked for another key" : "has another key", already: "has this key"
      ) { desk, actor in
        if let key {
          return try await desk.rotate(
            id, publicKey: key, overlapDays: overlapDays, by: actor, at: .now)
        }
        return try await desk.orderRotation(id, overlapDays: overlapDays, by: actor, at: .now)
      }
    }
  }

  struct Replace: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "replace",
      abstract: "Lets other hardware take a validator's place, and prints its one-time secret.",
      discussion: """
        The new hardware gets epochs of its own. What the old hardware still holds is taken in \
        under its own key, until `kvytok device revoke ID --old-keys`. The secret opens for 7 days; \
        with --cancel it opens nothing any more, and the hardware in place stays.
        """)

    @Argument(help: "Id of the validator.")
    var id: String
    @Flag(help: "Takes the secret back that waits for other hardware.")
    var cancel = false
    @OptionGroup var actor: ActorOptions
    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      if cancel {
        return try await DeviceCommand.step(
          id, by: actor, database, done: "keeps its hardware",
          already: "waits for no other hardware"
        ) { desk, actor in try await desk.step(.cancelReplacement, id, by: actor, at: .now) }
      }
      try await DeviceCommand.step(id, by: actor, database, done: "", already: "") { desk, actor in
        try await desk.orderReplacement(
          id, random: SecureRandom.bytes(DeviceDesk.secretRandomBytesCount), by: actor, at: .now)
      }
    }
  }

  struct Assign: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "assign",
      abstract: "Says in which vehicle or at which stop a validator is, and from when to when.",
      discussion: """
        Taps that do not name their vehicle are of the place that held at their time. A place in \
        the past moves the taps of that time, and the days of their riders are rated anew. Where it does, \
        whoever says so is known by a token (--as, of a dispatcher); above the limit of one person \
        (`kvytok rate limit`) it is done when another one gives the same command.
        """)

    @Argument(help: "Id of the validator.")
    var id: String
    @Option(help: "The vehicle.")
    var vehicle: String?
    @Option(help: "The stop (stop_id).")
    var stop: String?
    @Flag(help: "It is nowhere in this time.")
    var nowhere = false
    @Option(
      help: "From when: 2026-11-22, or a time with an offset. (default: now)",
      transform: MomentArgument.init)
    var from: MomentArgument?
    @Option(
      help: "First moment at which it no longer holds. (default: for good)",
      transform: MomentArgument.init)
    var until: MomentArgument?
    @OptionGroup var actor: ActorOptions
    @OptionGroup var database: DatabaseOptions

    func validate() throws {
      guard [vehicle != nil, stop != nil, nowhere].count(where: { $0 }) == 1 else {
        throw ValidationError("Give one of --vehicle, --stop and --nowhere.")
      }
      for name in [vehicle, stop].compactMap({ $0 })
      where !DevicePlace.isGoodName(name) {
        throw ValidationError("A name has 1 to \(TapLimits.textBytesMax) bytes.")
      }
    }

    func run() async throws {
      let place = vehicle.map(DevicePlace.vehicle) ?? stop.map(DevicePlace.stop)
      let name = place.map(DeviceCommand.text) ?? "nowhere"
      try await DeviceCommand.step(
        id, database, done: "is \(name)", already: "is \(name)"
      ) { desk, backbone in
        let holder = CityHolder()
        try await holder.reload(from: backbone.store)
        let city = holder.current
        try Self.check(place, in: city)
        let start = from?.moment(city.clock) ?? .now
        let end = until?.moment(city.clock)
        if let end, end <= start {
          throw CommandFault(
            "--until must be later than --from.", exitCode: CommandFault.usage)
        }
        let days = { @Sendable (from: Instant, to: Instant) in
          city.fareDay(of: from)...city.fareDay(of: to)
        }
        let isPast = try await desk.movesRiders(id, from: start, until: end, days: days, at: .now)
        let person =
          isPast ? try await actor.person.person(backbone.store, roles: [.dispatcher]) : nil
        let named = isPast ? person : try await actor.person.personIfGiven(backbone.store)
        return try await PastDesk(store: backbone.store, city: holder, log: .quiet).change(
          .place(of: id, place, from: start, until: end), by: person, at: .now
        ) { gate in
          try await desk.assign(
            id, to: place, from: start, until: end, days: days, through: PlaceGate(gate),
            by: actor.actor(of: named), at: .now)
        }.orWaits()
      }
    }
  }
}

extension DeviceCommand.Assign {
  /// A stop that is misspelt would take the place of the right one on every tap.
  private static func check(_ place: DevicePlace?, in city: City) throws {
    guard let stop = place?.stop else { return }
    switch city.knowledge(of: place) {
    case .known: return
    case .unchecked:
      Progress.say("Not checked: no network is imported yet that could have a stop \(stop).")
    case .unknown:
      throw CommandFault(
        "Neither the network nor a tariff has a stop \(stop) (stop_id). Import the network of a new "
          + "stop first.", exitCode: CommandFault.no)
    }
  }
}

/// A moment of the command line: a time, or the beginning of a fare day.
enum MomentArgument: Sendable {
  case instant(Instant)
  case day(Day)

  /// Reads it.
  @Sendable init(_ text: String) throws {
    if let instant = Instant(iso8601: text) {
      self = .instant(instant)
    } else if let day = Day(text) {
      self = .day(day)
    } else {
      throw ValidationError(
        "\(text) is no time; write 2026-11-22, or 2026-11-22T08:00:00+02:00.")
    }
  }

  /// The moment by the clock of a city.
  func moment(_ clock: CityClock) -> Instant {
    switch self {
    case .instant(let instant): instant
    case .day(let day): clock.start(of: day)
    }
  }
}
