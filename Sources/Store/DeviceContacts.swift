package import Basics
import Postgres

/// When validators were last heard of, and in which vehicle they are: whoever asks, asks by these texts.
enum DeviceContacts {
  /// Days of the past in whose taps and positions a device may have named its vehicle.
  static let vehicleDaysMax = 7

  /// Of each device `d` the key `k` that it signs with, and `contact.at`: when it was last heard of by a batch, a
  /// heartbeat or a position; null is never, or not since it took the place of other hardware.
  ///
  /// What hardware that was replaced still delivers says nothing of the one that is in place; another key of the
  /// same hardware changes nothing.
  static let joined = """
    left join device_key k on k.device_id = d.device_id and k.public_key = d.public_key
    cross join lateral (
      select greatest(
        (select max(e.last_received_at) from (
          select last_received_at from device_epoch
          where device_id = d.device_id and epoch >= coalesce(k.epochs_from, 0)
          order by epoch desc limit \(DeviceQueries.registersMax)) e),
        (select h.received_at from device_heartbeat h where h.device_id = d.device_id),
        (select p.received_at from device_position p where p.device_id = d.device_id
          and (coalesce(k.epochs_from, 0) = 0 or p.received_at >= \(DenyListQueries.inPlaceSince)))) as at
    ) contact
    """

  /// Of each device `d` `place.vehicle`: the one that it is assigned to at a moment; else the one that its taps
  /// and positions of the last ``vehicleDaysMax`` days told last, of those that are heard of.
  ///
  /// A tap tells it when it was made, also when it comes late; a position when it came. `devices` names a table
  /// of those that are asked for, so that others are not looked for, nor those that are assigned; only where a
  /// device may be in one of two vehicles are its taps looked at.
  static func placed(at moment: String, among devices: String) -> String {
    let first = "((\(moment)::timestamptz at time zone 'UTC')::date - \(vehicleDaysMax))"
    let unassigned = """
      select u.device_id from \(devices) u where not exists (
        select from device_assignment s where s.device_id = u.device_id
          and s.valid_from <= \(moment) and (s.valid_to is null or s.valid_to > \(moment)))
      """
    return """
      left join device_assignment a on a.device_id = d.device_id
        and a.valid_from <= \(moment) and (a.valid_to is null or a.valid_to > \(moment))
      left join (
        select distinct on (n.device_id) n.device_id, n.vehicle
        from (
          select c.*, min(vehicle) over told <> max(vehicle) over told as is_unsure from (
            select device_id, vehicle, fare_day, null::timestamptz as received_at, seen_at from (
              select v.device_id, v.vehicle, v.fare_day, w.at as seen_at,
                rank() over (partition by v.device_id order by v.fare_day desc) as day_rank
              from vehicle_device v join vehicle_now w using (vehicle)
              where v.fare_day >= \(first)
                and v.device_id in (\(unassigned))) newest
            where day_rank = 1
            union all
            select p.device_id, p.vehicle, null, p.received_at, w.at
            from device_position p join vehicle_now w using (vehicle)
            where p.received_at >= \(first)::timestamp at time zone 'UTC'
              and p.device_id in (\(unassigned))) c
          window told as (partition by device_id)) n
        left join lateral (
          select t.tapped_at from tap t
          where n.is_unsure and t.fare_day = n.fare_day and t.fare_day >= \(first)
            and t.device_id = n.device_id and t.vehicle = n.vehicle
          order by t.epoch desc, t.seq desc limit 1) tapped on true
        order by n.device_id, coalesce(n.received_at, tapped.tapped_at) desc nulls last,
          n.seen_at desc, n.vehicle
      ) told on told.device_id = d.device_id
      cross join lateral (
        select case when a.device_id is null then told.vehicle else a.vehicle end as vehicle
      ) place
      """
  }
}

extension FleetQueries {
  /// When devices were last heard of; who never was, or not since it took the place of other hardware, is missing.
  package func lastContacts(of ids: [String]) async throws -> [String: Instant] {
    let rows = try await connection.query(
      """
      select d.device_id, contact.at from device d \(DeviceContacts.joined)
      where d.device_id = any($1) and contact.at is not null
      """, [.texts(ids)])
    return try Dictionary(rows.map { (try $0.text(0), try $0.timestamptz(1)) }) { first, _ in
      first
    }
  }
}
