import Foundation

/// A file that a command writes where there is none.
///
/// Its place is taken before anything is done of which the file tells: then it can be written, and nobody else
/// writes there meanwhile.
struct NewFile {
  let path: String
  private let handle: FileHandle

  /// Takes a place; what is there already is left as it is.
  init(at path: String) throws(CommandFault) {
    let number = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard number >= 0 else {
      let cause = errno
      guard cause != EEXIST else {
        throw CommandFault(
          "\(path) is there already, and is not replaced. Name another file.",
          exitCode: CommandFault.no)
      }
      let why =
        cause == EACCES
        ? OwnerWords.refusal(path, verb: "written") : String(cString: strerror(cause))
      throw CommandFault("\(path) cannot be written: \(why). Nothing was done.")
    }
    self.path = path
    handle = FileHandle(fileDescriptor: number, closeOnDealloc: true)
  }

  /// Writes all of it to the disk; why that did not work, nil when it did.
  ///
  /// Half a file is taken away.
  func fill(_ text: String) -> String? {
    do {
      try handle.write(contentsOf: Data(text.utf8))
      try handle.synchronize()
      try handle.close()
      return nil
    } catch {
      abandon()
      return "\(path) cannot be written: \(error.localizedDescription)"
    }
  }

  /// Gives the place back where there is nothing to write.
  func abandon() {
    try? handle.close()
    unlink(path)
  }
}
