import Basics
import Tapping
import Testing
import Transit

/// Writes protobuf by hand, also what no writer would write.
struct HandProtobuf {
  private(set) var bytes: [UInt8] = []

  static func varint(_ value: UInt64) -> [UInt8] {
    var rest = value
    var bytes: [UInt8] = []
    while rest >= 0x80 {
      bytes.append(UInt8(rest & 0x7F) | 0x80)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }

  func number(_ field: UInt64, _ value: UInt64) -> HandProtobuf {
    raw(Self.varint(field << 3) + Self.varint(value))
  }

  func fixed(_ field: UInt64, _ value: UInt64) -> HandProtobuf {
    raw(Self.varint(field << 3 | 1) + (0..<8).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) })
  }

  func data(_ field: UInt64, _ value: [UInt8]) -> HandProtobuf {
    raw(Self.varint(field << 3 | 2) + Self.varint(UInt64(value.count)) + value)
  }

  func text(_ field: UInt64, _ value: String) -> HandProtobuf { data(field, Array(value.utf8)) }

  func raw(_ more: [UInt8]) -> HandProtobuf {
    var copy = self
    copy.bytes += more
    return copy
  }

  /// The smallest tap that is one.
  static let tap = HandProtobuf().number(1, 1201).fixed(2, 1_795_332_658_001_000).number(3, 3)
    .number(4, 1).data(5, [0, 1, 2])
  /// The head of a batch.
  static let head = HandProtobuf().text(1, "V-0042").number(2, 3).fixed(3, 1_795_332_665_120_000)

  /// A batch of one tap.
  static func batch(_ tap: HandProtobuf) -> [UInt8] { head.data(6, tap.bytes).bytes }
}

/// The fault of a protobuf body; nil when it is read.
func refusal(ofProtobuf bytes: [UInt8]) -> TapBatchFault? {
  do throws(TapBatchFault) {
    _ = try TapBatchWire.decode(bytes, .protobuf)
    return nil
  } catch {
    return error
  }
}

@Suite struct ProtobufDecodingTests {
  typealias Kind = TapBatchFault.Kind

  @Test func theSmallestBatchIsRead() throws {
    let batch = try TapBatchWire.decode(HandProtobuf.batch(HandProtobuf.tap), .protobuf)
    #expect(
      batch
        == TapBatch(
          device: "V-0042", epoch: 3, sentAt: Instant(microseconds: 1_795_332_665_120_000),
          taps: [
            Tap(
              seq: 1201, at: Instant(microseconds: 1_795_332_658_001_000), kind: .single,
              medium: .card, token: [0, 1, 2])
          ]))
    #expect(try TapBatchWire.decode(HandProtobuf.head.bytes, .protobuf).taps.isEmpty)
  }

  /// What is put behind the smallest tap, and the fault that comes of it.
  static let tapFaults: [(HandProtobuf, String, String, Kind)] = {
    let more = HandProtobuf()
    return [
      (more.number(1, 1), "/taps/0/seq", "duplicate_key", .malformed),
      (more.fixed(6, 1), "/taps/0/riders", "wrong_type", .malformed),
      (more.data(6, [1]), "/taps/0/riders", "wrong_type", .malformed),
      (more.number(8, 5), "/taps/0/vehicle", "wrong_type", .malformed),
      (more.text(8, ""), "/taps/0/vehicle", "empty_text", .impossible),
      (more.data(8, [0xC3]), "/taps/0/vehicle", "not_utf8", .malformed),
      (more.data(8, [0xED, 0xA0, 0x80]), "/taps/0/vehicle", "not_utf8", .malformed),
      (more.text(8, "a\0b"), "/taps/0/vehicle", "nul_character", .impossible),
      (
        more.text(8, String(repeating: "k", count: 129)), "/taps/0/vehicle", "text_too_long",
        .impossible
      ),
      (more.text(8, "4111111111111111"), "/taps/0/vehicle", "card_number", .impossible),
      (more.number(7, 0), "/taps/0/result", "unknown_result", .malformed),
      (more.number(7, 3), "/taps/0/result", "unknown_result", .malformed),
      (more.text(16, "x"), "/taps/0/deny_reason", "reason_without_denial", .impossible),
      (more.fixed(14, 0), "/taps/0/lon", "half_coordinate", .impossible),
      (more.fixed(15, 0), "/taps/0/lat", "half_coordinate", .impossible),
      (more.fixed(14, Double.nan.bitPattern), "/taps/0/lat", "bad_number", .malformed),
      (more.fixed(15, Double.infinity.bitPattern), "/taps/0/lon", "bad_number", .malformed),
      (more.raw([0x30, 0x81, 0x00]), "/taps/0/riders", "overlong_number", .malformed),
      (more.raw([0xB0, 0x00, 0x01]), "/taps/0", "overlong_number", .malformed),
      (
        more.raw([0x30] + [UInt8](repeating: 0xFF, count: 9) + [0x02]), "/taps/0/riders",
        "number_too_large", .malformed
      ),
      (
        more.raw([0x30] + [UInt8](repeating: 0xFF, count: 11)), "/taps/0/riders",
        "number_too_large", .malformed
      ),
      (more.raw([0x30]), "/taps/0/riders", "cut_off", .malformed),
      (more.raw([0x42, 0x05, 0x41]), "/taps/0/vehicle", "cut_off", .malformed),
      (more.raw([0x71, 0x00]), "/taps/0/lat", "cut_off", .malformed),
      (more.raw([0x00]), "/taps/0", "bad_field_number", .malformed),
      (more.raw([0x02, 0x00]), "/taps/0", "bad_field_number", .malformed),
      (
        more.raw(HandProtobuf.varint(1 << 32) + [0]), "/taps/0", "bad_field_number", .malformed
      ),
      (more.raw([0xA3, 0x01, 0xA4, 0x01]), "/taps/0", "bad_wire_type", .malformed),
      (more.raw([0xA6, 0x01]), "/taps/0", "bad_wire_type", .malformed),
      (more.raw([0xA5, 0x01, 1, 2, 3]), "/taps/0", "cut_off", .malformed),
      (more.raw([0xA2, 0x01, 9, 1]), "/taps/0", "cut_off", .malformed),
    ]
  }()

  @Test(arguments: tapFaults.indices) func aFaultOfATapNamesItsPlace(_ index: Int) throws {
    let (more, pointer, code, kind) = Self.tapFaults[index]
    let fault = try #require(
      refusal(ofProtobuf: HandProtobuf.batch(HandProtobuf.tap.raw(more.bytes))))
    #expect(fault.pointer == pointer)
    #expect(fault.code == code)
    #expect(fault.kind == kind)
    #expect(!fault.message.isEmpty)
  }

  /// Taps that lack something or hold a wrong value from the start.
  static let wrongTaps: [(HandProtobuf, String, String)] = {
    let time: UInt64 = 1_795_332_658_001_000
    func tap(
      seq: UInt64 = 1, at: UInt64 = time, kind: UInt64 = 1, medium: UInt64 = 1,
      token: [UInt8] = [1]
    ) -> HandProtobuf {
      HandProtobuf().number(1, seq).fixed(2, at).number(3, kind).number(4, medium).data(5, token)
    }
    return [
      (tap(seq: 0), "/taps/0/seq", "seq_out_of_range"),
      (tap(seq: UInt64(Int64.max)), "/taps/0/seq", "seq_out_of_range"),
      (tap(seq: .max), "/taps/0/seq", "seq_out_of_range"),
      (tap(at: .max >> 1), "/taps/0/at", "bad_time"),
      (tap(at: 1 << 63), "/taps/0/at", "bad_time"),
      (tap(kind: 0), "/taps/0/kind", "unknown_kind"),
      (tap(kind: 1 << 32 | 1), "/taps/0/kind", "unknown_kind"),
      (tap(medium: 5), "/taps/0/medium", "unknown_medium"),
      (tap(token: []), "/taps/0/token", "token_empty"),
      (tap(token: [UInt8](repeating: 1, count: 65)), "/taps/0/token", "token_too_long"),
      (tap(token: Array("4111111111111111".utf8)), "/taps/0/token", "card_number"),
      (tap(token: Array("4111 1111 1111 1111".utf8)), "/taps/0/token", "card_number"),
      (HandProtobuf(), "/taps/0/seq", "required"),
      (HandProtobuf().number(1, 1), "/taps/0/at", "required"),
      (HandProtobuf().number(1, 1).fixed(2, time), "/taps/0/kind", "required"),
    ]
  }()

  @Test(arguments: wrongTaps.indices) func aWrongTapNamesItsPlace(_ index: Int) throws {
    let (tap, pointer, code) = Self.wrongTaps[index]
    let fault = try #require(refusal(ofProtobuf: HandProtobuf.batch(tap)))
    #expect(fault.pointer == pointer)
    #expect(fault.code == code)
  }

  @Test func aWrongHeadNamesItsPlace() {
    let head = HandProtobuf.head
    let cases: [([UInt8], String, String)] = [
      ([], "/device", "required"),
      (HandProtobuf().text(1, "V").bytes, "/epoch", "required"),
      (head.text(1, "V").bytes, "/device", "duplicate_key"),
      (HandProtobuf().number(2, .max).bytes, "/epoch", "epoch_out_of_range"),
      (HandProtobuf().number(2, 9_007_199_254_740_993).bytes, "/epoch", "epoch_out_of_range"),
      (HandProtobuf().number(1, 1).bytes, "/device", "wrong_type"),
      (head.number(6, 1).bytes, "/taps", "wrong_type"),
      (head.data(5, [1]).bytes, "/deny_list_version", "wrong_type"),
      (Array("{\"device\":\"V\"}".utf8), "", "bad_wire_type"),
      (Array("nonsense".utf8), "", "bad_wire_type"),
    ]
    for (bytes, pointer, code) in cases {
      let fault = refusal(ofProtobuf: bytes)
      #expect(fault?.pointer == pointer, "\(bytes)")
      #expect(fault?.code == code, "\(bytes)")
    }
  }

  @Test func aBodyCutOffAnywhereIsRefusedOrLacksItsTap() {
    let whole = HandProtobuf.batch(HandProtobuf.tap)
    for count in 0..<whole.count where count != HandProtobuf.head.bytes.count {
      #expect(refusal(ofProtobuf: Array(whole[..<count]))?.kind == .malformed, "after \(count)")
    }
  }

  @Test func fieldsThatAreNotKnownAreSkipped() throws {
    let more = HandProtobuf().number(99, .max).fixed(100, 7).data(101, [1, 2, 0xFF])
      .raw([0xB5, 0x06, 1, 2, 3, 4]).number(536_870_911, 1)
    let batch = HandProtobuf.batch(HandProtobuf.tap.raw(more.bytes)) + more.bytes
    #expect(
      try TapBatchWire.decode(batch, .protobuf)
        == TapBatchWire.decode(HandProtobuf.batch(HandProtobuf.tap), .protobuf))
  }

  @Test func limitsHoldAtTheirEdge() {
    var full = HandProtobuf.head
    for _ in 0..<TapLimits.tapsPerBatchMax { full = full.data(6, HandProtobuf.tap.bytes) }
    #expect(refusal(ofProtobuf: full.bytes) == nil)
    let tooMany = refusal(ofProtobuf: full.data(6, HandProtobuf.tap.bytes).bytes)
    #expect(tooMany?.code == "too_many_taps")
    #expect(tooMany?.kind == .tooLarge)
    let padding = TapLimits.bodyBytesMax - HandProtobuf.head.bytes.count - 5
    let padded = HandProtobuf.head.data(99, [UInt8](repeating: 0, count: padding))
    #expect(padded.bytes.count == TapLimits.bodyBytesMax)
    #expect(refusal(ofProtobuf: padded.bytes) == nil)
    #expect(refusal(ofProtobuf: padded.bytes + [0])?.code == "body_too_large")
  }

  @Test(arguments: 1...40) func whatIsWrittenIsReadBack(_ seed: UInt64) throws {
    var world = World(seed: seed)
    let batch = world.batch(seqs: [1, 2, 7, TapLimits.seqMax])
    for format in BatchFormat.allCases {
      #expect(try TapBatchWire.decode(TapBatchWire.encode(batch, format), format) == batch)
    }
  }

  @Test(arguments: 1...20) func anAnswerIsReadBack(_ seed: UInt64) throws {
    var world = World(seed: seed)
    let answer = TapBatchAnswer(
      accepted: 98, duplicates: 2, conflicts: world.pick([[], [1207, TapLimits.seqMax]]),
      rejected: world.pick([
        [], [.init(seq: 1210, code: "tap_in_future", message: world.name() ?? "")],
      ]),
      ackThrough: 1299, missing: world.pick([[], [1190...1195, 1197...1197]]),
      serverTime: World.morning, tariffVersion: world.name(),
      denyListVersion: world.pick([nil, 18])
    )
    for encoding in BatchEncoding.allCases {
      #expect(try TapBatchAnswer.decode(answer.encode(encoding), encoding) == answer)
    }
  }

  @Test func aFaultOfAnAnswerNamesItsPlace() {
    let cases: [([UInt8], String)] = [
      (HandProtobuf().number(1, 1).bytes, "/duplicates"),
      (HandProtobuf().data(6, HandProtobuf().number(1, 2).number(2, 1).bytes).bytes, "/missing/0"),
      (HandProtobuf().data(4, [0x0A]).bytes, "/rejected/0"),
    ]
    for (bytes, pointer) in cases {
      let error = #expect(throws: TapBatchFault.self) {
        try TapBatchAnswer.decode(bytes, .protobuf)
      }
      #expect(error?.pointer == pointer)
    }
  }
}
