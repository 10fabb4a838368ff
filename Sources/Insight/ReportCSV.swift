import Basics

extension Report {
  /// The report as CSV by RFC 4180: one header, the rows of all tables, the table's key first.
  ///
  /// A column that a table does not have is empty; sums are left out. Money stands twice: in minor
  /// units under its own key (`charged_minor`), and in major units for people (`charged`). At the
  /// end come rows of the table `about`, with what is asked, when it was made and what is missing.
  package var csv: String {
    var columns: [(key: String, isMajor: Bool)] = []
    for column in tables.flatMap(\.columns) where !columns.contains(where: { $0.key == column.key })
    {
      columns.append((column.key, false))
      if column.kind == .money { columns.append((column.key, true)) }
    }
    var writer = CSVWriter()
    writer.row(
      ["table"] + columns.map { $0.isMajor ? Self.majorKey($0.key) : $0.key } + ["about", "value"])
    for table in tables {
      let places = columns.map { column in
        (table.columns.firstIndex { $0.key == column.key }, column.isMajor)
      }
      for row in table.rows {
        let cells = places.map { place, isMajor in
          place.map { isMajor ? row[$0].major : row[$0].cell } ?? ""
        }
        writer.row([table.key] + cells + ["", ""])
      }
    }
    let blanks = [String](repeating: "", count: columns.count)
    for (key, value) in about {
      writer.row(["about"] + blanks + [key, ReportCell.text(value).cell])
    }
    return writer.text
  }

  /// What the report is about and what is missing from it, by names for programs.
  var about: [(key: String, value: String)] {
    [
      ("report", name), ("from", days.lowerBound.description), ("to", days.upperBound.description),
      ("period", period ?? ""), ("operator", operatorID ?? ""), ("made_at", madeAt.description),
      ("complete", isComplete ? "true" : "false"),
    ]
      + notes.map { ($0.key, $0.plain) }
  }

  private static func majorKey(_ key: String) -> String {
    key.hasSuffix("_minor") ? String(key.dropLast(6)) : key + "_major"
  }
}

extension ReportCell {
  /// The cell in a file that may be opened by a spreadsheet.
  fileprivate var cell: String {
    switch self {
    case .text, .label: CSVWriter.cell(plain)
    default: plain
    }
  }

  fileprivate var major: String {
    if case .money(let money) = self { money.majorText } else { "" }
  }
}
