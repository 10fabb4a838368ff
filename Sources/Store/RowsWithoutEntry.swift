import Basics
import Ledger
import Postgres

/// Where to look when an account is not what its rows come to: the first row that no entry books, or that
/// an entry books otherwise.
///
/// These are asked of an account that differs alone, so they may take their time. `$1` is the account,
/// `$2` the currency, `$3` the operator or null.
private enum RowsWithoutEntry {
  /// Which accounts the events of charging move; of a desk's payment 1200 or 7200, so none is said.
  private static let eventAccounts = """
    (values ('captured', array['1120', '1200']), ('paid_at_desk', array[]::text[]),
      ('written_off', array['1200']), ('refund_owed', array['2220']),
      ('refund_paid', array['1120', '2220']), ('refund_paid_back', array['2220']),
      ('dispute_booked', array['1120', '1250']),
      ('dispute_lost', array['1250']),
      ('goodwill_set_off', array['1200']), ('loss_set_off', array['1200'])) as k (kind, accounts)
    """

  static let events = """
    select format('event %s of charge window %s (%s, %s) has no entry on it', e.event_id,
      e.window_id, e.kind, e.minor)
    from charge_event e join charge_window w using (window_id)
      join \(eventAccounts) using (kind)
    where w.currency = $2 and e.minor > 0 and ($1 = any(k.accounts) and not exists (
        select from posting p where p.entry_id = e.entry_id and p.account = $1)
      or cardinality(k.accounts) = 0 and not exists (
        select from entry n where n.entry_id = e.entry_id))
    order by e.event_id limit 1
    """

  /// An entry that says another sum than the events that name it.
  static let entries = """
    select format('entry %s books %s on it, its events come to %s', entry_id, p.minor, v.minor)
    from (
      select entry_id, sum(minor) as minor from charge_event e join \(eventAccounts) using (kind)
      where entry_id is not null and ($1 = any(k.accounts)) group by entry_id) v
    join (
      select entry_id, sum(debit_minor + credit_minor) as minor from posting
      where account = $1 group by entry_id) p using (entry_id)
    join entry using (entry_id)
    where currency = $2 and p.minor <> v.minor order by entry_id limit 1
    """

  static let windows = """
    select format('charge window %s: captured %s and settled %s, its events come to %s and %s',
      window_id, w.captured_minor, w.settled_minor, e.captured, e.settled)
    from charge_window w cross join lateral (
      select coalesce(sum(case when kind in ('captured', 'paid_at_desk') then minor
          when kind = 'declined' and entry_id is not null then -minor end), 0) as captured,
        coalesce(sum(minor) filter (where kind in ('settled', 'paid_at_desk')), 0) as settled
      from charge_event v where v.window_id = w.window_id) e
    where w.currency = $2
      and (w.captured_minor <> e.captured or w.settled_minor <> e.settled)
    order by window_id limit 1
    """

  static let refunds = """
    select format('refund %s of %s is %s, %s', r.refund_id, r.minor, r.state,
      case when e.given then 'and an event says that it was given'
        else 'and no event says that it was given' end)
    from charge_refund r join charge_window w using (window_id) cross join lateral (
      select exists (select from charge_event v where v.window_id = r.window_id
        and v.kind = 'refund_paid' and v.reference = 'r' || r.refund_id and v.minor = r.minor)
        as given) e
    where w.currency = $2 and e.given <> (r.state in ('paid', 'settled'))
      and r.state not in ('awaiting', 'refused')
    order by r.refund_id limit 1
    """

  /// Refunds that a desk or the bank paid back, as their entries say.
  static let refundsPaidBack = """
    select format('refund %s of %s was paid back, its entry %s books %s', r.refund_id, r.minor,
      r.paid_entry_id, p.minor)
    from charge_refund r join charge_window w using (window_id) cross join lateral (
      select coalesce(sum(debit_minor - credit_minor), 0) as minor from posting p
      where p.entry_id = r.paid_entry_id and p.account = '\(AccountCode.refunds)') p
    where w.currency = $2 and r.paid_entry_id is not null and p.minor <> r.minor
      and not exists (select from adjustment j where j.entry_id = r.paid_entry_id)
    order by r.refund_id limit 1
    """

  static let disputes = """
    select format('dispute %s of %s is %s, its events book %s times opened or won, %s times lost',
      c.case_id, c.minor, c.stage, e.booked, e.lost)
    from chargeback c join charge_window w using (window_id) cross join lateral (
      select count(*) filter (where kind = 'dispute_booked') as booked,
        count(*) filter (where kind = 'dispute_lost') as lost
      from charge_event v where v.window_id = c.window_id and v.reference = c.case_id
        and v.minor = c.minor) e
    where w.currency = $2 and (e.booked <> case c.stage when 'won' then 2 else 1 end
      or e.lost <> (c.stage = 'lost')::int)
    order by c.opened_at, c.case_id limit 1
    """

  static let topUpDisputes = """
    select format('dispute %s of %s about a top-up is %s, its movements book %s of it', c.case_id,
      c.minor, c.stage, m.minor)
    from chargeback c join acquirer_sale s using (sale_id) cross join lateral (
      select coalesce(sum(p.debit_minor - p.credit_minor), 0) as minor
      from wallet_movement w join posting p using (entry_id)
      where w.kind = 'dispute' and w.reference = c.case_id
        and p.account = '\(AccountCode.acquirer)') m
    where s.currency = $2 and m.minor <> case c.stage when 'won' then 0 else -c.minor end
    order by c.opened_at, c.case_id limit 1
    """

  static let sales = """
    select format('%s %s by bank card of %s, entry %s books %s', s.kind, s.reference, s.minor,
      s.entry_id, p.minor)
    from acquirer_sale s cross join lateral (
      select coalesce(sum(debit_minor - credit_minor), 0) as minor from posting p
      where p.entry_id = s.entry_id and p.account = '\(AccountCode.acquirer)') p
    where s.currency = $2
      and p.minor <> case s.kind when 'payment' then s.minor else -s.minor end
    order by s.sale_id limit 1
    """

  /// What the acquirer does not pay of a top-up; a movement has the name of the line that says so.
  static let notPaid = """
    select format('top-up %s by bank card: %s of it is not paid, its movements book %s', s.reference,
      coalesce(s.declined_minor, 0), m.minor)
    from acquirer_sale s cross join lateral (
      select coalesce(sum(p.credit_minor - p.debit_minor), 0) as minor
      from acquirer_record r join acquirer_file f using (file_id)
        join wallet_movement w on w.reference = 'KVYTOK-F' || f.number || '-' || r.line
        join posting p on p.entry_id = w.entry_id
      where r.sale_id = s.sale_id and r.kind = 'decline' and w.kind = 'dispute'
        and p.account = '\(AccountCode.acquirer)') m
    where s.currency = $2 and coalesce(s.declined_minor, 0) <> m.minor order by s.sale_id limit 1
    """

  /// What funding files moved, against what each row counts of it.
  static let fundings = """
    select format('%s %s has %s by fundings, their lines come to at most %s', s.kind, s.reference,
      s.settled_minor, coalesce(r.minor, 0))
    from acquirer_sale s left join (
      select sale_id, sum(gross_minor) as minor from acquirer_record
      where category in ('matched', 'amount_differs') and kind <> 'chargeback' group by 1) r
      using (sale_id)
    where s.currency = $2 and s.settled_minor > coalesce(r.minor, 0) order by s.sale_id limit 1
    """

  static let fares = """
    select format('movement %s of %s for the rides of %s has no entry on it', m.movement_id,
      m.amount_minor, m.fare_day)
    from wallet_movement m join wallet_account a using (account_id)
    where m.kind = 'ride' and a.currency = $2 and not exists (
      select from posting p where p.entry_id = m.entry_id and p.account = $1)
    order by m.movement_id limit 1
    """

  static let erasedFares = """
    select format('the fares of an erased rider, row %s of %s for %s, have no entry on it',
      f.erased_fare_id, f.minor, f.fare_day)
    from erased_fare f
    where f.currency = $2 and not exists (
      select from posting p where p.entry_id = f.entry_id and p.account = $1)
    order by f.erased_fare_id limit 1
    """

  static let transfers = """
    select * from (
      select format('movement %s of %s by bank transfer has no entry on it', m.movement_id,
        m.amount_minor)
      from wallet_movement m join wallet_account a using (account_id)
      where m.kind = 'refund' and m.channel = 'bank' and a.currency = $2 and not exists (
        select from posting p where p.entry_id = m.entry_id and p.account = $1)
      union all
      select format('holding %s, of which %s went back by bank transfer, has no entry on it',
        h.holding_id, h.refunded_minor)
      from product_holding h
      where h.refund_channel = 'bank' and h.currency = $2 and not exists (
        select from posting p where p.entry_id = h.refund_entry_id and p.account = $1)) f limit 1
    """

  /// What pays a claim or payout is named by it; what it was owed by is found by its description.
  static let claims = """
    select format('claim %s is %s, its entries book %s of %s and take off %s', c.claim_id, c.state,
      e.claimed, l.minor, e.paid)
    from subsidy_claim c
    cross join lateral (
      select coalesce(sum(minor), 0) as minor from subsidy_line s
      where s.claim_id = c.claim_id and s.operator_id = $3) l
    cross join lateral (
      select coalesce(sum(p.debit_minor - p.credit_minor) filter (
          where n.entry_id is distinct from c.paid_entry_id), 0) as claimed,
        coalesce(sum(p.credit_minor - p.debit_minor) filter (
          where n.entry_id = c.paid_entry_id), 0) as paid
      from entry n join posting p using (entry_id)
      where n.kind = 'concession' and p.account = $1 and p.operator_id = $3
        and n.currency = c.currency
        and (n.description ~ ('^Concession claim ' || c.claim_id || '($|[ ,])')
          or n.entry_id = c.paid_entry_id)) e
    where c.currency = $2 and (e.claimed <> case when c.state in ('approved', 'paid')
        then l.minor else 0 end or e.paid <> case c.state when 'paid' then l.minor else 0 end)
    order by c.claim_id limit 1
    """

  static let payouts = """
    select format('payout %s of %s is %s, the entries of its payment file book %s and take off %s',
      o.payout_id, o.minor, o.state, e.sent, e.ended)
    from payout o cross join lateral (
      select coalesce(sum(p.credit_minor), 0) as sent, coalesce(sum(p.debit_minor), 0) as ended
      from entry n join posting p using (entry_id)
      where n.kind = 'payout' and p.account = $1 and p.operator_id = o.operator_id
        and n.currency = o.currency
        and (position(o.message_id in n.description) > 0 or n.entry_id = o.paid_entry_id)) e
    where o.currency = $2 and o.operator_id = $3
      and (e.sent <> case when o.state in ('sent', 'paid', 'returned') then o.minor else 0 end
        or e.ended <> case when o.state in ('paid', 'returned') then o.minor else 0 end)
    order by o.payout_id limit 1
    """

  static func statements(of account: String) -> [String] {
    switch account {
    case AccountCode.acquirer:
      [
        windows, refunds, disputes, topUpDisputes, sales, notPaid, fundings, events, entries,
      ]
    case AccountCode.riders: [windows, fares, erasedFares, events, entries]
    case AccountCode.disputed: [disputes, events, entries]
    case AccountCode.concessions: [claims]
    case AccountCode.payoutsOnTheirWay: [payouts]
    case AccountCode.refunds: [refunds, refundsPaidBack, transfers, events, entries]
    default: []
    }
  }
}

extension BookProofTables {
  /// The first row that is not booked on an account as it stands, in words; nil when none is found.
  func firstWithoutEntry(of key: TrialBalance.Key) async throws -> String? {
    for statement in RowsWithoutEntry.statements(of: key.account) {
      // Every statement is given all three, so that each names what it needs.
      let row = try await connection.query(
        "with asked as (select $1::text, $2::text, $3::text) select f.* from asked, (\(statement)) f",
        [
          .text(key.account), .text(key.currency.code),
          .orNull(key.operatorID, PostgresValue.text),
        ]
      ).onlyOrNil()
      if let row { return try row.text(0) }
    }
    return nil
  }
}
