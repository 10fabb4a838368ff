import Basics
import Postgres
package import Tapping
import Transit

extension StoreSession {
  /// What became of each tap of a device.
  package var tapAudit: TapAuditTables { TapAuditTables(connection: connection) }
}

/// A tap that reached its rider, and what became of it.
package struct AuditedTapRow: Sendable, Equatable {
  package let tap: TapRow
  /// Whether the fares of the rider's day are worked out with it.
  package let isRated: Bool
  package let boarding: PlacedRide.Place?
  package let alighting: PlacedRide.Place?
  /// What its ride costs in minor units; nil when it began no ride, or the fare is not known.
  package let chargedMinor: Int64?
  package let currency: String?
  /// Other contents that came under its number.
  package let conflicts: Int
  /// Whether it is a tap off that ended no ride.
  package let endsNoRide: Bool
  /// Whether its medium was on the deny list that the validator used; nil where it is not known.
  package let wasListed: Bool?
}

/// A tap in quarantine.
package struct QuarantinedRow: Sendable, Equatable {
  package let seq: Int64
  package let code: String
  package let message: String
  /// JSON as Intake wrote it.
  package let content: String
  package let state: QuarantineState
}

/// A tap in a batch that the sorter has not read, or could not.
package struct UnsortedTapRow: Sendable, Equatable {
  package let seq: Int64
  package let batchID: Int64
  /// Why the sorter could not read the batch; nil while it waits.
  package let fault: String?
}

/// What became of each tap of a device, in the order of the numbers.
package struct TapAuditTables {
  /// Most taps of a page.
  package static let tapsMax = 10_000

  let connection: PostgresConnection

  /// Whether the medium `m` of a tap `t` was on the list that the validator used; `l` is its line in the list.
  ///
  /// `l` tells all versions from its last change on, and what that took the place of those before. What was before a
  /// medium's changes were kept is not known, nor what a version says that was never made or is from before a restore.
  static let wasListed = isListed(in: "t.deny_list_version")

  /// Whether the medium `m`, whose line is `l`, was on a version of the list; nobody is on the empty one before the
  /// first change.
  static func isListed(in version: String) -> String {
    """
    case when \(version) = 0 then false
      when m.fingerprint is not null and \(version) between
        greatest(coalesce((select value::bigint from setting
          where name = '\(DenyListQueries.baseSetting)'), 0), 1)
        and (select max(version) from deny_list_version)
      then case when l.version is null then false
        when l.version <= \(version) then l.is_denied
        when \(version) < l.first_version then false
        else (select p.is_denied from deny_list_past p
          where p.fingerprint = l.fingerprint and p.version <= \(version)
          order by p.version desc limit 1) end
    end
    """
  }

  /// Taps that reached their rider, after a number.
  package func sorted(
    device: String, epoch: Int64, after seq: Int64, countMax: Int
  ) async throws -> [AuditedTapRow] {
    let rows = try await connection.query(
      """
      select \(RatingTables.tapColumns), t.accepted, t.deny_reason, t.deny_list_version,
        f.stale_since is null and f.rated_at is not null and \(TapParcelTables.hasArrived) as rated,
        b.stop as on_stop, b.source as on_source, b.confidence::float8 as on_confidence,
        b.off_stop, b.off_source, b.off_confidence::float8 as off_confidence,
        r.charged_minor, r.currency, (
          select count(*) from tap_conflict c
          where c.device_id = t.device_id and c.epoch = t.epoch and c.seq = t.seq) as conflicts,
        \(TapWithoutRideTables.endsNoRide) as ends_no_ride, \(Self.wasListed) as was_listed
      from (
        select * from tap where device_id = $1 and epoch = $2 and seq > $3
        order by seq limit $4) t
      left join fare_day f
        on f.lane = t.lane and f.rider_id = t.rider_id and f.fare_day = t.fare_day
      left join medium m on m.medium_id = t.medium_id
      left join deny_list l on l.fingerprint = m.fingerprint
      left join boarding b on b.fare_day = t.fare_day and b.device_id = t.device_id
        and b.epoch = t.epoch and b.seq = t.seq
      left join lateral (
        -- A ride that ends after midnight belongs to the day of its end.
        select charged_minor, currency from ride r
        where r.fare_day in (t.fare_day, t.fare_day + 1) and r.lane = t.lane
          and r.rider_id = t.rider_id and r.device_id = t.device_id and r.epoch = t.epoch
          and r.seq = t.seq and r.reversed_run_id is null limit 1) r on true
      order by t.seq
      """,
      [.text(device), .int8(epoch), .int8(seq), .int8(Int64(min(countMax, Self.tapsMax)))])
    return try rows.map { row in
      var tap = try RatingTables.tap(row)
      tap.isAccepted = try row.bool("accepted")
      tap.denyReason = try row.textOrNil("deny_reason")
      tap.denyListVersion = try row.int8OrNil("deny_list_version")
      return AuditedTapRow(
        tap: tap, isRated: try row.boolOrNil("rated") ?? false,
        boarding: try RiderTables.place(row, prefix: "on_"),
        alighting: try RiderTables.place(row, prefix: "off_"),
        chargedMinor: try row.int8OrNil("charged_minor"),
        currency: try row.textOrNil("currency"), conflicts: try row.int("conflicts"),
        endsNoRide: try row.bool("ends_no_ride"), wasListed: try row.boolOrNil("was_listed"))
    }
  }

  /// Taps in quarantine, after a number.
  package func quarantined(
    device: String, epoch: Int64, after seq: Int64, countMax: Int
  ) async throws -> [QuarantinedRow] {
    let rows = try await connection.query(
      """
      select seq, code, message, content, state from tap_quarantine
      where device_id = $1 and epoch = $2 and seq > $3 and sorted_at is null
      order by seq limit $4
      """,
      [.text(device), .int8(epoch), .int8(seq), .int8(Int64(min(countMax, Self.tapsMax)))])
    return try rows.map { row in
      QuarantinedRow(
        seq: try row.int8("seq"), code: try row.text("code"), message: try row.text("message"),
        content: try row.text("content"), state: try row.word("state"))
    }
  }

  /// Numbers of taps in batches that are not sorted, after a number.
  package func unsorted(
    device: String, epoch: Int64, after seq: Int64, countMax: Int
  ) async throws -> [UnsortedTapRow] {
    // The statement counts from the number behind it.
    guard seq < Int64.max else { return [] }
    let rows = try await connection.query(
      """
      select s as seq, b.batch_id, b.sort_fault
      from tap_batch b, unnest(b.fresh - b.quarantined) r,
        generate_series(greatest(lower(r), $4 + 1), upper(r) - 1) s
      where b.lane = $1 and b.device_id = $2 and b.epoch = $3 and upper(b.fresh) > $4 + 1
        and b.sorted_at is null
      order by s limit $5
      """,
      [
        .int2(Lane.of(name: device)), .text(device), .int8(epoch), .int8(seq),
        .int8(Int64(min(countMax, Self.tapsMax))),
      ])
    return try rows.map { row in
      UnsortedTapRow(
        seq: try row.int8("seq"), batchID: try row.int8("batch_id"),
        fault: try row.textOrNil("sort_fault"))
    }
  }

  /// The bytes of batches of a device, by their numbers.
  package func bodies(
    device: String, batches ids: Set<Int64>
  ) async throws -> [Int64: StoredBody] {
    guard !ids.isEmpty else { return [:] }
    let rows = try await connection.query(
      "select batch_id, body, format from tap_batch where lane = $1 and batch_id = any($2)",
      [.int2(Lane.of(name: device)), .int8s(ids.sorted().map(Optional.some))])
    var bodies: [Int64: StoredBody] = [:]
    for row in rows {
      bodies[try row.int8("batch_id")] = StoredBody(
        bytes: try row.bytea("body"), format: try row.text("format"))
    }
    return bodies
  }
}
