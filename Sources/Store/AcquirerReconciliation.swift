package import Basics
package import Charging
import Postgres

extension AcquirerFileTables {
  /// What else stands open with the acquirer: refunds to cards and disputes that it has not kept in full,
  /// and disputes that were won and not paid in full; by the day of the payment and that of the step.
  ///
  /// Of a dispute that was won only the difference is open: what was kept and not paid, or paid and not kept.
  static let openBesidesCaptures = """
    select 'refund' as kind, coalesce(r.reference, '') as reference, w.window_id, w.currency,
      r.minor - coalesce(r.kept_minor, 0) as minor, w.fare_day as day,
      (r.paid_at at time zone 'UTC')::date as step_day, 'refund to a card, not kept' as note
    from charge_refund r join charge_window w using (window_id)
    where r.state = 'paid' and coalesce(r.kept_minor, 0) < r.minor
    union all
    select v.kind, c.case_id, c.window_id, coalesce(w.currency, s.currency), v.minor,
      coalesce(w.fare_day, s.sold_on), (v.at at time zone 'UTC')::date, v.note
    from chargeback c left join charge_window w using (window_id)
      left join acquirer_sale s using (sale_id) cross join lateral (values
      ('chargeback', case when c.stage = 'won' then coalesce(c.paid_minor, 0) else c.minor end
        - coalesce(c.kept_minor, 0), c.opened_at, 'dispute, not kept'),
      ('dispute_won', case when c.stage = 'won' then coalesce(c.kept_minor, 0)
        - coalesce(c.paid_minor, 0) end, c.decided_at, 'dispute won, not paid'))
      as v (kind, minor, at, note)
    where v.minor > 0
    """

  /// Which way the money of a record goes: 1 to the house, -1 from it, 0 where a line moves none.
  private static let recordDirection = """
    case when kind = 'capture' or stage = 'won' then 1
      when kind in ('refund', 'billing') or stage = 'opened' then -1 else 0 end
    """
  /// The same of a top-up, a sale, or a refund of one.
  private static let saleDirection = "case kind when 'payment' then 1 else -1 end"
  /// The same of what stands open besides captures.
  private static let openDirection = "case kind when 'dispute_won' then 1 else -1 end"

  /// How the acquirer's records and ours compare, up to a value date: each category with its count
  /// and sum; what was captured or sold before `lagDay` and is not funded is missing there, and so is a
  /// refund that is not kept, or a step of a dispute.
  package func reconciliation(
    from first: Day, to last: Day, lagDay: Day
  ) async throws -> [ReconciliationRow] {
    let rows = try await connection.query(
      """
      select category, currency, sum(records)::int8 as records, sum(minor)::int8 as minor,
        coalesce(sum(minor) filter (where direction > 0), 0)::int8 as in_minor,
        coalesce(sum(minor) filter (where direction < 0), 0)::int8 as out_minor
      from (
      select category, currency, \(Self.recordDirection) as direction, count(*)::int8 as records,
        sum(gross_minor)::int8 as minor
      from acquirer_record where value_date between $1 and $2 group by 1, 2, 3
      union all
      select 'missing_there', w.currency, 1, count(*)::int8,
        sum(w.captured_minor - w.settled_minor)::int8
      from charge_window w where w.captured_minor > w.settled_minor and w.fare_day between $1 and $2
        and w.fare_day <= $3
      group by w.currency
      union all
      select 'missing_there', currency, \(Self.saleDirection), count(*)::int8,
        sum(minor - settled_minor - coalesce(declined_minor, 0))::int8
      from acquirer_sale where settled_minor < minor
        and settled_minor + coalesce(declined_minor, 0) < minor and sold_on between $1 and $2 and sold_on <= $3
      group by 2, 3
      union all
      select 'missing_there', currency, \(Self.openDirection), count(*)::int8, sum(minor)::int8
      from (\(Self.openBesidesCaptures)) o
      where day between $1 and $2 and day <= $3 and coalesce(step_day, day) <= $3
      group by 2, 3) r
      group by category, currency order by 1, 2
      """, [.date(first), .date(last), .date(lagDay)])
    return try rows.map { row in
      ReconciliationRow(
        category: try row.word("category"), currency: try row.currency("currency"),
        records: try row.int8("records"), minor: try row.int8("minor"),
        inMinor: try row.int8("in_minor"), outMinor: try row.int8("out_minor"))
    }
  }

  /// The records that are not matched, and the captures that the acquirer says nothing of; one by one.
  package func remainders(
    from first: Day, to last: Day, lagDay: Day, countMax: Int
  ) async throws -> [RemainderRow] {
    let rows = try await connection.query(
      """
      select category, reference, window_id, currency, gross_minor as minor, value_date as day, note,
        \(Self.recordDirection) as direction
      from acquirer_record where category <> 'matched' and value_date between $1 and $2
      union all
      select 'missing_there', coalesce(reference, ''), window_id, currency,
        captured_minor - settled_minor, fare_day, 'captured, not funded', 1
      from charge_window where captured_minor > settled_minor and fare_day between $1 and $2
        and fare_day <= $3
      union all
      select 'missing_there', reference, null, currency,
        minor - settled_minor - coalesce(declined_minor, 0), sold_on,
        case kind when 'payment' then 'top-up or sale, not funded'
          else 'refund of a top-up or sale, not kept' end, \(Self.saleDirection)
      from acquirer_sale where settled_minor < minor
        and settled_minor + coalesce(declined_minor, 0) < minor and sold_on between $1 and $2
        and sold_on <= $3
      union all
      select 'missing_there', reference, window_id, currency, minor, day, note, \(Self.openDirection)
      from (\(Self.openBesidesCaptures)) o
      where day between $1 and $2 and day <= $3 and coalesce(step_day, day) <= $3
      order by 6, 1, 2 limit $4
      """, [.date(first), .date(last), .date(lagDay), .int8(Int64(countMax))])
    return try rows.map { row in
      RemainderRow(
        category: try row.word("category"), reference: try row.text("reference"),
        windowID: try row.int8OrNil("window_id"), currency: try row.currency("currency"),
        minor: try row.int8("minor"), day: try row.date("day"), note: try row.textOrNil("note"),
        direction: AcquirerDirection(sign: try row.int4("direction")))
    }
  }
}

/// Which way money goes between the acquirer and the house.
package enum AcquirerDirection: String, Sendable {
  /// The acquirer pays it.
  case comesIn = "in"
  /// The acquirer keeps it, or takes it.
  case goesOut = "out"

  /// From its sign; nil where no money moves.
  init?(sign: Int32) {
    switch sign {
    case 1: self = .comesIn
    case -1: self = .goesOut
    default: return nil
    }
  }
}

/// A category of the acquirer's records with its count and sum.
package struct ReconciliationRow: Sendable, Hashable {
  package let category: MatchCategory
  package let currency: Currency
  package let records: Int64
  package let minor: Int64
  /// Of it: what the acquirer pays, or is to pay.
  package let inMinor: Int64
  /// Of it: what the acquirer keeps or takes, or is to keep.
  package let outMinor: Int64
}

/// Something that does not agree with the acquirer.
package struct RemainderRow: Sendable, Hashable {
  package let category: MatchCategory
  package let reference: String
  package let windowID: Int64?
  package let currency: Currency
  package let minor: Int64
  package let day: Day
  package let note: String?
  /// Nil where no money moves, as when a capture is not honoured.
  package let direction: AcquirerDirection?
}
