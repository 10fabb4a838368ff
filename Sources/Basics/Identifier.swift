/// A 128-bit name of a thing, of a kind that the compiler tells apart; stored as `uuid`.
package struct Identifier<Kind>: Hashable, Sendable {
  /// The first eight bytes, big endian.
  package let high: UInt64
  /// The last eight bytes, big endian.
  package let low: UInt64

  /// Makes an identifier from its two halves.
  package init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// Makes an identifier from the first 16 bytes of a digest; nil when there are fewer.
  package init?(bytes: some Collection<UInt8>) {
    guard bytes.count >= 16 else { return nil }
    var high: UInt64 = 0
    var low: UInt64 = 0
    for (index, byte) in bytes.prefix(16).enumerated() {
      if index < 8 { high = high << 8 | UInt64(byte) } else { low = low << 8 | UInt64(byte) }
    }
    self.init(high: high, low: low)
  }

  /// Reads `8-4-4-4-12` hexadecimal digits, or 32 without dashes; nil when it is anything else.
  package init?(_ text: some StringProtocol) {
    let digits = text.utf8.filter { $0 != 45 }
    let dashes = text.utf8.enumerated().filter { $0.element == 45 }.map(\.offset)
    guard digits.count == 32, dashes.isEmpty || dashes == [8, 13, 18, 23] else { return nil }
    var halves: [UInt64] = [0, 0]
    for (index, digit) in digits.enumerated() {
      guard let value = hexValue(digit) else { return nil }
      halves[index / 16] = halves[index / 16] << 4 | UInt64(value)
    }
    self.init(high: halves[0], low: halves[1])
  }

  /// The 16 bytes.
  package var bytes: [UInt8] {
    (0..<16).map { index in
      UInt8(truncatingIfNeeded: (index < 8 ? high : low) >> UInt64(56 - index % 8 * 8))
    }
  }
}

extension Identifier: CustomStringConvertible {
  /// The identifier as PostgreSQL writes a uuid.
  package var description: String {
    let hex = hexText(bytes)
    var text = ""
    for (index, character) in hex.enumerated() {
      if [8, 12, 16, 20].contains(index) { text.append("-") }
      text.append(character)
    }
    return text
  }
}

extension Identifier: Comparable {
  package static func < (left: Identifier, right: Identifier) -> Bool {
    (left.high, left.low) < (right.high, right.low)
  }
}

/// Marks the identifier of a rider: whoever owns one or more media.
package enum RiderKind {}
/// Marks the identifier of a medium: a card, bank card, phone or QR, by a keyed digest of its token.
package enum MediumIdentityKind {}
/// Who rides: one or more media belong to a rider.
package typealias RiderID = Identifier<RiderKind>
/// What was tapped, without its token.
package typealias MediumID = Identifier<MediumIdentityKind>

/// A share of the work: workers lease lanes, so that two of them never rate the same rider.
package enum Lane {
  /// Number of lanes; a change needs a migration of every row that carries one.
  package static let count: Int16 = 16

  /// The lane of a rider.
  package static func of(_ rider: RiderID) -> Int16 { Int16(rider.low % UInt64(count)) }

  /// The lane of a device's journal, or of a vehicle's positions.
  package static func of(name: String) -> Int16 {
    Int16(stableHash(name.utf8) % UInt64(count))
  }
}

/// Bytes as small hexadecimal digits.
package func hexText(_ bytes: some Sequence<UInt8>) -> String {
  let digits = Array("0123456789abcdef".unicodeScalars)
  var text = String.UnicodeScalarView()
  for byte in bytes {
    text.append(digits[Int(byte >> 4)])
    text.append(digits[Int(byte & 15)])
  }
  return String(text)
}

/// The value of a hexadecimal digit; nil when it is none.
package func hexValue(_ digit: UInt8) -> UInt8? {
  switch digit {
  case 48...57: digit - 48
  case 65...70: digit - 55
  case 97...102: digit - 87
  default: nil
  }
}
