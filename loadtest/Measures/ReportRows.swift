import Basics

/// Numbers of a report under their names; what could not be measured is nil.
enum ReportRows {
  /// Writes the numbers as members of a JSON object; nil is null.
  static func write(
    _ numbers: [(key: String, value: Double?)], _ counts: [(key: String, value: Int?)],
    to writer: inout JSONWriter
  ) {
    for (key, value) in numbers {
      writer.key(key)
      if let value { writer.value(value) } else { writer.null() }
    }
    for (key, value) in counts {
      writer.key(key)
      if let value { writer.value(value) } else { writer.null() }
    }
  }

  /// The numbers as lines of a table for people.
  static func lines(
    _ numbers: [(key: String, value: Double?)], _ counts: [(key: String, value: Int?)]
  ) -> [String] {
    let texts =
      numbers.map { ($0.key, $0.value.map(ReportNumber.text) ?? "not measured") }
      + counts.map { ($0.key, $0.value.map(String.init) ?? "not measured") }
    return texts.map { key, value in
      key + String(repeating: " ", count: max(1, 32 - key.count)) + value
    }
  }

  /// Bytes as MiB.
  static func mebibytes(_ bytes: Int?) -> Double? { bytes.map { Double($0) / 1_048_576 } }
}
