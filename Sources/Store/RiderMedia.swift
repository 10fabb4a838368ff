package import Basics
import Postgres
package import Transit

extension StoreSession {
  /// Riders, what they hold to a validator, and what was done to them.
  package var media: MediaTables { MediaTables(connection: connection) }
}

/// A rider as the table keeps them.
package struct RiderRow: Sendable, Equatable {
  package let rider: RiderID
  package let firstSeenAt: Instant
  /// Whose rides and money these are now; nil while they are their own.
  package let mergedInto: RiderID?
  /// When everything personal was taken away; nil while it is there.
  package let erasedAt: Instant?
}

/// What may become of a medium.
package enum MediumState: String, Sendable, CaseIterable {
  case active, blocked, replaced
}

/// Why a medium is not let on.
package enum DenialReason: String, Sendable, CaseIterable {
  /// A person blocked it: lost, stolen, abused.
  case blocked
  /// Another one took its place.
  case replaced
  /// Its stored value lies below the minimum.
  case storedValue = "stored_value"
  /// Its last day has passed.
  case expired
}

/// A medium with its life.
package struct MediumRow: Sendable, Equatable {
  package let medium: MediumID
  package let rider: RiderID
  package let kind: MediumKind
  package let firstSeenAt: Instant
  package let state: MediumState
  package let replacedBy: MediumID?
  /// Whether the payment account reference of a bank card is known.
  package let hasAccountReference: Bool
  /// Last day on which it is good; nil is for good.
  package let validTo: Day?
  /// Why validators are told not to let it on; empty when they may.
  package let denials: [DenialReason]
}

/// Something that was done to a rider.
package struct RiderEventRow: Sendable, Equatable {
  package let at: Instant
  package let actor: String
  package let kind: String
  package let reason: String
  package let detail: String
  /// To whom it was done, where that rider was merged into this one later; nil: to this one.
  package var formerRider: RiderID?

  /// Names what was done, by whom and why.
  package init(at: Instant, actor: String, kind: String, reason: String, detail: String) {
    self.at = at
    self.actor = actor
    self.kind = kind
    self.reason = reason
    self.detail = detail
  }
}

/// Riders, what they hold to a validator, and what was done to them.
package struct MediaTables {
  /// Most events shown of a rider.
  package static let eventsMax = 200

  let connection: PostgresConnection

  /// A rider as the table keeps them; nil when there is none.
  package func rider(_ rider: RiderID) async throws -> RiderRow? {
    try await connection.query(
      "select rider_id, first_seen_at, merged_into, erased_at from rider where rider_id = $1",
      [.identifier(rider)]
    ).onlyOrNil().map { row in
      RiderRow(
        rider: try row.identifier(0), firstSeenAt: try row.timestamptz(1),
        mergedInto: try row.identifierOrNil(2), erasedAt: try row.timestamptzOrNil(3))
    }
  }

  /// Who a rider is after all merges; nil when there is none.
  package func present(_ rider: RiderID) async throws -> RiderRow? {
    let rows = try await connection.query(
      """
      with recursive way as (
        select rider_id, merged_into from rider where rider_id = $1
        union select r.rider_id, r.merged_into from way w join rider r on r.rider_id = w.merged_into)
      select rider_id from way where merged_into is null
      """, [.identifier(rider)])
    guard let id: RiderID = try rows.onlyOrNil()?.identifier(0) else { return nil }
    return try await self.rider(id)
  }

  /// Who a rider is after all merges, and stays until the transaction ends; nil when there is none.
  ///
  /// A merge or an erasure of the rider that has begun is waited for, and one to come waits. It is asked
  /// again only when another merge has ended meanwhile.
  package func held(_ rider: RiderID) async throws -> RiderRow? {
    while let row = try await present(rider) {
      let rows = try await connection.query(
        "select merged_into from rider where rider_id = $1 for share", [.identifier(row.rider)])
      guard let held = try rows.onlyOrNil() else { continue }
      let other: RiderID? = try held.identifierOrNil(0)
      if other == nil { return row }
    }
    return nil
  }

  /// Keeps others from merging or erasing riders until the transaction ends: nobody becomes another
  /// meanwhile but by this one.
  ///
  /// It comes before ``holdAlone(_:)``, and that before lanes: whoever holds a rider may wait for a lane.
  package func beginMoving() async throws {
    try await StoreSession(connection: connection).holdLanes(.moving, [0])
  }

  /// Waits for those who hold some riders, and keeps others from holding them until the transaction ends.
  ///
  /// Media and events of a rider may still come: sorters do not hold riders, they hold lanes.
  package func holdAlone(_ riders: Set<RiderID>) async throws {
    try await connection.execute(
      "select 1 from rider where rider_id = any($1) order by rider_id for no key update",
      [.identifiers(riders.map(Optional.some))])
  }

  /// Founds a rider who has never tapped; false when there is one of that number.
  package func found(_ rider: RiderID, at: Instant) async throws -> Bool {
    try await StoreSession(connection: connection).holdFounding()
    return try await connection.execute(
      """
      insert into rider (rider_id, lane, first_seen_at) values ($1, $2, $3) on conflict do nothing
      """, [.identifier(rider), .int2(Lane.of(rider)), .timestamptz(at)]) > 0
  }

  private static let columns = """
    select m.medium_id, m.rider_id, m.kind, m.first_seen_at, m.state, m.replaced_by,
      m.account_reference is not null as has_reference, m.valid_to,
      array(select d.reason from medium_denial d where d.medium_id = m.medium_id order by 1) as denials
    from medium m
    """

  private static func medium(_ row: PostgresRow) throws -> MediumRow {
    MediumRow(
      medium: try row.identifier("medium_id"), rider: try row.identifier("rider_id"),
      kind: try row.word("kind"), firstSeenAt: try row.timestamptz("first_seen_at"),
      state: try row.word("state"), replacedBy: try row.identifierOrNil("replaced_by"),
      hasAccountReference: try row.bool("has_reference"), validTo: try row.dateOrNil("valid_to"),
      denials: try row.texts("denials").compactMap { $0.flatMap(DenialReason.init(rawValue:)) })
  }

  /// What a rider holds to a validator, the oldest first.
  package func media(of rider: RiderID) async throws -> [MediumRow] {
    try await connection.query(
      "\(Self.columns) where m.rider_id = $1 order by m.first_seen_at, m.medium_id",
      [.identifier(rider)]
    ).map(Self.medium)
  }

  /// A medium; nil when nobody has it.
  package func find(_ medium: MediumID) async throws -> MediumRow? {
    try await connection.query("\(Self.columns) where m.medium_id = $1", [.identifier(medium)])
      .onlyOrNil().map(Self.medium)
  }

  /// Gives a rider a medium; false when somebody has it.
  package func add(
    _ medium: MediumID, kind: MediumKind, to rider: RiderID, fingerprint: [UInt8]?,
    validTo: Day?, at: Instant
  ) async throws -> Bool {
    try await StoreSession(connection: connection).holdFounding()
    return try await connection.execute(
      """
      insert into medium (medium_id, rider_id, kind, first_seen_at, valid_to, fingerprint)
      values ($1, $2, $3, $4, $5, $6) on conflict do nothing
      """,
      [
        .identifier(medium), .identifier(rider), .text(kind.rawValue), .timestamptz(at),
        .orNull(validTo, PostgresValue.date), .orNull(fingerprint, PostgresValue.bytea),
      ]) > 0
  }

  /// Changes what became of a medium.
  package func set(
    _ medium: MediumID, to state: MediumState, replacedBy: MediumID? = nil
  ) async throws {
    try await connection.execute(
      "update medium set state = $2, replaced_by = $3 where medium_id = $1",
      [
        .identifier(medium), .text(state.rawValue),
        .orNull(replacedBy) { PostgresValue.identifier($0) },
      ])
  }

  /// Writes down the keyed digest of a bank card's payment account reference.
  package func set(_ medium: MediumID, accountReference digest: [UInt8]) async throws {
    try await connection.execute(
      "update medium set account_reference = $2 where medium_id = $1",
      [.identifier(medium), .bytea(digest)])
  }

  /// Riders of the media of a payment account, the oldest medium first.
  package func riders(ofAccountReference digest: [UInt8]) async throws -> [RiderID] {
    let rows = try await connection.query(
      """
      select rider_id from medium where account_reference = $1
      order by first_seen_at, medium_id
      """, [.bytea(digest)])
    return try rows.map { try $0.identifier(0) }
  }

  /// Active media whose last day has passed, of all riders.
  package func expired(before day: Day, countMax: Int) async throws -> [MediumID] {
    let rows = try await connection.query(
      """
      select m.medium_id from medium m where m.valid_to < $1 and m.state = 'active' and not exists (
        select from medium_denial d where d.medium_id = m.medium_id and d.reason = 'expired')
      order by m.medium_id limit $2
      """, [.date(day), .int8(Int64(countMax))])
    return try rows.map { try $0.identifier(0) }
  }

  /// Media that are denied as expired and whose last day has not passed: a clock was ahead.
  package func expiredTooEarly(on day: Day, countMax: Int) async throws -> [MediumID] {
    let rows = try await connection.query(
      """
      select m.medium_id from medium_denial d join medium m using (medium_id)
      where d.reason = 'expired' and (m.valid_to is null or m.valid_to >= $1)
      order by m.medium_id limit $2
      """, [.date(day), .int8(Int64(countMax))])
    return try rows.map { try $0.identifier(0) }
  }

  /// Adds a reason why media are not let on; those that no reason stood for before.
  package func addDenial(
    _ reason: DenialReason, to media: [MediumID], at: Instant
  ) async throws -> [MediumID] {
    guard !media.isEmpty else { return [] }
    let rows = try await connection.query(
      """
      with before as (select medium_id from medium_denial where medium_id = any($1)),
      added as (
        insert into medium_denial (medium_id, reason, denied_at)
        select m, $2, $3 from unnest($1::uuid[]) m order by m
        on conflict do nothing returning medium_id)
      select medium_id from added where medium_id not in (select medium_id from before) order by 1
      """, [.identifiers(media.map(Optional.some)), .text(reason.rawValue), .timestamptz(at)])
    return try rows.map { try $0.identifier(0) }
  }

  /// Takes a reason away; those that none stands for any more.
  package func removeDenial(
    _ reason: DenialReason, from media: [MediumID]
  ) async throws -> [MediumID] {
    guard !media.isEmpty else { return [] }
    let rows = try await connection.query(
      """
      with gone as (
        delete from medium_denial where medium_id = any($1) and reason = $2 returning medium_id)
      select medium_id from gone g where not exists (
        select from medium_denial d where d.medium_id = g.medium_id and d.reason <> $2) order by 1
      """, [.identifiers(media.map(Optional.some)), .text(reason.rawValue)])
    return try rows.map { try $0.identifier(0) }
  }

  /// Those of some media that validators can know: the deny list has a name for them.
  ///
  /// One that was registered before there were such names gets its name from its first tap.
  package func knownToValidators(_ media: [MediumID]) async throws -> [MediumID] {
    try await DenyListQueries(connection: connection).findFingerprints(of: media)
    let rows = try await connection.query(
      """
      select medium_id from medium where medium_id = any($1) and fingerprint is not null order by 1
      """, [.identifiers(media.map(Optional.some))])
    return try rows.map { try $0.identifier(0) }
  }

  /// Whether validators have no name for a medium.
  package func isWithoutFingerprint(_ medium: MediumID) async throws -> Bool {
    try await connection.query(
      "select exists (select from medium where medium_id = $1 and fingerprint is null)",
      [.identifier(medium)]
    ).only().bool(0)
  }

  /// The media of riders that are in use and whose rides stored value pays.
  package func ofStoredValue(of riders: [RiderID]) async throws -> [MediumID] {
    let rows = try await connection.query(
      """
      select medium_id from medium
      where rider_id = any($1) and kind in \(WalletTables.media) and state = 'active'
      order by 1
      """, [.identifiers(riders.map(Optional.some))])
    return try rows.map { try $0.identifier(0) }
  }

  /// Writes down what was done to a rider.
  package func add(_ event: RiderEventRow, of rider: RiderID) async throws {
    try await connection.execute(
      """
      insert into rider_event (rider_id, happened_at, actor, kind, reason, detail)
      values ($1, $2, $3, $4, $5, $6)
      """,
      [
        .identifier(rider), .timestamptz(event.at), .text(event.actor), .text(event.kind),
        .text(event.reason), .text(event.detail),
      ])
  }

  /// What was done to a rider, and to those who were merged into them, the newest first, at most ``eventsMax``.
  package func events(of rider: RiderID) async throws -> [RiderEventRow] {
    let rows = try await connection.query(
      """
      with recursive way as (
        select $1::uuid as rider_id
        union select r.rider_id from way w join rider r on r.merged_into = w.rider_id)
      select happened_at, actor, kind, reason, detail, nullif(rider_id, $1) as former_rider
      from way join rider_event using (rider_id) order by event_id desc limit $2
      """, [.identifier(rider), .int8(Int64(Self.eventsMax))])
    return try rows.map { row in
      var event = RiderEventRow(
        at: try row.timestamptz(0), actor: try row.text(1), kind: try row.text(2),
        reason: try row.text(3), detail: try row.text(4))
      event.formerRider = try row.identifierOrNil("former_rider")
      return event
    }
  }
}
