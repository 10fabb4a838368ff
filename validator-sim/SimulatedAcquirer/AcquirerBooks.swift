package import Basics
import Tapping

/// An acquirer that keeps books of its own, and misbehaves by seed.
///
/// What it decides about a question depends on the seed and the question's key only, so that the
/// same questions get the same fates in whatever order they come.
package struct AcquirerBooks: Sendable {
  package var mood: AcquirerMood
  private let seed: UInt64
  private var payments: [String: SimulatedPayment] = [:]
  private var keysByReference: [String: String] = [:]
  private var refunds: [String: SimulatedRefund] = [:]
  private var answered: [String: (question: [UInt8], reply: AcquirerReply)] = [:]
  private var messages = 0
  private var files: Int64 = 0

  /// Opens empty books.
  package init(seed: UInt64, mood: AcquirerMood) {
    self.seed = seed
    self.mood = mood
  }

  /// All payments ever authorised, by key.
  package var allPayments: [SimulatedPayment] { payments.values.sorted { $0.key < $1.key } }
  /// All refunds ever made, by key.
  package var allRefunds: [SimulatedRefund] { refunds.values.sorted { $0.key < $1.key } }

  /// Answers a question: `/v1/checks`, `/v1/authorisations`, `/v1/captures` or `/v1/refunds`.
  ///
  /// Over HTTP its key stands in a header too, and has to be the same.
  package mutating func answer(
    path: String, body: [UInt8], idempotencyKey: String? = nil
  ) -> AcquirerReply {
    guard let question = try? Question(body), !question.key.isEmpty else {
      return Self.reply(400, ["status": "malformed"])
    }
    if let idempotencyKey, idempotencyKey != question.key {
      return Self.reply(400, ["status": "key_differs"])
    }
    let name = path + " " + question.key
    if let before = answered[name] {
      guard before.question == body else { return Self.reply(409, ["status": "key_taken"]) }
      // Asked again it answers at once, as it decided then.
      var again = before.reply
      again.isSilent = false
      again.messages = []
      return again
    }
    var chance = SeededGenerator(seed: seed ^ stableHash(name.utf8))
    var reply = decide(path, question, &chance)
    answered[name] = (body, reply)
    guard reply.status == 200 || reply.status == 402 else { return reply }
    addMessages(path, question, &reply, &chance)
    if chance.chance(mood.silences) { reply.isSilent = true }
    if chance.chance(mood.delays), !reply.messages.isEmpty {
      reply.status = 202
      reply.body = Array("{\"status\":\"pending\"}".utf8)
    }
    return reply
  }

  private mutating func decide(
    _ path: String, _ question: Question, _ chance: inout SeededGenerator
  ) -> AcquirerReply {
    switch path {
    case "/v1/checks", "/v1/authorisations":
      if chance.chance(mood.declines) {
        let isFinal = chance.chance(0.2)
        return Self.reply(
          402, ["status": "declined", "code": isFinal ? "43" : "51"], isFinal: isFinal)
      }
      let reference =
        "P" + hexText(question.key.utf8.suffix(8))
        + String(stableHash(question.key.utf8) % 1_000_000)
      if path == "/v1/authorisations" {
        guard question.minor > 0 else { return Self.reply(422, ["status": "amount"]) }
        payments[question.key] = SimulatedPayment(
          key: question.key, reference: reference, currency: question.currency,
          minor: question.minor)
        keysByReference[reference] = question.key
      }
      return Self.reply(200, ["status": "approved", "reference": reference])
    case "/v1/captures":
      guard var payment = payments[question.key], payment.reference == question.reference,
        payment.minor == question.minor
      else { return Self.reply(422, ["status": "no_such_authorisation"]) }
      payment.isCaptured = true
      payments[question.key] = payment
      return Self.reply(200, ["status": "approved", "reference": payment.reference])
    case "/v1/refunds":
      guard let key = keysByReference[question.reference], var payment = payments[key],
        payment.isCaptured, question.minor > 0,
        question.minor <= payment.minor - payment.refundedMinor
      else { return Self.reply(402, ["status": "declined", "code": "no_such_payment"]) }
      payment.refundedMinor += question.minor
      payments[key] = payment
      let reference = "R" + question.key
      refunds[question.key] = SimulatedRefund(
        key: question.key, paymentKey: key, reference: reference, currency: question.currency,
        minor: question.minor)
      return Self.reply(200, ["status": "approved", "reference": reference])
    default: return Self.reply(404, ["status": "no_such_path"])
    }
  }

  /// The messages that tell the same as the answer: some twice, in any order, some late.
  private mutating func addMessages(
    _ path: String, _ question: Question, _ reply: inout AcquirerReply,
    _ chance: inout SeededGenerator
  ) {
    messages += 1
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("id", "M\(messages)")
    let isDeclined = reply.status == 402
    writer.member(
      "type", isDeclined ? "declined" : path == "/v1/captures" ? "captured" : "approved")
    writer.member("key", question.key)
    if let fields = try? Question(reply.body) {
      if isDeclined {
        writer.member("code", fields.code)
        writer.member("final", fields.isFinal)
      } else {
        writer.member("reference", fields.reference)
      }
    }
    writer.endObject()
    for _ in 0..<(chance.chance(mood.repeats) ? 2 : 1) {
      reply.messages.append(
        LateMessage(
          afterSeconds: chance.integer(in: 1...max(1, mood.delaySecondsMax)), body: writer.bytes))
    }
  }

  /// The next funding file over all captures and refunds that were in none yet; fee 1.5 %.
  package mutating func funding(on day: Day, merchant: String, currency: String) -> [UInt8] {
    files += 1
    var writer = CSVWriter()
    writer.row([
      "H", "KVYTOK-FUNDING", "1", String(files), day.description, merchant, currency,
    ])
    var sums: (lines: Int, gross: Int64, fees: Int64) = (0, 0, 0)
    func add(_ letter: String, _ reference: String, _ key: String, _ minor: Int64, _ fee: Int64) {
      writer.row([
        letter, reference, key, String(minor), String(fee), currency, day.description, "", "", "",
      ])
      sums = (sums.lines + 1, sums.gross + minor, sums.fees + fee)
    }
    for payment in allPayments
    where payment.isCaptured && !payment.isFunded && payment.currency == currency {
      let fee = Rounding.halfUp.divide(payment.minor * 15, by: 1000)
      add("D", payment.reference, payment.key, payment.minor, fee)
      payments[payment.key]?.isFunded = true
    }
    for refund in allRefunds where !refund.isFunded && refund.currency == currency {
      add("R", refund.reference, refund.key, refund.minor, 0)
      refunds[refund.key]?.isFunded = true
    }
    let digest = hexText(SHA256Digest.hash(writer.bytes))
    writer.row(["T", String(sums.lines), String(sums.gross), String(sums.fees), digest])
    return writer.bytes
  }

  /// The books as JSON, for whoever compares.
  package var json: [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("payments")
    writer.beginArray()
    for payment in allPayments {
      writer.beginObject()
      writer.member("key", payment.key)
      writer.member("reference", payment.reference)
      writer.member("currency", payment.currency)
      writer.member("amount_minor", payment.minor)
      writer.member("captured", payment.isCaptured)
      writer.member("funded", payment.isFunded)
      writer.member("refunded_minor", payment.refundedMinor)
      writer.endObject()
    }
    writer.endArray()
    writer.key("refunds")
    writer.beginArray()
    for refund in allRefunds {
      writer.beginObject()
      writer.member("key", refund.key)
      writer.member("payment", refund.paymentKey)
      writer.member("amount_minor", refund.minor)
      writer.endObject()
    }
    writer.endArray()
    writer.endObject()
    return writer.bytes
  }

  private static func reply(
    _ status: Int, _ members: [(String, String)], isFinal: Bool = false
  ) -> AcquirerReply {
    var writer = JSONWriter()
    writer.beginObject()
    for (name, value) in members { writer.member(name, value) }
    if isFinal { writer.member("final", true) }
    writer.endObject()
    return AcquirerReply(status: status, body: writer.bytes)
  }

  private static func reply(
    _ status: Int, _ members: KeyValuePairs<String, String>, isFinal: Bool = false
  ) -> AcquirerReply {
    reply(status, members.map { ($0.key, $0.value) }, isFinal: isFinal)
  }

  /// The members of a question, or of an answer.
  private struct Question {
    var key = ""
    var currency = ""
    var minor: Int64 = 0
    var reference = ""
    var code = ""
    var isFinal = false

    init(_ body: [UInt8]) throws {
      var reader = JSONReader(body)
      try reader.beginObject()
      while let name = try reader.nextKey() {
        switch name {
        case "key": key = try reader.string()
        case "currency": currency = try reader.string()
        case "amount_minor": minor = try reader.int64()
        case "reference": reference = try reader.string()
        case "code": code = try reader.string()
        case "final": isFinal = try reader.bool()
        default: try reader.skipValue()
        }
      }
      try reader.finish()
    }
  }
}

/// Signs a message as the house expects it: `t=<seconds>,v1=<HMAC with SHA-256>`.
package func messageSignature(_ body: [UInt8], secret: [UInt8], at moment: Instant) -> String {
  let seconds = floorDivide(moment.microseconds, 1_000_000)
  return "t=\(seconds),v1="
    + hexText(HMACSHA256.code(key: secret, message: Array("\(seconds).".utf8) + body))
}
