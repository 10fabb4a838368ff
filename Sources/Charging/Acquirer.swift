package import Basics

/// Names one question to the acquirer: asked again with the same key it is the same question, and
/// is answered as it was answered first.
package struct ChargeKey: Hashable, Sendable, CustomStringConvertible {
  package let description: String

  /// The authorisation and capture of an attempt of a window: `w17-2`.
  package static func window(_ id: Int64, attempt: Int32) -> ChargeKey {
    ChargeKey(description: "w\(id)-\(attempt)")
  }

  /// The first-use check of a card: `c` and the card's name, then the attempt.
  package static func check(_ medium: MediumID, attempt: Int32) -> ChargeKey {
    ChargeKey(description: "c\(medium)-\(attempt)")
  }

  /// A refund: `r5`.
  package static func refund(_ id: Int64) -> ChargeKey { ChargeKey(description: "r\(id)") }

  /// What a key is about, read from its text.
  package enum Subject: Hashable, Sendable {
    case window(Int64, attempt: Int32)
    case check(MediumID, attempt: Int32)
    case refund(Int64)
  }

  /// Reads a key; nil when it is none of ours.
  package static func subject(_ text: String) -> Subject? {
    guard let kind = text.first, text.utf8.count <= 64 else { return nil }
    let rest = text.dropFirst()
    if kind == "r" { return Int64(rest).flatMap { $0 > 0 ? .refund($0) : nil } }
    guard let dash = rest.lastIndex(of: "-"),
      let attempt = Int32(rest[rest.index(after: dash)...]), attempt > 0
    else { return nil }
    switch kind {
    case "w":
      return Int64(rest[..<dash]).flatMap { $0 > 0 ? .window($0, attempt: attempt) : nil }
    case "c": return MediumID(rest[..<dash]).map { .check($0, attempt: attempt) }
    default: return nil
    }
  }
}

/// What the acquirer is asked.
package struct AcquirerRequest: Sendable, Hashable {
  /// What is wanted.
  package enum Operation: Hashable, Sendable {
    /// Is the card good? No money moves.
    case check
    /// Will the card's bank pay?
    case authorise(minor: Int64)
    /// Take what was authorised under a reference.
    case capture(minor: Int64, reference: String)
    /// Give money of a captured payment back.
    case refund(minor: Int64, reference: String)
  }

  package let key: ChargeKey
  package let operation: Operation
  package let currency: Currency
  /// What names the card at the acquirer, as the validator read it; never a card number.
  ///
  /// It goes from the journal to the acquirer and is written down nowhere between.
  package let cardToken: [UInt8]

  /// Makes a request.
  package init(
    key: ChargeKey, operation: Operation, currency: Currency, cardToken: [UInt8]
  ) {
    self.key = key
    self.operation = operation
    self.currency = currency
    self.cardToken = cardToken
  }
}

/// What became of a request.
package enum AcquirerAnswer: Hashable, Sendable {
  /// Done, or promised; under this name at the acquirer.
  case done(reference: String)
  /// It will not be done; final when trying again is of no use or not allowed.
  case declined(code: String, isFinal: Bool)
  /// It is not known: no answer, or one that says to wait. The same question is asked again later.
  case unknown(String)
  /// The acquirer does not understand the question: a person has to look, asking again is of no use.
  case refused(String)
}

/// Whoever takes money from bank cards for the house.
package protocol Acquirer: Sendable {
  /// Most questions that may be on their way at once.
  var concurrencyMax: Int { get }
  /// Whether captures and refunds wait for the next clearing file, and are not asked one by one.
  var capturesByFile: Bool { get }

  /// Asks; never throws, because an answer that did not come is an answer too.
  func ask(_ request: AcquirerRequest) async -> AcquirerAnswer
}
