/// A whole number in ASCII digits with an optional sign; nil when it is anything else or too large.
package func parsedInteger(_ bytes: UnsafeBufferPointer<UInt8>) -> Int? {
  var index = 0
  let isNegative = bytes.first == 45
  if isNegative || bytes.first == 43 { index = 1 }
  guard index < bytes.count, bytes.count - index <= 18 else { return nil }
  var value = 0
  while index < bytes.count {
    let digit = Int(bytes[index]) - 48
    guard digit >= 0, digit <= 9 else { return nil }
    value = value * 10 + digit
    index += 1
  }
  return isNegative ? -value : value
}

/// A decimal number with a point, correctly rounded; nil when it is anything else or not finite.
package func parsedDecimal(_ bytes: UnsafeBufferPointer<UInt8>) -> Double? {
  var index = 0
  let isNegative = bytes.first == 45
  if isNegative || bytes.first == 43 { index = 1 }
  var value: UInt64 = 0
  var digits = 0
  var decimals = 0
  var isPastPoint = false
  while index < bytes.count {
    let byte = bytes[index]
    index += 1
    if byte == 46 {
      guard !isPastPoint else { return nil }
      isPastPoint = true
      continue
    }
    // An exponent, or anything that is no number.
    guard byte >= 48, byte <= 57 else { return slowDecimal(bytes) }
    // 16 digits stay below 2^53 × 10 only when the value does: past 15 the slow way is exact.
    guard digits < 15 else { return slowDecimal(bytes) }
    value = value * 10 + UInt64(byte - 48)
    if value > 0 { digits += 1 }
    if isPastPoint { decimals += 1 }
  }
  let hasDigit = bytes.count > (isNegative || bytes.first == 43 ? 1 : 0) + (isPastPoint ? 1 : 0)
  guard hasDigit, decimals < powersOfTen.count else {
    return hasDigit ? slowDecimal(bytes) : nil
  }
  // Both operands are exact, so the one division rounds once and correctly.
  let size = Double(value) / powersOfTen[decimals]
  return isNegative ? -size : size
}

private let powersOfTen: [Double] = [
  1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17,
  1e18, 1e19, 1e20, 1e21, 1e22,
]

private func slowDecimal(_ bytes: UnsafeBufferPointer<UInt8>) -> Double? {
  // Double(_:) also reads "nan", "inf" and hexadecimal, which no table means.
  let isNumber = bytes.allSatisfy { byte in
    (48...57).contains(byte) || byte == 43 || byte == 45 || byte == 46 || byte == 69
      || byte == 101
  }
  guard isNumber, let value = Double(String(decoding: bytes, as: UTF8.self)), value.isFinite
  else { return nil }
  return value
}
