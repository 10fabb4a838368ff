import Basics
package import Ledger
import Postgres

/// A table whose rows are leaves of the trees of periods.
///
/// A leaf is SHA-256 over a byte 0 and the row: the columns as an array in PostgreSQL's own text,
/// dates as `2026-11-22`, moments as microseconds since 1970, bytes as hexadecimal digits. Columns
/// that may still change after a period is closed are left out.
package enum SealedTable: String, Sendable, CaseIterable {
  /// Entries of the books; the leaf is over the number and the digest of the entry.
  case entry
  /// Runs of the clearing.
  case run = "clearing_run"
  /// Rides that runs of the period added, whether they still stand or not; without their riders, who
  /// may be erased later: the taps tell whose they are.
  case ride
  /// Rides that runs of the period reversed.
  case reversal = "ride_reversal"
  /// Kept sums of rides.
  case rideSum = "ride_sum"

  /// Tables whose accounting date is the period's, as `t`; `c` is the run.
  private var source: String {
    switch self {
    case .entry: "entry t where t.accounting_date"
    case .run: "clearing_run t where t.accounting_date"
    case .ride: "clearing_run c join ride t on t.run_id = c.run_id where c.accounting_date"
    case .reversal:
      "clearing_run c join ride t on t.reversed_run_id = c.run_id where c.accounting_date"
    case .rideSum: "ride_sum t where t.accounting_date"
    }
  }

  /// What orders the leaves, and names a row.
  private var order: [String] {
    switch self {
    case .entry: ["t.entry_id"]
    case .run: ["t.run_id"]
    case .ride: ["t.run_id", "t.ride_id"]
    case .reversal: ["t.reversed_run_id", "t.ride_id"]
    case .rideSum:
      [
        "t.fare_day", "t.accounting_date", "t.lane", "t.operator_id collate \"C\"",
        "t.route collate \"C\"", "t.mode collate \"C\"", "t.category collate \"C\"",
        "t.product collate \"C\"", "t.medium collate \"C\"", "t.currency collate \"C\"",
        "t.tariff_version collate \"C\"",
      ]
    }
  }

  private var leaf: String {
    switch self {
    case .entry: "sha256('\\x00'::bytea || int8send(t.entry_id) || t.digest)"
    case .run:
      Self.row([
        "t.run_id", "t.lane", Self.date("t.accounting_date"), Self.moment("t.started_at"),
        "t.rider_days", "t.taps", "t.rides_added", "t.rides_reversed",
      ])
    case .ride:
      Self.row(
        [Self.date("t.fare_day"), Self.moment("t.started_at"), Self.moment("t.ended_at")]
          + [
            "ride_id", "lane", "run_id", "device_id", "epoch", "seq", "off_device_id",
            "off_epoch", "off_seq", "riders", "category", "product", "medium", "mode",
            "operator_id", "route", "currency", "nominal_minor", "charged_minor",
            "tariff_version", "reason",
          ].map { "t.\($0)" })
    case .reversal: Self.row(["t.reversed_run_id", "t.ride_id"])
    case .rideSum:
      Self.row(
        [Self.date("t.fare_day"), Self.date("t.accounting_date")]
          + [
            "lane", "operator_id", "route", "mode", "category", "product", "medium", "currency",
            "tariff_version", "rides", "riders", "free_rides", "reduced_rides", "unknown_rides",
            "late_rides", "nominal_minor", "charged_minor",
          ].map { "t.\($0)" })
    }
  }

  fileprivate static func row(_ columns: [String]) -> String {
    let texts = columns.map { "(\($0))::text" }.joined(separator: ", ")
    return "sha256('\\x00'::bytea || convert_to(array[\(texts)]::text, 'UTF8'))"
  }

  private static func date(_ column: String) -> String { "to_char(\(column), 'YYYY-MM-DD')" }

  private static func moment(_ column: String) -> String {
    "(extract(epoch from \(column)) * 1000000)::int8"
  }

  /// Leaves and the names of their rows, of the dates `$1` to `$2`, in order.
  fileprivate var sql: String {
    let key = order.map { "(\($0.replacing(" collate \"C\"", with: "")))::text" }
    return """
      select \(leaf) as leaf, concat_ws(' ', \(key.joined(separator: ", "))) as key
      from \(source) between $1 and $2 order by \(order.joined(separator: ", "))
      """
  }
}

extension PeriodTables {
  /// Most leaves fetched at once.
  package static let leavesPerFetchMax = 20_000

  /// The tree over the rows of a table that belong to a period.
  ///
  /// On one unchanging picture of the database; the rows are read by a cursor, never held as a whole.
  package func tree(_ table: SealedTable, of period: AccountingPeriod) async throws -> PeriodTreeRow
  {
    try await tree(table.rawValue, table.sql, [.date(period.first), .date(period.last)])
  }

  /// The tree over the digests of the rows of a table that were written until a period was closed,
  /// and after the one before it was.
  ///
  /// A leaf is SHA-256 over a byte 0 and the digest's number, table, row and value, as the rows of
  /// ``SealedTable`` are hashed.
  package func tree(_ table: MoneyTable, of period: String) async throws -> PeriodTreeRow {
    let leaf = SealedTable.row(["t.seal_id", "t.table_name", "t.row_key", "t.digest"])
    return try await tree(
      table.rawValue,
      """
      select \(leaf) as leaf, t.row_key as key from row_seal t
      where t.period = $1 and t.table_name = $2 order by t.seal_id
      """, [.text(period), .text(table.rawValue)])
  }

  private func tree(
    _ name: String, _ sql: String, _ parameters: [PostgresValue]
  ) async throws -> PeriodTreeRow {
    var tree = MerkleAccumulator()
    var keys: [String] = []
    try await leaves(sql, parameters) { leaf, key in
      if tree.count % MerkleAccumulator.blockLeaves == 0 { keys.append(key) }
      tree.add(leafHash: leaf)
    }
    return PeriodTreeRow(
      tree: PeriodTree(table: name, leaves: Int64(tree.count), root: tree.root),
      blocks: tree.blocks, blockKeys: keys)
  }

  /// The leaves of a table and the names of their rows, in order.
  package func leaves(
    _ table: SealedTable, of period: AccountingPeriod, _ each: ([UInt8], String) -> Void
  ) async throws {
    try await leaves(table.sql, [.date(period.first), .date(period.last)], each)
  }

  private func leaves(
    _ sql: String, _ parameters: [PostgresValue], _ each: ([UInt8], String) -> Void
  ) async throws {
    try await connection.execute("declare leaves no scroll cursor for \(sql)", parameters)
    while true {
      let rows = try await connection.query("fetch \(Self.leavesPerFetchMax) from leaves")
      guard !rows.isEmpty else { break }
      for row in rows { each(try row.bytea("leaf"), try row.text("key")) }
    }
    try await connection.execute("close leaves")
  }
}
