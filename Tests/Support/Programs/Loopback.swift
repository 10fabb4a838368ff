import Glibc

/// Plain sockets of this machine, for tests that count the bytes of a connection.
package enum Loopback {
  /// A connection to a port; nil where nobody takes it.
  ///
  /// Without waiting it is given while it is still being made, also where nobody ever takes it.
  package static func connect(_ port: UInt16, isWaiting: Bool = true) -> Int32? {
    let file = socket(AF_INET, streamType | (isWaiting ? 0 : O_NONBLOCK), 0)
    guard file >= 0 else { return nil }
    var place = address(port)
    let isOpen = withUnsafePointer(to: &place) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
    guard isOpen || !isWaiting else {
      close(file)
      return nil
    }
    return file
  }

  /// A socket that listens at a port that nobody had; nil where there is none.
  package static func listen(waitingMax: Int32) -> (file: Int32, port: UInt16)? {
    let file = socket(AF_INET, streamType, 0)
    guard file >= 0 else { return nil }
    var place = address(0)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isListening = withUnsafeMutablePointer(to: &place) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(file, $0, length) == 0 && Glibc.listen(file, waitingMax) == 0
          && getsockname(file, $0, &length) == 0
      }
    }
    guard isListening else {
      close(file)
      return nil
    }
    return (file, UInt16(bigEndian: place.sin_port))
  }

  /// Closed in programs that tests start meanwhile: an end of it there would keep it open.
  private static var streamType: Int32 { Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue) }

  private static func address(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return address
  }
}
