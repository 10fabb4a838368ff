import Basics
import Transit

/// Values of a tap that only make sense together, while it is read.
struct TapParts {
  var isDenied = false
  var denyReason: String?
  var latitude: Double?
  var longitude: Double?
}

extension TapBatchDecoder {
  func batchKey(_ name: JSONText) -> TapBatchKey? {
    let keys: [TapBatchKey] = [.device, .epoch, .sentAt, .tariffVersion, .denyListVersion, .taps]
    return keys.first { reader.equals(name, $0.name) }
  }

  /// The key of a tap; up to eight letters are compared as one number, the first letter lowest.
  @inline(__always) func tapKey(_ name: JSONText) -> TapBatchKey? {
    switch reader.word(of: name) {
    case 0x71_6573: return .seq
    case 0x7461: return .at
    case 0x646E_696B: return .kind
    case 0x6D75_6964_656D: return .medium
    case 0x6E_656B_6F74: return .token
    case 0x7372_6564_6972: return .riders
    case 0x746C_7573_6572: return .result
    case 0x65_6C63_6968_6576: return .vehicle
    case 0x65_7475_6F72: return .route
    case 0x7069_7274: return .trip
    case 0x706F_7473: return .stop
    case 0x656E_6F7A: return .zone
    case 0x74_616C: return .latitude
    case 0x6E_6F6C: return .longitude
    default: return longTapKey(name)
    }
  }

  private func longTapKey(_ name: JSONText) -> TapBatchKey? {
    if reader.equals(name, TapBatchKey.direction.name) { return .direction }
    if reader.equals(name, TapBatchKey.denyReason.name) { return .denyReason }
    return name.isPlain ? nil : tapKeyWithEscapes(name)
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
    guard !reader.takeNull() else { return nil }
    guard reader.peek == 0x2D || reader.peek &- 0x30 <= 9 else {
      throw wrongType("a number of degrees (WGS 84)")
    }
    return try reader.fraction()
  }

  mutating func instant() throws(JSONStop) -> Instant {
    let text = try text("a time in ISO 8601 with an offset, such as 2026-11-22T07:30:58.001Z")
    let instant =
      text.isPlain
      ? times.instant(reader.plainBytes(text)) : Instant(iso8601: reader.string(text))
    guard let instant, TapLimits.microsecondsKnown.contains(instant.microseconds) else {
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
    if reader.takeNull() { return nil }
    return try checked(try text("a name, or null"))
  }

  /// The text, with the limits of a name kept.
  private mutating func checked(_ text: JSONText) throws(JSONStop) -> String {
    let string = reader.string(text)
    // The bytes of a plain text are the text's own; one with escapes is looked at when resolved.
    let count = text.isPlain ? text.end - text.start : string.utf8.count
    guard count > 0 else {
      throw reader.stop(
        "empty_text", "it must not be empty; leave the key out or give null", kind: .impossible)
    }
    guard count <= TapLimits.textBytesMax else {
      throw reader.stop(
        "text_too_long", "it must have at most \(TapLimits.textBytesMax) bytes of UTF-8",
        kind: .impossible)
    }
    guard text.isPlain || !string.utf8.contains(0) else {
      throw reader.stop("nul_character", "it must not hold U+0000", kind: .impossible)
    }
    guard count < CardNumber.digitCountMin || !CardNumber.looksIssued(string.utf8) else {
      throw cardNumber()
    }
    return string
  }

  mutating func kind() throws(JSONStop) -> TapKind {
    let text = try text("on, off or single")
    switch reader.word(of: text) {
    case 0x656C_676E_6973: return .single
    case 0x6E6F: return .on
    case 0x66_666F: return .off
    default: break
    }
    guard !text.isPlain, let kind = TapKind(rawValue: reader.string(text)) else {
      throw reader.stop("unknown_kind", "it must be on, off or single")
    }
    return kind
  }

  mutating func medium() throws(JSONStop) -> MediumKind {
    let text = try text("card, bank, phone or qr")
    switch reader.word(of: text) {
    case 0x6472_6163: return .card
    case 0x6B6E_6162: return .bank
    case 0x65_6E6F_6870: return .phone
    case 0x7271: return .qr
    default: break
    }
    guard !text.isPlain, let medium = MediumKind(rawValue: reader.string(text)) else {
      throw reader.stop("unknown_medium", "it must be card, bank, phone or qr")
    }
    return medium
  }

  mutating func isDenied() throws(JSONStop) -> Bool {
    if reader.takeNull() { return false }
    let text = try text("accepted or denied")
    if reader.word(of: text) == 0x6465_7470_6563_6361 { return false }
    if reader.equals(text, "denied") { return true }
    guard reader.equals(text, "accepted") else {
      throw reader.stop("unknown_result", "it must be accepted or denied")
    }
    return false
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
