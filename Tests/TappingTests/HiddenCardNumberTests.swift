import Tapping
import Testing

/// A card number must not reach the journal under a key or in a field that is not known either.
@Suite struct HiddenCardNumberTests {
  @Test(arguments: [
    ("4111111111111111", true), ("pan=4111111111111111;exp=2912", true),
    ("4111 1111 1111 1111", true), ("x4111-1111-1111-1111", true), ("5555555555554444\n", true),
    ("378282246310005", true), ("4111111111111112", false), ("1795332658001000", false),
    ("2026-11-22 07:30:58", false), ("4111  1111  1111  1111", false),
    ("41111111111111110000000", false), ("", false), ("411111111111111", false),
  ]) func aNumberBesideOtherWordsIsFound(_ text: String, _ isHidden: Bool) {
    #expect(Array(text.utf8).withUnsafeBytes { CardNumber.isHidden(in: $0) } == isHidden)
  }

  @Test(arguments: [
    "\"4111111111111111\"", "4111111111111111", "-4111111111111111", "4111111111111111.0",
    "4111111111111111e0", "[1, [\"4111 1111 1111 1111\"]]", "{\"a\": {\"b\": 5555555555554444}}",
    "{\"4111111111111111\": 1}", "\"card \\u0034111111111111111\"", "\"\\n378282246310005\"",
  ]) func underAKeyThatIsNotKnown(_ value: String) throws {
    for part in ["\"riders\": 1", "\"epoch\": 3"] {
      let body = example(replacing: part, with: part + ", \"x\": " + value)
      let fault = try #require(refusal(of: body), "\(value)")
      #expect(fault.code == "card_number")
      #expect(fault.kind == .impossible)
      #expect(!"\(fault)".contains("1111") && !"\(fault)".contains("5555"))
    }
  }

  @Test func asAKeyThatIsNotKnown() {
    for key in ["4111111111111111", "pan 4111-1111-1111-1111"] {
      let body = example(replacing: "\"riders\": 1", with: "\"riders\": 1, \"\(key)\": 1")
      #expect(refusal(of: body)?.code == "card_number")
    }
  }

  @Test(arguments: [
    "17953326580010001", "24.4111111111111111", "\"2026-11-22T07:30:58Z\"", "4111111111111112",
    "\"0e1f4111-1111-1111-1111-111111111111\"", "123456789012345678901234567890",
  ]) func otherNumbersMayStandThere(_ value: String) {
    let body = example(replacing: "\"riders\": 1", with: "\"riders\": 1, \"x\": " + value)
    #expect(refusal(of: body) == nil)
  }

  @Test func inAFieldThatIsNotKnown() throws {
    let number: UInt64 = 4_111_111_111_111_111
    let text = Array("4111111111111111".utf8)
    // A length of 48 is the digit 0: the number must be found behind it all the same.
    let long = text + [UInt8](repeating: 0x2E, count: 32)
    let fields = [
      HandProtobuf().number(99, number), HandProtobuf().fixed(99, number),
      HandProtobuf().fixed(99, Double(number).bitPattern), HandProtobuf().data(99, text),
      HandProtobuf().data(99, Array("pan=".utf8) + text + [0xFF]),
      HandProtobuf().data(99, HandProtobuf().data(1, long).bytes),
      HandProtobuf().data(99, HandProtobuf().number(1, number).bytes),
      HandProtobuf().data(99, HandProtobuf().data(2, HandProtobuf().fixed(3, number).bytes).bytes),
    ]
    for field in fields {
      for body in [
        HandProtobuf.batch(HandProtobuf.tap.raw(field.bytes)),
        HandProtobuf.batch(HandProtobuf.tap) + field.bytes,
      ] {
        let fault = try #require(refusal(ofProtobuf: body))
        #expect(fault.code == "card_number")
        #expect(fault.kind == .impossible)
        #expect(!"\(fault)".contains("1111"))
      }
    }
  }
}
