package import Basics
import Postgres

/// Tables with a partition for each day, and the column that holds the day.
///
/// Taps come last: a day is sorted as soon as it has a partition of taps, and what follows from them then
/// finds its own, so that no row has to move into one while somebody looks for it.
package enum DayTable: String, Sendable, CaseIterable {
  case position, boarding, ride, tap

  var dayColumn: String { self == .position ? "service_day" : "fare_day" }
  /// The partition that catches days without one of their own.
  var otherPartition: String { rawValue + "_other" }

  func partition(of day: Day) -> String {
    rawValue + "_" + day.description.filter { $0 != "-" }
  }
}

extension Store {
  /// Makes the partitions of the days around one, of every table that has them; the number made.
  ///
  /// One short transaction each, so that writers wait for no more than one of them.
  @discardableResult
  package func ensurePartitions(
    around day: Day, daysBack: Int, daysAhead: Int
  ) async throws -> Int {
    precondition(daysBack >= 0 && daysAhead >= 0, "days are counted from the middle outwards")
    return try await ensurePartitions(of: (-daysBack...daysAhead).map { day.adding(days: $0) })
  }

  /// Makes the partitions of some days, of every table that has them; the number made.
  @discardableResult
  package func ensurePartitions(of days: some Collection<Day> & Sendable) async throws -> Int {
    let missing = try await read { session in try await session.partitions.missing(of: days) }
    var madeCount = 0
    for (table, day) in missing {
      if try await write({ try await $0.partitions.ensure(table, day) }) { madeCount += 1 }
    }
    return madeCount
  }
}

extension StoreSession {
  /// Partitions by day.
  package var partitions: PartitionQueries { PartitionQueries(connection: connection) }
}

/// Partitions by day.
package struct PartitionQueries {
  let connection: PostgresConnection

  /// Any number that nothing else locks: "KV" and then "part".
  private static let lockKey: Int64 = 0x4B56_7061_7274

  /// The partitions of some days that are not there, in the order of the days.
  package func missing(of days: some Collection<Day>) async throws -> [(DayTable, Day)] {
    let wanted = Set(days).sorted().flatMap { day in DayTable.allCases.map { ($0, day) } }
    let rows = try await connection.query(
      """
      select name from unnest($1::text[]) as name
      where not exists (select from pg_class
        where relname = name and relnamespace = current_schema()::regnamespace)
      """, [.texts(wanted.map { $0.0.partition(of: $0.1) })])
    let names = Set(try rows.map { try $0.text(0) })
    return wanted.filter { names.contains($0.0.partition(of: $0.1)) }
  }

  /// Makes the partition of a day; false when it is there.
  ///
  /// A row that is on its way to the partition for all other days meanwhile is refused there, and its
  /// transaction tried again (`row_has_no_partition`). Rows that came earlier and lie there move into the
  /// new one, which is no change of them: the triggers that keep rows as they are do not look. The parent
  /// is locked weakly (ATTACH), so readers and writers of other days go on.
  package func ensure(_ table: DayTable, _ day: Day) async throws -> Bool {
    let name = table.partition(of: day)
    if try await exists(name) { return false }
    try await connection.execute("select pg_advisory_xact_lock($1)", [.int8(Self.lockKey)])
    if try await exists(name) { return false }
    let column = table.dayColumn
    try await connection.script(
      """
      create table \(name) (like \(table.rawValue) including defaults including constraints
        including indexes);
      lock table \(table.otherPartition) in access exclusive mode;
      alter table \(table.otherPartition) disable trigger user;
      with moved as (delete from \(table.otherPartition) where \(column) = '\(day)' returning *)
        insert into \(name) select * from moved;
      alter table \(table.otherPartition) enable trigger user;
      alter table \(table.rawValue) attach partition \(name)
        for values from ('\(day)') to ('\(day.adding(days: 1))');
      """)
    return true
  }

  private func exists(_ name: String) async throws -> Bool {
    // Not to_regclass: without a lock it may answer from a cache that is older than our wait.
    let rows = try await connection.query(
      """
      select exists (select from pg_class
        where relname = $1 and relnamespace = current_schema()::regnamespace)
      """, [.text(name)])
    return try rows.only().bool(0)
  }
}
