import Foundation
import Testing

@Suite struct TidyTests {
  let tree = SourceTree()

  @Test func theTreeIsSeen() {
    // The other tests would pass on an empty tree.
    #expect(tree.swiftFiles(in: SourceTree.all).count > 200)
  }

  @Test func noFileIsLongerThanFiveHundredLines() throws {
    for path in tree.swiftFiles(in: SourceTree.all) {
      let count = try tree.text(path).split(separator: "\n", omittingEmptySubsequences: false).count
      #expect(count <= 501, "\(path) has \(count) lines")
    }
  }

  @Test func everySettingStandsInThePageForOperators() throws {
    let source = try tree.text("Sources/kvytok/SettingsFile.swift")
    let page = try tree.text("docs/operating.md")
    let list = try #require(
      source.components(separatedBy: "static let kinds: [String: Kind] = [").dropFirst().first?
        .components(separatedBy: "]").first)
    let keys = list.components(separatedBy: "\"").enumerated().filter { $0.offset % 2 == 1 }
      .map(\.element)
    #expect(keys.count > 15)
    for key in keys {
      #expect(page.contains("| `KVYTOK_\(key.uppercased())` | `\(key)` |"), "\(key)")
    }
  }

  @Test func noFunctionIsLongerThanSeventyLines() throws {
    for path in tree.swiftFiles(in: SourceTree.all) {
      for function in BareSource(try tree.text(path)).functions {
        #expect(function.length <= 70, "\(path):\(function.line) takes \(function.length) lines")
      }
    }
  }

  @Test func timeChanceAndIdsComeInByTheDoor() throws {
    // The outermost rooms may ask the machine; the tests may measure what they start.
    let outermost = ["Sources/kvytok/", "validator-sim/Command/", "loadtest/"]
    let banned = [
      ("Date()", "pass an Instant in"), ("Date.now", "pass an Instant in"),
      ("UUID()", "pass an identifier in"), ("SystemRandomNumberGenerator", "pass a generator in"),
      (".random(", "give it `using:` a generator that was passed in"),
      ("clock_gettime", "pass an Instant in"), ("gettimeofday", "pass an Instant in"),
    ]
    for path in tree.swiftFiles(in: SourceTree.code)
    where !outermost.contains(where: path.hasPrefix) {
      for (index, line) in BareSource(try tree.text(path)).lines.enumerated() {
        for (call, instead) in banned where line.contains(call) && !line.contains("using:") {
          Issue.record("\(path):\(index + 1) calls \(call): \(instead)")
        }
      }
    }
  }

  @Test func everyPackageDeclarationSaysWhatItIs() throws {
    for path in tree.swiftFiles(in: ["Sources"]) {
      let lines = try tree.text(path).components(separatedBy: "\n")
      for (index, line) in lines.enumerated() where Self.isPackageFunctionOrType(line) {
        var above = index - 1
        while above >= 0, lines[above].trimmingCharacters(in: .whitespaces).hasPrefix("@") {
          above -= 1
        }
        let comment = above >= 0 ? lines[above].trimmingCharacters(in: .whitespaces) : ""
        #expect(comment.hasPrefix("///"), "\(path):\(index + 1) has no summary: \(line)")
      }
    }
  }

  private static func isPackageFunctionOrType(_ line: String) -> Bool {
    let text = line.trimmingCharacters(in: .whitespaces)
    let declarations = [
      "struct", "final class", "enum", "protocol", "actor", "func", "static func",
    ]
    // What a protocol names is explained there.
    let known = [
      "func <", "func ==", "hash(into", "func enqueue(_", "func asUnowned", "func checkIsolated",
      "func isIsolatingCurrentContext", "func place(amongColumns",
    ]
    return declarations.contains { text.hasPrefix("package \($0) ") }
      && !known.contains { text.contains($0) }
  }

  @Test func nothingIsForNow() throws {
    let words = ["FIXME", "TODO", "XXX", "HACK"]
    for path in tree.swiftFiles(in: SourceTree.code) {
      for (index, line) in try tree.text(path).components(separatedBy: "\n").enumerated() {
        for word in words where line.contains(word) {
          Issue.record("\(path):\(index + 1) leaves a \(word)")
        }
      }
    }
  }

  @Test func everyDocumentHasOneTitle() throws {
    let docs = try FileManager.default.contentsOfDirectory(atPath: tree.root.path + "/docs")
      .filter { $0.hasSuffix(".md") }.map { "docs/" + $0 }
    for path in docs + ["README.md", "CHANGELOG.md"] {
      var isCode = false
      var titles = 0
      for line in try tree.text(path).components(separatedBy: "\n") {
        if line.hasPrefix("```") { isCode.toggle() }
        if !isCode, line.hasPrefix("# ") { titles += 1 }
      }
      #expect(titles == 1, "\(path) has \(titles) titles")
    }
  }

  @Test func everyCommandOfTheReadmeExists() throws {
    let makefile = try tree.text("Makefile")
    let commands = try tree.swiftFiles(in: [
      "Sources/kvytok", "Sources/Insight", "validator-sim", "loadtest",
    ])
    .map(tree.text).joined()
    for line in Self.commandLines(try tree.text("README.md")) {
      let words = line.split(separator: " ").map(String.init)
      switch words.first.map({ URL(fileURLWithPath: $0).lastPathComponent }) {
      case "make":
        let target = words.dropFirst().first { !$0.contains("=") } ?? "help"
        #expect(makefile.contains("\n\(target):"), "README: no `make \(target)`")
      case "kvytok", "validator-sim", "loadtest":
        for word in words.dropFirst().prefix(2).prefix(while: {
          $0.allSatisfy { $0.isLetter || $0 == "-" }
        })
        where !word.hasPrefix("-") {
          let isListed = try commands.contains(Regex("case [a-z, ]*\\b\(word)\\b"))
          #expect(
            isListed || commands.contains("commandName: \"\(word)\""),
            "README: no command `\(word)` in `\(line)`")
        }
      default: break
      }
    }
  }

  /// Lines of code blocks that start with a command, prompts taken off.
  private static func commandLines(_ markdown: String) -> [String] {
    var isCode = false
    var lines: [String] = []
    for line in markdown.components(separatedBy: "\n") {
      if line.hasPrefix("```") {
        isCode.toggle()
      } else if isCode {
        lines.append(line.hasPrefix("$ ") ? String(line.dropFirst(2)) : line)
      }
    }
    return lines
  }
}
