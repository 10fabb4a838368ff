package import Basics
import Postgres

/// An active validator that is not known to hold the newest deny list.
package struct DeviceBehind: Sendable, Equatable {
  package let device: String
  /// The newest version that it is known to hold; nil when none is known.
  package let heldVersion: Int64?
  /// When it was first known to hold it.
  package let heldSince: Instant?
  /// When it was last heard of; nil when never, or not since it took the place of other hardware.
  package let lastSeenAt: Instant?
}

/// Who lacks the newest deny list.
extension DenyListQueries {
  /// Most validators of one answer.
  package static let behindMax = 1000

  /// Active validators that are not known to hold the newest version, in the order of their ids, after one; none
  /// before there is a version.
  package func behind(after id: String = "", limit: Int = behindMax) async throws -> [DeviceBehind]
  {
    let rows = try await connection.query(
      """
      select d.device_id, held.version, held.seen_at, contact.at
      from device d \(DeviceContacts.joined)
      left join lateral (
        select l.version, l.seen_at from device_deny_list l where l.device_id = d.device_id
        order by l.version desc limit 1) held on true
      where d.state = 'active' and d.device_id > $1
        and coalesce(held.version, 0) < (select max(version) from deny_list_version)
      order by d.device_id limit $2
      """, [.text(id), .int8(Int64(min(limit, Self.behindMax)))])
    return try rows.map { row in
      DeviceBehind(
        device: try row.text(0), heldVersion: try row.int8OrNil(1),
        heldSince: try row.timestamptzOrNil(2), lastSeenAt: try row.timestamptzOrNil(3))
    }
  }
}
