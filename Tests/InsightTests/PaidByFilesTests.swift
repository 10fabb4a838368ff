import Basics
import Insight
import Testing

extension InsightSuite {
  /// What the acquirer's files pay, in the steps of the reconciliation.
  @Suite struct PaidByFiles {
    /// A line of another amount than was captured is paid all the same; what a desk took no file pays.
    @Test func whatTheFilesPaidIsHeldAgainstWhatIsSettled() async throws {
      try await World.with { world in
        try await world.addMoney()
        func bank() async throws -> [String] {
          let report = try await world.desk.report(
            .reconciliation, days: today...today, madeAt: noon)
          let ladder = try #require(report.tables.first { $0.key == "ladder" })
          return ladder.rows.filter { $0[4].plain == "UAH" }
            .filter { ["settled", "bank", "statement"].contains($0[0].plain) }
            .map { "\($0[0].plain) \($0[1].plain) \($0[2].plain) \($0[3].plain)" }
        }
        try await world.script("update charge_sum set settled_windows = 1, settled_minor = 800")
        var steps = try await bank()
        #expect(steps.dropFirst() == ["bank 1 790 10", "statement 1 790 0"], "\(steps)")
        // 5.00 by a file that says another amount, with a fee of 0.05; 2.00 at a desk.
        try await world.script(
          """
          update charge_sum set settled_windows = 3, settled_minor = 1500;
          insert into acquirer_record (file_id, line, kind, reference, gross_minor, fee_minor,
            currency, value_date, category, window_id)
          values (1, 4, 'capture', 'c', 500, 5, 'UAH', '2026-11-23', 'amount_differs', 1);
          insert into acquirer_sum (fare_day, category, kind, currency, file_id, records, gross_minor,
            fee_minor)
          values ('2026-11-23', 'amount_differs', 'capture', 'UAH', 1, 1, 500, 5);
          """)
        steps = try await bank()
        #expect(steps.dropFirst() == ["bank 2 1285 215", "statement 2 1285 0"], "\(steps)")
        // A top-up that the file pays with another amount is no capture, whether a statement shows the file or not.
        try await world.script(
          """
          set session_replication_role = replica;
          insert into acquirer_record (file_id, line, kind, reference, gross_minor, fee_minor,
            currency, value_date, category, sale_id)
          values (1, 5, 'capture', 's', 900, 9, 'UAH', '2026-11-23', 'amount_differs', 77);
          insert into acquirer_sum (fare_day, category, kind, currency, file_id, records, gross_minor,
            fee_minor)
          values ('2026-11-23', 'amount_differs', 'sale', 'UAH', 1, 1, 900, 9);
          set session_replication_role = origin;
          delete from statement_line where subject = 'funding';
          """)
        steps = try await bank()
        #expect(steps.dropFirst() == ["bank 2 1285 215", "statement 0 0 1285"], "\(steps)")
        let report = try await world.desk.report(
          .reconciliation, days: today...today, madeAt: noon)
        let rests = try #require(report.tables.first { $0.key == "remainders" })
        let unpaid = rests.rows.filter { ["settled", "bank"].contains($0[0].plain) }
        #expect(!unpaid.contains { $0[3].plain == "f 5" }, "\(unpaid)")
        #expect(
          unpaid.filter { $0[0].plain == "bank" }.map { "\($0[3].plain) \($0[4].plain)" } == [
            "f 1285"
          ])
      }
    }
  }
}
