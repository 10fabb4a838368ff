import Basics
import Postgres

/// A column of a row that holds another value than the program wrote, with both.
package struct ChangedColumn: Sendable, Equatable {
  package let name: String
  /// What the program wrote, as JSON; nil when it left the column empty.
  package let before: String?
  /// What stands there, as JSON; nil when nothing does.
  package let now: String?

  /// The change in words.
  package var words: String {
    "\(name) was \(before ?? "empty"), and is \(now ?? "empty")"
  }
}

extension RowSealTables {
  /// How far from what stands there an amount is looked for.
  static let stepsMax = 1000
  /// Most values of a column of other rows that are tried.
  static let valuesMax = 1000

  /// The column that somebody changed in a row, found by trying.
  ///
  /// With one column put back to what it was, the row has the digest that the program stamped: so the
  /// value is proven, not guessed. Tried are numbers near the one that stands there, the other numbers of the row, the values that the
  /// column has in other rows, and none. Nil when several columns were changed, or to something else.
  package func changedColumn(of table: MoneyTable, _ key: String) async throws -> ChangedColumn? {
    try await setTexts()
    let names = try await connection.query(
      """
      select attname::text from pg_attribute
      where attrelid = $1::text::regclass and attnum > 0 and not attisdropped and attname <> all($2)
      """, [.text(table.rawValue), .texts(table.leftOut.map(Optional.some))]
    ).map { try $0.text(0) }
    let others = names.map { name in
      """
      select '\(name)', v from (
        select distinct to_jsonb(x.\(name)) as v from \(table.rawValue) x limit \(Self.valuesMax)) o
      """
    }.joined(separator: " union all ")
    let rows = try await connection.query(
      """
      with image as (
        select jsonb_strip_nulls(to_jsonb(x) - $1) as i from \(table.rawValue) x
        where concat_ws('/', \(table.keyTexts(of: "x"))) = $2),
      written as (
        select digest from row_seal
        where table_name = $3 and row_key = $2 and stamp is not null
        order by seal_id desc limit 1),
      numbers as (
        select key, (value #>> '{}')::numeric as number from image, jsonb_each(i)
        where jsonb_typeof(value) = 'number'),
      tried (key, v) as (
        select key, to_jsonb(number + step)
        from numbers, generate_series(-\(Self.stepsMax), \(Self.stepsMax)) step
        union all
        select a.key, to_jsonb(b.number) from numbers a, numbers b
        union all
        select unnest(array[\(names.map { "'\($0)'" }.joined(separator: ", "))]), 'null'
        union all
        \(others))
      select key, nullif(v, 'null')::text as before, (i -> key)::text as now
      from image, written, tried
      where sha256(convert_to(
        jsonb_strip_nulls(i || jsonb_build_object(key, v))::text, 'UTF8')) = written.digest
        and i -> key is distinct from nullif(v, 'null')
      limit 1
      """,
      [
        .texts(table.leftOut.map(Optional.some)), .text(key), .text(table.rawValue),
      ])
    return try rows.first.map { row in
      ChangedColumn(
        name: try row.text("key"), before: try row.textOrNil("before"),
        now: try row.textOrNil("now"))
    }
  }
}
