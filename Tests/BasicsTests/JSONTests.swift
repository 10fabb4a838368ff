import Basics
import Testing

@Suite struct JSONTests {
  private func value<T>(
    _ text: String, _ read: (inout JSONReader) throws(JSONFault) -> T
  ) throws(JSONFault) -> T {
    var reader = JSONReader(Array(text.utf8))
    let value = try read(&reader)
    try reader.finish()
    return value
  }

  @Test(
    arguments: [
      ("0", 0), ("-0", 0), (" 42 ", 42), ("9223372036854775807", .max),
      ("-9223372036854775808", .min),
    ] as [(String, Int64)])
  func aWholeNumberIsRead(text: String, number: Int64) throws {
    #expect(try value(text) { reader throws(JSONFault) in try reader.int64() } == number)
  }

  @Test(arguments: [
    "9223372036854775808", "-9223372036854775809", "1.0", "1e3", "01", "+1", "-", "", "\"1\"",
    "1 2",
  ])
  func whatIsNoWholeNumberIsRefused(text: String) {
    #expect(throws: JSONFault.self) {
      try value(text) { reader throws(JSONFault) in try reader.int64() }
    }
  }

  @Test func anyNumberIsReadAsTheStandardLibraryReadsIt() throws {
    var chance = SeededGenerator(seed: 3)
    for _ in 0..<5000 {
      let digits = chance.integer(in: 1...19)
      var text = String((0..<digits).map { _ in Character("\(chance.integer(in: 1...9))") })
      if chance.chance(0.7) {
        let point = chance.integer(in: 1...digits)
        text.insert(contentsOf: ".5", at: text.index(text.startIndex, offsetBy: point))
      }
      if chance.chance(0.2) { text += "e\(chance.integer(in: -30...30))" }
      if chance.chance(0.3) { text = "-" + text }
      let expected = try #require(Double(text))
      #expect(try value(text) { reader throws(JSONFault) in try reader.double() } == expected)
    }
  }

  @Test(arguments: [
    (#""""#, ""), (#""a\"\\\/\b\f\n\r\t""#, "a\"\\/\u{8}\u{C}\n\r\t"),
    (#""\u043a\u0432\ud83d\ude8b""#, "кв🚋"), (#""квиток""#, "квиток"),
  ])
  func aTextIsRead(text: String, expected: String) throws {
    #expect(try value(text) { reader throws(JSONFault) in try reader.string() } == expected)
  }

  @Test(arguments: [
    "\"", "\"a", "\"\\", "\"\\x\"", "\"\\u12\"", "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"\\u0000\"",
    "\"\n\"", "a",
  ])
  func whatIsNoTextIsRefused(text: String) {
    #expect(throws: JSONFault.self) {
      try value(text) { reader throws(JSONFault) in try reader.string() }
    }
  }

  @Test func bytesThatAreNotUTF8AreRefused() {
    var reader = JSONReader([0x22, 0xC3, 0x28, 0x22])
    #expect(throws: JSONFault.self) { try reader.string() }
  }

  @Test func aFaultDeepInsideKnowsItsPlace() {
    let text = #"{"a": [{"x": 1}, {"b/c": {"~": [0, 1, oops]}}]}"#
    let fault = #expect(throws: JSONFault.self) {
      try value(text) { reader throws(JSONFault) in try reader.skipValue() }
    }
    #expect(fault?.pointer == "/a/1/b~1c/~0/2")
  }

  @Test func nestingHasALimit() throws {
    func nested(_ depth: Int) -> String {
      String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    try value(nested(JSONReader.depthMax)) { reader throws(JSONFault) in try reader.skipValue() }
    #expect(throws: JSONFault.self) {
      try value(nested(JSONReader.depthMax + 1)) { reader throws(JSONFault) in
        try reader.skipValue()
      }
    }
    #expect(throws: JSONFault.self) {
      try value(nested(100_000)) { reader throws(JSONFault) in try reader.skipValue() }
    }
  }

  @Test func whatIsWrittenIsReadBack() throws {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("text", "a\"b\\c\n\u{1}кв")
    writer.member("whole", Int64.min)
    writer.member("number", 0.1)
    writer.member("yes", true)
    writer.key("list")
    writer.beginArray()
    writer.value(1)
    writer.null()
    writer.raw("{}")
    writer.endArray()
    writer.endObject()
    #expect(
      String(decoding: writer.bytes, as: UTF8.self)
        == #"{"text":"a\"b\\c\n\u0001кв","whole":-9223372036854775808,"number":0.1,"yes":true,"#
        + #""list":[1,null,{}]}"#)
    var reader = JSONReader(writer.bytes)
    try reader.beginObject()
    #expect(try reader.nextKey() == "text")
    #expect(try reader.string() == "a\"b\\c\n\u{1}кв")
    #expect(try reader.nextKey() == "whole")
    #expect(try reader.int64() == .min)
    #expect(try reader.nextKey() == "number")
    #expect(try reader.double() == 0.1)
    #expect(try reader.nextKey() == "yes")
    #expect(try reader.bool())
    #expect(try reader.nextKey() == "list")
    #expect(reader.next == .array)
    try reader.skipValue()
    #expect(try reader.nextKey() == nil)
    try reader.finish()
  }
}
