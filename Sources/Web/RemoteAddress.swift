package import NIOCore

/// Who is on the other side, as far as an address tells people apart.
///
/// Of IPv6 the first 64 bits count: whoever has one address there has all that begin with them. An
/// IPv4 address is the same however the socket writes it.
package enum RemoteAddress: Hashable, Sendable {
  case v4(UInt32)
  case v6(prefix: UInt64)
  /// A socket of this machine, or one that was gone before it was asked.
  case unnamed

  package init(_ address: SocketAddress?) {
    guard let words = address?.words else {
      self = .unnamed
      return
    }
    self = words.count == 1 ? .v4(words[0]) : .v6(prefix: UInt64(words[0]) << 32 | UInt64(words[1]))
  }
}

extension SocketAddress {
  /// Where the address stands in the structures of the system, behind family and port, and in IPv6
  /// behind the label of a flow.
  private static let v4Offset = 4
  private static let v6Offset = 8

  /// The address in one word, or in four of IPv6; nil for a socket of this machine.
  var words: [UInt32]? {
    switch self {
    case .v4: return [word(at: Self.v4Offset)]
    case .v6:
      let words = (0..<4).map { word(at: Self.v6Offset + 4 * $0) }
      let isMapped = words[0] == 0 && words[1] == 0 && words[2] == 0xFFFF
      return isMapped ? [words[3]] : words
    case .unixDomainSocket: return nil
    }
  }

  /// Four bytes of the address as the system holds it, the first the highest.
  fileprivate func word(at offset: Int) -> UInt32 {
    withSockAddr { address, size in
      let bytes = UnsafeRawBufferPointer(start: address, count: size)
      return UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }
  }
}
