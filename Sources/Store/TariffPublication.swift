package import Basics
package import Tariff

/// A tariff's folder as one text, the way `tariff_version` keeps it; and back.
package enum TariffPublication {
  /// The folder as a JSON object: its name, and the texts of its files by their paths, in order.
  package static func text(of source: TariffSource) -> String {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("folder")
    writer.value(source.folder)
    writer.key("files")
    writer.beginObject()
    for file in source.files.sorted(by: { $0.path < $1.path }) {
      writer.key(file.path)
      writer.value(file.text)
    }
    writer.endObject()
    writer.endObject()
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  /// The folder of a published text.
  package static func source(of text: String) throws(JSONFault) -> TariffSource {
    var reader = JSONReader(Array(text.utf8))
    var source = TariffSource(folder: "", files: [])
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "folder": source.folder = try reader.string()
      case "files":
        try reader.beginObject()
        while let path = try reader.nextKey() {
          source.files.append(TariffFile(path: path, text: try reader.string()))
        }
      default: try reader.skipValue()
      }
    }
    try reader.finish()
    return source
  }

  /// The book of all published versions; nil when there is none.
  ///
  /// A version holds until the one that begins after it. What newer programs refuse to publish is read on
  /// where it was published; a text that cannot be read any more is a fault: the program is another one.
  package static func book(of records: [TariffRecord]) throws(StoreFault) -> TariffBook? {
    var versions: [CompiledTariff] = []
    for record in records {
      let source: TariffSource
      do throws(JSONFault) {
        source = try TariffPublication.source(of: record.source)
      } catch {
        throw fault(record, "\(error)")
      }
      let reading = source.load(isPublished: true)
      guard let version = reading.book?.versions.first(where: { $0.version == record.version })
      else {
        throw fault(record, reading.faults.first.map { "\($0)" } ?? "the version is not in it")
      }
      versions.append(version)
    }
    return TariffBook(published: versions)
  }

  private static func fault(_ record: TariffRecord, _ why: String) -> StoreFault {
    StoreFault(
      kind: .damaged, "the published tariff \"\(record.version)\" cannot be read any more: \(why)")
  }
}
