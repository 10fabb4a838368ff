import AcquirerSupport
import Basics
import Clearing
import SimulatedAcquirer
import Store
import Synchronization
import Testing
import Transit
import Wallet

/// What many tests of bank cards begin with, or do on the way.
extension CardHouse {
  /// Runs a body when the acquirer has taken 8.00 of a ride.
  static func charged(
    _ body: @Sendable (CardHouse, SimulatedPayment) async throws -> Void
  ) async throws {
    try await with { cards in
      try await cards.house.journal([try bankTap(1, "08:00")], receivedAt: cards.clock.now)
      try await cards.work()
      try await cards.nextDay()
      let payment = try #require(cards.acquirer.books.withLock { $0.allPayments.first })
      try await body(cards, payment)
    }
  }

  /// Gives so much of a window back though the rides cost what they cost.
  func giveGoodwill(_ minor: Int64, of window: Int64) async throws {
    let order = try await debts.proposeRefund(
      window, minor: minor, reason: "the bus broke down", by: "olena")
    _ = try await debts.decide(order, isApproved: true, by: "taras")
    try await work()
  }

  /// Anna, who rides with a bank card, shows that she rides free from 22 November on.
  func makeRidesFree() async throws {
    let medium = house.medium("visa-anna", .bank)
    _ = try await house.riders.addProof(
      ProvenDays(category: "pensioner", first: try #require(Day("2026-11-22")), last: nil),
      kind: nil, number: nil, note: nil, of: RiderID(high: medium.high, low: medium.low),
      isReplacing: false, by: RiderAct(actor: "desk 1", reason: "test", at: clock.now))
    try await work()
  }
}
