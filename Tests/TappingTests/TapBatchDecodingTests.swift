import Basics
import Tapping
import Testing
import Transit

@Suite struct TapBatchDecodingTests {
  @Test func theExampleOfTheContractIsRead() throws {
    let batch = try TapBatchJSON.decode(example())
    let tap = Tap(
      seq: 1201, at: try #require(Instant(iso8601: "2026-11-22T07:30:58.001Z")), kind: .single,
      medium: .card, token: [0, 1, 2, 3, 4], riders: 1, result: .accepted, vehicle: "1603",
      route: "15", direction: 0, coordinate: Coordinate(latitude: 56.951, longitude: 24.113))
    #expect(
      batch
        == TapBatch(
          device: "V-0042", epoch: 3,
          sentAt: try #require(Instant(iso8601: "2026-11-22T07:31:05.120Z")),
          tariffVersion: "2026-11", denyListVersion: 17, taps: [tap]))
  }

  @Test func aTapNeedsOnlyFiveKeys() throws {
    let text = """
      {"taps":[{"token":"_-8","medium":"qr","kind":"off","at":"2026-11-22T09:30:58+02:00","seq":1}],
      "sent_at":"2026-11-22T07:31:05Z","epoch":0,"device":"V"}
      """
    let tap = try TapBatchJSON.decode(Array(text.utf8)).taps[0]
    #expect(
      tap
        == Tap(
          seq: 1, at: try #require(Instant(iso8601: "2026-11-22T07:30:58Z")), kind: .off,
          medium: .qr, token: [0xFF, 0xEF]))
  }

  /// What is replaced in the example, by what, and the fault that comes of it.
  struct Case: CustomTestStringConvertible {
    let part: String
    let other: String
    let pointer: String
    let code: String
    let kind: TapBatchFault.Kind
    var testDescription: String { "\(part) -> \(other.prefix(40))" }

    init(
      _ part: String, _ other: String, _ pointer: String, _ code: String,
      _ kind: TapBatchFault.Kind = .malformed
    ) {
      self.part = part
      self.other = other
      self.pointer = pointer
      self.code = code
      self.kind = kind
    }
  }

  static let wrongValues: [Case] = [
    Case("\"V-0042\"", "42", "/device", "wrong_type"),
    Case("\"V-0042\"", "\"\"", "/device", "empty_text", .impossible),
    Case("\"V-0042\"", "null", "/device", "wrong_type"),
    Case("\"epoch\": 3", "\"epoch\": -1", "/epoch", "epoch_out_of_range", .impossible),
    Case(
      "\"epoch\": 3", "\"epoch\": 9007199254740993", "/epoch", "epoch_out_of_range", .impossible),
    Case("\"epoch\": 3", "\"epoch\": 3.0", "/epoch", "not_whole"),
    Case("\"epoch\": 3", "\"epoch\": 3e0", "/epoch", "not_whole"),
    Case("\"epoch\": 3", "\"epoch\": \"3\"", "/epoch", "wrong_type"),
    Case("\"epoch\": 3", "\"epoch\": 03", "/epoch", "bad_number"),
    Case("\"epoch\": 3, ", "", "/epoch", "required"),
    Case("\"epoch\": 3", "\"epoch\": 3, \"epoch\": 3", "/epoch", "duplicate_key"),
    Case("\"epoch\": 3", "\"epoch\": 3, \"\\u0065poch\": 3", "/epoch", "duplicate_key"),
    Case("07:31:05.120Z", "07:31:05.120", "/sent_at", "bad_time"),
    Case("\"2026-11-22T07:31:05.120Z\"", "1795332600", "/sent_at", "wrong_type"),
    Case("17,", "\"17\",", "/deny_list_version", "wrong_type"),
    Case("[{", "{\"x\": [{", "/taps", "wrong_type"),
    Case("\"seq\": 1201", "\"seq\": \"1201\"", "/taps/0/seq", "wrong_type"),
    Case("\"seq\": 1201", "\"seq\": -5", "/taps/0/seq", "seq_out_of_range", .impossible),
    Case("\"seq\": 1201", "\"seq\": 0", "/taps/0/seq", "seq_out_of_range", .impossible),
    Case(
      "\"seq\": 1201", "\"seq\": 9223372036854775807", "/taps/0/seq", "seq_out_of_range",
      .impossible),
    Case("\"seq\": 1201", "\"seq\": 9223372036854775808", "/taps/0/seq", "number_too_large"),
    Case("\"seq\": 1201", "\"seq\": 18446744073709551617", "/taps/0/seq", "number_too_large"),
    Case(
      "\"seq\": 1201", "\"seq\": 1" + String(repeating: "0", count: 400), "/taps/0/seq",
      "number_too_large"),
    Case("\"seq\": 1201, ", "", "/taps/0/seq", "required"),
    Case("2026-11-22T07:30:58.001Z", "2026-02-30T07:30:58Z", "/taps/0/at", "bad_time"),
    Case("\"2026-11-22T07:30:58.001Z\"", "12", "/taps/0/at", "wrong_type"),
    Case("\"single\"", "\"Single\"", "/taps/0/kind", "unknown_kind"),
    Case("\"single\"", "true", "/taps/0/kind", "wrong_type"),
    Case("\"card\"", "\"cards\"", "/taps/0/medium", "unknown_medium"),
    Case("\"accepted\"", "\"ok\"", "/taps/0/result", "unknown_result"),
    Case(
      "\"accepted\"", "\"accepted\", \"deny_reason\": \"x\"", "/taps/0/deny_reason",
      "reason_without_denial", .impossible),
    Case("AAECAwQ", "", "/taps/0/token", "token_empty", .impossible),
    Case("AAECAwQ", "A", "/taps/0/token", "bad_base64url"),
    Case("AAECAwQ", "AA+/", "/taps/0/token", "bad_base64url"),
    Case("AAECAwQ", "AAECAwR", "/taps/0/token", "bad_base64url"),
    Case("AAECAwQ", "AAECAw==Q", "/taps/0/token", "bad_base64url"),
    Case(
      "AAECAwQ", String(repeating: "A", count: 87), "/taps/0/token", "token_too_long",
      .impossible),
    Case("AAECAwQ", "4111111111111111", "/taps/0/token", "card_number", .impossible),
    Case("AAECAwQ", "4111-1111-1111-1111", "/taps/0/token", "card_number", .impossible),
    Case("AAECAwQ", "\\u0034111111111111111", "/taps/0/token", "card_number", .impossible),
    Case("AAECAwQ", "NDExMTExMTExMTExMTExMQ", "/taps/0/token", "card_number", .impossible),
    Case("\"1603\"", "\"4111 1111 1111 1111\"", "/taps/0/vehicle", "card_number", .impossible),
    Case("\"1603\"", "\"a\\u0000b\"", "/taps/0/vehicle", "nul_character", .impossible),
    Case(
      "\"1603\"", "\"" + String(repeating: "я", count: 65) + "\"", "/taps/0/vehicle",
      "text_too_long", .impossible),
    Case("\"direction\": 0", "\"direction\": 0.5", "/taps/0/direction", "not_whole"),
    Case("\"riders\": 1", "\"riders\": true", "/taps/0/riders", "wrong_type"),
    Case("56.951", "1e999", "/taps/0/lat", "number_too_large"),
    Case("56.951", "\"56.951\"", "/taps/0/lat", "wrong_type"),
    Case("56.951", "NaN", "/taps/0/lat", "wrong_type"),
    Case("56.951", "56.", "/taps/0/lat", "not_json"),
    Case(", \"lon\": 24.113", "", "/taps/0/lon", "half_coordinate", .impossible),
    Case("\"1603\"", "\"16\\x03\"", "/taps/0/vehicle", "bad_escape"),
    Case("\"1603\"", "\"\\ud83d\"", "/taps/0/vehicle", "bad_escape"),
    Case("\"1603\"", "\"\\udc00\\ud83d\"", "/taps/0/vehicle", "bad_escape"),
    Case("\"1603\"", "\"\\ud83d\\u9999\"", "/taps/0/vehicle", "bad_escape"),
    Case("\"1603\"", "\"\\ud83d\\u0041\"", "/taps/0/vehicle", "bad_escape"),
    Case("\"1603\"", "\"16\n03\"", "/taps/0/vehicle", "control_character"),
    Case(
      "\"riders\": 1",
      "\"x\": " + String(repeating: "[", count: 500) + String(repeating: "]", count: 500),
      "/taps/0", "too_deep"),
    Case("\"riders\": 1", "\"x\": {\"y\": [1, 2,]}", "/taps/0", "not_json"),
    Case("\"riders\": 1", "\"riders\" 1", "/taps/0", "not_json"),
    Case("24.113}]}", "24.113},]}", "/taps/1", "not_json"),
    Case("24.113}]}", "24.113}]} {}", "", "not_json"),
    Case("{\"device\"", "\u{FEFF}{\"device\"", "", "not_json"),
  ]

  @Test(arguments: wrongValues) func aFaultNamesItsPlace(_ wrong: Case) throws {
    let fault = try #require(refusal(of: example(replacing: wrong.part, with: wrong.other)))
    #expect(fault.pointer == wrong.pointer)
    #expect(fault.code == wrong.code)
    #expect(fault.kind == wrong.kind)
    #expect(!fault.message.isEmpty)
  }

  @Test func aFaultSaysWhatWouldBeRight() throws {
    let fault = try #require(refusal(of: example(replacing: "\"single\"", with: "7")))
    #expect(
      fault.description
        == "/taps/0/kind: it must be a text: on, off or single; here stands a number [wrong_type]")
  }

  @Test(arguments: ["4111111111111111", "5555555555554444", "378282246310005"])
  func aCardNumberIsNeverRepeated(_ number: String) throws {
    for part in ["AAECAwQ", "1603", "V-0042"] {
      let fault = try #require(refusal(of: example(replacing: part, with: number)))
      #expect(fault.code == "card_number")
      #expect(!"\(fault)".contains(number.prefix(4)))
    }
  }

  @Test func bytesThatAreNotUTF8AreRefused() {
    let bad: [[UInt8]] = [
      [0x80], [0xC0, 0x80], [0xC3], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80],
      [0xF5, 0x80, 0x80, 0x80],
      [0xF0, 0x80, 0x80, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82], [0xFF],
    ]
    for bytes in bad {
      var body = example(replacing: "\"1603\"", with: "\"§\"")
      let place = body.firstRange(of: Array("§".utf8))
      if let place { body.replaceSubrange(place, with: bytes) }
      #expect(refusal(of: body)?.code == "not_utf8", "\(bytes)")
      #expect(refusal(of: body)?.pointer == "/taps/0/vehicle")
    }
  }

  @Test func aBodyCutOffAnywhereIsRefused() {
    let whole = example()
    for count in 0..<whole.count {
      let fault = refusal(of: Array(whole[..<count]))
      #expect(fault?.kind == .malformed, "after \(count) bytes")
    }
  }

  @Test func keysThatAreNotKnownAreSkipped() throws {
    let more = example(
      replacing: "\"riders\": 1",
      with: "\"riders\": 1, \"firmware\": {\"a\": [1, -2.5e3, \"\\ud83d\\ude8b\", null, {}]}")
    #expect(try TapBatchJSON.decode(more) == (try TapBatchJSON.decode(example())))
  }

  @Test func aKeyMayBeWrittenWithEscapes() throws {
    let escaped = example(replacing: "\"seq\"", with: "\"s\\u0065q\"")
    #expect(try TapBatchJSON.decode(escaped) == (try TapBatchJSON.decode(example())))
  }

  @Test func limitsHoldAtTheirEdge() throws {
    var world = World(seed: 1)
    let full = world.batch(seqs: 1...Int64(TapLimits.tapsPerBatchMax))
    var small = full
    for index in small.taps.indices {
      small.taps[index] = Tap(
        seq: Int64(index + 1), at: World.morning, kind: .on, medium: .card, token: [1])
    }
    #expect(try TapBatchJSON.decode(TapBatchJSON.encode(small)) == small)
    small.taps.append(small.taps[0])
    let tooMany = try #require(refusal(of: TapBatchJSON.encode(small)))
    #expect(tooMany.kind == .tooLarge)
    #expect(tooMany.code == "too_many_taps")

    var padded = example()
    padded += [UInt8](repeating: 0x20, count: TapLimits.bodyBytesMax - padded.count)
    #expect(refusal(of: padded) == nil)
    padded.append(0x20)
    #expect(refusal(of: padded)?.kind == .tooLarge)
    #expect(refusal(of: padded)?.code == "body_too_large")
  }

  @Test func aBatchWithoutTapsIsAnInquiry() throws {
    let text = """
      {"device":"V","epoch":1,"sent_at":"2026-11-22T07:31:05Z","taps":[]}
      """
    #expect(try TapBatchJSON.decode(Array(text.utf8)).taps.isEmpty)
  }

  @Test(arguments: ["", " ", "nonsense", "[]", "\"x\"", "null", "12", "{", "{}", "{\"taps\":[]}"])
  func whatIsNoBatchIsRefused(_ text: String) {
    #expect(refusal(of: Array(text.utf8))?.kind == .malformed)
  }
}
