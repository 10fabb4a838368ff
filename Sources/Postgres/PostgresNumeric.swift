/// A `numeric` in its binary form: digits to the base 10,000 (`src/backend/utils/adt/numeric.c`).
struct PostgresNumeric: Equatable {
  /// Most decimal digits of one number that this form carries here.
  static let digitsMax = 1_000

  private static let negative: UInt16 = 0x4000
  private static let notANumber: UInt16 = 0xC000
  private static let infinity: UInt16 = 0xD000
  private static let negativeInfinity: UInt16 = 0xF000

  private var sign: UInt16 = 0
  /// Power of 10,000 of the first digit.
  private var weight: Int16 = 0
  /// Decimal digits shown after the point.
  private var scale: UInt16 = 0
  private var digits: [UInt16] = []

  /// Reads `-12.50`; an error when it is anything else.
  init(_ text: String) throws(PostgresError) {
    var rest = Array(text.utf8)[...]
    let sign = rest.first
    if sign == 45 || sign == 43 { rest = rest.dropFirst() }
    let parts = rest.split(separator: 46, maxSplits: 1, omittingEmptySubsequences: false)
    let whole = parts.first ?? []
    let fraction = parts.count > 1 ? parts[1] : []
    guard !(whole + fraction).isEmpty, whole.count + fraction.count <= PostgresNumeric.digitsMax,
      (whole + fraction).allSatisfy({ (48...57).contains($0) })
    else { throw PostgresError(kind: .usage, message: "\"\(text.prefix(40))\" is no numeric") }
    scale = UInt16(fraction.count)
    // Groups of four decimal digits, counted from the point both ways.
    let headPadding = (4 - whole.count % 4) % 4
    let tailPadding = (4 - fraction.count % 4) % 4
    let decimals =
      [UInt8](repeating: 48, count: headPadding) + whole + fraction
      + [UInt8](repeating: 48, count: tailPadding)
    for start in stride(from: 0, to: decimals.count, by: 4) {
      digits.append(decimals[start..<(start + 4)].reduce(0) { $0 * 10 + UInt16($1 - 48) })
    }
    weight = Int16((whole.count + headPadding) / 4 - 1)
    while digits.first == 0 {
      digits.removeFirst()
      weight -= 1
    }
    while digits.last == 0 { digits.removeLast() }
    if digits.isEmpty { weight = 0 }
    if sign == 45, !digits.isEmpty { self.sign = PostgresNumeric.negative }
  }

  /// Reads the server's bytes; nil when they are no numeric.
  init?(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count >= 8, bytes.count == 8 + 2 * Int(bytes.bigEndian(UInt16.self, at: 0)) else {
      return nil
    }
    weight = bytes.bigEndian(Int16.self, at: 2)
    sign = bytes.bigEndian(UInt16.self, at: 4)
    scale = bytes.bigEndian(UInt16.self, at: 6)
    digits = stride(from: 8, to: bytes.count, by: 2).map { bytes.bigEndian(UInt16.self, at: $0) }
  }

  func encode(into bytes: inout [UInt8]) {
    bytes.append(bigEndian: UInt16(digits.count))
    bytes.append(bigEndian: weight)
    bytes.append(bigEndian: sign)
    bytes.append(bigEndian: scale)
    for digit in digits { bytes.append(bigEndian: digit) }
  }

  /// The number in decimal digits, with as many after the point as the server shows.
  var text: String {
    switch sign {
    case PostgresNumeric.notANumber: return "NaN"
    case PostgresNumeric.infinity: return "Infinity"
    case PostgresNumeric.negativeInfinity: return "-Infinity"
    default: break
    }
    var text = sign == PostgresNumeric.negative ? "-" : ""
    text += weight < 0 ? "0" : String(digit(0))
    for index in stride(from: 1, through: Int(weight), by: 1) { text += fourDigits(index) }
    guard scale > 0 else { return text }
    var fraction = ""
    var index = Int(weight) + 1
    while fraction.utf8.count < Int(scale) {
      fraction += fourDigits(index)
      index += 1
    }
    return text + "." + fraction.prefix(Int(scale))
  }

  private func digit(_ index: Int) -> UInt16 { digits.indices.contains(index) ? digits[index] : 0 }

  private func fourDigits(_ index: Int) -> String {
    String(String(10_000 + digit(index)).dropFirst())
  }
}
