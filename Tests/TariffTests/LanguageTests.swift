import Foundation
import Tariff
import Testing

/// `docs/tariff-language.md` is true: its examples are read, and what it says to be shown is shown.
struct LanguageTests {
  /// What comes before the cases, as text.
  private static let rules: String = {
    let path = Folders.package.appendingPathComponent("docs/tariff-language.md")
    let text = (try? String(contentsOf: path, encoding: .utf8)) ?? ""
    return text.components(separatedBy: "\n## Cases").first ?? ""
  }()

  /// A construct with its section.
  struct Section: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var text: String

    /// The YAML blocks.
    var examples: [String] {
      text.components(separatedBy: "```yaml\n").dropFirst().map {
        $0.components(separatedBy: "```").first ?? ""
      }
    }

    /// What follows one of the four words, up to the next of them.
    func part(_ word: String) -> String? {
      guard let start = text.range(of: "**\(word)**: ") else { return nil }
      let rest = text[start.upperBound...]
      let end = rest.range(of: "\n**") ?? rest.range(of: "\n\n")
      return end.map { String(rest[..<$0.lowerBound]) } ?? String(rest)
    }
  }

  static let sections: [Section] = rules.components(separatedBy: "\n### ").dropFirst().map {
    let text = $0.components(separatedBy: "\n## ").first ?? $0
    return Section(
      testDescription: text.components(separatedBy: "\n").first ?? "", text: text)
  }

  @Test func thereAreSections() {
    #expect(Self.sections.count > 50)
  }

  @Test(arguments: Self.sections)
  func eachConstructHasItsBoundaryItsOriginItsProofAndAnExample(_ section: Section) {
    for word in ["Boundary", "Known from", "Shown by"] {
      let part = section.part(word)
      #expect(part?.isEmpty == false, "\"\(section.testDescription)\" has no \(word)")
    }
    #expect(section.examples.count == 1)
  }

  @Test(arguments: Self.sections)
  func eachExampleIsRead(_ section: Section) {
    for example in section.examples {
      let faults = Self.source(example).load().faults.filter { !$0.isWarning }
      #expect(faults == [], "\(faults.map(\.description))\n\(example)")
    }
  }

  @Test func theWholeTariffIsReadAndRaisesNoDoubtButThatOfItsSources() throws {
    let text = try #require(Self.rules.components(separatedBy: "```yaml\n").dropFirst().first)
    let example = text.components(separatedBy: "```").first ?? ""
    let source = TariffSource(
      folder: "example", files: [TariffFile(path: TariffSource.mainPath, text: example)])
    let reading = source.load()
    #expect(reading.book != nil)
    #expect(reading.faults.filter { !$0.isWarning } == [])
  }

  @Test func eachKeyOfTheSchemaIsInAnExample() throws {
    let path = Folders.package.appendingPathComponent("docs/tariff.schema.json")
    let schema = try JSONSerialization.jsonObject(with: Data(contentsOf: path))
    let examples = Self.rules.components(separatedBy: "```yaml\n").dropFirst().map {
      $0.components(separatedBy: "```").first ?? ""
    }.joined(separator: "\n")
    var keys: Set<String> = []
    Self.collect(schema) { keys.insert($0) }
    let missing = keys.filter { key in
      !["\n", " ", "{", ",", "-"].contains { examples.contains("\($0)\(key):") }
    }
    #expect(missing.sorted() == [])
    #expect(keys.count > 120, "the keys of the schema are not found any more")
  }

  @Test(arguments: Self.sections)
  func whatShowsAConstructIsThere(_ section: Section) throws {
    let shown = section.part("Shown by") ?? ""
    let cases = shown.components(separatedBy: "\"").enumerated()
      .filter { !$0.offset.isMultiple(of: 2) }.map(\.element)
    let tests = shown.components(separatedBy: "`").enumerated()
      .filter { !$0.offset.isMultiple(of: 2) }.map(\.element)
    #expect(!cases.isEmpty || !tests.isEmpty)
    for name in cases { #expect(Self.cases.contains(name), "no worked case \"\(name)\"") }
    for name in tests { #expect(Self.tests.contains(name), "no test \(name)") }
  }

  /// The example with the keys that a tariff needs and the example does not show.
  private static func source(_ example: String) -> TariffSource {
    let keys = Set(
      example.components(separatedBy: "\n").compactMap { line -> String? in
        guard line.first?.isLetter == true else { return nil }
        return line.components(separatedBy: ":").first
      })
    var text = example
    for (key, line) in [
      ("effective", "effective: {from: 2024-01-01}"), ("currency", "currency: UAH"),
      ("timezone", "timezone: Europe/Kyiv"), ("categories", "categories: {adult: {}, pupil: {}}"),
    ] where !keys.contains(key) {
      text += line + "\n"
    }
    if keys.isDisjoint(with: ["fares", "tickets"]) {
      text += "fares: [{name: any ride, price: 10}]\n"
    }
    return TariffSource(
      folder: "example", files: [TariffFile(path: TariffSource.mainPath, text: text)])
  }

  private static func collect(_ value: Any, _ found: (String) -> Void) {
    if let map = value as? [String: Any] {
      if let properties = map["properties"] as? [String: Any] {
        for key in properties.keys { found(key) }
      }
      for child in map.values { collect(child, found) }
    } else if let list = value as? [Any] {
      for child in list { collect(child, found) }
    }
  }

  /// Names of all worked cases: those of the tariffs, and those of the constructs.
  private static let cases: Set<String> = {
    var names = Set(allFeatures.map(\.testDescription))
    for tariff in Folders.tariffs {
      for file in (try? Folders.source(tariff))?.files ?? [] where file.path.hasPrefix("cases/") {
        for line in file.text.components(separatedBy: "\n") where line.hasPrefix("- case: ") {
          names.insert(String(line.dropFirst("- case: ".count)))
        }
      }
    }
    return names
  }()

  /// Names of all tests of the package.
  private static let tests: Set<String> = {
    let folder = Folders.package.appendingPathComponent("Tests")
    let paths = (try? FileManager.default.subpathsOfDirectory(atPath: folder.path)) ?? []
    var names: Set<String> = []
    for path in paths where path.hasSuffix("Tests.swift") {
      let file = folder.appendingPathComponent(path)
      let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
      for part in text.components(separatedBy: "func ").dropFirst() {
        names.insert(String(part.prefix { $0.isLetter || $0.isNumber }))
      }
    }
    return names
  }()
}
