package import Basics
package import Charging
import Postgres

/// A top-up, a sale of a product, or what went back of one, by bank card over the acquirer.
package struct AcquirerSaleRow: Sendable, Equatable {
  /// What it is about.
  package enum Subject: Sendable, Hashable {
    /// The number of an account of stored value.
    case account(Int64)
    /// The number of a pass or carnet that was sold.
    case holding(Int64)

    /// Whether it is an account.
    package var isAccount: Bool {
      if case .account = self { return true }
      return false
    }
  }

  package var id: Int64
  package let kind: KnownSale.Kind
  /// The acquirer's name of it.
  package let reference: String
  /// Of a refund: the number of the payment whose money goes back.
  package var paymentID: Int64?
  package let subject: Subject
  /// By the city's clock.
  package let soldOn: Day
  package let money: Money
  /// The entry that books it.
  package let entryID: Int64

  /// Makes a row that has no number yet.
  package init(
    _ kind: KnownSale.Kind, reference: String, paymentID: Int64? = nil, of subject: Subject,
    on soldOn: Day, _ money: Money, entryID: Int64
  ) {
    id = 0
    self.kind = kind
    self.reference = reference
    self.paymentID = paymentID
    self.subject = subject
    self.soldOn = soldOn
    self.money = money
    self.entryID = entryID
  }
}

/// A payment by bank card whose money may go back.
package struct PaidByCard: Sendable, Equatable {
  package let sale: AcquirerSaleRow
  /// Whose account or product it paid for, as riders are now.
  package let rider: RiderID
  /// What went back of it before, in minor units, what a rider's bank took back, and what the acquirer
  /// does not pay.
  package let returnedMinor: Int64
  /// What the acquirer paid of it by the files before.
  package let settledMinor: Int64
  /// What it does not pay, by the lines before.
  package let declinedMinor: Int64
}

extension StoreSession {
  /// Top-ups and sales by bank card, which no charge window has.
  package var acquirerSales: AcquirerSaleTables { AcquirerSaleTables(connection: connection) }
}

/// Top-ups and sales by bank card, which no charge window has.
package struct AcquirerSaleTables {
  let connection: PostgresConnection

  private static let columns = """
    s.sale_id, s.kind, s.reference, s.payment_id, s.account_id, s.holding_id, s.sold_on, s.currency,
      s.minor, s.settled_minor, coalesce(s.declined_minor, 0) as declined_minor, s.entry_id
    """

  private static func sale(_ row: PostgresRow) throws -> AcquirerSaleRow {
    let subject: AcquirerSaleRow.Subject =
      if let account = try row.int8OrNil("account_id") {
        .account(account)
      } else {
        .holding(try row.int8("holding_id"))
      }
    var sale = AcquirerSaleRow(
      try row.word("kind"), reference: try row.text("reference"),
      paymentID: try row.int8OrNil("payment_id"), of: subject, on: try row.date("sold_on"),
      Money(minor: try row.int8("minor"), currency: try row.currency("currency")),
      entryID: try row.int8("entry_id"))
    sale.id = try row.int8("sale_id")
    return sale
  }

  /// Writes a payment or refund down; false when another one of its kind has the acquirer's name.
  package func add(_ sale: AcquirerSaleRow) async throws -> Bool {
    var account: Int64?
    var holding: Int64?
    switch sale.subject {
    case .account(let number): account = number
    case .holding(let number): holding = number
    }
    return try await connection.execute(
      """
      insert into acquirer_sale (kind, reference, payment_id, account_id, holding_id, sold_on,
        currency, minor, entry_id)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (reference, kind) do nothing
      """,
      [
        .text(sale.kind.rawValue), .text(sale.reference),
        .orNull(sale.paymentID, PostgresValue.int8), .orNull(account, PostgresValue.int8),
        .orNull(holding, PostgresValue.int8), .date(sale.soldOn),
        .text(sale.money.currency.code), .int8(sale.money.minor), .int8(sale.entryID),
      ]) > 0
  }

  /// The payment or refund of a name; nil when there is none.
  package func find(
    _ kind: KnownSale.Kind, reference: String
  ) async throws -> AcquirerSaleRow? {
    try await connection.query(
      "select \(Self.columns) from acquirer_sale s where s.reference = $1 and s.kind = $2",
      [.text(reference), .text(kind.rawValue)]
    ).onlyOrNil().map(Self.sale)
  }

  /// The top-up of a name, held until the transaction ends; nil when there is none.
  package func lockTopUp(reference: String) async throws -> PaidByCard? {
    try await lockPayment("s.reference = $1 and s.account_id is not null", .text(reference))
  }

  /// The top-up of a number, held until the transaction ends; nil when there is none.
  package func lockTopUp(sale id: Int64) async throws -> PaidByCard? {
    try await lockPayment("s.sale_id = $1 and s.account_id is not null", .int8(id))
  }

  /// The payment of a product, held until the transaction ends; nil when it was not paid by bank card.
  package func lockPayment(ofHolding holding: Int64) async throws -> PaidByCard? {
    try await lockPayment("s.holding_id = $1", .int8(holding))
  }

  private func lockPayment(
    _ condition: String, _ value: PostgresValue
  ) async throws -> PaidByCard? {
    let found = try await connection.query(
      """
      select \(Self.columns), coalesce(a.rider_id, h.rider_id) as rider_id
      from acquirer_sale s left join wallet_account a using (account_id)
        left join product_holding h on h.holding_id = s.holding_id
      where s.kind = 'payment' and \(condition) for update of s
      """, [value]
    ).onlyOrNil()
    guard let row = found else { return nil }
    let sale = try Self.sale(row)
    let declined = try row.int8("declined_minor")
    // Asked after the payment is held: who waited for it sees what the other one gave back.
    let returned = try await connection.query(
      """
      select (coalesce((select sum(minor) from acquirer_sale where payment_id = $1), 0)
        + coalesce((select sum(minor) from chargeback where sale_id = $1 and stage <> 'won'), 0))::int8
      """,
      [.int8(sale.id)]
    ).only().int8(0)
    return PaidByCard(
      sale: sale, rider: try row.identifier("rider_id"), returnedMinor: returned + declined,
      settledMinor: try row.int8("settled_minor"), declinedMinor: declined)
  }

  /// The payments and refunds that lines of a funding file may be about, held.
  package func lock(references: Set<String>) async throws -> [KnownSale] {
    let rows = try await connection.query(
      """
      select \(Self.columns) from acquirer_sale s where s.reference = any($1)
      order by s.sale_id for update
      """, [.texts(references.sorted().map(Optional.some))])
    return try rows.map { row in
      let sale = try Self.sale(row)
      return KnownSale(
        saleID: sale.id, kind: sale.kind, reference: sale.reference,
        currency: sale.money.currency, minor: sale.money.minor,
        settledMinor: try row.int8("settled_minor"),
        declinedMinor: try row.int8("declined_minor"), isTopUp: sale.subject.isAccount)
    }
  }

  /// Adds what the acquirer does not pay of a payment.
  package func decline(_ sale: Int64, minor: Int64) async throws {
    try await connection.execute(
      "update acquirer_sale set declined_minor = coalesce(declined_minor, 0) + $2 where sale_id = $1",
      [.int8(sale), .int8(minor)])
  }

  /// Adds what the acquirer paid of payments, or kept of refunds.
  package func settle(_ parts: [Int64: Int64]) async throws {
    guard !parts.isEmpty else { return }
    let ids = parts.keys.sorted()
    try await connection.execute(
      """
      update acquirer_sale s set settled_minor = s.settled_minor + c.minor
      from unnest($1::int8[], $2::int8[]) as c(sale_id, minor) where s.sale_id = c.sale_id
      """, [.int8s(ids.map(Optional.some)), .int8s(ids.map { parts[$0] })])
  }
}
