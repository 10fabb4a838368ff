import Postgres

/// Sums of rides without lanes and routes: reports over months are made of these.
///
/// The sums that runs keep are told apart by lane and route as well, and are as many in a large city as a sixth of
/// its rides. A trigger adds these up in the statement that changes those, so that nobody can forget it. Rows are only
/// added, so that no two workers wait for the row of a day; ``folding`` makes one of many.
enum RideDaySums {
  private static let key = [
    "fare_day", "accounting_date", "operator_id", "mode", "category", "product", "medium",
    "currency", "tariff_version",
  ].joined(separator: ", ")
  private static let figures = [
    "rides", "riders", "free_rides", "reduced_rides", "unknown_rides", "late_rides",
    "nominal_minor", "charged_minor", "concession_rides", "free_people", "reduced_people",
    "concession_minor",
  ]
  private static let names = figures.joined(separator: ", ")
  private static let sums = figures.map { "sum(\($0))::int8 as \($0)" }.joined(separator: ", ")

  /// The statement that makes one row of the many that are told apart by nothing, where more than a tenth of a
  /// count are loose; of an accounting date before the newest all.
  ///
  /// A day has hundreds that are told apart, and what is loose is looked at each second: their days are named first,
  /// or each fold would read the sums of all years.
  static let folding = """
    with many as (
      select \(key) from ride_day_sum where not is_folded group by \(key)
      having count(*) > $1 / 10 or accounting_date < (select max(accounting_date) from ride_day_sum)),
    gone as (
      delete from ride_day_sum s using many m
      where s.accounting_date = any(array(select accounting_date from many))
        and row(\(keyOf("s"))) = row(\(keyOf("m")))
      returning s.*)
    insert into ride_day_sum (\(key), \(names), is_folded)
    select \(key), \(sums), true from gone group by \(key)
    """

  private static func keyOf(_ table: String) -> String {
    key.split(separator: ", ").map { "\(table).\($0)" }.joined(separator: ", ")
  }

  /// The statement that names sums that are not those of the sums by lane and route, by column, with both.
  static let differences: String = {
    let pairs = figures.map { "('\($0)', k.\($0), c.\($0))" }.joined(separator: ", ")
    return """
      select format('the day''s sum of rides of %s: %s is kept as %s, the sums of rides come to %s',
        concat_ws(' ', \(key)), v.name, coalesce(v.kept, 0), coalesce(v.counted, 0)) as what
      from (select \(key), \(sums) from ride_day_sum group by \(key)) k
        full join (select \(key), \(sums) from ride_sum group by \(key)) c using (\(key))
        cross join lateral (values \(pairs)) as v (name, kept, counted)
      where coalesce(v.kept, 0) <> coalesce(v.counted, 0) order by 1 limit $1
      """
  }()
}

extension BookProofTables {
  /// Sums of rides by day that are not those of the sums by lane and route.
  package func rideDaySumsThatDiffer(countMax: Int) async throws -> [String] {
    try await connection.query(RideDaySums.differences, [.int8(Int64(countMax))])
      .map { try $0.text(0) }
  }
}
