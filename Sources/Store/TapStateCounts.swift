import Postgres

extension TapStateTables {
  /// How many taps are in each state now.
  ///
  /// Taps that have come to their end are not counted one by one, or a year of them would be counted
  /// anew each time: all that sorting added up are paid, but for those of days of which something is
  /// still open. Those days are found by indexes that hold nothing else.
  package func counts() async throws -> TapStateCounts {
    let row = try await connection.query(Self.countsSQL).only()
    var counts = TapStateCounts()
    counts.journalled = try row.int8("journalled")
    counts.conflicts = try row.int8("conflicts")
    for state in TapState.allCases where state != .rated {
      counts.counts[state] = try row.int8(state.rawValue)
    }
    // A released tap is the sorter's again until it lies under its fare day.
    counts.counts[.unsorted, default: 0] += try row.int8("released")
    let paying = [TapState.billed, .settled, .writtenOff].reduce(0) {
      $0 + counts.counts[$1, default: 0]
    }
    counts.counts[.rated] =
      try row.int8("accepted") - counts.counts[.sorted, default: 0] - paying
    return counts
  }

  /// Charge windows that are not paid: open ones and those that were given up.
  ///
  /// Something is left of each, so that the index `charge_window_rest` has them all.
  static let openWindows = """
    select w.* from charge_window w where \(ReportQuery.hasRest)
      and w.state not in ('settled', 'nothing', 'netted')
    """

  /// Rated days of riders whose account has not paid all of them, and what it lacks.
  static let shortDays = """
    select f.lane, f.rider_id, f.fare_day, d.account_id, d.due_minor - d.paid_minor as lacking_minor
    from wallet_day d join wallet_account a using (account_id)
    join fare_day f on f.lane = a.lane and f.rider_id = a.rider_id and f.fare_day = d.fare_day
    where d.paid_minor < d.due_minor and a.closed_at is null and not exists (
      select from rider_day_waiting w where w.lane = f.lane and w.rider_id = f.rider_id
        and w.fare_day = f.fare_day)
    """

  /// Days of riders with a ride that has no fare: it goes on, or its fare is not known.
  private static let unfaredDays = """
    select lane, rider_id, fare_day from fare_day f where open_ride and not exists (
      select from fare_day n
      where n.lane = f.lane and n.rider_id = f.rider_id and n.fare_day > f.fare_day)
    union
    select lane, rider_id, fare_day from (\(unknownFares)) u
    """

  private static let (charged, stored) = (ChargingTables.chargedMedia, WalletTables.media)

  /// Taps of bank cards and phones: where the windows of a day stand, the one that is least far decides
  /// for all its taps, and where a closed day has none, nothing is due unless something is still awaited.
  private static let chargedTaps = """
    open_window as materialized (
      select lane, rider_id, fare_day, bool_or(state <> 'written_off') as is_billed
      from (\(openWindows)) o group by lane, rider_id, fare_day),
    open_tap as (
      select count(*) filter (where o.is_billed) as billed,
        count(*) filter (where not o.is_billed) as written_off, count(c.fare_day) as of_closed_days
      from open_window o left join charge_day c using (fare_day) join tap t using (lane, rider_id, fare_day)
      where t.accepted and t.medium in \(charged)),
    without_window as (
      select count(*) as taps from (
        select lane, rider_id, fare_day from waiting
        union select lane, rider_id, fare_day from unfared
        union select lane, rider_id, fare_day from charge_day_waiting) e
      join charge_day c using (fare_day) join tap t using (lane, rider_id, fare_day)
      where t.accepted and t.medium in \(charged) and not \(hasWindow("e"))),
    -- Differences of days before the first one whose windows were closed.
    before_first as (
      select count(*) as taps from (
        select distinct lane, rider_id, fare_day from charge_window
        where fare_day < coalesce((select min(fare_day) from charge_day), 'infinity')
        except select lane, rider_id, fare_day from open_window) b
      join tap t using (lane, rider_id, fare_day)
      where t.accepted and t.medium in \(charged)),
    of_closed_days as (
      select coalesce(sum(accepted - stored_value), 0)::int8 as taps
      from tap_sum join charge_day using (fare_day)),
    """

  static func hasWindow(_ day: String) -> String {
    """
    exists (select from charge_window made where made.lane = \(day).lane
      and made.rider_id = \(day).rider_id and made.fare_day = \(day).fare_day)
    """
  }

  /// Taps of cards and QR codes: an account is short, or nobody has one.
  private static let storedTaps = """
    short as materialized (select lane, rider_id, fare_day from (\(shortDays)) s),
    short_tap as (
      select count(*) as billed from short join tap t using (lane, rider_id, fare_day)
      where t.accepted and t.medium in \(stored)),
    open_stored as (
      select count(*) as taps from (
        select lane, rider_id, fare_day from waiting
        union select lane, rider_id, fare_day from short
        union select lane, rider_id, fare_day from fare_day where owes
        union select lane, rider_id, fare_day from unfared) o
      join tap t using (lane, rider_id, fare_day)
      where t.accepted and t.medium in \(stored)),
    """

  private static let countsSQL = """
    with waiting as materialized (select lane, rider_id, fare_day from rider_day_waiting),
    unfared as materialized (\(unfaredDays)),
    \(chargedTaps)
    \(storedTaps)
    sorted as (
      -- A day that has to be rated again keeps what is in a payment where it is.
      select count(*) as taps from waiting w join tap t using (lane, rider_id, fare_day)
      where t.accepted and not (t.medium in \(charged) and \(hasWindow("w")))),
    summed as (
      select coalesce(sum(accepted), 0)::int8 as accepted, coalesce(sum(denied), 0)::int8 as denied,
        coalesce(sum(stored_value), 0)::int8 as stored_value from tap_sum)
    select
      (select coalesce(sum(taps_stored), 0)::int8 from device_epoch) as journalled,
      (select coalesce(sum(conflicts), 0)::int8 from device_epoch) as conflicts,
      (select coalesce(sum(taps), 0)::int8 from unsorted_tap where not is_set_aside) as unsorted,
      (select coalesce(sum(taps), 0)::int8 from unsorted_tap where is_set_aside) as set_aside,
      (select count(*) from tap_held where state = 'held') as quarantined,
      (select count(*) from tap_held where state = 'released') as released,
      (select count(*) from tap_held where state = 'discarded') as discarded,
      m.accepted, m.denied, s.taps as sorted, o.billed + r.billed as billed, o.written_off,
      c.taps - o.of_closed_days - n.taps + b.taps + m.stored_value - v.taps as settled
    from summed m, sorted s, open_tap o, short_tap r, of_closed_days c, without_window n,
      before_first b, open_stored v
    """
}
