import HTTPTypes
import NIOHTTP1

/// The field Host of a request, of which HTTP/1.1 demands exactly one (RFC 9112, 3.2).
///
/// Two services that read different ones out of the same head are the beginning of smuggled requests,
/// so nothing that follows on such a connection is read.
enum HostField {
  private static let name = "host"

  /// What is wrong with it; nil when it is as it should be.
  static func fault(of head: HTTPRequestHead) -> Problem? {
    var count = 0
    var isGood = true
    for (name, value) in head.headers where isHost(name) {
      count += 1
      isGood = isHostAndPort(value)
    }
    guard count == 1 || count == 0 && head.isBeforeHTTP11 else {
      return Problem(
        .badRequest, "host_field",
        count == 0
          ? "The field Host is missing; send the name of the service as its address has it (RFC 9112, 3.2)."
          : "The field Host stands \(count) times in the head; send it once.")
    }
    guard isGood else {
      return Problem(
        .badRequest, "host_field",
        "The field Host is no name of a host; send that of the service, with its port where it has one."
      )
    }
    return nil
  }

  private static func isHost(_ name: String) -> Bool {
    name.utf8.count == self.name.utf8.count && name.lowercased() == self.name
  }

  /// White space around a value is none of it.
  private static func isHostAndPort(_ value: String) -> Bool {
    var bytes = Substring(value).utf8
    while let last = bytes.last, last == UInt8(ascii: " ") || last == UInt8(ascii: "\t") {
      bytes.removeLast()
    }
    return bytes.allSatisfy(isHostByte)
  }

  /// Bytes of RFC 3986's host and port.
  private static func isHostByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
      UInt8(ascii: "_"),
      UInt8(ascii: "~"), UInt8(ascii: "%"), UInt8(ascii: "!"), UInt8(ascii: "$"),
      UInt8(ascii: "&")...UInt8(ascii: ","), UInt8(ascii: ":"), UInt8(ascii: ";"),
      UInt8(ascii: "="), UInt8(ascii: "["), UInt8(ascii: "]"):
      true
    default: false
    }
  }
}

extension HTTPRequestHead {
  /// Whether it is of HTTP/1.0.
  var isBeforeHTTP11: Bool { (version.major, version.minor) < (1, 1) }
}
