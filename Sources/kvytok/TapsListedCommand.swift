import ArgumentParser
import Basics
import Store
import Transit

extension TapsCommand {
  struct Listed: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "listed",
      abstract: "Whether a tap's medium was on the deny list that its validator used.")

    @OptionGroup var tap: QuarantineCommand.TapOptions
    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      let name = tap.name
      let found = try await Backbone.with(database) { backbone in
        try await backbone.store.read { db in try await db.tapAudit.listing(of: name) }
      }
      guard let found else {
        throw CommandFault(
          "No tap \(name.seq) of epoch \(name.epoch) of \(name.device) has reached a rider.",
          exitCode: CommandFault.no)
      }
      let end = found.isAccepted ? "let on" : "turned away (\(found.denyReason ?? "no reason"))"
      let title = "tap \(name.device)/\(name.epoch)/\(name.seq)"
      print("\(title) of \(found.at), \(found.medium.rawValue): \(end)")
      print("the list that the validator used: \(Self.words(found.used) ?? "not named")")
      let none =
        found.isNewestKnown ? "there was none" : "not known, for the database was restored since"
      print("the newest one at that moment: \(Self.words(found.newest) ?? none)")
    }

    private static func words(_ list: TapListing.List?) -> String? {
      guard let list else { return nil }
      let made = list.madeAt.map { " of \($0)" } ?? ""
      let listed =
        list.isListed.map { $0 ? "listed" : "not listed" } ?? "whether it was listed is not known"
      return "version \(list.version)\(made), \(listed)"
    }
  }
}
