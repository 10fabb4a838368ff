package import Basics
import Postgres

/// How the rides of a rider's fare days are paid, in one currency; minor units.
package struct RiderPaying: Sendable, Equatable {
  package let currency: Currency
  /// What was taken from the account of stored value, be it below nothing or given up.
  package var storedMinor: Int64 = 0
  /// What stored value should have paid: the account was short.
  package var shortMinor: Int64 = 0
  /// What stored value should pay, of a rider who never put money on.
  package var withoutAccountMinor: Int64 = 0
  /// What rides with bank card and phone come to.
  package var bankRidesMinor: Int64 = 0
  /// What the charge windows of the days are closed over.
  package var windowsMinor: Int64 = 0
  /// What was given up of the days since the rider was erased, of rides with bank card and phone; below zero:
  /// taken back.
  package var erasedBankMinor: Int64 = 0
  /// The same of rides that stored value should pay.
  package var erasedStoredMinor: Int64 = 0
  /// How far the account of stored value is below nothing today; of no day.
  package var belowNothingMinor: Int64 = 0
  /// What was given up of the account and did not come back since; of no day.
  package var givenUpMinor: Int64 = 0

  /// Nothing is paid yet.
  package init(currency: Currency) { self.currency = currency }
}

extension WalletTables {
  /// How the rides of a rider's fare days are paid, by currency.
  ///
  /// What is short or without an account is of the same rows as the lists of debts; that an account went below
  /// nothing for a ride, or was written off, no row of a day knows.
  package func paying(of rider: RiderID, days: ClosedRange<Day>) async throws -> [RiderPaying] {
    let rows = try await connection.query(
      """
      with owed as (
        select a.currency, d.due_minor, d.paid_minor
        from wallet_account a join wallet_day d using (account_id)
        where a.rider_id = $2 and a.closed_at is null and d.fare_day between $3 and $4),
      rides as (
        select r.currency, r.charged_minor, r.medium in \(ChargingTables.chargedMedia) as is_bank,
          (\(Self.isUnpaid)) and exists (
            select from fare_day f
            where f.lane = r.lane and f.rider_id = r.rider_id and f.fare_day = r.fare_day and f.owes
          ) as is_unpaid
        from ride r
        where r.lane = $1 and r.rider_id = $2 and r.fare_day between $3 and $4
          and r.reversed_run_id is null and r.charged_minor is not null),
      account as (
        select a.currency, greatest(-a.balance_minor, 0) as below_minor, (
            select coalesce(sum(m.amount_minor), 0)::int8
            from wallet_account c join wallet_movement m using (account_id)
            where c.rider_id = a.rider_id and c.currency = a.currency and m.kind = 'write_off'
          ) as given_up_minor
        from wallet_account a where a.rider_id = $2 and a.closed_at is null)
      select currency, sum(stored_minor)::int8 as stored_minor,
        sum(short_minor)::int8 as short_minor, sum(without_minor)::int8 as without_minor,
        sum(rides_minor)::int8 as rides_minor, sum(windows_minor)::int8 as windows_minor,
        sum(below_minor)::int8 as below_minor, sum(given_up_minor)::int8 as given_up_minor,
        sum(erased_bank_minor)::int8 as erased_bank_minor,
        sum(erased_stored_minor)::int8 as erased_stored_minor
      from (
        select currency, paid_minor as stored_minor, due_minor - paid_minor as short_minor,
          0::int8 as without_minor, 0::int8 as rides_minor, 0::int8 as windows_minor,
          0::int8 as below_minor, 0::int8 as given_up_minor, 0::int8 as erased_bank_minor,
          0::int8 as erased_stored_minor
        from owed
        union all
        select currency, 0, 0, case when is_unpaid then charged_minor else 0 end,
          case when is_bank then charged_minor else 0 end, 0, 0, 0, 0, 0
        from rides
        union all
        select w.currency, 0, 0, 0, 0, w.amount_minor, 0, 0, 0, 0 from charge_window w
        where w.lane = $1 and w.rider_id = $2 and w.fare_day between $3 and $4
        union all
        select currency, 0, 0, 0, 0, 0, below_minor, given_up_minor, 0, 0 from account
        union all
        select e.currency, 0, 0, 0, 0, 0, 0, 0, case when e.is_stored_value then 0 else e.minor end,
          case when e.is_stored_value then e.minor else 0 end
        from erased_fare e
        where e.lane = $1 and e.rider_id = $2 and e.fare_day between $3 and $4) s
      group by 1 order by 1
      """,
      [
        .int2(Lane.of(rider)), .identifier(rider), .date(days.lowerBound), .date(days.upperBound),
      ])
    return try rows.map { row in
      var paying = RiderPaying(currency: try row.currency("currency"))
      paying.storedMinor = try row.int8("stored_minor")
      paying.shortMinor = try row.int8("short_minor")
      paying.withoutAccountMinor = try row.int8("without_minor")
      paying.bankRidesMinor = try row.int8("rides_minor")
      paying.windowsMinor = try row.int8("windows_minor")
      paying.erasedBankMinor = try row.int8("erased_bank_minor")
      paying.erasedStoredMinor = try row.int8("erased_stored_minor")
      paying.belowNothingMinor = try row.int8("below_minor")
      paying.givenUpMinor = try row.int8("given_up_minor")
      return paying
    }
  }
}

extension ChargingTables {
  /// Whether a rider has phones only, none of which is known to pay from anything.
  package func isWithoutAccount(_ rider: RiderID) async throws -> Bool {
    try await connection.query(
      "select \(Self.isWithoutAccount("$1::uuid"))", [.identifier(rider)]
    ).only().bool(0)
  }
}
