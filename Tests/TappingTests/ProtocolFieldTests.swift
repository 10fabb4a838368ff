import Basics
import Foundation
import SwiftProtobuf
import TapBatchMessages
import Tapping
import Testing
import Transit

/// Firmware is made by `tap_batch.proto` and by the page: their names and numbers are those that are read.
@Suite struct ProtocolFieldTests {
  private static func text(_ path: String) throws -> String {
    let root = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    return try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
  }

  private static func proto() throws -> ProtoFile {
    let proto = try ProtoFile(text("Sources/Tapping/Proto/tap_batch.proto"))
    #expect(proto.messages.count == 5 && proto.enums.count == 3)
    return proto
  }

  private static func page() throws -> String { try text("docs/validator-protocol.md") }

  // MARK: the reader

  /// The head of a field.
  private static func head(_ number: Int, _ wireType: UInt8) -> [UInt8] {
    let key = number << 3 | Int(wireType)
    return key < 128 ? [UInt8(key)] : [UInt8(key & 127 | 128), UInt8(key >> 7)]
  }

  /// How the reader knows a field: its place and wire type, told by the fault of another wire type.
  private static func known(_ number: Int, inTapsOf taps: Int?) -> String? {
    var body = head(number, 5) + [0, 0, 0, 0]
    if let taps { body = head(taps, 2) + [UInt8(body.count)] + body }
    do throws(TapBatchFault) {
      _ = try TapBatchProtobuf.decode(body)
      return "a batch of nothing is read"
    } catch {
      guard error.code == "wrong_type" else { return nil }
      return "\(error.pointer) \(error.message.prefix { $0 != ";" })"
    }
  }

  @Test func theReaderKnowsTheFieldsOfTheFileByTheirNumbers() throws {
    let proto = try Self.proto()
    let batch = try #require(proto.messages["TapBatch"])
    let taps = try #require(batch.first { $0.name == "taps" }).number
    for (name, place, outer) in [("TapBatch", "/", nil), ("Tap", "/taps/0/", taps)] {
      let fields = try #require(proto.messages[name])
      for number in 1...200 {
        let field = fields.first { $0.number == number }
        let expected = field.map {
          "\(place)\($0.name) it must have wire type \(proto.wireType(of: $0))"
        }
        #expect(Self.known(number, inTapsOf: outer) == expected, "\(name) \(number)")
      }
    }
  }

  /// What the reader makes of a tap with some numbers of enums; nil when it refuses them.
  private static func read(kind: Int = 3, medium: Int = 1, result: Int = 1) throws -> Tap? {
    var tap = Kvytok_V1_Tap()
    tap.seq = 1
    tap.at = World.morning.microseconds
    tap.kind = try #require(Kvytok_V1_TapKind(rawValue: kind))
    tap.medium = try #require(Kvytok_V1_Medium(rawValue: medium))
    tap.result = try #require(Kvytok_V1_TapResult(rawValue: result))
    tap.token = Data([1, 2, 3])
    var batch = Kvytok_V1_TapBatch()
    batch.device = "V-1"
    batch.epoch = 0
    batch.sentAt = World.morning.microseconds
    batch.taps = [tap]
    let body: [UInt8] = try batch.serializedBytes()
    return try? TapBatchProtobuf.decode(body).taps.first
  }

  @Test func theReaderKnowsTheValuesOfTheFileByTheirNumbers() throws {
    let proto = try Self.proto()
    let (kinds, media) = (proto.words(of: "TapKind"), proto.words(of: "Medium"))
    let results = proto.words(of: "TapResult")
    #expect(kinds.count == 3 && media.count == 4 && results.count == 2)
    for number in 0...20 {
      #expect(try Self.read(kind: number)?.kind.rawValue == kinds[number], "kind \(number)")
      #expect(try Self.read(medium: number)?.medium.rawValue == media[number], "medium \(number)")
      let result = try Self.read(result: number)?.result
      let word = result.map { $0 == .accepted ? "accepted" : "denied" }
      #expect(word == results[number], "result \(number)")
    }
  }

  // MARK: the generated code

  /// A value of a field on the wire, and as JSON.
  private static func sample(_ field: ProtoFile.Field, _ proto: ProtoFile) -> ([UInt8], String) {
    let bytes: [UInt8]
    let json: String
    switch field.type {
    case "string": (bytes, json) = ([1, 0x61], "\"a\"")
    case "bytes": (bytes, json) = ([1, 0x61], "\"YQ==\"")
    case "sfixed64": (bytes, json) = ([1, 0, 0, 0, 0, 0, 0, 0], "\"1\"")
    case "double": (bytes, json) = ([0, 0, 0, 0, 0, 0, 0xE0, 0x3F], "0.5")
    case "int64": (bytes, json) = (field.isRepeated ? [1, 1] : [1], "\"1\"")
    default:
      let value = proto.enums[field.type]?.first { $0.value == 1 }?.key
      (bytes, json) = value.map { ([1], "\"\($0)\"") } ?? ([0], "{}")
    }
    return (
      head(field.number, proto.wireType(of: field)) + bytes, field.isRepeated ? "[\(json)]" : json
    )
  }

  /// The code that tests hold the reader and the writer against was made of the file as it stands.
  @Test func theGeneratedCodeIsOfTheFile() throws {
    let proto = try Self.proto()
    let types: [String: any Message.Type] = [
      "TapBatch": Kvytok_V1_TapBatch.self, "Tap": Kvytok_V1_Tap.self,
      "TapBatchAnswer": Kvytok_V1_TapBatchAnswer.self,
      "RejectedTap": Kvytok_V1_RejectedTap.self, "Gap": Kvytok_V1_Gap.self,
    ]
    #expect(Set(types.keys) == Set(proto.messages.keys))
    var options = JSONEncodingOptions()
    options.preserveProtoFieldNames = true
    for (name, type) in types {
      let fields = try #require(proto.messages[name])
      for field in fields {
        let (bytes, json) = Self.sample(field, proto)
        let told = try type.init(serializedBytes: bytes).jsonString(options: options)
        #expect(told == "{\"\(field.name)\":\(json)}", "\(name)")
      }
      for number in 1...200 where !fields.contains(where: { $0.number == number }) {
        for (wireType, value) in [(UInt8(0), [UInt8(1)]), (1, [1, 0, 0, 0, 0, 0, 0, 0]), (2, [0])] {
          let message = try type.init(serializedBytes: Self.head(number, wireType) + value)
          #expect(try message.jsonString(options: options) == "{}", "\(name) \(number)")
        }
      }
    }
  }

  // MARK: the page

  /// The rows of the page's table whose first column has a title, by the names of fields.
  private static func rows(titled title: String) throws -> [String: (column: String, what: String)]
  {
    var rows: [String: (column: String, what: String)] = [:]
    var isInside = false
    for line in try page().split(separator: "\n", omittingEmptySubsequences: false) {
      let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
      guard line.hasPrefix("|"), cells.count == 3 else {
        isInside = false
        continue
      }
      if cells[1] == "protobuf" { isInside = cells[0] == title }
      let names = cells[0].matches(of: /`([a-z_]+)`/).map { String($0.output.1) }
      guard isInside, !names.isEmpty else { continue }
      // Fields that share a row have their numbers in their order, and one type.
      let parts = cells[1].split(separator: ", ")
      for (place, name) in names.enumerated() where parts.count == names.count + 1 {
        rows[name] = ("\(parts[place]), \(parts[names.count])", cells[2])
      }
    }
    return rows
  }

  @Test func thePageTellsTheNumbersAndTypesOfTheFile() throws {
    let proto = try Self.proto()
    for (name, title) in [("TapBatch", "field"), ("Tap", "field of a tap")] {
      let rows = try Self.rows(titled: title)
      let fields = try #require(proto.messages[name])
      #expect(Set(rows.keys) == Set(fields.map(\.name)), "\(name)")
      for field in fields {
        let isMessage = proto.messages[field.type] != nil
        let type = isMessage ? "message" : proto.enums[field.type] != nil ? "enum" : field.type
        let told = "\(field.number), \(field.isRepeated ? "repeated " : "")\(type)"
        #expect(rows[field.name]?.column == told, "\(name)")
        guard type == "enum" else { continue }
        let values = try #require(rows[field.name]).what.matches(of: /`([a-z]+)` ([0-9]+)/)
          .map { "\($0.output.1) \($0.output.2)" }
        #expect(
          values
            == proto.words(of: field.type).sorted { $0.key < $1.key }
            .map { "\($0.value) \($0.key)" })
      }
    }
  }

  @Test func thePageTellsTheNumbersOfTheAnswer() throws {
    let proto = try Self.proto()
    var expected: [String] = []
    for field in try #require(proto.messages["TapBatchAnswer"]) {
      for told in [field] + (proto.messages[field.type] ?? []) {
        expected.append("\(told.name) \(told.number)")
      }
    }
    let page = try Self.page()
    let start = try #require(page.firstRange(of: "In protobuf: `accepted`"))
    let paragraph = page[start.lowerBound...]
    let end = paragraph.firstRange(of: "\n\n")?.lowerBound ?? paragraph.endIndex
    let told = paragraph[..<end].matches(of: /`([a-z_]+)`\s+([0-9]+)/)
      .map { "\($0.output.1) \($0.output.2)" }
    #expect(told == expected)
  }
}
