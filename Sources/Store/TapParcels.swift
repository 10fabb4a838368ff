package import Basics
import Postgres
import Transit

extension StoreSession {
  /// Taps on their way from the sorter to the riders' lanes.
  package var parcels: TapParcelTables { TapParcelTables(connection: connection) }
}

/// Taps on their way from the sorter to the riders' lanes, in parcels as mail has them.
///
/// A parcel holds the accepted taps that one pass of sorting found for a fare day and a share of a lane's
/// riders. It is as good as a stale mark on the day of each of its riders: whoever counts or lists what
/// waits for a rating looks at the view `rider_day_waiting`. Rating takes the parcels of its lane; the
/// taps of a day that has no row in `fare_day` yet are all in them, so that they need not be looked up.
package struct TapParcelTables {
  /// Shares of a lane's riders: a pass of rating takes what waits for one of them.
  ///
  /// It then has all taps of a rider's day, however far the journal was behind, and rates the day once.
  ///
  /// They are told by the first bits of riders, so that the rows of a pass lie together in the indexes by
  /// rider. Parcels of another number of shares, of an earlier program, are only taken with other ones.
  package static let sharesPerLane = 4

  /// The share of a rider within its lane.
  package static func share(of rider: RiderID) -> Int {
    Int(rider.high.multipliedFullWidth(by: UInt64(sharesPerLane)).high)
  }

  let connection: PostgresConnection

  /// Holds for a tap `t` that is in no parcel.
  static let hasArrived = """
    not exists (
      select from tap_parcel w where w.lane = t.lane and w.fare_day = t.fare_day
        and t.rider_id = any(w.riders))
    """

  /// Puts the accepted of some taps into parcels, one for each share of a lane and fare day.
  ///
  /// Days before `today` are late. The number of rider-days.
  package func add(_ taps: [TapRow], today: Day, at now: Instant) async throws -> Int {
    // The fare days of a pass are few; each has a parcel for each share of each lane.
    var days: [(day: Day, parcels: [TapParcelWriter])] = []
    for tap in taps.indices where taps[tap].isAccepted {
      let (fareDay, rider) = (taps[tap].fareDay, taps[tap].rider)
      let place = days.firstIndex { $0.day == fareDay } ?? days.count
      if place == days.count {
        let parcels = [TapParcelWriter](
          repeating: TapParcelWriter(), count: Int(Lane.count) * Self.sharesPerLane)
        days.append((fareDay, parcels))
      }
      let share = Int(Lane.of(rider)) * Self.sharesPerLane + Self.share(of: rider)
      days[place].parcels[share].add(taps[tap])
    }
    guard !days.isEmpty else { return 0 }
    days.sort { $0.day < $1.day }
    var rows = CopyRows(columnCount: 8)
    for place in 0..<Int(Lane.count) * Self.sharesPerLane {
      let (lane, share) = place.quotientAndRemainder(dividingBy: Self.sharesPerLane)
      for (day, parcels) in days where parcels[place].tapCount > 0 {
        let parcel = parcels[place]
        let cause: StaleCause = day < today ? .lateTap : .tap
        try rows.append([
          .int2(Int16(lane)), .int2(Int16(share)), .date(day), .timestamptz(now),
          .text(cause.rawValue),
          .identifiers(parcel.riders.map(Optional.some)), .bytea(parcel.bytes),
          .int4(Int32(parcel.tapCount)),
        ])
      }
    }
    try await connection.copyIn(
      """
      copy tap_parcel (lane, share, fare_day, sorted_at, cause, riders, taps, tap_count)
      from stdin (format binary)
      """, rows)
    return days.reduce(0) { $0 + $1.parcels.reduce(0) { $0 + $1.riders.count } }
  }

  /// Takes the parcels of the share of a lane for which one waits the longest, of at most so many taps but
  /// for the first parcel.
  ///
  /// The lane has to be held; parcels that a sorter is adding right now are left for the next pass.
  package func take(lane: Int16, tapsMax: Int) async throws -> [ParcelledDay] {
    let rows = try await connection.query(
      """
      with taken as materialized (
        select parcel_id from (
          select parcel_id, sum(tap_count) over (order by parcel_id) - tap_count as before
          from tap_parcel where lane = $1 and share = (
            select share from tap_parcel where lane = $1 order by parcel_id limit 1)) p
        where before < $2)
      delete from tap_parcel p using taken t where p.lane = $1 and p.parcel_id = t.parcel_id
      returning p.parcel_id, p.fare_day, p.cause, p.riders, p.taps
      """, [.int2(lane), .int8(Int64(tapsMax))])
    var days: [ParcelledDay] = []
    var places: [RiderDay: Int] = [:]
    let parcels = try rows.map { row in (row: row, id: try row.int8("parcel_id")) }
    for (row, id) in parcels.sorted(by: { $0.id < $1.id }) {
      let fareDay = try row.date("fare_day")
      let cause = StaleCause(rawValue: try row.text("cause")) ?? .tap
      let riders = try row.uuids("riders").compactMap { value in
        value.map { RiderID(high: $0.high, low: $0.low) }
      }
      let riderPlaces = riders.map { rider -> Int in
        let day = RiderDay(rider: rider, fareDay: fareDay)
        if let place = places[day] { return place }
        places[day] = days.count
        days.append(ParcelledDay(day: day, cause: cause, taps: []))
        return days.count - 1
      }
      var reader = TapParcelReader(try row.bytea("taps"), riders: riders, fareDay: fareDay)
      while let (place, tap) = reader.next() { days[riderPlaces[place]].taps.append(tap) }
      guard reader.isWhole else {
        throw StoreFault(
          kind: .damaged,
          "parcel \(id) of lane \(lane) cannot be read: was it written by a newer program?")
      }
    }
    // Taps that a tariff cannot tell apart keep the order of their names, however they came.
    for index in days.indices where days[index].taps.count > 1 {
      days[index].taps.sort { $0.at == $1.at ? $0.name < $1.name : $0.at < $1.at }
    }
    return days
  }

  /// For riders who have a fare day at all, their last one with its state; by the riders' places.
  package func lastDays(lane: Int16, of riders: [RiderID]) async throws -> [Int: LastDay] {
    let rows = try await connection.query(
      """
      select c.n, f.fare_day, f.state_after
      from unnest($2::uuid[]) with ordinality as c(rider_id, n)
      cross join lateral (
        select f.fare_day, f.state_after from fare_day f
        where f.lane = $1 and f.rider_id = c.rider_id order by f.fare_day desc limit 1) f
      """, [.int2(lane), .identifiers(riders.map(Optional.some))])
    var days: [Int: LastDay] = [:]
    days.reserveCapacity(rows.count)
    for row in rows {
      var row = PostgresRowCursor(row)
      let place = try row.int() - 1
      days[place] = LastDay(fareDay: try row.date(), stateAfter: try row.bytea())
    }
    return days
  }

  /// Turns all parcels of lanes into stale marks, for those who move what riders have.
  ///
  /// The lanes have to be held, so that nobody adds or takes parcels meanwhile.
  package func unpack(lanes: some Sequence<Int16>) async throws {
    try await connection.execute(
      """
      with gone as (
        delete from tap_parcel where lane = any($1) returning lane, fare_day, riders, cause, sorted_at)
      insert into fare_day (lane, rider_id, fare_day, stale_since, stale_cause)
      select distinct on (g.lane, r.rider_id, g.fare_day) g.lane, r.rider_id, g.fare_day, g.sorted_at,
        g.cause
      from gone g cross join lateral unnest(g.riders) as r(rider_id)
      order by g.lane, r.rider_id, g.fare_day, g.sorted_at
      on conflict (lane, rider_id, fare_day) do update
        set stale_since = excluded.stale_since, stale_cause = excluded.stale_cause,
          stale_reason = null
        where fare_day.stale_since is null
      """, [.int2s(lanes.map(Optional.some))])
  }
}

/// A rider's day with the taps that came for it in parcels.
package struct ParcelledDay: Sendable {
  package let day: RiderDay
  package let cause: StaleCause
  /// In the order of time, those of one moment in that of their names.
  package fileprivate(set) var taps: [TapRow]
}

/// The last fare day of a rider, with the state that it left.
package struct LastDay: Sendable {
  package let fareDay: Day
  package let stateAfter: [UInt8]
}
