/// A 128-bit name of a thing, of a kind that the compiler tells apart; stored as `uuid`.
package struct Identifier<Kind>: Sendable {
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
    guard let (high, low) = readUUID(String(text)) else { return nil }
    self.init(high: high, low: low)
  }

  /// The 16 bytes.
  package var bytes: [UInt8] {
    (0..<16).map { index in
      let half = index < 8 ? high : low
      let bitsAfter = 56 - index % 8 * 8
      return UInt8(truncatingIfNeeded: half >> UInt64(bitsAfter))
    }
  }
}

extension Identifier: CustomStringConvertible {
  /// The identifier as PostgreSQL writes a uuid.
  package var description: String {
    writeUUID(high: high, low: low)
  }
}

// Millions are compared and hashed in a minute: other rooms have them inlined, so that no generic type
// is looked up for each.
extension Identifier: Hashable {
  @inlinable
  package static func == (left: Identifier, right: Identifier) -> Bool {
    left.high == right.high && left.low == right.low
  }

  @inlinable
  package func hash(into hasher: inout Hasher) {
    hasher.combine(high)
    hasher.combine(low)
  }
}

extension Identifier: Comparable {
  @inlinable
  package static func < (left: Identifier, right: Identifier) -> Bool {
    left.high != right.high ? left.high < right.high : left.low < right.low
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
    Int16(stableHash(name) % UInt64(count))
  }
}

/// Reads the text of a uuid, with its four dashes or without any.
///
/// Each request of a session brings one: it is read in one pass over its bytes.
private func readUUID(_ text: String) -> (high: UInt64, low: UInt64)? {
  var text = text
  return text.withUTF8 { bytes -> (UInt64, UInt64)? in
    let hasDashes = bytes.count == 36
    guard hasDashes || bytes.count == 32 else { return nil }
    var halves: (UInt64, UInt64) = (0, 0)
    var digitsCount = 0
    for (index, byte) in bytes.enumerated() {
      if hasDashes, index == 8 || index == 13 || index == 18 || index == 23 {
        guard byte == 0x2D else { return nil }
        continue
      }
      guard let value = hexValue(byte) else { return nil }
      if digitsCount < 16 {
        halves.0 = halves.0 << 4 | UInt64(value)
      } else {
        halves.1 = halves.1 << 4 | UInt64(value)
      }
      digitsCount += 1
    }
    return halves
  }
}

/// The text of a uuid as PostgreSQL writes it.
private func writeUUID(high: UInt64, low: UInt64) -> String {
  String(unsafeUninitializedCapacity: 36) { out in
    var place = 0
    for digit in 0..<32 {
      if digit == 8 || digit == 12 || digit == 16 || digit == 20 {
        out[place] = 0x2D
        place += 1
      }
      let half = digit < 16 ? high : low
      let value = UInt8(truncatingIfNeeded: half >> UInt64(60 - digit % 16 * 4) & 15)
      out[place] = value < 10 ? 48 + value : 87 + value
      place += 1
    }
    return place
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

/// Reads hexadecimal digits; nil when they are none.
package func hexBytes(_ text: String) -> [UInt8]? {
  let digits = text.utf8.map(hexValue)
  guard digits.count % 2 == 0, !digits.contains(nil) else { return nil }
  return stride(from: 0, to: digits.count, by: 2).map { index in
    (digits[index] ?? 0) * 16 + (digits[index + 1] ?? 0)
  }
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
