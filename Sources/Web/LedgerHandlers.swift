import Basics
import Clearing
import HTTPTypes
import Ledger
import Store

/// The books: balances, months, and corrections by two people.
extension Handlers {
  /// Longest reason of a correction, in bytes.
  private static let reasonBytesMax = 500

  /// Answers what is about the books themselves.
  func ledgerAnswer(_ request: WebRequest) async throws -> Answer {
    switch request.endpoint {
    case .trialBalance: try await trialBalance(request)
    case .periods: try await periods()
    case .adjustments: try await adjustments(request)
    case .adjustmentAsk: try await adjustmentAsk(request)
    case .adjustmentDecide: try await adjustmentDecide(request)
    default: throw Problem.unhandled
    }
  }

  /// Months of the books with their states and roots.
  private func periods() async throws -> Answer {
    let rows = try await services.store.read { db in try await db.periods.list() }
    return .json { writer in
      writer.objects(rows) { writer, row in
        writer.member("period", row.name)
        writer.member("first_day", row.first.description)
        writer.member("last_day", row.last.description)
        writer.member("state", row.state.rawValue)
        writer.member("closed_at", orNull: row.closedAt?.description)
        writer.member("closed_by", orNull: row.closedBy)
        writer.member("root", orNull: row.root.map { hexText($0) })
        writer.key("left_open")
        writer.raw(row.openItems)
      }
    }
  }

  /// Corrections that wait for another person, the newest first, or all.
  private func adjustments(_ request: WebRequest) async throws -> Answer {
    let all = try request.queryFlag("all")
    let after = try Self.idAfter(request, "after")
    let rows = try await services.store.read { db in
      try await db.adjustments.list(waitingOnly: !all, after: after)
    }
    return .json { writer in
      writer.objects(rows) { writer, row in
        writer.member("adjustment", row.number)
        writer.member("state", row.state.rawValue)
        writer.member("requested_by", row.requestedBy)
        writer.member("requested_at", row.requestedAt.description)
        writer.member("reason", row.reason)
        writer.member("currency", row.currency.code)
        writer.member("fare_day", orNull: row.fareDay?.description)
        writer.member("decided_by", orNull: row.decidedBy)
        writer.member("decision_reason", orNull: row.decisionReason)
        writer.member("entry", orNull: row.entryNumber)
        writer.key("pays")
        writer.beginArray()
        for name in row.pays { writer.value("KVYTOK-\(name)") }
        writer.endArray()
        writer.member("lines", objects: row.postings) { writer, line in
          writer.member("account", line.account)
          writer.member("operator", orNull: line.operatorID)
          writer.member("debit_minor", line.debitMinor)
          writer.member("credit_minor", line.creditMinor)
        }
      }
    }.cut(("adjustment", rows.isCut))
  }

  /// Asks for a correction; another person decides.
  private func adjustmentAsk(_ request: WebRequest) async throws -> Answer {
    var lines: [Posting] = []
    var pays: [String] = []
    var code: String?
    var fareDay: Day?
    var reason = ""
    try request.readObject { (reader: inout JSONReader, key: String) throws(JSONFault) in
      switch key {
      case "currency": code = try reader.string()
      case "fare_day": fareDay = try reader.day()
      case "reason": reason = try reader.string()
      case "lines": lines = try Self.lines(&reader)
      case "pays": pays = try Self.names(&reader)
      default: return false
      }
      return true
    }
    guard let currency = code.flatMap(Currency.init) else {
      throw Problem(
        .badRequest, "malformed", "is missing or no code of ISO 4217", pointer: "/currency")
    }
    try Self.checkReason(reason)
    let outcome = try await adjusting.request(
      lines, pays: pays, currency: currency, fareDay: fareDay, reason: reason,
      by: Self.label(request), at: request.receivedAt)
    return try Self.answer(outcome)
  }

  private static func names(_ reader: inout JSONReader) throws(JSONFault) -> [String] {
    var names: [String] = []
    try reader.beginArray()
    while try reader.nextElement() {
      guard names.count < Entry.postingsMax else {
        throw reader.fault("an entry pays at most \(Entry.postingsMax)")
      }
      names.append(try reader.string())
    }
    return names
  }

  private static func lines(_ reader: inout JSONReader) throws(JSONFault) -> [Posting] {
    var lines: [Posting] = []
    try reader.beginArray()
    while try reader.nextElement() {
      guard lines.count < Entry.postingsMax else {
        throw reader.fault("an entry has at most \(Entry.postingsMax) lines")
      }
      var line = Posting(account: "", debitMinor: 0, creditMinor: 0)
      try reader.beginObject()
      while let key = try reader.nextKey() {
        switch key {
        case "account": line.account = try reader.string()
        case "operator": line.operatorID = try reader.stringOrNil()
        case "debit_minor": line.debitMinor = try reader.int64()
        case "credit_minor": line.creditMinor = try reader.int64()
        default: throw reader.fault("member \(key) is not known here")
        }
      }
      lines.append(line)
    }
    return lines
  }

  /// Approves a correction that another person asked for, which books it, or refuses it.
  private func adjustmentDecide(_ request: WebRequest) async throws -> Answer {
    let id = try number(request)
    var approve: Bool?
    var reason: String?
    try request.readObject { (reader: inout JSONReader, key: String) throws(JSONFault) in
      switch key {
      case "approve": approve = try reader.bool()
      case "reason": reason = try reader.stringOrNil()
      default: return false
      }
      return true
    }
    guard let isApproved = approve else {
      throw Problem(.badRequest, "malformed", "is missing; true or false", pointer: "/approve")
    }
    return try await decideAdjustment(
      id, isApproved: isApproved, reason: reason, by: Self.label(request), at: request.receivedAt)
  }

  /// Books a correction that another person asked for, or turns it down with a reason.
  func decideAdjustment(
    _ id: Int64, isApproved: Bool, reason: String?, by person: String, at moment: Instant
  ) async throws -> Answer {
    if !isApproved || reason != nil { try Self.checkReason(reason ?? "") }
    return try Self.answer(
      try await adjusting.decide(
        id, isApproved: isApproved, reason: reason, by: person, at: moment))
  }

  private static func checkReason(_ reason: String) throws(Problem) {
    guard (1...reasonBytesMax).contains(reason.utf8.count) else {
      throw Problem(
        .badRequest, "malformed", "A reason has 1 to \(reasonBytesMax) bytes.",
        pointer: "/reason")
    }
  }

  private var adjusting: Adjusting {
    Adjusting(store: services.store, city: services.city)
  }

  private static func answer(_ outcome: AdjustmentOutcome) throws(Problem) -> Answer {
    switch outcome {
    case .requested(let number):
      return .json(.created) { writer in
        writer.beginObject()
        writer.member("adjustment", number)
        writer.endObject()
      }
    case .booked(let entry, let day):
      return .json { writer in
        writer.beginObject()
        writer.member("decided", "approved")
        writer.member("entry", entry)
        writer.member("accounting_date", day.description)
        writer.endObject()
      }
    case .refused:
      return .json { writer in
        writer.beginObject()
        writer.member("decided", "refused")
        writer.endObject()
      }
    case .faulty(let fault):
      throw Problem(
        .unprocessableContent, "not_possible", "The lines are no entry: \(fault).",
        pointer: "/lines")
    case .unfit(let why):
      throw Problem(
        .unprocessableContent, "not_possible", "It cannot be done: \(why).", pointer: "/pays")
    case .unfitLine(let why):
      throw Problem(
        .unprocessableContent, "not_possible", "It cannot be done: \(why).", pointer: "/lines")
    case .unknownCurrency(let why):
      throw Problem(
        .unprocessableContent, "not_possible", "It cannot be done: \(why).", pointer: "/currency")
    case .unknown: throw Problem(.notFound, "not_found", "There is no such correction.")
    case .decided(let state):
      throw Problem(.conflict, "decided_before", "The correction was \(state.rawValue) before.")
    case .ownRequest:
      throw Problem(
        .conflict, "second_person_needed",
        "Who asks for a correction may not decide on it: ask another person.")
    case .nameless:
      throw Problem(
        .badRequest, "malformed", "Name the person and the reason; neither may be empty.",
        pointer: "/reason")
    }
  }
}
