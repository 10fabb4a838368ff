package import Basics
import Transit

/// Marks the digest of what a tap says.
package enum TapContentKind {}
/// What a tap says, as 128 bits of SHA-256: equal exactly when two taps are equal in every field.
package typealias ContentHash = Identifier<TapContentKind>

extension Tap {
  /// The digest of all fields, the same whatever the wire format or the order of keys was.
  package var contentHash: ContentHash {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(160)
    bytes.appendCanonical(seq)
    bytes.appendCanonical(at.microseconds)
    bytes.appendCanonical(kind.rawValue)
    bytes.appendCanonical(medium.rawValue)
    bytes.appendCanonical(Int64(token.count))
    bytes += token
    bytes.appendCanonical(Int64(riders))
    switch result {
    case .accepted: bytes.append(0)
    case .denied(let reason):
      bytes.append(1)
      bytes.appendCanonical(reason)
    }
    bytes.appendCanonical(vehicle)
    bytes.appendCanonical(route)
    bytes.appendCanonical(trip)
    bytes.appendCanonical(stop)
    bytes.appendCanonical(zone)
    bytes.appendCanonical(direction.map { Int64($0) })
    bytes.appendCanonical(coordinate.map { Int64(bitPattern: ($0.latitude + 0).bitPattern) })
    bytes.appendCanonical(coordinate.map { Int64(bitPattern: ($0.longitude + 0).bitPattern) })
    return ContentHash(digest: SHA256Digest.hash(bytes))
  }
}

extension [UInt8] {
  /// Eight bytes, big endian.
  fileprivate mutating func appendCanonical(_ number: Int64) {
    for shift in stride(from: 56, through: 0, by: -8) {
      append(UInt8(truncatingIfNeeded: number >> Int64(shift)))
    }
  }

  /// A mark whether there is one, then the number.
  fileprivate mutating func appendCanonical(_ number: Int64?) {
    append(number == nil ? 0 : 1)
    if let number { appendCanonical(number) }
  }

  /// Length, then UTF-8; -1 when there is none.
  fileprivate mutating func appendCanonical(_ text: String?) {
    guard let text else { return appendCanonical(Int64(-1)) }
    appendCanonical(Int64(text.utf8.count))
    append(contentsOf: text.utf8)
  }
}

extension Identifier {
  /// The first 16 bytes of a digest, which has 32.
  init(digest: [UInt8]) {
    precondition(digest.count == SHA256Digest.byteCount, "a digest has 32 bytes")
    var high: UInt64 = 0
    var low: UInt64 = 0
    for index in 0..<8 {
      high = high << 8 | UInt64(digest[index])
      low = low << 8 | UInt64(digest[index + 8])
    }
    self.init(high: high, low: low)
  }
}
