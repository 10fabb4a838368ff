import Basics

/// Says that reading stopped; what and why stand in the reader.
struct JSONStop: Error {}

/// What made reading stop.
struct JSONFailure {
  var kind: TapBatchFault.Kind
  var code: String
  var message: String
}

/// A text of a JSON body: where it stands, and whether it needs work before use.
struct JSONText {
  /// Bytes between the quotation marks.
  var start: Int
  var end: Int
  /// Whether it holds no escape, so that the bytes are the text.
  var isPlain: Bool
}

/// Takes JSON tokens from bytes one after the other, strictly by RFC 8259.
///
/// Every read of a byte goes through `peek`, which looks at the bound; a byte past the end reads as
/// 0, which is allowed nowhere in JSON.
///
/// It stands on a borrowed buffer and on no `Span`: whatever holds one has to write its lifetimes down, for which Swift
/// 6.3 has an experimental feature only. ``TapBatchJSON`` lends the bytes for as long as a batch is read.
struct BatchTokens {
  private let bytes: UnsafeBufferPointer<UInt8>
  private(set) var at = 0
  private(set) var failure: JSONFailure?

  init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  /// The next byte, 0 at the end.
  @inline(__always) var peek: UInt8 { at < bytes.count ? bytes[at] : 0 }
  var isAtEnd: Bool { at >= bytes.count }

  /// Notes the first reason to stop.
  mutating func stop(
    _ code: String, _ message: String, kind: TapBatchFault.Kind = .malformed
  ) -> JSONStop {
    if failure == nil { failure = JSONFailure(kind: kind, code: code, message: message) }
    return JSONStop()
  }

  /// Something else stands here than may stand here.
  mutating func unexpected(_ expected: String) -> JSONStop {
    isAtEnd
      ? stop("cut_off", "the body ends after \(at) bytes, where \(expected) should follow")
      : stop("not_json", "at byte \(at) there should be \(expected)")
  }

  /// Goes on by one byte, which the caller has peeked at.
  @inline(__always) mutating func advance() { at += 1 }

  @inline(__always) mutating func skipSpace() {
    while at < bytes.count {
      let byte = bytes[at]
      if byte > 0x20 { return }
      guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
      at += 1
    }
  }

  /// Takes a byte that must stand here after white space.
  @inline(__always) mutating func expect(_ byte: UInt8, _ name: StaticString) throws(JSONStop) {
    skipSpace()
    guard peek == byte else { throw unexpected(name.description) }
    at += 1
  }

  /// Takes a byte if it stands here after white space.
  @inline(__always) mutating func take(_ byte: UInt8) -> Bool {
    skipSpace()
    guard peek == byte else { return false }
    at += 1
    return true
  }

  /// Takes `null` if it stands here.
  @inline(__always) mutating func takeNull() -> Bool {
    skipSpace()
    guard peek == 0x6E, at + 4 <= bytes.count else { return false }
    guard bytes[at + 1] == 0x75, bytes[at + 2] == 0x6C, bytes[at + 3] == 0x6C else { return false }
    at += 4
    return true
  }

  /// Takes a word such as `true` if it stands here.
  mutating func take(word: StaticString) -> Bool {
    skipSpace()
    guard at + word.utf8CodeUnitCount <= bytes.count else { return false }
    for index in 0..<word.utf8CodeUnitCount
    where bytes[at + index] != word.utf8Start[index] {
      return false
    }
    at += word.utf8CodeUnitCount
    return true
  }

  /// What kind of value begins here, in words.
  var valueName: String {
    switch peek {
    case 0x22: "a text"
    case 0x2D, 0x30...0x39: "a number"
    case 0x7B: "an object"
    case 0x5B: "a list"
    case 0x74, 0x66: "true or false"
    case 0x6E: "null"
    default: isAtEnd ? "the end of the body" : "no JSON value"
    }
  }

  // MARK: texts

  /// Takes a text; checks escapes, control characters and UTF-8.
  @inline(__always) mutating func text() throws(JSONStop) -> JSONText {
    try expect(0x22, "a text in quotation marks")
    let start = at
    while at + 8 <= bytes.count {
      let ends = BatchTokens.endsOfPlainText(word(at: at))
      guard ends == 0 else {
        at += ends.trailingZeroBitCount >> 3
        break
      }
      at += 8
    }
    while at < bytes.count {
      let byte = bytes[at]
      if byte == 0x22 {
        at += 1
        return JSONText(start: start, end: at - 1, isPlain: true)
      }
      guard byte >= 0x20, byte < 0x80, byte != 0x5C else { break }
      at += 1
    }
    return try longText(from: start)
  }

  /// Takes a key and the colon behind it.
  @inline(__always) mutating func key() throws(JSONStop) -> JSONText {
    let text = try text()
    try expect(0x3A, "a colon")
    return text
  }

  /// Eight bytes as a number, the first one lowest; they lie within the body.
  @inline(__always) private func word(at place: Int) -> UInt64 {
    UInt64(
      littleEndian: UnsafeRawBufferPointer(bytes).loadUnaligned(
        fromByteOffset: place, as: UInt64.self))
  }

  /// The highest bit of each byte that is a quotation mark, a backslash, a control character or past
  /// ASCII; the lowest such bit is exact (Mycroft's test for a zero byte).
  @inline(__always) private static func endsOfPlainText(_ word: UInt64) -> UInt64 {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let quote = word ^ (ones &* 0x22)
    let backslash = word ^ (ones &* 0x5C)
    let ends =
      ((quote &- ones) & ~quote) | ((backslash &- ones) & ~backslash)
      | ((word &- ones &* 0x20) & ~word) | word
    return ends & (ones &* 0x80)
  }

  /// A plain text of at most eight bytes as a number, the first letter lowest; 0 when it is longer.
  @inline(__always) func word(of text: JSONText) -> UInt64 {
    let count = text.end - text.start
    guard text.isPlain, count > 0, count <= 8 else { return 0 }
    if text.start + 8 <= bytes.count {
      return word(at: text.start) & (UInt64.max >> UInt64(64 - 8 * count))
    }
    var word: UInt64 = 0
    for index in (text.start..<text.end).reversed() { word = word << 8 | UInt64(bytes[index]) }
    return word
  }

  /// Takes the rest of a text that holds an escape or a letter past ASCII.
  private mutating func longText(from start: Int) throws(JSONStop) -> JSONText {
    var isPlain = true
    while true {
      let byte = peek
      switch byte {
      case 0x22:
        at += 1
        return JSONText(start: start, end: at - 1, isPlain: isPlain)
      case 0x5C:
        isPlain = false
        at += 1
        _ = try escape()
      case 0x20..<0x80: at += 1
      case 0x80...: try skipScalar()
      default:
        guard !isAtEnd else { throw unexpected("the end of a text") }
        throw stop(
          "control_character", "at byte \(at) stands a control character; write it as an escape")
      }
    }
  }

  /// Takes what follows a backslash, which is taken already.
  private mutating func escape() throws(JSONStop) -> Unicode.Scalar {
    let byte = peek
    at += 1
    switch byte {
    case 0x22, 0x5C, 0x2F: return Unicode.Scalar(byte)
    case 0x62: return "\u{8}"
    case 0x66: return "\u{C}"
    case 0x6E: return "\n"
    case 0x72: return "\r"
    case 0x74: return "\t"
    case 0x75: return try unicodeEscape()
    default:
      at -= 1
      throw isAtEnd
        ? unexpected("the rest of an escape")
        : stop("bad_escape", "at byte \(at) stands an escape that JSON does not know")
    }
  }

  private mutating func unicodeEscape() throws(JSONStop) -> Unicode.Scalar {
    let first = try hexadecimal()
    if let scalar = Unicode.Scalar(first) { return scalar }
    if first < 0xDC00, peek == 0x5C, at + 1 < bytes.count, bytes[at + 1] == 0x75 {
      at += 2
      let second = try hexadecimal()
      if (0xDC00...0xDFFF).contains(second),
        let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
      {
        return scalar
      }
    }
    throw stop("bad_escape", "before byte \(at) stands half of a surrogate pair")
  }

  private mutating func hexadecimal() throws(JSONStop) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let digit = hexValue(peek) else { throw unexpected("a hexadecimal digit") }
      value = value << 4 | UInt32(digit)
      at += 1
    }
    return value
  }

  /// Takes one letter past ASCII, checked by the table of well-formed UTF-8 (Unicode 3-7).
  private mutating func skipScalar() throws(JSONStop) {
    let first = peek
    let length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2
    var isGood = (0xC2...0xF4).contains(first) && at + length <= bytes.count
    if isGood {
      let second = bytes[at + 1]
      let low: UInt8 = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80
      let high: UInt8 = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF
      isGood = second >= low && second <= high
      for index in 2..<max(2, length) where bytes[at + index] & 0xC0 != 0x80 { isGood = false }
    }
    guard isGood else { throw stop("not_utf8", "at byte \(at) the body is not UTF-8") }
    at += length
  }

  /// The UTF-8 bytes of a plain text, where they stand.
  @inline(__always) func plainBytes(_ text: JSONText) -> UnsafeBufferPointer<UInt8> {
    UnsafeBufferPointer(rebasing: bytes[text.start..<text.end])
  }

  /// The text with its escapes resolved.
  func string(_ text: JSONText) -> String {
    guard !text.isPlain else { return String(decoding: plainBytes(text), as: UTF8.self) }
    var walker = self
    walker.at = text.start
    var scalars = String.UnicodeScalarView()
    var plainStart = text.start
    var result = ""
    while walker.at < text.end {
      guard walker.peek == 0x5C else {
        walker.at += 1
        continue
      }
      result += String(decoding: bytes[plainStart..<walker.at], as: UTF8.self)
      walker.at += 1
      // The escape was checked when the text was taken.
      guard let scalar = try? walker.escape() else { break }
      scalars = String.UnicodeScalarView([scalar])
      result.unicodeScalars.append(contentsOf: scalars)
      plainStart = walker.at
    }
    return result + String(decoding: bytes[plainStart..<text.end], as: UTF8.self)
  }

  /// Whether a text is a word, escapes resolved.
  @inline(__always) func equals(_ text: JSONText, _ word: StaticString) -> Bool {
    guard text.isPlain else { return string(text) == word.description }
    guard text.end - text.start == word.utf8CodeUnitCount else { return false }
    for index in 0..<word.utf8CodeUnitCount
    where bytes[text.start + index] != word.utf8Start[index] {
      return false
    }
    return true
  }
}
