package import Basics
import Postgres

/// When validators were heard of by the positions they told: who tells only where it is, is not silent.
extension FleetQueries {
  /// Seconds of the past in which a position counts as a word of its validator.
  package static let positionSecondsMax: Int64 = 3600

  /// When devices themselves last told where the vehicle of each was, since a moment; who told nothing is
  /// missing.
  ///
  /// What hardware that was replaced told says nothing of the one that is in place.
  package func positionsTold(
    by places: [(device: String, vehicle: String)], since: Instant
  ) async throws -> [String: Instant] {
    guard !places.isEmpty else { return [:] }
    // Fare days begin by the city's clock, a day before that of UTC or on the day after it.
    let first = TimeZoneTable.utc.local(since).day.adding(days: -1)
    let days = (0...3).map { Optional(first.adding(days: $0)) }
    let rows = try await connection.query(
      """
      select n.device_id, p.at
      from unnest($1::int2[], $2::text[], $3::text[]) as n (lane, vehicle, device_id)
      join device d on d.device_id = n.device_id
      left join device_key k on k.device_id = d.device_id and k.public_key = d.public_key
      cross join lateral (
        select max(p.at) as at from position p
        where p.service_day = any($4) and p.lane = n.lane and p.vehicle = n.vehicle and p.at >= $5
          and p.device_id = n.device_id
          and (coalesce(k.epochs_from, 0) = 0 or p.received_at >= k.valid_from)) p
      where p.at is not null
      """,
      [
        .int2s(places.map { Lane.of(name: $0.vehicle) }), .texts(places.map(\.vehicle)),
        .texts(places.map(\.device)), .dates(days), .timestamptz(since),
      ])
    return try Dictionary(rows.map { (try $0.text(0), try $0.timestamptz(1)) }) { max($0, $1) }
  }
}
