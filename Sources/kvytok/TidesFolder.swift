import Foundation
import Insight

/// A folder that a package of open data is written to: beside it first, and moved into place when whole.
///
/// Whoever finds the folder finds all of it; what was begun and broken off has another name.
actor TidesFolder: TidesSink {
  private let path: String
  private let partial: String
  private var files: [String: Int32] = [:]

  /// Prepares for a path at which nothing is, or an empty folder.
  init(_ out: String) throws(CommandFault) {
    let url = URL(fileURLWithPath: out).standardizedFileURL
    path = url.path
    partial = "\(path).\(getpid()).partial"
    let manager = FileManager.default
    var isFolder: ObjCBool = false
    guard manager.fileExists(atPath: path, isDirectory: &isFolder) else { return }
    guard isFolder.boolValue, let names = try? manager.contentsOfDirectory(atPath: path),
      names.isEmpty
    else {
      throw CommandFault(
        "\(out) is there and not an empty folder; name one that is not there.",
        exitCode: CommandFault.no)
    }
  }

  func begin() throws {
    abandon()
    guard mkdir(partial, 0o777) == 0 else { throw cannotWrite(partial) }
  }

  func append(_ bytes: [UInt8], to file: String) throws {
    let place = "\(partial)/\(file)"
    let number: Int32
    if let known = files[file] {
      number = known
    } else {
      number = open(place, O_WRONLY | O_CREAT | O_EXCL, 0o666)
      guard number >= 0 else { throw cannotWrite(place) }
      files[file] = number
    }
    try bytes.withUnsafeBytes { buffer in
      var rest = buffer[...]
      while !rest.isEmpty {
        let count = write(number, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { throw cannotWrite(place) }
        rest = rest.dropFirst(count)
      }
    }
  }

  /// Moves the folder into place, with all that was written on the disk.
  func finish() throws {
    for (file, number) in files {
      guard fsync(number) == 0 else { throw cannotWrite("\(partial)/\(file)") }
      close(number)
      files[file] = nil
    }
    try keep(partial)
    // An empty folder gives way; one that somebody filled meanwhile does not.
    guard rename(partial, path) == 0 else { throw cannotWrite(path) }
    try keep((path as NSString).deletingLastPathComponent)
  }

  /// Takes away what was written so far.
  func abandon() {
    for number in files.values { close(number) }
    files = [:]
    try? FileManager.default.removeItem(atPath: partial)
  }

  /// Puts the names in a folder on the disk.
  private func keep(_ folder: String) throws {
    let number = open(folder, O_RDONLY | O_DIRECTORY)
    guard number >= 0 else { throw cannotWrite(folder) }
    defer { close(number) }
    guard fsync(number) == 0 else { throw cannotWrite(folder) }
  }

  private func cannotWrite(_ place: String) -> CommandFault {
    CommandFault("\(place) cannot be written: \(String(cString: strerror(errno)))")
  }
}
