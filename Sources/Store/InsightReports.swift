package import Basics
import Postgres
package import Transit

extension StoreSession {
  /// Sums of taps and rides for reports.
  package var reports: ReportTables { ReportTables(connection: connection) }
}

/// By what rides are told apart in a sum.
package enum RideGrouping: String, Sendable, CaseIterable {
  case day = "fare_day"
  case operatorID = "operator_id"
  case mode
  case category
}

/// Sums over rides that stand.
package struct RideSums: Sendable, Equatable {
  /// Nil where rides of several days are summed.
  package var day: Day?
  /// `agency_id`; nil where it is not known, or where operators are summed.
  package var operatorID: String?
  /// Nil where it is not known, or where modes are summed.
  package var mode: Mode?
  /// Nil where categories are summed.
  package var category: String?
  package var currency: Currency
  package var rides: Int64 = 0
  /// People on them: a tap may stand for several.
  package var people: Int64 = 0
  /// What the riders owe, minor units.
  package var chargedMinor: Int64 = 0
  /// What the rides cost by themselves for their categories, before transfers, caps and products, minor
  /// units; of a free category the full price.
  package var nominalMinor: Int64 = 0
  /// Rides that cost nothing.
  package var freeRides: Int64 = 0
  /// Rides whose fare is not known.
  package var unknownRides: Int64 = 0

  /// Makes sums of nothing.
  package init(currency: Currency) { self.currency = currency }
}

/// What of some days is missing from the sums.
package struct DayCompleteness: Sendable, Equatable {
  /// Taps by now of those days, and those of them at which nobody was let in.
  package var taps: Int64 = 0
  package var deniedTaps: Int64 = 0
  /// Boardings of people, and those of them that have no stop.
  package var boardings: Int64 = 0
  package var unplacedBoardings: Int64 = 0
  /// Tariffs by which the rides of those days were rated.
  package var tariffVersions: [String] = []

  /// Starts at nothing.
  package init() {}
}

/// Sums of taps and rides for reports.
package struct ReportTables {
  /// Most groups of one answer.
  package static let groupsMax = 10_000
  /// Most rows by operator of a table by accounting date, which is kept when its month is closed: what is
  /// left out of it then, an operator never sees again.
  package static let keptRowsMax = 200_000
  /// Last page that is read of a table.
  package static let pageMax = 1000
  /// Most partitions asked in one statement.
  package static let partitionsMax = 80
  /// Most tariff versions named.
  package static let versionsMax = 20

  let connection: PostgresConnection

  /// Sums of the rides of some days, grouped; of one operator when a scope is given.
  ///
  /// Added up from what is kept of the sums of the clearing's runs, so that a month is as quick as a day.
  package func rideSums(
    days: ClosedRange<Day>, basis: ReportQuestion.Basis = .fareDay, by groupings: [RideGrouping],
    operatorID: String?
  ) async throws -> [RideSums] {
    let columns = groupings.map(\.rawValue) + ["currency"]
    let list = columns.map { column in
      ["operator_id", "mode"].contains(column) ? "nullif(\(column), '') as \(column)" : column
    }.joined(separator: ", ")
    let places = columns.indices.map { String($0 + 1) }.joined(separator: ", ")
    let rows = try await connection.query(
      """
      select \(list), sum(rides)::int8 as rides, sum(riders)::int8 as people,
        sum(charged_minor)::int8 as charged, sum(nominal_minor)::int8 as nominal,
        sum(free_rides)::int8 as free, sum(unknown_rides)::int8 as unknown
      from ride_day_sum
      where \(basis.rawValue) between $1 and $2 and ($3::text is null or operator_id = $3)
      group by \(places) \(ReportQuery.havingRides)
      order by \(places) limit $4
      """,
      [
        .date(days.lowerBound), .date(days.upperBound), .orNull(operatorID, PostgresValue.text),
        .int8(Int64(Self.groupsMax)),
      ])
    return try rows.map { row in
      var sums = RideSums(currency: try row.currency("currency"))
      if groupings.contains(.day) { sums.day = try row.date("fare_day") }
      if groupings.contains(.operatorID) { sums.operatorID = try row.textOrNil("operator_id") }
      if groupings.contains(.mode) {
        sums.mode = try row.textOrNil("mode").flatMap(Mode.init(rawValue:))
      }
      if groupings.contains(.category) { sums.category = try row.text("category") }
      sums.rides = try row.int8("rides")
      sums.people = try row.int8("people")
      sums.chargedMinor = try row.int8("charged")
      sums.nominalMinor = try row.int8("nominal")
      sums.freeRides = try row.int8("free")
      sums.unknownRides = try row.int8("unknown")
      return sums
    }
  }

  /// What the books say is owed for the rides of some days, by operator and currency, minor units.
  ///
  /// Both accounts on which a fare ends are asked; their codes are given by the caller.
  package func booked(
    days: ClosedRange<Day>, accounts: [String], operatorID: String?
  ) async throws -> [(operatorID: String?, currency: Currency, minor: Int64)] {
    let rows = try await connection.query(
      """
      select nullif(operator_id, '') as operator_id, currency,
        sum(credit_minor - debit_minor)::int8 as minor
      from posting_sum
      where kind = 'fares' and fare_day between $1 and $2 and account = any($3)
        and ($4::text is null or operator_id = $4)
      group by 1, 2 order by 1, 2
      """,
      [
        .date(days.lowerBound), .date(days.upperBound), .texts(accounts.map(Optional.some)),
        .orNull(operatorID, PostgresValue.text),
      ])
    return try rows.map { row in
      (
        try row.textOrNil("operator_id"), try row.currency("currency"), try row.int8("minor")
      )
    }
  }

  /// Adds taps and boardings of some days to what is there of them.
  ///
  /// Within a scope of one operator they are those on its routes: `routes` are their ids, and `names` all
  /// the names by which validators may call them. Taps are added up from what sorting keeps of each device;
  /// boardings are read.
  package func count(
    days: ClosedRange<Day>, routes: [String]?, names: [String]?,
    into completeness: inout DayCompleteness
  ) async throws {
    let bounds: [PostgresValue] = [.date(days.lowerBound), .date(days.upperBound)]
    func list(_ names: [String]?) -> PostgresValue {
      .orNull(names) { .texts($0.map(Optional.some)) }
    }
    let taps = try await connection.query(
      """
      select coalesce(sum(accepted + denied), 0)::int8 as taps, coalesce(sum(denied), 0)::int8 as denied
      from device_day
      where fare_day between $1 and $2 and ($3::text[] is null or route = any($3))
      """, bounds + [list(names)]
    ).only()
    let boardings = try await connection.query(
      """
      select coalesce(sum(riders), 0)::int8 as boardings,
        coalesce(sum(riders) filter (where stop is null), 0)::int8 as unplaced
      from boarding
      where fare_day between $1 and $2 and ($3::text[] is null or route = any($3))
      """, bounds + [list(routes)]
    ).only()
    completeness.taps += try taps.int8("taps")
    completeness.deniedTaps += try taps.int8("denied")
    completeness.boardings += try boardings.int8("boardings")
    completeness.unplacedBoardings += try boardings.int8("unplaced")
  }

  /// Tariffs by which the rides of some days were rated, one more than ``versionsMax`` at most; of rides alone: without
  /// those of which something else was left when their rides were rated anew.
  package func tariffVersions(
    days: ClosedRange<Day>, basis: ReportQuestion.Basis = .fareDay, operatorID: String?,
    isOfRidesAlone: Bool = false
  ) async throws -> [String] {
    let having = isOfRidesAlone ? ReportQuery.havingAny(of: "rides") : ReportQuery.havingRides
    let rows = try await connection.query(
      """
      select tariff_version from ride_day_sum
      where \(basis.rawValue) between $1 and $2 and ($3::text is null or operator_id = $3)
      group by tariff_version \(having) order by 1 limit $4
      """,
      [
        .date(days.lowerBound), .date(days.upperBound), .orNull(operatorID, PostgresValue.text),
        .int8(Int64(Self.versionsMax) + 1),
      ])
    return try rows.map { try $0.text(0) }
  }

  /// Fare days that have taps, the newest first.
  package func days(countMax: Int) async throws -> [Day] {
    // Asked of the partitions by name: a question to all of them at once takes longer to plan, for
    // a year of days, than to answer.
    let names = try await connection.query(
      """
      select c.relname::text from pg_inherits i join pg_class c on c.oid = i.inhrelid
      where i.inhparent = 'tap'::regclass
      """)
    let prefix = DayTable.tap.rawValue + "_"
    var rest = try names.compactMap { Day(try $0.text(0).dropFirst(prefix.count)) }.sorted(by: >)[
      ...]
    let others = try await connection.query(
      "select distinct fare_day from \(DayTable.tap.otherPartition) order by 1 desc limit $1",
      [.int8(Int64(countMax))])
    var found = try others.map { try $0.date(0) }
    var count = 0
    while count < countMax, !rest.isEmpty {
      let asked = rest.prefix(Self.partitionsMax)
      rest = rest.dropFirst(asked.count)
      let sql = asked.map { day in
        "select date '\(day)' where exists (select from \(DayTable.tap.partition(of: day)))"
      }
      let rows = try await connection.query(sql.joined(separator: " union all "))
      found += try rows.map { try $0.date(0) }
      count += rows.count
    }
    return Array(Set(found).sorted(by: >).prefix(countMax))
  }
}
