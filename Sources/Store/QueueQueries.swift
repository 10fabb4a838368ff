package import Basics
import Charging
import Postgres

extension StoreSession {
  /// What waits between the parts of the service.
  package var queues: QueueQueries { QueueQueries(connection: connection) }
}

/// Things that wait, and since when the oldest of them.
package struct WaitingThings: Sendable, Equatable {
  /// At most ``QueueQueries/countMax`` (of charge windows, of each state).
  package var count = 0
  /// Nil when nothing waits.
  package var oldestAt: Instant?

  /// Names how many wait, and since when.
  package init(count: Int = 0, oldestAt: Instant? = nil) {
    self.count = count
    self.oldestAt = oldestAt
  }
}

/// The lengths of the queues at one moment.
package struct QueueStanding: Sendable, Equatable {
  /// Batches that wait for the sorter.
  package var unsortedBatches = WaitingThings()
  /// Rider-days that wait for their rating.
  package var riderDays = WaitingThings()
  /// Impossible taps that wait for a person.
  package var quarantinedTaps = WaitingThings()
  /// Charge windows in which something is due now.
  package var chargeWindows = WaitingThings()
  /// Charge windows of which the acquirer was asked and has not answered, since the first asking.
  package var askedWindows = WaitingThings()
  /// Taps of batches that the sorter could not read.
  package var setAsideTaps: Int64 = 0

  /// Starts at nothing.
  package init() {}
}

/// What waits between the parts of the service, counted for an alarm: so that it costs little however much
/// there is.
package struct QueueQueries {
  /// Most that is counted of one queue: past it a number stays there, which is alarm enough.
  package static let countMax = 100_000

  let connection: PostgresConnection

  /// A statement with what it is bound to.
  private struct Question {
    let sql: String
    let values: [PostgresValue]
  }

  /// All queues at a moment.
  package func standing(at now: Instant, countMax: Int = countMax) async throws -> QueueStanding {
    try await StoreSession(connection: connection).preferIndexes()
    var standing = QueueStanding()
    standing.unsortedBatches = try await waiting(Self.batches(countMax))
    standing.riderDays = try await waiting(Self.riderDays(countMax))
    standing.chargeWindows = try await waiting(Self.windows(countMax, at: now))
    standing.askedWindows = try await waiting(Self.asked(countMax))
    standing.setAsideTaps = try await ask(Self.setAside(countMax)).int8(0)
    let held = try await StoreSession(connection: connection).quarantine.standing(
      countMax: countMax)
    standing.quarantinedTaps = WaitingThings(count: held.held, oldestAt: held.oldestAt)
    return standing
  }

  /// How the database looks at each of them, with the indexes that ``standing(at:countMax:)`` prefers.
  package func plans() async throws -> [String] {
    try await StoreSession(connection: connection).preferIndexes()
    var lines: [String] = []
    for question in [
      Self.batches(Self.countMax), Self.riderDays(Self.countMax), Self.setAside(Self.countMax),
      Self.windows(Self.countMax, at: Instant(seconds: 0)), Self.asked(Self.countMax),
      Question(sql: QuarantineQueries.standingSQL, values: [.int8(Int64(Self.countMax))]),
    ] {
      lines += try await connection.query("explain (costs off) " + question.sql, question.values)
        .map { try $0.text(0) }
    }
    return lines
  }

  private func ask(_ question: Question) async throws -> PostgresRow {
    try await connection.query(question.sql, question.values).only()
  }

  private func waiting(_ question: Question) async throws -> WaitingThings {
    let row = try await ask(question)
    return WaitingThings(
      count: try row.int("waiting"), oldestAt: try row.timestamptzOrNil("oldest"))
  }

  private static func setAside(_ countMax: Int) -> Question {
    Question(sql: setAsideSQL, values: [.int8(Int64(countMax))])
  }

  private static func batches(_ countMax: Int) -> Question {
    Question(sql: batchesSQL, values: [.int8(Int64(countMax))])
  }

  private static func riderDays(_ countMax: Int) -> Question {
    Question(sql: riderDaysSQL, values: [.int8(Int64(countMax))])
  }

  private static func asked(_ countMax: Int) -> Question {
    Question(sql: askedSQL, values: [.int8(Int64(countMax))])
  }

  private static func windows(_ countMax: Int, at now: Instant) -> Question {
    Question(
      sql: windowsSQL,
      values: [
        .int8(Int64(countMax)), .timestamptz(now),
        .texts(ChargeWindow.State.allCases.map { Optional($0.rawValue) }),
      ])
  }

  /// By an index that holds nothing else.
  private static let setAsideSQL = """
    select coalesce(sum(taps), 0)::int8
    from (select taps from unsorted_tap where is_set_aside limit $1) b
    """

  /// By an index that holds nothing else; the oldest is the first of a lane, however many are not counted.
  private static let batchesSQL = """
    select count(*) as waiting, (
        select min(o.received_at) from generate_series(0, \(Lane.count - 1)) l(lane)
        cross join lateral (
          select received_at from unsorted_tap t
          where t.lane = l.lane::int2 and not t.is_set_aside order by t.batch_id limit 1) o) as oldest
    from (select batch_id from unsorted_tap where not is_set_aside limit $1) b
    """

  /// Of days and parcels so many each, the oldest of which is told; a day that is in both waits once.
  private static let riderDaysSQL = """
    select count(*) as waiting, min(since) as oldest from (
      select lane, rider_id, fare_day, min(since) as since from (
        (select lane, rider_id, fare_day, stale_since as since from fare_day
          where stale_since is not null limit $1)
        union all
        (select p.lane, r.rider_id, p.fare_day, p.sorted_at from tap_parcel p
          cross join lateral unnest(p.riders) as r(rider_id) limit $1)) w
      group by 1, 2, 3 limit $1) d
    """

  /// By an index that holds nothing else; asking again moves `next_at` on, and this stays.
  private static let askedSQL = """
    select count(*) as waiting, min(asked_at) as oldest from (
      select asked_at from charge_window where asked_at is not null order by asked_at limit $1) w
    """

  /// Each state by itself: so the index leads to those that are due, however many wait for later.
  private static let windowsSQL = """
    select count(*) as waiting, min(next_at) as oldest from unnest($3::text[]) s(state)
    cross join lateral (
      select next_at from charge_window w where w.state = s.state and w.next_at <= $2
      order by next_at limit $1) w
    """
}
