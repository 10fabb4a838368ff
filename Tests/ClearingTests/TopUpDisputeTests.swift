import AcquirerSupport
import Basics
import Charging
import Clearing
import Store
import Tapping
import Testing
import Wallet

extension ClearingSuite {
  /// A rider's bank takes back what it paid for a top-up: it comes off stored value, and what is not there
  /// any more the rider owes.
  @Suite struct TopUpDisputeTests {
    private func opened(
      _ minor: Int64, of top: String = "T1", case name: String = "CB1"
    ) -> FundingRecord {
      line(.chargeback(caseID: name, stage: .opened), top, minor)
    }

    /// Anna with 50.00 by bank card, which the acquirer has paid.
    private func withAnna(
      _ body: @Sendable @escaping (CardHouse, RiderID) async throws -> Void
    ) async throws {
      try await CardHouse.with { cards in
        cards.clock.set(House.noon)
        try await cards.keepDenyList()
        let anna = try await cards.house.register("anna")
        try await cards.house.topUpByCard(anna, 5000, reference: "T1")
        #expect(try await cards.fund(1, [line(.capture, "T1", 5000)]) == [.matched: 1])
        try await body(cards, anna)
        try await cards.house.expectSound()
      }
    }

    @Test func whatIsStillThereComesOffAndTheRestIsOwedUntilItIsPaid() async throws {
      try await withAnna { cards, anna in
        let house = cards.house
        try await house.journal([try tap(1, "08:00")], receivedAt: cards.clock.now)
        try await house.service.drain()
        #expect(try await house.balance(anna) == 4200)
        #expect(try await cards.fund(2, [opened(5000)]) == [.matched: 1])
        // The acquirer has its money back; of the top-up 42.00 were there, and 8.00 are owed.
        #expect(try await cards.balances() == ["2190 -800", "2200 800"])
        #expect(try await house.balance(anna) == -800)
        #expect(try await house.denials(house.medium("anna")) == [.storedValue])
        let debts = try await house.texts(
          "select reference || ' ' || amount_minor from wallet_movement where kind = 'dispute'")
        #expect(debts == ["CB1 -5000"])
        try await house.expectSound()
        // Lost: the rider goes on owing, and nothing more moves; a second line about it is known.
        let lost = line(.chargeback(caseID: "CB1", stage: .lost), "T1", 5000)
        #expect(try await cards.fund(3, [lost, lost]) == [.matched: 1, .twice: 1])
        #expect(try await house.balance(anna) == -800)
        try await house.topUp(anna, 800, key: "k1")
        #expect(try await house.balance(anna) == 0)
        #expect(try await house.denials(house.medium("anna")) == [])
      }
    }

    @Test func aDisputeThatIsWonPutsTheMoneyBack() async throws {
      try await withAnna { cards, anna in
        #expect(try await cards.fund(2, [opened(2000)]) == [.matched: 1])
        #expect(try await cards.balances() == ["1100 3000", "2200 -3000"])
        try await cards.house.expectSound()
        let won = line(.chargeback(caseID: "CB1", stage: .won), "T1", 2000)
        #expect(try await cards.fund(3, [won]) == [.matched: 1])
        #expect(try await cards.balances() == ["1100 5000", "2200 -5000"])
        #expect(try await cards.house.balance(anna) == 5000)
        #expect(try await cards.remainders() == [])
        // It is not opened or lost by a later line: the acquirer's money waits for a person.
        #expect(
          try await cards.fund(4, [opened(2000), won]) == [.twice: 2])
        #expect(try await cards.house.balance(anna) == 5000)
        #expect(try await cards.house.accounts()["2290"] == nil)
      }
    }

    @Test func whatWasGivenUpOfADisputeIsUndoneWhenItIsWon() async throws {
      try await withAnna { cards, anna in
        let house = cards.house
        try await house.journal([try tap(1, "08:00")], receivedAt: cards.clock.now)
        try await house.service.drain()
        #expect(try await cards.fund(2, [opened(5000)]) == [.matched: 1])
        #expect(try await house.balance(anna) == -800)
        let order = try await house.walletOrders.proposeWriteOff(
          in: hryvnia, of: anna, reason: "moved away", by: "olena")
        _ = try await house.walletOrders.decide(order, isApproved: true, by: "taras")
        #expect(try await cards.balances() == ["2190 -800", "7200 800"])
        let won = line(.chargeback(caseID: "CB1", stage: .won), "T1", 5000)
        #expect(try await cards.fund(3, [won]) == [.matched: 1])
        // 50.00 came back, of which a ride took 8.00: nothing is given up any more.
        #expect(try await house.balance(anna) == 4200)
        #expect(try await cards.balances() == ["1100 5000", "2190 -800", "2200 -4200"])
      }
    }

    @Test func whatTheAcquirerKeepsInPartLeavesTheRestOpen() async throws {
      try await withAnna { cards, anna in
        let message = """
          {"id":"M1","type":"chargeback","case":"CB1","reference":"T1","amount_minor":2000,\
          "currency":"UAH","stage":"opened"}
          """
        #expect(try await cards.messages.take(Array(message.utf8)) == .applied)
        #expect(try await cards.messages.take(Array(message.utf8)) == .known)
        #expect(try await cards.house.balance(anna) == 3000)
        #expect(try await cards.balances() == ["1100 5000", "1120 -2000", "2200 -3000"])
        #expect(try await cards.fund(2, [opened(1500)]) == [.amountDiffers: 1])
        #expect(try await cards.house.accounts()["1120"] == -500)
        try await cards.house.expectSound()
        #expect(try await cards.fund(3, [opened(500)]) == [.matched: 1])
        #expect(try await cards.balances() == ["1100 3000", "2200 -3000"])
      }
    }

    @Test func noMoreComesOffThanWasPaidAndNothingGoesBackTwice() async throws {
      try await withAnna { cards, anna in
        let house = cards.house
        try await house.topUp(anna, 5000, key: "k1")
        _ = try await house.wallets.refund(
          house.byCard(2000, reference: "R1", of: "T1"), to: anna, by: desk)
        // 30.00 are left of the top-up: more is not its money.
        #expect(try await cards.fund(2, [opened(3001)]) == [.amountDiffers: 1])
        #expect(try await house.balance(anna) == 8000)
        #expect(try await house.accounts()["2290"] == -3001)
        #expect(try await cards.fund(3, [opened(2000, case: "CB2")]) == [.matched: 1])
        let left = RiderRefusal.moreThanPaid(left: Money(minor: 1000, currency: hryvnia))
        await #expect(throws: left) {
          _ = try await house.wallets.refund(
            house.byCard(1001, reference: "R2", of: "T1"), to: anna, by: desk)
        }
        #expect(try await house.balance(anna) == 6000)
      }
    }

    @Test func itFollowsTheMoneyToWhomTheRiderWasMergedInto() async throws {
      try await withAnna { cards, anna in
        let house = cards.house
        let olha = try await house.register("olha")
        try await house.topUp(olha, 1000, key: "k1")
        _ = try await house.riders.merge(anna, into: olha, by: desk)
        #expect(try await cards.fund(2, [opened(5000)]) == [.matched: 1])
        #expect(try await house.balance(olha) == 1000)
      }
    }

    @Test func ofAnErasedRiderAndOfAPassAPersonDecides() async throws {
      try await CardHouse.with(tariff: productTariff) { cards in
        cards.clock.set(House.noon)
        let house = cards.house
        let (anna, olha) = (try await house.register("anna"), try await house.register("olha"))
        try await house.topUpByCard(anna, 5000, reference: "T1")
        _ = try await house.products.sell(
          "ten rides", to: olha, from: nil, for: house.byCard(nil, reference: "T2"), by: desk)
        var transfer = house.cash(5000, key: "k1")
        (transfer.channel, transfer.place) = (.bank, nil)
        _ = try await house.wallets.refund(transfer, to: anna, by: desk)
        _ = try await house.riders.erase(
          anna, by: desk, randomBytes: { count in (0..<count).map { UInt8($0 * 7 + 1) } })
        let found = try await cards.fund(
          1, [opened(5000), opened(7000, of: "T2", case: "CB2")])
        #expect(found == [.amountDiffers: 1, .unknown: 1])
        #expect(
          try await cards.remainders().prefix(2) == [
            "amount_differs T1 5000: the rider of the top-up was erased: it is decided by hand",
            "missing_there T1 5000: top-up or sale, not funded",
          ])
        #expect(try await house.accounts()["2290"] == -12_000)
        try await house.expectSound()
      }
    }
  }
}
