import Postgres

/// Sums of rides by fare day and accounting date, kept beside them.
///
/// Those that runs keep are told apart by lane and route, and are as many in a large city as a sixth of its rides.
/// Reports over months are made of a second table of them without lanes and routes, to which a trigger adds in the
/// statement that changes those, so that nobody can forget it.
enum KeptRideSums {
  private static let figures = [
    "rides", "riders", "free_rides", "reduced_rides", "unknown_rides", "late_rides",
    "nominal_minor", "charged_minor", "concession_rides", "free_people", "reduced_people",
    "concession_minor",
  ]
  private static let table = SumTable(
    name: "ride_sum",
    key: [
      "fare_day", "accounting_date", "lane", "operator_id", "route", "mode", "category", "product",
      "medium", "currency", "tariff_version",
    ],
    figures: figures)
  private static let dayTable = SumTable(
    name: "ride_day_sum",
    key: [
      "fare_day", "accounting_date", "operator_id", "mode", "category", "product", "medium",
      "currency", "tariff_version",
    ],
    figures: figures)

  /// The statement that makes one row of the many of a day.
  ///
  /// A day has hundreds that are told apart, and what is loose is looked at each second: a tenth of a count is many.
  static let folding = dayTable.foldingLoose(over: "$1 / 10", by: "accounting_date")

  /// The statement that names sums that are not those of the rides and their runs, by column, with both: what a run
  /// added counts up, what it reversed down.
  static let differences =
    table.difference(
      of: "rides", from: "the rides",
      counted: """
        select r.fare_day, c.accounting_date, r.lane, coalesce(r.operator_id, '') as operator_id,
          coalesce(r.route, '') as route, coalesce(r.mode, '') as mode, r.category, r.product,
          r.medium, r.currency, r.tariff_version, sum(s.sign) as rides,
          sum(s.sign * r.riders) as riders,
          sum(s.sign) filter (where r.charged_minor = 0) as free_rides,
          sum(s.sign) filter (where r.charged_minor > 0 and r.charged_minor < r.nominal_minor)
            as reduced_rides,
          sum(s.sign) filter (where r.charged_minor is null) as unknown_rides,
          sum(s.sign) filter (where c.accounting_date > r.fare_day + 1) as late_rides,
          sum(s.sign * r.nominal_minor) filter (where r.charged_minor is not null)
            as nominal_minor,
          sum(s.sign * r.charged_minor) as charged_minor,
          sum(s.sign) filter (where n.people > 0) as concession_rides,
          sum(s.sign * n.free_people) filter (where n.people > 0) as free_people,
          sum(s.sign * n.reduced_people) filter (where n.people > 0) as reduced_people,
          sum(s.sign * concession_minor(r.reason)) filter (where n.people > 0) as concession_minor
        from ride r
          left join lateral (\(RideConcession.query(of: "r"))) n on true
          cross join lateral (values (1, r.run_id), (-1, r.reversed_run_id)) as s (sign, run_id)
          join clearing_run c on c.run_id = s.run_id
        group by \(table.keyNumbers)
        """) + " order by 1 limit $1"

  /// The statement that names sums by day that are not those of the sums by lane and route.
  static let dayDifferences =
    dayTable.difference(
      of: "rides by day", from: "the sums of rides",
      counted: """
        select \(dayTable.keyNames), \(dayTable.summed) from ride_sum group by \(dayTable.keyNames)
        """) + " order by 1 limit $1"
}

extension BookProofTables {
  /// Kept sums of rides that are not those of the rides.
  package func rideSumsThatDiffer(countMax: Int) async throws -> [String] {
    try await connection.query(KeptRideSums.differences, [.int8(Int64(countMax))])
      .map { try $0.text(0) }
  }

  /// Sums of rides by day that are not those of the sums by lane and route.
  package func rideDaySumsThatDiffer(countMax: Int) async throws -> [String] {
    try await connection.query(KeptRideSums.dayDifferences, [.int8(Int64(countMax))])
      .map { try $0.text(0) }
  }
}
