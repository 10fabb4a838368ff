import Basics

#if canImport(Glibc)
  import Glibc
#endif

/// Shows on standard error how far long work has come; without a terminal, a line at its start.
package struct ProgressBar {
  private static let width = 30

  private let title: String
  private let total: Int
  private let isTerminal: Bool
  private var shownPercent = -1

  /// Announces work of a number of steps.
  package init(_ title: String, total: Int) {
    self.title = title
    self.total = max(total, 1)
    isTerminal = isatty(2) == 1
    if isTerminal { show(0) } else { Self.write("\(title) …\n") }
  }

  /// Shows that a number of steps is done.
  package mutating func show(_ done: Int) {
    let percent = min(done, total) * 100 / total
    guard isTerminal, percent != shownPercent else { return }
    shownPercent = percent
    let filled = percent * Self.width / 100
    let bar =
      String(repeating: "█", count: filled) + String(repeating: "·", count: Self.width - filled)
    Self.write("\r\(title) \(bar) \(percent) %")
  }

  /// Ends the line.
  package mutating func finish() {
    guard isTerminal else { return }
    show(total)
    Self.write("\n")
  }

  /// Writes a text to standard error.
  package static func write(_ text: String) {
    let bytes = Array(text.utf8)
    _ = bytes.withUnsafeBytes { Glibc.write(2, $0.baseAddress, $0.count) }
  }
}
