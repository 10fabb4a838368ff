import NIOCore
package import NIOHTTP1

/// What came of further requests while one is being answered, or of a body while it is asked whether it may come,
/// and what it takes of the count.
///
/// In as small pieces as a caller likes: to take one out moves none of the others.
package struct EdgeEarly {
  /// Most memory that a piece of a body takes beside its bytes: its place among the others, and one that is free.
  package static let bytesOfPiece = 128

  private var parts = CircularBuffer<HTTPServerRequestPart>(initialCapacity: 1)
  /// What is counted for them.
  package private(set) var bytes = 0
  /// Parts that came since the last bytes were counted.
  private var newPieces = 0
  private var hasNewHead = false

  /// Makes one of nothing.
  package init() {}

  package var isEmpty: Bool { parts.isEmpty }

  package mutating func append(_ part: HTTPServerRequestPart) {
    parts.append(part)
    switch part {
    case .body, .end(nil): newPieces += 1
    case .head, .end: hasNewHead = true
    }
  }

  /// What so many bytes have to be counted as, of which the newest parts were taken apart.
  ///
  /// A large body in few pieces takes little more than its bytes.
  package mutating func weigh(_ count: Int, weight: Int) -> Int {
    defer { (newPieces, hasNewHead) = (0, false) }
    let most = count * weight
    return hasNewHead ? most : min(most, count + newPieces * Self.bytesOfPiece)
  }

  /// Notes what is counted.
  package mutating func note(counted more: Int) { bytes += more }

  /// The next part, and what has to leave the count with it: its bytes, or its share of what there is when that is
  /// more; the last one takes all.
  package mutating func popFirst() -> (part: HTTPServerRequestPart, bytes: Int)? {
    let count = parts.count
    guard let part = parts.popFirst() else { return nil }
    var share = bytes / count
    if case .body(let body) = part { share = max(share, min(bytes, body.readableBytes)) }
    bytes -= share
    // The room goes with the last one: hardly any connection needs it again.
    if parts.isEmpty { self = EdgeEarly() }
    return (part, share)
  }
}
