package import Basics

extension ReportCell {
  /// The cell as people read it; a moment by the clock of a zone, to the second.
  package func text(in language: Language, zone: TimeZoneTable = .utc) -> String {
    switch self {
    case .none: "–"
    case .text(let text): text
    case .label(_, let words): words[language]
    case .count(let count): String(count)
    case .money(let money): money.majorText
    case .date(let day): day.description
    case .moment(let moment): Self.wallTime(moment, zone)
    }
  }

  private static func wallTime(_ moment: Instant, _ zone: TimeZoneTable) -> String {
    let local = zone.local(moment)
    return "\(local.day) \(clockText(seconds: local.secondOfDay))"
  }

  /// The cell as programs read it: money in minor units, nothing as an empty text.
  package var plain: String {
    switch self {
    case .none: ""
    case .text(let text): text
    case .label(let word, _): word
    case .count(let count): String(count)
    case .money(let money): String(money.minor)
    case .date(let day): day.description
    case .moment(let moment): moment.description
    }
  }
}

extension ReportNote {
  /// The note as people read it.
  package func text(in language: Language) -> String {
    "\(text[language]): \(words(in: language) ?? String(count))"
  }
}

extension Report {
  /// What the report is about, in words.
  package func heading(in language: Language) -> String {
    let dates =
      days.lowerBound == days.upperBound
      ? "\(days.lowerBound)" : "\(days.lowerBound) – \(days.upperBound)"
    let books = Bilingual(uk: "за книгами", en: "by the books")[language]
    return "\(title[language]), "
      + (period.map { "\(books) \($0)" } ?? dates) + (operatorID.map { " (\($0))" } ?? "")
  }

  /// The report as text in columns, for a terminal.
  package func text(in language: Language, zone: TimeZoneTable = .utc) -> String {
    var lines = [heading(in: language)]
    for table in tables {
      lines += ["", table.title[language]] + table.lines(in: language, zone: zone)
    }
    lines.append("")
    lines += notes.map { $0.text(in: language) }
    let made = Bilingual(uk: "Складено", en: "Made at")[language]
    lines.append("\(made): \(zone.iso8601(Instant(seconds: madeAt.seconds)))")
    return lines.joined(separator: "\n") + "\n"
  }

  /// The report as JSON: rows are objects by the keys of the columns, money is in minor units.
  package var json: [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("report", name)
    writer.member("from", days.lowerBound.description)
    writer.member("to", days.upperBound.description)
    if let period { writer.member("period", period) }
    writer.key("operator")
    if let operatorID { writer.value(operatorID) } else { writer.null() }
    writer.member("made_at", madeAt.description)
    writer.member("complete", isComplete)
    for table in tables {
      writer.key(table.key)
      writer.rows(table.rows, of: table)
    }
    writer.key("totals")
    if let first = tables.first {
      writer.rows(first.totals, of: first)
    } else {
      writer.beginArray()
      writer.endArray()
    }
    writer.key("completeness")
    writer.beginObject()
    for note in notes {
      writer.key(note.key)
      if let names = note.names {
        writer.beginArray()
        for name in names { writer.value(name) }
        writer.endArray()
      } else if note.form == .truth {
        writer.value(note.count > 0)
      } else {
        writer.value(note.count)
      }
    }
    writer.endObject()
    writer.endObject()
    return writer.bytes
  }
}

extension ReportTable {
  /// Header, rows and sums with columns of equal width; numbers stand to the right.
  ///
  /// A table without rows says so: a bare header could be a page that was cut off.
  func lines(in language: Language, zone: TimeZoneTable) -> [String] {
    guard !rows.isEmpty else { return [Bilingual(uk: "Нічого.", en: "Nothing.")[language]] }
    let header = columns.map { $0.header[language] }
    let body = (rows + totals).map { row in row.map { $0.text(in: language, zone: zone) } }
    let widths = columns.indices.map { column in
      ([header] + body).map { $0[column].count }.max() ?? 0
    }
    func line(_ cells: [String]) -> String {
      let padded = cells.enumerated().map { column, cell in
        let space = String(repeating: " ", count: widths[column] - cell.count)
        return columns[column].kind.isNumber ? space + cell : cell + space
      }
      let line = padded.joined(separator: "  ")
      return String(line.reversed().drop { $0 == " " }.reversed())
    }
    let rule = widths.map { String(repeating: "─", count: $0) }.joined(separator: "──")
    return [line(header), rule] + body.prefix(rows.count).map(line)
      + (totals.isEmpty ? [] : [rule]) + body.suffix(totals.count).map(line)
  }
}

extension JSONWriter {
  fileprivate mutating func rows(_ rows: [[ReportCell]], of table: ReportTable) {
    beginArray()
    for row in rows {
      beginObject()
      for (column, cell) in zip(table.columns, row) {
        key(column.key)
        switch cell {
        case .none: null()
        case .text(let text): value(text)
        case .label(let word, _): value(word)
        case .count(let count): value(count)
        case .money(let money): value(money.minor)
        case .date(let day): value(day.description)
        case .moment(let moment): value(moment.description)
        }
      }
      endObject()
    }
    endArray()
  }
}
