package import Basics

/// The JSON that goes over the wire to and from the acquirer; described in `docs/acquirer.md`.
package enum AcquirerWire {
  /// The path of a question.
  package static func path(_ operation: AcquirerRequest.Operation) -> String {
    switch operation {
    case .check: "/v1/checks"
    case .authorise: "/v1/authorisations"
    case .capture: "/v1/captures"
    case .refund: "/v1/refunds"
    }
  }

  /// The body of a question.
  package static func body(of request: AcquirerRequest) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("key", request.key.description)
    writer.member("card", hexText(request.cardToken))
    writer.member("currency", request.currency.code)
    switch request.operation {
    case .check: break
    case .authorise(let minor): writer.member("amount_minor", minor)
    case .capture(let minor, let reference), .refund(let minor, let reference):
      writer.member("amount_minor", minor)
      writer.member("reference", reference)
    }
    writer.endObject()
    return writer.bytes
  }

  /// What an answer means.
  ///
  /// 200 done, 402 declined, 202 and 408, 425, 429 and from 500 on: not known yet; all else: the
  /// question was not understood.
  package static func answer(status: Int, body: [UInt8]) -> AcquirerAnswer {
    switch status {
    case 200, 201, 402:
      guard let fields = try? Fields(body) else {
        return .unknown("the answer \(status) is not the JSON it should be")
      }
      switch (fields.status, fields.reference, fields.code) {
      case ("approved", let reference?, _) where status != 402: return .done(reference: reference)
      case ("pending", _, _): return .unknown("pending")
      case ("declined", _, let code?):
        return .declined(code: code, isFinal: fields.isFinal)
      default: return .unknown("the answer \(status) says neither approved nor declined")
      }
    case 202, 408, 425, 429, 500...599: return .unknown("answered \(status)")
    default:
      // It may be packed, or of any other kind.
      let said = String(decoding: body.prefix(200), as: UTF8.self).quoted(bytesMax: 200)
      return .refused("answered \(status): \(said)")
    }
  }

  /// Longest reference and code that are kept, in bytes.
  static let wordBytesMax = 64

  private struct Fields {
    var status = ""
    var reference: String?
    var code: String?
    var isFinal = false

    init(_ body: [UInt8]) throws(JSONFault) {
      var reader = JSONReader(body)
      try reader.beginObject()
      while let key = try reader.nextKey() {
        switch key {
        case "status": status = try reader.string()
        case "reference": reference = try reader.word()
        case "code": code = try reader.word()
        case "final": isFinal = try reader.bool()
        default: try reader.skipValue()
        }
      }
      try reader.finish()
    }
  }
}

/// What the acquirer says by itself, in a signed message.
package struct AcquirerMessage: Hashable, Sendable {
  /// What happened.
  package enum Event: Hashable, Sendable {
    /// An authorisation, capture, check or refund was answered, as it would have been at once.
    case answered(key: String, isCapture: Bool, AcquirerAnswer)
    /// A dispute began or ended.
    case chargeback(
      caseID: String, reference: String, minor: Int64, currency: Currency, stage: ChargebackStage,
      reason: String?)
  }

  /// The acquirer's own number of the message.
  package let id: String
  package let event: Event

  /// Makes a message.
  package init(id: String, event: Event) {
    self.id = id
    self.event = event
  }

  /// Reads the body of a message; unknown members are passed over, for acquirers add some.
  package init(json: [UInt8]) throws(JSONFault) {
    var reader = JSONReader(json)
    var fields = Fields()
    try reader.beginObject()
    while let key = try reader.nextKey() { try fields.take(key, from: &reader) }
    guard let id = fields.id else { throw reader.fault(at: "id", "is missing") }
    self.id = id
    func require(_ name: String, _ value: String?) throws(JSONFault) -> String {
      guard let value else { throw reader.fault(at: name, "is missing") }
      return value
    }
    switch fields.type {
    case "approved", "captured":
      event = .answered(
        key: try require("key", fields.key), isCapture: fields.type == "captured",
        .done(reference: try require("reference", fields.reference)))
    case "declined":
      event = .answered(
        key: try require("key", fields.key), isCapture: false,
        .declined(code: try require("code", fields.code), isFinal: fields.isFinal))
    case "chargeback":
      guard let stage = ChargebackStage(rawValue: fields.stage) else {
        throw reader.fault(at: "stage", "is opened, won or lost")
      }
      guard let minor = fields.minor, minor > 0 else {
        throw reader.fault(at: "amount_minor", "is above zero")
      }
      guard minor <= Money.outsideMinorMax else {
        throw reader.fault(at: "amount_minor", "is at most \(Money.outsideMinorMax)")
      }
      guard let currency = Currency(fields.currency) else {
        throw reader.fault(at: "currency", "is three capitals such as UAH")
      }
      event = .chargeback(
        caseID: try require("case", fields.caseID),
        reference: try require("reference", fields.reference), minor: minor,
        currency: currency, stage: stage, reason: fields.reason)
    default:
      throw reader.fault(at: "type", "is approved, captured, declined or chargeback")
    }
    try reader.finish()
  }

  private struct Fields {
    var id: String?
    var type = ""
    var key: String?
    var reference: String?
    var code: String?
    var isFinal = false
    var minor: Int64?
    var currency = ""
    var caseID: String?
    var stage = ""
    var reason: String?

    mutating func take(_ name: String, from reader: inout JSONReader) throws(JSONFault) {
      switch name {
      case "id": id = try reader.word()
      case "type": type = try reader.string()
      case "key": key = try reader.word()
      case "reference": reference = try reader.word()
      case "code": code = try reader.word()
      case "final": isFinal = try reader.bool()
      case "amount_minor": minor = try reader.int64()
      case "currency": currency = try reader.string()
      case "case": caseID = try reader.word()
      case "stage": stage = try reader.string()
      case "reason": reason = try reader.word()
      default: try reader.skipValue()
      }
    }
  }
}

extension JSONReader {
  /// A text of 1 to `AcquirerWire.wordBytesMax` bytes.
  fileprivate mutating func word() throws(JSONFault) -> String {
    let text = try string()
    guard (1...AcquirerWire.wordBytesMax).contains(text.utf8.count) else {
      throw fault("has 1 to \(AcquirerWire.wordBytesMax) bytes")
    }
    return text
  }
}
