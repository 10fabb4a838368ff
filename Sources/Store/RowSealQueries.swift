import Basics
import Postgres

/// A table of stored value, of charging or of prices each of whose rows leaves its digest whenever it is written.
///
/// The digests (`row_seal`) are written by triggers of the table, and are the leaves of a tree of each
/// period: of all that was written until the period was closed.
package enum MoneyTable: String, Sendable, CaseIterable {
  case walletRule = "wallet_rule"
  case walletAccount = "wallet_account"
  case walletDay = "wallet_day"
  case walletMovement = "wallet_movement"
  case erasedFare = "erased_fare"
  case productHolding = "product_holding"
  case productRecognition = "product_recognition"
  case chargeDay = "charge_day"
  case chargeWindow = "charge_window"
  case chargeEvent = "charge_event"
  case moneyOrder = "money_order"
  case chargeRefund = "charge_refund"
  case chargeback
  case acquirerFile = "acquirer_file"
  case clearingLine = "clearing_line"
  case acquirerRecord = "acquirer_record"
  case acquirerSale = "acquirer_sale"
  case acquirerMessage = "acquirer_message"
  case operatorAccount = "operator_account"
  case paymentMessage = "payment_message"
  case payout
  case concessionRate = "concession_rate"
  case subsidyClaim = "subsidy_claim"
  case subsidyLine = "subsidy_line"
  case subsidyRide = "subsidy_ride"
  case adjustment
  case adjustmentLine = "adjustment_line"
  case acceptedFinding = "accepted_finding"
  case reratingOrder = "rerating_order"
  case bankAccount = "bank_account"
  case bankStatement = "bank_statement"
  case statementLine = "statement_line"
  case bankPoint = "bank_point"
  case stopCorrection = "stop_correction"
  case pastChange = "past_change"
  case tariffVersion = "tariff_version"
  case setting

  /// The columns that name a row.
  package var key: [String] {
    switch self {
    case .walletRule: ["currency"]
    case .walletAccount: ["account_id"]
    case .walletDay: ["account_id", "fare_day"]
    case .walletMovement: ["movement_id"]
    case .erasedFare: ["erased_fare_id"]
    case .productHolding: ["holding_id"]
    case .productRecognition: ["fare_day", "product", "currency"]
    case .chargeDay: ["fare_day"]
    case .chargeWindow: ["window_id"]
    case .chargeEvent: ["event_id"]
    case .moneyOrder, .reratingOrder: ["order_id"]
    case .chargeRefund: ["refund_id"]
    case .chargeback: ["case_id"]
    case .acquirerFile: ["file_id"]
    case .clearingLine: ["number", "window_id", "attempt", "refund_id"]
    case .acquirerRecord: ["record_id"]
    case .acquirerSale: ["sale_id"]
    case .acquirerMessage, .paymentMessage: ["message_id"]
    case .operatorAccount: ["operator_id"]
    case .payout: ["payout_id"]
    case .concessionRate: ["category", "operator_id", "from_day", "currency"]
    case .subsidyClaim: ["claim_id"]
    case .subsidyLine: ["claim_id", "operator_id", "category"]
    case .subsidyRide: ["fare_day", "lane", "ride_id", "is_taken_back"]
    case .adjustment: ["adjustment_id"]
    case .adjustmentLine: ["adjustment_id", "line"]
    case .acceptedFinding: ["acceptance_id"]
    case .bankAccount: ["bank_account_id"]
    case .bankStatement: ["statement_id"]
    case .statementLine: ["line_id"]
    case .bankPoint: ["day", "currency"]
    case .stopCorrection: ["correction_id"]
    case .pastChange: ["change_id"]
    case .tariffVersion: ["version"]
    case .setting: ["name"]
    }
  }

  /// The columns that the digest leaves out: who it was, for riders may be erased later and no digest
  /// may tell them; and when the worker looks again.
  package var leftOut: [String] {
    switch self {
    case .walletAccount, .productHolding: ["rider_id"]
    case .chargeWindow: ["rider_id", "medium_id", "next_at", "asked_at"]
    case .chargeEvent: ["medium_id"]
    case .pastChange: ["subject_id", "other_id"]
    case .chargeRefund: ["next_at", "asked_at"]
    case .statementLine: ["counterparty", "remittance"]
    default: []
    }
  }
}

extension MoneyTable {
  /// The columns that name a row, as texts.
  func keyTexts(of row: String) -> String {
    key.map { "\(row).\($0)::text" }.joined(separator: ", ")
  }
}

extension StoreSession {
  /// The digests of the rows that money rests on.
  package var rowSeals: RowSealTables { RowSealTables(connection: connection) }
}

/// The digests of the rows that money rests on.
package struct RowSealTables {
  let connection: PostgresConnection

  /// The digest of a row `x`; `$1` are the columns that it leaves out.
  static let imageDigest =
    "sha256(convert_to(jsonb_strip_nulls(to_jsonb(x) - $1)::text, 'UTF8'))"

  /// The two blocks of the key, as a relation `k` that is empty without it; `$2` is the setting's name.
  static let keyBlocks = """
    k as (
      select decode(left(s, 128), 'hex') as inner_block, decode(substr(s, 129), 'hex') as outer_block
      from current_setting($2, true) s where s <> '')
    """

  /// Whether a digest `r` has not the stamp of the program.
  static let isUnstamped = """
    (r.stamp is null or r.stamp <> sha256(k.outer_block || sha256(k.inner_block || convert_to(
      concat_ws('/', r.seal_id, r.table_name, r.row_key, encode(r.digest, 'hex')), 'UTF8'))))
    """

  /// Texts of a moment depend on these settings, and the digests were made with them.
  func setTexts() async throws {
    _ = try await connection.query(
      """
      select set_config('timezone', 'UTC', true), set_config('datestyle', 'ISO, YMD', true),
        set_config('extra_float_digits', '1', true)
      """)
  }

  /// Rows of a table that are not as they were last written, were put in, or are gone; each named.
  ///
  /// Left out are rows that two people accepted as they are now.
  package func rowsThatDiffer(in table: MoneyTable, countMax: Int) async throws -> [String] {
    try await setTexts()
    let rows = try await connection.query(
      """
      select coalesce(t.key, s.key) as key, t.key is null as is_gone,
        s.digest is null or length(s.digest) = 0 as is_put_in
      from (
        select concat_ws('/', \(table.keyTexts(of: "x"))) as key, \(Self.imageDigest) as digest
        from \(table.rawValue) x) t
      full join (
        select distinct on (row_key) row_key as key, digest from row_seal where table_name = $2
        order by row_key, seal_id desc) s on s.key = t.key
      where case when t.key is null then length(s.digest) > 0
        else s.digest is null or s.digest <> t.digest end
        and not exists (
          select from accepted_finding a
          where a.state = 'approved' and a.table_name = $2 and a.row_key = coalesce(t.key, s.key)
            and a.image_digest = coalesce(t.digest, ''))
      order by 1 limit $3
      """,
      [
        .texts(table.leftOut.map(Optional.some)), .text(table.rawValue),
        .int8(Int64(countMax)),
      ])
    var findings: [String] = []
    for row in rows {
      let key = try row.text("key")
      let name = "\(table.rawValue) \(key)"
      if try row.bool("is_gone") {
        findings.append("\(name) was taken away")
      } else if try row.bool("is_put_in") {
        findings.append("\(name) was put in by no statement of the program")
      } else {
        let change =
          findings.count < Self.explainedMax ? try await changedColumn(of: table, key) : nil
        findings.append(
          "\(name) was changed after it was written" + (change.map { ": \($0.words)" } ?? ""))
      }
    }
    return findings
  }

  /// Most findings of a kind of which it is looked for the column.
  static let explainedMax = 5

  /// Digests of tables that are not sealed.
  package func foreign(countMax: Int) async throws -> [String] {
    let rows = try await connection.query(
      """
      select format('row_seal %s is of %s, which is not sealed', seal_id, table_name) from row_seal
      where table_name <> all($1) order by seal_id limit $2
      """,
      [
        .texts(MoneyTable.allCases.map { Optional($0.rawValue) }), .int8(Int64(countMax)),
      ])
    return try rows.map { try $0.text(0) }
  }

  /// Digests without the stamp of the program: what somebody wrote by hand, with the triggers on.
  ///
  /// Without the key in this session only digests without any stamp are found. Left out are those that
  /// two people accepted.
  package func unstamped(countMax: Int) async throws -> [String] {
    let rows = try await connection.query(
      """
      with \(Self.keyBlocks)
      select format('%s %s was written by hand, with no stamp of the program (row_seal %s)',
        r.table_name, r.row_key, r.seal_id) as what, r.table_name, r.row_key
      from row_seal r left join k on true
      where \(Self.isUnstamped) and not exists (
        select from accepted_finding a
        where a.state = 'approved' and a.table_name = r.table_name and a.row_key = r.row_key
          and strpos(a.seals, format(' %s:%s ', r.seal_id, encode(r.digest, 'hex'))) > 0)
      order by r.seal_id limit $1
      """, [.int8(Int64(countMax)), .text(SealKey.setting)])
    var findings: [String] = []
    for row in rows {
      let what = try row.text("what")
      guard findings.count < Self.explainedMax,
        let table = MoneyTable(rawValue: try row.text("table_name")),
        let change = try await changedColumn(of: table, try row.text("row_key"))
      else {
        findings.append(what)
        continue
      }
      findings.append("\(what): \(change.words)")
    }
    return findings
  }

  /// How many digests there are whose stamps cannot be checked, for the key is not in this session.
  package func unchecked() async throws -> Int64 {
    try await connection.query(
      """
      select count(*) from row_seal
      where stamp is not null and coalesce(current_setting($1, true), '') = ''
      """, [.text(SealKey.setting)]
    ).only().int8(0)
  }

  /// Puts digests that are of no period yet to a period that is being closed, at most so many; their number.
  package func give(to period: String, countMax: Int) async throws -> Int {
    try await connection.execute(
      """
      update row_seal set period = $1
      where seal_id in (select seal_id from row_seal where period is null limit $2)
      """, [.text(period), .int8(Int64(countMax))])
  }

  /// Shares of operators that are not those of the rides and of the books: what each operator's own
  /// rides charged, and what sharing moved by fare day.
  ///
  /// Fare days that a run changed whose shares are not worked out yet are left out. These rows have no
  /// digest, for their names are riders.
  package func sharesThatDiffer(countMax: Int) async throws -> [String] {
    let rows = try await connection.query(
      """
      with waiting as (
        select r.lane, r.fare_day from clearing_run c join ride r on r.run_id = c.run_id
        where c.shared_at is null
        union
        select r.lane, r.fare_day from clearing_run c join ride r on r.reversed_run_id = c.run_id
        where c.shared_at is null),
      own as (
        select fare_day, lane, rider_id, currency, operator_id, sum(charged_minor) as minor
        from ride where reversed_run_id is null and operator_id is not null group by 1, 2, 3, 4, 5),
      moved as (
        select fare_day, currency, operator_id, sum(share_minor - own_minor) as minor
        from operator_share group by 1, 2, 3),
      booked as (
        select e.fare_day, e.currency, p.operator_id, sum(p.credit_minor - p.debit_minor) as minor
        from entry e join posting p using (entry_id) where e.kind = 'apportionment'
        group by 1, 2, 3)
      select format('operator_share of %s on %s: its rides are kept as %s, and charged %s %s',
        s.operator_id, s.fare_day, s.own_minor, coalesce(o.minor, 0), s.currency) as what
      from operator_share s
        left join own o using (fare_day, lane, rider_id, currency, operator_id)
      where s.own_minor <> coalesce(o.minor, 0)
        and (s.lane, s.fare_day) not in (select lane, fare_day from waiting)
      union all
      select format('operator_share of %s on %s: sharing moved %s %s, the books say %s', operator_id,
        fare_day, coalesce(m.minor, 0), currency, coalesce(b.minor, 0))
      from moved m full join booked b using (fare_day, currency, operator_id)
      where coalesce(m.minor, 0) <> coalesce(b.minor, 0)
        and fare_day not in (select fare_day from waiting)
      order by 1 limit $1
      """, [.int8(Int64(countMax))])
    return try rows.map { try $0.text(0) }
  }
}
