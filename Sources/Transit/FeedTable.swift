import Basics

/// One file of a feed while it is read, row by row.
struct FeedTable {
  let file: String
  let header: CSVHeader
  private(set) var reader: CSVReader
  private(set) var rowCount = 0

  /// Starts at the first row; nil, with a fault, when the file cannot be read as a table.
  ///
  /// Bytes that are not UTF-8 become U+FFFD everywhere alike, so that ids still match.
  init?(_ file: String, _ bytes: [UInt8], required: [String], _ log: inout FaultLog) {
    self.file = file
    let isWide = bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF])
    if isWide || bytes.contains(0) {
      log.add(file, nil, "not_utf8", "the file is not UTF-8 text (UTF-16?); save it as UTF-8")
      return nil
    }
    var reader = CSVReader(bytes)
    if let wrong = firstInvalidUTF8(bytes) {
      let line = 1 + bytes[..<wrong].reduce(0) { $0 + ($1 == 10 ? 1 : 0) }
      log.add(
        file, line, "not_utf8",
        "byte \(hexText([bytes[wrong]])) is not UTF-8; it is read as U+FFFD: save the file as UTF-8"
      )
      reader = CSVReader(Array(String(decoding: bytes, as: UTF8.self).utf8))
    }
    guard let header = CSVHeader(&reader) else {
      log.add(file, 1, "no_header", "the file has no header line")
      return nil
    }
    let missing = header.missing(of: required)
    guard missing.isEmpty else {
      log.add(
        file, 1, "missing_column", "no column named \(missing.joined(separator: ", "))")
      return nil
    }
    self.header = header
    self.reader = reader
  }

  /// Line on which the row begins.
  var line: Int { reader.line }

  /// Moves to the next row that can be read; false at the end.
  mutating func next(_ log: inout FaultLog) -> Bool {
    while reader.next() {
      rowCount += 1
      if let fault = reader.fault {
        log.add(file, line, "bad_record", fault.description)
        continue
      }
      if reader.fieldCount > header.names.count { checkExtraFields(&log) }
      return true
    }
    return false
  }

  /// A field that names something; nil, with a fault, when it is empty or no name.
  func requiredName(_ column: Int?, _ log: inout FaultLog) -> String? {
    guard !reader.isEmpty(column) else {
      logEmpty(column, &log)
      return nil
    }
    let name = reader.text(column)
    return isName(name, column, &log) ? name : nil
  }

  /// Whether a text can be an id, which taps, rides and the books will name; a fault when not.
  func isName(_ text: String, _ column: Int?, _ log: inout FaultLog) -> Bool {
    guard !text.isName else { return true }
    let name = column.map { header.names[$0] } ?? "a field"
    log.add(
      file, line, "bad_id",
      "\(name) \(text.quoted(bytesMax: 40)) is longer than \(String.nameBytesMax) bytes or holds control "
        + "characters; the row is left out")
    return false
  }

  /// Notes that a field is empty which must not be.
  func logEmpty(_ column: Int?, _ log: inout FaultLog) {
    let name = column.map { header.names[$0] } ?? "a field"
    log.add(file, line, "empty_field", "\(name) is empty; the row is left out")
  }

  /// A field as text; nil when it is empty.
  func optionalText(_ column: Int?) -> String? {
    reader.isEmpty(column) ? nil : reader.text(column)
  }

  /// The place of a field's text in an index; nil when it is not there.
  func find(_ column: Int, in index: IDIndex) -> Int? {
    // Doubled quotes in an id are undone by text() only.
    index.find(reader.unsafeBytes(column)) ?? index.find(reader.text(column))
  }

  /// Seconds of a service day from `h:mm:ss`, past 24 hours too; nil when it is anything else.
  func clockSeconds(_ column: Int?) -> Int32? {
    guard let column else { return nil }
    let bytes = reader.unsafeBytes(column)
    guard bytes.count >= 7, bytes.count <= 9 else { return nil }
    let split = bytes.count - 6
    guard bytes[split] == 58, bytes[split + 3] == 58 else { return nil }
    var hours: Int32 = 0
    for index in 0..<split {
      let digit = Int32(bytes[index]) - 48
      guard digit >= 0, digit <= 9 else { return nil }
      hours = hours * 10 + digit
    }
    let minutes = FeedTable.pair(bytes, split + 1)
    let seconds = FeedTable.pair(bytes, split + 4)
    guard minutes >= 0, minutes < 60, seconds >= 0, seconds < 60 else { return nil }
    return hours * 3600 + minutes * 60 + seconds
  }

  private static func pair(_ bytes: UnsafeBufferPointer<UInt8>, _ at: Int) -> Int32 {
    let tens = Int32(bytes[at]) - 48
    let ones = Int32(bytes[at + 1]) - 48
    return tens < 0 || tens > 9 || ones < 0 || ones > 9 ? -1 : tens * 10 + ones
  }

  private func checkExtraFields(_ log: inout FaultLog) {
    let extra = header.names.count..<reader.fieldCount
    guard extra.contains(where: { !reader.isEmpty($0) }) else { return }
    log.add(
      file, line, "extra_fields",
      "\(reader.fieldCount) fields where the header names \(header.names.count); "
        + "quote fields that hold a comma")
  }
}

/// The place of the first byte that is not part of well-formed UTF-8 (Unicode 15, table 3-7).
func firstInvalidUTF8(_ bytes: [UInt8]) -> Int? {
  bytes.withUnsafeBytes { raw in
    var at = 0
    while at < raw.count {
      if at + 8 <= raw.count,
        raw.loadUnaligned(fromByteOffset: at, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
      {
        at += 8
        continue
      }
      let lead = raw[at]
      if lead < 0x80 {
        at += 1
        continue
      }
      let tail = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1
      guard lead >= 0xC2, lead <= 0xF4, at + tail < raw.count else { return at }
      let second = raw[at + 1]
      let low: UInt8 = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80
      let high: UInt8 = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF
      guard second >= low, second <= high else { return at }
      for offset in 2..<max(tail + 1, 2) where raw[at + offset] & 0xC0 != 0x80 { return at }
      at += tail + 1
    }
    return nil
  }
}
