import AcquirerSupport
import Basics
import Charging
import Clearing
import Store
import Tapping
import Testing
import Transit
import Wallet

extension ClearingSuite {
  /// Goodwill, and then fares that fall: the operators bear it once, and nobody is owed what was given back.
  @Suite struct GoodwillTests {
    /// 8.00 in a tram, 8.00 in a bus in the evening, paid by the acquirer.
    private func paid(
      _ body: @Sendable (CardHouse, _ window: Int64) async throws -> Void
    ) async throws {
      try await CardHouse.with { cards in
        try await cards.house.importFeed(
          SharingRuleTests.files, named: "two operators", stopsCount: 2)
        var taps = [try bankTap(1, "08:00"), try bankTap(2, "18:00")]
        (taps[0].route, taps[1].route) = ("1", "2")
        try await cards.house.journal(taps, receivedAt: cards.clock.now)
        try await cards.work()
        try await cards.nextDay()
        #expect(try await cards.balances() == ["1120 1600", "2100/bus -800", "2100/tram -800"])
        try await body(cards, try await cards.window())
      }
    }

    /// A ride costs so much from 22 November on.
    private func publish(_ version: Int, _ price: String, _ cards: CardHouse) async throws {
      try await cards.house.publish(
        testTariff.replacingOccurrences("adult: 8.00", "adult: \(price)")
          .replacingOccurrences("version: test-1", "version: test-\(version)")
          .replacingOccurrences("from: 2026-01-01", "from: 2026-01-0\(version)"),
        at: cards.clock.now)
      try await cards.work()
    }

    private func goodwillLeft(_ cards: CardHouse) async throws -> [String] {
      try await cards.house.texts(
        "select goodwill_minor::text from charge_window where goodwill_minor is not null")
    }

    @Test func goodwillOfTheWholeFareAndThenAFreeRideIsBorneOnce() async throws {
      try await paid { cards, window in
        try await cards.giveGoodwill(1600, of: window)
        #expect(try await cards.balances() == [])
        try await cards.makeRidesFree()
        // No fares, and all that was paid went back: nobody owes anything.
        #expect(try await cards.balances() == [])
        #expect(
          try await cards.windows() == [
            "2026-11-22 0 captured 1600 0", "2026-11-22 1 netted -1600 0",
          ])
        #expect(try await goodwillLeft(cards) == [])
        #expect(
          try await cards.house.texts(
            "select concat_ws(' ', minor, cause, state) from charge_refund")
            == ["1600 goodwill paid"])
        // It is not looked at again each minute.
        #expect(
          try await cards.house.number(
            "select count(*) from charge_window where next_at is not null") == 0)
        try await cards.house.expectSound()
      }
    }

    @Test func ofAGoodwillOfAPartTheRestOfAFareGoesBackAndComesAgain() async throws {
      try await paid { cards, window in
        try await cards.giveGoodwill(501, of: window)
        #expect(try await cards.balances() == ["1120 1099", "2100/bus -549", "2100/tram -550"])
        // Two rides fall by 3.00: of 6.00 in all 5.01 were given before, and 0.99 go back.
        try await publish(2, "5.00", cards)
        #expect(try await cards.balances() == ["1120 1000", "2100/bus -500", "2100/tram -500"])
        #expect(
          try await cards.house.texts(
            "select concat_ws(' ', minor, cause, state) from charge_refund order by refund_id")
            == ["501 goodwill paid", "99 rerated paid"])
        #expect(try await goodwillLeft(cards) == [])
        try await cards.house.expectSound()
        // The old price again: what went back for the fare is asked for again.
        try await publish(3, "8.00", cards)
        #expect(try await cards.balances() == ["1120 1600", "2100/bus -800", "2100/tram -800"])
        #expect(try await cards.windows().last == "2026-11-22 2 captured 600 0")
        try await cards.house.expectSound()
      }
    }

    @Test func goodwillThatIsMoreThanTheFaresFallByIsSetOffStepByStep() async throws {
      try await paid { cards, window in
        try await cards.giveGoodwill(1001, of: window)
        try await cards.giveGoodwill(200, of: window)
        try await publish(2, "7.00", cards)
        #expect(try await goodwillLeft(cards) == ["1001"])
        #expect(
          try await cards.balances().first == "1120 399", "nothing more goes back to the card")
        try await cards.house.expectSound()
        try await publish(3, "5.00", cards)
        #expect(try await goodwillLeft(cards) == ["601"])
        try await cards.makeRidesFree()
        // 12.01 were given back and 16.00 are taken back: 3.99 go to the card now.
        #expect(try await cards.balances() == [])
        #expect(try await goodwillLeft(cards) == [])
        #expect(
          try await cards.house.texts(
            """
            select concat_ws(' ', kind, minor) from charge_event
            where kind in ('goodwill_set_off', 'refund_owed') order by event_id
            """) == [
              "refund_owed 1001", "refund_owed 200", "goodwill_set_off 200",
              "goodwill_set_off 400", "goodwill_set_off 601", "refund_owed 399",
            ])
        try await cards.house.expectSound()
      }
    }

    @Test func whatIsOwedIsTakenOffBeforeGoodwillIsSetOff() async throws {
      try await paid { cards, window in
        try await cards.giveGoodwill(300, of: window)
        // A ride of the day that comes late is declined.
        var late = try bankTap(3, "13:00")
        late.route = "1"
        try await cards.house.journal([late], receivedAt: cards.clock.now)
        try await cards.work()
        let declined = #"{"id":"X1","type":"declined","key":"w\#(window + 1)-1","code":"51"}"#
        #expect(try await cards.messages.take(Array(declined.utf8)) == .applied)
        try await publish(2, "5.00", cards)
        // Of 9.00 that fall 8.00 were owed, and 1.00 was given before.
        #expect(try await goodwillLeft(cards) == ["200"])
        #expect(
          try await cards.windows() == [
            "2026-11-22 0 captured 1600 0", "2026-11-22 1 nothing 800 0",
            "2026-11-22 2 netted -900 0",
          ])
        try await cards.house.expectSound()
      }
    }

    @Test func inAClosedMonthGoodwillIsSetOffInTheOpenOne() async throws {
      try await paid { cards, window in
        try await cards.giveGoodwill(1600, of: window)
        guard case .closed = try await cards.house.close() else {
          Issue.record("November was not closed")
          return
        }
        cards.clock.set(House.december)
        try await cards.makeRidesFree()
        #expect(
          try await cards.house.texts(
            """
            select concat_ws(' ', to_char(accounting_date, 'YYYY-MM'), fare_day, account, operator_id,
              debit_minor, credit_minor)
            from charge_event join entry using (entry_id) join posting using (entry_id)
            where charge_event.kind = 'goodwill_set_off' order by line
            """) == [
              "2026-12 2026-11-22 1200 1600 0", "2026-12 2026-11-22 2100 bus 0 800",
              "2026-12 2026-11-22 2100 tram 0 800",
            ])
        #expect(try await cards.balances() == [])
        let audit = try await cards.house.fullAudit()
        #expect(audit.isSound && audit.periods == 1, "\(audit.findings)")
      }
    }

    /// A credit that waited in favour of the rider for ever is settled when it is looked at next.
    @Test func aCreditOfBeforeThatWaitsIsSetOff() async throws {
      try await paid { cards, window in
        try await cards.giveGoodwill(1600, of: window)
        // As a program left it that knew nothing of goodwill.
        try await cards.house.script("update charge_window set goodwill_minor = null")
        try await cards.makeRidesFree()
        #expect(try await cards.windows().last == "2026-11-22 1 netting -1600 -1600")
        try await cards.house.script(
          "update charge_window set goodwill_minor = 1600 where refunded_minor > 0")
        cards.clock.advance(seconds: ChargeWindow.answerSecondsMax)
        try await cards.work()
        #expect(try await cards.windows().last == "2026-11-22 1 netted -1600 0")
        #expect(try await cards.balances() == [])
        try await cards.house.expectSound()
      }
    }
  }
}

extension String {
  fileprivate func replacingOccurrences(_ part: String, _ other: String) -> String {
    guard let range = firstRange(of: part) else { return self }
    return self[..<range.lowerBound] + other + self[range.upperBound...]
  }
}
