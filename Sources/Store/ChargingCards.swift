package import Basics
import Charging
import Postgres

extension ChargingTables {
  private static let standingColumns = "medium_id, state, since, attempt, asked_at, next_at"

  private static func standing(_ row: PostgresRow) throws -> CardStandingRow {
    CardStandingRow(
      medium: try row.identifier("medium_id"),
      standing: CardStanding(
        state: try row.word("state"), since: try row.timestamptz("since"),
        attempt: try row.int4("attempt"), askedAt: try row.timestamptzOrNil("asked_at"),
        nextAt: try row.timestamptzOrNil("next_at")))
  }

  /// Cards that are to be checked, the longest waiting first, locked; others' are left out.
  package func cardsDue(at now: Instant, countMax: Int) async throws -> [CardStandingRow] {
    let rows = try await connection.query(
      """
      select \(Self.standingColumns) from card_standing where next_at <= $1
      order by next_at, medium_id limit $2 for update skip locked
      """, [.timestamptz(now), .int8(Int64(countMax))])
    return try rows.map(Self.standing)
  }

  /// Cards by name, locked.
  package func lockCards(_ media: Set<MediumID>) async throws -> [CardStandingRow] {
    guard !media.isEmpty else { return [] }
    let rows = try await connection.query(
      """
      select \(Self.standingColumns) from card_standing where medium_id = any($1)
      order by medium_id for update
      """, [.identifiers(media.sorted().map(Optional.some))])
    return try rows.map(Self.standing)
  }

  /// Writes the standing of cards down.
  package func save(_ cards: [CardStandingRow]) async throws {
    guard !cards.isEmpty else { return }
    let standings = cards.map(\.standing)
    try await connection.execute(
      """
      update card_standing s set state = c.state, since = c.since, attempt = c.attempt,
        asked_at = c.asked_at, next_at = c.next_at
      from unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::int4[], $5::timestamptz[],
        $6::timestamptz[]) as c(id, state, since, attempt, asked_at, next_at)
      where s.medium_id = c.id
      """,
      [
        .identifiers(cards.map { Optional($0.medium) }),
        .texts(standings.map { Optional($0.state.rawValue) }),
        .timestamptzs(standings.map { Optional($0.since) }),
        .int4s(standings.map { Optional($0.attempt) }), .timestamptzs(standings.map(\.askedAt)),
        .timestamptzs(standings.map(\.nextAt)),
      ])
  }

  /// Writes down that cards came onto the deny list.
  package func addDenials(_ media: [MediumID], reason: String, at now: Instant) async throws {
    guard !media.isEmpty else { return }
    try await connection.execute(
      """
      insert into card_denial (medium_id, reason, denied_at)
      select m, $2, $3 from unnest($1::uuid[]) as m on conflict do nothing
      """, [.identifiers(media.map(Optional.some)), .text(reason), .timestamptz(now)])
  }

  /// Writes down that a card came off the deny list, and by what.
  package func endDenial(of medium: MediumID, by word: String, at now: Instant) async throws {
    try await connection.execute(
      """
      update card_denial set recovered_at = $3, recovered_by = $2
      where medium_id = $1 and recovered_at is null
      """, [.identifier(medium), .text(word), .timestamptz(now)])
  }

  /// Cards among some of which a declined window is still owed.
  package func cardsInDebt(_ media: Set<MediumID>) async throws -> Set<MediumID> {
    let rows = try await connection.query(
      """
      select distinct medium_id from charge_window
      where medium_id = any($1) and due_minor > 0 and declined_at is not null
        and recovered_at is null
      """, [.identifiers(media.sorted().map(Optional.some))])
    return Set(try rows.map { try $0.identifier(0) as MediumID })
  }

  /// Denied cards that were tapped since the last tap that was acted on, each with its newest tap.
  ///
  /// Only taps that arrived on the days around today are looked at, and no card sooner than a
  /// pause after the tap before.
  package func deniedTaps(
    today: Day, pauseSeconds: Int64
  ) async throws -> [(medium: MediumID, receivedAt: Instant)] {
    let rows = try await connection.query(
      """
      with denied as materialized (
        select medium_id, since, tapped_at from card_standing where state = 'denied'),
      held as materialized (
        select s.*, m.rider_id, m.lane from denied s cross join lateral (
          select m.rider_id, r.lane from medium m join rider r using (rider_id)
          where m.medium_id = s.medium_id offset 0) m)
      select s.medium_id, t.received_at from held s
      cross join lateral (
        select max(received_at) as received_at from tap t
        where t.fare_day between $1::date - 1 and $1::date + 1 and t.lane = s.lane
          and t.rider_id = s.rider_id and t.medium_id = s.medium_id) t
      where t.received_at > s.since and (s.tapped_at is null
        or t.received_at > s.tapped_at + make_interval(secs => $2::float8))
      order by s.medium_id
      """, [.date(today), .float8(Double(pauseSeconds))])
    return try rows.map { (try $0.identifier(0), try $0.timestamptz(1)) }
  }

  /// Writes down which taps of denied cards were acted on.
  package func markTapped(_ taps: [(medium: MediumID, receivedAt: Instant)]) async throws {
    try await connection.execute(
      """
      update card_standing s set tapped_at = c.at
      from unnest($1::uuid[], $2::timestamptz[]) as c(id, at) where s.medium_id = c.id
      """,
      [
        .identifiers(taps.map { Optional($0.medium) }),
        .timestamptzs(taps.map { Optional($0.receivedAt) }),
      ])
  }

  /// The cards and phones of the payment accounts of some, each by each of these; those whose
  /// account is not known stand for themselves.
  package func accounts(of media: Set<MediumID>) async throws -> [MediumID: Set<MediumID>] {
    var accounts = Dictionary(uniqueKeysWithValues: media.map { ($0, Set([$0])) })
    guard !media.isEmpty else { return accounts }
    let rows = try await connection.query(
      """
      select m.medium_id, o.medium_id from medium m join medium o using (account_reference)
      where m.medium_id = any($1)
      """, [.identifiers(media.sorted().map(Optional.some))])
    for row in rows {
      accounts[try row.identifier(0), default: []].insert(try row.identifier(1))
    }
    return accounts
  }

  /// The windows of cards that are owed after a decline.
  package func debts(of media: Set<MediumID>) async throws -> [Int64] {
    let rows = try await connection.query(
      """
      select window_id from charge_window
      where medium_id = any($1) and state in ('retrying', 'debt') and due_minor > 0
      order by window_id
      """, [.identifiers(media.sorted().map(Optional.some))])
    return try rows.map { try $0.int8(0) }
  }

  /// Where the tokens of cards stand in the journal: by the window's day, else by the first tap.
  ///
  /// That is near the moment at which a card was first seen, or, of one that was registered before it was
  /// tapped, on the first of its rider's days with a tap of it.
  package func tokenPlaces(windows: [Int64], cards: [MediumID]) async throws -> [TokenPlace] {
    let rows = try await connection.query(
      """
      with wanted as (
        select medium_id, rider_id, lane, fare_day as first_day, fare_day as last_day
        from charge_window where window_id = any($1)
        union
        select m.medium_id, r.rider_id, r.lane, (m.first_seen_at at time zone 'UTC')::date - 2,
          (m.first_seen_at at time zone 'UTC')::date + 2
        from medium m join rider r using (rider_id)
        where m.medium_id = any($2) or m.medium_id in (
          select medium_id from charge_window where window_id = any($1))
        union
        select m.medium_id, r.rider_id, r.lane, d.fare_day, d.fare_day
        from medium m join rider r using (rider_id) cross join lateral (
          select f.fare_day from fare_day f
          where f.lane = r.lane and f.rider_id = r.rider_id and exists (
            select from tap t where t.fare_day = f.fare_day and t.lane = f.lane
              and t.rider_id = f.rider_id and t.medium_id = m.medium_id)
          order by f.fare_day limit 1) d
        where m.medium_id = any($2))
      select distinct on (w.medium_id) w.medium_id, t.device_id, t.epoch, t.seq, t.batch_id
      from wanted w cross join lateral (
        select * from tap t where t.fare_day between w.first_day and w.last_day
          and t.lane = w.lane and t.rider_id = w.rider_id and t.medium_id = w.medium_id
        order by t.tapped_at limit 1) t
      order by w.medium_id, t.tapped_at
      """,
      [.int8s(windows.map(Optional.some)), .identifiers(cards.map(Optional.some))])
    return try rows.map { row in
      TokenPlace(
        medium: try row.identifier(0),
        tap: TapName(device: try row.text(1), epoch: try row.int8(2), seq: try row.int8(3)),
        batchID: try row.int8(4))
    }
  }

  /// The signed bodies of batches, by lane of the journal and number.
  package func bodies(
    _ batches: Set<JournalPlace>
  ) async throws -> [JournalPlace: StoredBody] {
    let ordered = batches.sorted { ($0.lane, $0.batchID) < ($1.lane, $1.batchID) }
    let rows = try await connection.query(
      """
      select lane, batch_id, body, format from unnest($1::int2[], $2::int8[]) as p(l, b)
      join tap_batch on lane = l and batch_id = b
      """,
      [
        .int2s(ordered.map { Optional($0.lane) }), .int8s(ordered.map { Optional($0.batchID) }),
      ])
    var bodies: [JournalPlace: StoredBody] = [:]
    for row in rows {
      bodies[JournalPlace(lane: try row.int2(0), batchID: try row.int8(1))] = StoredBody(
        bytes: try row.bytea(2), format: try row.text(3))
    }
    return bodies
  }
}

/// Where a batch stands in the journal.
package struct JournalPlace: Hashable, Sendable {
  package let lane: Int16
  package let batchID: Int64

  /// Names a place.
  package init(lane: Int16, batchID: Int64) {
    self.lane = lane
    self.batchID = batchID
  }
}
