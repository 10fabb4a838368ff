package import Basics
import Postgres
import Tapping

extension StoreSession {
  /// Orders to rate fare days anew.
  package var reratingOrders: ReratingOrderTables { ReratingOrderTables(connection: connection) }
}

/// How far an order to rate anew has come.
package enum ReratingState: String, Sendable, CaseIterable {
  /// What it changes is being worked out.
  case previewing
  /// Waits for another person.
  case requested
  /// Another person said yes; what it changes now is compared with what was shown.
  case approved
  /// Being carried out: its tariff is published, and the rider-days are being marked as stale.
  case marking
  /// Another person said no, or it could not be carried out.
  case refused
  /// The rider-days are marked; the differences are booked as they are rated.
  case done
  /// A preview that orders nothing is being worked out.
  case looking
  /// What it would change is seen; it is never carried out.
  case previewed
}

/// An order to rate fare days anew.
package struct ReratingOrder: Sendable, Equatable {
  package var id: Int64 = 0
  package var firstDay: Day
  package var lastDay: Day
  /// The mended tariff to publish, as ``TariffPublication`` writes it; nil: what is published.
  package var tariffSource: String?
  /// What would change, as it was when it was asked: JSON.
  package var preview: String
  /// Sum of the changes of all riders without their signs, minor units of the currency that changes most.
  package var changeMinor: Int64
  package var needsApproval: Bool
  package var state: ReratingState = .requested
  package var requestedBy: Person
  package var requestedAt: Instant
  package var decidedBy: Person?
  package var decidedAt: Instant?
  package var doneAt: Instant?
  /// Rider-days marked as stale so far.
  package var staleDays: Int?
  /// The network whose import it came of; nil when it is a person's own.
  package var feedID: Int64?
  /// How far the workers have got with it, by its state with the preview or with marking; nil when they
  /// are at nothing.
  package var place: ReratingPlace?
  /// What an approved order changes now, as far as that is known; JSON as ``preview``.
  package var compared: String?
  /// Why it waits again though it was approved, or why it was given up; nil when nothing was amiss.
  package var fault: String?

  /// The fare days of the order.
  package var period: ClosedRange<Day> { firstDay...lastDay }

  /// Makes an order that is asked for.
  package init(
    firstDay: Day, lastDay: Day, tariffSource: String?, preview: String, changeMinor: Int64,
    needsApproval: Bool, requestedBy: Person, requestedAt: Instant
  ) {
    self.firstDay = firstDay
    self.lastDay = lastDay
    self.tariffSource = tariffSource
    self.preview = preview
    self.changeMinor = changeMinor
    self.needsApproval = needsApproval
    self.requestedBy = requestedBy
    self.requestedAt = requestedAt
  }
}

/// Why nothing is published that would rate days otherwise than it was shown.
package enum ReratingUnderWay: Hashable, Sendable {
  /// The days of an order are being marked.
  case marking(Int64)
  /// Days that an order or a tariff marked wait to be rated.
  case daysWait
}

/// Orders to rate fare days anew.
package struct ReratingOrderTables {
  /// Most orders in a list.
  package static let listMax = 200

  let connection: PostgresConnection

  private static let columns = """
    order_id, first_day, last_day, tariff_source, preview, change_minor, needs_approval, state,
    requested_by, requested_digest, requested_at, decided_by, decided_digest, decided_at, done_at,
    stale_days, feed_id, preview_place, compared, fault
    """

  /// Adds an order; its number.
  package func add(_ order: ReratingOrder) async throws -> Int64 {
    let rows = try await connection.query(
      """
      insert into rerating_order (first_day, last_day, tariff_source, preview, change_minor,
        needs_approval, state, requested_by, requested_digest, requested_at, feed_id, preview_place)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) returning order_id
      """,
      [
        .date(order.firstDay), .date(order.lastDay),
        .orNull(order.tariffSource, PostgresValue.text), .text(order.preview),
        .int8(order.changeMinor), .bool(order.needsApproval), .text(order.state.rawValue),
        .text(order.requestedBy.label), .bytea(order.requestedBy.tokenDigest),
        .timestamptz(order.requestedAt), .orNull(order.feedID, PostgresValue.int8),
        .orNull(order.place?.text, PostgresValue.text),
      ])
    return try rows.only().int8(0)
  }

  /// An order, held until the transaction ends; nil when there is none of the number.
  package func lock(_ id: Int64) async throws -> ReratingOrder? {
    let rows = try await connection.query(
      "select \(Self.columns) from rerating_order where order_id = $1 for update", [.int8(id)])
    return try rows.onlyOrNil().map(Self.order)
  }

  /// An order; nil when there is none of the number.
  package func find(_ id: Int64) async throws -> ReratingOrder? {
    let rows = try await connection.query(
      "select \(Self.columns) from rerating_order where order_id = $1", [.int8(id)])
    return try rows.onlyOrNil().map(Self.order)
  }

  /// The oldest order in some states that the workers are to go on with, at a kind of place, held until
  /// the transaction ends; nil when there is none, or another process works at it.
  ///
  /// Previews that order nothing come last.
  package func lockNext(
    _ states: [ReratingState], at kind: ReratingPlace.Kind? = nil
  ) async throws -> ReratingOrder? {
    let rows = try await connection.query(
      """
      select \(Self.columns) from rerating_order
      where preview_place is not null and state = any($1) and preview_place like $2
      order by state = $3, order_id limit 1 for update skip locked
      """,
      [
        .texts(states.map { $0.rawValue }), .text((kind?.rawValue ?? "") + "%"),
        .text(ReratingState.looking.rawValue),
      ])
    return try rows.onlyOrNil().map(Self.order)
  }

  /// How many previews that order nothing are being worked out.
  package func lookingCount() async throws -> Int {
    try await connection.query(
      "select count(*) from rerating_order where preview_place is not null and state = $1",
      [.text(ReratingState.looking.rawValue)]
    ).only().int(0)
  }

  /// Takes away previews that ordered nothing and were asked for before a moment, the oldest first; how many.
  ///
  /// What two people decided, and what one ordered alone, stays for ever.
  package func dropPreviews(before moment: Instant, countMax: Int) async throws -> Int {
    try await connection.execute(
      """
      delete from rerating_order where order_id in (
        select order_id from rerating_order o
        where state = $1 and requested_at < $2
          and not exists (select from tap_placed_anew t where t.order_id = o.order_id)
        order by order_id limit $3 for update skip locked)
      """,
      [
        .text(ReratingState.previewed.rawValue), .timestamptz(moment), .int8(Int64(countMax)),
      ])
  }

  /// The newest orders first, in a state or in any.
  package func list(state: ReratingState? = nil) async throws -> [ReratingOrder] {
    let rows = try await connection.query(
      """
      select \(Self.columns) from rerating_order where $1::text is null or state = $1
      order by order_id desc limit $2
      """, [.orNull(state) { .text($0.rawValue) }, .int8(Int64(Self.listMax))])
    return try rows.map(Self.order)
  }

  /// Writes down what became of an order.
  package func save(_ order: ReratingOrder) async throws {
    try await connection.execute(
      """
      update rerating_order set state = $2, decided_by = $3, decided_digest = $4, decided_at = $5,
        done_at = $6, stale_days = $7, preview = $8, change_minor = $9, needs_approval = $10,
        preview_place = $11, compared = $12, fault = $13, last_day = $14
      where order_id = $1
      """,
      [
        .int8(order.id), .text(order.state.rawValue),
        .orNull(order.decidedBy?.label, PostgresValue.text),
        .orNull(order.decidedBy?.tokenDigest, PostgresValue.bytea),
        .orNull(order.decidedAt, PostgresValue.timestamptz),
        .orNull(order.doneAt, PostgresValue.timestamptz),
        .orNull(order.staleDays) { .int4(Int32($0)) }, .text(order.preview),
        .int8(order.changeMinor), .bool(order.needsApproval),
        .orNull(order.place?.text, PostgresValue.text),
        .orNull(order.compared, PostgresValue.text), .orNull(order.fault, PostgresValue.text),
        .date(order.lastDay),
      ])
  }

  /// An order that is being carried out, or of which days still wait to be rated; nil when there is none.
  ///
  /// Nothing is published until the transaction ends.
  package func underWay() async throws -> ReratingUnderWay? {
    try await StoreSession(connection: connection).lockCity()
    let row = try await connection.query(
      """
      select (select min(order_id) from rerating_order
          where state = $1 and preview_place is not null) as order_id,
        exists (select from fare_day where stale_since is not null
          and stale_cause in ($2, $3)) as waits
      """,
      [
        .text(ReratingState.marking.rawValue), .text(StaleCause.order.rawValue),
        .text(StaleCause.tariff.rawValue),
      ]
    ).only()
    if let id = try row.int8OrNil("order_id") { return .marking(id) }
    return try row.bool("waits") ? .daysWait : nil
  }

  private static func order(_ row: PostgresRow) throws -> ReratingOrder {
    var order = ReratingOrder(
      firstDay: try row.date("first_day"), lastDay: try row.date("last_day"),
      tariffSource: try row.textOrNil("tariff_source"), preview: try row.text("preview"),
      changeMinor: try row.int8("change_minor"), needsApproval: try row.bool("needs_approval"),
      requestedBy: try row.person("requested_by", "requested_digest"),
      requestedAt: try row.timestamptz("requested_at"))
    order.id = try row.int8("order_id")
    order.state = try row.word("state")
    order.decidedBy = try row.personOrNil("decided_by", "decided_digest")
    order.decidedAt = try row.timestamptzOrNil("decided_at")
    order.doneAt = try row.timestamptzOrNil("done_at")
    order.staleDays = try row.intOrNil("stale_days")
    order.feedID = try row.int8OrNil("feed_id")
    if let text = try row.textOrNil("preview_place") {
      guard let place = ReratingPlace(text: text) else {
        throw StoreFault.unknownWord(text, column: "preview_place")
      }
      order.place = place
    }
    order.compared = try row.textOrNil("compared")
    order.fault = try row.textOrNil("fault")
    return order
  }
}
