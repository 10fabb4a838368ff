import Basics

extension TariffSource {
  /// Reads the folder: every fault with its file and line, and the tariff when there is none.
  ///
  /// What was published is read on for good: where it has what only newer programs refuse, that is a warning.
  package func load(isPublished: Bool = false) -> TariffReading {
    let path = TariffSource.mainPath
    guard let text = text(of: path) else {
      let fault = TariffFault(
        file: path, line: 1, message: "the folder \"\(folder)\" has no \(path)")
      return TariffReading(book: nil, faults: [fault])
    }
    let documents: [YAMLTree]
    do throws(TariffFault) {
      documents = try YAMLTree.documents(text, file: path)
    } catch {
      return TariffReading(book: nil, faults: [error])
    }
    let faults = FaultList(file: path, isPublished: isPublished)
    if documents.isEmpty { faults.error(1, "the file is empty; it holds at least one version") }
    var versions: [CompiledTariff] = []
    for document in documents {
      guard let version = TariffReader.read(document, source: self, faults: faults) else {
        continue
      }
      for other in versions where overlaps(version, other) {
        faults.error(
          document.line,
          "two versions are in force on \(max(version.firstDay, other.firstDay)): "
            + "\"\(other.version)\" and \"\(version.version)\"; end one before the other begins")
      }
      if versions.contains(where: { $0.version == version.version }) {
        faults.error(document.line, "two versions are called \"\(version.version)\"")
      }
      versions.append(version)
    }
    let book = faults.hasErrors ? nil : TariffBook(versions)
    return TariffReading(book: book, faults: faults.faults)
  }

  private func overlaps(_ first: CompiledTariff, _ second: CompiledTariff) -> Bool {
    first.firstDay <= second.lastDay && second.firstDay <= first.lastDay
  }
}
