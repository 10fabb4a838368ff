import Foundation
import Tariff
import Testing

/// The JSON Schema and the reader know the same words.
struct SchemaTests {
  @Test func theSchemaAndTheReaderKnowTheSameKeys() throws {
    let path = Folders.package.appendingPathComponent("docs/tariff.schema.json")
    let schema = try #require(
      try JSONSerialization.jsonObject(with: Data(contentsOf: path)) as? [String: Any])
    let properties = try #require(schema["properties"] as? [String: Any])
    let text = """
      effective: {from: 2024-01-01}
      currency: UAH
      timezone: Europe/Kyiv
      categories: [adult]
      fares: [{name: a, price: 1}]
      zzzzzzzz: 1
      """
    let source = TariffSource(folder: "t", files: [TariffFile(path: "tariff.yaml", text: text)])
    let message = try #require(source.load().faults.first?.message)
    let known = try #require(message.components(separatedBy: "known: ").last)
    #expect(Set(known.components(separatedBy: ", ")) == Set(properties.keys))
  }

  @Test func eachKeyOfTheSchemaIsDescribedInTheLanguage() throws {
    let docs = Folders.package.appendingPathComponent("docs")
    let text = try String(
      contentsOf: docs.appendingPathComponent("tariff-language.md"), encoding: .utf8)
    let schema = try JSONSerialization.jsonObject(
      with: Data(contentsOf: docs.appendingPathComponent("tariff.schema.json")))
    var missing: Set<String> = []
    collect(schema) { key in
      if !text.contains("`\(key)"), !text.contains("\(key):") { missing.insert(key) }
    }
    #expect(missing == [])
  }

  /// Names that the examples give to categories, services, times and media.
  private static let examples: Set<String> = [
    "a", "adult", "b", "bus", "card", "cash", "express", "full", "gwinnett", "half", "local", "low",
    "night", "outer", "peak", "pensioner", "pupil", "rail", "streetcar", "student", "tram",
  ]

  @Test func eachKeyThatTheLanguageDescribesIsInTheSchema() throws {
    let docs = Folders.package.appendingPathComponent("docs")
    let text = try String(
      contentsOf: docs.appendingPathComponent("tariff-language.md"), encoding: .utf8)
    let schema = try JSONSerialization.jsonObject(
      with: Data(contentsOf: docs.appendingPathComponent("tariff.schema.json")))
    var known = Self.examples
    collect(schema) { known.insert($0) }
    // What follows the rules has keys of its own: those of cases.
    let rules = try #require(text.components(separatedBy: "## Cases").first)
    let described = Self.keys(inCodeOf: rules)
    #expect(described.subtracting(known) == [])
    #expect(described.count > 80, "the keys of the examples are not found any more")
  }

  /// Words before a colon in blocks of code and in code within a line.
  private static func keys(inCodeOf text: String) -> Set<String> {
    var keys: Set<String> = []
    for (index, part) in text.components(separatedBy: "`").enumerated()
    where !index.isMultiple(of: 2) {
      for line in part.components(separatedBy: "\n") {
        let code = line.components(separatedBy: "#").first ?? ""
        var word = ""
        var isText = false
        for character in code {
          if character == "\"" { isText.toggle() }
          if isText { continue }
          if character == ":", !word.isEmpty, word.allSatisfy({ $0 == "_" || $0.isLowercase }) {
            keys.insert(word)
          }
          word = character.isLetter || "_-@".contains(character) ? word + String(character) : ""
        }
      }
    }
    return keys
  }

  private func collect(_ value: Any, _ found: (String) -> Void) {
    if let map = value as? [String: Any] {
      if let properties = map["properties"] as? [String: Any] {
        for key in properties.keys { found(key) }
      }
      for child in map.values { collect(child, found) }
    } else if let list = value as? [Any] {
      for child in list { collect(child, found) }
    }
  }
}
