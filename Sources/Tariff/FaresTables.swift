import Basics

/// The tables of a GTFS feed by file name, as rows of fields by column.
struct FaresTables {
  private var tables: [String: [[String: String]]] = [:]

  /// Most rows of one table that are read; fares are small.
  static let rowsMax = 500_000

  init(_ files: [(name: String, bytes: [UInt8])]) throws(TariffFault) {
    for file in files {
      var reader = CSVReader(file.bytes)
      guard let header = CSVHeader(&reader) else { continue }
      var rows: [[String: String]] = []
      while reader.next() {
        guard rows.count < FaresTables.rowsMax else {
          throw TariffFault(
            file: file.name, line: reader.line,
            message: "more than \(FaresTables.rowsMax) rows are not read")
        }
        if let fault = reader.fault {
          throw TariffFault(file: file.name, line: reader.line, message: fault.description)
        }
        var row: [String: String] = [:]
        for name in header.names { row[name] = reader.text(header[name]) }
        rows.append(row)
      }
      tables[file.name] = rows
    }
  }

  /// Rows of a file; none when the feed has no such file.
  subscript(file: String) -> [[String: String]] { tables[file] ?? [] }
}

/// Names of the files of a feed that hold fares, or that fares refer to.
package let faresFileNames = [
  "agency.txt", "areas.txt", "calendar.txt", "calendar_dates.txt", "fare_attributes.txt",
  "fare_leg_join_rules.txt", "fare_leg_rules.txt", "fare_media.txt", "fare_products.txt",
  "fare_rules.txt", "fare_transfer_rules.txt", "networks.txt", "rider_categories.txt",
  "route_networks.txt", "routes.txt", "stop_areas.txt", "stops.txt", "timeframes.txt",
]

/// A text of YAML with quotes where they are needed.
func yamlWord(_ text: String) -> String {
  let isPlain =
    !text.isEmpty
    && text.utf8.allSatisfy {
      (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || $0 == 95
        || $0 == 46
    } && !["yes", "no", "true", "false", "null", "any", "none"].contains(text)
  return isPlain ? text : JSONText.quoted(text)
}
