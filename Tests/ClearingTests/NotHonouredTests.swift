import AcquirerSupport
import Basics
import Charging
import Clearing
import SimulatedAcquirer
import Store
import Synchronization
import Testing
import Wallet

extension ClearingSuite {
  /// What the acquirer does not pay of a capture, a top-up or a sale: it is owed again, comes off stored
  /// value, or waits for a person; never does it stay in 1120 unseen.
  @Suite struct NotHonoured {
    private func kept(_ cards: CardHouse) -> KeptMessageDesk {
      KeptMessageDesk(store: cards.house.store, now: { cards.clock.now })
    }

    private func openItems(_ cards: CardHouse) async throws -> [OpenItem] {
      guard case .open(let items) = try await cards.house.close(isOpenAllowed: false) else {
        return []
      }
      return items
    }

    @Test func aTopUpThatIsNotPaidComesOffStoredValueAndIsOwed() async throws {
      try await CardHouse.with { cards in
        let house = cards.house
        let anna = try await house.register("anna")
        try await house.topUpByCard(anna, 5000, reference: "T1")
        var transfer = house.cash(2000, key: "c1")
        (transfer.channel, transfer.place) = (.bank, nil)
        _ = try await house.wallets.refund(transfer, to: anna, by: desk)
        let unpaid = line(.decline(code: "late"), "T1", 5000)
        #expect(try await cards.fund(1, [unpaid]) == [.declined: 1])
        #expect(try await house.accounts() == ["2200": -2000, "2220": 2000])
        #expect(
          try await house.texts(
            """
            select concat_ws(' ', kind, amount_minor, balance_minor, reference)
            from wallet_movement order by movement_id desc limit 1
            """) == ["dispute -5000 -2000 KVYTOK-F1-2"])
        #expect(
          try await house.texts("select description from entry order by entry_id desc limit 1")
            == ["Top-up T1 by card is not paid by the acquirer: KVYTOK-F1-2"])
        #expect(try await !cards.remainders().contains { $0.hasPrefix("missing_there") })
        try await house.expectSound()
        // The line again moves nothing; money that comes for it after all waits for a person.
        #expect(try await cards.fund(2, [unpaid]) == [.declined: 1])
        #expect(try await cards.fund(3, [line(.capture, "T1", 5000)]) == [.declined: 1])
        #expect(
          try await house.accounts()
            == ["1100": 5000, "2200": -2000, "2220": 2000, "2290": 5000])
        #expect(try await kept(cards).list(openOnly: true).isEmpty)
        // Nor does anything of it go back to the card.
        await #expect(throws: RiderRefusal.self) {
          _ = try await house.wallets.refund(
            house.byCard(100, reference: "R1", of: "T1"), to: anna, by: desk)
        }
        try await house.expectSound()
        try await house.script(House.forging("update acquirer_sale set declined_minor = 4000"))
        let findings = try await house.audit().findings.joined(separator: "\n")
        #expect(findings.contains("4000 of it is not paid, its movements book 5000"))
      }
    }

    @Test(arguments: [true, false], [true, false])
    func ofATopUpThePartThatIsNotPaidComesOff(isToldFirst: Bool, isOneFile: Bool) async throws {
      try await CardHouse.with { cards in
        let house = cards.house
        let anna = try await house.register("anna")
        try await house.topUpByCard(anna, 5000, reference: "T1")
        let lines = [line(.decline(code: "late"), "T1", 1500), line(.capture, "T1", 3500)]
        try await fund(isToldFirst ? lines : lines.reversed(), isOneFile: isOneFile, cards)
        #expect(try await house.accounts() == ["1100": 3500, "2200": 3500])
        #expect(try await !cards.remainders().contains { $0.hasPrefix("missing_there") })
        try await house.expectSound()
      }
    }

    private func fund(
      _ lines: [FundingRecord], isOneFile: Bool, _ cards: CardHouse
    ) async throws {
      guard !isOneFile else {
        _ = try await cards.fund(1, lines)
        return
      }
      for (number, line) in lines.enumerated() {
        _ = try await cards.fund(Int64(number + 1), [line])
      }
    }

    @Test func aTopUpOfWhichSomeWentBackWaitsForAPersonWithTheRest() async throws {
      try await CardHouse.with { cards in
        let house = cards.house
        let anna = try await house.register("anna")
        try await house.topUpByCard(anna, 5000, reference: "T1")
        _ = try await house.wallets.refund(
          house.byCard(2000, reference: "R1", of: "T1"), to: anna, by: desk)
        let unpaid = line(.decline(code: "late"), "T1", 5000)
        #expect(try await cards.fund(1, [unpaid]) == [.notHonoured: 1])
        // 30.00 did not go back, and come off: nothing is left on the card.
        #expect(try await house.accounts() == [:])
        #expect(
          try await kept(cards).list(openOnly: true).map { "\($0.id) \($0.why)" } == [
            "KVYTOK-F1-2 of the top-up 3000 minor units were open and came off, 5000 are not paid"
          ])
        #expect(try await openItems(cards).contains(OpenItem(kind: .keptMessages, count: 1)))
        try await house.expectSound()
      }
    }

    @Test func aPassThatIsNotPaidHoldsTheMonthUntilAPersonLookedIntoIt() async throws {
      try await CardHouse.with(tariff: productTariff) { cards in
        let house = cards.house
        let anna = try await house.register("anna")
        _ = try await house.products.sell(
          "ten rides", to: anna, from: nil, for: house.byCard(nil, reference: "T2"), by: desk)
        #expect(
          try await cards.fund(1, [line(.decline(code: "late"), "T2", 7000)])
            == [.notHonoured: 1])
        #expect(try await house.accounts() == ["1120": 7000, "2210": 7000])
        #expect(try await kept(cards).list(openOnly: true).map(\.id) == ["KVYTOK-F1-2"])
        #expect(try await openItems(cards).contains(OpenItem(kind: .keptMessages, count: 1)))
        try await kept(cards).decide("KVYTOK-F1-2", reason: "7210", by: "olena")
        #expect(try await !openItems(cards).contains { $0.kind == .keptMessages })
        try await house.expectSound()
      }
    }

    /// 8.00 of a ride that the acquirer took.
    private func captured(
      _ body: @Sendable (CardHouse, _ reference: String, _ key: String) async throws -> Void
    ) async throws {
      try await CardHouse.charged { cards, payment in
        #expect(try await cards.windows() == ["2026-11-22 0 captured 800 0"])
        try await body(cards, payment.reference, payment.key)
      }
    }

    @Test(arguments: [true, false], [true, false])
    func aPartOfACaptureIsOwedAgainWhetherItIsToldBeforeTheMoneyOrAfter(
      isToldFirst: Bool, isOneFile: Bool
    ) async throws {
      try await captured { cards, reference, key in
        let name = isOneFile ? key : nil
        let lines = [
          line(.decline(code: "late"), reference, 500, key: name),
          line(.capture, reference, 300, key: name),
        ]
        try await fund(isToldFirst ? lines : lines.reversed(), isOneFile: isOneFile, cards)
        #expect(try await cards.windows() == ["2026-11-22 0 retrying 800 500"])
        #expect(try await cards.balances() == ["1100 300", "1200 500", "2190 -800"])
        #expect(
          try await cards.house.texts(
            """
            select concat_ws(' ', captured_minor, settled_minor, desk_minor, reference)
            from charge_window
            """) == ["300 300 300"])
        try await cards.house.expectSound()
        try await cards.nextDay()
        #expect(try await cards.windows() == ["2026-11-22 0 captured 800 0"])
        #expect(try await cards.balances() == ["1100 300", "1120 500", "2190 -800"])
        let again = try #require(cards.acquirer.books.withLock { $0.allPayments.last })
        #expect(
          try await cards.fund(9, [line(.capture, again.reference, 500, key: again.key)])
            == [.matched: 1])
        #expect(try await cards.windows() == ["2026-11-22 0 settled 800 0"])
        #expect(try await cards.balances() == ["1100 800", "2190 -800"])
        try await cards.house.expectSound()
      }
    }

    /// The rest of a capture comes after its part was paid by a new one.
    @Test func theRestThatComesLateIsKnownByItsKey() async throws {
      try await captured { cards, reference, key in
        _ = try await cards.fund(1, [line(.decline(code: "late"), reference, 500, key: key)])
        #expect(try await cards.balances() == ["1120 300", "1200 500", "2190 -800"])
        try await cards.house.expectSound()
        try await cards.nextDay()
        #expect(try await cards.balances() == ["1120 800", "2190 -800"])
        let again = try #require(cards.acquirer.books.withLock { $0.allPayments.last })
        #expect(again.minor == 500)
        _ = try await cards.fund(
          2,
          [
            line(.capture, again.reference, 500, key: again.key),
            line(.capture, reference, 300, key: key),
          ])
        #expect(try await cards.windows() == ["2026-11-22 0 settled 800 0"])
        #expect(try await cards.balances() == ["1100 800", "2190 -800"])
        try await cards.house.expectSound()
      }
    }

    private func told(_ id: String, _ key: String, _ reference: String) -> [UInt8] {
      Array(#"{"id":"\#(id)","type":"captured","key":"\#(key)","reference":"\#(reference)"}"#.utf8)
    }

    @Test func aCaptureOfWhatADeskTookIsKeptForAPerson() async throws {
      let mood = AcquirerMood(declines: 1, silences: 0, repeats: 0, delays: 0)
      try await CardHouse.with(mood: mood) { cards in
        try await cards.house.journal([try bankTap(1, "08:00")], receivedAt: cards.clock.now)
        try await cards.work()
        try await cards.nextDay()
        let window = try await cards.window()
        try await cards.debts.pay(window, minor: nil, channel: .cash, by: "desk 1")
        #expect(try await cards.windows() == ["2026-11-22 0 settled 800 0"])
        #expect(
          try await cards.messages.take(told("M1", "w\(window)-1", "P9"))
            == .unfit("a window that is settled does not take this"))
        #expect(try await kept(cards).list(openOnly: true).map(\.id) == ["M1"])
        #expect(try await cards.balances() == ["1110 800", "2190 -800"])
        try await cards.house.expectSound()
      }
    }

    @Test func aCaptureThatIsToldAgainIsKnownByItsName() async throws {
      try await captured { (cards, reference, key) async throws in
        #expect(try await cards.messages.take(told("M1", key, reference)) == .known)
        #expect(
          try await cards.messages.take(told("M2", key, "another"))
            == .unfit("a window that is captured does not take this"))
        #expect(try await kept(cards).list(openOnly: true).map(\.id) == ["M2"])
      }
    }
  }
}
