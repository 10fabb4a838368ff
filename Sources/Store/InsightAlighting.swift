import Basics
import Postgres

extension StoreSession {
  /// Rider-days on their way to alightings.
  package var alighting: AlightingTables { AlightingTables(connection: connection) }
}

/// What finding alightings reads and writes.
package struct AlightingTables {
  let connection: PostgresConnection

  /// Lanes in which rider-days wait for their alightings.
  package func lanesWaiting() async throws -> [Int16] {
    try await connection.query(
      "select distinct lane from travel_day where stale_since is not null order by lane"
    ).map { try $0.int2(0) }
  }

  /// Claims the oldest stale rider-days of a lane, at most so many.
  package func claimStaleDays(lane: Int16, countMax: Int) async throws -> [RiderDay] {
    let rows = try await connection.query(
      """
      select rider_id, fare_day from travel_day
      where lane = $1 and stale_since is not null
      order by fare_day, rider_id limit $2 for update skip locked
      """, [.int2(lane), .int8(Int64(countMax))])
    return try rows.map { row in
      RiderDay(rider: try row.identifier("rider_id"), fareDay: try row.date("fare_day"))
    }
  }

  /// The boardings of rider-days, each rider's in order of time.
  package func boardings(lane: Int16, days: [RiderDay]) async throws -> [StandingBoarding] {
    let rows = try await connection.query(
      """
      select b.fare_day, b.rider_id, b.tapped_at, b.device_id, b.epoch, b.seq, b.vehicle, b.route,
        b.direction, b.stop, b.stop_order, b.source, b.confidence::float8 as confidence
      from unnest($2::uuid[], $3::date[]) as c(rider_id, fare_day)
      join boarding b on b.lane = $1 and b.rider_id = c.rider_id and b.fare_day = c.fare_day
      where b.fare_day between $4 and $5
      order by b.fare_day, b.rider_id, b.tapped_at, b.device_id, b.epoch, b.seq
      """, Self.parameters(lane: lane, days: days))
    return try rows.map { row in
      StandingBoarding(
        name: TapName(
          device: try row.text("device_id"), epoch: try row.int8("epoch"),
          seq: try row.int8("seq")),
        day: RiderDay(rider: try row.identifier("rider_id"), fareDay: try row.date("fare_day")),
        at: try row.timestamptz("tapped_at"), vehicle: try row.textOrNil("vehicle"),
        route: try row.textOrNil("route"), direction: try row.intOrNil("direction"),
        stop: try row.textOrNil("stop"), stopOrder: try row.intOrNil("stop_order"),
        source: try row.text("source"), confidence: try row.float8("confidence"))
    }
  }

  /// Where the riders of rider-days tapped off, as far as the device named the stop or a person did.
  ///
  /// A ride may go on over the end of its day: taps off of the next one up to its first boarding are
  /// of the day before as well.
  package func tapOffs(lane: Int16, days: [RiderDay]) async throws -> [TapOff] {
    let rows = try await connection.query(
      """
      select o.fare_day, o.rider_id, o.tapped_at, coalesce(p.stop, o.stop) as stop,
        p.stop is not null as is_corrected, o.is_overnight
      from (
        select c.fare_day, false as is_overnight, t.rider_id, t.tapped_at, t.stop, t.device_id,
          t.epoch, t.seq
        from unnest($2::uuid[], $3::date[]) as c(rider_id, fare_day)
        join tap t on t.lane = $1 and t.rider_id = c.rider_id and t.fare_day = c.fare_day
        where t.fare_day between $4 and $5 and t.kind = 'off' and t.accepted
        union all
        select c.fare_day, true, t.rider_id, t.tapped_at, t.stop, t.device_id, t.epoch, t.seq
        from unnest($2::uuid[], $3::date[]) as c(rider_id, fare_day)
        join tap t on t.lane = $1 and t.rider_id = c.rider_id and t.fare_day = c.fare_day + 1
        where t.fare_day between $4::date + 1 and $5::date + 1 and t.kind = 'off' and t.accepted
          and not exists (select from tap n
            where n.lane = $1 and n.rider_id = t.rider_id and n.fare_day = t.fare_day
              and n.fare_day between $4::date + 1 and $5::date + 1 and n.kind = 'on'
              and n.accepted and n.tapped_at < t.tapped_at)) o
      left join stop_correction p on p.device_id = o.device_id and p.epoch = o.epoch
        and p.seq = o.seq and p.state = 'standing'
      where coalesce(p.stop, o.stop) is not null
      order by o.tapped_at
      """, Self.parameters(lane: lane, days: days))
    return try rows.map { row in
      TapOff(
        day: RiderDay(rider: try row.identifier("rider_id"), fareDay: try row.date("fare_day")),
        at: try row.timestamptz("tapped_at"), stop: try row.text("stop"),
        isCorrected: try row.bool("is_corrected"),
        isOvernight: try row.bool("is_overnight"))
    }
  }

  /// Writes the ends of rides.
  package func save(_ alightings: [AlightingRow]) async throws {
    guard !alightings.isEmpty else { return }
    try await connection.execute(
      """
      update boarding b set off_stop = c.stop, off_stop_order = c.stop_order,
        off_source = c.source, off_confidence = c.confidence
      from unnest($1::date[], $2::text[], $3::int8[], $4::int8[], $5::text[], $6::int4[],
        $7::text[], $8::float8[])
        as c(fare_day, device_id, epoch, seq, stop, stop_order, source, confidence)
      where b.fare_day = c.fare_day and b.device_id = c.device_id and b.epoch = c.epoch
        and b.seq = c.seq
      """,
      [
        .dates(alightings.map { Optional($0.fareDay) }),
        .texts(alightings.map { Optional($0.name.device) }),
        .int8s(alightings.map { Optional($0.name.epoch) }),
        .int8s(alightings.map { Optional($0.name.seq) }), .texts(alightings.map(\.stop)),
        .int4s(alightings.map { $0.stopOrder.map { Int32($0) } }),
        .texts(alightings.map { Optional($0.source) }), .float8s(alightings.map(\.confidence)),
      ])
  }

  /// Writes down that the alightings of rider-days are found.
  package func finish(_ days: [RiderDay], lane: Int16) async throws {
    try await connection.execute(
      """
      update travel_day t set stale_since = null
      from unnest($2::uuid[], $3::date[]) as c(rider_id, fare_day)
      where t.lane = $1 and t.rider_id = c.rider_id and t.fare_day = c.fare_day
      """,
      [
        .int2(lane), .identifiers(days.map { Optional($0.rider) }),
        .dates(days.map { Optional($0.fareDay) }),
      ])
  }

  /// Lane, riders, days, and the first and last day, by which partitions are left out.
  private static func parameters(lane: Int16, days: [RiderDay]) -> [PostgresValue] {
    let dates = days.map(\.fareDay)
    return [
      .int2(lane), .identifiers(days.map { Optional($0.rider) }), .dates(dates.map(Optional.some)),
      .date(dates.min() ?? Day(number: 0)), .date(dates.max() ?? Day(number: 0)),
    ]
  }
}
