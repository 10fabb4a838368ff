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
    // All that is told apart is ASCII, and bytes are looked at many times faster than characters.
    var rest = Array(text.utf8)[...]
    var bare: [UInt8] = []
    bare.reserveCapacity(rest.count)
    while let byte = rest.first {
      if Self.stands(Self.comment, at: rest) {
        rest = rest.drop { $0 != Self.lineBreak }
      } else if Self.stands(Self.block, at: rest) {
        Self.skip(&rest, past: Self.blockEnd, from: 2, to: &bare)
      } else if Self.stands(Self.longString, at: rest) {
        Self.skip(&rest, past: Self.longString, from: 3, to: &bare)
      } else if byte == Self.quote {
        Self.skipString(&rest)
        bare += [Self.quote, Self.quote]
      } else {
        bare.append(byte)
        rest.removeFirst()
      }
    }
    lines = bare.split(separator: Self.lineBreak, omittingEmptySubsequences: false)
      .map { String(decoding: $0, as: UTF8.self) }
  }

  private static let comment = Array("//".utf8)
  private static let block = Array("/*".utf8)
  private static let blockEnd = Array("*/".utf8)
  private static let longString = Array("\"\"\"".utf8)
  private static let quote = UInt8(ascii: "\"")
  private static let lineBreak = UInt8(ascii: "\n")
  private static let backslash = UInt8(ascii: "\\")

  private static func stands(_ mark: [UInt8], at rest: ArraySlice<UInt8>) -> Bool {
    guard rest.first == mark[0] else { return false }
    return rest.starts(with: mark)
  }

  /// Leaves only the line breaks up to a mark.
  private static func skip(
    _ rest: inout ArraySlice<UInt8>, past mark: [UInt8], from count: Int, to bare: inout [UInt8]
  ) {
    rest = rest.dropFirst(count)
    while !rest.isEmpty, !stands(mark, at: rest) {
      if rest.first == lineBreak { bare.append(lineBreak) }
      if rest.first == backslash { rest = rest.dropFirst() }
      rest = rest.dropFirst()
    }
    rest = rest.dropFirst(mark.count)
  }

  /// Leaves nothing of a string on one line; what stands in `\( … )` goes with it.
  private static func skipString(_ rest: inout ArraySlice<UInt8>) {
    rest = rest.dropFirst()
    var depth = 0
    while let byte = rest.first, byte != lineBreak {
      rest = rest.dropFirst()
      switch byte {
      case backslash:
        if rest.first == UInt8(ascii: "(") { depth += 1 }
        rest = rest.dropFirst()
      case UInt8(ascii: "(") where depth > 0: depth += 1
      case UInt8(ascii: ")") where depth > 0: depth -= 1
      case quote where depth == 0: return
      default: break
      }
    }
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
    guard line.contains("func") || line.contains("init") else { return false }
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
      for byte in lines[index].utf8 {
        switch byte {
        case UInt8(ascii: "("): parentheses += 1
        // One that an attribute opened lines above is no parenthesis of the function.
        case UInt8(ascii: ")"): parentheses = max(parentheses - 1, 0)
        case UInt8(ascii: "{") where parentheses == 0 || braces > 0: braces += 1
        case UInt8(ascii: "}") where braces > 0:
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
