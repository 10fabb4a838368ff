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

  /// All queues at a moment.
  package func standing(at now: Instant, countMax: Int = countMax) async throws -> QueueStanding {
    var standing = QueueStanding()
    standing.unsortedBatches = try await waiting(Self.batchesSQL, [.int8(Int64(countMax))])
    standing.riderDays = try await waiting(Self.riderDaysSQL, [.int8(Int64(countMax))])
    standing.chargeWindows = try await waiting(
      Self.windowsSQL,
      [
        .int8(Int64(countMax)), .timestamptz(now),
        .texts(ChargeWindow.State.allCases.map { Optional($0.rawValue) }),
      ])
    let held = try await StoreSession(connection: connection).quarantine.standing()
    standing.quarantinedTaps = WaitingThings(count: held.held, oldestAt: held.oldestAt)
    standing.setAsideTaps = try await setAsideTaps(countMax: countMax)
    return standing
  }

  private func waiting(_ sql: String, _ bounds: [PostgresValue]) async throws -> WaitingThings {
    let row = try await connection.query(sql, bounds).only()
    return WaitingThings(
      count: try row.int("waiting"), oldestAt: try row.timestamptzOrNil("oldest"))
  }

  /// By an index that holds nothing else.
  private func setAsideTaps(countMax: Int) async throws -> Int64 {
    try await connection.query(
      """
      select coalesce(sum(taps), 0)::int8
      from (select taps from unsorted_tap where is_set_aside limit $1) b
      """, [.int8(Int64(countMax))]
    ).only().int8(0)
  }

  /// By an index that holds nothing else.
  private static let batchesSQL = """
    select count(*) as waiting, min(received_at) as oldest
    from (select received_at from unsorted_tap where not is_set_aside limit $1) b
    """

  /// Of days and parcels so many each; a day that is in both waits once.
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

  /// Each state by itself: so the index leads to those that are due, however many wait for later.
  private static let windowsSQL = """
    select count(*) as waiting, min(next_at) as oldest from unnest($3::text[]) s(state)
    cross join lateral (
      select next_at from charge_window w where w.state = s.state and w.next_at <= $2
      order by next_at limit $1) w
    """
}
