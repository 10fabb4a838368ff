import Basics
import Transit

/// The values of a tap while it is read.
struct TapDraft {
  var seq: Int64 = 0
  var at = Instant(microseconds: 0)
  var kind = TapKind.single
  var medium = MediumKind.card
  var token: [UInt8] = []
  var riders = 1
  var isDenied = false
  var denyReason: String?
  var vehicle: String?
  var route: String?
  var direction: Int?
  var trip: String?
  var stop: String?
  var zone: String?
  var latitude: Double?
  var longitude: Double?
}

extension TapBatchDecoder {
  func batchKey(_ name: JSONText) -> TapBatchKey? {
    let keys: [TapBatchKey] = [.device, .epoch, .sentAt, .tariffVersion, .denyListVersion, .taps]
    return keys.first { reader.equals(name, $0.name) }
  }

  /// The key of a tap; the length tells most keys apart.
  func tapKey(_ name: JSONText) -> TapBatchKey? {
    guard name.isPlain else { return tapKeyWithEscapes(name) }
    switch name.end - name.start {
    case 2: return key(name, .at)
    case 3: return key(name, .seq) ?? key(name, .latitude) ?? key(name, .longitude)
    case 4:
      return key(name, .kind) ?? key(name, .stop) ?? key(name, .trip) ?? key(name, .zone)
    case 5: return key(name, .token) ?? key(name, .route)
    case 6: return key(name, .medium) ?? key(name, .riders) ?? key(name, .result)
    case 7: return key(name, .vehicle)
    case 9: return key(name, .direction)
    case 11: return key(name, .denyReason)
    default: return nil
    }
  }

  @inline(__always) private func key(_ name: JSONText, _ key: TapBatchKey) -> TapBatchKey? {
    reader.equals(name, key.name) ? key : nil
  }

  private func tapKeyWithEscapes(_ name: JSONText) -> TapBatchKey? {
    let keys = (TapBatchKey.seq.rawValue...TapBatchKey.longitude.rawValue).lazy
      .compactMap { TapBatchKey(rawValue: $0) }
    return keys.first { reader.equals(name, $0.name) }
  }

  // MARK: values

  /// Takes a text; anything else is a fault that says what it should have been.
  @inline(__always) private mutating func text(
    _ expected: StaticString
  ) throws(JSONStop) -> JSONText {
    reader.skipSpace()
    guard reader.peek == 0x22 else { throw wrongType("a text: \(expected)") }
    return try reader.text()
  }

  mutating func integer(_ expected: StaticString) throws(JSONStop) -> Int64 {
    reader.skipSpace()
    guard reader.peek == 0x2D || reader.peek &- 0x30 <= 9 else {
      throw wrongType(expected.description)
    }
    return try reader.integer()
  }

  mutating func degrees() throws(JSONStop) -> Double? {
    guard !reader.take(word: "null") else { return nil }
    guard reader.peek == 0x2D || reader.peek &- 0x30 <= 9 else {
      throw wrongType("a number of degrees (WGS 84)")
    }
    return try reader.fraction()
  }

  mutating func instant() throws(JSONStop) -> Instant {
    let text = try text("a time in ISO 8601 with an offset, such as 2026-11-22T07:30:58.001Z")
    let instant =
      text.isPlain
      ? Instant(iso8601Bytes: reader.plainBytes(text)) : Instant(iso8601: reader.string(text))
    guard let instant else {
      throw reader.stop(
        "bad_time",
        "it must be a time in ISO 8601 with an offset, such as 2026-11-22T07:30:58.001Z")
    }
    return instant
  }

  mutating func requiredText(_ expected: StaticString) throws(JSONStop) -> String {
    try checked(try text(expected))
  }

  @inline(__always) mutating func optionalText() throws(JSONStop) -> String? {
    reader.skipSpace()
    if reader.peek == 0x6E, reader.take(word: "null") { return nil }
    return try checked(try text("a name, or null"))
  }

  /// The text, with the limits of a name kept.
  private mutating func checked(_ text: JSONText) throws(JSONStop) -> String {
    let string = reader.string(text)
    guard !string.isEmpty else {
      throw reader.stop(
        "empty_text", "it must not be empty; leave the key out or give null", kind: .impossible)
    }
    guard string.utf8.count <= TapLimits.textBytesMax else {
      throw reader.stop(
        "text_too_long", "it must have at most \(TapLimits.textBytesMax) bytes of UTF-8",
        kind: .impossible)
    }
    guard text.isPlain || !string.utf8.contains(0) else {
      throw reader.stop("nul_character", "it must not hold U+0000", kind: .impossible)
    }
    guard !CardNumber.looksIssued(string.utf8) else { throw cardNumber() }
    return string
  }

  mutating func kind() throws(JSONStop) -> TapKind {
    let text = try text("on, off or single")
    if reader.equals(text, "single") { return .single }
    if reader.equals(text, "on") { return .on }
    if reader.equals(text, "off") { return .off }
    throw reader.stop("unknown_kind", "it must be on, off or single")
  }

  mutating func medium() throws(JSONStop) -> MediumKind {
    let text = try text("card, bank, phone or qr")
    if reader.equals(text, "card") { return .card }
    if reader.equals(text, "bank") { return .bank }
    if reader.equals(text, "phone") { return .phone }
    if reader.equals(text, "qr") { return .qr }
    throw reader.stop("unknown_medium", "it must be card, bank, phone or qr")
  }

  mutating func isDenied() throws(JSONStop) -> Bool {
    if reader.take(word: "null") { return false }
    let text = try text("accepted or denied")
    if reader.equals(text, "accepted") { return false }
    if reader.equals(text, "denied") { return true }
    throw reader.stop("unknown_result", "it must be accepted or denied")
  }

  mutating func token() throws(JSONStop) -> [UInt8] {
    let text = try text("base64url of 1 to 64 bytes")
    guard text.isPlain else { return try token(utf8: Array(reader.string(text).utf8)) }
    let utf8 = reader.plainBytes(text)
    guard !CardNumber.isOne(utf8) else { throw cardNumber() }
    return try token(Base64.decode(utf8: utf8, .url))
  }

  private mutating func token(utf8 text: [UInt8]) throws(JSONStop) -> [UInt8] {
    guard !CardNumber.isOne(text) else { throw cardNumber() }
    return try token(Base64.decode(String(decoding: text, as: UTF8.self), .url))
  }

  private mutating func token(_ bytes: [UInt8]?) throws(JSONStop) -> [UInt8] {
    guard let bytes else {
      throw reader.stop("bad_base64url", "it must be base64url (A-Z a-z 0-9 - _) of whole bytes")
    }
    guard (1...TapLimits.tokenBytesMax).contains(bytes.count) else {
      throw reader.stop(
        bytes.isEmpty ? "token_empty" : "token_too_long",
        "a token has 1 to \(TapLimits.tokenBytesMax) bytes", kind: .impossible)
    }
    guard !CardNumber.isOne(bytes) else { throw cardNumber() }
    return bytes
  }

  private mutating func cardNumber() -> JSONStop {
    reader.stop(
      "card_number", "it is a bank card's number, which is never taken; send a token made from it",
      kind: .impossible)
  }
}
