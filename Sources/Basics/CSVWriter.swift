/// Writes records of comma-separated values (RFC 4180) as UTF-8 bytes.
package struct CSVWriter: Sendable {
  /// How a record ends.
  package enum LineEnd: Sendable {
    case lf
    case crlf
  }

  /// What has been written so far.
  package private(set) var bytes: [UInt8] = []
  private let separator: UInt8
  private let lineEnd: LineEnd

  /// Starts an empty table; spreadsheets need the byte order mark to see UTF-8.
  package init(
    separator: Unicode.Scalar = ",", lineEnd: LineEnd = .lf, byteOrderMark: Bool = false
  ) {
    precondition(separator.isASCII, "a separator is one byte")
    self.separator = UInt8(separator.value)
    self.lineEnd = lineEnd
    if byteOrderMark { bytes = [0xEF, 0xBB, 0xBF] }
  }

  /// What has been written so far, as text.
  package var text: String { String(decoding: bytes, as: UTF8.self) }

  /// A text as a field of a file that may be opened by a spreadsheet: one that it would take for a formula
  /// begins with an apostrophe.
  package static func cell(_ text: String) -> String {
    guard let first = text.unicodeScalars.first, "=+-@\t\r\n".unicodeScalars.contains(first) else {
      return text
    }
    return "'" + text
  }

  /// Adds a record; a field is quoted when it would be misread without.
  package mutating func row(_ fields: some Sequence<String>) {
    let start = bytes.count
    var isFirst = true
    for field in fields {
      if !isFirst { bytes.append(separator) }
      isFirst = false
      append(field)
    }
    // A record of one empty field would look like a blank line, which readers pass over.
    if bytes.count == start, !isFirst { bytes.append(contentsOf: [34, 34]) }
    if lineEnd == .crlf { bytes.append(13) }
    bytes.append(10)
  }

  private mutating func append(_ field: String) {
    let utf8 = field.utf8
    guard let first = utf8.first, let last = utf8.last else { return }
    let isSpaced = first == 32 || first == 9 || last == 32 || last == 9
    let needsQuotes = utf8.contains { $0 == 34 || $0 == 10 || $0 == 13 || $0 == separator }
    guard needsQuotes || isSpaced else {
      bytes.append(contentsOf: utf8)
      return
    }
    bytes.append(34)
    for byte in utf8 {
      if byte == 34 { bytes.append(34) }
      bytes.append(byte)
    }
    bytes.append(34)
  }
}
