import Basics
import Insight
import Testing

extension InsightSuite {
  /// Rows of reports against rows of a second implementation, over what the sums of the program are made of.
  @Suite struct CatalogRows {
    /// A table of a report, and the same rows by other means.
    private struct Check: Sendable {
      let report: ReportName
      let table: String
      /// Columns that say what a row is of, and that are no sums over all rows.
      let names: [String]
      /// Columns that the table adds up.
      let figures: [String]
      let sql: String
    }

    private static let rides = "ride where reversed_run_id is null and fare_day = '2026-11-23'"

    private static let ofRides = [
      withoutCaps("categories", "category"), withoutCaps("products", "product"),
      Check(
        report: .subsidy, table: "rides",
        names: ["operator", "category", "currency", "concession_rides"],
        figures: ["free_people", "reduced_people", "concession_minor"],
        sql: """
          select concat_ws('|', coalesce(operator_id, ''), category, currency, count(*),
            count(*) filter (where category = 'пенсіонер'),
            coalesce(sum(riders) filter (where category = 'pupil'), 0),
            sum(nominal_minor - charged_minor))
          from \(rides) and (category = 'пенсіонер' and charged_minor = 0
            or category = 'pupil' and charged_minor > 0 and charged_minor < nominal_minor)
          group by operator_id, category, currency
          """),
      // The second claim was refused: its rides are claimed by nobody.
      Check(
        report: .subsidy, table: "claims", names: ["claim", "operator", "category"],
        figures: ["claimed_minor"],
        sql: """
          select concat_ws('|', claim_id, operator_id, category, minor) from subsidy_line
          where claim_id = 1
          """),
      Check(
        report: .reconciliation, table: "operators", names: ["operator", "currency"],
        figures: ["charged_minor", "booked_minor"],
        sql: """
          select concat_ws('|', operator_id, currency, coalesce(charged, 0), coalesce(booked, 0))
          from (
            select operator_id, currency, sum(charged_minor) as charged from \(rides)
              and operator_id is not null group by 1, 2) r
          full join (
            select operator_id, currency, sum(credit_minor - debit_minor) as booked
            from posting join entry using (entry_id)
            where account = '2100' and kind = 'fares' and fare_day = '2026-11-23' group by 1, 2) b
            using (operator_id, currency)
          """),
    ]

    private static func withoutCaps(_ table: String, _ column: String) -> Check {
      Check(
        report: .revenueWithoutCaps, table: table,
        names: ["operator", column, "currency", "rides", "nominal_minor"],
        figures: ["charged_minor", "taken_off_minor"],
        sql: """
          select concat_ws('|', coalesce(operator_id, ''), \(column), currency, count(*),
            coalesce(sum(nominal_minor), 0), coalesce(sum(charged_minor), 0),
            coalesce(sum(nominal_minor - charged_minor), 0))
          from \(rides) group by operator_id, \(column), currency
          """)
    }

    private static let ofDebts = [
      // Each is as old as many days as lie between its decline and its ride.
      Check(
        report: .debts, table: "ages", names: ["age_days", "currency", "windows"],
        figures: ["due_minor"],
        sql: """
          select concat_ws('|', age, currency, count(*), sum(due_minor)) from (
            select *, case when days <= 7 then '0-7' when days <= 30 then '8-30'
              when days <= 90 then '31-90' else '91+' end as age
            from (
              select *, fare_day - declined_at::date as days from charge_window
              where declined_at is not null) d) w
          group by age, currency
          """),
      Check(
        report: .debts, table: "windows",
        names: ["window", "currency", "amount_minor", "captured_minor"], figures: ["due_minor"],
        sql: """
          select concat_ws('|', window_id, currency, amount_minor, captured_minor,
            amount_minor - captured_minor)
          from charge_window where amount_minor > captured_minor
          """),
      // Of a window whose ride was not paid by a bank card nobody's ride is known.
      Check(
        report: .debts, table: "operators", names: ["operator", "fare_day", "currency", "rides"],
        figures: ["due_minor"],
        sql: """
          select concat_ws('|', coalesce(operator_id, ''), fare_day, currency,
            count(*) filter (where is_charged), sum(due_minor))
          from (
            select case when medium = 'bank' then r.operator_id end as operator_id, w.fare_day,
              w.currency, medium = 'bank' as is_charged, due_minor
            from charge_window w join ride r using (rider_id, currency)
            where declined_at is not null) d
          group by operator_id, fare_day, currency
          """),
      Check(
        report: .debts, table: "stored_value", names: ["debt", "rider", "since", "currency"],
        figures: ["due_minor"],
        sql: """
          select concat_ws('|', 'no account', rider_id, fare_day, currency, charged_minor)
          from \(rides) and medium = 'card' and charged_minor > 0
          union all
          select concat_ws('|', debt, '00000000-0000-0000-0000-0000000000aa', '2026-11-23', 'UAH',
            minor)
          from (values ('below nothing', 250), ('short', 600)) as d (debt, minor)
          """),
      Check(
        report: .refunds, table: "refunds", names: ["refund_id", "fare_day"],
        figures: ["refund_minor"],
        sql: """
          select concat_ws('|', refund_id, fare_day, minor)
          from charge_refund join charge_window using (window_id)
          """),
      Check(
        report: .refunds, table: "chargebacks", names: ["case", "fare_day"],
        figures: ["disputed_minor"],
        sql: """
          select concat_ws('|', case_id, fare_day, minor)
          from chargeback join charge_window using (window_id)
          """),
      Check(
        report: .refunds, table: "entries", names: ["accounting_date", "account", "operator"],
        figures: ["debit_minor", "credit_minor"],
        sql: """
          select concat_ws('|', accounting_date, account, coalesce(operator_id, ''), debit_minor,
            credit_minor)
          from posting join entry using (entry_id) where kind = 'refund'
          """),
    ]

    private static let ofDevices = [
      Check(
        report: .devices, table: "registers", names: ["device"],
        figures: ["stored", "missing_numbers"],
        sql: """
          select concat_ws('|', device_id, count(*) filter (where seen @> n::int8),
            count(*) filter (where not seen @> n::int8))
          from device_epoch, generate_series(1, upper(seen) - 1) n group by device_id
          """),
      Check(
        report: .devices, table: "devices", names: ["device", "operator"],
        figures: ["taps", "late_taps"],
        sql: """
          select concat_ws('|', device_id, coalesce(operator, ''), sum(accepted + denied),
            sum(late_accepted + late_denied))
          from device_day left join (values ('bus-1', 'north'), ('trol-2', 'south'),
            ('bus-1s', 'south')) as r (route, operator) using (route)
          where fare_day = '2026-11-23' group by device_id, operator
          """),
      Check(
        report: .lateTaps, table: "devices", names: ["device", "fare_day"], figures: ["taps"],
        sql: """
          select concat_ws('|', device_id, fare_day, sum(late_accepted + late_denied))
          from device_day where fare_day = '2026-11-23' and late_accepted + late_denied > 0
          group by device_id, fare_day
          """),
    ]

    @Test func theRowsAreThoseOfASecondImplementation() async throws {
      try await World.with { world in
        try await world.addMoney()
        var made: [ReportName: Report] = [:]
        for check in Self.ofRides + Self.ofDebts + Self.ofDevices {
          let report =
            if let known = made[check.report] { known } else {
              try await world.desk.report(check.report, days: today...today, madeAt: noon)
            }
          made[check.report] = report
          let what = "\(check.report) \(check.table)"
          let found = report.tables.first { $0.key == check.table }
          let table = try #require(found, "\(what)")
          let expected = try await world.texts(check.sql).sorted()
          #expect(!expected.isEmpty, "\(what)")
          #expect(try table.lines(check.names + check.figures) == expected, "\(what)")
          for (place, figure) in check.figures.enumerated() {
            let sum = expected.reduce(Int64(0)) { sum, line in
              let words = line.split(separator: "|", omittingEmptySubsequences: false)
              return sum + (Int64(words[check.names.count + place]) ?? 0)
            }
            #expect(try table.total(figure) == sum, "\(what) \(figure)")
          }
        }
      }
    }
  }
}

extension ReportTable {
  private func place(_ key: String) throws -> Int {
    let place = columns.firstIndex { $0.key == key }
    return try #require(place, "\(self.key) has no column \(key)")
  }

  /// Some columns of each row as a line, sorted.
  func lines(_ keys: [String]) throws -> [String] {
    let places = try keys.map(place)
    return rows.map { row in places.map { row[$0].plain }.joined(separator: "|") }.sorted()
  }

  /// What the last rows say that a column comes to, in all currencies.
  func total(_ key: String) throws -> Int64 {
    let place = try place(key)
    return totals.reduce(0) { $0 + (Int64($1[place].plain) ?? 0) }
  }
}
