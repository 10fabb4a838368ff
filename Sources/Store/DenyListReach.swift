package import Basics
import Postgres
import Tapping
import Transit

/// How the deny list reaches the validators, and how media get the name by which it knows them.
extension DenyListQueries {
  /// Most media without a fingerprint that are looked up in the journal in one change.
  static let lookUpsMax = 100

  /// Versions that are told, the newest; of older ones a device's sightings are forgotten once it held another.
  package static let versionsMax = 100
  /// Most sightings forgotten in one go.
  package static let forgottenMax = 100_000

  /// Since when the hardware is in place that a device signs with, for a device `d`.
  static let inPlaceSince = """
    (select min(y.valid_from) from device_key y join device_key c using (device_id, epoch_first)
      where c.device_id = d.device_id and c.public_key = d.public_key)
    """

  /// Notes which versions devices hold; the seconds that the news took, of those that are new.
  ///
  /// A version that was never made is not noted: devices may say anything. Nor is one that was named in an
  /// epoch of hardware which was replaced: what that held says nothing of the one in place. A device whose
  /// heartbeat names an older version than it held lost its memory, and holds that one. No news began on
  /// their way to a device before its hardware was in place.
  package func note(_ sightings: [DenyListSighting]) async throws -> [Double] {
    guard !sightings.isEmpty else { return [] }
    try await forgetWhatWasLost(sightings.filter { $0.source == .heartbeat })
    let rows = try await connection.query(
      """
      with added as (
        insert into device_deny_list (device_id, version, seen_at, source)
        select distinct on (n.d, n.v) n.d, n.v, n.t, n.s
        from unnest($1::text[], $2::bigint[], $3::timestamptz[], $4::text[], $5::bigint[])
          as n (d, v, t, s, e)
        join device d on d.device_id = n.d join deny_list_version k on k.version = n.v
        left join device_key y on y.device_id = d.device_id and y.public_key = d.public_key
        where n.e is null or n.e >= coalesce(y.epochs_from, 0)
        order by n.d, n.v, n.t
        on conflict (device_id, version) do nothing returning device_id, version, seen_at)
      select extract(epoch from seen_at - greatest(made_at, \(Self.inPlaceSince)))::float8
      from added join deny_list_version using (version) join device d using (device_id)
      """,
      [
        .texts(sightings.map(\.device)), .int8s(sightings.map(\.version)),
        .timestamptzs(sightings.map(\.at)), .texts(sightings.map(\.source.rawValue)),
        .int8s(sightings.map(\.epoch)),
      ])
    return try rows.map { max(try $0.float8(0), 0) }
  }

  /// Forgets newer versions than a heartbeat names, but for those that were seen while it may have been on its way.
  private func forgetWhatWasLost(_ beats: [DenyListSighting]) async throws {
    guard !beats.isEmpty else { return }
    try await connection.execute(
      """
      delete from device_deny_list l
      using unnest($1::text[], $2::bigint[], $3::timestamptz[]) as n (device_id, version, at)
      where l.device_id = n.device_id and l.version > n.version
        and l.seen_at < n.at - $4::bigint * interval '1 second'
      """,
      [
        .texts(beats.map(\.device)), .int8s(beats.map(\.version)), .timestamptzs(beats.map(\.at)),
        .int8(SignedQuestion.clockSecondsMax),
      ])
  }

  /// Forgets what a device held, when other hardware takes its place.
  package func forget(_ device: String) async throws {
    try await connection.execute(
      "delete from device_deny_list where device_id = $1", [.text(device)])
  }

  /// Forgets sightings of versions that are told no more, where a later one of the same device is known; how
  /// many, at most ``forgottenMax``.
  @discardableResult
  package func forgetOldSightings(limit: Int = forgottenMax) async throws -> Int {
    try await connection.execute(
      """
      delete from device_deny_list where (device_id, version) in (
        select l.device_id, l.version from device_deny_list l
        where l.version < (
            select version from deny_list_version order by version desc offset $1 limit 1)
          and exists (select from device_deny_list n
            where n.device_id = l.device_id and n.version > l.version)
        limit $2)
      """, [.int8(Int64(Self.versionsMax - 1)), .int8(Int64(limit))])
  }

  /// The newest versions with their way to the active devices, the newest first.
  package func versions(limit: Int) async throws -> [DenyListVersion] {
    let rows = try await connection.query(
      """
      with newest as (
        select * from deny_list_version order by version desc limit $1),
      active as (
        select d.device_id, \(Self.inPlaceSince) as since from device d where d.state = 'active'),
      reached as (
        select n.version, d.device_id,
          extract(epoch from min(s.seen_at) - greatest(n.made_at, d.since)) as seconds
        from newest n join device_deny_list s on s.version >= n.version
        join active d on d.device_id = s.device_id
        group by n.version, n.made_at, d.device_id, d.since)
      select n.version, n.made_at, n.added, n.removed, count(r.device_id) as devices,
        (select count(*) from active) as active,
        (percentile_cont(0.5) within group (order by greatest(r.seconds, 0))
          filter (where r.seconds is not null))::float8 as p50,
        (percentile_cont(0.95) within group (order by greatest(r.seconds, 0))
          filter (where r.seconds is not null))::float8 as p95,
        (max(greatest(r.seconds, 0)) filter (where r.seconds is not null))::float8 as slowest
      from newest n left join reached r on r.version = n.version
      group by n.version, n.made_at, n.added, n.removed order by n.version desc
      """, [.int8(Int64(limit))])
    return try rows.map { row in
      DenyListVersion(
        version: try row.int8(0), madeAt: try row.timestamptz(1), added: try row.int(2),
        removed: try row.int(3), devicesReached: try row.int(4), devicesActive: try row.int(5),
        latencyP50: try row.float8OrNil(6), latencyP95: try row.float8OrNil(7),
        latencyMax: try row.float8OrNil(8))
    }
  }

  /// The newest version that each of some devices is known to hold; who holds none is missing.
  package func held(by devices: [String]) async throws -> [String: Int64] {
    let rows = try await connection.query(
      """
      select device_id, max(version) from device_deny_list
      where device_id = any($1) group by device_id
      """, [.texts(devices)])
    return try Dictionary(
      uniqueKeysWithValues: rows.map { (try $0.text(0), try $0.int8(1)) })
  }

  /// What a device was known to hold, the newest version first: when, and how that is known.
  package func sightings(of device: String, limit: Int) async throws -> [DenyListSighting] {
    let rows = try await connection.query(
      """
      select version, seen_at, source,
        greatest(extract(epoch from seen_at - greatest(made_at, \(Self.inPlaceSince))), 0)::float8
      from device_deny_list join deny_list_version using (version) join device d using (device_id)
      where device_id = $1 order by version desc limit $2
      """, [.text(device), .int8(Int64(limit))])
    return try rows.map { row in
      let word = try row.text(2)
      guard let source = DenyListSource(rawValue: word) else {
        throw StoreFault(kind: .damaged, "device_deny_list.source holds \"\(word)\"")
      }
      return DenyListSighting(
        device: device, version: try row.int8(0), at: try row.timestamptz(1), source: source,
        seconds: try row.float8(3))
    }
  }

  /// Gives media the fingerprints that were computed from their tokens, where they have none.
  package func fillFingerprints(_ fingerprints: [MediumID: [UInt8]]) async throws {
    guard !fingerprints.isEmpty else { return }
    let ordered = fingerprints.sorted { $0.key < $1.key }
    try await connection.execute(
      """
      update medium m set fingerprint = n.f
      from unnest($1::uuid[], $2::bytea[]) as n (m, f)
      where m.medium_id = n.m and m.fingerprint is null
      """,
      [.identifiers(ordered.map { Optional($0.key) }), .byteas(ordered.map { Optional($0.value) })])
  }

  /// Makes sure that media are known here and have a fingerprint; those that came before there were
  /// fingerprints get theirs from a tap of the journal.
  func requireFingerprints(of media: [MediumID]) async throws {
    let rows = try await connection.query(
      """
      select n.m, m.medium_id is not null as is_known, m.fingerprint is not null as has_print
      from unnest($1::uuid[]) as n (m) left join medium m on m.medium_id = n.m
      """, [.identifiers(media.map(Optional.some))])
    var missing: [MediumID] = []
    for row in rows {
      let medium: MediumID = try row.identifier(0)
      guard try row.bool(1) else { throw DenyListFault.mediumUnknown(medium) }
      if try !row.bool(2) { missing.append(medium) }
    }
    guard !missing.isEmpty else { return }
    guard missing.count <= Self.lookUpsMax, let salt = try await salt() else {
      throw DenyListFault.fingerprintUnknown(missing[0])
    }
    var found: [MediumID: [UInt8]] = [:]
    for medium in missing {
      guard let tap = try await journalTap(of: medium) else {
        throw DenyListFault.fingerprintUnknown(medium)
      }
      found[medium] = TokenFingerprint.of(kind: tap.medium, token: tap.token, salt: salt)
    }
    try await fillFingerprints(found)
  }

  /// Gives media that have no fingerprint theirs from a tap of the journal, where there is one.
  func findFingerprints(of media: [MediumID]) async throws {
    let missing = try await connection.query(
      "select medium_id from medium where medium_id = any($1) and fingerprint is null limit $2",
      [.identifiers(media.map(Optional.some)), .int8(Int64(Self.lookUpsMax))]
    ).map { row -> MediumID in try row.identifier(0) }
    guard !missing.isEmpty, let salt = try await salt() else { return }
    var found: [MediumID: [UInt8]] = [:]
    for medium in missing {
      guard let tap = try await journalTap(of: medium) else { continue }
      found[medium] = TokenFingerprint.of(kind: tap.medium, token: tap.token, salt: salt)
    }
    try await fillFingerprints(found)
  }

  /// Some tap of a medium as its device signed it; nil when there is none that can be read.
  private func journalTap(of medium: MediumID) async throws -> Tap? {
    let rows = try await connection.query(
      """
      select t.device_id, t.batch_id, t.seq
      from medium m join tap t on t.rider_id = m.rider_id and t.medium_id = m.medium_id
      join rider r on r.rider_id = m.rider_id and r.lane = t.lane
      where m.medium_id = $1 order by t.fare_day desc limit 1
      """, [.identifier(medium)])
    guard let row = try rows.onlyOrNil() else { return nil }
    let (device, batch, seq) = (try row.text(0), try row.int8(1), try row.int8(2))
    let bodies = try await EvidenceQueries(connection: connection).bodies(of: [batch: device])
    guard let body = bodies[batch] else { return nil }
    return (try? body.decode())?.taps.first { $0.seq == seq }
  }
}
