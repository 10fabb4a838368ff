/// A number of a JSON body before it is given a type.
struct JSONNumber {
  var start: Int
  var end: Int
  /// All digits as one whole number; only right when `digitCount` is at most 19.
  var mantissa: UInt64
  var digitCount: Int
  /// Digits after the point.
  var fractionDigits: Int
  var isNegative: Bool
  var hasExponent: Bool
}

extension BatchTokens {
  /// Takes a number by the grammar of RFC 8259.
  @inline(__always) mutating func number() throws(JSONStop) -> JSONNumber {
    skipSpace()
    var number = JSONNumber(
      start: at, end: at, mantissa: 0, digitCount: 0, fractionDigits: 0, isNegative: peek == 0x2D,
      hasExponent: false)
    if number.isNegative { advance() }
    let firstDigit = peek
    try digits(into: &number)
    if firstDigit == 0x30, number.digitCount > 1 {
      throw stop("bad_number", "before byte \(at) a number begins with a needless zero")
    }
    if peek == 0x2E {
      advance()
      let before = number.digitCount
      try digits(into: &number)
      number.fractionDigits = number.digitCount - before
    }
    if peek == 0x65 || peek == 0x45 { try exponent(into: &number) }
    number.end = at
    return number
  }

  @inline(__always) private mutating func digits(into number: inout JSONNumber) throws(JSONStop) {
    let before = number.digitCount
    while true {
      let digit = peek &- 0x30
      guard digit <= 9 else { break }
      number.mantissa = number.mantissa &* 10 &+ UInt64(digit)
      number.digitCount += 1
      advance()
    }
    guard number.digitCount > before else { throw unexpected("a digit") }
  }

  private mutating func exponent(into number: inout JSONNumber) throws(JSONStop) {
    number.hasExponent = true
    advance()
    if peek == 0x2B || peek == 0x2D { advance() }
    guard (0x30...0x39).contains(peek) else { throw unexpected("a digit of an exponent") }
    while (0x30...0x39).contains(peek) { advance() }
  }

  /// Takes a whole number that fits into 64 bits; `1.0` and `1e3` are not whole numbers here.
  @inline(__always) mutating func integer() throws(JSONStop) -> Int64 {
    let number = try number()
    guard number.fractionDigits == 0, !number.hasExponent else {
      throw stop("not_whole", "it must be a whole number, without a point or an exponent")
    }
    // 19 digits always fit into 64 bits without a sign.
    guard number.digitCount <= 19, number.mantissa <= UInt64(Int64.max) else {
      throw stop("number_too_large", "it must fit into 64 bits")
    }
    return number.isNegative ? -Int64(number.mantissa) : Int64(number.mantissa)
  }

  /// Takes a number with a fraction.
  ///
  /// Up to 15 digits are exact by one division (Clinger 1990); anything longer goes through the
  /// standard library, which rounds correctly.
  mutating func fraction() throws(JSONStop) -> Double {
    let number = try number()
    if number.digitCount <= 15, !number.hasExponent {
      var power = 1.0
      for _ in 0..<number.fractionDigits { power *= 10 }
      let value = Double(number.mantissa) / power
      return number.isNegative ? -value : value
    }
    guard number.end - number.start <= BatchTokens.fractionBytesMax else {
      throw stop("number_too_long", "it must have at most \(BatchTokens.fractionBytesMax) digits")
    }
    let text = JSONText(start: number.start, end: number.end, isPlain: true)
    guard let value = Double(string(text)), value.isFinite else {
      throw stop("number_too_large", "it must be a number that can be represented")
    }
    return value
  }

  /// Most characters of a number with a fraction.
  static let fractionBytesMax = 64

  /// Takes a text that is not known, key or value; a card number in it is refused.
  mutating func skipText() throws(JSONStop) { try refuseCardNumber(in: try text()) }

  /// Stops at a text, taken already, in which a card number stands.
  mutating func refuseCardNumber(in text: JSONText) throws(JSONStop) {
    guard text.end - text.start >= CardNumber.digitCountMin else { return }
    if text.isPlain {
      guard !CardNumber.isHidden(in: UnsafeRawBufferPointer(plainBytes(text))) else {
        throw hiddenCardNumber()
      }
    } else {
      let bytes = Array(string(text).utf8)
      guard !bytes.withUnsafeBytes({ CardNumber.isHidden(in: $0) }) else {
        throw hiddenCardNumber()
      }
    }
  }

  /// Takes a number that is not known; one that is a card's is refused.
  private mutating func skipNumber() throws(JSONStop) {
    let number = try number()
    guard number.digitCount - number.fractionDigits >= CardNumber.digitCountMin else { return }
    // What stands behind the point is no number of its own.
    let digits = plainBytes(JSONText(start: number.start, end: number.end, isPlain: true))
    let whole = digits.prefix { $0 == 0x2D || $0 &- 0x30 <= 9 }
    guard !CardNumber.isHidden(in: UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: whole)))
    else { throw hiddenCardNumber() }
  }

  private mutating func hiddenCardNumber() -> JSONStop {
    stop(
      "card_number",
      "before byte \(at), under a key that is not known, stands a bank card's"
        + " number, which is never taken", kind: .impossible)
  }

  /// Takes any value and forgets it, still strictly checked.
  mutating func skipValue(depth: Int = 0) throws(JSONStop) {
    skipSpace()
    switch peek {
    case 0x22: try skipText()
    case 0x2D, 0x30...0x39: try skipNumber()
    case 0x7B, 0x5B:
      guard depth < TapLimits.depthMax else {
        throw stop(
          "too_deep", "at byte \(at) more than \(TapLimits.depthMax) lists and objects are nested")
      }
      try skipNested(depth: depth + 1)
    default:
      guard take(word: "true") || take(word: "false") || take(word: "null") else {
        throw unexpected("a JSON value")
      }
    }
  }

  private mutating func skipNested(depth: Int) throws(JSONStop) {
    let isObject = peek == 0x7B
    let close: UInt8 = isObject ? 0x7D : 0x5D
    advance()
    guard !take(close) else { return }
    repeat {
      if isObject {
        try skipText()
        try expect(0x3A, "a colon")
      }
      try skipValue(depth: depth)
    } while take(0x2C)
    guard take(close) else { throw unexpected(isObject ? "a comma or }" : "a comma or ]") }
  }
}
