import BankSupport
import Basics
import Charging
import Clearing
import Ledger
import Store
import Testing

extension ClearingSuite {
  /// What the doctor says of money that waits for a person.
  @Suite struct StandingMoneyTests {
    @Test func whatFitsNothingAndWhatStandsOn2290IsFoundWithWhatToDo() async throws {
      try await House.with { house in
        let desk = StandingMoney(store: house.store)
        let today = try #require(Day("2026-11-24"))
        let well = try await desk.findings(on: today)
        #expect(well.map(\.name) == ["acquirer", "account 2290"])
        #expect(well.allSatisfy { $0.whatToDo == nil })
        try await house.script(
          """
          insert into acquirer_message (message_id, kind, body, outcome, received_at)
          values ('M1', 'captured', '{}', 'there is no window 5', '2026-11-20Z'),
            ('M2', 'captured', '{}', 'taken', '2026-11-19Z');
          begin;
          insert into entry (accounting_date, currency, kind, description, digest, created_at)
          values ('2026-11-20', 'UAH', 'bank', '', '', now());
          insert into posting (entry_id, line, account, debit_minor, credit_minor)
          values (1, 1, '1100', 500, 0), (1, 2, '2290', 0, 500);
          commit;
          """)
        let found = try await desk.findings(on: today)
        #expect(found[0].found.hasPrefix("1 messages fit nothing, the oldest of 2026-11-20"))
        #expect(found[0].found.hasSuffix("there is no window 5"))
        #expect(found[0].whatToDo?.contains("kvytok acquirer decide") == true)
        #expect(found[1].found == "5.00 UAH of receipts match nothing")
        #expect(found[1].whatToDo?.contains("kvytok bank match") == true)
        #expect(found[1].parts == ["5.00 UAH for 4 days: entry 1: "])
        try await house.script(
          """
          update acquirer_message set decided_at = now(), decided_by = 'x', decision = 'y'
          where message_id = 'M1'
          """)
        #expect(try await desk.findings(on: today)[0].whatToDo == nil)
      }
    }

    @Test func whatStandsOn2290IsListedWithItsAge() async throws {
      try await House.with { house in
        try await house.bank.addAccount(StatementFile.iban, in: hryvnia, by: "olena")
        let day = try #require(Day("2026-11-22"))
        let statement = StatementFile(
          "1", opening: 0, from: day, to: day,
          [
            StatementFile.Entry("E1", 700, on: day, "?"),
            StatementFile.Entry("E2", -700, on: day, "?"),
          ])
        #expect(try await house.take(statement) == "2 unknown")
        let today = try #require(Day("2026-11-23"))
        func told(on day: Day) async throws -> [String] {
          let findings = try await StandingMoney(store: house.store).findings(on: day)
          return [findings[1].found] + findings[1].parts
        }
        // They come to nothing, and nobody knows either.
        let lines = [
          "7.00 UAH for 1 days: line 1 of statement 1",
          "-7.00 UAH for 1 days: line 2 of statement 1",
        ]
        #expect(
          try await told(on: today) == [
            "receipts and payments that match nothing, and come to nothing"
          ] + lines)
        // What came first counts as settled first.
        let receipt = { (minor: Int64) in
          (
            Posting(.debit, account: "1100", minor: minor),
            Posting(.credit, account: "2290", minor: minor)
          )
        }
        for minor in [300, 500] as [Int64] {
          let (debit, credit) = receipt(minor)
          try await house.book(.bank, debit, credit)
        }
        try await house.book(
          .correction, Posting(.debit, account: "2290", minor: 400),
          Posting(.credit, account: "1100", minor: 400))
        let tomorrow = today.adding(days: 1)
        #expect(
          try await told(on: tomorrow) == [
            "4.00 UAH of receipts match nothing", "7.00 UAH for 2 days: line 1 of statement 1",
            "-7.00 UAH for 2 days: line 2 of statement 1", "4.00 UAH for 1 days: entry 4: test",
          ])
        try await house.bank.match(1, to: .line, 2, by: "olena")
        #expect(try await told(on: tomorrow).count == 2)
      }
    }
  }
}
