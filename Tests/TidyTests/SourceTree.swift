import Foundation

/// The project's own files, found from this file's place.
struct SourceTree {
  let root: URL

  init() {
    var folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    while !FileManager.default.fileExists(atPath: folder.path + "/Package.swift") {
      precondition(folder.path.count > 1, "no Package.swift above \(#filePath)")
      folder.deleteLastPathComponent()
    }
    root = folder
  }

  func text(_ path: String) throws -> String {
    try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
  }

  func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: root.appendingPathComponent(path).path)
  }

  /// Paths of the Swift files under some folders, generated ones left out.
  func swiftFiles(in folders: [String]) -> [String] {
    folders.flatMap { files(in: $0, ending: ".swift") }
      .filter { !$0.contains("Generated/") }.sorted()
  }

  /// Paths of the files of a kind under a folder.
  func files(in folder: String, ending end: String) -> [String] {
    let base = root.appendingPathComponent(folder).path
    guard let names = FileManager.default.enumerator(atPath: base) else { return [] }
    return names.compactMap { $0 as? String }.filter { $0.hasSuffix(end) }
      .map { folder + "/" + $0 }.sorted()
  }

  static let code = ["Sources", "validator-sim", "loadtest"]
  static let all = code + ["Tests"]
}

/// A Swift text without what strings and comments hold; line breaks stay where they are.
struct BareSource {
  let lines: [String]

  init(_ text: String) {
    var bare = ""
    var characters = Array(text)[...]
    while let character = characters.first {
      if characters.starts(with: "//") {
        characters = characters.drop { $0 != "\n" }
      } else if characters.starts(with: "/*") {
        bare += Self.skip(&characters, past: "*/", from: 2)
      } else if characters.starts(with: "\"\"\"") {
        bare += Self.skip(&characters, past: "\"\"\"", from: 3)
      } else if character == "\"" {
        bare += Self.skipString(&characters)
      } else {
        bare.append(character)
        characters.removeFirst()
      }
    }
    lines = bare.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
  }

  /// Leaves only the line breaks up to a mark.
  private static func skip(
    _ characters: inout ArraySlice<Character>, past mark: String, from count: Int
  ) -> String {
    characters = characters.dropFirst(count)
    var breaks = ""
    while !characters.isEmpty, !characters.starts(with: mark) {
      if characters.first == "\n" { breaks.append("\n") }
      if characters.first == "\\" { characters = characters.dropFirst() }
      characters = characters.dropFirst()
    }
    characters = characters.dropFirst(mark.count)
    return breaks
  }

  /// Leaves nothing of a string on one line; what stands in `\( … )` goes with it.
  private static func skipString(_ characters: inout ArraySlice<Character>) -> String {
    characters = characters.dropFirst()
    var depth = 0
    while let character = characters.first, character != "\n" {
      characters = characters.dropFirst()
      if character == "\\" {
        if characters.first == "(" { depth += 1 }
        characters = characters.dropFirst()
      } else if depth > 0, character == "(" {
        depth += 1
      } else if depth > 0, character == ")" {
        depth -= 1
      } else if depth == 0, character == "\"" {
        break
      }
    }
    return "\"\""
  }

  /// Functions and initialisers: the line each begins on, from 1, and how many lines it takes.
  var functions: [(line: Int, length: Int)] {
    var found: [(Int, Int)] = []
    for (index, line) in lines.enumerated() where Self.isFunction(line) {
      if let end = end(ofFunctionAt: index) { found.append((index + 1, end - index + 1)) }
    }
    return found
  }

  private static func isFunction(_ line: String) -> Bool {
    let words = line.split { !$0.isLetter && !$0.isNumber && $0 != "_" && $0 != "." }
    guard let place = words.firstIndex(where: { $0 == "func" || $0 == "init" }) else {
      return false
    }
    let modifiers: Set<Substring> = [
      "package", "private", "fileprivate", "public", "internal", "static", "mutating", "override",
      "nonisolated", "convenience", "required", "isolated", "borrowing", "consuming", "inline",
      "__always", "discardableResult", "Test", "inlinable", "concurrent", "Sendable",
    ]
    return words[..<place].allSatisfy { modifiers.contains($0) }
  }

  /// The line on which a function's body closes; nil when it has none.
  private func end(ofFunctionAt start: Int) -> Int? {
    var braces = 0
    var parentheses = 0
    for index in start..<lines.count {
      for character in lines[index] {
        switch character {
        case "(": parentheses += 1
        case ")": parentheses -= 1
        case "{" where parentheses == 0 || braces > 0: braces += 1
        case "}" where braces > 0:
          braces -= 1
          if braces == 0 { return index }
        default: break
        }
      }
      if braces == 0, parentheses == 0, index + 1 < lines.count,
        !lines[index].contains("{"), Self.beginsAnother(lines[index + 1])
      {
        return nil
      }
    }
    return nil
  }

  /// Whether a line cannot go on the signature of the line before: a requirement of a protocol ended.
  private static func beginsAnother(_ line: String) -> Bool {
    let text = line.trimmingCharacters(in: .whitespaces)
    return text.isEmpty || text.hasPrefix("}") || isFunction(line)
  }
}
