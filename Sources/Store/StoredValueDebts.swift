package import Basics
import Postgres

/// What a rider owes for rides that stored value should pay.
package struct StoredValueDebt: Sendable, Equatable {
  package let rider: RiderID
  package let currency: Currency
  /// The account that is short; nil where its rider never put money on.
  package let account: Int64?
  /// The media that it pays for, or should, the oldest first.
  package let media: [String]
  /// The first fare day that is not paid; nil where all are, from a balance that is below nothing.
  package let since: Day?
  /// Since when the media are not let on; nil when they are.
  package let deniedSince: Instant?
  /// Fare days that are not paid whole.
  package let days: Int64
  /// Minor units of the balance; nothing without an account.
  package let balanceMinor: Int64
  /// Minor units that the rides came to and nobody paid.
  package let unpaidMinor: Int64

  /// Names a debt.
  package init(
    rider: RiderID, currency: Currency, account: Int64?, media: [String], since: Day?,
    deniedSince: Instant?, days: Int64, balanceMinor: Int64, unpaidMinor: Int64
  ) {
    self.rider = rider
    self.currency = currency
    self.account = account
    self.media = media
    self.since = since
    self.deniedSince = deniedSince
    self.days = days
    self.balanceMinor = balanceMinor
    self.unpaidMinor = unpaidMinor
  }

  /// Minor units owed in all.
  package var dueMinor: Int64 { unpaidMinor - min(0, balanceMinor) }
}

extension WalletTables {
  /// Most debts of a list.
  package static let debtsMax = 1000

  /// The media of a rider that stored value pays for.
  private static func mediaList(of rider: String) -> String {
    """
    array(select m.medium_id::text from medium m where m.rider_id = \(rider) and m.kind in \(media)
      order by m.first_seen_at, m.medium_id)
    """
  }

  /// What accounts owe, and what riders owe who have none: the oldest first of each.
  package func debts() async throws -> [StoredValueDebt] {
    let accounts = try await connection.query(
      """
      with owing as (
        select account_id from wallet_account where balance_minor < 0
        union select account_id from wallet_day where paid_minor < due_minor)
      select a.rider_id, a.currency, a.account_id, \(Self.mediaList(of: "a.rider_id")) as media,
        d.first_day, a.denied_since, d.days, a.balance_minor, d.unpaid
      from owing join wallet_account a using (account_id)
      cross join lateral (
        select min(fare_day) as first_day, count(*) as days,
          coalesce(sum(due_minor - paid_minor), 0)::int8 as unpaid
        from wallet_day w where w.account_id = a.account_id and w.paid_minor < w.due_minor) d
      where a.closed_at is null
      order by least(d.first_day, a.denied_since::date), a.account_id limit $1
      """, [.int8(Int64(Self.debtsMax))])
    let others = try await connection.query(
      """
      with owing as (
        select lane, rider_id, min(fare_day) as first_day from fare_day where owes
        group by lane, rider_id order by 3, 1, 2 limit $1)
      select r.rider_id, r.currency, null::int8 as account_id,
        \(Self.mediaList(of: "r.rider_id")) as media, min(r.fare_day) as first_day,
        null::timestamptz as denied_since, count(distinct r.fare_day) as days,
        0::int8 as balance_minor, sum(r.charged_minor)::int8 as unpaid
      from owing o
      join fare_day f on f.lane = o.lane and f.rider_id = o.rider_id and f.owes
      join ride r on r.lane = f.lane and r.rider_id = f.rider_id and r.fare_day = f.fare_day
      where r.reversed_run_id is null and r.charged_minor > 0 and \(Self.isUnpaid)
      group by r.rider_id, r.currency order by first_day, r.rider_id, r.currency limit $1
      """, [.int8(Int64(Self.debtsMax))])
    return try (Array(accounts) + Array(others)).map { row in
      StoredValueDebt(
        rider: try row.identifier("rider_id"), currency: try row.currency("currency"),
        account: try row.int8OrNil("account_id"),
        media: try row.texts("media").compactMap { $0 },
        since: try row.dateOrNil("first_day"),
        deniedSince: try row.timestamptzOrNil("denied_since"), days: try row.int8("days"),
        balanceMinor: try row.int8("balance_minor"), unpaidMinor: try row.int8("unpaid"))
    }
  }

  /// What a rider owes for rides that stored value should pay, and for which there is no account.
  package func owed(by rider: RiderID) async throws -> [Money] {
    try await connection.query(
      """
      select r.currency, sum(r.charged_minor)::int8 as minor
      from fare_day f
      join ride r on r.lane = f.lane and r.rider_id = f.rider_id and r.fare_day = f.fare_day
      where f.lane = $1 and f.rider_id = $2 and f.owes and r.reversed_run_id is null
        and r.charged_minor > 0 and \(Self.isUnpaid)
      group by r.currency order by r.currency
      """, [.int2(Lane.of(rider)), .identifier(rider)]
    ).map { Money(minor: try $0.int8("minor"), currency: try $0.currency("currency")) }
  }

  /// Fare days of accounts that do not come to what their riders' rides do, each in a sentence; days
  /// that wait for their rating are left out, and so is what was given up of erased riders.
  package func daysThatDiffer(countMax: Int) async throws -> [String] {
    let rows = try await connection.query(
      """
      with rides as (
        select account_id, fare_day, sum(minor)::int8 as minor from (
          select a.account_id, r.fare_day, r.charged_minor as minor
          from wallet_account a
          join ride r on r.lane = a.lane and r.rider_id = a.rider_id and r.currency = a.currency
          where a.closed_at is null and r.reversed_run_id is null and r.charged_minor > 0
            and r.medium in \(Self.media)
          union all
          select a.account_id, e.fare_day, -e.minor
          from erased_fare e join wallet_account a using (rider_id, currency)
          where a.closed_at is null and e.is_stored_value) s
        group by 1, 2)
      select 'stored value: account ' || account_id || ' is to pay ' || b.due
        || ' minor units for ' || b.fare_day || ', its rides come to ' || b.minor
      from (
        select account_id, fare_day, coalesce(d.due_minor, 0) as due, coalesce(r.minor, 0) as minor
        from wallet_day d full join rides r using (account_id, fare_day)) b
      join wallet_account a using (account_id)
      where b.due <> b.minor and (a.lane, a.rider_id, b.fare_day) not in (
        select lane, rider_id, fare_day from rider_day_waiting)
      order by 1 limit $1
      """, [.int8(Int64(countMax))])
    return try rows.map { try $0.text(0) }
  }
}
