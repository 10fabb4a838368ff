package import Basics
import Postgres
import Tapping
import Transit

extension StoreSession {
  /// What a proof of the books reads beside the books themselves.
  package var bookProofs: BookProofTables { BookProofTables(connection: connection) }
}

/// A rider's day as it was rated, for a proof.
package struct AuditedDay: Sendable {
  package let day: RiderDay
  package let isStale: Bool
  package let stateAfter: [UInt8]
  package let tariffVersion: String?
  package let hasOpenRide: Bool
  /// Whether rides with media of stored value are charged, and no account is there to pay them.
  package let owes: Bool
  /// The network by which it was rated; nil without one.
  package let feedID: Int64?
}

/// What a proof of the books reads beside the books themselves.
package struct BookProofTables {
  let connection: PostgresConnection

  /// Runs whose counts or accounting dates are not those of their rides and entries.
  package func runsThatDiffer(countMax: Int) async throws -> [String] {
    let rows = try await connection.query(
      """
      select format('clearing run %s of %s: %s rides added and %s reversed are kept, there are %s '
          'and %s', c.run_id, c.accounting_date, c.rides_added, c.rides_reversed,
          coalesce(a.n, 0), coalesce(b.n, 0)) as what
      from clearing_run c
        left join (select run_id, count(*) as n from ride group by 1) a using (run_id)
        left join (select reversed_run_id as run_id, count(*) as n from ride
          where reversed_run_id is not null group by 1) b using (run_id)
      where c.rides_added <> coalesce(a.n, 0) or c.rides_reversed <> coalesce(b.n, 0)
      union all
      select format('entry %s is dated %s, its clearing run %s', e.entry_id, e.accounting_date,
        c.accounting_date)
      from entry e join clearing_run c using (run_id)
      where e.accounting_date <> c.accounting_date
      union all
      select format('ride %s of %s names clearing run %s, which is not there', r.ride_id,
        r.fare_day, s.run_id)
      from ride r cross join lateral (values (r.run_id), (r.reversed_run_id)) as s (run_id)
      where s.run_id is not null
        and not exists (select from clearing_run c where c.run_id = s.run_id)
      order by 1 limit $1
      """, [.int8(Int64(countMax))])
    return try rows.map { try $0.text(0) }
  }

  /// Entries whose lines are not numbered from 1 without a hole, lines that belong to no entry, and
  /// proofs that belong to no closed period.
  package func partsOfNothing(countMax: Int) async throws -> [String] {
    let rows = try await connection.query(
      """
      select format('entry %s: its %s lines are numbered %s to %s', entry_id, count(*), min(line),
        max(line)) as what
      from posting group by entry_id having min(line) <> 1 or max(line) <> count(*)
      union all
      select format('a line of entry %s, which is not there', p.entry_id)
      from posting p where not exists (select from entry e where e.entry_id = p.entry_id)
      union all
      select format('period %s has a proof and is not there, or not closed', t.period)
      from period_tree t where not exists (
        select from accounting_period a where a.period = t.period and a.state = 'closed')
      order by 1 limit $1
      """, [.int8(Int64(countMax))])
    return try rows.map { try $0.text(0) }
  }

  /// The fare days of riders in order, with what their rating left.
  package func days(lane: Int16, riders: [RiderID]) async throws -> [AuditedDay] {
    let rows = try await connection.query(
      """
      select r.rider_id, r.fare_day, r.is_stale as stale, r.state_after, r.tariff_version,
        r.open_ride, r.owes, (
          select f.feed_id from fare_day f where f.lane = r.lane and f.rider_id = r.rider_id
            and f.fare_day = r.fare_day) as feed_id
      from rider_day r where r.lane = $1 and r.rider_id = any($2)
      order by r.rider_id, r.fare_day
      """, [.int2(lane), .identifiers(riders.map(Optional.some))])
    return try rows.map { row in
      AuditedDay(
        day: RiderDay(rider: try row.identifier("rider_id"), fareDay: try row.date("fare_day")),
        isStale: try row.bool("stale"), stateAfter: try row.bytea("state_after"),
        tariffVersion: try row.textOrNil("tariff_version"), hasOpenRide: try row.bool("open_ride"),
        owes: try row.bool("owes"), feedID: try row.int8OrNil("feed_id"))
    }
  }
}
