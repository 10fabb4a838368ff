package import NIOCore

/// The body of a request on its way.
package struct EdgeBody {
  /// Length that the head tells; nil where it tells none.
  private let toldBytes: Int?
  /// What came by now; nil before the first of it.
  package private(set) var buffer: ByteBuffer?

  /// Makes a body of which nothing came.
  package init(toldBytes: Int?) { self.toldBytes = toldBytes }

  /// Bytes that came.
  package var count: Int { buffer?.readableBytes ?? 0 }

  /// Adds what came.
  package mutating func append(_ bytes: ByteBuffer) {
    guard buffer == nil else {
      buffer?.writeImmutableBuffer(bytes)
      return
    }
    // A piece keeps all that was read together with it, which may be thousands of times what it is counted
    // as. Only a whole body is let go of soon.
    buffer = bytes.readableBytes == toldBytes ? bytes : ByteBuffer(buffer: bytes)
  }
}
