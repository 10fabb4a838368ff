import AcquirerSupport
import Basics
import Charging
import Clearing
import SimulatedAcquirer
import Store
import Synchronization
import Testing

extension ClearingSuite {
  /// A card that was declined comes off the deny list when all that it owes is paid, whatever brought that
  /// about, and the time that it took is told.
  @Suite struct RecoveryTests {
    /// A card with 8.00 to pay for 22 November, declined the evening after; from then on its bank says yes.
    private func declined(_ body: @Sendable (CardHouse) async throws -> Void) async throws {
      try await CardHouse.with { cards in
        try await cards.keepDenyList()
        try await cards.house.journal([try bankTap(1, "08:00")], receivedAt: cards.clock.now)
        try await cards.work()
        cards.acquirer.books.withLock { $0.mood.declines = 1 }
        try await cards.nextDay()
        #expect(try await cards.windows() == ["2026-11-22 0 retrying 800 800"])
        #expect(try await listed(cards) == 1)
        cards.acquirer.books.withLock { $0.mood.declines = 0 }
        try await body(cards)
      }
    }

    private func listed(_ cards: CardHouse) async throws -> Int {
      try await cards.house.store.read { try await $0.denyList.head().count }
    }

    /// Why cards were denied, what brought them off the list, and after how many seconds.
    private func denials(_ cards: CardHouse) async throws -> [String] {
      try await cards.house.texts(
        """
        select concat_ws(' ', reason, recovered_by,
          extract(epoch from recovered_at - denied_at)::bigint)
        from card_denial order by denied_at
        """)
    }

    private func expectRecovered(
      _ cards: CardHouse, by word: String, after seconds: Int64,
      line: SourceLocation = #_sourceLocation
    ) async throws {
      #expect(try await denials(cards) == ["declined \(word) \(seconds)"], sourceLocation: line)
      #expect(
        try await cards.house.texts("select detail from charge_event where kind = 'card_allowed'")
          == ["denied for \(seconds) s; by \(word)"], sourceLocation: line)
      #expect(try await listed(cards) == 0, sourceLocation: line)
      #expect(
        try await cards.house.number("select count(*) from deny_cause where lifted_at is null")
          == 0, sourceLocation: line)
      #expect(
        try await cards.house.texts("select state from card_standing") == ["good"],
        sourceLocation: line)
      try await cards.house.expectSound(line: line)
    }

    @Test func theNextTapOfACardBringsItsDebtIn() async throws {
      try await declined { cards in
        cards.clock.advance(seconds: 1000)
        try await cards.work()
        #expect(try await denials(cards) == ["declined"])
        try await cards.house.journal(
          [try bankTap(2, "09:00", day: 1, accepted: false)], receivedAt: cards.clock.now)
        try await cards.work()
        #expect(try await cards.windows() == ["2026-11-22 0 captured 800 0"])
        try await expectRecovered(cards, by: "tap", after: 1000)
      }
    }

    @Test func aRiderBringsTheDebtInAlone() async throws {
      try await declined { cards in
        cards.clock.advance(seconds: 5000)
        _ = try await cards.debts.askNow(
          try await cards.window(), by: "the rider", isAlone: true)
        #expect(try await listed(cards) == 1)
        try await cards.work()
        #expect(try await cards.windows() == ["2026-11-22 0 captured 800 0"])
        try await expectRecovered(cards, by: "rider", after: 5000)
      }
    }

    @Test func theScheduleBringsTheDebtInADayLaterAndNotBefore() async throws {
      try await declined { cards in
        cards.clock.advance(seconds: 86_399)
        try await cards.work()
        #expect(try await cards.windows() == ["2026-11-22 0 retrying 800 800"])
        #expect(try await listed(cards) == 1)
        cards.clock.advance(seconds: 1)
        try await cards.work()
        #expect(try await cards.windows() == ["2026-11-22 0 captured 800 0"])
        try await expectRecovered(cards, by: "merchant", after: 86_400)
      }
    }

    @Test func aCardThatOwesForTwoDaysIsLetOnWhenBothArePaid() async throws {
      try await declined { cards in
        // A validator that has not heard of it yet lets the card on once more.
        try await cards.house.journal(
          [try bankTap(2, "09:00", day: 1)], receivedAt: cards.clock.now)
        cards.acquirer.books.withLock { $0.mood.declines = 1 }
        try await cards.nextDay()
        let owed = try await cards.house.store.read { db in
          try await db.charging.debts().map(\.id).sorted()
        }
        try #require(owed.count == 2)
        try await cards.debts.pay(owed[0], minor: nil, channel: .cash, by: "olena")
        #expect(try await denials(cards) == ["declined"])
        #expect(try await listed(cards) == 1)
        cards.clock.advance(seconds: 3600)
        try await cards.debts.pay(owed[1], minor: nil, channel: .cash, by: "olena")
        try await expectRecovered(cards, by: "desk", after: 90_000)
      }
    }
  }
}
