import Basics
import Ledger
import Postgres

/// Fares as the runs booked them, against their rides.
extension BookTables {
  /// By whose name rides are compared with lines: the operator, nothing where none is known.
  private static let nameOfRide = "coalesce(operator_id, '')"
  /// The same of a line `p`, with the account where that is not the one of such a name.
  private static let nameOfLine = """
    case when (p.account = '\(AccountCode.unknownOperator)') = (p.operator_id is null)
      then coalesce(p.operator_id, '') else p.account || ' ' || coalesce(p.operator_id, '') end
    """
  private static let accounts =
    "('\(AccountCode.operators)', '\(AccountCode.unknownOperator)')"

  /// What runs changed, ride by ride: those they added, less those they reversed.
  private static func rides(where isMeant: (String) -> String) -> String {
    """
    select * from (
      select run_id, currency, fare_day, \(nameOfRide) as name, charged_minor as minor from ride
      where \(isMeant("run_id"))
      union all
      select reversed_run_id, currency, fare_day, \(nameOfRide), -charged_minor from ride
      where reversed_run_id is not null and \(isMeant("reversed_run_id"))) r
    where minor is not null
    """
  }

  /// Clearing runs whose rides do not come to what their entries say, each with both sums.
  ///
  /// A run's rides are those it added less those it reversed. They come to what its entries put on the riders'
  /// account, and by fare day and operator to what these put to the operator. Other kinds of entry that move
  /// money of operators are of no run.
  package func runsThatDiffer(countMax: Int) async throws -> [String] {
    let mark = SumMark.of("minor", number: SumMark.number(ofName: "name", on: "fare_day"))
    let lineMark = SumMark.of(
      "p.credit_minor - p.debit_minor",
      number: SumMark.number(ofName: Self.nameOfLine, on: "e.fare_day"))
    let rows = try await connection.query(
      """
      with rides as (
        select run_id, currency, sum(minor) as minor, \(mark) as mark
        from (\(Self.rides { _ in "true" })) r group by run_id, currency),
      entries as (
        select e.run_id, e.currency,
          sum(p.debit_minor - p.credit_minor) filter (where p.account = $2) as minor,
          \(lineMark) filter (where p.account <> $2) as mark
        from entry e join posting p using (entry_id)
        where e.run_id is not null and e.kind = 'fares'
          and (p.account = $2 or p.account in \(Self.accounts))
        group by e.run_id, e.currency)
      select run_id, case when coalesce(r.minor, 0) <> coalesce(e.minor, 0) then
        format('clearing run %s: its rides come to %s %s minor units, its entry to %s', run_id,
          coalesce(r.minor, 0), currency, coalesce(e.minor, 0)) end as what
      from rides r full join entries e using (run_id, currency)
      where coalesce(r.minor, 0) <> coalesce(e.minor, 0) or \(SumMark.differ("r.mark", "e.mark"))
      order by run_id, currency limit $1
      """, [.int8(Int64(countMax)), .text(AccountCode.riders)])
    guard !rows.isEmpty else { return [] }
    let sums = try rows.compactMap { try $0.textOrNil("what") }
    let parts = try await operatorsThatDiffer(
      runs: try rows.map { try $0.int8("run_id") }, countMax: countMax)
    return Array((sums + parts).prefix(countMax))
  }

  /// Fare days and operators of some runs of which the rides do not come to what was booked.
  private func operatorsThatDiffer(runs: [Int64], countMax: Int) async throws -> [String] {
    let rows = try await connection.query(
      """
      with rides as (
        select run_id, currency, fare_day, name, sum(minor) as minor
        from (\(Self.rides { "\($0) = any($2)" })) r group by 1, 2, 3, 4),
      entries as (
        select e.run_id, e.currency, e.fare_day, \(Self.nameOfLine) as name,
          sum(p.credit_minor - p.debit_minor) as minor
        from entry e join posting p using (entry_id)
        where e.run_id = any($2) and e.kind = 'fares' and p.account in \(Self.accounts)
        group by 1, 2, 3, 4)
      select format(
        'clearing run %s: its rides of %s with %s come to %s %s minor units, its entry to %s', run_id,
        coalesce(fare_day::text, 'no day'),
        coalesce('operator ' || nullif(name, ''), 'no known operator'), coalesce(r.minor, 0),
        currency, coalesce(e.minor, 0))
      from rides r full join entries e using (run_id, currency, fare_day, name)
      where coalesce(r.minor, 0) <> coalesce(e.minor, 0)
      order by run_id, currency, fare_day, name limit $1
      """, [.int8(Int64(countMax)), .int8s(runs)])
    return try rows.map { try $0.text(0) }
  }
}
