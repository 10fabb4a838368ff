/// Why a JSON text could not be read, and where.
package struct JSONFault: Error, Equatable, Sendable {
  /// Where, as a JSON pointer (RFC 6901): `/taps/3/at`; empty for the whole text.
  package let pointer: String
  /// What is wrong and what is expected.
  package let message: String

  /// Makes a fault.
  package init(pointer: String, message: String) {
    self.pointer = pointer
    self.message = message
  }
}

/// Reads a JSON text (RFC 8259) value by value, strictly, and knows at each moment where it is.
///
/// Stricter than the RFC where leniency would hide a mistake: a key twice in one object, a text that
/// is not UTF-8, a lone surrogate and U+0000 (which PostgreSQL cannot store) are faults.
package struct JSONReader {
  /// Most objects and arrays inside one another.
  package static let depthMax = 32
  /// Most members of one object; each key is compared with all before it.
  package static let membersMax = 1000

  private let bytes: [UInt8]
  private var at = 0
  private var frames: [Frame] = []
  private var keys: [String] = []

  /// An object or array that is open.
  private struct Frame {
    let isObject: Bool
    let keysStart: Int
    var count = 0
  }

  /// Starts at the beginning of a text.
  package init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The kind of the value that comes next, by its first character; nil when there is none.
  package var next: JSONKind? {
    mutating get {
      skipSpace()
      guard at < bytes.count else { return nil }
      return JSONKind(firstByte: bytes[at])
    }
  }

  /// Where the reader is, as a JSON pointer.
  package var pointer: String {
    var text = ""
    for (index, frame) in frames.enumerated() where frame.count > 0 {
      if frame.isObject {
        let keysEnd = index + 1 < frames.count ? frames[index + 1].keysStart : keys.count
        text += "/" + JSONReader.escaped(keys[keysEnd - 1])
      } else {
        text += "/\(frame.count - 1)"
      }
    }
    return text
  }

  /// The line where the reader is, from 1.
  package var line: Int { 1 + bytes[..<at].count { $0 == 0x0A } }

  /// A fault at the place where the reader is.
  package func fault(_ message: String) -> JSONFault {
    JSONFault(pointer: pointer, message: message)
  }

  /// A fault at a member of the object that was just read.
  package func fault(at key: String, _ message: String) -> JSONFault {
    JSONFault(pointer: pointer + "/" + JSONReader.escaped(key), message: message)
  }

  private static func escaped(_ key: String) -> String {
    guard key.utf8.contains(where: { $0 == 0x7E || $0 == 0x2F }) else { return key }
    var text = ""
    for character in key {
      switch character {
      case "~": text += "~0"
      case "/": text += "~1"
      default: text.append(character)
      }
    }
    return text
  }
}

/// What a JSON value is.
package enum JSONKind: String, Sendable {
  case object, array, string, number, bool, null

  fileprivate init?(firstByte: UInt8) {
    switch firstByte {
    case 0x7B: self = .object
    case 0x5B: self = .array
    case 0x22: self = .string
    case 0x2D, 0x30...0x39: self = .number
    case 0x74, 0x66: self = .bool
    case 0x6E: self = .null
    default: return nil
    }
  }
}

// MARK: Objects and arrays

extension JSONReader {
  /// Enters an object; then ask ``nextKey()`` until it gives nil.
  package mutating func beginObject() throws(JSONFault) {
    try begin(0x7B, isObject: true, name: "an object")
  }

  /// Enters an array; then ask ``nextElement()`` until it gives false.
  package mutating func beginArray() throws(JSONFault) {
    try begin(0x5B, isObject: false, name: "an array")
  }

  private mutating func begin(
    _ opening: UInt8, isObject: Bool, name: String
  ) throws(JSONFault) {
    guard take(opening) else { throw unexpected(name) }
    guard frames.count < JSONReader.depthMax else {
      throw fault("is nested deeper than \(JSONReader.depthMax) levels")
    }
    frames.append(Frame(isObject: isObject, keysStart: keys.count))
  }

  /// The key of the next member, whose value has then to be read; nil, and the object is left, at its end.
  package mutating func nextKey() throws(JSONFault) -> String? {
    guard let depth = topFrame(isObject: true) else {
      preconditionFailure("nextKey() was asked outside an object")
    }
    if take(0x7D) {
      leave()
      return nil
    }
    if frames[depth].count > 0, !take(0x2C) { throw unexpected("a comma or a closing brace") }
    guard frames[depth].count < JSONReader.membersMax else {
      throw fault("has more than \(JSONReader.membersMax) members")
    }
    skipSpace()
    let key = try text(expecting: "a key in quotes")
    if keys[frames[depth].keysStart...].contains(key) {
      throw fault("has the key \"\(key)\" twice; leave one of them out")
    }
    keys.append(key)
    frames[depth].count += 1
    guard take(0x3A) else { throw unexpected("a colon after the key") }
    return key
  }

  /// Whether another element comes, which has then to be read; at the end the array is left.
  package mutating func nextElement() throws(JSONFault) -> Bool {
    guard let depth = topFrame(isObject: false) else {
      preconditionFailure("nextElement() was asked outside an array")
    }
    if take(0x5D) {
      leave()
      return false
    }
    if frames[depth].count > 0, !take(0x2C) { throw unexpected("a comma or a closing bracket") }
    frames[depth].count += 1
    return true
  }

  private func topFrame(isObject: Bool) -> Int? {
    guard let frame = frames.last, frame.isObject == isObject else { return nil }
    return frames.count - 1
  }

  private mutating func leave() {
    if let frame = frames.popLast() { keys.removeLast(keys.count - frame.keysStart) }
  }

  /// Reads over a value of any kind.
  package mutating func skipValue() throws(JSONFault) {
    switch next {
    case .object:
      try beginObject()
      while try nextKey() != nil { try skipValue() }
    case .array:
      try beginArray()
      while try nextElement() { try skipValue() }
    case .string: _ = try string()
    case .number: _ = try double()
    case .bool: _ = try bool()
    case .null: if !takeNull() { throw unexpected("null") }
    case nil: throw unexpected("a value")
    }
  }

  /// Checks that nothing but white space follows the value.
  package mutating func finish() throws(JSONFault) {
    skipSpace()
    guard at == bytes.count else { throw fault("is followed by more text at byte \(at)") }
  }
}

// MARK: Scalars

extension JSONReader {
  /// Takes `null` when it comes next.
  package mutating func takeNull() -> Bool { takeWord("null") }

  /// Reads true or false.
  package mutating func bool() throws(JSONFault) -> Bool {
    if takeWord("true") { return true }
    if takeWord("false") { return false }
    throw unexpected("true or false")
  }

  /// Reads a text.
  package mutating func string() throws(JSONFault) -> String {
    skipSpace()
    return try text(expecting: "a text in quotes")
  }

  /// Reads a text, or nil for null.
  package mutating func stringOrNil() throws(JSONFault) -> String? {
    takeNull() ? nil : try string()
  }

  /// Reads a whole number of 64 bits, written without fraction and exponent.
  package mutating func int64() throws(JSONFault) -> Int64 {
    let number = try number(expecting: "a whole number")
    guard number.isWhole else { throw fault("is not a whole number") }
    var value: Int64 = 0
    for digit in bytes[number.range].drop(while: { $0 == 0x2D }) {
      let (tenfold, isPast) = value.multipliedReportingOverflow(by: 10)
      let (sum, isPastToo) = tenfold.subtractingReportingOverflow(Int64(digit - 48))
      guard !isPast, !isPastToo else { throw fault("does not fit into 64 bits") }
      value = sum
    }
    if bytes[number.range.lowerBound] == 0x2D { return value }
    guard value != .min else { throw fault("does not fit into 64 bits") }
    return -value
  }

  /// Reads a finite number.
  package mutating func double() throws(JSONFault) -> Double {
    let number = try number(expecting: "a number")
    if let exact = number.exact { return exact }
    let digits = String(decoding: bytes[number.range], as: UTF8.self)
    guard let value = Double(digits), value.isFinite else {
      throw fault("is out of the range of numbers")
    }
    return value
  }

  /// Reads a finite number, or nil for null.
  package mutating func doubleOrNil() throws(JSONFault) -> Double? {
    takeNull() ? nil : try double()
  }

  /// Reads a whole number, or nil for null.
  package mutating func int64OrNil() throws(JSONFault) -> Int64? {
    takeNull() ? nil : try int64()
  }

  /// Reads a moment in ISO 8601 with an offset.
  package mutating func instant() throws(JSONFault) -> Instant {
    let text = try string()
    guard let instant = Instant(iso8601: text) else {
      throw fault("is not a time in ISO 8601 with an offset, such as 2026-11-22T07:30:58.001Z")
    }
    return instant
  }
}

// MARK: Characters

extension JSONReader {
  /// A number as it stands in the text.
  private struct Number {
    var range: Range<Int>
    var isWhole: Bool
    /// The value when 15 digits and a power of ten give it without rounding twice (Clinger 1990).
    var exact: Double?
  }

  private static let powersOfTen: [Double] = (0...15).map { exponent in
    (0..<exponent).reduce(1.0) { power, _ in power * 10 }
  }

  private mutating func number(expecting name: String) throws(JSONFault) -> Number {
    skipSpace()
    let start = at
    var mantissa: UInt64 = 0
    _ = takeByte(0x2D)
    let digitsStart = at
    var digitCount = takeDigits(into: &mantissa)
    if digitCount == 0 { throw unexpected(name) }
    if digitCount > 1, bytes[digitsStart] == 0x30 {
      throw fault("has a number with a leading zero")
    }
    var fractionCount = 0
    var isWhole = true
    if takeByte(0x2E) {
      isWhole = false
      fractionCount = takeDigits(into: &mantissa)
      if fractionCount == 0 { throw fault("has a number without digits after its point") }
      digitCount += fractionCount
    }
    let hasExponent = takeByte(0x65) || takeByte(0x45)
    if hasExponent {
      isWhole = false
      if !takeByte(0x2B) { _ = takeByte(0x2D) }
      var exponent: UInt64 = 0
      if takeDigits(into: &exponent) == 0 { throw fault("has a number without an exponent") }
    }
    var exact: Double?
    if !hasExponent, digitCount <= 15 {
      let value = Double(mantissa) / JSONReader.powersOfTen[fractionCount]
      exact = bytes[start] == 0x2D ? -value : value
    }
    return Number(range: start..<at, isWhole: isWhole, exact: exact)
  }

  private mutating func takeDigits(into value: inout UInt64) -> Int {
    let start = at
    while at < bytes.count, (0x30...0x39).contains(bytes[at]) {
      value = value &* 10 &+ UInt64(bytes[at] - 0x30)
      at += 1
    }
    return at - start
  }

  private mutating func text(expecting name: String) throws(JSONFault) -> String {
    guard takeByte(0x22) else { throw unexpected(name) }
    let start = at
    while at < bytes.count {
      let byte = bytes[at]
      if byte == 0x22 {
        defer { at += 1 }
        return try utf8(bytes[start..<at])
      }
      if byte == 0x5C { return try textWithEscapes(from: start) }
      if byte < 0x20 { throw fault("has a control character in a text; write it as \\u00XX") }
      at += 1
    }
    throw fault("ends in the middle of a text")
  }

  private mutating func textWithEscapes(from start: Int) throws(JSONFault) -> String {
    var plain = Array(bytes[start..<at])
    while at < bytes.count {
      let byte = bytes[at]
      at += 1
      switch byte {
      case 0x22: return try utf8(plain[...])
      case 0x5C: plain.append(contentsOf: try escape())
      case ..<0x20: throw fault("has a control character in a text; write it as \\u00XX")
      default: plain.append(byte)
      }
    }
    throw fault("ends in the middle of a text")
  }

  private mutating func escape() throws(JSONFault) -> [UInt8] {
    guard at < bytes.count else { throw fault("ends in the middle of a text") }
    let letter = bytes[at]
    at += 1
    switch letter {
    case 0x22, 0x5C, 0x2F: return [letter]
    case 0x62: return [0x08]
    case 0x66: return [0x0C]
    case 0x6E: return [0x0A]
    case 0x72: return [0x0D]
    case 0x74: return [0x09]
    case 0x75: return Array(String(Character(try unicodeScalar())).utf8)
    default: throw fault("has an unknown escape in a text")
    }
  }

  private mutating func unicodeScalar() throws(JSONFault) -> Unicode.Scalar {
    let first = try fourHexDigits()
    var value = first
    if (0xD800...0xDBFF).contains(first), takeByte(0x5C), takeByte(0x75) {
      let second = try fourHexDigits()
      guard (0xDC00...0xDFFF).contains(second) else {
        throw fault("has a lone surrogate in a text")
      }
      value = 0x10000 + (first - 0xD800) << 10 + (second - 0xDC00)
    }
    guard let scalar = Unicode.Scalar(value) else { throw fault("has a lone surrogate in a text") }
    guard value != 0 else { throw fault("has the character U+0000 in a text") }
    return scalar
  }

  private mutating func fourHexDigits() throws(JSONFault) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard at < bytes.count, let digit = hexValue(bytes[at]) else {
        throw fault("has a \\u escape without four hexadecimal digits")
      }
      value = value << 4 | UInt32(digit)
      at += 1
    }
    return value
  }

  private func utf8(_ slice: ArraySlice<UInt8>) throws(JSONFault) -> String {
    guard let text = String(validating: slice, as: UTF8.self) else {
      throw fault("has a text that is not UTF-8")
    }
    return text
  }

  private mutating func skipSpace() {
    while at < bytes.count {
      switch bytes[at] {
      case 0x20, 0x09, 0x0A, 0x0D: at += 1
      default: return
      }
    }
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    skipSpace()
    return takeByte(byte)
  }

  private mutating func takeByte(_ byte: UInt8) -> Bool {
    guard at < bytes.count, bytes[at] == byte else { return false }
    at += 1
    return true
  }

  private mutating func takeWord(_ word: StaticString) -> Bool {
    skipSpace()
    let count = word.utf8CodeUnitCount
    guard at + count <= bytes.count else { return false }
    for index in 0..<count where bytes[at + index] != word.utf8Start[index] { return false }
    at += count
    return true
  }

  private func unexpected(_ expected: String) -> JSONFault {
    guard at < bytes.count else { return fault("ends where \(expected) was expected") }
    if let kind = JSONKind(firstByte: bytes[at]) {
      return fault("is not \(expected) but begins as \(kind.rawValue), at byte \(at)")
    }
    return fault("is not \(expected), at byte \(at)")
  }
}
