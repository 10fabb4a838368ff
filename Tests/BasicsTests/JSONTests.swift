import Basics
import Testing

struct JSONReaderTests {
  /// Where and why a text is refused that should be an object of anything.
  private func fault(_ text: String) -> JSONFault? { fault(Array(text.utf8)) }

  private func fault(_ bytes: [UInt8]) -> JSONFault? {
    var reader = JSONReader(bytes)
    do throws(JSONFault) {
      try reader.skipValue()
      try reader.finish()
      return nil
    } catch {
      return error
    }
  }

  @Test(arguments: [
    "{}", "[]", "0", "-0", "-1.5e+10", "true", "false", "null", "\"\"", " [ 1 , 2 ] ",
    "{\"a\":{\"b\":[1,{\"c\":null}]}}", "\"\\u0041\\ud83d\\ude8b\\n\\/\"", "[1e5,1E-5,0.5]",
    "\t\r\n{\"їжак\":\"🚋\"}",
  ])
  func whatTheStandardAllowsIsRead(_ text: String) {
    #expect(fault(text) == nil)
  }

  @Test(
    arguments: [
      ("", ""), ("{", ""), ("[1,]", "/1"), ("{\"a\":1,}", "/a"), ("[1 2]", "/0"), ("01", ""),
      ("1.", ""), (".5", ""), ("+1", ""), ("1e", ""), ("-", ""), ("nul", ""), ("True", ""),
      ("NaN", ""), ("'a'", ""), ("\"a", ""), ("\"\\x\"", ""), ("\"\\u12g4\"", ""),
      ("\"\\ud83d\"", ""), ("\"\\ude8b\"", ""), ("\"\\u0000\"", ""), ("\"\u{01}\"", ""),
      ("{} x", ""), ("{\"a\" 1}", "/a"), ("{1:2}", ""),
      ("{\"a\":{\"b\":[0,{\"c\":x}]}}", "/a/b/1/c"),
      ("{\"a/b~c\":x}", "/a~1b~0c"), ("{\"a\":1,\"a\":2}", "/a"), ("[[],[],[[[!]]]]", "/2/0/0/0"),
      ("1e999", ""),
    ] as [(String, String)])
  func whatItForbidsIsRefusedAtItsPlace(_ text: String, _ pointer: String) {
    let found = fault(text)
    #expect(found?.pointer == pointer)
    #expect(found?.message.isEmpty == false)
  }

  @Test func textsAreUTF8() {
    #expect(fault([0x22, 0xFF, 0x22]) != nil)
    #expect(fault([0x22, 0xC3, 0x22]) != nil)
    #expect(fault([0x22, 0xED, 0xA0, 0x80, 0x22]) != nil)
  }

  @Test func depthHasALimit() {
    let deep = JSONReader.depthMax
    let open = { (count: Int) in String(repeating: "[", count: count) }
    let close = { (count: Int) in String(repeating: "]", count: count) }
    #expect(fault(open(deep) + close(deep)) == nil)
    #expect(fault(open(deep + 1) + close(deep + 1))?.message.contains("deeper") == true)
    #expect(fault(open(1_000_000)) != nil)
  }

  /// Each key is compared with all before it, so their number is bounded.
  @Test func membersHaveALimit() {
    let object = { (count: Int) in
      "{" + (0..<count).map { "\"k\($0)\":0" }.joined(separator: ",") + "}"
    }
    #expect(fault(object(JSONReader.membersMax)) == nil)
    let found = fault(object(JSONReader.membersMax + 1))
    #expect(found?.message.contains("more than 1000 members") == true)
  }

  @Test func numbersOf64BitsAreExact() throws {
    for value in [Int64.min, -1, 0, 1, 9_007_199_254_740_993, Int64.max] {
      var reader = JSONReader(Array("\(value)".utf8))
      #expect(try reader.int64() == value)
    }
    for text in ["9223372036854775808", "-9223372036854775809", "1.0", "1e2", "\"1\"", "true"] {
      var reader = JSONReader(Array(text.utf8))
      #expect(throws: JSONFault.self) { try reader.int64() }
    }
  }

  @Test func numbersWithAFractionAreRoundedOnce() throws {
    var generator = SeededGenerator(seed: 14)
    for _ in 0..<3000 {
      let digits = (0..<generator.integer(in: 1...19)).map { _ in
        String(generator.integer(in: 0...9))
      }.joined()
      let text = "\(generator.integer(in: -180...180)).\(digits)"
      var reader = JSONReader(Array(text.utf8))
      #expect(try reader.double() == Double(text))
    }
  }

  @Test func momentsAreRead() throws {
    var reader = JSONReader(Array("\"2026-11-22T07:30:58.001Z\"".utf8))
    #expect(try reader.instant().description == "2026-11-22T07:30:58.001Z")
    reader = JSONReader(Array("{\"at\":\"yesterday\"}".utf8))
    try reader.beginObject()
    #expect(try reader.nextKey() == "at")
    let fault = #expect(throws: JSONFault.self) { try reader.instant() }
    #expect(fault?.pointer == "/at")
  }

  @Test func whatIsWrittenIsReadBack() throws {
    var writer = JSONWriter()
    let text = "квиток \"\\/\u{01}\n\t🚋"
    writer.beginObject()
    writer.member("text", text)
    writer.member("whole", Int64.min)
    writer.member("share", 0.1)
    writer.member("large", 1e300)
    writer.member("is", true)
    writer.key("list")
    writer.beginArray()
    writer.null()
    writer.value(1.0)
    writer.beginObject()
    writer.endObject()
    writer.endArray()
    writer.endObject()
    var reader = JSONReader(writer.bytes)
    try reader.beginObject()
    var keys: [String] = []
    while let key = try reader.nextKey() {
      keys.append(key)
      switch key {
      case "text": #expect(try reader.string() == text)
      case "whole": #expect(try reader.int64() == .min)
      case "share": #expect(try reader.double() == 0.1)
      case "large": #expect(try reader.double() == 1e300)
      case "is": #expect(try reader.bool() == true)
      default: try reader.skipValue()
      }
    }
    try reader.finish()
    #expect(keys == ["text", "whole", "share", "large", "is", "list"])
    #expect(String(decoding: writer.bytes, as: UTF8.self).hasSuffix("\"list\":[null,1,{}]}"))
  }

  @Test(arguments: UInt64(1)...300)
  func anyBytesAreReadOrRefused(_ seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    var bytes = Array(
      "{\"device\":\"V-1\",\"taps\":[{\"seq\":1,\"lat\":5.6e1,\"x\":\"\\u0041є\",\"n\":null}]}".utf8
    )
    for _ in 0..<generator.integer(in: 1...4) {
      let at = generator.integer(in: 0...(bytes.count - 1))
      switch generator.integer(in: 0...2) {
      case 0: bytes[at] = UInt8(generator.integer(in: 0...255))
      case 1: bytes.remove(at: at)
      default: bytes.insert(bytes[generator.integer(in: 0...(bytes.count - 1))], at: at)
      }
    }
    if let found = fault(bytes) { #expect(!found.message.isEmpty) }
  }
}
