import Basics
import Transit

extension ProtobufBatchDecoder {
  mutating func instant(_ bytes: RawSpan) throws(ProtobufStop) -> Instant {
    let microseconds = Int64(bitPattern: try reader.fixed64(bytes))
    guard TapLimits.microsecondsKnown.contains(microseconds) else {
      throw reader.stop(
        "bad_time", "it must be microseconds since 1970-01-01T00:00:00Z, in years 0 to 9999")
    }
    return Instant(microseconds: microseconds)
  }

  mutating func kind(_ bytes: RawSpan) throws(ProtobufStop) -> TapKind {
    switch try reader.varint(bytes) {
    case 1: return .on
    case 2: return .off
    case 3: return .single
    default: throw reader.stop("unknown_kind", "it must be KIND_ON, KIND_OFF or KIND_SINGLE")
    }
  }

  mutating func medium(_ bytes: RawSpan) throws(ProtobufStop) -> MediumKind {
    switch try reader.varint(bytes) {
    case 1: return .card
    case 2: return .bank
    case 3: return .phone
    case 4: return .qr
    default:
      throw reader.stop(
        "unknown_medium", "it must be MEDIUM_CARD, MEDIUM_BANK, MEDIUM_PHONE or MEDIUM_QR")
    }
  }

  mutating func isDenied(_ bytes: RawSpan) throws(ProtobufStop) -> Bool {
    switch try reader.varint(bytes) {
    case 1: return false
    case 2: return true
    default: throw reader.stop("unknown_result", "it must be RESULT_ACCEPTED or RESULT_DENIED")
    }
  }

  mutating func degrees(_ bytes: RawSpan) throws(ProtobufStop) -> Double {
    let value = Double(bitPattern: try reader.fixed64(bytes))
    guard value.isFinite else { throw reader.stop("bad_number", "it must be a number of degrees") }
    return value
  }

  /// Where a token lies, whose limits are kept.
  mutating func tokenPlace(_ bytes: RawSpan) throws(ProtobufStop) -> Range<Int> {
    let place = try reader.range(bytes)
    guard (1...TapLimits.tokenBytesMax).contains(place.count) else {
      throw reader.stop(
        place.isEmpty ? "token_empty" : "token_too_long",
        "a token has 1 to \(TapLimits.tokenBytesMax) bytes", kind: .impossible)
    }
    try bytes.extracting(place).withUnsafeBytes { (token) throws(ProtobufStop) in
      guard !CardNumber.isOne(token) else { throw cardNumber() }
    }
    return place
  }

  /// Searches the token of a tap that is to be stored.
  mutating func checkToken(_ parts: ProtobufTapParts, _ bytes: RawSpan) throws(ProtobufStop) {
    let isNumber = bytes.extracting(parts.token).withUnsafeBytes {
      CardNumber.isHeld(by: $0, isOfBank: parts.medium.isOfBank)
    }
    guard isNumber else { return }
    foundInToken()
    throw cardNumber()
  }

  /// A name, with its limits kept.
  mutating func text(_ bytes: RawSpan) throws(ProtobufStop) -> String {
    let place = try textPlace(bytes)
    return bytes.extracting(place).withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
  }

  /// A name of a tap, with its limits kept; nil when taps are not made.
  mutating func keptText(_ bytes: RawSpan) throws(ProtobufStop) -> String? {
    guard !makesTaps else { return try text(bytes) }
    _ = try textPlace(bytes)
    return nil
  }

  /// Where a name lies, whose limits are kept.
  private mutating func textPlace(_ bytes: RawSpan) throws(ProtobufStop) -> Range<Int> {
    let place = try reader.range(bytes)
    guard !place.isEmpty else {
      throw reader.stop(
        "empty_text", "it must not be empty; leave the field out", kind: .impossible)
    }
    guard place.count <= TapLimits.textBytesMax else {
      throw reader.stop(
        "text_too_long", "it must have at most \(TapLimits.textBytesMax) bytes of UTF-8",
        kind: .impossible)
    }
    try bytes.extracting(place).withUnsafeBytes { (text) throws(ProtobufStop) in
      let kind = TextBytes(text)
      guard kind.isUTF8 else {
        throw reader.stop("not_utf8", "from byte \(place.lowerBound) on the text is not UTF-8")
      }
      guard !kind.holdsNUL else {
        throw reader.stop("nul_character", "it must not hold U+0000", kind: .impossible)
      }
      guard text.count < CardNumber.digitCountMin || !CardNumber.looksIssued(text) else {
        throw cardNumber()
      }
    }
    return place
  }

  private mutating func cardNumber() -> ProtobufStop {
    reader.stop(
      "card_number", "it is a bank card's number, which is never taken; send a token made from it",
      kind: .impossible)
  }
}
