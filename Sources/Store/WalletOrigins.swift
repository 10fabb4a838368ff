package import Basics
import Postgres

/// Where a rider's stored value of a currency came from, in minor units.
package struct WalletOrigin: Sendable, Equatable {
  /// What came in cash, less what went out in cash.
  ///
  /// A pass or carnet that was paid in cash and went back onto the account counts, and one that was
  /// paid from the account and went back in cash.
  package let cashMinor: Int64
  /// What two people put on, less what they took off.
  package let correctedMinor: Int64
  /// What desks wrote down as transfers, and no statement of the bank shows yet.
  ///
  /// A pass or carnet that was paid so and went back onto the account counts. Before the first day of which
  /// a statement was taken there is nothing to look at: what was booked then does not count.
  package let transferredMinor: Int64
  /// Of these transfers what two people did not take off since.
  package let unseenMinor: Int64
}

extension WalletTables {
  /// Where the stored value of a rider in a currency came from, over all accounts.
  package func origin(of rider: RiderID, in currency: Currency) async throws -> WalletOrigin {
    let values: [PostgresValue] = [.identifier(rider), .text(currency.code)]
    let paid = try await connection.query(Self.paidSQL, values).only()
    let transfers = try await connection.query(Self.transfersSQL, values).only()
    return WalletOrigin(
      cashMinor: try paid.int8("cash"), correctedMinor: try paid.int8("corrected"),
      transferredMinor: try transfers.int8("transferred"),
      unseenMinor: try transfers.int8("unseen"))
  }

  private static let paidSQL = """
    select (coalesce(sum(m.amount_minor) filter (where m.kind <> 'correction'), 0)
      + coalesce((
        select sum(case channel when 'cash' then refunded_minor else -refunded_minor end)
        from product_holding where rider_id = $1 and currency = $2
          and (channel, refund_channel) in (('cash', 'wallet'), ('wallet', 'cash'))), 0))::int8 as cash,
      coalesce(sum(m.amount_minor) filter (where m.kind = 'correction'), 0)::int8 as corrected
    from wallet_account a join wallet_movement m using (account_id)
    where a.rider_id = $1 and a.currency = $2
      and (m.kind = 'correction' or m.kind in ('top_up', 'refund') and m.channel = 'cash')
    """

  /// What two people take off lowers what is unseen at that moment, and nothing that comes later: so the sum
  /// goes through the entries in their order, and never below nothing.
  private static let transfersSQL = """
    with begun as (\(firstDaySQL("$2"))),
    step as (
      select m.entry_id as place, m.amount_minor as minor
      from begun, wallet_account a join wallet_movement m using (account_id)
      where a.rider_id = $1 and a.currency = $2
        and (m.kind = 'correction' and m.amount_minor < 0
          or m.kind = 'top_up' and m.channel = 'bank' and m.accounting_date >= begun.day
            and \(hasNoLine("receipt", "m.movement_id", "$2")))
      union all
      select h.refund_entry_id, h.refunded_minor
      from begun, product_holding h join entry e on e.entry_id = h.entry_id
      where h.rider_id = $1 and h.currency = $2 and h.channel = 'bank'
        and h.refund_channel = 'wallet' and e.accounting_date >= begun.day
        and \(hasNoLine("sale", "h.holding_id", "$2"))),
    sums as (
      select minor, sum(minor) over (order by place rows unbounded preceding) as so_far from step)
    select coalesce(sum(minor) filter (where minor > 0), 0)::int8 as transferred,
      coalesce(sum(minor) - least(0, min(so_far)), 0)::int8 as unseen
    from sums
    """

  /// The first day of which a statement of a currency was taken, as SQL; no statement ever goes again.
  static func firstDaySQL(_ currency: String) -> String {
    "select min(s.opening_day) as day from bank_statement s where s.currency = \(currency)"
  }

  /// Whether no line of a statement is the money of something, as SQL.
  static func hasNoLine(_ subject: String, _ id: String, _ currency: String) -> String {
    """
    not exists (select from statement_line l
      where l.subject = '\(subject)' and l.subject_id = \(id) and l.currency = \(currency))
    """
  }
}
