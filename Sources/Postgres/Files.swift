import Glibc

// The little of the file system that the private cluster needs. All of it may block.

/// Names in a folder but `.` and `..`; none when it cannot be read.
func namesInFolder(_ folder: String) -> [String] {
  guard let stream = opendir(folder) else { return [] }
  defer { closedir(stream) }
  var names: [String] = []
  while let entry = readdir(stream) {
    let name = withUnsafePointer(to: &entry.pointee.d_name) {
      $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
    }
    if name != "." && name != ".." { names.append(name) }
  }
  return names
}

/// The text of a file up to a length, of its beginning or its end; nil when it cannot be read.
func textOfFile(_ path: String, bytesMax: Int = 65_536, isOfEnd: Bool = false) -> String? {
  let file = open(path, O_RDONLY | O_CLOEXEC)
  guard file >= 0 else { return nil }
  defer { close(file) }
  // A file that is shorter is read from its beginning.
  if isOfEnd { lseek(file, -off_t(bytesMax), SEEK_END) }
  var bytes = [UInt8](repeating: 0, count: bytesMax)
  var count = 0
  while count < bytesMax {
    let got = bytes.withUnsafeMutableBytes { raw in
      read(file, raw.baseAddress?.advanced(by: count), bytesMax - count)
    }
    guard got > 0 else { break }
    count += got
  }
  return String(decoding: bytes[..<count], as: UTF8.self)
}

/// The last lines of a text in one line.
func tail(_ text: String, lines: Int) -> String {
  text.split(separator: "\n").suffix(lines).joined(separator: " | ")
}

/// What the system knows about a path itself, not about what a link points to.
func pathStatus(_ path: String) -> stat? {
  var status = stat()
  return lstat(path, &status) == 0 ? status : nil
}

/// Removes a folder and all in it; links are removed, not followed.
func removeFolder(_ path: String) {
  guard let status = pathStatus(path) else { return }
  guard status.st_mode & S_IFMT == S_IFDIR else {
    unlink(path)
    return
  }
  for name in namesInFolder(path) { removeFolder(path + "/" + name) }
  rmdir(path)
}

/// The words of the system for the present error.
func systemMessage() -> String { String(cString: strerror(errno)) }
