import Glibc
import NIOCore

/// Why an address cannot be listened on, and what to do.
package struct ListenFault: Error, CustomStringConvertible {
  package let description: String
  /// Whether another process listens there.
  package let isTaken: Bool

  /// Explains what the system said; nil where it is of something else.
  init?(_ error: any Error, host: String, port: Int) {
    isTaken = (error as? IOError)?.errnoCode == EADDRINUSE
    let otherHost = "Name one of this machine's with --host, or 0.0.0.0 for all of them."
    switch error {
    case is SocketAddressError.UnknownHost:
      description = "There is no address of the name \(host). \(otherHost)"
    case let error as IOError where error.errnoCode == EADDRINUSE:
      description =
        "Port \(port) of \(host) is taken by another process. Choose another with --port, or 0 for any free one."
    case let error as IOError where error.errnoCode == EADDRNOTAVAIL:
      description = "\(host) is no address of this machine. \(otherHost)"
    case let error as IOError where error.errnoCode == EACCES:
      description =
        "This user may not take port \(port) of \(host): those below 1024 are for root, or for whom systemd gives "
        + "AmbientCapabilities=CAP_NET_BIND_SERVICE. Choose another with --port."
    case let error as IOError:
      description =
        "Port \(port) of \(host) cannot be listened on: \(String(cString: strerror(error.errnoCode))). "
        + "Look at --host and --port."
    default: return nil
    }
  }
}
