import Foundation
import Tariff

/// Reads the folder of a tariff from disk.
enum TariffFolder {
  /// Most files of a folder.
  static let filesMax = 1000

  /// The folder at a path, or the folder of the file at a path.
  static func read(_ path: String) throws(CommandFault) -> TariffSource {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw CommandFault("There is no \(path). Is the path right?")
    }
    let url = URL(fileURLWithPath: path)
    guard isFolder.boolValue else {
      let file = try read(url, as: TariffSource.mainPath)
      let folder = url.standardizedFileURL.deletingLastPathComponent().lastPathComponent
      return TariffSource(folder: folder, files: [file])
    }
    var files: [TariffFile] = []
    for name in try names(in: path) where ["yaml", "csv"].contains(extensionOf(name)) {
      files.append(try read(url.appendingPathComponent(name), as: name))
    }
    return TariffSource(folder: url.standardizedFileURL.lastPathComponent, files: files)
  }

  /// The book of the tariff at a path; its faults are told when it is none.
  static func book(_ path: String) throws -> TariffBook {
    let reading = try read(path).load()
    guard let book = reading.book else {
      for fault in reading.faults { Progress.say("\(path)/\(fault)") }
      throw CommandFault(
        "\(path) has faults. `kvytok tariff check` shows them.", exitCode: CommandFault.no)
    }
    return book
  }

  private static func names(in path: String) throws(CommandFault) -> [String] {
    guard let walk = FileManager.default.enumerator(atPath: path) else {
      throw CommandFault("The folder \(path) cannot be read.")
    }
    var names: [String] = []
    while let name = walk.nextObject() as? String {
      names.append(name)
      guard names.count <= filesMax else {
        throw CommandFault("\(path) holds more than \(filesMax) files; it is no tariff's folder.")
      }
    }
    return names.sorted()
  }

  private static func extensionOf(_ name: String) -> String {
    name.split(separator: ".").last.map(String.init) ?? ""
  }

  private static func read(_ url: URL, as name: String) throws(CommandFault) -> TariffFile {
    guard let text = try? String(contentsOf: url, encoding: .utf8) else {
      throw CommandFault("\(url.path) cannot be read as UTF-8 text.")
    }
    return TariffFile(path: name, text: text)
  }
}
