package import Basics
import Postgres

extension StoreSession {
  /// Riders and their rides.
  package var riders: RiderTables { RiderTables(connection: connection) }
}

/// A ride of a rider with where it began and ended, as far as that is known.
package struct PlacedRide: Sendable, Equatable {
  /// A stop, how it is known, and how sure.
  package struct Place: Sendable, Equatable {
    /// `stop_id`; nil when it is not known, and `source` says why.
    package let stop: String?
    package let source: String
    /// 0 to 1; nil without a stop.
    package let confidence: Double?
  }

  package let ride: RideRow
  package let vehicle: String?
  /// `route_id` that the vehicle was found to drive; nil when the boarding is not worked out.
  package let placedRoute: String?
  package let direction: Int?
  /// Nil while the boarding is not worked out.
  package let boarding: Place?
  /// Nil while the alighting is not worked out.
  package let alighting: Place?
  /// Of the deny list that the validator used at the boarding; nil where its batch names none.
  package let denyListVersion: Int64?
  /// Whether the medium of the boarding was on that list; nil where it is not known.
  package let wasListed: Bool?
}

/// A fare day of a rider that is to be rated, or rated anew, or on which a ride goes on.
package struct WaitingRiderDay: Sendable, Equatable {
  package let fareDay: Day
  package let since: Instant
  package let cause: StaleCause
  /// Whether the day is rated as far as it can be: its last ride has not ended, and was not given up.
  package let rideGoesOn: Bool
}

/// Riders and their rides.
package struct RiderTables {
  /// Most rides of one answer.
  package static let ridesMax = 1000
  /// Most media of a rider that are named.
  package static let mediaMax = 50

  let connection: PostgresConnection

  /// The owner of one of some media; nil when none of them was ever tapped.
  package func find(media: [MediumID]) async throws -> RiderID? {
    let rows = try await connection.query(
      "select rider_id from medium where medium_id = any($1) order by first_seen_at limit 1",
      [.identifiers(media.map(Optional.some))])
    return try rows.onlyOrNil()?.identifier(0)
  }

  /// When a rider was first seen; nil when there is no such rider.
  package func firstSeen(_ rider: RiderID) async throws -> Instant? {
    let rows = try await connection.query(
      "select first_seen_at from rider where rider_id = $1", [.identifier(rider)])
    return try rows.onlyOrNil()?.timestamptz(0)
  }

  /// What a rider taps with: identifier and kind.
  package func media(of rider: RiderID) async throws -> [(id: MediumID, kind: String)] {
    let rows = try await connection.query(
      "select medium_id, kind from medium where rider_id = $1 order by first_seen_at limit $2",
      [.identifier(rider), .int8(Int64(Self.mediaMax))])
    return try rows.map { (try $0.identifier(0), try $0.text(1)) }
  }

  /// Rides of a rider that stand, of some fare days, in order of time, and one more than the limit
  /// when there are more.
  package func rides(
    of rider: RiderID, days: ClosedRange<Day>, countMax: Int
  ) async throws -> [PlacedRide] {
    let rows = try await connection.query(
      """
      select \(RideColumns.list(of: "r")), b.vehicle, b.route as placed_route, b.direction, b.stop, b.source,
        b.confidence::float8 as confidence, b.off_stop, b.off_source,
        b.off_confidence::float8 as off_confidence, t.deny_list_version,
        \(TapAuditTables.wasListed) as was_listed
      from ride r left join boarding b
        -- A ride carried over midnight was boarded on the day before.
        on b.fare_day in (r.fare_day, r.fare_day - 1) and b.device_id = r.device_id
          and b.epoch = r.epoch and b.seq = r.seq
      left join tap t on t.fare_day in (r.fare_day, r.fare_day - 1) and t.device_id = r.device_id
          and t.epoch = r.epoch and t.seq = r.seq
      left join medium m on m.medium_id = t.medium_id
      left join deny_list l on l.fingerprint = m.fingerprint
      where r.lane = $1 and r.rider_id = $2 and r.fare_day between $3 and $4
        and r.reversed_run_id is null
      order by r.started_at, r.ride_id limit $5
      """,
      [
        .int2(Lane.of(rider)), .identifier(rider), .date(days.lowerBound),
        .date(days.upperBound), .int8(Int64(min(countMax, Self.ridesMax) + 1)),
      ])
    return try rows.map { row in
      var cursor = PostgresRowCursor(row)
      return PlacedRide(
        ride: try RideColumns.ride(&cursor), vehicle: try row.textOrNil("vehicle"),
        placedRoute: try row.textOrNil("placed_route"), direction: try row.intOrNil("direction"),
        boarding: try Self.place(row, prefix: ""), alighting: try Self.place(row, prefix: "off_"),
        denyListVersion: try row.int8OrNil("deny_list_version"),
        wasListed: try row.boolOrNil("was_listed"))
    }
  }

  /// Fare days of a rider of which what is told is about to change.
  ///
  /// They are to be rated, or rated anew; or their ride goes on, which is among no rides yet.
  package func waitingDays(
    of rider: RiderID, days: ClosedRange<Day>
  ) async throws -> [WaitingRiderDay] {
    let rows = try await connection.query(
      """
      select fare_day, stale_since, stale_cause, false as goes_on from rider_day_waiting
      where lane = $1 and rider_id = $2 and fare_day between $3 and $4
      union all
      select fare_day, rated_at, 'open_ride', true from fare_day f
      where lane = $1 and rider_id = $2 and fare_day between $3 and $4 and open_ride
        and stale_since is null and rated_at is not null and not exists (
          select from rider_day_waiting w
          where w.lane = f.lane and w.rider_id = f.rider_id and w.fare_day = f.fare_day)
        and not exists (
          select from fare_day n
          where n.lane = f.lane and n.rider_id = f.rider_id and n.fare_day > f.fare_day)
      order by fare_day limit $5
      """,
      [
        .int2(Lane.of(rider)), .identifier(rider), .date(days.lowerBound), .date(days.upperBound),
        .int8(Int64(Self.ridesMax)),
      ])
    return try rows.map { row in
      WaitingRiderDay(
        fareDay: try row.date("fare_day"), since: try row.timestamptz("stale_since"),
        cause: try row.textOrNil("stale_cause").flatMap(StaleCause.init) ?? .tap,
        rideGoesOn: try row.bool("goes_on"))
    }
  }

  static func place(_ row: PostgresRow, prefix: String) throws -> PlacedRide.Place? {
    guard let source = try row.textOrNil(prefix + "source") else { return nil }
    let stop = try row.textOrNil(prefix + "stop")
    return PlacedRide.Place(
      stop: stop, source: source,
      confidence: stop == nil ? nil : try row.float8OrNil(prefix + "confidence"))
  }
}
