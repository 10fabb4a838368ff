import Foundation

/// Real feeds beside the package; tests on them are passed over where they are missing.
enum SharedData {
  /// The folder of shared data: the environment names it, or it lies beside the package.
  static let folder: URL? = {
    if let named = ProcessInfo.processInfo.environment["KVYTOK_SHARED"] {
      return URL(fileURLWithPath: named).appendingPathComponent("data")
    }
    var folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    while folder.path != "/" {
      let manifest = folder.appendingPathComponent("Package.swift")
      if FileManager.default.fileExists(atPath: manifest.path) {
        return folder.deletingLastPathComponent().appendingPathComponent("shared/data")
      }
      folder = folder.deletingLastPathComponent()
    }
    return nil
  }()

  /// Whether the feeds are there.
  static let isThere: Bool = {
    guard let folder else { return false }
    return FileManager.default.fileExists(atPath: folder.appendingPathComponent("gtfs").path)
  }()

  /// The bytes of a feed.
  static func feed(_ name: String) throws -> [UInt8] {
    let folder = try require(folder)
    return [UInt8](try Data(contentsOf: folder.appendingPathComponent("gtfs/\(name).zip")))
  }

  private static func require<T>(_ value: T?) throws -> T {
    guard let value else { throw CocoaError(.fileNoSuchFile) }
    return value
  }
}
