package import Basics
import Postgres
package import Wallet

extension StoreSession {
  /// Passes and carnets sold.
  package var products: ProductTables { ProductTables(connection: connection) }
}

/// A pass or carnet that was sold.
package struct HoldingRow: Sendable, Equatable {
  package var holdingID: Int64
  package var rider: RiderID
  package var product: String
  package var category: String
  package var tariffVersion: String
  package var soldAt: Instant
  package var terms: ProductTerms
  package var currency: Currency
  package var use: ProductUse
  /// Last fare day on which it carries rides, when it was given back.
  package var returnedOn: Day?
  /// Given back unused: it never carried a ride.
  package var isVoid = false
  package var recognisedMinor: Int64 = 0
  package var refundedMinor: Int64 = 0
  package var channel: MoneyChannel
  package var place: String?
  package var reference: String?
  package var actor: String
  package var key: String

  /// Minor units that are neither earned nor paid back.
  package var deferredMinor: Int64 { terms.priceMinor - recognisedMinor - refundedMinor }

  /// Makes a sale; nothing of it is used, earned or given back.
  package init(
    holdingID: Int64, rider: RiderID, product: String, category: String, tariffVersion: String,
    soldAt: Instant, terms: ProductTerms, currency: Currency, use: ProductUse,
    channel: MoneyChannel, actor: String, key: String
  ) {
    self.holdingID = holdingID
    self.rider = rider
    self.product = product
    self.category = category
    self.tariffVersion = tariffVersion
    self.soldAt = soldAt
    self.terms = terms
    self.currency = currency
    self.use = use
    self.channel = channel
    self.actor = actor
    self.key = key
  }
}

/// What rating has to know of a product: which, from when, until when.
package struct GrantRow: Sendable, Hashable {
  package let rider: RiderID
  package let product: String
  package let grantedAt: Instant
  package let grantedDay: Day
  /// Last fare day on which it carries rides; nil while it was not given back.
  package let returnedOn: Day?
}

/// A ride that a product carried.
package struct ProductRideRow: Sendable, Hashable {
  package let rider: RiderID
  package let product: String
  package let ride: ProductRide
}

/// Passes and carnets sold.
package struct ProductTables {
  let connection: PostgresConnection

  private static let columns = """
    select holding_id, rider_id, product, category, tariff_version, sold_at, granted_at, granted_day,
      starts_at_first_use, days, length_seconds, months, is_calendar_month, rides_max, rides_used,
      valid_from, valid_to, state, returned_on, is_void, currency, price_minor, recognised_minor,
      refunded_minor, channel, place, reference, actor, idempotency_key
    from product_holding
    """

  private static func holding(_ row: PostgresRow) throws -> HoldingRow {
    let validity: ProductTerms.Validity
    if let days = try row.intOrNil("days") {
      validity = .days(days)
    } else if let seconds = try row.int8OrNil("length_seconds") {
      validity = .seconds(seconds)
    } else if let months = try row.intOrNil("months") {
      validity = .months(months)
    } else {
      validity = .calendarMonth
    }
    var days: ClosedRange<Day>?
    if let first = try row.dateOrNil("valid_from"), let last = try row.dateOrNil("valid_to") {
      days = first...last
    }
    var holding = HoldingRow(
      holdingID: try row.int8("holding_id"), rider: try row.identifier("rider_id"),
      product: try row.text("product"), category: try row.text("category"),
      tariffVersion: try row.text("tariff_version"), soldAt: try row.timestamptz("sold_at"),
      terms: ProductTerms(
        priceMinor: try row.int8("price_minor"), grantedAt: try row.timestamptz("granted_at"),
        grantedDay: try row.date("granted_day"),
        startsAtFirstUse: try row.bool("starts_at_first_use"), validity: validity,
        ridesMax: try row.intOrNil("rides_max")),
      currency: try row.currency("currency"),
      use: ProductUse(
        state: try row.word("state"), ridesUsed: try row.int("rides_used"), days: days),
      channel: try row.word("channel"), actor: try row.text("actor"),
      key: try row.text("idempotency_key"))
    holding.returnedOn = try row.dateOrNil("returned_on")
    holding.isVoid = try row.bool("is_void")
    holding.recognisedMinor = try row.int8("recognised_minor")
    holding.refundedMinor = try row.int8("refunded_minor")
    holding.place = try row.textOrNil("place")
    holding.reference = try row.textOrNil("reference")
    return holding
  }

  /// Adds a sale; its number.
  package func add(_ sale: HoldingRow, entryID: Int64?) async throws -> Int64 {
    var days: Int?
    var seconds: Int64?
    var months: Int?
    switch sale.terms.validity {
    case .days(let count): days = count
    case .seconds(let length): seconds = length
    case .months(let count): months = count
    case .calendarMonth: break
    }
    return try await connection.query(
      """
      insert into product_holding (rider_id, lane, product, category, tariff_version, sold_at,
        granted_at, granted_day, starts_at_first_use, days, length_seconds, is_calendar_month,
        rides_max, valid_from, valid_to, state, currency, price_minor, channel, place, reference,
        actor, entry_id, idempotency_key, months)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,
        $20, $21, $22, $23, $24, $25) returning holding_id
      """,
      [
        .identifier(sale.rider), .int2(Lane.of(sale.rider)), .text(sale.product),
        .text(sale.category), .text(sale.tariffVersion), .timestamptz(sale.soldAt),
        .timestamptz(sale.terms.grantedAt), .date(sale.terms.grantedDay),
        .bool(sale.terms.startsAtFirstUse), .orNull(days) { .int4(Int32($0)) },
        .orNull(seconds, PostgresValue.int8), .bool(sale.terms.validity == .calendarMonth),
        .orNull(sale.terms.ridesMax) { .int4(Int32($0)) },
        .orNull(sale.use.days?.lowerBound, PostgresValue.date),
        .orNull(sale.use.days?.upperBound, PostgresValue.date), .text(sale.use.state.rawValue),
        .text(sale.currency.code), .int8(sale.terms.priceMinor), .text(sale.channel.rawValue),
        .orNull(sale.place, PostgresValue.text), .orNull(sale.reference, PostgresValue.text),
        .text(sale.actor), .orNull(entryID, PostgresValue.int8), .text(sale.key),
        .orNull(months) { .int4(Int32($0)) },
      ]
    ).only().int8(0)
  }

  /// The sale of an idempotency key; nil when it was never used.
  package func find(key: String) async throws -> HoldingRow? {
    try await connection.query("\(Self.columns) where idempotency_key = $1", [.text(key)])
      .onlyOrNil().map(Self.holding)
  }

  /// The products of riders in the order of their beginning; held until the transaction ends.
  package func lock(of riders: Set<RiderID>) async throws -> [HoldingRow] {
    try await connection.execute(
      """
      select from product_holding where rider_id = any($1) order by holding_id for update
      """, [.identifiers(riders.sorted().map(Optional.some))])
    return try await list(of: riders)
  }

  /// The products of riders, in the order of their beginning.
  package func list(of riders: Set<RiderID>) async throws -> [HoldingRow] {
    try await connection.query(
      "\(Self.columns) where rider_id = any($1) order by granted_at, product, holding_id",
      [.identifiers(riders.sorted().map(Optional.some))]
    ).map(Self.holding)
  }

  /// What rating has to know of the products of riders; those given back unused are left out.
  package func grants(of riders: Set<RiderID>) async throws -> [RiderID: [GrantRow]] {
    let rows = try await connection.query(
      """
      select rider_id, product, granted_at, granted_day, returned_on from product_holding
      where rider_id = any($1) and not is_void order by rider_id, granted_at, product, holding_id
      """, [.identifiers(riders.sorted().map(Optional.some))])
    return Dictionary(
      grouping: try rows.map { row in
        GrantRow(
          rider: try row.identifier(0), product: try row.text(1),
          grantedAt: try row.timestamptz(2), grantedDay: try row.date(3),
          returnedOn: try row.dateOrNil(4))
      }, by: \.rider)
  }

  /// The standing rides that products carried, of the riders of some holdings, in order of time.
  ///
  /// A transfer after a ride of a carnet uses none: its reason says so.
  package func carried(by holdings: [HoldingRow]) async throws -> [ProductRideRow] {
    guard let first = holdings.map(\.terms.grantedDay).min() else { return [] }
    let riders = Set(holdings.map(\.rider)).sorted()
    let rows = try await connection.query(
      """
      select r.rider_id, r.product, r.fare_day, r.started_at,
        position('"code":"trip_transfer"' in r.reason) = 0 as uses
      from unnest($1::int2[], $2::uuid[]) as c(lane, rider_id)
      join ride r on r.lane = c.lane and r.rider_id = c.rider_id
      where r.fare_day >= $3 and r.reversed_run_id is null and r.product = any($4)
      order by r.rider_id, r.started_at, r.ride_id
      """,
      [
        .int2s(riders.map { Lane.of($0) }), .identifiers(riders.map(Optional.some)), .date(first),
        .texts(Set(holdings.map(\.product)).sorted().map(Optional.some)),
      ])
    return try rows.map { row in
      ProductRideRow(
        rider: try row.identifier(0), product: try row.text(1),
        ride: ProductRide(
          day: try row.date(2), at: try row.timestamptz(3), usesRide: try row.bool(4)))
    }
  }

  /// Writes down how far holdings are used, and what they have earned.
  package func save(_ holdings: [HoldingRow]) async throws {
    guard !holdings.isEmpty else { return }
    try await connection.execute(
      """
      update product_holding h set state = c.state, rides_used = c.used, valid_from = c.first,
        valid_to = c.last, recognised_minor = c.recognised
      from unnest($1::int8[], $2::text[], $3::int4[], $4::date[], $5::date[], $6::int8[])
        as c(holding_id, state, used, first, last, recognised)
      where h.holding_id = c.holding_id
      """,
      [
        .int8s(holdings.map { Optional($0.holdingID) }),
        .texts(holdings.map { Optional($0.use.state.rawValue) }),
        .int4s(holdings.map { Optional(Int32($0.use.ridesUsed)) }),
        .dates(holdings.map { $0.use.days?.lowerBound }),
        .dates(holdings.map { $0.use.days?.upperBound }),
        .int8s(holdings.map { Optional($0.recognisedMinor) }),
      ])
  }

  /// Writes down that products were given back for nothing: they are earned when the day ends.
  package func markForfeited(_ holdings: [Int64], on day: Day) async throws {
    try await connection.execute(
      "update product_holding set state = 'refunded', returned_on = $2 where holding_id = any($1)",
      [.int8s(holdings.map(Optional.some)), .date(day)])
  }

  /// Writes down that a product was given back; by which desk and receipt, where there is one.
  package func markReturned(
    _ holding: Int64, on day: Day, isVoid: Bool, refundedMinor: Int64,
    through channel: MoneyChannel, place: String?, receipt: String?, entryID: Int64?
  ) async throws {
    try await connection.execute(
      """
      update product_holding set state = 'refunded', returned_on = $2, is_void = $3,
        refunded_minor = $4, refund_entry_id = $5, refund_channel = $6, refund_place = $7,
        refund_receipt = $8
      where holding_id = $1
      """,
      [
        .int8(holding), .date(day), .bool(isVoid), .int8(refundedMinor),
        .orNull(entryID, PostgresValue.int8), .text(channel.rawValue),
        .orNull(place, PostgresValue.text), .orNull(receipt, PostgresValue.text),
      ])
  }

  /// Whether a product was paid by a transfer that no statement of the bank shows yet, where one was taken
  /// of its day or before.
  package func isUnseenAtBank(_ holding: Int64) async throws -> Bool {
    try await connection.query(
      """
      select exists (
        select from product_holding h join entry e on e.entry_id = h.entry_id
        where h.holding_id = $1 and h.channel = 'bank'
          and e.accounting_date >= (\(WalletTables.firstDaySQL("h.currency")))
          and \(WalletTables.hasNoLine("sale", "h.holding_id", "h.currency")))
      """, [.int8(holding)]
    ).only().bool(0)
  }
}
