import Foundation
import Oracles
import Testing

@Suite struct FuzzSeedTests {
  /// What the fuzzers begin with, and what once broke something: such an input goes into `Fuzz/Seeds/NAME`.
  ///
  /// One that makes a reader trap again ends the tests here.
  @Test(arguments: ReaderTrial.allCases)
  func theInputsOfTheFuzzersBreakNothing(_ trial: ReaderTrial) throws {
    let folder = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Fuzz/Seeds").appendingPathComponent(trial.rawValue)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    #expect(names.count >= 2)
    for name in names {
      let input = Array(try Data(contentsOf: folder.appendingPathComponent(name)))
      #expect(trial.run(input).isEmpty, "\(trial.rawValue)/\(name)")
    }
  }
}
