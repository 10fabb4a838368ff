import Foundation

/// Real files, which are never part of the project.
enum SharedData {
  /// The folder of real data: named by the environment, else beside the package.
  static let folder: URL? = {
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

  static var isThere: Bool { folder != nil }

  static func bytes(_ path: String) throws -> [UInt8] {
    guard let folder else { return [] }
    return Array(try Data(contentsOf: folder.appendingPathComponent(path)))
  }
}
