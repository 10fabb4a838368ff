package import Basics
import Postgres

/// What an account of riders' money stands at, and what the cards, or the passes and carnets, come to that it sums;
/// in minor units, credits less debits.
package struct StoredValueStanding: Sendable, Equatable {
  package let bookedMinor: Int64
  package let rowsMinor: Int64

  /// By how much the account stands above what it sums.
  package var differenceMinor: Int64 { bookedMinor - rowsMinor }
}

extension WalletTables {
  /// Any number that nothing else locks: "KV" and then "stnd".
  private static let standingLock: Int64 = 0x4B56_7374_6E64

  /// What the rows of the tables come to for `k.account`, which is 2200 or 2210, in the currency `c.currency`.
  static let rowsOfAccount = """
    case k.account
      when '2200' then (
        select sum(balance_minor) from wallet_account a where a.currency = c.currency)
      else (
        select sum(price_minor - recognised_minor - refunded_minor) from product_holding h
        where h.currency = c.currency) end
    """

  /// How an account, 2200 or 2210, stands in a currency; whoever asks next waits until the transaction ends.
  ///
  /// Two who bring it nearer at once would bring it past what it sums. What is asked after the wait sees what the
  /// other did: a statement of its own.
  package func holdStanding(
    of account: String, in currency: Currency
  ) async throws -> StoredValueStanding {
    try await connection.execute(
      "select pg_advisory_xact_lock($1)", [.int8(Self.standingLock)])
    let row = try await connection.query(
      """
      select coalesce((
          select sum(p.credit_minor - p.debit_minor) from posting_sum p
          where p.account = k.account and p.currency = c.currency), 0)::int8 as booked,
        coalesce(\(Self.rowsOfAccount), 0)::int8 as rows_minor
      from (values ($1::text)) k (account), (values ($2::text)) c (currency)
      """, [.text(account), .text(currency.code)]
    ).only()
    return StoredValueStanding(
      bookedMinor: try row.int8("booked"), rowsMinor: try row.int8("rows_minor"))
  }
}
