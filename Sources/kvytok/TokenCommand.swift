import ArgumentParser
import Basics
import Store
import Tapping

/// Bearer tokens of people and programs.
struct TokenCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "token", abstract: "Makes, lists and ends bearer tokens of people and programs.",
    subcommands: [Create.self, List.self, Revoke.self])

  struct Create: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "create", abstract: "Makes a token and prints it; it is shown only now.")

    @Argument(
      help: "Whose token it is; what is decided with it stands in the books under this name.",
      transform: labelArgument)
    var label: String

    @Option(
      help: "One of \(AccessRole.allCases.map(\.rawValue).joined(separator: ", ")).",
      transform: { text in
        guard let role = AccessRole(rawValue: text) else {
          throw ValidationError("There is no role \(text).")
        }
        return role
      })
    var role: AccessRole

    @Option(help: "The only operator whose figures the bearer may see (agency_id of the feed).")
    var `operator`: String?

    @Option(
      help: "Whose rides the bearer may see, when the role is rider (UUID).",
      transform: { text in
        guard let rider = RiderID(text) else {
          throw ValidationError("\(text) is not a UUID.")
        }
        return rider
      })
    var rider: RiderID?

    @Option(help: "Days after which the token no longer holds; never without it.")
    var days: Int?

    @OptionGroup var database: DatabaseOptions

    func validate() throws {
      guard (role == .rider) == (rider != nil) else {
        throw ValidationError("--rider goes with --role rider, and with no other role.")
      }
      if let days, !(1...36_500).contains(days) {
        throw ValidationError("--days is a number from 1 to 36500.")
      }
    }

    func run() async throws {
      let token = AccessTokenText.make(
        random: SecureRandom.bytes(AccessTokenText.randomBytesCount))
      let now = Instant.now
      let grant = AccessGrant(
        label: label, role: role, operatorID: `operator`, rider: rider, createdAt: now,
        expiresAt: days.map { now.adding(seconds: Int64($0) * 86_400) })
      try await Backbone.with(database) { backbone in
        if let `operator` {
          let city = CityHolder()
          try await city.reload(from: backbone.store)
          try await OperatorName.check(
            `operator`, city.current, backbone.store,
            advice: "Import the network of a new one first.")
        }
        try await backbone.store.write { db in
          try await db.tokens.create(digest: AccessTokenText.digest(of: token), grant)
        }
      }
      Progress.say("Keep this token; it is shown only now:")
      print(token)
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "list", abstract: "Lists tokens by label, never the tokens themselves.")

    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      let grants = try await Backbone.with(database) { backbone in
        try await backbone.store.read { db in try await db.tokens.list() }
      }
      var table = TextTable([
        ("label", .left), ("role", .left), ("operator", .left), ("made", .left),
        ("ends", .left),
      ])
      for grant in grants {
        let end = grant.revokedAt.map { "revoked \($0)" } ?? grant.expiresAt?.description
        table.add([
          grant.label, grant.role.rawValue, grant.operatorID ?? "",
          grant.createdAt.description, end ?? "never",
        ])
      }
      table.printNewest(TokenQueries.listMax)
    }
  }

  struct Revoke: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "revoke",
      abstract:
        "Ends all tokens of a label, and of those that differ only in case, blanks or what is not seen."
    )

    @Argument(help: "The label.")
    var label: String

    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      let count = try await Backbone.with(database) { backbone in
        try await backbone.store.write { db in
          try await db.tokens.revoke(label: label, at: .now)
        }
      }
      guard count > 0 else {
        throw CommandFault("No token with the label \(label) holds.", exitCode: CommandFault.no)
      }
      print("\(count) revoked")
    }
  }
}
