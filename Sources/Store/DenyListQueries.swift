package import Basics
import Postgres
import Tapping
package import Transit

extension StoreSession {
  /// Media that validators turn away.
  package var denyList: DenyListQueries { DenyListQueries(connection: connection) }
}

/// The newest version of the deny list.
package struct DenyListHead: Sendable, Equatable {
  /// 0 before the first change.
  package let version: Int64
  /// Entries that are denied.
  package let count: Int

  /// Whether nothing more can be listed; media that are denied may wait for room.
  package var isFull: Bool { count >= DenyListFile.entriesMax }

  /// Names a version.
  package init(version: Int64, count: Int) {
    self.version = version
    self.count = count
  }
}

/// Why a medium is on the deny list, or was.
package struct DenyCause: Sendable, Equatable {
  package let medium: MediumID
  package let kind: MediumKind
  /// A word: `debt`, `lost`.
  package let reason: String
  package let note: String?
  package let deniedAt: Instant
  package let deniedBy: String
  package let liftedAt: Instant?
  package let liftedBy: String?
}

/// A version of the deny list, and how fast it reached the devices.
package struct DenyListVersion: Sendable, Equatable {
  package let version: Int64
  package let madeAt: Instant
  package let added: Int
  package let removed: Int
  /// Active devices that are known to hold it or a newer one.
  package let devicesReached: Int
  package let devicesActive: Int
  /// Seconds from its making until half of the devices reached had it; nil when none has.
  package let latencyP50: Double?
  package let latencyP95: Double?
  package let latencyMax: Double?
}

/// How a device became known to hold a version: it named it in a fetch as the one it has, in a heartbeat, or
/// in a batch.
package enum DenyListSource: String, Sendable, CaseIterable {
  case fetch, heartbeat, batch
}

/// A device that was known to hold a version at a moment.
package struct DenyListSighting: Sendable, Equatable {
  package let device: String
  package let version: Int64
  package let at: Instant
  package let source: DenyListSource
  /// The epoch of the batch that named it; nil where it was no batch.
  package let epoch: Int64?
  /// Seconds that the news took to it; nil where it was not looked up.
  package let seconds: Double?

  /// Makes a sighting.
  package init(
    device: String, version: Int64, at: Instant, source: DenyListSource, epoch: Int64? = nil,
    seconds: Double? = nil
  ) {
    self.device = device
    self.version = version
    self.at = at
    self.source = source
    self.epoch = epoch
    self.seconds = seconds
  }
}

/// A change of the deny list that cannot be made.
package enum DenyListFault: Error, Sendable, Equatable {
  /// The medium was never tapped here.
  case mediumUnknown(MediumID)
  /// What the medium says to a validator is not known: none of its taps can be read.
  case fingerprintUnknown(MediumID)
  /// The list holds ``DenyListFile/entriesMax`` already.
  case full
}

/// Media that validators turn away: by whom, why, and since which version of the list.
///
/// A medium is denied while any cause holds. Versions are made one after the other, so that a device
/// that asks for what changed since its own never misses one.
package struct DenyListQueries {
  /// Name of the setting that holds the salt of the city.
  package static let saltSetting = "deny_list_salt"
  /// Name of the setting that holds the first version of the line that holds.
  package static let baseSetting = "deny_list_base"
  /// How far above the newest version another line begins, where the clock is below it.
  static let lineAhead: Int64 = 1_000_000
  /// Most media of one change.
  package static let changeMax = 10_000
  /// Most causes of one answer.
  package static let causesMax = 1000

  let connection: PostgresConnection
  /// Most entries that are listed: as many as a file holds.
  package var entriesMax = DenyListFile.entriesMax

  /// The salt of the city; made of 16 random bytes when there is none yet.
  package func salt(orMakeFrom random: () -> [UInt8]) async throws -> [UInt8] {
    let settings = SettingQueries(connection: connection)
    if let kept = try await salt() { return kept }
    let text = try await settings.findOrMake(
      Self.saltSetting, Base64.encode(random(), .standard))
    return try Self.salt(text)
  }

  /// The salt of the city; nil before the service first ran.
  package func salt() async throws -> [UInt8]? {
    let text = try await SettingQueries(connection: connection).find(Self.saltSetting)
    return try text.map(Self.salt)
  }

  private static func salt(_ text: String) throws -> [UInt8] {
    guard let salt = Base64.decode(text, .standard),
      salt.count == TokenFingerprint.saltByteCount
    else { throw StoreFault(kind: .damaged, "setting \"\(saltSetting)\" is no salt") }
    return salt
  }

  /// Puts a medium on the list for a cause; the version in which it is.
  ///
  /// Again changes nothing. `reason` is a word (`debt`, `lost`): each cause is lifted by itself. Throws ``DenyListFault``
  /// for a medium that was never tapped.
  @discardableResult
  package func deny(
    medium: MediumID, reason: String, note: String? = nil, by: String = "kvytok", at: Instant
  ) async throws -> Int64 {
    try await deny(media: [medium], reason: reason, note: note, by: by, at: at)
  }

  /// Puts media on the list for a cause, all in one version.
  ///
  /// A list that is full refuses, for a person can lift others first; with `isPatient` the cause is
  /// written down and what does not fit is listed once there is room.
  @discardableResult
  package func deny(
    media: [MediumID], reason: String, note: String? = nil, by: String = "kvytok", at: Instant,
    isPatient: Bool = false
  ) async throws -> Int64 {
    precondition(media.count <= Self.changeMax, "a change has at most \(Self.changeMax) media")
    try await lock()
    try await requireFingerprints(of: media)
    try await connection.execute(
      """
      insert into deny_cause (medium_id, reason, note, denied_at, denied_by)
      select m, $2, $3, $4, $5 from unnest($1::uuid[]) m on conflict do nothing
      """,
      [
        .identifiers(media.map(Optional.some)), .text(reason), .orNull(note, PostgresValue.text),
        .timestamptz(at), .text(by),
      ])
    return try await publish(media, before: try await head(), isPatient: isPatient, at: at)
  }

  /// Lifts a cause, or all causes, of a medium; the newest version.
  @discardableResult
  package func allow(
    medium: MediumID, reason: String? = nil, note: String? = nil, by: String = "kvytok",
    at: Instant
  ) async throws -> Int64 {
    try await allow(media: [medium], reason: reason, note: note, by: by, at: at)
  }

  /// Lifts a cause, or all causes, of media, all in one version.
  ///
  /// Of a list that was full the room goes to those that wait for it, in the same version.
  @discardableResult
  package func allow(
    media: [MediumID], reason: String? = nil, note: String? = nil, by: String = "kvytok",
    at: Instant
  ) async throws -> Int64 {
    precondition(media.count <= Self.changeMax, "a change has at most \(Self.changeMax) media")
    try await lock()
    let before = try await head()
    try await connection.execute(
      """
      update deny_cause set lifted_at = $3, lifted_by = $4, lift_note = $5
      where medium_id = any($1) and lifted_at is null and ($2::text is null or reason = $2)
      """,
      [
        .identifiers(media.map(Optional.some)), .orNull(reason, PostgresValue.text),
        .timestamptz(at), .text(by), .orNull(note, PostgresValue.text),
      ])
    let waiting = before.count >= entriesMax ? try await waiting(limit: Self.changeMax) : []
    return try await publish(media + waiting, before: before, isPatient: true, at: at)
  }

  /// Whether a text may be a cause: a word of small letters and `_`, at most 32.
  package static func isReason(_ text: String) -> Bool {
    (1...32).contains(text.utf8.count) && text.first != "_"
      && text.utf8.allSatisfy { (97...122).contains($0) || $0 == 0x5F }
  }

  /// Those of some media that were ever tapped.
  package func known(among media: [MediumID]) async throws -> [MediumID] {
    try await connection.query(
      "select medium_id from medium where medium_id = any($1) order by medium_id",
      [.identifiers(media.map(Optional.some))]
    ).map { try $0.identifier(0) }
  }

  /// Whether a medium is denied for any cause.
  package func isDenied(_ medium: MediumID) async throws -> Bool {
    try await connection.query(
      "select exists (select from deny_cause where medium_id = $1 and lifted_at is null)",
      [.identifier(medium)]
    ).only().bool(0)
  }

  /// Nobody else changes the list until the transaction ends: versions are made in the order in
  /// which they can be seen.
  private func lock() async throws {
    try await connection.execute("lock table deny_list_version in share row exclusive mode")
    // A validator may be told the version at once: it must not be lost and made again with other media,
    // whatever this transaction does beside it.
    try await connection.execute("set local synchronous_commit = on")
  }

  /// Begins another line of versions, far above those of before; its first version.
  ///
  /// After a restore versions would be made again, with other media than validators got under these numbers.
  /// What a device holds from below the base says nothing of this list: it gets the whole one.
  @discardableResult
  package func startLine(at moment: Instant) async throws -> Int64 {
    try await lock()
    let newest = try await head().version
    // The clock tells two restores of one backup apart.
    let seconds = moment.microseconds / 1_000_000
    let base = seconds > newest ? seconds : newest + Self.lineAhead
    try await connection.execute(
      """
      insert into deny_list_version (version, made_at, added, removed)
      values ($1, \(Self.madeAt), 0, 0)
      """,
      [.int8(base), .timestamptz(moment)])
    try await SettingQueries(connection: connection).set(Self.baseSetting, to: String(base))
    try await StoreSession(connection: connection).announce(.denyList, String(base))
    return base
  }

  /// The first version of the line that holds; 0 when there was never another one.
  package func base() async throws -> Int64 {
    guard let text = try await SettingQueries(connection: connection).find(Self.baseSetting) else {
      return 0
    }
    guard let base = Int64(text), base > 0 else {
      throw StoreFault(kind: .damaged, "setting \"\(Self.baseSetting)\" is no version")
    }
    return base
  }

  /// When a version is made that was asked for at `$2`, and had to wait for its turn: nobody could have it before the
  /// version below it.
  ///
  /// None waits for an hour: a version that is later than that was made while the clock was wrong.
  private static let madeAt = """
    greatest($2::timestamptz, (
      select made_at from (
        select made_at from deny_list_version order by version desc limit 1) newest
      where made_at < $2::timestamptz + interval '1 hour'))
    """

  /// Makes a version of what changed for some media; the newest one when nothing did.
  private func publish(
    _ media: [MediumID], before: DenyListHead, isPatient: Bool, at: Instant
  ) async throws -> Int64 {
    let changes = try await changes(of: media)
    let removed = changes.removed.count
    let room = max(0, entriesMax - before.count + removed)
    guard isPatient || changes.added.count <= room else { throw DenyListFault.full }
    let added = changes.added.prefix(room)
    guard added.count + removed > 0 else { return before.version }
    let version = before.version + 1
    try await connection.pipeline([
      PostgresStatement(
        """
        insert into deny_list_version (version, made_at, added, removed)
        values ($1, \(Self.madeAt), $3, $4)
        """,
        [
          .int8(version), .timestamptz(at), .int4(Int32(added.count)), .int4(Int32(removed)),
        ]),
      PostgresStatement(
        """
        insert into deny_list_past (fingerprint, version, is_denied)
        select fingerprint, version, is_denied from deny_list where fingerprint = any($1)
        """, [.byteas((added + changes.removed).map(Optional.some))]),
      PostgresStatement(
        """
        insert into deny_list (fingerprint, is_denied, version, first_version)
        select f, true, $2, $2 from unnest($1::bytea[]) f
        on conflict (fingerprint) do update set is_denied = true, version = excluded.version
        """, [.byteas(added.map(Optional.some)), .int8(version)]),
      PostgresStatement(
        "update deny_list set is_denied = false, version = $2 where fingerprint = any($1)",
        [.byteas(changes.removed.map(Optional.some)), .int8(version)]),
    ])
    try await StoreSession(connection: connection).announce(.denyList, String(version))
    return version
  }

  /// What the list says otherwise than the causes do: fingerprints to be added, those denied first
  /// before others, and fingerprints to be taken away.
  private func changes(
    of media: [MediumID]
  ) async throws -> (added: [[UInt8]], removed: [[UInt8]]) {
    let rows = try await connection.query(
      """
      select n.fingerprint, n.first_cause is not null
      from (select m.fingerprint, min(c.cause_id) as first_cause
        from (select distinct fingerprint from medium
          where medium_id = any($1) and fingerprint is not null) f
        join medium m on m.fingerprint = f.fingerprint
        left join deny_cause c on c.medium_id = m.medium_id and c.lifted_at is null
        group by m.fingerprint) n
      left join deny_list l using (fingerprint)
      where (n.first_cause is not null) is distinct from coalesce(l.is_denied, false)
      order by n.first_cause, n.fingerprint
      """, [.identifiers(media.map(Optional.some))])
    var added: [[UInt8]] = []
    var removed: [[UInt8]] = []
    for row in rows {
      if try row.bool(1) {
        added.append(try row.bytea(0))
      } else {
        removed.append(try row.bytea(0))
      }
    }
    return (added, removed)
  }

  /// Media that are denied and that the list has no room for, those denied first before others.
  ///
  /// Reads all causes that hold. There are none unless the list is full, for room that comes free is given
  /// to them in the version that makes it.
  private func waiting(limit: Int) async throws -> [MediumID] {
    try await connection.query(
      """
      select m.medium_id from medium m
      join (select medium_id, min(cause_id) as first_cause from deny_cause
        where lifted_at is null group by medium_id) c using (medium_id)
      where m.fingerprint is not null
        and not exists (select from deny_list l
          where l.fingerprint = m.fingerprint and l.is_denied)
      order by c.first_cause limit $1
      """, [.int8(Int64(limit))]
    ).map { try $0.identifier(0) }
  }

  /// The newest version, and how many entries are denied.
  package func head() async throws -> DenyListHead {
    let row = try await connection.query(
      """
      select (select coalesce(max(version), 0) from deny_list_version),
        (select count(*) from deny_list where is_denied)
      """
    ).only()
    return DenyListHead(version: try row.int8(0), count: try row.int(1))
  }

  /// The whole list as fingerprints one after the other, ascending.
  package func all() async throws -> [UInt8] {
    try await connection.query(
      """
      select coalesce(string_agg(fingerprint, ''::bytea order by fingerprint), '')
      from deny_list where is_denied
      """
    ).only().bytea(0)
  }

  /// What changed after a version: fingerprints denied since, and those no longer denied.
  package func changes(
    since version: Int64
  ) async throws -> (added: [UInt8], removed: [UInt8]) {
    let row = try await connection.query(
      """
      select coalesce(string_agg(fingerprint, ''::bytea order by fingerprint)
          filter (where is_denied), ''),
        coalesce(string_agg(fingerprint, ''::bytea order by fingerprint)
          filter (where not is_denied), '')
      from deny_list where version > $1
      """, [.int8(version)]
    ).only()
    return (try row.bytea(0), try row.bytea(1))
  }

  /// Causes that hold, or all, of a medium or of every one, the newest first.
  package func causes(
    medium: MediumID? = nil, holdingOnly: Bool = true, limit: Int = causesMax
  ) async throws -> [DenyCause] {
    let rows = try await connection.query(
      """
      select c.medium_id, m.kind, c.reason, c.note, c.denied_at, c.denied_by, c.lifted_at,
        c.lifted_by
      from deny_cause c join medium m using (medium_id)
      where ($1::uuid is null or c.medium_id = $1) and (not $2 or c.lifted_at is null)
      order by c.cause_id desc limit $3
      """,
      [
        .orNull(medium) { .identifier($0) }, .bool(holdingOnly),
        .int8(Int64(min(limit, Self.causesMax))),
      ])
    return try rows.map { row in
      DenyCause(
        medium: try row.identifier(0), kind: try row.word("kind"), reason: try row.text(2),
        note: try row.textOrNil(3), deniedAt: try row.timestamptz(4),
        deniedBy: try row.text(5), liftedAt: try row.timestamptzOrNil(6),
        liftedBy: try row.textOrNil(7))
    }
  }
}
