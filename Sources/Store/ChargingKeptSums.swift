import Basics
import Postgres

/// Sums of charge windows and of the acquirer's lines, kept by the statements that write them: reports
/// over months are made of these.
enum KeptSums {
  private static let windowTable = SumTable(
    name: "charge_sum", key: ["fare_day", "currency"],
    figures: [
      "windows", "amount_minor", "authorised_windows", "authorised_minor", "captured_windows",
      "captured_minor", "settled_windows", "settled_minor", "unsettled_windows",
    ])
  private static let lineTable = SumTable(
    name: "acquirer_sum", key: ["fare_day", "category", "kind", "currency", "file_id"],
    figures: ["records", "gross_minor", "fee_minor"])
  /// Of captures by accounting date: a trigger adds them with the events.
  private static let captureTable = SumTable(
    name: "capture_sum", key: ["accounting_date", "currency"], figures: ["captures"])

  /// The kind under which a line `r` is summed: those about top-ups and sales stand apart from those
  /// about charge windows, which the steps from ride to bank compare.
  private static let lineKind = """
    case when r.sale_id is null then r.kind when r.kind = 'capture' then 'sale'
      else 'sale_' || r.kind end
    """

  /// What a statement returns of the windows that it writes, for ``addingWindows``.
  static func windowColumns(of row: String) -> String {
    [
      "fare_day", "currency", "state", "amount_minor", "due_minor", "captured_minor",
      "settled_minor",
    ].map { "\(row).\($0)" }.joined(separator: ", ")
  }

  /// The sums of windows in a relation with a `sign`, which is -1 for windows as they were before.
  private static func windowSums(from source: String) -> String {
    """
    select fare_day, currency, coalesce(sum(sign), 0)::int8 as windows,
      sum(sign * amount_minor)::int8 as amount_minor,
      coalesce(sum(sign) filter (where captured_minor > 0 or is_authorised), 0)::int8
        as authorised_windows,
      sum(sign * (captured_minor + case when is_authorised then due_minor else 0 end))::int8
        as authorised_minor,
      coalesce(sum(sign) filter (where captured_minor > 0), 0)::int8 as captured_windows,
      sum(sign * captured_minor)::int8 as captured_minor,
      coalesce(sum(sign) filter (where settled_minor > 0), 0)::int8 as settled_windows,
      sum(sign * settled_minor)::int8 as settled_minor,
      coalesce(sum(sign) filter (where captured_minor > settled_minor), 0)::int8
        as unsettled_windows
    from (
      select *, state in ('authorised', 'capturing') as is_authorised from \(source)) w
    group by fare_day, currency
    """
  }

  /// The statement that adds what windows come to, of a relation as in ``windowSums``.
  static func addingWindows(from source: String) -> String {
    let (key, figures) = (windowTable.keyNames, windowTable.figureNames)
    return """
      insert into charge_sum (\(key), \(figures))
      select \(key), \(figures) from (\(windowSums(from: source))) s
      where row(\(figures)) <> row(\(windowTable.figures.map { _ in "0" }.joined(separator: ", ")))
      """
  }

  /// The statement that adds what lines of the acquirer come to, of a relation of such rows.
  static func addingLines(from source: String) -> String {
    """
    insert into acquirer_sum (\(lineTable.keyNames), \(lineTable.figureNames))
    select coalesce(w.fare_day, r.value_date), r.category, \(lineKind), r.currency, r.file_id,
      count(*)::int8, sum(r.gross_minor)::int8, sum(r.fee_minor)::int8
    from \(source) r left join charge_window w using (window_id) group by 1, 2, 3, 4, 5
    """
  }

  /// Statements that make one row of the many of a day, where there are more than a count.
  static let folding = [
    windowTable.foldingDays(olderThan: daysOfChange),
    // A line is added once, with all others of its file.
    lineTable.foldingDays(olderThan: nil),
    captureTable.foldingDays(olderThan: daysOfChange),
  ]

  /// Days for which the sums of a day often change.
  private static let daysOfChange = 31

  /// The statement that names kept sums that are not those of the rows, by column, with both amounts.
  static let differences: String = {
    let lines = """
      select coalesce(w.fare_day, r.value_date) as fare_day, r.category, \(lineKind) as kind, r.currency,
        r.file_id, count(*)::int8 as records, sum(r.gross_minor)::int8 as gross_minor,
        sum(r.fee_minor)::int8 as fee_minor
      from acquirer_record r left join charge_window w using (window_id) group by 1, 2, 3, 4, 5
      """
    let captures = """
      select e.accounting_date, e.currency,
        sum(case v.kind when 'captured' then 1 else -1 end)::int8 as captures
      from charge_event v join entry e using (entry_id)
      where v.kind in ('captured', 'declined') and e.kind = 'payment' group by 1, 2
      """
    let windows = windowSums(from: "(select 1 as sign, * from charge_window) counted")
    return [
      windowTable.difference(of: "charge windows", from: "the rows", counted: windows),
      lineTable.difference(of: "the acquirer''s lines", from: "the rows", counted: lines),
      captureTable.difference(of: "captures", from: "the rows", counted: captures),
    ].joined(separator: " union all ") + " order by 1 limit $1"
  }()
}

extension ChargingTables {
  /// Most rows of a kept sum that a day has before they are made one.
  package static let sumRowsMax = 100

  /// The statements that make one row of many; their parameter is the most rows that a day may have.
  package static let sumFoldings = KeptSums.folding + [PostingSums.folding, KeptRideSums.folding]

  /// Makes one row of the many that were added to the sums of a fare day, or of an accounting date.
  package func foldSums(over rowsMax: Int = sumRowsMax) async throws {
    for statement in Self.sumFoldings {
      try await connection.execute(statement, [.int8(Int64(rowsMax))])
    }
  }
}

extension BookProofTables {
  /// Kept sums of charge windows, of the acquirer's lines and of captures that are not those of the rows.
  package func chargeSumsThatDiffer(countMax: Int) async throws -> [String] {
    try await connection.query(KeptSums.differences, [.int8(Int64(countMax))])
      .map { try $0.text(0) }
  }
}
