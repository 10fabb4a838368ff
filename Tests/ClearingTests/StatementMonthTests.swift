import AcquirerSupport
import BankSupport
import Basics
import Charging
import Clearing
import Ledger
import SimulatedAcquirer
import Store
import Synchronization
import Testing

extension ClearingSuite {
  @Suite struct StatementMonth {
    /// Two rides of 8.00 with a bank card, taken and funded by file 17 less a fee of 1.5 %.
    private func fund(_ cards: CardHouse, on day: Day) async throws {
      try await cards.house.journal(
        [try bankTap(1, "08:00"), try bankTap(2, "12:00")], receivedAt: cards.clock.now)
      try await cards.work()
      try await cards.nextDay()
      let payment = try #require(cards.acquirer.books.withLock { $0.allPayments.first })
      let file = FundingFile(
        number: 17, date: day, merchant: "city", currency: hryvnia,
        records: [
          FundingRecord(
            line: 2, kind: .capture, reference: payment.reference, key: payment.key,
            grossMinor: 1600, feeMinor: 24, currency: hryvnia, valueDate: day)
        ])
      #expect(
        try await cards.funding.take(file.bytes, name: "f.csv")
          == .taken(number: 17, categories: [.matched: 1]))
    }

    /// A refund of 3.00 that the acquirer did not give.
    private func failRefund(_ cards: CardHouse) async throws {
      let order = try await cards.debts.proposeRefund(
        try await cards.window(), minor: 300, reason: "test", by: "olena")
      _ = try await cards.debts.decide(order, isApproved: true, by: "taras")
      try await cards.house.script(
        "update charge_refund set state = 'failed', next_at = null where refund_id = 1")
    }

    /// The table *Worked days* of docs/accounting.md.
    @Test func theWorkedDaysOfTheDocumentComeOutAsItSays() async throws {
      let day = try #require(Day("2026-11-23"))
      try await CardHouse.with { cards in
        let house = cards.house
        try await house.bank.addAccount(StatementFile.iban, in: hryvnia, by: "olena")
        try await fund(cards, on: day)
        try await failRefund(cards)
        try await house.topUp(house.register("anna"), 9000, key: "k1")
        let adjusting = Adjusting(store: house.store, city: house.city)
        _ = try await adjusting.request(
          [
            Posting(.debit, account: "1100", minor: 100_000),
            Posting(.credit, account: "4900", minor: 100_000),
          ], currency: hryvnia, reason: "before the first statement", by: "olena", at: House.noon)
        _ = try await adjusting.decide(1, isApproved: true, by: "taras", at: House.noon)
        _ = try await house.sendPayout()
        var last: Int64 = 100_000
        let told: [(minor: Int64, text: String, kind: String)] = [
          (-10_000, "KVYTOK-P1, tram", "payout"), (1_576, "acquirer, file 17", "funding"),
          (8_000, "KVYTOK-CASH desk 3", "cash"), (-300, "KVYTOK-R1", "refund"),
          (700, "thank you", "unknown"),
        ]
        for (index, line) in told.enumerated() {
          let file = StatementFile(
            "\(index)", opening: last, from: day, to: day,
            [StatementFile.Entry("E\(index)", line.minor, on: day, line.text)])
          last += line.minor
          #expect(try await house.take(file) == "1 \(line.kind)")
          let steps = try await house.bankSteps(day)
          #expect(steps["balance of the statement"] == last && steps["unexplained"] == 0)
        }
        #expect(last == 99_976)
        #expect(try await house.accounts()["1100"] == last)
        #expect(try await house.accounts()["2220"] == nil)
        try await house.bank.match(5, to: .cash, nil, by: "olena")
        let accounts = try await house.accounts()
        #expect(accounts["1110"] == 300 && accounts["2290"] == nil && accounts["1100"] == last)
        // What stays is what the account had before, in the books and on the first statement.
        let rests = try await house.bankRemainders(day)
        #expect(rests.count == 2)
        #expect(rests.first?.hasSuffix(" 100000") == true)
        #expect(rests.last == "opening balance 0 0 -100000")
        #expect(try await house.bankSteps(day)["difference"] == 0)
        try await house.expectSound()
      }
    }
  }
}
