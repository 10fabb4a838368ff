import Basics
package import Foundation

/// Real files, which are never part of the project.
package enum SharedData {
  /// The folder of real data: named by the environment, else beside the package.
  package static let folder: URL? = {
    let files = FileManager.default
    if let named = ProcessInfo.processInfo.environment["KVYTOK_SHARED"] {
      return URL(fileURLWithPath: named).appendingPathComponent("data")
    }
    var place = URL(fileURLWithPath: #filePath)
    while place.path != "/" {
      place.deleteLastPathComponent()
      let data = place.appendingPathComponent("../shared/data").standardizedFileURL
      if files.fileExists(atPath: place.appendingPathComponent("Package.swift").path) {
        return files.fileExists(atPath: data.path) ? data : nil
      }
    }
    return nil
  }()

  /// Whether there are any.
  package static var isThere: Bool { folder != nil }

  /// The bytes of a file.
  package static func bytes(_ path: String) throws -> [UInt8] {
    guard let folder else { throw CocoaError(.fileNoSuchFile) }
    return Array(try Data(contentsOf: folder.appendingPathComponent(path)))
  }

  /// The records of a table with a header, by column.
  package static func table(_ path: String) throws -> [[String: String]] {
    var reader = CSVReader(try bytes(path))
    guard let header = CSVHeader(&reader) else { return [] }
    var rows: [[String: String]] = []
    while reader.next() {
      var row: [String: String] = [:]
      for (column, name) in header.names.enumerated() { row[name] = reader.text(column) }
      rows.append(row)
    }
    return rows
  }
}
