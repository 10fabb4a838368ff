package import Basics
import Postgres
package import Wallet

/// A fare day of an account as rides and payments stand.
package struct WalletDayRow: Sendable, Equatable {
  package let accountID: Int64
  package let day: WalletDay
  /// Whether the table holds the day, with what due.
  package let keptDueMinor: Int64?
}

extension WalletTables {
  /// The days of accounts that may have to pay: rider-days just rated, and all that are not paid whole.
  ///
  /// What a day comes to is the sum of its standing rides with media of stored value.
  package func days(
    of accounts: [WalletAccountRow], rated: [RiderDay], lane: Int16
  ) async throws -> [WalletDayRow] {
    let dates = rated.map(\.fareDay)
    let rows = try await connection.query(
      """
      with account as (
        select account_id, rider_id, currency from wallet_account where account_id = any($1)),
      touched as materialized (
        select a.account_id, c.fare_day, coalesce(sum(r.charged_minor), 0)::int8 as due
        from unnest($2::uuid[], $3::date[]) as c(rider_id, fare_day)
        join account a on a.rider_id = c.rider_id
        left join ride r on r.lane = $4 and r.rider_id = c.rider_id and r.fare_day = c.fare_day
          and r.fare_day between $5 and $6 and r.reversed_run_id is null
          and r.medium in \(Self.media) and r.currency = a.currency
        group by a.account_id, c.fare_day),
      kept as (
        select d.* from wallet_day d where d.account_id = any($1) and d.paid_minor < d.due_minor
        union
        select d.* from touched t join wallet_day d using (account_id, fare_day))
      select coalesce(t.account_id, d.account_id) as account_id,
        coalesce(t.fare_day, d.fare_day) as fare_day, coalesce(t.due, d.due_minor) as due,
        coalesce(d.paid_minor, 0) as paid, d.due_minor as kept_due
      from touched t full join kept d
        on d.account_id = t.account_id and d.fare_day = t.fare_day
      order by 1, 2
      """,
      [
        .int8s(accounts.map { Optional($0.accountID) }),
        .identifiers(rated.map { Optional($0.rider) }), .dates(dates.map(Optional.some)),
        .int2(lane), .date(dates.min() ?? Day(number: 0)), .date(dates.max() ?? Day(number: 0)),
      ])
    return try rows.map { row in
      WalletDayRow(
        accountID: try row.int8("account_id"),
        day: WalletDay(
          day: try row.date("fare_day"), dueMinor: try row.int8("due"),
          paidMinor: try row.int8("paid")),
        keptDueMinor: try row.int8OrNil("kept_due"))
    }
  }

  /// Takes the mark of owing off a rider's days for whose rides there is an account now.
  package func unmarkOwing(of rider: RiderID) async throws {
    try await connection.execute(
      """
      update fare_day f set owes = false
      where f.lane = $1 and f.rider_id = $2 and f.owes and not exists (
        select from ride r
        where r.lane = f.lane and r.rider_id = f.rider_id and r.fare_day = f.fare_day
          and r.reversed_run_id is null and r.charged_minor > 0 and \(Self.isUnpaid))
      """, [.int2(Lane.of(rider)), .identifier(rider)])
  }

  /// Holds for a ride `r` that stored value should pay, and whose rider has no account for it.
  static let isUnpaid = """
    r.medium in \(media) and not exists (
      select from wallet_account a
      where a.rider_id = r.rider_id and a.currency = r.currency and a.closed_at is null)
    """

  /// Writes down what days of accounts come to and what is paid of it.
  package func save(_ days: [(accountID: Int64, day: WalletDay)]) async throws {
    guard !days.isEmpty else { return }
    try await connection.execute(
      """
      insert into wallet_day (account_id, fare_day, due_minor, paid_minor)
      select * from unnest($1::int8[], $2::date[], $3::int8[], $4::int8[])
      on conflict (account_id, fare_day) do update
        set due_minor = excluded.due_minor, paid_minor = excluded.paid_minor
      """,
      [
        .int8s(days.map { Optional($0.accountID) }), .dates(days.map { Optional($0.day.day) }),
        .int8s(days.map { Optional($0.day.dueMinor) }),
        .int8s(days.map { Optional($0.day.paidMinor) }),
      ])
  }

  /// Adds movements; the balances of their accounts, which are held, are saved beside them.
  package func add(_ movements: [MovementRow]) async throws {
    guard !movements.isEmpty else { return }
    try await connection.execute(
      """
      insert into wallet_movement (account_id, kind, amount_minor, balance_minor, fare_day, moved_at,
        accounting_date, entry_id, idempotency_key, channel, place, reference, actor)
      select * from unnest($1::int8[], $2::text[], $3::int8[], $4::int8[], $5::date[],
        $6::timestamptz[], $7::date[], $8::int8[], $9::text[], $10::text[], $11::text[],
        $12::text[], $13::text[])
      """,
      [
        .int8s(movements.map { Optional($0.accountID) }),
        .texts(movements.map { Optional($0.kind.rawValue) }),
        .int8s(movements.map { Optional($0.amountMinor) }),
        .int8s(movements.map { Optional($0.balanceMinor) }), .dates(movements.map(\.fareDay)),
        .timestamptzs(movements.map { Optional($0.at) }),
        .dates(movements.map { Optional($0.accountingDate) }),
        .int8s(movements.map(\.entryID)), .texts(movements.map(\.key)),
        .texts(movements.map { $0.channel?.rawValue }), .texts(movements.map(\.place)),
        .texts(movements.map(\.reference)), .texts(movements.map { Optional($0.actor) }),
      ])
  }

  /// Brings balances of accounts, which are held, to what their movements leave.
  package func save(_ accounts: [WalletAccountRow]) async throws {
    try await connection.execute(
      """
      update wallet_account a set balance_minor = c.balance, denied_since = c.denied
      from unnest($1::int8[], $2::int8[], $3::timestamptz[]) as c(account_id, balance, denied)
      where a.account_id = c.account_id
      """,
      [
        .int8s(accounts.map { Optional($0.accountID) }),
        .int8s(accounts.map { Optional($0.balanceMinor) }),
        .timestamptzs(accounts.map(\.deniedSince)),
      ])
  }

  /// What in the tables of stored value and products does not agree with itself or with the books,
  /// each in a sentence.
  package func findings(countMax: Int) async throws -> [String] {
    let rows = try await connection.query(
      """
      select * from (
        select 'stored value: account ' || a.account_id || ' holds ' || a.balance_minor
          || ' minor units, its movements come to ' || coalesce(sum(m.amount_minor), 0)
        from wallet_account a left join wallet_movement m using (account_id)
        group by a.account_id having a.balance_minor <> coalesce(sum(m.amount_minor), 0)
        union all
        select 'stored value: account ' || coalesce(d.account_id, m.account_id) || ' paid '
          || coalesce(d.paid_minor, 0) || ' minor units for ' || coalesce(d.fare_day, m.fare_day)
          || ', its movements say ' || coalesce(m.paid, 0)
        from wallet_day d full join (
          select account_id, fare_day, -sum(amount_minor) as paid from wallet_movement
          where kind = 'ride' group by 1, 2) m
          on m.account_id = d.account_id and m.fare_day = d.fare_day
        where coalesce(d.paid_minor, 0) <> coalesce(m.paid, 0)
        union all
        select 'account ' || b.account || ' in ' || b.currency || ' stands at ' || b.minor
          || ' minor units, ' || b.what || ' come to ' || b.tables
        from (
          select coalesce(p.currency, t.currency) as currency, k.account, k.what,
            coalesce(p.minor, 0) as minor, coalesce(t.minor, 0) as tables
          from (values ('2200', 'the cards of riders'), ('2210', 'passes and carnets')) k (account, what)
          cross join lateral (
            select currency from entry union select currency from wallet_account
            union select currency from product_holding) c
          left join lateral (
            select e.currency, sum(p.credit_minor - p.debit_minor) as minor
            from posting p join entry e using (entry_id)
            where p.account = k.account and e.currency = c.currency group by 1) p on true
          left join lateral (
            select c.currency, \(Self.rowsOfAccount) as minor) t on true) b
        where b.minor <> b.tables
      ) f limit $1
      """, [.int8(Int64(countMax))])
    return try rows.map { try $0.text(0) }
  }
}
