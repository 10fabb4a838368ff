import ArgumentParser
import Basics
import Insight
import Store
import Tapping
import Transit

/// The deny list: media that validators turn away.
struct DenyListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "deny-list", abstract: "Shows and changes the media that validators turn away.",
    subcommands: [Show.self, Add.self, Remove.self])

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "show",
      abstract: "Shows the list, why media are on it, and how fast it reached the validators.")

    @Option(help: "Most entries shown, or validators.")
    var limit: Int = 50
    @Flag(help: "Only the validators that do not hold the newest version yet.")
    var behind = false
    @Option(help: "With --behind: only those after this validator.")
    var after: String?
    @OptionGroup var database: DatabaseOptions

    func validate() throws {
      guard (1...DenyListQueries.causesMax).contains(limit) else {
        throw ValidationError("--limit is a number from 1 to \(DenyListQueries.causesMax).")
      }
      if after != nil, !behind { throw ValidationError("--after goes with --behind.") }
    }

    func run() async throws {
      if behind { return try await showBehind() }
      let (head, causes, versions) = try await Backbone.with(database) { backbone in
        try await backbone.store.read { db in
          (
            try await db.denyList.head(), try await db.denyList.causes(limit: limit),
            try await db.denyList.versions(limit: 10)
          )
        }
      }
      print("version \(head.version), \(head.count) media denied")
      if head.isFull {
        print("The list is full: media that are denied now are listed once others are lifted.")
      }
      var entries = TextTable([
        ("medium", .left), ("kind", .left), ("cause", .left), ("since", .left), ("by", .left),
        ("reason", .left),
      ])
      for cause in causes {
        entries.add([
          cause.medium.description, cause.kind.rawValue, cause.reason,
          cause.deniedAt.description, cause.deniedBy, cause.note ?? "",
        ])
      }
      if !causes.isEmpty { print("\n" + entries.text) }
      var reach = TextTable([
        ("version", .right), ("made", .left), ("added", .right), ("removed", .right),
        ("devices", .right), ("p50", .right), ("p95", .right), ("slowest", .right),
      ])
      for version in versions {
        let seconds = [version.latencyP50, version.latencyP95, version.latencyMax].map { value in
          value.map { "\(Int($0.rounded())) s" } ?? ""
        }
        reach.add(
          [
            String(version.version), version.madeAt.description, String(version.added),
            String(version.removed), "\(version.devicesReached)/\(version.devicesActive)",
          ] + seconds)
      }
      if !versions.isEmpty { print("\n" + reach.text) }
    }

    private func showBehind() async throws {
      let (head, devices) = try await Backbone.with(database) { backbone in
        try await backbone.store.read { db in
          (
            try await db.denyList.head(),
            try await db.denyList.behind(after: after ?? "", limit: limit)
          )
        }
      }
      var table = TextTable([
        ("device", .left), ("version", .right), ("held since", .left), ("last seen", .left),
      ])
      for device in devices {
        table.add([
          device.device, device.heldVersion.map(String.init) ?? "none",
          device.heldSince?.description ?? "", device.lastSeenAt?.description ?? "never",
        ])
      }
      print("version \(head.version)")
      let none = after == nil ? "Every active validator holds it." : "No more."
      print(devices.isEmpty ? none : table.text)
      if devices.count == limit, let last = devices.last {
        print("There may be more: --after \(last.device)")
      }
    }
  }

  /// Which medium.
  struct MediumOptions: ParsableArguments {
    @Argument(help: "UUID of the medium, or the token (base64url) of what is tapped.")
    var medium: String

    /// The medium; one that was tapped is found by its token.
    func find(_ backbone: Backbone) async throws -> MediumID {
      if let id = MediumID(medium) { return id }
      let key = try await backbone.tokenKey()
      let tokens = [Base64.decode(medium, .url), Array(medium.utf8)].compactMap { $0 }
      let candidates = tokens.filter { !$0.isEmpty }.flatMap { token in
        MediumKind.allCases.map { key.mediumID(kind: $0, token: token) }
      }
      let known = try await backbone.store.read { db in
        try await db.denyList.known(among: candidates)
      }
      guard let first = known.first else {
        throw CommandFault(
          "Nothing of this token was ever tapped here.", exitCode: CommandFault.no)
      }
      return first
    }
  }

  struct Add: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "add", abstract: "Puts a medium on the list.")

    @OptionGroup var medium: MediumOptions
    @Option(help: "The cause, a word: lost, stolen, debt.")
    var cause: String
    @OptionGroup var actor: ActorOptions
    @OptionGroup var database: DatabaseOptions

    func validate() throws {
      guard DenyListQueries.isReason(cause) else {
        throw ValidationError("--cause is a word of 1 to 32 small letters and _.")
      }
    }

    func run() async throws {
      let (version, causes) = try await DenyListCommand.change(database) { backbone in
        let id = try await medium.find(backbone)
        let name = try await actor.name(backbone.store)
        return try await backbone.store.write { db in
          let version = try await db.denyList.deny(
            medium: id, reason: cause, note: actor.reason, by: name, at: .now)
          return (version, try await DenyListCommand.standingCauses(of: id, in: db))
        }
      }
      print("denied in version \(version), for \(causes)")
    }
  }

  struct Remove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "remove", abstract: "Lifts a cause, or all causes, of a medium.")

    @OptionGroup var medium: MediumOptions
    @Option(help: "Only this cause; all of them without it.")
    var cause: String?
    @OptionGroup var actor: ActorOptions
    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      let (version, causes) = try await DenyListCommand.change(database) { backbone in
        let id = try await medium.find(backbone)
        let name = try await actor.name(backbone.store)
        return try await backbone.store.write { db in
          let version = try await db.denyList.allow(
            medium: id, reason: cause, note: actor.reason, by: name, at: .now)
          return (version, try await DenyListCommand.standingCauses(of: id, in: db))
        }
      }
      print(
        causes.isEmpty
          ? "allowed in version \(version)"
          : "still denied for \(causes), version \(version)")
    }
  }

  /// The causes of a medium that hold: a slip of the pen is seen where it was made.
  private static func standingCauses(
    of medium: MediumID, in db: StoreSession
  ) async throws -> String {
    let causes = try await db.denyList.causes(medium: medium)
    return Set(causes.map(\.reason)).sorted().joined(separator: ", ")
  }

  private static func change<Result: Sendable>(
    _ database: DatabaseOptions, _ body: (Backbone) async throws -> Result
  ) async throws -> Result {
    do {
      return try await Backbone.with(database, body)
    } catch let fault as DenyListFault {
      let text =
        switch fault {
        case .mediumUnknown(let medium): "No medium \(medium) was ever tapped here."
        case .fingerprintUnknown(let medium):
          "No tap of medium \(medium) can be read any more; it can be denied once it is tapped again."
        case .full: "The list holds \(DenyListFile.entriesMax) entries; lift some first."
        }
      throw CommandFault(text, exitCode: CommandFault.no)
    }
  }
}
