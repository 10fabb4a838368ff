import Postgres

// Words of a column as the cases that they stand for.

extension PostgresRowCursor {
  /// One of a closed list of words, as a table constraint keeps it.
  mutating func word<Word: RawRepresentable<String>>(_ column: String) throws -> Word {
    let text = try text()
    guard let word = Word(rawValue: text) else {
      throw StoreFault.unknownWord(text, column: column)
    }
    return word
  }
}

extension PostgresRow {
  /// One of a closed list of words, as a table constraint keeps it.
  func word<Word: RawRepresentable<String>>(_ column: String) throws -> Word {
    let text = try text(column)
    guard let word = Word(rawValue: text) else {
      throw StoreFault.unknownWord(text, column: column)
    }
    return word
  }
}

extension StoreFault {
  /// A column holds a word that this program does not know: it is older than the database.
  static func unknownWord(_ word: String, column: String) -> StoreFault {
    StoreFault(
      kind: .damaged,
      "column \(column) holds \"\(word)\", which this program does not know: is it older than the database?"
    )
  }
}
