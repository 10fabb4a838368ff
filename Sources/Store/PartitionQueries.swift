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

extension Store {
  /// Drops the positions of days that are older than this process and any other on the database keeps them, the
  /// oldest first and at most so many days in an hour, whichever process dropped the others; those that went.
  ///
  /// One short transaction each, so that whoever writes positions waits for no more than one of them. Each looks
  /// for how long positions are kept: another process may say meanwhile that it needs more.
  package func dropPositions(
    today: Day, keepingDays: Int, at moment: Instant, perHourMax: Int
  ) async throws -> [Day] {
    let days = try await read { session in
      try await session.partitions.positionDays(
        before: try await session.partitions.keptFrom(today, keepingDays), countMax: perHourMax)
    }
    var dropped: [Day] = []
    for day in days {
      let isDropped = try await write { session in
        try await session.partitions.holdPartitions()
        let keptFrom = try await session.partitions.keptFrom(today, keepingDays)
        guard day < keptFrom else { return false }
        return try await session.partitions.dropPositions(
          of: day, at: moment, perHourMax: perHourMax)
      }
      guard isDropped else { break }
      dropped.append(day)
    }
    return dropped
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
  static let lockKey: Int64 = 0x4B56_7061_7274

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

  /// Setting with the first day of which positions are kept; there is none while no positions were dropped.
  private static let positionsSetting = "positions_from"
  /// Longest wait for those who read and write positions, who wait behind the drop meanwhile, milliseconds.
  private static let dropWaitMillisecondsMax = 2_000

  /// The first day of which positions are kept; nil while none were dropped.
  ///
  /// Whoever looks for positions asks for this afterwards: it is written in the transaction that drops them.
  package func positionsFirstDay() async throws -> Day? {
    let name = Self.positionsSetting
    guard let text = try await StoreSession(connection: connection).settings.find(name) else {
      return nil
    }
    guard let day = Day(text) else {
      throw StoreFault(kind: .damaged, "the setting \(name) is \"\(text)\"")
    }
    return day
  }

  /// The days before one of which there are positions, the oldest first, at most so many.
  ///
  /// None that a vehicle-day needs which waits to be placed: where nobody places, nothing is dropped.
  func positionDays(before first: Day, countMax: Int) async throws -> [Day] {
    try await connection.query(
      """
      select day from (
        select to_date(right(c.relname, 8), 'YYYYMMDD') as day
        from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = 'position'::regclass and c.relname ~ '^position_[0-9]{8}$'
        union select service_day from position_other where service_day < $1) d
      where day < $1 and day < coalesce(
        (select min(service_day) - 1 from vehicle_day where stale_since is not null), $1)
      order by day limit $2
      """, [.date(first), .int8(Int64(countMax))]
    ).map { try $0.date(0) }
  }

  /// Lets nobody else make or drop partitions, nor say for how long positions are kept, until the end of the
  /// transaction; whoever drops waits for no lock for long.
  func holdPartitions() async throws {
    try await connection.script("set local lock_timeout = \(Self.dropWaitMillisecondsMax)")
    try await connection.execute("select pg_advisory_xact_lock($1)", [.int8(Self.lockKey)])
  }

  /// Drops the positions of a day, and writes down that positions are kept from the next day on; false where as many
  /// days as may go went in this hour.
  ///
  /// For whoever holds partitions.
  func dropPositions(of day: Day, at moment: Instant, perHourMax: Int) async throws -> Bool {
    guard try await countDrop(at: moment, perHourMax: perHourMax) else { return false }
    let next = day.adding(days: 1)
    if try await positionsFirstDay().map({ $0 < next }) ?? true {
      try await StoreSession(connection: connection).settings.set(
        Self.positionsSetting, to: next.description)
    }
    let name = DayTable.position.partition(of: day)
    if try await exists(name) {
      try await connection.script("drop table \(name)")
    } else {
      try await connection.execute(
        "delete from \(DayTable.position.otherPartition) where service_day = $1", [.date(day)])
    }
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
