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
    for text in [vehicle, route, trip, stop, zone] { bytes.appendCanonical(text) }
    bytes.appendCanonical(direction.map { Int64($0) })
    bytes.appendCanonical(coordinate.map { Int64(bitPattern: ($0.latitude + 0).bitPattern) })
    bytes.appendCanonical(coordinate.map { Int64(bitPattern: ($0.longitude + 0).bitPattern) })
    guard let hash = ContentHash(bytes: SHA256Digest.hash(bytes)) else {
      preconditionFailure("a digest has more than 16 bytes")
    }
    return hash
  }
}

extension [UInt8] {
  /// Eight bytes, big endian.
  fileprivate mutating func appendCanonical(_ number: Int64) {
    Swift.withUnsafeBytes(of: number.bigEndian) { append(contentsOf: $0) }
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
