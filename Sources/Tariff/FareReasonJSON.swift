import Basics

extension FareReason {
  /// The reason as compact JSON, for storage.
  package var json: String {
    var text = JSONBytes(capacity: 40 + (steps.count + notApplied.count) * 80)
    text.put("{\"currency\":\"")
    text.put(word: currency.code)
    text.put("\",\"steps\":")
    Self.write(steps, to: &text)
    if !notApplied.isEmpty {
      text.put(",\"not_applied\":")
      Self.write(notApplied, to: &text)
    }
    text.put("}")
    return text.text
  }

  private static func write(_ steps: [FareStep], to text: inout JSONBytes) {
    text.put("[")
    for index in steps.indices {
      if index > 0 { text.put(",") }
      steps[index].write(to: &text)
    }
    text.put("]")
  }

  /// Reads what `json` wrote, in any order of keys and with any spaces; nil when it is not that.
  package init?(json: String) {
    guard case .object(let members) = JSONText.parse(json),
      case .string(let code) = members["currency"], let currency = Currency(code),
      let steps = FareReason.steps(members["steps"])
    else { return nil }
    var notApplied: [FareStep] = []
    if let value = members["not_applied"] {
      guard let others = FareReason.steps(value) else { return nil }
      notApplied = others
    }
    self.init(currency: currency, steps: steps, notApplied: notApplied)
  }

  private static func steps(_ value: JSONText?) -> [FareStep]? {
    guard case .array(let elements) = value else { return nil }
    var steps: [FareStep] = []
    for element in elements {
      guard case .object(let members) = element, case .string(let name) = members["code"],
        let code = FareStepCode(rawValue: name), case .string(let rule) = members["rule"]
      else { return nil }
      var step = FareStep(code, rule: rule)
      if let value = members["minor"] {
        guard case .integer(let minor) = value else { return nil }
        step.minor = minor
      }
      if let value = members["number"] {
        guard case .integer(let number) = value else { return nil }
        step.number = number
      }
      steps.append(step)
    }
    return steps
  }
}

extension FareStep {
  fileprivate func write(to text: inout JSONBytes) {
    text.put("{\"code\":\"")
    text.put(word: code.rawValue)
    text.put("\",\"rule\":\"")
    text.put(escaping: rule)
    text.put("\"")
    if let minor {
      text.put(",\"minor\":")
      text.put(word: String(minor))
    }
    if let number {
      text.put(",\"number\":")
      text.put(word: String(number))
    }
    text.put("}")
  }
}

/// JSON on its way to a text, as bytes: there is a reason for each ride, and bytes are put together faster.
private struct JSONBytes {
  private var bytes: [UInt8] = []

  init(capacity: Int) { bytes.reserveCapacity(capacity) }

  var text: String { String(decoding: bytes, as: UTF8.self) }

  mutating func put(_ punctuation: StaticString) {
    punctuation.withUTF8Buffer { bytes.append(contentsOf: $0) }
  }

  /// Puts what holds nothing that has to be escaped.
  mutating func put(word: String) { bytes.append(contentsOf: word.utf8) }

  /// Puts what stands between quotes; nearly every name is as it is.
  mutating func put(escaping name: String) {
    let start = bytes.count
    bytes.append(contentsOf: name.utf8)
    guard bytes[start...].contains(where: { $0 < 32 || $0 == 34 || $0 == 92 }) else { return }
    bytes.removeSubrange(start...)
    for byte in name.utf8 {
      switch byte {
      case 34, 92: bytes += [92, byte]
      case ..<32: bytes += Array("\\u00\(hexText([byte]))".utf8)
      default: bytes.append(byte)
      }
    }
  }
}

/// The little JSON that reasons need: objects, arrays, strings and whole numbers.
enum JSONText: Equatable {
  case object([String: JSONText])
  case array([JSONText])
  case string(String)
  case integer(Int64)
  case null

  /// Deepest nesting that is read; deeper text is refused.
  static let depthMax = 8

  static func parse(_ text: String) -> JSONText? {
    var reader = JSONTextReader(bytes: Array(text.utf8))
    guard let value = reader.value(depth: 0), reader.isAtEnd() else { return nil }
    return value
  }

  static func quoted(_ text: String) -> String {
    var quoted = JSONBytes(capacity: text.utf8.count + 2)
    quoted.put("\"")
    quoted.put(escaping: text)
    quoted.put("\"")
    return quoted.text
  }
}

private struct JSONTextReader {
  let bytes: [UInt8]
  var at = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  mutating func isAtEnd() -> Bool {
    skipSpaces()
    return at == bytes.count
  }

  private mutating func skipSpaces() {
    while at < bytes.count, bytes[at] == 32 || (9...13).contains(bytes[at]) { at += 1 }
  }

  private mutating func take(_ byte: Unicode.Scalar) -> Bool {
    skipSpaces()
    guard at < bytes.count, UInt32(bytes[at]) == byte.value else { return false }
    at += 1
    return true
  }

  mutating func value(depth: Int) -> JSONText? {
    guard depth < JSONText.depthMax else { return nil }
    if take("{") { return object(depth: depth) }
    if take("[") { return array(depth: depth) }
    if take("\"") { return string().map(JSONText.string) }
    skipSpaces()
    if bytes[at...].starts(with: Array("null".utf8)) {
      at += 4
      return .null
    }
    let start = at
    while at < bytes.count, bytes[at] == 45 || (48...57).contains(bytes[at]) { at += 1 }
    return Int64(String(decoding: bytes[start..<at], as: UTF8.self)).map(JSONText.integer)
  }

  private mutating func object(depth: Int) -> JSONText? {
    var members: [String: JSONText] = [:]
    if take("}") { return .object(members) }
    repeat {
      guard take("\""), let key = string(), take(":"), let value = value(depth: depth + 1)
      else { return nil }
      members[key] = value
    } while take(",")
    return take("}") ? .object(members) : nil
  }

  private mutating func array(depth: Int) -> JSONText? {
    var elements: [JSONText] = []
    if take("]") { return .array(elements) }
    repeat {
      guard let value = value(depth: depth + 1) else { return nil }
      elements.append(value)
    } while take(",")
    return take("]") ? .array(elements) : nil
  }

  /// The rest of a string after its opening quote.
  private mutating func string() -> String? {
    var content: [UInt8] = []
    while at < bytes.count {
      let byte = bytes[at]
      at += 1
      if byte == 34 { return String(validating: content, as: UTF8.self) }
      guard byte == 92 else {
        content.append(byte)
        continue
      }
      guard at < bytes.count else { return nil }
      let escape = bytes[at]
      at += 1
      switch escape {
      case 34, 47, 92: content.append(escape)
      case UInt8(ascii: "n"): content.append(10)
      case UInt8(ascii: "t"): content.append(9)
      case UInt8(ascii: "r"): content.append(13)
      case UInt8(ascii: "b"): content.append(8)
      case UInt8(ascii: "f"): content.append(12)
      case UInt8(ascii: "u"):
        guard let scalar = escapedScalar() else { return nil }
        content += Array(String(Character(scalar)).utf8)
      default: return nil
      }
    }
    return nil
  }

  private mutating func escapedScalar() -> Unicode.Scalar? {
    guard at + 4 <= bytes.count else { return nil }
    let digits = String(decoding: bytes[at..<(at + 4)], as: UTF8.self)
    at += 4
    return UInt32(digits, radix: 16).flatMap(Unicode.Scalar.init)
  }
}
