package import Basics
import Charging
package import Store
import Tapping

/// How the acquirer signs its messages: `t=<seconds since 1970>,v1=<hexadecimal>`, the HMAC with
/// SHA-256 of the seconds, a full stop and the body, under a secret shared with the house.
package enum MessageSignature {
  /// Seconds that a signature holds, both ways: longer ago is a replay, or a clock that is wrong.
  package static let secondsMax: Int64 = 300
  /// Longest header that is looked at.
  static let bytesMax = 512

  /// Signs a body.
  package static func sign(_ body: [UInt8], secret: [UInt8], at moment: Instant) -> String {
    let seconds = floorDivide(moment.microseconds, 1_000_000)
    let code = HMACSHA256.code(key: secret, message: Array("\(seconds).".utf8) + body)
    return "t=\(seconds),v1=\(hexText(code))"
  }

  /// Why a signature does not hold; nil when it does.
  package static func fault(
    _ header: String?, body: [UInt8], secret: [UInt8], at moment: Instant
  ) -> String? {
    guard let header, header.utf8.count <= bytesMax else { return "the signature is missing" }
    var seconds: Int64?
    var codes: [[UInt8]] = []
    for part in header.split(separator: ",") {
      if part.hasPrefix("t=") { seconds = Int64(part.dropFirst(2)) }
      if part.hasPrefix("v1=") {
        let digits = Array(part.dropFirst(3).utf8).compactMap(hexValue)
        guard digits.count == 64 else { return "the signature is not one" }
        codes.append((0..<32).map { digits[$0 * 2] << 4 | digits[$0 * 2 + 1] })
      }
    }
    guard let seconds, !codes.isEmpty else { return "the signature is not one" }
    let expected = HMACSHA256.code(key: secret, message: Array("\(seconds).".utf8) + body)
    // Compared before the time is looked at, so that the answer tells nothing about the secret.
    let isRight = codes.contains { constantTimeEquals($0, expected) }
    let now = floorDivide(moment.microseconds, 1_000_000)
    guard isRight else { return "the signature is not that of the acquirer" }
    let (age, isPast) = now.subtractingReportingOverflow(seconds)
    guard !isPast, age.magnitude <= secondsMax.magnitude else {
      return "the signature is older or newer than \(secondsMax) s"
    }
    return nil
  }
}

/// What became of a message.
package enum MessageOutcome: Sendable, Hashable {
  case applied
  /// It came before, or says what is known: harmless.
  case known
  /// It fits nothing here; it is kept for a person, see ``KeptMessageDesk``.
  case unfit(String)
  /// The body is no message.
  case malformed(pointer: String, message: String)
}

/// Takes the acquirer's messages: answered twice, out of order and late they change nothing.
package struct MessageDesk: Sendable {
  private let answers: AnswerDesk
  private let secret: [UInt8]

  /// Makes the use case; the secret is the one that signs messages.
  package init(
    store: Store, city: CityHolder, denyList: any DenyListing = ValidatorDenyList(),
    secret: [UInt8], now: @escaping @Sendable () -> Instant
  ) {
    answers = AnswerDesk(store: store, city: city, denyList: denyList, now: now)
    self.secret = secret
  }

  /// Why a signature does not hold; nil when it does.
  package func signatureFault(_ header: String?, body: [UInt8]) -> String? {
    MessageSignature.fault(header, body: body, secret: secret, at: answers.now())
  }

  /// Takes a message whose signature holds.
  package func take(_ body: [UInt8]) async throws -> MessageOutcome {
    let message: AcquirerMessage
    do throws(JSONFault) {
      message = try AcquirerMessage(json: body)
    } catch {
      return .malformed(pointer: error.pointer, message: error.message)
    }
    let text = String(decoding: body, as: UTF8.self)
    return try await answers.store.write { db in
      let isNew = try await db.acquirerMessages.add(
        message.id, kind: message.event.word, body: text, at: answers.now())
      guard isNew else { return .known }
      let refusal = try await apply(message, in: db)
      guard let refusal else { return .applied }
      try await db.acquirerMessages.setOutcome(of: message.id, refusal)
      return refusal == DisputeMessage.known ? .known : .unfit(refusal)
    }
  }

  private func apply(_ message: AcquirerMessage, in db: StoreSession) async throws -> String? {
    switch message.event {
    case .answered(let key, let isCapture, let answer):
      let given = GivenAnswer(key: key, isCapture: isCapture, answer: answer)
      return try await answers.apply([given], actor: "acquirer", in: db)[0]
    case .chargeback(let caseID, let reference, let minor, let currency, let stage, let reason):
      guard let id = try await db.charging.window(ofReference: reference) else {
        return try await topUpDisputed(reference, currency, in: db) {
          TopUpDispute(caseID: caseID, sale: $0, minor: minor, stage: stage, reason: reason)
        }
      }
      let rows = try await db.charging.lock([id])
      guard rows.first?.currency == currency else { return "the payment is not in \(currency)" }
      let moment = answers.now()
      let day = try await db.bookingDate(of: moment, in: answers.city.current)
      var batch = ChargeBatch(rows, on: day, at: moment)
      let refusal = try await DisputeMessage(
        caseID: caseID, window: id, minor: minor, stage: stage, reason: reason
      ).apply(to: &batch, actor: "acquirer", in: db)
      if refusal == nil { try await batch.finish(in: db, denyList: answers.denyList) }
      return refusal
    }
  }

  /// A dispute about what no charge window has: a top-up by bank card.
  private func topUpDisputed(
    _ reference: String, _ currency: Currency, in db: StoreSession,
    _ dispute: (Int64) -> TopUpDispute
  ) async throws -> String? {
    let sales = try await db.acquirerSales.lock(references: [reference])
    guard let sale = sales.first(where: { $0.kind == .payment && $0.isTopUp }) else {
      return sales.isEmpty
        ? "no payment here is called \(reference)"
        : "a dispute about a pass or carnet: it is decided by hand"
    }
    guard sale.currency == currency else { return "the payment is not in \(currency)" }
    let moment = answers.now()
    let day = try await db.bookingDay(of: moment, in: answers.city.current)
    return try await dispute(sale.saleID).apply(on: day, in: db, at: moment)
  }
}

extension AcquirerMessage.Event {
  fileprivate var word: String {
    switch self {
    case .answered(_, let isCapture, .done): isCapture ? "captured" : "approved"
    case .answered: "declined"
    case .chargeback: "chargeback"
    }
  }
}
