import ArgumentParser
import Basics
import Clearing
import Store

extension WalletCommand {
  /// What one person proposes about a rider's account, and another decides.
  struct ProposalOptions: ParsableArguments {
    @OptionGroup var rider: RiderOptions

    @Option(help: "ISO 4217 code.", transform: Currency.argument)
    var currency: Currency

    @Option(help: "Why.")
    var reason: String

    @OptionGroup var who: PersonOptions
    @OptionGroup var database: DatabaseOptions

    /// Writes the proposal down, and says how it goes on.
    func propose(
      _ body: (WalletOrderDesk, RiderID, _ person: String) async throws -> Int64
    ) async throws {
      let order = try await RiderWork.with(database) { work, backbone in
        let by = try await who.person(backbone.store).label
        let found = try await RiderCommand.find(rider.rider, work.insight, backbone)
        let desk = WalletOrderDesk(store: work.store, city: work.city, now: { .now })
        return try await MoneyDesks.answer { try await body(desk, found, by) }
      }
      print("order \(order) waits: kvytok order approve \(order) --as FILE")
    }
  }

  struct Correct: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "correct",
      abstract: "Proposes to put a balance right, up or down; a second person decides.")

    @Option(
      parsing: .unconditional,
      help: "Amount in minor units; below zero takes it off: --minor -500, or --minor=-500.")
    var minor: Int64

    @OptionGroup var proposal: ProposalOptions

    func run() async throws {
      try await proposal.propose { desk, rider, person in
        try await desk.proposeCorrection(
          minor, in: proposal.currency, of: rider, reason: proposal.reason, by: person)
      }
    }
  }

  struct WriteOff: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "write-off",
      abstract: "Proposes to give up what an account owes; a second person decides.")

    @OptionGroup var proposal: ProposalOptions

    func run() async throws {
      try await proposal.propose { desk, rider, person in
        try await desk.proposeWriteOff(
          in: proposal.currency, of: rider, reason: proposal.reason, by: person)
      }
    }
  }
}
