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
  /// Taps of batches that the sorter could not read; nil when too many batches wait to count their taps.
  ///
  /// They are those that the journal took and that are neither with their rider nor in a queue.
  package var setAsideTaps: Int64?

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
    let batches = try await unsortedBatches(countMax: countMax)
    standing.unsortedBatches = batches.waiting
    standing.riderDays = try await waiting(Self.riderDaysSQL, [.int8(Int64(countMax))])
    standing.chargeWindows = try await waiting(
      Self.windowsSQL,
      [
        .int8(Int64(countMax)), .timestamptz(now),
        .texts(ChargeWindow.State.allCases.map { Optional($0.rawValue) }),
      ])
    let held = try await StoreSession(connection: connection).quarantine.standing()
    standing.quarantinedTaps = WaitingThings(count: held.held, oldestAt: held.oldestAt)
    if batches.waiting.count < countMax {
      standing.setAsideTaps = try await tapsNotSorted() - batches.taps
    }
    return standing
  }

  private func waiting(_ sql: String, _ bounds: [PostgresValue]) async throws -> WaitingThings {
    let row = try await connection.query(sql, bounds).only()
    return WaitingThings(
      count: try row.int("waiting"), oldestAt: try row.timestamptzOrNil("oldest"))
  }

  /// Batches that wait for the sorter, by the index that holds nothing else, and the possible taps that
  /// they brought first.
  private func unsortedBatches(countMax: Int) async throws -> (waiting: WaitingThings, taps: Int64)
  {
    let row = try await connection.query(
      """
      select count(*) as waiting, min(received_at) as oldest, coalesce(sum((
        select sum(upper(r) - lower(r)) from unnest(fresh - quarantined) r)), 0)::int8 as taps
      from (
        select received_at, fresh, quarantined from tap_batch
        where sorted_at is null and sort_fault is null limit $1) b
      """, [.int8(Int64(countMax))]
    ).only()
    let waiting = WaitingThings(
      count: try row.int("waiting"), oldestAt: try row.timestamptzOrNil("oldest"))
    return (waiting, try row.int8("taps"))
  }

  /// Taps that the journal took and that are neither in the sums of sorting nor held: by kept sums, for in
  /// the journal itself nobody would find them without reading all of it.
  private func tapsNotSorted() async throws -> Int64 {
    try await connection.query(
      """
      select (select coalesce(sum(taps_stored), 0) from device_epoch)::int8
        - (select coalesce(sum(accepted + denied), 0) from tap_sum)::int8
        - (select count(*) from tap_held)
      """
    ).only().int8(0)
  }

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
