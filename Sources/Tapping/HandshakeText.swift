import Basics

/// A text of named lines in a fixed order: what the two sides of a handshake sign.
struct HandshakeText {
  private var lines: ArraySlice<[UInt8]>

  /// The text of a title and its lines, each ended by a line feed.
  static func write(_ title: String, _ lines: [(name: String, value: String)]) -> [UInt8] {
    var bytes = Array(title.utf8) + [0x0A]
    for line in lines {
      bytes += Array(line.name.utf8) + [0x20] + Array(line.value.utf8) + [0x0A]
    }
    return bytes
  }

  init(_ body: [UInt8], _ title: String) throws(SessionFault) {
    guard body.count <= SessionLimits.handshakeBytesMax else {
      throw SessionFault(
        .handshakeMalformed, "a handshake has at most \(SessionLimits.handshakeBytesMax) bytes")
    }
    lines = body.split(separator: 0x0A, omittingEmptySubsequences: false).map { Array($0) }[...]
    guard lines.popFirst() == Array(title.utf8) else {
      throw SessionFault(.handshakeMalformed, "the first line must be \"\(title)\"")
    }
  }

  /// The value of the next line, which must have this name.
  mutating func value(_ name: String) throws(SessionFault) -> String {
    let head = Array(name.utf8) + [0x20]
    guard let line = lines.popFirst(), line.starts(with: head), line.count > head.count,
      let text = String(validating: line.dropFirst(head.count), as: UTF8.self)
    else { throw SessionFault(.handshakeMalformed, "a line \"\(name) …\" must stand here") }
    return text
  }

  mutating func bytes(_ name: String, _ count: Int) throws(SessionFault) -> [UInt8] {
    guard let bytes = Base64.decode(try value(name), .standard), bytes.count == count else {
      throw SessionFault(.handshakeMalformed, "\(name) must be the base64 of \(count) bytes")
    }
    return bytes
  }

  mutating func instant(_ name: String) throws(SessionFault) -> Instant {
    guard let instant = Instant(iso8601: try value(name)) else {
      throw SessionFault(
        .handshakeMalformed, "\(name) must be a time such as 2026-11-22T07:30:58Z")
    }
    return instant
  }

  mutating func number(_ name: String) throws(SessionFault) -> Int64 {
    guard let number = Int64(try value(name)) else {
      throw SessionFault(.handshakeMalformed, "\(name) must be a whole number")
    }
    return number
  }

  mutating func session(_ name: String) throws(SessionFault) -> SessionID {
    guard let session = SessionID(try value(name)) else {
      throw SessionFault(.handshakeMalformed, "\(name) must be a UUID")
    }
    return session
  }

  /// Nothing may follow, and what was read must be written the same: one text for one meaning.
  func end(_ written: [UInt8], _ body: [UInt8]) throws(SessionFault) {
    guard written == body else {
      throw SessionFault(
        .handshakeMalformed,
        "write it exactly as documented: padded base64, times in UTC with Z, no further lines")
    }
  }
}
