import Basics
import Foundation
import Tariff

/// Folders that tests read from.
enum Folders {
  /// The package: the folder above that holds Package.swift and the tariffs.
  static let package: URL = {
    var folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    while folder.path != "/" {
      let isPackage = ["Package.swift", "tariffs"].allSatisfy {
        FileManager.default.fileExists(atPath: folder.appendingPathComponent($0).path)
      }
      if isPackage { return folder }
      folder.deleteLastPathComponent()
    }
    return folder
  }()

  /// The data beside the package, which is not always there.
  static let shared: URL = {
    let named = ProcessInfo.processInfo.environment["KVYTOK_SHARED"]
    return named.map { URL(fileURLWithPath: $0) }
      ?? package.deletingLastPathComponent().appendingPathComponent("shared")
  }()

  static let hasOracles = FileManager.default.fileExists(
    atPath: shared.appendingPathComponent("oracles").path)

  /// Names of all tariffs in the package.
  static let tariffs: [String] = {
    let folder = package.appendingPathComponent("tariffs").path
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { !$0.hasPrefix(".") && !$0.contains(".") }.sorted()
  }()

  /// Names of all oracles beside the package.
  static let oracles: [String] = {
    let folder = shared.appendingPathComponent("oracles").path
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { !$0.contains(".") }.sorted()
  }()

  /// A tariff's folder as the engine takes it.
  static func source(_ name: String) throws -> TariffSource {
    let folder = package.appendingPathComponent("tariffs").appendingPathComponent(name)
    let paths = try FileManager.default.subpathsOfDirectory(atPath: folder.path).sorted()
    let files = try paths.filter { $0.hasSuffix(".yaml") }.map { path in
      TariffFile(
        path: path,
        text: try String(contentsOf: folder.appendingPathComponent(path), encoding: .utf8))
    }
    return TariffSource(folder: name, files: files)
  }

  /// A file of an oracle; nil when it has none of that name.
  static func oracle(_ name: String, _ file: String) -> [UInt8]? {
    let path = shared.appendingPathComponent("oracles/\(name)/\(file)")
    return (try? Data(contentsOf: path)).map { [UInt8]($0) }
  }
}

/// A table as rows of fields by name.
func rows(_ bytes: [UInt8]) -> [[String: String]] {
  var reader = CSVReader(bytes)
  guard let header = CSVHeader(&reader) else { return [] }
  var rows: [[String: String]] = []
  while reader.next() {
    var row: [String: String] = [:]
    for name in header.names { row[name] = reader.text(header[name]) }
    rows.append(row)
  }
  return rows
}
