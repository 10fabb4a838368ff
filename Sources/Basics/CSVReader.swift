#if canImport(Glibc)
  import Glibc
#endif

/// Why a record of comma-separated values could not be read; reading goes on with the next line.
package enum CSVFault: Error, Equatable, Sendable, CustomStringConvertible {
  /// A quoted field does not end within the size a field may have.
  case unclosedQuote
  /// Something other than a separator follows a closing quote.
  case textAfterQuote
  /// A field is larger than `CSVReader.fieldBytesMax`.
  case fieldTooLong
  /// The record has more than `CSVReader.columnsMax` fields.
  case tooManyColumns

  package var description: String {
    switch self {
    case .unclosedQuote: "a quoted field does not end; close the quote"
    case .textAfterQuote: "text follows a closing quote; double the quotes inside a field"
    case .fieldTooLong: "a field is larger than \(CSVReader.fieldBytesMax) bytes"
    case .tooManyColumns: "more than \(CSVReader.columnsMax) fields in a record"
    }
  }
}

/// Reads records of comma-separated values (RFC 4180) from UTF-8 bytes, one at a time.
///
/// A byte order mark, LF, CRLF and CR line ends, quoted fields with separators and line ends in
/// them, and spaces around fields are understood; blank lines are passed over. A broken record is
/// given as a `fault` and costs its first line only, so that one lost quote does not swallow a file.
package struct CSVReader {
  /// Most bytes of one field.
  package static let fieldBytesMax = 65_536
  /// Most fields of one record.
  package static let columnsMax = 1000

  private struct Field {
    var start: Int
    var end: Int
    var hasDoubledQuotes: Bool
  }

  private let storage: ByteStorage
  private let base: UnsafePointer<UInt8>
  private let byteCount: Int
  private let separator: UInt8
  private var fields: [Field] = []
  private var at = 0
  private var nextLine = 1

  /// Line on which the record begins, from 1; 0 before the first.
  package private(set) var line = 0

  /// What is wrong with the record; it then has no fields.
  package private(set) var fault: CSVFault?

  /// Starts before the first record; the separator is one ASCII character.
  package init(_ bytes: [UInt8], separator: Unicode.Scalar = ",") {
    precondition(separator.isASCII, "a separator is one byte")
    storage = ByteStorage(bytes)
    base = UnsafePointer(storage.base)
    byteCount = bytes.count
    self.separator = UInt8(separator.value)
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { at = 3 }
  }

  /// Number of fields of the record.
  package var fieldCount: Int { fields.count }

  /// Moves to the next record; false at the end.
  ///
  /// A record that is broken has a `fault`.
  package mutating func next() -> Bool {
    repeat {
      fields.removeAll(keepingCapacity: true)
      fault = nil
      guard at < byteCount else { return false }
      line = nextLine
      let start = at
      scanRecord()
      if fault != nil {
        fields.removeAll(keepingCapacity: true)
        at = start
        skipLine()
        nextLine = line + 1
        return true
      }
    } while fields.count == 1 && fields[0].start == fields[0].end
    return true
  }

  private mutating func scanRecord() {
    while fault == nil {
      if at < byteCount, separator != 32, separator != 9 { skipSpaces() }
      if at < byteCount, base[at] == 34 { scanQuoted() } else { scanPlain() }
      guard fault == nil else { return }
      if fields.count > CSVReader.columnsMax { fault = .tooManyColumns }
      guard at < byteCount else { return }
      let ending = base[at]
      at += 1
      if ending == separator { continue }
      if ending == 13, at < byteCount, base[at] == 10 { at += 1 }
      nextLine += 1
      return
    }
  }

  private mutating func scanPlain() {
    let start = at
    var end = at
    while end < byteCount {
      let byte = base[end]
      if byte == separator || byte == 10 || byte == 13 { break }
      end += 1
    }
    at = end
    while end > start, base[end - 1] == 32 || base[end - 1] == 9 { end -= 1 }
    if end - start > CSVReader.fieldBytesMax { fault = .fieldTooLong }
    fields.append(Field(start: start, end: end, hasDoubledQuotes: false))
  }

  private mutating func scanQuoted() {
    let start = at + 1
    let limit = min(byteCount, start + CSVReader.fieldBytesMax)
    var end = start
    var isDoubled = false
    while true {
      guard end < limit, let found = memchr(base + end, 34, limit - end) else {
        fault = .unclosedQuote
        return
      }
      end = UnsafeRawPointer(found) - UnsafeRawPointer(base)
      guard end + 1 < byteCount, base[end + 1] == 34 else { break }
      isDoubled = true
      end += 2
    }
    fields.append(Field(start: start, end: end, hasDoubledQuotes: isDoubled))
    countLines(from: start, to: end)
    at = end + 1
    skipSpaces()
    guard at < byteCount, base[at] != separator, base[at] != 10, base[at] != 13 else { return }
    fault = .textAfterQuote
  }

  private mutating func countLines(from start: Int, to end: Int) {
    var index = start
    while index < end {
      if base[index] == 10 || (base[index] == 13 && base[index + 1] != 10) { nextLine += 1 }
      index += 1
    }
  }

  private mutating func skipSpaces() {
    while at < byteCount, base[at] == 32 || (base[at] == 9 && separator != 9) { at += 1 }
  }

  private mutating func skipLine() {
    while at < byteCount, base[at] != 10, base[at] != 13 { at += 1 }
    if at < byteCount { at += 1 }
    if at < byteCount, base[at] == 10, base[at - 1] == 13 { at += 1 }
  }

  // MARK: - Fields

  /// Whether a field is missing or has nothing in it.
  package func isEmpty(_ column: Int?) -> Bool {
    guard let column, column < fields.count else { return true }
    return fields[column].start == fields[column].end
  }

  /// A field as text, empty when it is missing; what is not UTF-8 becomes U+FFFD.
  package func text(_ column: Int?) -> String {
    guard let column, column < fields.count else { return "" }
    guard fields[column].hasDoubledQuotes else {
      return String(decoding: unsafeBytes(column), as: UTF8.self)
    }
    var plain: [UInt8] = []
    var wasQuote = false
    for byte in unsafeBytes(column) {
      wasQuote = byte == 34 && !wasQuote
      if !wasQuote { plain.append(byte) }
    }
    return String(decoding: plain, as: UTF8.self)
  }

  /// A field as a whole number; nil when it is missing, empty or anything else.
  package func integer(_ column: Int?) -> Int? {
    guard let column, column < fields.count else { return nil }
    return parsedInteger(unsafeBytes(column))
  }

  /// A field as a decimal number with a point; nil when it is missing, empty or anything else.
  package func decimal(_ column: Int?) -> Double? {
    guard let column, column < fields.count else { return nil }
    return parsedDecimal(unsafeBytes(column))
  }

  /// The bytes of a field as they stand, doubled quotes not undone; they live as long as the reader.
  package func unsafeBytes(_ column: Int) -> UnsafeBufferPointer<UInt8> {
    guard column < fields.count else { return UnsafeBufferPointer(start: base, count: 0) }
    let field = fields[column]
    return UnsafeBufferPointer(start: base + field.start, count: field.end - field.start)
  }
}

/// Bytes at an address that does not move while someone holds on to them.
private final class ByteStorage {
  let base: UnsafeMutablePointer<UInt8>

  init(_ bytes: [UInt8]) {
    base = .allocate(capacity: max(bytes.count, 1))
    bytes.withUnsafeBufferPointer { source in
      if let start = source.baseAddress { base.initialize(from: start, count: source.count) }
    }
  }

  deinit { base.deallocate() }
}
