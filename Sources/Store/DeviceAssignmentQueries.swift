package import Basics
import Postgres
package import Tapping

/// Where validators are mounted.
package struct DeviceAssignmentQueries {
  let connection: PostgresConnection

  /// The places of a device through time.
  package func find(_ id: String) async throws -> DeviceAssignments {
    try await find(of: [id])[id] ?? DeviceAssignments()
  }

  /// The places of devices through time; who never had one is missing.
  package func find(of ids: some Collection<String>) async throws -> [String: DeviceAssignments] {
    let rows = try await connection.query(
      """
      select device_id, vehicle, stop, valid_from, valid_to from device_assignment
      where device_id = any($1) order by device_id, valid_from
      """, [.texts(Array(ids))])
    var entries: [String: [DeviceAssignment]] = [:]
    for row in rows {
      let place: DevicePlace =
        if let vehicle = try row.textOrNil(1) { .vehicle(vehicle) } else { .stop(try row.text(2)) }
      entries[try row.text(0), default: []].append(
        DeviceAssignment(
          place, from: try row.timestamptz(3), to: try row.timestamptzOrNil(4)))
    }
    return entries.mapValues { DeviceAssignments($0) }
  }

  /// Puts the places of a device in place of those that stand.
  package func save(_ assignments: DeviceAssignments, of id: String) async throws {
    let entries = assignments.entries
    try await connection.pipeline([
      PostgresStatement("delete from device_assignment where device_id = $1", [.text(id)]),
      PostgresStatement(
        """
        insert into device_assignment (device_id, vehicle, stop, valid_from, valid_to)
        select $1, n.* from unnest($2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[]) n
        """,
        [
          .text(id), .texts(entries.map(\.place.vehicle)), .texts(entries.map(\.place.stop)),
          .timestamptzs(entries.map(\.from)), .timestamptzs(entries.map(\.to)),
        ]),
    ])
  }

  /// Holds the sorting of a device's journal still until the end of the transaction, so that no tap
  /// is being sorted by places that change now.
  package func holdSorting(of id: String) async throws {
    try await StoreSession(connection: connection).holdLanes(.sorting, [Lane.of(name: id)])
  }

  /// The riders whose taps of a device in a time would move with its place, and their fare days, at most a
  /// count of them; and whether taps would come into a vehicle or out of one.
  ///
  /// Taps that were not accepted move too: where the vehicle was may be found by them.
  package func riders(
    of id: String, into vehicle: String?, from: Instant, to: Instant?, days: ClosedRange<Day>,
    countMax: Int
  ) async throws -> (days: [RiderID: ClosedRange<Day>], isOfVehicles: Bool) {
    let rows = try await connection.query(
      """
      select rider_id, min(fare_day) as first, max(fare_day) as last,
        bool_or(t.vehicle is distinct from $7::text) as is_of_vehicles
      from tap t
      where t.device_id = $1 and t.fare_day between $4 and $5 and t.tapped_at >= $2
        and ($3::timestamptz is null or t.tapped_at < $3)
        and (t.assigned is not null or t.vehicle is null)
      group by rider_id limit $6
      """,
      [
        .text(id), .timestamptz(from), .orNull(to, PostgresValue.timestamptz),
        .date(days.lowerBound), .date(days.upperBound), .int8(Int64(countMax)),
        .orNull(vehicle, PostgresValue.text),
      ])
    var riders: [RiderID: ClosedRange<Day>] = [:]
    var isOfVehicles = false
    for row in rows {
      riders[try row.identifier("rider_id")] = try row.date("first")...(try row.date("last"))
      if try row.bool("is_of_vehicles") { isOfVehicles = true }
    }
    return (riders, isOfVehicles)
  }

  /// Gives the sorted taps of a device in a time their place anew; the number of taps moved.
  ///
  /// Taps that named their place themselves stay. The days of riders and vehicles become stale.
  package func replaceTaps(
    of id: String, from: Instant, to: Instant?, days: ClosedRange<Day>, at: Instant
  ) async throws -> Int {
    let parameters: [PostgresValue] = [
      .text(id), .timestamptz(from), .orNull(to, PostgresValue.timestamptz),
      .date(days.lowerBound), .date(days.upperBound),
    ]
    // The old vehicle is asked for beside the new one: both of their days change.
    let rows = try await connection.query(
      """
      with old as (
        select t.fare_day, t.lane, t.rider_id, t.tapped_at, t.epoch, t.seq, t.vehicle as old_vehicle,
          t.stop as old_stop,
          case when t.assigned = 'vehicle' then null else t.vehicle end as own_vehicle,
          case when t.assigned = 'stop' then null else t.stop end as own_stop
        from tap t
        where t.device_id = $1 and t.fare_day between $4 and $5 and t.tapped_at >= $2
          and ($3::timestamptz is null or t.tapped_at < $3)
          and (t.assigned is not null or t.vehicle is null)),
      placed as (
        select o.*, coalesce(o.own_vehicle, a.vehicle) as new_vehicle,
          coalesce(o.own_stop, case when o.own_vehicle is null then a.stop end) as new_stop,
          case when o.own_vehicle is null and a.vehicle is not null then 'vehicle'
            when o.own_vehicle is null and o.own_stop is null and a.stop is not null then 'stop'
          end as new_assigned
        from old o left join device_assignment a on a.device_id = $1
          and a.valid_from <= o.tapped_at and (a.valid_to is null or o.tapped_at < a.valid_to)),
      moved as (
        update tap t set vehicle = p.new_vehicle, stop = p.new_stop, assigned = p.new_assigned
        from placed p
        where t.fare_day = p.fare_day and t.lane = p.lane and t.rider_id = p.rider_id
          and t.tapped_at = p.tapped_at and t.device_id = $1 and t.epoch = p.epoch and t.seq = p.seq
          and t.fare_day between $4 and $5
          and (t.vehicle, t.stop, t.assigned)
            is distinct from (p.new_vehicle, p.new_stop, p.new_assigned)
        returning t.fare_day, t.rider_id, t.accepted, t.kind, p.old_vehicle, t.vehicle)
      select fare_day, rider_id, bool_or(accepted) as accepted,
        bool_or(accepted and kind = 'off') as has_ends, old_vehicle, vehicle, count(*) as taps
      from moved group by fare_day, rider_id, old_vehicle, vehicle
      """, parameters)
    var riderDays: Set<RiderDay> = []
    var ended: Set<RiderDay> = []
    var vehicleDays: Set<VehicleDay> = []
    var count = 0
    for row in rows {
      let day = try row.date("fare_day")
      let riderDay = RiderDay(rider: try row.identifier("rider_id"), fareDay: day)
      if try row.bool("accepted") { riderDays.insert(riderDay) }
      if try row.bool("has_ends") { ended.formUnion([riderDay, riderDay.before]) }
      for column in ["old_vehicle", "vehicle"] {
        vehicleDays.insert(VehicleDay(vehicle: try row.textOrNil(column) ?? "", day: day))
      }
      // The old vehicle keeps the device: other taps may have stayed.
      count += try row.int("taps")
    }
    let sorting = SortingTables(connection: connection)
    try await sorting.markStale(riderDays: riderDays, reason: "device was reassigned", at: at)
    try await sorting.note(
      Set(vehicleDays.map { VehicleDevice(vehicleDay: $0, device: id) }))
    try await sorting.markStale(vehicleDays: vehicleDays, at: at)
    // No boarding changes where a rider got off at another stop: placing would not mark the day.
    try await PlacingTables(connection: connection).markStale(ended, at: at)
    return count
  }
}
