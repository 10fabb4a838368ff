import AcquirerSupport
import Basics
import Charging
import Clearing
import Postgres
import Store
import Tapping
import Testing
import Wallet

/// A line of a funding file about a top-up or sale, or of another kind.
func line(
  _ kind: FundingRecord.Kind, _ reference: String, _ gross: Int64, fee: Int64 = 0,
  key: String? = nil, currency: Currency = hryvnia
) -> FundingRecord {
  FundingRecord(
    line: 0, kind: kind, reference: reference, key: key, grossMinor: gross, feeMinor: fee,
    currency: currency, valueDate: Day(number: 20_780))
}

extension CardHouse {
  /// Takes a funding file; how many lines are of each category.
  func fund(_ number: Int64, _ lines: [FundingRecord]) async throws -> [MatchCategory: Int] {
    let file = FundingFile(
      number: number, date: Day(number: 20_780), merchant: "city", currency: hryvnia,
      records: lines.enumerated().map { index, line in
        FundingRecord(
          line: index + 2, kind: line.kind, reference: line.reference, key: line.key,
          grossMinor: line.grossMinor, feeMinor: line.feeMinor, currency: line.currency,
          valueDate: line.valueDate)
      })
    guard case .taken(_, let categories) = try await funding.take(file.bytes, name: "\(number).csv")
    else {
      Issue.record("file \(number) was not taken")
      return [:]
    }
    return categories
  }

  /// What is not matched: category, reference, amount and why.
  func remainders() async throws -> [String] {
    try await house.store.read { db in
      try await db.acquirerFiles.remainders(
        from: Day(number: 0), to: Day(number: 30_000), lagDay: Day(number: 30_000), countMax: 99)
    }.map { "\($0.category.rawValue) \($0.reference) \($0.minor): \($0.note ?? "")" }.sorted()
  }
}

extension ClearingSuite {
  /// Top-ups, sales and their refunds by bank card: the acquirer's money for them is matched by its own
  /// name of each, and what is not paid is listed.
  @Suite struct CardSalesTests {
    @Test func aTopUpAndASaleByCardArePaidByTheirReferences() async throws {
      try await CardHouse.with(tariff: productTariff) { cards in
        let house = cards.house
        let anna = try await house.register("anna")
        try await house.topUpByCard(anna, 5000, reference: "T1")
        _ = try await house.products.sell(
          "ten rides", to: anna, from: nil, for: house.byCard(nil, reference: "T2"), by: desk)
        #expect(try await house.accounts() == ["1120": 12_000, "2200": 5000, "2210": 7000])
        #expect(
          try await cards.remainders() == [
            "missing_there T1 5000: top-up or sale, not funded",
            "missing_there T2 7000: top-up or sale, not funded",
          ])
        let first = try await cards.fund(
          1,
          [
            line(.capture, "T1", 5000, fee: 75), line(.capture, "T2", 6000),
            line(.capture, "T1", 5000), line(.capture, "T9", 100),
            line(.capture, "T1", 5000, currency: try #require(Currency("EUR"))),
          ])
        #expect(first == [.matched: 1, .amountDiffers: 1, .twice: 1, .unknown: 2])
        #expect(
          try await cards.remainders() == [
            "amount_differs T2 6000: sold 7000, paid 6000",
            "missing_there T2 1000: top-up or sale, not funded", "twice T1 5000: paid before",
            "unknown T1 5000: paid in EUR, sold in UAH",
            "unknown T9 100: no payment here is called T9",
          ])
        // What came twice and what nobody knows waits for a person; of euros 50.00.
        #expect(
          try await cards.balances() == [
            "1100 21025", "1120 1000", "2200 -5000", "2210 -7000", "2290 -10100", "7100 75",
          ])
        try await house.expectSound()
        #expect(try await cards.fund(2, [line(.capture, "T2", 1000)]) == [.matched: 1])
        #expect(try await house.accounts()["1120"] == nil)
        try await house.expectSound()
      }
    }

    @Test func aRefundGoesBackToTheCardThatPaidAndIsKeptInParts() async throws {
      try await CardHouse.with(tariff: productTariff) { cards in
        let house = cards.house
        let anna = try await house.register("anna")
        try await house.topUpByCard(anna, 5000, reference: "T1")
        _ = try await house.wallets.refund(
          house.byCard(2000, reference: "R1", of: "T1"), to: anna, by: desk)
        #expect(try await house.accounts() == ["1120": 3000, "2200": 3000])
        // Kept in part: the rest stays open, until it is kept; nothing is kept twice.
        #expect(try await cards.fund(1, [line(.refund, "R1", 1500)]) == [.amountDiffers: 1])
        #expect(
          try await cards.remainders() == [
            "amount_differs R1 1500: given back 2000, kept 1500",
            "missing_there R1 500: refund of a top-up or sale, not kept",
            "missing_there T1 5000: top-up or sale, not funded",
          ])
        try await house.expectSound()
        let rest = try await cards.fund(
          2, [line(.refund, "R1", 500), line(.refund, "R1", 500), line(.capture, "T1", 5000)])
        #expect(rest == [.matched: 2, .twice: 1])
        #expect(
          try await cards.balances() == ["1100 2500", "2200 -3000", "2290 500"])
        try await house.expectSound()
      }
    }

    @Test func aPassPaidByCardGoesBackToTheCard() async throws {
      try await CardHouse.with(tariff: productTariff) { cards in
        let house = cards.house
        let anna = try await house.register("anna")
        let byCard = try await house.products.sell(
          "month from first ride", to: anna, from: nil, for: house.byCard(nil, reference: "T1"),
          by: desk)
        let inCash = try await house.products.sell(
          "ten rides", to: anna, from: nil, for: house.cash(nil, key: "s1"), by: desk)
        try await house.service.drain()
        await #expect(throws: RiderRefusal.notPaidByCard) {
          _ = try await house.products.refund(
            inCash.holding.holdingID, of: anna, through: .acquirer, reference: "R1", by: desk)
        }
        let holding = byCard.holding.holdingID
        await #expect(throws: RiderRefusal.missing("The acquirer's reference")) {
          _ = try await house.products.refund(holding, of: anna, through: .acquirer, by: desk)
        }
        _ = try await house.products.refund(
          holding, of: anna, through: .acquirer, reference: "R1", by: desk)
        #expect(try await house.accounts() == ["1110": 7000, "2210": 7000])
        #expect(
          try await cards.fund(1, [line(.capture, "T1", 30_000), line(.refund, "R1", 30_000)])
            == [.matched: 2])
        #expect(try await cards.remainders() == [])
        try await house.expectSound()
      }
    }

    @Test func whatCannotBeIsRefusedWithASentenceAndBooksNothing() async throws {
      try await CardHouse.with { cards in
        let house = cards.house
        let (anna, olha) = (try await house.register("anna"), try await house.register("olha"))
        try await house.topUp(anna, 9000, key: "k1")
        try await house.topUpByCard(anna, 3000, reference: "T1")
        try await house.topUpByCard(olha, 3000, reference: "T2")
        // The very same order again is the same operation.
        #expect(try await house.topUpByCard(anna, 3000, reference: "T1").isRepeated)
        let before = try await cards.balances()
        func refused(_ order: MoneyOrder, _ refusal: RiderRefusal) async {
          await #expect(throws: refusal) {
            _ = try await house.wallets.refund(order, to: anna, by: desk)
          }
        }
        let used = RiderRefusal.referenceUsed("T1", by: "a payment of 30.00 UAH on 2026-11-23")
        for minor in [3000, 4000] as [Int64] {
          await #expect(throws: used) {
            let again = house.byCard(minor, reference: "T1", key: "other")
            _ = try await house.wallets.topUp(again, to: olha, by: desk)
          }
        }
        #expect(
          used.description == "The acquirer's reference T1 is that of a payment of 30.00 UAH on "
            + "2026-11-23. Read it from the slip again.")
        for reference in [nil, "", String(repeating: "x", count: 65)] {
          await #expect(throws: RiderRefusal.self, "\(reference ?? "none")") {
            let order = house.byCard(100, reference: reference, key: "none")
            _ = try await house.wallets.topUp(order, to: anna, by: desk)
          }
        }
        await refused(
          house.byCard(100, reference: "R1"),
          .missing("The payment (the acquirer's reference of the top-up)"))
        await refused(house.byCard(100, reference: "R1", of: "T9"), .unknownCardPayment("T9"))
        // The payment is another rider's.
        await refused(house.byCard(100, reference: "R1", of: "T2"), .unknownCardPayment("T2"))
        await refused(
          house.byCard(3001, reference: "R1", of: "T1"),
          .moreThanPaid(left: Money(minor: 3000, currency: hryvnia)))
        #expect(try await cards.balances() == before)
        _ = try await house.wallets.refund(
          house.byCard(1000, reference: "R1", of: "T1"), to: anna, by: desk)
        // What is left of the account is more than what is left of the payment.
        await refused(
          house.byCard(nil, reference: "R2", of: "T1"),
          .moreThanPaid(left: Money(minor: 2000, currency: hryvnia)))
        await refused(
          house.byCard(100, reference: "R1", of: "T1", key: "other"),
          .referenceUsed("R1", by: "a refund of 10.00 UAH on 2026-11-23"))
        try await house.expectSound()
        let euro = try #require(Currency("EUR"))
        try await house.script("update acquirer_sale set currency = 'EUR' where reference = 'T1'")
        await refused(
          house.byCard(100, reference: "R2", of: "T1"), .paidInOtherCurrency(euro))
      }
    }

    /// A stolen card's money, and a transfer that never came, do not leave the house as notes.
    @Test func whatCameByCardOrTransferDoesNotGoOutInCash() async throws {
      try await CardHouse.with(tariff: productTariff) { cards in
        let house = cards.house
        let anna = try await house.register("anna")
        func refused(_ cash: Int64, _ minor: Int64?, asked: Int64) async {
          await #expect(
            throws: RiderRefusal.wallet(.notInCash(cashMinor: cash, askedMinor: asked))
          ) {
            let order = house.cash(minor, key: "no \(asked)")
            _ = try await house.wallets.refund(order, to: anna, by: desk)
          }
        }
        try await house.topUpByCard(anna, 5000, reference: "T1")
        await refused(0, nil, asked: 5000)
        var transfer = house.cash(3000, key: "k1")
        transfer.channel = .bank
        _ = try await house.wallets.topUp(transfer, to: anna, by: desk)
        await refused(0, 3000, asked: 3000)
        try await house.topUp(anna, 2000, key: "k2")
        await refused(2000, 2001, asked: 2001)
        _ = try await house.wallets.refund(house.cash(1500, key: "r1"), to: anna, by: desk)
        await refused(500, 501, asked: 501)
        // The rest of another rider's cash comes with them; the card gets back what it paid.
        let olha = try await house.register("olha")
        try await house.topUp(olha, 700, key: "k3")
        _ = try await house.riders.merge(olha, into: anna, by: desk)
        await refused(1200, 1201, asked: 1201)
        _ = try await house.wallets.refund(house.cash(1200, key: "r2"), to: anna, by: desk)
        _ = try await house.wallets.refund(
          house.byCard(5000, reference: "R1", of: "T1"), to: anna, by: desk)
        #expect(try await house.balance(anna) == 3000)
        try await house.expectSound()
      }
    }

    @Test func whatADeskGivesBackInCashNamesTheDeskAndItsReceipt() async throws {
      try await House.with(tariff: productTariff) { house in
        let anna = try await house.register("anna")
        let pass = try await house.products.sell(
          "ten rides", to: anna, from: nil, for: house.cash(nil, key: "s1"), by: desk
        ).holding
        try await house.service.drain()
        for (place, slip, what) in [
          (nil, "slip 7", "The desk of a cash operation"),
          ("desk 3", nil, "The receipt of a cash operation"), ("", "slip 7", "The desk"),
        ] as [(String?, String?, String)] {
          await #expect(throws: RiderRefusal.missing(what)) {
            _ = try await house.products.refund(
              pass.holdingID, of: anna, through: .cash, place: place, reference: slip, by: desk)
          }
        }
        _ = try await house.products.refund(
          pass.holdingID, of: anna, through: .cash, place: "desk 3", reference: "slip 7", by: desk)
        #expect(
          try await house.texts(
            "select concat_ws('|', refund_place, refund_receipt) from product_holding")
            == ["desk 3|slip 7"])
        try await house.service.drain()
        try await house.expectSound()
      }
    }

    @Test func aPassGoesBackInCashWhereItWasPaidInCash() async throws {
      try await CardHouse.with(tariff: productTariff) { cards in
        let house = cards.house
        let anna = try await house.register("anna")
        func buy(_ order: MoneyOrder) async throws -> Int64 {
          try await house.products.sell("ten rides", to: anna, from: nil, for: order, by: desk)
            .holding.holdingID
        }
        func giveBack(_ holding: Int64, _ channel: MoneyChannel) async throws {
          try await house.service.drain()
          _ = try await house.products.refund(
            holding, of: anna, through: channel, place: "desk 1", reference: "slip 1", by: desk)
          try await house.service.drain()
        }
        let byCard = try await buy(house.byCard(nil, reference: "T1"))
        var transfer = house.cash(nil, key: "s2")
        transfer.channel = .bank
        let byTransfer = try await buy(transfer)
        let inCash = try await buy(house.cash(nil, key: "s3"))
        try await house.topUpByCard(anna, 7000, reference: "T2")
        var stored = house.cash(nil, key: "s4")
        stored.channel = .wallet
        let fromCard = try await buy(stored)
        for holding in [byCard, byTransfer] {
          await #expect(throws: RiderRefusal.notPaidInCash) { try await giveBack(holding, .cash) }
        }
        await #expect(
          throws: RiderRefusal.wallet(.notInCash(cashMinor: 0, askedMinor: 7000))
        ) { try await giveBack(fromCard, .cash) }
        // Onto the account and out in cash is the same way.
        try await giveBack(byCard, .wallet)
        await #expect(
          throws: RiderRefusal.wallet(.notInCash(cashMinor: 0, askedMinor: 7000))
        ) { _ = try await house.wallets.refund(house.cash(nil, key: "r1"), to: anna, by: desk) }
        // What was paid in cash comes back in cash, also over the account.
        try await giveBack(inCash, .wallet)
        _ = try await house.wallets.refund(house.cash(7000, key: "r2"), to: anna, by: desk)
        try await house.topUp(anna, 7000, key: "k1")
        try await giveBack(fromCard, .cash)
        await #expect(
          throws: RiderRefusal.wallet(.notInCash(cashMinor: 0, askedMinor: 1))
        ) { _ = try await house.wallets.refund(house.cash(1, key: "r3"), to: anna, by: desk) }
        try await house.expectSound()
      }
    }

    @Test func whoWasMergedStillGetsTheirMoneyBackToTheirCard() async throws {
      try await CardHouse.with { cards in
        let house = cards.house
        let (anna, olha) = (try await house.register("anna"), try await house.register("olha"))
        try await house.topUpByCard(anna, 3000, reference: "T1")
        try await house.topUpByCard(olha, 2000, reference: "T2")
        _ = try await house.riders.merge(olha, into: anna, by: desk)
        for (payment, minor) in [("T1", 3000), ("T2", 2000)] as [(String, Int64)] {
          _ = try await house.wallets.refund(
            house.byCard(minor, reference: "R\(payment)", of: payment), to: anna, by: desk)
        }
        #expect(try await house.accounts() == [:])
        try await house.expectSound()
      }
    }

    @Test func theNameOfAChargedPaymentIsNoNameOfATopUp() async throws {
      try await CardHouse.with { cards in
        let house = cards.house
        try await house.journal([try bankTap(1, "08:00")], receivedAt: cards.clock.now)
        try await cards.work()
        try await cards.nextDay()
        let reference = try #require(
          try await house.texts("select reference from charge_window").first)
        let anna = try await house.register("anna")
        await #expect(throws: RiderRefusal.referenceUsed(reference, by: "charge window 1")) {
          try await house.topUpByCard(anna, 800, reference: reference)
        }
        // A dispute of a top-up comes off the balance. That the acquirer does not pay what it took back for a
        // rider's bank before cannot be booked: a person looks, and the month stays open until then.
        try await house.topUpByCard(anna, 500, reference: "T1")
        let lines = [
          line(.chargeback(caseID: "CB1", stage: .opened), "T1", 500),
          line(.decline(code: "late"), "T1", 500),
        ]
        #expect(try await cards.fund(1, lines) == [.matched: 1, .notHonoured: 1])
        #expect(try await cards.balances() == ["1100 -500", "1120 1300", "2190 -800"])
        try await house.expectSound()
      }
    }

    @Test func twoDesksAtOnceGiveBackNoMoreThanWasPaid() async throws {
      try await CardHouse.with { cards in
        let house = cards.house
        let anna = try await house.register("anna")
        try await house.topUp(anna, 9000, key: "k1")
        try await house.topUpByCard(anna, 1000, reference: "T1")
        let given = await withTaskGroup(of: Int.self) { group in
          for number in 1...6 {
            group.addTask {
              let order = house.byCard(300, reference: "R\(number)", of: "T1")
              return (try? await house.wallets.refund(order, to: anna, by: desk)) == nil ? 0 : 1
            }
          }
          return await group.reduce(0, +)
        }
        #expect(given == 3)
        #expect(
          try await house.number(
            "select sum(minor)::int8 from acquirer_sale where kind = 'refund'") == 900)
        try await house.expectSound()
      }
    }
  }
}
