package import Basics
import Postgres
import Transit
package import Wallet

extension StoreSession {
  /// Stored value: accounts, what moved, and what rides came to.
  package var wallets: WalletTables { WalletTables(connection: connection) }
}

/// An account of stored value, with the rule of its currency.
package struct WalletAccountRow: Sendable, Equatable {
  package let accountID: Int64
  package let rider: RiderID
  package let currency: Currency
  /// Minor units: the sum of all movements.
  package var balanceMinor: Int64
  /// Since when its cards and QR codes are not let on; nil when they are.
  package var deniedSince: Instant?
  package let openedAt: Instant
  package let rule: WalletRule
}

/// A rider in a currency: who has one account at most.
package struct WalletOwner: Hashable, Sendable {
  package let rider: RiderID
  package let currency: Currency

  /// Names an owner.
  package init(rider: RiderID, currency: Currency) {
    self.rider = rider
    self.currency = currency
  }
}

/// What moves stored value.
package enum MovementKind: String, Sendable, CaseIterable {
  case topUp = "top_up"
  /// The difference of what the rides of a fare day cost.
  case ride
  /// A pass or carnet bought from it, or given back to it.
  case purchase
  case refund
  /// Between two accounts of riders who were merged.
  case transfer
  case correction
  /// What its rider owes is given up.
  case writeOff = "write_off"
  /// What a rider's bank took back of a top-up by card, or gave back; what the acquirer does not pay of one.
  case dispute
}

/// A movement of stored value; what moved is never changed.
package struct MovementRow: Sendable, Equatable {
  package var accountID: Int64
  package var kind: MovementKind
  /// Minor units; below zero when the balance falls.
  package var amountMinor: Int64
  /// Minor units of the balance after it.
  package var balanceMinor: Int64
  package var fareDay: Day?
  package var at: Instant
  package var accountingDate: Day
  package var entryID: Int64?
  package var key: String?
  package var channel: MoneyChannel?
  /// The desk.
  package var place: String?
  /// Receipt, acquirer's number, product, other account.
  package var reference: String?
  package var actor: String

  /// Makes a movement; what it does not name is nil.
  package init(
    accountID: Int64, kind: MovementKind, amountMinor: Int64, balanceMinor: Int64, at: Instant,
    accountingDate: Day, actor: String
  ) {
    self.accountID = accountID
    self.kind = kind
    self.amountMinor = amountMinor
    self.balanceMinor = balanceMinor
    self.at = at
    self.accountingDate = accountingDate
    self.actor = actor
  }
}

/// Stored value: accounts, what moved, and what rides came to.
package struct WalletTables {
  /// Most movements of one statement.
  package static let statementMax = 1000

  /// Media whose rides it pays, as a list of SQL.
  static let media =
    "("
    + MediumKind.allCases.filter(\.isOfStoredValue).map { "'\($0.rawValue)'" }
    .joined(separator: ", ") + ")"

  let connection: PostgresConnection

  static let columns = """
    a.account_id, a.rider_id, a.currency, a.balance_minor, a.denied_since, a.opened_at,
      coalesce(r.minimum_minor, 0) as minimum_minor,
      coalesce(r.negative_max_minor, 0) as negative_max_minor
    """

  static func account(_ row: PostgresRow) throws -> WalletAccountRow {
    WalletAccountRow(
      accountID: try row.int8("account_id"), rider: try row.identifier("rider_id"),
      currency: try row.currency("currency"), balanceMinor: try row.int8("balance_minor"),
      deniedSince: try row.timestamptzOrNil("denied_since"),
      openedAt: try row.timestamptz("opened_at"),
      rule: WalletRule(
        minimumMinor: try row.int8("minimum_minor"),
        negativeMaxMinor: try row.int8("negative_max_minor")))
  }

  /// The open accounts of a rider, by currency.
  package func list(of rider: RiderID) async throws -> [WalletAccountRow] {
    try await connection.query(
      """
      select \(Self.columns) from wallet_account a left join wallet_rule r using (currency)
      where a.rider_id = $1 and a.closed_at is null order by a.currency
      """, [.identifier(rider)]
    ).map(Self.account)
  }

  /// The accounts of a rider in a currency, those that a merge closed among them.
  package func accounts(of rider: RiderID, in currency: Currency) async throws -> [Int64] {
    try await connection.query(
      "select account_id from wallet_account where rider_id = $1 and currency = $2 order by 1",
      [.identifier(rider), .text(currency.code)]
    ).map { try $0.int8(0) }
  }

  /// The open accounts of riders, held until the transaction ends, in a fixed order.
  package func lock(of riders: Set<RiderID>) async throws -> [WalletAccountRow] {
    try await connection.query(
      """
      select \(Self.columns) from wallet_account a left join wallet_rule r using (currency)
      where a.rider_id = any($1) and a.closed_at is null order by a.account_id for update of a
      """, [.identifiers(riders.sorted().map(Optional.some))]
    ).map(Self.account)
  }

  /// Those of some riders who have an open account, by currency; nothing is held.
  package func owners(among riders: Set<RiderID>) async throws -> Set<WalletOwner> {
    let rows = try await connection.query(
      "select rider_id, currency from wallet_account where rider_id = any($1) and closed_at is null",
      [.identifiers(riders.sorted().map(Optional.some))])
    return Set(
      try rows.map { row in
        WalletOwner(rider: try row.identifier("rider_id"), currency: try row.currency("currency"))
      })
  }

  /// An open account by its number, held; nil when there is none, or it is closed.
  package func lock(account: Int64) async throws -> WalletAccountRow? {
    try await connection.query(
      """
      select \(Self.columns) from wallet_account a left join wallet_rule r using (currency)
      where a.account_id = $1 and a.closed_at is null for update of a
      """, [.int8(account)]
    ).onlyOrNil().map(Self.account)
  }

  /// The open account of a rider in a currency, held; nil when there is none.
  package func lock(of rider: RiderID, in currency: Currency) async throws -> WalletAccountRow? {
    try await lock(of: [rider]).first { $0.currency == currency }
  }

  /// Opens an account unless there is one; whether it was opened just now.
  package func open(of rider: RiderID, in currency: Currency, at: Instant) async throws -> Bool {
    try await connection.execute(
      """
      insert into wallet_account (rider_id, lane, currency, opened_at) values ($1, $2, $3, $4)
      on conflict (rider_id, currency) where closed_at is null do nothing
      """,
      [
        .identifier(rider), .int2(Lane.of(rider)), .text(currency.code), .timestamptz(at),
      ]) > 0
  }

  /// Gives an account to another rider, open or closed.
  package func give(_ account: Int64, to rider: RiderID, closedAt: Instant?) async throws {
    try await connection.execute(
      """
      update wallet_account set rider_id = $2, lane = $3, closed_at = $4 where account_id = $1
      """,
      [
        .int8(account), .identifier(rider), .int2(Lane.of(rider)),
        .orNull(closedAt, PostgresValue.timestamptz),
      ])
  }

  /// Gives the closed accounts of a rider to another.
  package func giveClosed(of rider: RiderID, to other: RiderID) async throws {
    try await connection.execute(
      """
      update wallet_account set rider_id = $2, lane = $3
      where rider_id = $1 and closed_at is not null
      """, [.identifier(rider), .identifier(other), .int2(Lane.of(other))])
  }

  /// Minor units of rides that an account could not pay.
  package func debt(of account: Int64) async throws -> Int64 {
    try await connection.query(
      """
      select coalesce(sum(due_minor - paid_minor), 0)::int8 from wallet_day
      where account_id = $1 and paid_minor < due_minor
      """, [.int8(account)]
    ).only().int8(0)
  }

  /// Minor units that were given up of open accounts and did not come back since, by account.
  ///
  /// Accounts that a merge closed count with the one of their rider.
  package func givenUp(of accounts: [Int64]) async throws -> [Int64: Int64] {
    guard !accounts.isEmpty else { return [:] }
    let rows = try await connection.query(
      """
      select a.account_id, sum(m.amount_minor)::int8
      from wallet_account a join wallet_account c using (rider_id, currency)
      join wallet_movement m on m.account_id = c.account_id and m.kind = 'write_off'
      where a.account_id = any($1) group by 1 having sum(m.amount_minor) > 0
      """, [.int8s(accounts.map(Optional.some))])
    return Dictionary(uniqueKeysWithValues: try rows.map { (try $0.int8(0), try $0.int8(1)) })
  }

  /// Fare days of a rider that wait for a rating, those that an order is still to mark, and the one whose ride
  /// goes on: its fare comes when it ends or is given up.
  package func waitingDays(of rider: RiderID) async throws -> Int {
    try await connection.query(
      """
      select count(*) from rider_day d where lane = $1 and rider_id = $2
        and (is_stale or open_ride and not exists (
          select from fare_day n
          where n.lane = d.lane and n.rider_id = d.rider_id and n.fare_day > d.fare_day))
      """, [.int2(Lane.of(rider)), .identifier(rider)]
    ).only().int(0)
  }

  /// The movement of an idempotency key; nil when it was never used.
  package func find(key: String) async throws -> MovementRow? {
    try await connection.query(
      "\(Self.movementColumns) where m.idempotency_key = $1", [.text(key)]
    ).onlyOrNil().map(Self.movement)
  }

  private static let movementColumns = """
    select m.account_id, m.kind, m.amount_minor, m.balance_minor, m.fare_day, m.moved_at,
      m.accounting_date, m.entry_id, m.idempotency_key, m.channel, m.place, m.reference, m.actor
    from wallet_movement m
    """

  private static func movement(_ row: PostgresRow) throws -> MovementRow {
    var movement = MovementRow(
      accountID: try row.int8("account_id"), kind: try row.word("kind"),
      amountMinor: try row.int8("amount_minor"), balanceMinor: try row.int8("balance_minor"),
      at: try row.timestamptz("moved_at"), accountingDate: try row.date("accounting_date"),
      actor: try row.text("actor"))
    movement.fareDay = try row.dateOrNil("fare_day")
    movement.entryID = try row.int8OrNil("entry_id")
    movement.key = try row.textOrNil("idempotency_key")
    movement.channel = try row.textOrNil("channel").flatMap(MoneyChannel.init(rawValue:))
    movement.place = try row.textOrNil("place")
    movement.reference = try row.textOrNil("reference")
    return movement
  }

  /// The movements of a rider's accounts within a time, the oldest first, at most ``statementMax``.
  package func movements(
    of accounts: [Int64], from: Instant, before: Instant
  ) async throws -> [MovementRow] {
    try await connection.query(
      """
      \(Self.movementColumns) where m.account_id = any($1) and m.moved_at >= $2 and m.moved_at < $3
      order by m.moved_at, m.movement_id limit $4
      """,
      [
        .int8s(accounts.map(Optional.some)), .timestamptz(from), .timestamptz(before),
        .int8(Int64(Self.statementMax)),
      ]
    ).map(Self.movement)
  }

  /// The balance of a rider's accounts together just after a moment, in minor units.
  package func balance(of accounts: [Int64], at moment: Instant) async throws -> Int64 {
    try await connection.query(
      """
      select coalesce(sum(amount_minor), 0)::int8 from wallet_movement
      where account_id = any($1) and moved_at <= $2
      """, [.int8s(accounts.map(Optional.some)), .timestamptz(moment)]
    ).only().int8(0)
  }

  /// The number of the entry that this transaction booked last.
  package func lastEntry() async throws -> Int64 {
    try await connection.query(
      "select currval(pg_get_serial_sequence('entry', 'entry_id'))"
    ).only().int8(0)
  }

  /// How low stored value of a currency may go.
  package func rule(of currency: Currency) async throws -> WalletRule {
    let row = try await connection.query(
      "select minimum_minor, negative_max_minor from wallet_rule where currency = $1",
      [.text(currency.code)]
    ).onlyOrNil()
    guard let row else { return .standard }
    return WalletRule(minimumMinor: try row.int8(0), negativeMaxMinor: try row.int8(1))
  }

  /// Makes or changes the rule of a currency.
  package func set(
    _ rule: WalletRule, of currency: Currency, by actor: String, at: Instant
  ) async throws {
    try await connection.execute(
      """
      insert into wallet_rule values ($1, $2, $3, $4, $5)
      on conflict (currency) do update set minimum_minor = excluded.minimum_minor,
        negative_max_minor = excluded.negative_max_minor, changed_at = excluded.changed_at,
        changed_by = excluded.changed_by
      """,
      [
        .text(currency.code), .int8(rule.minimumMinor), .int8(rule.negativeMaxMinor),
        .timestamptz(at), .text(actor),
      ])
  }
}
