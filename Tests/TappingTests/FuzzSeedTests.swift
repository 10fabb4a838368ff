import Foundation
import Oracles
import Tapping
import Testing

@Suite struct FuzzSeedTests {
  /// The inputs that a fuzzer begins with, by their names.
  private static func inputs(of trial: ReaderTrial) throws -> [(name: String, bytes: [UInt8])] {
    let folder = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Fuzz/Seeds").appendingPathComponent(trial.rawValue)
    return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().map {
      ($0, Array(try Data(contentsOf: folder.appendingPathComponent($0))))
    }
  }

  /// What the fuzzers begin with, and what once broke something: such an input goes into `Fuzz/Seeds/NAME`.
  ///
  /// One that makes a reader trap again ends the tests here.
  @Test(arguments: ReaderTrial.allCases)
  func theInputsOfTheFuzzersBreakNothing(_ trial: ReaderTrial) throws {
    let inputs = try Self.inputs(of: trial)
    #expect(inputs.count >= 2)
    for (name, input) in inputs {
      #expect(trial.run(input).isEmpty, "\(trial.rawValue)/\(name)")
    }
  }

  /// A reader that misread a form which our writer never writes would agree with itself.
  @Test func theInputsOfTheFuzzersAreReadAsOthersReadThem() throws {
    var readNames: Set<String> = []
    for (name, input) in try Self.inputs(of: .json) {
      guard let batch = try? TapBatchJSON.decode(input) else { continue }
      readNames.insert(name)
      #expect(FoundationReference.batch(input) == batch, "\(name)")
    }
    for (name, input) in try Self.inputs(of: .protobuf) {
      guard let batch = try? TapBatchProtobuf.decode(input) else { continue }
      readNames.insert(name)
      #expect(ProtobufReference.batch(input) == batch, "\(name)")
    }
    let wanted: Set<String> = [
      "batch.json", "forms.json", "unknown.json", "forms_body", "protobuf_body", "request_2_body",
    ]
    #expect(wanted.isSubset(of: readNames), "\(wanted.subtracting(readNames))")
  }
}
