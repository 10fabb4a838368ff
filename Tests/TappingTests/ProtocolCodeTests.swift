import Foundation
import Testing

/// The codes that docs/validator-protocol.md tells firmware engineers of are those that the program gives.
@Suite struct ProtocolCodeTests {
  private static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// The rows of a table of the page that begin with a status.
  private static func codesOfThePage() throws -> Set<String> {
    let page = try String(
      contentsOf: root.appendingPathComponent("docs/validator-protocol.md"), encoding: .utf8)
    var codes: Set<String> = []
    for line in page.split(separator: "\n") {
      let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
      guard cells.count == 3, cells[0].wholeMatch(of: /[0-9]{3}/) != nil else { continue }
      for match in cells[1].matches(of: /`([a-z_]+)`/) { codes.insert(String(match.output.1)) }
    }
    return codes
  }

  /// Ways in that other pages tell of.
  private static let otherWays = ["HeartbeatIntake.swift", "PositionIntake.swift"]

  /// All texts in quotes of some folders of the program.
  private static func literals(
    of folders: [String], named start: String = "", _ pattern: Regex<(Substring, Substring)>
  ) throws -> Set<String> {
    var found: Set<String> = []
    for folder in folders {
      let path = root.appendingPathComponent("Sources/\(folder)")
      let files = try FileManager.default.subpathsOfDirectory(atPath: path.path)
      for file in files
      where file.hasSuffix(".swift") && file.hasPrefix(start) && !otherWays.contains(file) {
        let text = try String(contentsOf: path.appendingPathComponent(file), encoding: .utf8)
        for match in text.matches(of: pattern) { found.insert(String(match.output.1)) }
      }
    }
    return found
  }

  @Test func everyCodeOfThePageIsOneOfTheProgram() throws {
    let page = try Self.codesOfThePage().subtracting(["pointer"])
    #expect(page.count > 40)
    let known = try Self.literals(of: ["Tapping", "Intake", "Web"], /"([a-z_]+)"/)
    #expect(page.subtracting(known).sorted() == [])
  }

  /// What the way in of batches and sessions refuses with, but for faults of single members.
  @Test func everyRefusalOfTheWayInStandsOnThePage() throws {
    let page = try String(
      contentsOf: Self.root.appendingPathComponent("docs/validator-protocol.md"), encoding: .utf8)
    let refusals = try Self.literals(of: ["Intake"], /code: "([a-z_]+)"/)
      .union(
        try Self.literals(
          of: ["Web"], named: "Edge",
          /(?:requestTimeout|HeaderFieldsTooLarge|serviceUnavailable),\s*"([a-z_]+)"/))
    #expect(refusals.count > 15)
    let missing = refusals.filter { !page.contains("`\($0)`") }
    #expect(missing.sorted() == [])
  }
}
