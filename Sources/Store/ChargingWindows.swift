package import Basics
package import Charging
import Postgres

extension StoreSession {
  /// Charge windows of bank cards, and what happened to them.
  package var charging: ChargingTables { ChargingTables(connection: connection) }
}

/// Charge windows of bank cards, and what happened to them.
package struct ChargingTables {
  /// Kinds of media whose rides are paid through the acquirer, as a list of SQL: a phone is a bank
  /// card with a number of its own.
  static let chargedMedia = "('bank', 'phone')"

  /// Whether a rider has phones only, none of which is known to pay from anything: neither did the
  /// acquirer ever take one for good, nor is the payment account reference of one known.
  ///
  /// A window for such a rider could never be authorised. Nobody who was erased is one.
  static func isWithoutAccount(_ rider: String) -> String {
    """
    (exists (select from medium o where o.rider_id = \(rider) and o.kind = 'phone')
      and not exists (
        select from medium o where o.rider_id = \(rider) and (o.kind = 'bank' or o.kind = 'phone'
          and (o.account_reference is not null or exists (select from charge_event v
            where v.medium_id = o.medium_id and v.kind = 'card_good')))))
    """
  }

  let connection: PostgresConnection

  /// Work about money that one transaction does at a time.
  package enum Work: Int32, Sendable {
    case windows, shares, payouts, claims, files, sums, funding
    /// What makes an account of a phone known holds a share of it (`wake_days`), who marks days the whole.
    case accounts
  }

  /// Whether the work is this transaction's until it ends; false when another one is at it.
  ///
  /// Not a lane: what is done here is told to banks and to the acquirer, so its commit waits for the
  /// disk.
  package func tryWork(_ work: Work) async throws -> Bool {
    try await connection.query(
      "select pg_try_advisory_xact_lock($1, $2)",
      [.int4(StoreSession.laneLockClass + LanePurpose.charging.rawValue), .int4(work.rawValue)]
    ).only().bool(0)
  }

  /// Waits for the work to be this transaction's until it ends.
  ///
  /// A worker only tries, as with lanes.
  package func holdWork(_ work: Work) async throws {
    try await connection.execute(
      "select pg_advisory_xact_lock($1, $2)",
      [.int4(StoreSession.laneLockClass + LanePurpose.charging.rawValue), .int4(work.rawValue)])
  }

  /// The last fare day whose windows are closed; nil when none is.
  package func closedThrough() async throws -> Day? {
    try await connection.query("select max(fare_day) from charge_day").only().dateOrNil(0)
  }

  /// The first fare day that anybody rode on; nil when nobody did.
  package func firstFareDay() async throws -> Day? {
    try await connection.query(
      "select least((select min(fare_day) from fare_day), (select min(fare_day) from tap_parcel))"
    ).only().dateOrNil(0)
  }

  /// How old a batch may be in seconds that is not sorted before the journal is behind.
  static let journalSecondsMax: Int64 = 60

  /// Whether taps of fare days up to one are on their way to their riders, or may be: the journal is
  /// behind.
  package func isAwaitingTaps(through day: Day, at now: Instant) async throws -> Bool {
    try await connection.query(
      """
      select exists (select from tap_parcel where fare_day <= $1)
        or exists (
          select from generate_series(0, $2 - 1) l cross join lateral (
            select received_at from tap_batch
            where lane = l::int2 and sorted_at is null and sort_fault is null
            order by batch_id limit 1) oldest
          where oldest.received_at < $3)
      """,
      [
        .date(day), .int4(Int32(Lane.count)),
        .timestamptz(now.adding(seconds: -Self.journalSecondsMax)),
      ]
    ).only().bool(0)
  }

  /// Closes the windows of a fare day: one for each rider and currency, whatever cards rode; their number.
  ///
  /// Rider-days that are stale wait until they are rated, which may change them or not; those with a
  /// phone until it was looked at whether an account is known of it.
  package func close(_ day: Day, at now: Instant) async throws -> Int {
    try await connection.execute(
      "insert into charge_day (fare_day, closed_at) values ($1, $2)",
      [.date(day), .timestamptz(now)])
    // Whoever waits for an account is looked at once a day, should the word that it is known have got lost
    // with a row that was written by hand.
    try await connection.execute(
      "update charge_day_waiting set waits_for_account = false where waits_for_account")
    try await connection.execute(
      """
      insert into charge_day_waiting (lane, rider_id, fare_day)
      select lane, rider_id, fare_day from rider_day_waiting where fare_day = $1
      union
      select lane, rider_id, fare_day from ride
      where fare_day = $1 and medium = 'phone' and reversed_run_id is null
      on conflict do nothing
      """, [.date(day)])
    return try await addWindows(
      changed: """
        select distinct r.lane, r.rider_id, r.fare_day from ride r
        where r.fare_day = $1 and r.medium in \(Self.chargedMedia)
          and not exists (select from charge_day_waiting m where m.lane = r.lane
            and m.rider_id = r.rider_id and m.fare_day = r.fare_day)
        """, to: "$1", [.date(day), .timestamptz(now)])
  }

  /// Adds a window for each difference that the oldest runs not looked at made to closed fare days.
  ///
  /// Days that were stale when their windows were closed wait until they are rated, and so do days
  /// whose windows came from a rider who was merged: only then is it known what is due for them.
  /// The number of runs looked at, of at most `countMax`, and of windows added.
  package func addDifferences(
    through day: Day, countMax: Int, at now: Instant
  ) async throws -> (runs: Int, windows: Int) {
    let runs = try await connection.query(
      """
      select run_id from clearing_run where windowed_at is null order by run_id limit $1
      """, [.int8(Int64(countMax))]
    ).map { try $0.int8(0) }
    let isAwake = try await connection.query(
      "select exists (select from charge_day_waiting where not waits_for_account)"
    ).only().bool(0)
    guard !runs.isEmpty || isAwake else { return (0, 0) }
    try await connection.execute(
      """
      insert into charge_day_waiting as w (lane, rider_id, fare_day)
      select distinct lane, rider_id, fare_day from ride
      where run_id = any($2) and fare_day <= $1 and medium = 'phone'
      on conflict (lane, rider_id, fare_day) do update
        set waits_for_account = false, woken_at = clock_timestamp()
      """, [.date(day), .int8s(runs)])
    let windows = try await addWindows(
      before: Self.settlingWaiting,
      changed: """
        select lane, rider_id, fare_day from ride
        where run_id = any($3) and fare_day <= $1 and medium in \(Self.chargedMedia)
        union select lane, rider_id, fare_day from ride
        where reversed_run_id = any($3) and fare_day <= $1 and medium in \(Self.chargedMedia)
        except select lane, rider_id, fare_day from charge_day_waiting
        union select lane, rider_id, fare_day from settled
        """, to: "$1", [.date(day), .timestamptz(now), .int8s(runs)])
    try await connection.execute(
      "update clearing_run set windowed_at = $2 where run_id = any($1)",
      [.int8s(runs), .timestamptz(now)])
    return (runs.count, windows)
  }

  /// Waiting days that are rated and that nobody marked.
  private static let lookedAt = """
    not w.waits_for_account and not exists (
      select from fare_day f where f.lane = w.lane and f.rider_id = w.rider_id
        and f.fare_day = w.fare_day and f.stale_since is not null)
    -- Taps that are on their way are for some rider of the lane's day: all of it waits.
    and (w.lane, w.fare_day) not in (select lane, fare_day from tap_parcel)
    """

  /// Waiting days that are rated, of a rider with an account: they wait no more.
  private static let settlingWaiting = """
    settled as (
      delete from charge_day_waiting w
      where \(lookedAt) and not \(isWithoutAccount("w.rider_id"))
      returning w.lane, w.rider_id, w.fare_day),
    """

  /// Marks at most so many days of riders without an account, which nothing looks at until something makes
  /// one known (`wake_days`); their number.
  ///
  /// Whoever makes one known wakes the days that it sees, and holds a share of the work `accounts` until its
  /// end: it does not see a day that began to wait in a transaction which ended later, nor is what it makes known seen
  /// by who looks at that day before its end. So no day is marked while anybody is at that: it is looked at
  /// again in the next pass. Who comes while days are being marked waits, and then sees them.
  package func markWithoutAccount(countMax: Int) async throws -> Int {
    let isAwake = try await connection.query(
      "select exists (select from charge_day_waiting where not waits_for_account)"
    ).only().bool(0)
    // Nothing else that adds or takes days away may be waited for while others wait for this.
    guard isAwake, try await tryWork(.windows), try await tryWork(.accounts) else { return 0 }
    return try await connection.execute(
      """
      update charge_day_waiting m set waits_for_account = true from (
        select w.lane, w.rider_id, w.fare_day from charge_day_waiting w
        where \(Self.lookedAt) and \(Self.isWithoutAccount("w.rider_id"))
        order by w.fare_day limit $1 for update skip locked) l
      where m.lane = l.lane and m.rider_id = l.rider_id and m.fare_day = l.fare_day
      """, [.int8(Int64(countMax))])
  }

  /// Adds windows over what the rides of some rider-days come to, less what their windows are closed
  /// over; their number.
  ///
  /// An erased rider gets none: no card is asked for nobody, nor given anything back.
  private func addWindows(
    before: String = "", changed: String, to day: String, _ parameters: [PostgresValue]
  ) async throws -> Int {
    let windows = try await connection.query(
      """
      \(Self.windows(before: before, changed: changed, to: day)),
      kept as (\(KeptSums.addingWindows(from: "(select 1 as sign, * from made) counted")))
      select count(*) from made
      """, parameters
    ).only().int8(0)
    return Int(windows)
  }

  private static func windows(before: String, changed: String, to day: String) -> String {
    """
    with \(before) changed as materialized (
      select c.* from (\(changed)) c where not exists (
        select from rider e where e.rider_id = c.rider_id and e.erased_at is not null)),
    now_due as (
      select r.lane, r.rider_id, r.fare_day, r.currency, sum(r.charged_minor)::int8 as minor
      from changed c join ride r using (lane, rider_id, fare_day)
      where r.fare_day <= \(day) and r.reversed_run_id is null and r.charged_minor is not null
        and r.medium in \(chargedMedia)
      group by r.lane, r.rider_id, r.fare_day, r.currency),
    closed as (
      select w.lane, w.rider_id, w.fare_day, w.currency, sum(w.amount_minor)::int8 as minor,
        max(w.number) + 1 as number
      from changed c join charge_window w using (lane, rider_id, fare_day)
      group by w.lane, w.rider_id, w.fare_day, w.currency),
    difference as (
      select lane, rider_id, fare_day, currency, coalesce(c.number, 0) as number,
        coalesce(n.minor, 0) - coalesce(c.minor, 0) as minor, c.number is null as is_first
      from now_due n full join closed c using (lane, rider_id, fare_day, currency)),
    made as (
    insert into charge_window (lane, rider_id, medium_id, fare_day, number, currency, state,
      amount_minor, due_minor, next_at, closed_at)
    select d.lane, d.rider_id, card.medium_id, d.fare_day, d.number, d.currency,
      case when d.minor > 0 then 'closed' when d.minor = 0 then 'nothing' else 'netting' end,
      d.minor, d.minor, case when d.minor <> 0 then $2::timestamptz end, $2
    from difference d cross join lateral (
      select coalesce(
        (select t.medium_id from tap t
         where t.fare_day = d.fare_day and t.lane = d.lane and t.rider_id = d.rider_id
           and t.medium in \(chargedMedia) and t.accepted
         order by t.tapped_at desc limit 1),
        (select m.medium_id from medium m
         where m.rider_id = d.rider_id and m.kind in \(chargedMedia)
         order by m.first_seen_at desc limit 1),
        d.rider_id) as medium_id) card
    where d.minor <> 0 or d.is_first
    returning \(KeptSums.windowColumns(of: "charge_window")))
    """
  }

  /// Windows in which something is due, the longest waiting first, locked; others' are left out.
  ///
  /// Each state is looked at by itself: windows that wait for an acquirer may be many, and are not read
  /// by those who look for another state.
  package func due(
    _ states: [ChargeWindow.State], at now: Instant, countMax: Int
  ) async throws -> [ChargeWindowRow] {
    let rows = try await connection.query(
      """
      select \(ChargeColumns.names) from unnest($2::text[]) s(state) cross join lateral (
        select * from charge_window w where w.state = s.state and w.next_at <= $1
        order by w.next_at, w.window_id limit $3 for update skip locked) w
      order by w.next_at, w.window_id limit $3
      """,
      [
        .timestamptz(now), .texts(states.map { Optional($0.rawValue) }), .int8(Int64(countMax)),
      ])
    return try rows.map(ChargeColumns.row)
  }

  /// Windows by number, locked.
  package func lock(_ ids: [Int64]) async throws -> [ChargeWindowRow] {
    let rows = try await connection.query(
      """
      select \(ChargeColumns.names) from charge_window w where w.window_id = any($1)
      order by w.window_id for update
      """, [.int8s(ids.map(Optional.some))])
    return try rows.map(ChargeColumns.row)
  }

  /// The windows of the same card's day as some windows, those included, locked.
  package func lockDays(of ids: [Int64]) async throws -> [ChargeWindowRow] {
    let rows = try await connection.query(
      """
      select \(ChargeColumns.names) from charge_window w
      where (w.lane, w.rider_id, w.fare_day, w.currency) in (
        select lane, rider_id, fare_day, currency from charge_window where window_id = any($1))
      order by w.window_id for update
      """, [.int8s(ids.map(Optional.some))])
    return try rows.map(ChargeColumns.row)
  }

  /// Writes windows down as they now are; they were locked before.
  package func save(_ rows: [ChargeWindowRow]) async throws {
    guard !rows.isEmpty else { return }
    let windows = rows.map(\.window)
    func minors(_ path: KeyPath<ChargeWindow, Int64>) -> PostgresValue {
      .int8s(windows.map { $0[keyPath: path] })
    }
    func moments(_ path: KeyPath<ChargeWindow, Instant?>) -> PostgresValue {
      .timestamptzs(windows.map { $0[keyPath: path] })
    }
    try await connection.execute(
      """
      with before as materialized (
        select -1 as sign, \(KeptSums.windowColumns(of: "charge_window"))
        from charge_window where window_id = any($1)),
      after as (
      update charge_window w set state = c.state, due_minor = c.due, captured_minor = c.captured,
        settled_minor = c.settled, refunded_minor = c.refunded, charged_back_minor = c.back,
        desk_minor = nullif(c.desk, 0), desk_refunded_minor = nullif(c.desk_back, 0),
        goodwill_minor = nullif(c.goodwill, 0), lost_minor = nullif(c.lost, 0),
        offset_minor = c.off, written_off_minor = c.written, attempt = c.attempt, tries = c.tries,
        next_at = c.next_at, asked_at = c.asked_at, asked_by = c.asked_by,
        reference = c.reference, declined_at = c.declined_at, decline_code = c.code,
        recovered_at = c.recovered_at, recovered_by = c.recovered_by
      from unnest($1::int8[], $2::text[], $3::int8[], $4::int8[], $5::int8[], $6::int8[],
        $7::int8[], $8::int8[], $9::int8[], $10::int4[], $11::int4[], $12::timestamptz[],
        $13::timestamptz[], $14::text[], $15::text[], $16::timestamptz[], $17::text[],
        $18::timestamptz[], $19::text[], $20::int8[], $21::int8[],
        $22::int8[], $23::int8[])
        as c(id, state, due, captured, settled, refunded, back, off, written, attempt, tries,
          next_at, asked_at, asked_by, reference, declined_at, code, recovered_at, recovered_by,
          desk, desk_back, goodwill, lost)
      where w.window_id = c.id
      returning 1 as sign, \(KeptSums.windowColumns(of: "w")))
      \(KeptSums.addingWindows(from: "(table before union all table after) changed"))
      """,
      [
        .int8s(rows.map { Optional($0.id) }), .texts(windows.map { Optional($0.state.rawValue) }),
        minors(\.dueMinor), minors(\.capturedMinor), minors(\.settledMinor),
        minors(\.refundedMinor), minors(\.chargedBackMinor), minors(\.offsetMinor),
        minors(\.writtenOffMinor), .int4s(windows.map { Optional($0.attempt) }),
        .int4s(windows.map { Optional($0.tries) }), moments(\.nextAt), moments(\.askedAt),
        .texts(windows.map { $0.askedBy?.rawValue }), .texts(windows.map(\.reference)),
        moments(\.declinedAt), .texts(windows.map(\.declineCode)), moments(\.recoveredAt),
        .texts(windows.map { $0.recoveredBy?.rawValue }), minors(\.deskMinor),
        minors(\.deskRefundedMinor), minors(\.goodwillMinor), minors(\.lostMinor),
      ])
  }

  /// Puts off when something is to be done about windows.
  package func putOff(_ ids: [Int64], until moment: Instant) async throws {
    try await connection.execute(
      "update charge_window set next_at = $2 where window_id = any($1)",
      [.int8s(ids.map(Optional.some)), .timestamptz(moment)])
  }

  /// Adds lines to the list of all that happened.
  package func add(_ events: [ChargeEventRow]) async throws {
    guard !events.isEmpty else { return }
    try await connection.execute(
      """
      insert into charge_event (window_id, medium_id, at, kind, attempt, minor, reference, detail,
        actor, entry_id, place, idempotency_key)
      select * from unnest($1::int8[], $2::uuid[], $3::timestamptz[], $4::text[], $5::int4[],
        $6::int8[], $7::text[], $8::text[], $9::text[], $10::int8[], $11::text[], $12::text[])
      """,
      [
        .int8s(events.map(\.windowID)), .identifiers(events.map(\.medium)),
        .timestamptzs(events.map { Optional($0.at) }), .texts(events.map { Optional($0.kind) }),
        .int4s(events.map { Optional($0.attempt) }), .int8s(events.map { Optional($0.minor) }),
        .texts(events.map(\.reference)), .texts(events.map(\.detail)),
        .texts(events.map { Optional($0.actor) }), .int8s(events.map(\.entryID)),
        .texts(events.map(\.place)), .texts(events.map(\.key)),
      ])
  }
}
