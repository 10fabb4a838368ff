/// How much a version says of itself to people: where its rules are from, what it holds and what not.
struct VersionNotes: Sendable {
  /// First line of the version.
  var line = 1
  var sourceCount = 0
  var modelledCount = 0
  var notModelledCount = 0
}

extension TariffReader {
  /// Reads the words for people; they change no fare, and are checked all the same.
  func readNotes(_ fields: Fields) {
    tables.notes.line = fields.line
    for element in fields.take("sources")?.elements ?? [] {
      guard let source = Fields(element, "a source", faults) else { continue }
      for key in ["url", "seen", "says"] where source.require(key)?.text == nil {
        faults.error(
          element.line,
          "a source has \"url\" (or none), \"seen\" (when it was read) and \"says\" (what it says)")
      }
      source.finish()
      tables.notes.sourceCount += 1
    }
    tables.notes.modelledCount = sentences("modelled", fields)
    tables.notes.notModelledCount = sentences("not_modelled", fields)
    _ = sentences("assumed", fields)
    _ = sentences("notes", fields)
  }

  private func sentences(_ key: String, _ fields: Fields) -> Int {
    let elements = fields.take(key)?.elements ?? []
    for element in elements where element.text == nil {
      faults.error(element.line, "\"\(key)\" is a list of sentences")
    }
    return elements.count
  }
}

extension CompiledTariff {
  /// What the version does not say of itself and should before it is shown to a city.
  var noteDoubts: [TariffFault] {
    let notes = tables.notes
    let wanted = [
      ("sources", notes.sourceCount, "where each rule is from, and when that was read"),
      ("modelled", notes.modelledCount, "which rules of the city it holds"),
      ("not_modelled", notes.notModelledCount, "which rules of the city it leaves out"),
    ]
    return wanted.filter { $0.1 == 0 }.map { key, _, what in
      TariffFault(
        file: TariffSource.mainPath, line: notes.line,
        message: "version \"\(version)\" has no \"\(key)\"; say \(what)", isWarning: true)
    }
  }

  /// What the service does not do of the version, whatever the version says.
  package var serviceDoubts: [TariffFault] {
    guard tables.storedValue?.topUpFee != nil else { return [] }
    return [
      TariffFault(
        file: TariffSource.mainPath, line: tables.notes.line,
        message: "version \"\(version)\" has a \"top_up_fee\"; the service makes no automatic "
          + "top-ups, so nobody is charged it",
        isWarning: true)
    ]
  }
}
