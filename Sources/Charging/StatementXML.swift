import Foundation
import FoundationXML

/// An element of an XML file with all that is in it.
struct StatementElement {
  /// Without its prefix.
  let name: String
  let namespace: String
  /// Line of the file, from 1.
  let line: Int
  let currency: String?
  var text = ""
  var children: [StatementElement] = []

  /// The first element of a way down, such as `Acct`, `Id`, `IBAN`; nil when there is none.
  func find(_ names: String...) -> StatementElement? {
    var element = self
    for name in names {
      guard let next = element.children.first(where: { $0.name == name }) else { return nil }
      element = next
    }
    return element
  }

  /// All children of a name.
  func all(_ name: String) -> [StatementElement] { children.filter { $0.name == name } }

  /// The element of a way down; a fault that names what is missing without it.
  func require(_ names: String...) throws(StatementFault) -> StatementElement {
    var element = self
    for name in names {
      guard let next = element.children.first(where: { $0.name == name }) else {
        throw StatementFault(line: element.line, "\(element.name) has no \(name)")
      }
      element = next
    }
    return element
  }

  /// The text without the space around it; nil when nothing is left.
  var trimmed: String? {
    let trimmed = text.trimmingCharacters(in: .whitespacesAndNewlines)
    return trimmed.isEmpty ? nil : trimmed
  }
}

/// Reads the XML of a statement into elements, by the parser of the toolchain.
///
/// The parser knows entities and document types, and forgives a file that is cut off. No message of
/// the standard has the former, so they are refused before it runs; the latter is looked for here.
final class StatementXML: XMLParserDelegate {
  /// Most elements that stand in each other.
  static let depthMax = 24
  /// Most bytes of a text.
  static let textBytesMax = 4096

  private var open: [StatementElement] = []
  private var root: StatementElement?
  private var fault: StatementFault?

  private init() {}

  /// The outermost element of a file.
  static func read(_ bytes: [UInt8]) throws(StatementFault) -> StatementElement {
    guard bytes.count <= BankStatement.bytesMax else {
      throw StatementFault("the file is larger than \(BankStatement.bytesMax) bytes")
    }
    try checkKind(bytes)
    try check(bytes)
    let reader = StatementXML()
    let parser = XMLParser(data: Data(bytes))
    parser.shouldProcessNamespaces = true
    parser.delegate = reader
    let isRead = parser.parse()
    if let fault = reader.fault { throw fault }
    guard reader.open.isEmpty, let root = reader.root else {
      throw StatementFault(
        line: parser.lineNumber > 0 ? parser.lineNumber : nil,
        "the file is cut off, or no XML: ask the bank for it again")
    }
    guard isRead, parser.parserError == nil else {
      throw StatementFault(
        line: parser.lineNumber, "the file is no XML that is well formed: ask the bank for it again"
      )
    }
    return root
  }

  /// What is no XML at all, of which a parser would tell neither line nor reason.
  private static func checkKind(_ bytes: [UInt8]) throws(StatementFault) {
    guard !bytes.isEmpty else {
      throw StatementFault(
        "the file is empty, cut off before its first byte: fetch it from the bank again")
    }
    if bytes[0] == 0, bytes.allSatisfy({ $0 == 0 }) {
      throw StatementFault(
        "the file is nothing but zero bytes: its content was never written; fetch it from the bank again"
      )
    }
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    let text = bytes.starts(with: mark) ? bytes[mark.count...] : bytes[...]
    let first = text.first { ![0x09, 0x0A, 0x0D, 0x20].contains($0) }
    // Other encodings have their own sentence: each begins with a byte that is no letter, or has zeros.
    guard first == 0x3C || bytes[0] >= 0x80 || bytes.contains(0) else {
      throw StatementFault(
        "the file is cut off, or no XML: hand in the statement as the bank gives it, as camt.053, or ask "
          + "for it again")
    }
  }

  /// Encoding, and what no message has.
  private static func check(_ bytes: [UInt8]) throws(StatementFault) {
    let head = String(decoding: bytes.prefix(200), as: UTF8.self)
    if head.hasPrefix("<?xml"), let declared = head.range(of: "encoding=") {
      let rest = head[declared.upperBound...]
      let name = rest.dropFirst().prefix { $0 != "\"" && $0 != "'" }
      guard name.lowercased() == "utf-8" else {
        throw StatementFault(line: 1, "the file is written in \(name): ask the bank for UTF-8")
      }
    }
    guard !bytes.contains(0), String(validating: bytes, as: UTF8.self) != nil else {
      throw StatementFault("the file is not written in UTF-8: ask the bank for UTF-8")
    }
    var line = 1
    for index in bytes.indices {
      if bytes[index] == 0x0A { line += 1 }
      guard bytes[index] == 0x3C, index + 2 < bytes.count, bytes[index + 1] == 0x21 else {
        continue
      }
      // `<!--` and `<![` are a comment and a text; all else declares something.
      guard bytes[index + 2] == 0x2D || bytes[index + 2] == 0x5B else {
        throw StatementFault(
          line: line, "the file declares a document type or an entity, as no statement does")
      }
    }
  }

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
    qualifiedName: String?, attributes: [String: String]
  ) {
    guard open.count < Self.depthMax else {
      return stop(parser, "more than \(Self.depthMax) elements stand in each other")
    }
    guard root == nil else { return stop(parser, "an element follows the end") }
    open.append(
      StatementElement(
        name: name, namespace: namespaceURI ?? "", line: parser.lineNumber,
        currency: attributes["Ccy"]))
  }

  func parser(
    _ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?
  ) {
    guard let element = open.popLast(), element.name == name else {
      return stop(parser, "an element ends that did not begin")
    }
    if open.isEmpty {
      root = element
    } else {
      open[open.count - 1].children.append(element)
    }
  }

  func parser(_ parser: XMLParser, foundCharacters text: String) { add(text, parser) }

  func parser(_ parser: XMLParser, foundCDATA block: Data) {
    add(String(decoding: block, as: UTF8.self), parser)
  }

  private func add(_ text: String, _ parser: XMLParser) {
    guard !open.isEmpty else { return }
    open[open.count - 1].text += text
    if open[open.count - 1].text.utf8.count > Self.textBytesMax {
      stop(parser, "a text is longer than \(Self.textBytesMax) bytes")
    }
  }

  private func stop(_ parser: XMLParser, _ message: String) {
    fault = fault ?? StatementFault(line: parser.lineNumber, message)
    parser.abortParsing()
  }
}
