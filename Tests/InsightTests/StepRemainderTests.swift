import Basics
import Insight
import Testing

extension InsightSuite {
  /// What stops at each step of the reconciliation, one by one.
  @Suite struct StepRemainders {
    private func sum(_ rows: [[ReportCell]], _ key: String, of table: ReportTable) -> Int64 {
      guard let place = table.columns.firstIndex(where: { $0.key == key }) else { return -1 }
      return rows.reduce(0) { $0 + (Int64($1[place].plain) ?? 0) }
    }

    /// A window of each kind stops where it stops: the lines of a step are what the next one lacks.
    @Test func whatIsListedAtAStepIsTheRemainderOfTheNextOne() async throws {
      try await World.with { world in
        try await world.addMoney()
        try await world.script(
          """
          insert into charge_window (lane, rider_id, medium_id, fare_day, number, currency, state,
            amount_minor, due_minor, captured_minor, offset_minor, written_off_minor, closed_at)
          select 0, gen_random_uuid(), gen_random_uuid(), '2026-11-23', 0, 'UAH', state, amount, due,
            captured, set_off, written_off, '2026-11-23T12:00Z'
          from (values ('retrying', 800, 500, 0, 300, 0), ('netted', -300, 0, 0, -300, 0),
            ('netting', -250, -250, 0, 0, 0), ('authorised', 410, 410, 0, 0, 0),
            ('written_off', 60, 0, 0, 0, 60), ('captured', 70, 0, 70, 0, 0))
            as w (state, amount, due, captured, set_off, written_off);
          delete from charge_sum;
          insert into charge_sum (fare_day, currency, windows, amount_minor, authorised_windows,
            authorised_minor, captured_windows, captured_minor, settled_windows, settled_minor,
            unsettled_windows)
          select fare_day, currency, count(*), sum(amount_minor), 0,
            sum(captured_minor + case state when 'authorised' then due_minor else 0 end), 0,
            sum(captured_minor), 0, sum(settled_minor), 0
          from charge_window group by 1, 2;
          """)
        try await world.script(Self.unpaid)
        let report = try await world.desk.report(
          .reconciliation, days: today...today, madeAt: noon)
        let ladder = try #require(report.tables.first { $0.key == "ladder" })
        let rests = try #require(report.tables.first { $0.key == "remainders" })
        let steps = ["windows", "authorised", "captured", "settled", "bank", "statement"]
        for (step, next) in zip(steps, steps.dropFirst()) {
          let listed = rests.rows.filter { $0[0].plain == step }
          #expect(!listed.isEmpty, "nothing stops at \(step)")
          #expect(
            sum(listed, "amount_minor", of: rests)
              == sum(ladder.rows.filter { $0[0].plain == next }, "remainder_minor", of: ladder),
            "\(step)")
        }
        let whys = Set(rests.rows.filter { $0[0].plain == "windows" }.map { $0[1].plain })
        #expect(whys == ["retrying", "offset", "netting", "written off"])
        let unpaid = rests.rows.filter { $0[0].plain == "settled" && $0[1].plain != "desk" }
        let told = unpaid.map { "\($0[1].plain) \($0[3].plain) \($0[4].plain)" }
        #expect(told == ["fee f 1 10", "fee f 4 5", "fee g 1 8", "overpaid 1 -500"])
        let unseen = rests.rows.filter { $0[0].plain == "bank" }.map { $0[3].plain }
        #expect(unseen == ["g"])
      }
    }

    /// A window is paid by a line, and by one of another amount that pays more; one by a file that no
    /// statement shows; what else is settled a desk took.
    private static let unpaid = """
      update charge_window set desk_minor = settled_minor where settled_minor > 0 and window_id <> 1
        and window_id <> (select max(window_id) from charge_window where settled_minor > 0);
      insert into acquirer_file (direction, name, number, digest, currency, records, gross_minor,
        fee_minor, at) values ('in', 'g', 2, '\\x01', 'UAH', 1, 800, 8, now());
      insert into acquirer_record (file_id, line, kind, reference, gross_minor, fee_minor,
        currency, value_date, category, window_id)
      select 1, 4, 'capture', 'a', 500, 5, 'UAH', '2026-11-23'::date, 'amount_differs', 1
      union all
      select 2, 1, 'capture', 'd', 800, 8, 'UAH', '2026-11-24', 'matched', max(window_id)
      from charge_window where settled_minor > 0;
      insert into acquirer_sum (fare_day, category, kind, currency, file_id, records, gross_minor,
        fee_minor)
      values ('2026-11-23', 'amount_differs', 'capture', 'UAH', 1, 1, 500, 5),
        ('2026-11-23', 'matched', 'capture', 'UAH', 2, 1, 800, 8);
      """
  }
}
