import BankSupport
import Basics
import Charging
import Clearing
import Ledger
import Postgres
import Store
import Testing

extension ClearingSuite {
  /// Several accounts, files of several statements, fees of the bank, and payouts that look the same.
  @Suite struct StatementAccounts {
    private static let second = "DE89370400440532013000"
    private let today: Day

    init() throws { today = try #require(Day("2026-11-23")) }

    private func file(
      _ number: String, of iban: String = StatementFile.iban, opening: Int64 = 0,
      on day: Day? = nil,
      _ entries: [StatementFile.Entry]
    ) -> StatementFile {
      let day = day ?? today
      var file = StatementFile(number, opening: opening, from: day, to: day, entries)
      file.iban = iban
      return file
    }

    private func entry(
      _ reference: String, _ minor: Int64, _ text: String = "", on day: Day? = nil,
      code: String? = nil
    ) -> StatementFile.Entry {
      StatementFile.Entry(reference, minor, on: day ?? today, text, code: code)
    }

    private func withAccounts(
      _ ibans: [String] = [StatementFile.iban, second],
      _ body: @Sendable (House) async throws -> Void
    ) async throws {
      try await House.with { house in
        for iban in ibans {
          try await house.bank.addAccount(iban, in: hryvnia, by: "olena")
        }
        try await body(house)
        try await house.expectSound()
      }
    }

    /// Both payouts are 100.00 to the tram, and a person confirmed both before the bank told of them.
    @Test func ofTwoPayoutsThatLookTheSameEachLineFindsTheEntryOfItsOwn() async throws {
      try await withAccounts([StatementFile.iban]) { house in
        var messages: [String] = []
        for _ in 0..<2 { messages.append(try await house.sendPayout()) }
        for message in messages.reversed() {
          #expect(try await house.payouts.confirm(message, isPaid: true, by: "olena") == 1)
        }
        let paid = try await house.texts(
          "select payout_id || ' ' || paid_entry_id from payout order by payout_id")
        #expect(Set(paid).count == 2)
        // The second was confirmed first: the entries stand the other way round.
        let entries = try await house.texts(
          "select paid_entry_id::text from payout order by payout_id")
        #expect(Int64(entries[0]) ?? 0 > Int64(entries[1]) ?? 0)
        let before = try await house.accounts()
        #expect(
          try await house.take(
            file("1", [entry("E1", -10_000, "KVYTOK-P2"), entry("E2", -10_000, "KVYTOK-P1")]))
            == "2 payout")
        #expect(
          try await house.texts(
            """
            select p.payout_id || ' ' || l.book_entry_id from statement_line l
            join payout p on p.payout_id = l.subject_id where l.subject = 'payout' order by 1
            """) == paid)
        #expect(try await house.accounts() == before)
        #expect(try await house.bankRemainders(today) == [])
        // What a line pays names its entry too.
        _ = try await house.sendPayout()
        let third = file("2", opening: -20_000, [entry("E3", -10_000, "KVYTOK-P3")])
        #expect(try await house.take(third) == "1 payout")
        #expect(
          try await house.number(
            """
            select count(*) from payout p join statement_line l on l.subject_id = p.payout_id
            where p.payout_id = 3 and p.paid_entry_id = l.entry_id
            """) == 1)
      }
    }

    @Test func twoPayoutsOfOneFileAreOneEntryThatTwoLinesExplain() async throws {
      try await withAccounts([StatementFile.iban]) { house in
        try await house.book(
          .correction, Posting(.debit, account: "2190", minor: 5000),
          Posting(.credit, account: "2100", operatorID: "bus", minor: 5000))
        try await house.payouts.setAccount(
          BankAccount(name: "Bus", iban: Self.second, bic: nil), of: "bus", by: "olena")
        let orders = try await house.payoutsAfter.propose(through: today, by: "olena").orders
        for order in orders {
          _ = try await house.payouts.decide(order.id, isApproved: true, by: "taras")
        }
        let message = try await house.sendPayout()
        #expect(try await house.payouts.confirm(message, isPaid: true, by: "olena") == 2)
        let half = file("1", [entry("E1", -5000, "KVYTOK-P1")])
        #expect(try await house.take(half) == "1 payout")
        #expect(try await house.bankRemainders(today).count == 1)
        let rest = file("2", opening: -5000, [entry("E2", -10_000, "KVYTOK-P2")])
        #expect(try await house.take(rest) == "1 payout")
        #expect(try await house.bankRemainders(today) == [])
      }
    }

    @Test func theBooksAreHeldAgainstAllAccountsOfACurrencyAndEachFollowsItsOwn() async throws {
      try await withAccounts { house in
        let yesterday = today.adding(days: -1)
        let files = [
          // One bank's name of a statement or line says nothing of another's.
          file("1", of: Self.second, opening: 700, on: yesterday, [entry("E1", 50, on: yesterday)]),
          file("1", opening: 0, on: yesterday, [entry("E1", 300, on: yesterday)]),
          file("3", opening: 340, [entry("E3", -40, "to our other account")]),
          file("2", of: Self.second, opening: 750, [entry("E2", 40, "from our other account")]),
        ]
        #expect(
          try await house.take(StatementFile.together(files))
            == "1 unknown; 1 unknown; 1 unknown, 40 between 1 and 3; 1 unknown")
        var steps = try await house.bankSteps(today)
        #expect(steps["balance of the statement"] == 1090 && steps["balance of the books"] == 350)
        #expect(steps["difference"] == -740 && steps["unexplained"] == 0)
        #expect(
          try await house.bankRemainders(today).filter { !$0.hasPrefix("not known") } == [
            "missing statement 3 0 -40", "opening balance 1 1 -700",
          ])
        steps = try await house.bankSteps(yesterday)
        #expect(steps["balance of the statement"] == 1050 && steps["balance of the books"] == 350)
        // Money that goes from one account to the other is two lines that come to nothing.
        try await house.bank.match(4, to: .line, 3, by: "olena")
        #expect(
          try await house.statementLines() == [
            "E1 50 unknown", "E1 300 unknown", "E3 -40 line 4 olena", "E2 40 line 3 olena",
          ])
        let again = try await house.take(StatementFile.together(files))
        #expect(again == "known 1; known 1; known 3; known 2")
        let summaries = try await house.store.read { db in
          try await db.statements.summaries(countMax: 10)
        }
        #expect(summaries.map(\.gapMinor) == [0, 40, nil, nil])
        #expect(summaries.map(\.openCount) == [0, 0, 1, 1])
      }
    }

    @Test func aFileIsTakenWholeOrNotAtAll() async throws {
      try await withAccounts { house in
        let good = file("1", [entry("E1", 100, "x")])
        let other = file("7", of: "UA903052992990004149123456789", [entry("E9", 5, "y")])
        let refused = try await house.take(StatementFile.together([good, other]))
        #expect(refused.hasPrefix("refused: statement 7 is of UA90"), "\(refused)")
        #expect(refused.contains(Self.second))
        for table in ["bank_statement", "statement_line", "entry"] {
          #expect(try await house.number("select count(*) from \(table)") == 0)
        }
        #expect(try await house.take(good) == "1 unknown")
        // One that was taken before is passed over, and what is new of the file is taken.
        let next = file("2", opening: 100, [entry("E2", 11, "x")])
        #expect(try await house.take(StatementFile.together([good, next])) == "known 1; 1 unknown")
        let changed = file("2", opening: 100, [entry("E2", 12, "x")])
        let fresh = file("3", opening: 111, [entry("E3", 1, "x")])
        let again = try await house.take(StatementFile.together([changed, fresh]))
        #expect(again.contains("says another thing"), "\(again)")
        #expect(try await house.number("select count(*) from statement_line") == 2)
        // A payout and its return come in one file, each on its day.
        _ = try await house.sendPayout()
        let out = file("4", opening: 111, [entry("E4", -10_000, "KVYTOK-P1")])
        let back = file("5", opening: -9889, [entry("E5", 10_000, "return KVYTOK-P1")])
        #expect(
          try await house.take(StatementFile.together([out, back])) == "1 payout; 1 payout_return")
        #expect(try await house.texts("select state from payout") == ["returned"])
      }
    }

    @Test func whatTheBankChargesIsBookedAsAFeeByItsCodeOrByAPerson() async throws {
      try await withAccounts([StatementFile.iban]) { house in
        let limit = StatementDesk.feeMinorMax
        _ = try await house.sendPayout()
        #expect(
          try await house.take(
            file(
              "1",
              [
                entry("E1", -30, "commission KVYTOK-P1", code: "PMNT/MDOP/COMM"),
                entry("E2", -10_000, "KVYTOK-P1", code: "PMNT/MDOP/CHRG"),
                entry("E3", 5, "given back", code: "ACMT/MCOP/CHRG"),
                entry("E4", -70, "for the account", code: "own 9941"),
                entry("E5", -limit - 1, "for much", code: "own 9941"),
              ])) == "2 fee, 1 payout, 2 unknown")
        #expect(try await house.accounts()["7100"] == 25)
        try await house.bank.match(4, to: .fee, nil, by: "olena")
        await #expect(throws: MoneyRefusal.self) {
          try await house.bank.match(5, to: .fee, nil, by: "olena")
        }
        let accounts = try await house.accounts()
        #expect(accounts["7100"] == 95 && accounts["2290"] == -limit - 1)
        #expect(
          try await house.statementLines() == [
            "E1 -30 fee", "E2 -10000 payout 1", "E3 5 fee", "E4 -70 fee olena",
            "E5 \(-limit - 1) unknown",
          ])
        #expect(
          try await house.texts(
            "select description from entry where kind = 'bank' order by entry_id desc limit 1")
            == ["Statement 1, E4: fee, by olena"])
        #expect(try await house.bankSteps(today)["difference"] == 0)
      }
    }
  }
}
