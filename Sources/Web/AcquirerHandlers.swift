import Basics
import Charging
import Clearing
import HTTPTypes
import Store

extension HTTPField.Name {
  /// `Acquirer-Signature: t=<seconds>,v1=<hexadecimal>`.
  static let acquirerSignature = HTTPField.Name("Acquirer-Signature") ?? .origin
}

/// The acquirer: what it says, and how its files agree with what is here.
extension Handlers {
  /// Most remainders in an answer.
  static let remaindersMax = 1000

  /// A message of the acquirer, known by its signature.
  func acquirerEvent(_ request: WebRequest) async throws -> Answer {
    guard let desk = services.acquirerMessages else {
      throw Problem(
        .notFound, "no_acquirer", "No acquirer is set up here: set KVYTOK_ACQUIRER_SECRET.")
    }
    if let fault = desk.signatureFault(
      request.headers[.acquirerSignature], body: request.body)
    {
      throw Problem(.unauthorized, "signature_wrong", "Nothing was taken: \(fault).")
    }
    let word: String
    switch try await desk.take(request.body) {
    case .applied: word = "applied"
    case .known: word = "known"
    // Kept for a person; sending it again would change nothing.
    case .unfit: word = "kept"
    case .malformed(let pointer, let message):
      throw Problem(.badRequest, "malformed", message, pointer: pointer)
    }
    return .json { writer in
      writer.beginObject()
      writer.member("outcome", word)
      writer.endObject()
    }
  }

  /// What of the days agrees with the files, and what does not, one by one.
  func acquirerReconciliation(_ request: WebRequest) async throws -> Answer {
    let (first, last) = try days(request)
    let lag = try request.queryInt("lag", in: 0...60) ?? 3
    let lagDay = services.city.current.clock.zone.local(request.receivedAt).day.adding(days: -lag)
    let (sums, rest) = try await services.store.read { db in
      (
        try await db.acquirerFiles.reconciliation(from: first, to: last, lagDay: lagDay),
        try await db.acquirerFiles.remainders(
          from: first, to: last, lagDay: lagDay, countMax: Self.remaindersMax)
      )
    }
    return .json { writer in
      writer.beginObject()
      writer.member("categories", objects: sums) { writer, row in
        writer.member("category", row.category.rawValue)
        writer.member("currency", row.currency.code)
        writer.member("records", row.records)
        writer.member("amount_minor", row.minor)
        writer.member("in_minor", row.inMinor)
        writer.member("out_minor", row.outMinor)
      }
      writer.member("remainders", objects: rest) { writer, row in
        writer.member("category", row.category.rawValue)
        writer.member("reference", row.reference)
        writer.member("currency", row.currency.code)
        writer.member("amount_minor", row.minor)
        writer.member("day", row.day.description)
        if let window = row.windowID { writer.member("window", window) }
        if let note = row.note { writer.member("note", note) }
        if let direction = row.direction { writer.member("direction", direction.rawValue) }
      }
      writer.member("remainders_in_all", sums.remaindersInAll)
      writer.member("cut", sums.remaindersInAll > rest.count)
      writer.endObject()
    }
  }
}
