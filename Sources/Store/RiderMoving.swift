package import Basics
import Ledger
import Postgres

extension StoreSession {
  /// What carries everything of a rider to another, or to nobody.
  package var riderMoves: RiderMoveTables { RiderMoveTables(connection: connection) }
}

/// What carries everything of a rider to another, or to nobody.
///
/// Nobody sorts or rates meanwhile: the caller holds the lanes.
package struct RiderMoveTables {
  let connection: PostgresConnection

  /// Fare days of a rider that have accepted taps, rides or products.
  package func days(of rider: RiderID) async throws -> [Day] {
    let rows = try await connection.query(
      "select fare_day from fare_day where lane = $1 and rider_id = $2 order by 1",
      [.int2(Lane.of(rider)), .identifier(rider)])
    return try rows.map { try $0.date(0) }
  }

  /// Fare days on which a rider has taps.
  ///
  /// Those on which no tap was accepted are no days of the rider, and may lie before the first tap that was
  /// sorted.
  private func tapDays(of rider: RiderID) async throws -> [Day?] {
    let rows = try await connection.query(
      "select distinct fare_day from tap where lane = $1 and rider_id = $2 order by 1",
      [.int2(Lane.of(rider)), .identifier(rider)])
    return try rows.map { try $0.date(0) }
  }

  /// Charge windows of a rider's bank cards whose money is not where it belongs yet, and fare days whose
  /// windows are still to be closed.
  ///
  /// Days that wait for an account of a phone are left out: nobody can be asked for them.
  package func openCharges(of rider: RiderID) async throws -> Int {
    try await connection.query(
      """
      select (
        select count(*) from charge_window where lane = $1 and rider_id = $2
          and (state not in ('settled', 'nothing', 'netted', 'written_off') or due_minor <> 0))
        + (
        select count(*) from (
          select fare_day, currency from (
            select fare_day, currency, charged_minor as minor from ride
            where lane = $1 and rider_id = $2 and reversed_run_id is null
              and charged_minor is not null and medium in \(ChargingTables.chargedMedia)
            union all
            select fare_day, currency, -amount_minor from charge_window
            where lane = $1 and rider_id = $2) s
          where fare_day not in (
            select fare_day from charge_day_waiting
            where lane = $1 and rider_id = $2 and waits_for_account)
          group by fare_day, currency having sum(minor) <> 0) d)
      """, [.int2(Lane.of(rider)), .identifier(rider)]
    ).only().int(0)
  }

  /// Refunds of a rider's charge windows that are still owed.
  ///
  /// Also one that failed and nothing paid back, and one in a clearing file that is not given out: that is made again
  /// of the rider's taps.
  package func owedRefunds(of rider: RiderID) async throws -> Int {
    try await connection.query(
      """
      select count(*)
      from charge_refund r join charge_window w using (window_id)
      where w.lane = $1 and w.rider_id = $2
        and (r.state in ('awaiting', 'approved', 'asking', 'failed') and r.paid_entry_id is null
          or exists (
            select from clearing_line l where l.refund_id = r.refund_id and l.number > coalesce(
              (select value::int8 from setting where name = $3), 0)))
      """,
      [.int2(Lane.of(rider)), .identifier(rider), .text(ChargingTables.givenFilesSetting)]
    ).only().int(0)
  }

  /// Gives the taps, boardings, fare days, media, charge windows, proofs, products and tokens of a
  /// rider to another, whose days then wait for a rating; the number of taps.
  ///
  /// Proofs of the same category and first day stay as the other has them.
  package func give(
    _ rider: RiderID, to other: RiderID, at: Instant
  ) async throws -> Int {
    let pair: [PostgresValue] = [.identifier(rider), .identifier(other)]
    let lanes: [PostgresValue] = [.int2(Lane.of(rider)), .int2(Lane.of(other))]
    let days = PostgresValue.dates(try await tapDays(of: rider))
    let moved = try await connection.execute(
      """
      update tap t set rider_id = $2, lane = $4 from unnest($5::date[]) d
      where t.fare_day = d and t.lane = $3 and t.rider_id = $1
      """, pair + lanes + [days])
    try await connection.execute(
      """
      update boarding b set rider_id = $2, lane = $4 from unnest($5::date[]) d
      where b.fare_day = d and b.lane = $3 and b.rider_id = $1
      """, pair + lanes + [days])
    try await renamePlacedAnew(pair)
    try await connection.execute(
      """
      with gone as (delete from travel_day where lane = $3 and rider_id = $1 returning fare_day)
      insert into travel_day (lane, rider_id, fare_day, stale_since)
      select $4, $2, fare_day, $5 from gone
      on conflict (lane, rider_id, fare_day) do update
        set stale_since = least(travel_day.stale_since, excluded.stale_since)
      """, pair + lanes + [.timestamptz(at)])
    // What is shared of these days is shared anew when the other's are rated.
    for table in ["fare_day", "share_recount"] {
      try await connection.execute(
        "delete from \(table) where lane = $2 and rider_id = $1", [pair[0], lanes[0]])
    }
    try await connection.execute("update medium set rider_id = $2 where rider_id = $1", pair)
    try await giveWindows(pair + lanes)
    try await connection.execute(
      """
      insert into entitlement (rider_id, category, valid_from, valid_to, proof, recorded_at,
        proof_kind, proof_digest)
      select $2, category, valid_from, valid_to, proof, recorded_at, proof_kind, proof_digest
      from entitlement where rider_id = $1 on conflict do nothing
      """, pair)
    try await connection.execute("delete from entitlement where rider_id = $1", [pair[0]])
    try await connection.execute(
      "update product_holding set rider_id = $2, lane = $3 where rider_id = $1",
      pair + [lanes[1]])
    try await moveRecount(pair)
    try await connection.execute(
      "update access_token set rider_id = $2 where rider_id = $1", pair)
    try await connection.execute(
      "update rider set merged_into = $2 where rider_id = $1", pair)
    return moved
  }

  /// Gives charge windows away: what was taken for the rides of one was taken for those of the other.
  ///
  /// The questions and the money on their way keep their names, which are those of windows.
  private func giveWindows(_ parameters: [PostgresValue]) async throws {
    try await connection.execute(
      """
      insert into charge_day_waiting (lane, rider_id, fare_day)
      select distinct $4::int2, $2::uuid, fare_day from charge_window
      where lane = $3 and rider_id = $1
      union select $4, $2, fare_day from charge_day_waiting where lane = $3 and rider_id = $1
      on conflict do nothing
      """, parameters)
    try await connection.execute(
      "delete from charge_day_waiting where lane = $2 and rider_id = $1",
      [parameters[0], parameters[2]])
    try await connection.execute(
      """
      update charge_window w set rider_id = $2, lane = $4, number = w.number + (
        select coalesce(max(k.number) + 1, 0) from charge_window k where k.lane = $4
          and k.rider_id = $2 and k.fare_day = w.fare_day and k.currency = w.currency)
      where w.lane = $3 and w.rider_id = $1
      """, parameters)
  }

  /// Puts nobody in the place of a rider: another number everywhere, and nothing that a person or a
  /// card could be found by.
  ///
  /// `nobody` is in the same lane, so that no rating changes. The medium of a tap becomes a number
  /// that no token leads to, one for each medium. Riders who were merged into this one go too.
  package func erase(
    _ rider: RiderID, as nobody: RiderID, at: Instant
  ) async throws {
    precondition(Lane.of(rider) == Lane.of(nobody), "an erased rider stays in its lane")
    let pair: [PostgresValue] = [.identifier(rider), .identifier(nobody)]
    let lane = PostgresValue.int2(Lane.of(rider))
    let days = PostgresValue.dates(try await tapDays(of: rider))
    try await connection.execute(
      """
      insert into rider (rider_id, lane, first_seen_at, erased_at)
      select $2, lane, first_seen_at, $3 from rider where rider_id = $1
      """, pair + [.timestamptz(at)])
    try await forgetPastChanges(rider)
    try await estrange(rider, pair + [lane, days])
    try await renamePlacedAnew(pair)
    try await connection.execute(
      """
      update boarding b set rider_id = $2 from unnest($4::date[]) d
      where b.fare_day = d and b.lane = $3 and b.rider_id = $1
      """, pair + [lane, days])
    try await connection.execute(
      """
      update stop_correction c set reason = 'erased'
      from unnest($3::date[]) d join tap t on t.fare_day = d and t.lane = $2 and t.rider_id = $1
      where c.device_id = t.device_id and c.epoch = t.epoch and c.seq = t.seq
      """, [.identifier(nobody), lane, days])
    let tables = [
      "ride", "fare_day", "travel_day", "charge_window", "charge_day_waiting", "operator_share",
      "share_recount",
    ]
    for table in tables {
      try await connection.execute(
        "update \(table) set rider_id = $2 where lane = $3 and rider_id = $1", pair + [lane])
    }
    try await connection.execute(
      """
      update entitlement set rider_id = $2, proof = null, proof_kind = null, proof_digest = null
      where rider_id = $1
      """, pair)
    for table in ["product_holding", "wallet_account"] {
      try await connection.execute(
        "update \(table) set rider_id = $2 where rider_id = $1", pair)
    }
    try await forget(rider, nobody)
  }

  /// Gives the taps that an order would place anew the other number too, for as long as its preview takes.
  private func renamePlacedAnew(_ pair: [PostgresValue]) async throws {
    try await connection.execute(
      """
      update tap_placed_anew set rider_id = $2
      where rider_id = $1 and order_id in (
        select order_id from rerating_order where preview_place is not null)
      """, pair)
  }

  /// Gives each medium of a rider a number that no token leads to, wherever one is kept.
  private func estrange(_ rider: RiderID, _ parameters: [PostgresValue]) async throws {
    let rows = try await connection.query(
      "select medium_id, gen_random_uuid() from medium where rider_id = $1", [.identifier(rider)])
    let media = PostgresValue.identifiers(
      try rows.map { row -> MediumID? in try row.identifier(0) })
    let others = PostgresValue.identifiers(
      try rows.map { row -> MediumID? in try row.identifier(1) })
    try await connection.execute(
      """
      update tap t set rider_id = $2, medium_id = coalesce((
        select other from unnest($5::uuid[], $6::uuid[]) as s(medium, other)
        where s.medium = t.medium_id), $2)
      from unnest($4::date[]) d where t.fare_day = d and t.lane = $3 and t.rider_id = $1
      """, parameters + [media, others])
    for table in ["charge_window", "charge_event", "card_denial"] {
      try await connection.execute(
        """
        update \(table) t set medium_id = s.other
        from unnest($1::uuid[], $2::uuid[]) as s(medium, other) where t.medium_id = s.medium
        """, [media, others])
    }
    // The list itself keeps what it denies by a name that only the token leads to.
    for table in ["card_standing", "deny_cause"] {
      try await connection.execute("delete from \(table) where medium_id = any($1)", [media])
    }
  }

  /// Takes a rider, whoever was merged into them, and their media out of the list of changes of the past.
  private func forgetPastChanges(_ rider: RiderID) async throws {
    try await connection.execute(
      """
      with recursive way as (
        select $1::uuid as id
        union select r.rider_id from way w join rider r on r.merged_into = w.id),
      known as (select id from way union select medium_id from medium where rider_id = $1)
      update past_change set subject_id = null, other_id = null
      where subject_id in (select id from known) or other_id in (select id from known)
      """, [.identifier(rider)])
  }

  /// Takes away what a person could be found by: media, tokens, reasons, and numbers of before.
  private func forget(_ rider: RiderID, _ nobody: RiderID) async throws {
    let numbers = try await connection.query(
      """
      with recursive way as (
        select $1::uuid as rider_id
        union select r.rider_id from way w join rider r on r.merged_into = w.rider_id)
      select rider_id from way
      """, [.identifier(rider)]
    ).map { row -> RiderID? in try row.identifier(0) }
    let all = PostgresValue.identifiers(numbers)
    try await connection.execute(
      """
      update rider_event set rider_id = $2, reason = 'erased', detail = '' where rider_id = any($1)
      """, [all, .identifier(nobody)])
    try await forgetWords(nobody)
    try await forgetPreviews(numbers.compactMap { $0 }, nobody)
    for number in numbers {
      try await moveRecount([.orNull(number) { .identifier($0) }, .identifier(nobody)])
    }
    // Orders about riders who had no account.
    try await connection.execute(
      "update money_order set subject = $2::text where subject = any($1::text[])",
      [
        .texts(numbers.map { $0?.description }), .text(nobody.description),
      ])
    // What riders who were merged into this one left behind: reversed rides, settled charges.
    let lanes = PostgresValue.int2s(numbers.map { $0.map { Lane.of($0) } })
    try await connection.execute(
      """
      update ride r set rider_id = $2 from unnest($1::uuid[], $3::int2[]) as g(rider_id, lane)
      where r.lane = g.lane and r.rider_id = g.rider_id
      """, [all, .identifier(nobody), lanes])
    for table in ["charge_window", "operator_share"] {
      try await connection.execute(
        """
        update \(table) t set rider_id = gen_random_uuid()
        from unnest($1::uuid[], $2::int2[]) as g(rider_id, lane)
        where t.lane = g.lane and t.rider_id = g.rider_id
        """, [all, lanes])
    }
    for table in ["medium", "access_token", "rider"] {
      try await connection.execute("delete from \(table) where rider_id = any($1)", [all])
    }
  }

  /// Takes away what people wrote beside orders about the windows and accounts of somebody who is nobody now.
  ///
  /// What was booked by such an order says its reason too, and an entry never changes.
  private func forgetWords(_ nobody: RiderID) async throws {
    let parameters: [PostgresValue] = [
      .int2(Lane.of(nobody)), .identifier(nobody), .text(nobody.description),
    ]
    try await connection.execute(
      """
      update money_order set reason = 'erased'
      where kind in ('write_off', 'refund') and subject in (
          select window_id::text from charge_window where lane = $1 and rider_id = $2)
        or kind in ('account_write_off', 'account_credit', 'account_debit') and (subject = $3
          or subject in (select account_id::text from wallet_account where rider_id = $2))
      """, parameters)
    try await connection.execute(
      """
      update charge_event e set detail = 'erased' from charge_window w
      where w.lane = $1 and w.rider_id = $2 and e.window_id = w.window_id
        and e.kind in ('write_off_proposed', 'refund_proposed', 'refund_ordered')
        and e.detail <> 'erased'
      """, Array(parameters.prefix(2)))
    try await StatementTables(connection: connection).forgetPayers(of: nobody)
  }

  /// Puts the other number into what orders to rate anew showed of the largest changes.
  private func forgetPreviews(_ numbers: [RiderID], _ nobody: RiderID) async throws {
    for number in numbers {
      try await connection.execute(
        """
        update rerating_order set preview = replace(preview, $1, $2),
          compared = replace(compared, $1, $2)
        where strpos(preview, $1) > 0 or strpos(compared, $1) > 0
        """, [.text(number.description), .text(nobody.description)])
    }
  }

  /// Gives a wish that a rider's products be counted anew to the other.
  private func moveRecount(_ pair: [PostgresValue]) async throws {
    try await connection.execute(
      """
      with gone as (delete from product_recount where rider_id = $1 returning 1)
      insert into product_recount select $2 from gone on conflict do nothing
      """, pair)
  }
}
