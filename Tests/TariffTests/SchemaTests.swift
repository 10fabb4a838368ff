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
