import Basics
import Yams

/// A part of a YAML text with the line it stands on.
struct YAMLTree: Sendable {
  indirect enum Kind: Sendable {
    case text(String)
    case list([YAMLTree])
    case map([YAMLEntry])
    case nothing
  }

  var line: Int
  var kind: Kind

  /// Most parts that one text may have once its anchors are written out.
  static let partsMax = 200_000
  /// Deepest nesting of lists and maps.
  static let depthMax = 40
  /// Most brackets that may be open at once, and most dashes in one line.
  static let openMax = 60
}

/// A key and its value.
struct YAMLEntry: Sendable {
  var key: String
  var line: Int
  var value: YAMLTree
}

extension YAMLTree {
  /// Reads all documents of a text.
  static func documents(_ text: String, file: String) throws(TariffFault) -> [YAMLTree] {
    guard text.utf8.count <= TariffSource.fileBytesMax else {
      throw TariffFault(
        file: file, line: 1,
        message: "\(text.utf8.count) bytes; a tariff file has at most "
          + "\(TariffSource.fileBytesMax): split it, or move tables into lists")
    }
    if let fault = nestingFault(text, file: file) { throw fault }
    var copy = text
    copy.makeContiguousUTF8()
    var trees: [YAMLTree] = []
    var parts = 0
    do {
      var roots = try compose_all(yaml: copy, .default, .default, .utf8)
      while let root = roots.next() {
        trees.append(try tree(root, line: 1, depth: 0, parts: &parts))
      }
      if let error = roots.error { throw error }
    } catch let error as TooMuch {
      throw TariffFault(file: file, line: error.line, message: error.message)
    } catch let error as YamlError {
      throw fault(error, file: file, text: text)
    } catch {
      throw TariffFault(file: file, line: 1, message: "not YAML: \(error)")
    }
    return trees
  }

  /// A text that is larger once written out than on paper.
  private struct TooMuch: Error {
    var line: Int
    var message: String
  }

  private static func tree(
    _ node: Node, line: Int, depth: Int, parts: inout Int
  ) throws -> YAMLTree {
    let line = node.mark?.line ?? line
    parts += 1
    guard parts <= partsMax else {
      throw TooMuch(
        line: line,
        message:
          "more than \(partsMax) parts once anchors are written out; name prices in \"prices\" "
          + "and values in \"lists\" instead")
    }
    guard depth <= depthMax else {
      throw TooMuch(line: line, message: "nested deeper than \(depthMax)")
    }
    switch node {
    case .scalar(let scalar):
      guard !scalar.string.contains("\0") else {
        throw TooMuch(line: line, message: "a zero character, which no text has")
      }
      let isNothing =
        scalar.style == .plain && ["", "~", "null"].contains(scalar.string)
      return YAMLTree(line: line, kind: isNothing ? .nothing : .text(scalar.string))
    case .sequence(let sequence):
      var list: [YAMLTree] = []
      for element in sequence {
        list.append(try tree(element, line: line, depth: depth + 1, parts: &parts))
      }
      return YAMLTree(line: line, kind: .list(list))
    case .mapping(let mapping):
      var entries: [YAMLEntry] = []
      for (key, value) in mapping {
        let keyLine = key.mark?.line ?? line
        guard let name = key.scalar?.string else {
          throw TooMuch(line: keyLine, message: "a key is a word, not a list or a map")
        }
        guard name.isEmpty || name.isName else {
          throw TooMuch(
            line: keyLine,
            message: "a key has at most \(String.nameBytesMax) bytes and no control characters")
        }
        let entry = YAMLEntry(
          key: name, line: keyLine,
          value: try tree(value, line: keyLine, depth: depth + 1, parts: &parts))
        entries.append(entry)
      }
      return YAMLTree(line: line, kind: .map(merged(entries)))
    case .alias:
      throw TooMuch(line: line, message: "an alias that has no anchor")
    }
  }

  /// Puts the entries of `<<` behind the map's own, which win.
  private static func merged(_ entries: [YAMLEntry]) -> [YAMLEntry] {
    guard let merge = entries.first(where: { $0.key == "<<" }) else { return entries }
    var result = entries.filter { $0.key != "<<" }
    let sources: [YAMLTree]
    if case .list(let list) = merge.value.kind { sources = list } else { sources = [merge.value] }
    for source in sources {
      guard case .map(let others) = source.kind else { continue }
      for entry in others where !result.contains(where: { $0.key == entry.key }) {
        result.append(entry)
      }
    }
    return result
  }

  /// Finds text that would make the parser recurse without end, before it is parsed.
  private static func nestingFault(_ text: String, file: String) -> TariffFault? {
    var open = 0
    for (index, line) in text.utf8.split(separator: 10, omittingEmptySubsequences: false)
      .enumerated()
    {
      var dashes = 0
      var isAlias = false
      for byte in line {
        switch byte {
        case UInt8(ascii: "["), UInt8(ascii: "{"): open += 1
        case UInt8(ascii: "]"), UInt8(ascii: "}"): open = max(0, open - 1)
        case UInt8(ascii: "-"), UInt8(ascii: "?"): dashes += 1
        case UInt8(ascii: "*"): isAlias = true
        case UInt8(ascii: ":") where isAlias:
          return TariffFault(
            file: file, line: index + 1, message: "an alias cannot be a key; write the word")
        case 32, UInt8(ascii: ","): isAlias = false
        default: break
        }
        if open > openMax || dashes > 4 * openMax {
          return TariffFault(
            file: file, line: index + 1, message: "nested deeper than \(openMax)")
        }
      }
    }
    return nil
  }

  private static func fault(_ error: YamlError, file: String, text: String) -> TariffFault {
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      TariffFault(
        file: file, line: mark.line,
        message: "not YAML: \(problem)"
          + (begins(line: mark.line, of: text, with: "\t") ? "; indent with spaces, not tabs" : ""))
    case .duplicatedKeysInMapping(let duplicates, let context):
      TariffFault(
        file: file, line: context.mark.line,
        message: "key \(duplicates.map { "\"\($0)\"" }.joined(separator: ", ")) stands twice")
    case .reader(let problem, let offset, _, _):
      TariffFault(
        file: file, line: 1, message: "not YAML: \(problem) at byte \(offset ?? 0)")
    default: TariffFault(file: file, line: 1, message: "not YAML: \(error)")
    }
  }

  /// Whether a line, from 1, begins with a character after its spaces.
  private static func begins(line: Int, of text: String, with character: Character) -> Bool {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.indices.contains(line - 1) else { return false }
    return lines[line - 1].drop { $0 == " " }.first == character
  }
}

extension YAMLTree {
  /// The word or number that stands here.
  var text: String? {
    if case .text(let text) = kind { return text }
    return nil
  }

  /// The entries when this is a map.
  var entries: [YAMLEntry]? {
    if case .map(let entries) = kind { return entries }
    return nil
  }

  /// The elements when this is a list; a single value counts as a list of one.
  var elements: [YAMLTree] {
    switch kind {
    case .list(let elements): elements
    case .nothing: []
    default: [self]
    }
  }

  /// The value of a key.
  func value(_ key: String) -> YAMLTree? { entries?.first { $0.key == key }?.value }

  /// What this is, for messages.
  var kindText: String {
    switch kind {
    case .text(let text): "\"\(text)\""
    case .list: "a list"
    case .map: "a map"
    case .nothing: "nothing"
    }
  }
}
