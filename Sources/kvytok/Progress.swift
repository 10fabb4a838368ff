import Foundation

/// What a command says about its work, on standard error: results alone go to standard output.
struct Progress: Sendable {
  private let title: String
  private let isTerminal = isatty(FileHandle.standardError.fileDescriptor) == 1

  /// Begins a piece of work.
  init(_ title: String) {
    self.title = title
    if !isTerminal { Progress.say("\(title)…") }
  }

  /// Shows the share that is done, from 0 to 1: a bar on a terminal, nothing elsewhere.
  func show(_ share: Double) {
    guard isTerminal else { return }
    let width = 30
    let done = Int((min(max(share, 0), 1) * Double(width)).rounded())
    let bar =
      String(repeating: "#", count: done) + String(repeating: "·", count: width - done)
    Progress.write("\r\u{1B}[K\(title) [\(bar)] \(Int((share * 100).rounded())) %")
  }

  /// Ends the work with a sentence about what came of it.
  func end(_ sentence: String) {
    if isTerminal { Progress.write("\r\u{1B}[K") }
    Progress.say("\(title): \(sentence)")
  }

  /// Writes a line to standard error.
  static func say(_ line: String) { write(line + "\n") }

  private static func write(_ text: String) {
    FileHandle.standardError.write(Data(text.utf8))
  }
}
