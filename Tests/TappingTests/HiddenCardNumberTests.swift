import Basics
import Tapping
import Testing
import Transit

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

  /// What a reader gives in the place of a token: tag 57 as text, in hexadecimal and packed, tag 5A packed.
  static let tokens: [[UInt8]] = [
    Array("4111111111111111=25122011234567890".utf8),
    Array("4111111111111111D25122011234567890F".utf8), Array("PAN:4111111111111111".utf8),
    [0x41, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11],
    [0x37, 0x82, 0x82, 0x24, 0x63, 0x10, 0x00, 0x5F],
    [
      0x41, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0xD2, 0x51, 0x22, 0x01, 0x12, 0x34, 0x56,
      0x78, 0x9F,
    ],
  ]

  private static func body(_ token: [UInt8], _ medium: MediumKind) -> TapBatch {
    var tap = Tap(
      seq: 1, at: Instant(microseconds: 1_795_332_658_001_000), kind: .single, medium: .card,
      token: [1, 2])
    let plain = tap
    (tap.seq, tap.medium, tap.token) = (2, medium, token)
    return TapBatch(
      device: "V-0042", epoch: 3, sentAt: Instant(microseconds: 1_795_332_665_120_000),
      taps: [plain, tap])
  }

  @Test(arguments: BatchFormat.allCases, [MediumKind.bank, .phone])
  func inATokenAsReadersGiveIt(_ format: BatchFormat, _ medium: MediumKind) throws {
    for token in Self.tokens {
      let bytes = TapBatchWire.encode(Self.body(token, medium), format)
      do throws(TapBatchFault) {
        _ = try TapBatchWire.outline(bytes, format)
        Issue.record("\(token) was taken")
      } catch {
        #expect(error.code == "card_number" && error.kind == .impossible)
        #expect(error.pointer == "/taps/1/token")
        #expect(!"\(error)".contains("1111"))
      }
      // What the journal holds from before stays readable.
      #expect(try TapBatchWire.decode(bytes, format).taps[1].token == token)
    }
  }

  @Test(arguments: BatchFormat.allCases)
  func packedDigitsOfATransitCardAreItsOwn(_ format: BatchFormat) throws {
    for token in Self.tokens.prefix(3) {
      let bytes = TapBatchWire.encode(Self.body(token, .card), format)
      #expect(throws: TapBatchFault.self) { try TapBatchWire.outline(bytes, format) }
    }
    for token in Self.tokens.dropFirst(3) {
      let bytes = TapBatchWire.encode(Self.body(token, .card), format)
      #expect(try TapBatchWire.outline(bytes, format).tapsCount == 2)
    }
  }

  @Test func randomTokensAreTaken() {
    var chance = SeededGenerator(seed: 5)
    var (ofAny, ofBank) = (0, 0)
    for _ in 0..<100_000 {
      let token = (0..<chance.integer(in: 4...32)).map { _ in
        UInt8(truncatingIfNeeded: chance.next())
      }
      let isAny = token.withUnsafeBytes { CardNumber.isHeld(by: $0, isOfBank: false) }
      let isBank = token.withUnsafeBytes { CardNumber.isHeld(by: $0, isOfBank: true) }
      if isAny { ofAny += 1 }
      if isBank { ofBank += 1 }
    }
    #expect(ofAny == 0)
    #expect(ofBank < 3)
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
