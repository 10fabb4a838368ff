import Basics
import Clearing
import Store
import Testing

extension ClearingSuite {
  /// What the doctor says of money that waits for a person.
  @Suite struct StandingMoneyTests {
    @Test func whatFitsNothingAndWhatStandsOn2290IsFoundWithWhatToDo() async throws {
      try await House.with { house in
        let desk = StandingMoney(store: house.store)
        let well = try await desk.findings()
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
        let found = try await desk.findings()
        #expect(found[0].found.hasPrefix("1 messages fit nothing, the oldest of 2026-11-20"))
        #expect(found[0].found.hasSuffix("there is no window 5"))
        #expect(found[0].whatToDo?.contains("kvytok acquirer decide") == true)
        #expect(found[1].found == "5.00 UAH of receipts match nothing")
        #expect(found[1].whatToDo?.contains("kvytok bank match") == true)
        try await house.script(
          """
          update acquirer_message set decided_at = now(), decided_by = 'x', decision = 'y'
          where message_id = 'M1'
          """)
        #expect(try await desk.findings()[0].whatToDo == nil)
      }
    }
  }
}
