/// A table of sums that are kept beside the rows they are of: reports over months are made of these.
///
/// Rows are only added to it, so that no two workers wait for the row of a day; a folding makes one row of the
/// many that are told apart by nothing, and a proof compares what it comes to with the rows themselves.
struct SumTable {
  /// A column by which sums are told apart.
  struct Column: ExpressibleByStringLiteral {
    let name: String
    /// What stands for nothing where columns are compared, as SQL; nil where there always is something.
    var nothing: String?

    init(stringLiteral name: String) { self.name = name }

    /// One that may hold nothing.
    static func orNothing(_ name: String, as nothing: String) -> Column {
      var column = Column(stringLiteral: name)
      column.nothing = nothing
      return column
    }

    func value(in table: String?) -> String {
      let column = table.map { "\($0).\(name)" } ?? name
      return nothing.map { "coalesce(\(column), \($0))" } ?? column
    }
  }

  let name: String
  let key: [Column]
  let figures: [String]

  /// The columns by which sums are told apart.
  var keyNames: String { key.map(\.name).joined(separator: ", ") }
  /// The columns that are summed.
  var figureNames: String { figures.joined(separator: ", ") }
  /// What they come to, under their names.
  var summed: String {
    figures.map { "sum(\($0))::int8 as \($0)" }.joined(separator: ", ")
  }

  /// The key with what stands for nothing, of rows in a relation, under its names, and their numbers in the list.
  func keyValues(in table: String? = nil) -> String {
    key.map { "\($0.value(in: table)) as \($0.name)" }.joined(separator: ", ")
  }
  var keyNumbers: String { key.indices.map { String($0 + 1) }.joined(separator: ", ") }

  private func keyRow(in table: String) -> String {
    "row(\(key.map { $0.value(in: table) }.joined(separator: ", ")))"
  }

  /// The statement that folds what is told apart by nothing and has more loose rows than a count, which is SQL with
  /// `$1`; of a day before the newest all.
  ///
  /// The days are named first, or each fold would read the sums of all years for those of a day.
  func foldingLoose(over count: String, by day: String) -> String {
    """
    with many as (
      select \(keyValues()) from \(name) where not is_folded group by \(keyNumbers)
      having count(*) > \(count) or \(day) < (select max(\(day)) from \(name))),
    gone as (
      delete from \(name) s using many m
      where s.\(day) = any(array(select \(day) from many)) and \(keyRow(in: "s")) = \(keyRow(in: "m"))
      returning s.*)
    insert into \(name) (\(keyNames), \(figureNames), is_folded)
    select \(keyNames), \(summed), true from gone group by \(keyNames)
    """
  }

  /// The statement that folds the days, told by the first column, that have more rows than `$1`; of one that is
  /// over for `daysOfChange` all, for each look counts all rows that there are.
  ///
  /// Of a day whose rows are told apart by much, as by the files of months, half have to go at least: it would be
  /// made anew with each look otherwise.
  func foldingDays(olderThan daysOfChange: Int?) -> String {
    let day = key[0].name
    let older =
      daysOfChange.map {
        "or count(*) > 1 and \(day) < (select max(\(day)) from \(name)) - \($0)"
      } ?? ""
    return """
      with many as (
        select day from (
          select \(day) as day, count(*) as n from \(name) group by 1
          having count(*) > $1 \(older)) d
        where n >= 2 * (
          select count(*) from (
            select distinct \(keyNames) from \(name) where \(day) = d.day) k)),
      gone as (
        delete from \(name) s where s.\(day) = any(array(select day from many)) returning s.*)
      insert into \(name) (\(keyNames), \(figureNames))
      select \(keyNames), \(summed) from gone group by \(keyNames)
      """
  }

  /// The query that names sums which are not those of the rows, by column, with both.
  ///
  /// - Parameters:
  ///   - what: What is summed, for a person, as in an SQL literal.
  ///   - rows: What the sums are of, for a person.
  ///   - counted: The query of what the rows come to, with the columns of ``keyValues(in:)`` and the figures.
  func difference(of what: String, from rows: String, counted: String) -> String {
    let told = key.map { column in
      column.nothing.map { "nullif(\(column.name), \($0))" } ?? column.name
    }.joined(separator: ", ")
    let pairs = figures.map { "('\($0)', k.\($0), c.\($0))" }.joined(separator: ", ")
    return """
      select format('the kept sum of \(what) of %s: %s is kept as %s, \(rows) come to %s',
        concat_ws(' ', \(told)), v.name, coalesce(v.kept, 0), coalesce(v.counted, 0)) as what
      from (select \(keyValues()), \(summed) from \(name) group by \(keyNumbers)) k
        full join (\(counted)) c using (\(keyNames))
        cross join lateral (values \(pairs)) as v (name, kept, counted)
      where coalesce(v.kept, 0) <> coalesce(v.counted, 0)
      """
  }
}
