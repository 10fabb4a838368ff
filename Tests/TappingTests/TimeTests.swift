import Basics
import Tapping
import Testing
import Transit

/// The batch keeps a day it has worked out; that must never show.
@Suite struct TimeTests {
  private func read(_ times: [String]) throws -> [Instant] {
    let taps = times.enumerated().map { index, time in
      """
      {"seq":\(index + 1),"at":"\(time)","kind":"on","medium":"card","token":"AQ"}
      """
    }
    let text = """
      {"device":"V","epoch":1,"sent_at":"2026-11-22T07:31:05Z","taps":[\(taps.joined(separator: ","))]}
      """
    return try TapBatchJSON.decode(Array(text.utf8)).taps.map(\.at)
  }

  @Test(arguments: 1...10) func everyFormOfATimeIsReadAsByItself(_ seed: UInt64) throws {
    var chance = SeededGenerator(seed: seed)
    let texts = (0..<100).map { _ in
      let day = Day(number: 20_779 + chance.integer(in: 0...2) * 400)
      let second = chance.integer(in: 0...86_399)
      let fraction = ["", ".5", ".001", ".123456", ".999"].randomElement(using: &chance) ?? ""
      let offset = ["Z", "Z", "Z", "+02:00", "-0330"].randomElement(using: &chance) ?? ""
      return "\(day)T\(clockText(seconds: second))\(fraction)\(offset)"
    }
    let expected = try texts.map { try #require(Instant(iso8601: $0)) }
    #expect(try read(texts) == expected)
  }

  @Test(arguments: 1...10) func everyTimeIsWrittenAsByItself(_ seed: UInt64) throws {
    var chance = SeededGenerator(seed: seed)
    let times = (0..<100).map { _ in
      let scale: Int64 = [1, 1000, 1_000_000].randomElement(using: &chance) ?? 1
      return Instant(
        microseconds: Int64(chance.integer(in: -86_400_000_000...172_800_000_000)) / scale * scale)
    }
    let taps = times.enumerated().map { index, time in
      Tap(seq: Int64(index + 1), at: time, kind: .on, medium: .card, token: [1])
    }
    let batch = TapBatch(device: "V", epoch: 0, sentAt: times[0], taps: taps)
    let text = String(decoding: TapBatchJSON.encode(batch), as: UTF8.self)
    for time in times { #expect(text.contains("\"at\":\"\(time)\"")) }
    #expect(try TapBatchJSON.decode(Array(text.utf8)) == batch)
  }

  @Test(arguments: [
    "2026-11-22T24:00:00Z", "2026-11-22T07:60:00Z", "2026-11-22T07:30:6xZ", "2026-02-29T07:30:00Z",
    "2026-11-22T07:30:58.0a1Z", "2026-11-22 07-30-58Z", "2026-11-22T07:30:58.001",
    "2026-1-22T07:30Z",
    "+026-11-22T07:30:58Z", "2026-11-22T07:30:61Z", "２026-11-22T07:30:58Z",
  ]) func whatIsNoTimeIsRefusedAlsoAfterAGoodOne(_ text: String) {
    #expect(throws: TapBatchFault.self) { try read(["2026-11-22T07:30:58.001Z", text]) }
    #expect(throws: TapBatchFault.self) { try read([text]) }
  }
}
