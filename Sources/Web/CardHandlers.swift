import Basics
import Charging
import Clearing
import HTTPTypes
import Store

/// Bank cards: what people see of charge windows and do about them.
extension Handlers {
  /// Answers what is about bank cards and operators' money.
  func cardAnswer(_ request: WebRequest) async throws -> Answer {
    switch request.endpoint {
    case .acquirerEvent: try await acquirerEvent(request)
    case .acquirerReconciliation: try await acquirerReconciliation(request)
    case .chargeWindows: try await chargeWindows(request)
    case .chargeShow: try await chargeShow(request)
    case .chargePay: try await chargePay(request)
    case .refundPay: try await refundPay(request)
    case .chargeAsk: try await chargeAsk(request)
    case .chargeWriteOff: try await chargeWriteOff(request)
    case .chargeRefund: try await chargeRefund(request)
    case .debts: try await debts(request)
    case .moneyOrders: try await moneyOrders(request)
    case .moneyOrderDecide: try await moneyOrderDecide(request)
    case .operatorClaims: try await operatorClaims(request)
    default: throw Problem.unhandled
    }
  }

  func chargeWindows(_ request: WebRequest) async throws -> Answer {
    let (first, last) = try days(request)
    let rows = try await services.store.read { db in
      try await db.charging.sums(from: first, to: last)
    }
    return .json { writer in
      writer.objects(rows) { writer, row in
        writer.member("fare_day", row.fareDay.description)
        writer.member("state", row.state)
        writer.member("currency", row.currency.code)
        writer.member("windows", row.windows)
        writer.member("amount_minor", row.amountMinor)
        writer.member("due_minor", row.dueMinor)
      }
    }
  }

  func chargeShow(_ request: WebRequest) async throws -> Answer {
    let id = try number(request)
    let (found, events) = try await services.store.read { db in
      (try await db.charging.find(id), try await db.charging.events(ofWindow: id))
    }
    guard let row = found else { throw Problem.missing("window \(id)") }
    return .json { writer in
      writer.beginObject()
      Self.write(row, to: &writer)
      writer.member("events", objects: events) { writer, event in
        writer.member("at", event.at.description)
        writer.member("kind", event.kind)
        writer.member("attempt", event.attempt)
        writer.member("amount_minor", event.minor)
        writer.member("actor", event.actor)
        if let place = event.place { writer.member("desk", place) }
        if let reference = event.reference { writer.member("reference", reference) }
        if let detail = event.detail { writer.member("detail", detail) }
        if let entry = event.entryID { writer.member("entry", entry) }
      }
      writer.endObject()
    }
  }

  func debts(_ request: WebRequest) async throws -> Answer {
    let after = try Self.idAfter(request, "after")
    let (windows, stored) = try await services.store.read { db in
      (
        try await db.charging.debts(after: after),
        after == nil ? try await db.wallets.debts() : []
      )
    }
    return .json { writer in
      writer.beginArray()
      for row in windows {
        writer.beginObject()
        writer.member("kind", "charge_window")
        Self.write(row, to: &writer)
        writer.endObject()
      }
      for debt in stored {
        writer.beginObject()
        writer.storedValueDebt(debt)
        writer.endObject()
      }
      writer.endArray()
    }.cut(("charge_window", windows.isCut), ("stored_value", stored.isCut))
  }

  /// Money for a debt at a desk; the same payment sent again is told as done, and moves nothing.
  func chargePay(_ request: WebRequest) async throws -> Answer {
    let id = try number(request)
    let payment = try debtPayment(request)
    let receipt = try await answering {
      try await services.debts.pay(id, payment, by: Self.label(request))
    }
    return .json(receipt.isRepeated ? .ok : .created) { writer in
      writer.beginObject()
      Self.write(receipt.row, to: &writer)
      writer.member("repeated", receipt.isRepeated)
      writer.deskMoney(receipt.payment, channel: receipt.payment.detail)
      writer.endObject()
    }
  }

  /// Cash for a refund that the acquirer did not take; the same payment sent again moves nothing.
  func refundPay(_ request: WebRequest) async throws -> Answer {
    let id = try number(request)
    var payment = DebtPayment(minor: nil, channel: .cash, key: "")
    try request.readObject { (reader: inout JSONReader, key: String) throws(JSONFault) in
      switch key {
      case "desk": payment.place = try reader.string()
      case "receipt": payment.reference = try reader.string()
      case "key": payment.key = try reader.string()
      default: return false
      }
      return true
    }
    let order = payment
    let receipt = try await answering {
      try await services.debts.payBack(id, order, by: Self.label(request))
    }
    return .json(receipt.isRepeated ? .ok : .created) { writer in
      writer.beginObject()
      writer.member("refund", id)
      writer.member("window", receipt.window.id)
      writer.member("currency", receipt.window.currency.code)
      writer.member("repeated", receipt.isRepeated)
      writer.deskMoney(receipt.payment, channel: DebtDesk.Channel.cash.rawValue)
      writer.endObject()
    }
  }

  private func debtPayment(_ request: WebRequest) throws -> DebtPayment {
    var payment = DebtPayment(minor: nil, channel: .cash, key: "")
    var channel: DebtDesk.Channel?
    try request.readObject { (reader: inout JSONReader, key: String) throws(JSONFault) in
      switch key {
      case "amount_minor": payment.minor = try reader.int64OrNil()
      case "channel":
        channel = DebtDesk.Channel(rawValue: try reader.string())
        guard channel != nil else { throw reader.fault("is cash or transfer") }
      case "desk": payment.place = try reader.stringOrNil()
      case "receipt": payment.reference = try reader.stringOrNil()
      case "key": payment.key = try reader.string()
      default: return false
      }
      return true
    }
    guard let channel else { throw RiderRefusal.missing("The channel (cash or transfer)") }
    payment.channel = channel
    return payment
  }

  /// Has the acquirer asked now; a rider may for their own card only.
  func chargeAsk(_ request: WebRequest) async throws -> Answer {
    let id = try number(request)
    let isRider = request.caller?.role == .rider
    if isRider {
      let row = try await services.store.read { db in try await db.charging.find(id) }
      guard let row, row.rider == request.caller?.rider else { throw Problem.forbidden }
    }
    return try await changed(request) { person in
      try await services.debts.askNow(id, by: person, isAlone: isRider)
    }
  }

  func chargeWriteOff(_ request: WebRequest) async throws -> Answer {
    let id = try number(request)
    let (_, reason) = try proposal(request, needsAmount: false)
    return try await proposed(request) { person in
      try await services.debts.proposeWriteOff(id, reason: reason, by: person)
    }
  }

  func chargeRefund(_ request: WebRequest) async throws -> Answer {
    let id = try number(request)
    let (minor, reason) = try proposal(request, needsAmount: true)
    return try await proposed(request) { person in
      try await services.debts.proposeRefund(id, minor: minor, reason: reason, by: person)
    }
  }

  func moneyOrders(_ request: WebRequest) async throws -> Answer {
    let all = try request.queryFlag("all")
    let after = try Self.idAfter(request, "after")
    let rows = try await services.store.read { db in
      try await db.orders.list(waitingOnly: !all, after: after)
    }
    return .json { writer in
      writer.objects(rows) { writer, row in
        Self.write(row, to: &writer)
      }
    }.cut(("money_order", rows.isCut))
  }

  func moneyOrderDecide(_ request: WebRequest) async throws -> Answer {
    let id = try number(request)
    var approve: Bool?
    try request.readObject { (reader: inout JSONReader, key: String) throws(JSONFault) in
      guard key == "approve" else { return false }
      approve = try reader.bool()
      return true
    }
    guard let isApproved = approve else {
      throw Problem(.badRequest, "malformed", "is missing; true or false", pointer: "/approve")
    }
    let row = try await answering {
      try await services.orders.decide(id, isApproved: isApproved, by: Self.label(request))
    }
    return .json { writer in
      writer.beginObject()
      Self.write(row, to: &writer)
      writer.member("decided", isApproved ? "approved" : "refused")
      writer.endObject()
    }
  }
}

/// What the handlers above share.
extension Handlers {
  /// Who orders something about money.
  static func label(_ request: WebRequest) -> String { request.caller?.label ?? "unknown" }

  func number(_ request: WebRequest) throws(Problem) -> Int64 {
    let text = try request.parameter("id")
    guard let number = Int64(text), number > 0 else {
      throw .badParameter("id", "\(text) is not a number above zero")
    }
    return number
  }

  /// The days asked about; one where no last one is named.
  func days(_ request: WebRequest) throws(Problem) -> (Day, Day) {
    guard let first = try request.queryDay("date") else {
      throw .badParameter("date", "it is missing; add ?date=2026-11-22")
    }
    let last = try request.queryDay("to") ?? first
    guard first <= last else { throw .badParameter("to", "\(last) is before \(first)") }
    return (first, last)
  }

  private func proposal(
    _ request: WebRequest, needsAmount: Bool
  ) throws -> (minor: Int64, reason: String) {
    var minor: Int64?
    var reason = ""
    try request.readObject { (reader: inout JSONReader, key: String) throws(JSONFault) in
      switch key {
      case "amount_minor" where needsAmount: minor = try reader.int64()
      case "reason": reason = try reader.string()
      default: return false
      }
      return true
    }
    guard (1...200).contains(reason.utf8.count) else {
      throw Problem(.badRequest, "malformed", "has 1 to 200 bytes", pointer: "/reason")
    }
    guard !needsAmount || minor != nil else {
      throw Problem(.badRequest, "malformed", "is missing", pointer: "/amount_minor")
    }
    return (minor ?? 0, reason)
  }

  func answering<Result>(_ body: () async throws -> Result) async throws -> Result {
    do {
      return try await body()
    } catch let refusal as MoneyRefusal {
      switch refusal {
      case .notFound(let what):
        throw Problem(.notFound, "not_found", "There is no \(what).")
      case .unfit: throw Problem(.unprocessableContent, "not_possible", "\(refusal).")
      case .samePerson: throw Problem(.conflict, "second_person_needed", "\(refusal).")
      }
    }
  }

  private func changed(
    _ request: WebRequest, _ body: (String) async throws -> ChargeWindowRow
  ) async throws -> Answer {
    let row = try await answering { try await body(Self.label(request)) }
    return .json { writer in
      writer.beginObject()
      Self.write(row, to: &writer)
      writer.endObject()
    }
  }

  private func proposed(
    _ request: WebRequest, _ body: (String) async throws -> Int64
  ) async throws -> Answer {
    let order = try await answering { try await body(Self.label(request)) }
    return .json { writer in
      writer.beginObject()
      writer.member("order", order)
      writer.endObject()
    }
  }

  private static func write(_ row: ChargeWindowRow, to writer: inout JSONWriter) {
    writer.member("window", row.id)
    writer.member("rider", row.rider.description)
    writer.member("fare_day", row.fareDay.description)
    writer.member("number", row.number)
    writer.member("currency", row.currency.code)
    let window = row.window
    writer.member("state", window.state.rawValue)
    writer.member("amount_minor", window.amountMinor)
    writer.member("due_minor", window.dueMinor)
    writer.member("captured_minor", window.capturedMinor)
    writer.member("settled_minor", window.settledMinor)
    writer.member("refunded_minor", window.refundedMinor)
    writer.member("charged_back_minor", window.chargedBackMinor)
    writer.member("offset_minor", window.offsetMinor)
    writer.member("written_off_minor", window.writtenOffMinor)
    if let moment = window.declinedAt { writer.member("declined_at", moment.description) }
    if let code = window.declineCode { writer.member("decline_code", code) }
    if let moment = window.nextAt { writer.member("next_at", moment.description) }
  }

  private static func write(_ row: MoneyOrderRow, to writer: inout JSONWriter) {
    writer.member("order", row.id)
    writer.member("kind", row.kind.rawValue)
    writer.member("subject", row.subject)
    writer.member("rider", orNull: row.rider?.description)
    writer.member("amount_minor", row.minor)
    writer.member("currency", row.currency.code)
    if let payee = row.payee { writer.account(payee) }
    writer.member("reason", row.reason)
    writer.member("proposed_by", row.proposedBy)
    writer.member("proposed_at", row.proposedAt.description)
    if let decision = row.decision { writer.member("decision", decision) }
    if let person = row.decidedBy { writer.member("decided_by", person) }
  }
}

extension JSONWriter {
  /// Money that a desk took or gave, as it is in the list of its window.
  fileprivate mutating func deskMoney(_ money: ChargeEventRow, channel: String?) {
    key("payment")
    beginObject()
    member("at", money.at.description)
    member("amount_minor", money.minor)
    member("channel", orNull: channel)
    member("desk", orNull: money.place)
    member("receipt", orNull: money.reference)
    member("entry", orNull: money.entryID)
    endObject()
  }
}
