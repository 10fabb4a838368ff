import Basics
import Foundation
import Tapping
import Testing
import Transit

/// The same format read by Foundation, slowly and by other hands: an oracle for values.
private enum Reference {
  static func batch(_ bytes: [UInt8]) -> TapBatch? {
    guard
      let root = try? JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any],
      let device = root["device"] as? String, let epoch = integer(root["epoch"]),
      let sentAt = instant(root["sent_at"]), let taps = root["taps"] as? [[String: Any]]
    else { return nil }
    let read = taps.compactMap(tap)
    guard read.count == taps.count else { return nil }
    return TapBatch(
      device: device, epoch: epoch, sentAt: sentAt,
      tariffVersion: root["tariff_version"] as? String,
      denyListVersion: integer(root["deny_list_version"]), taps: read)
  }

  private static func integer(_ value: Any?) -> Int64? { (value as? NSNumber)?.int64Value }

  private static func instant(_ value: Any?) -> Instant? {
    (value as? String).flatMap { Instant(iso8601: $0) }
  }

  private static func tap(_ value: [String: Any]) -> Tap? {
    guard let seq = integer(value["seq"]), let at = instant(value["at"]),
      let kind = (value["kind"] as? String).flatMap(TapKind.init),
      let medium = (value["medium"] as? String).flatMap(MediumKind.init),
      var token = value["token"] as? String
    else { return nil }
    token = token.replacing("-", with: "+").replacing("_", with: "/").replacing("=", with: "")
    token += String(repeating: "=", count: (4 - token.count % 4) % 4)
    guard let bytes = Data(base64Encoded: token) else { return nil }
    var tap = Tap(seq: seq, at: at, kind: kind, medium: medium, token: Array(bytes))
    tap.riders = integer(value["riders"]).map { Int($0) } ?? 1
    if value["result"] as? String == "denied" {
      tap.result = .denied(reason: value["deny_reason"] as? String)
    }
    tap.vehicle = value["vehicle"] as? String
    tap.route = value["route"] as? String
    tap.direction = integer(value["direction"]).map { Int($0) }
    tap.trip = value["trip"] as? String
    tap.stop = value["stop"] as? String
    tap.zone = value["zone"] as? String
    if let lat = value["lat"] as? NSNumber, let lon = value["lon"] as? NSNumber {
      tap.coordinate = Coordinate(latitude: lat.doubleValue, longitude: lon.doubleValue)
    }
    return tap
  }
}

/// The first thing in which two readings of a body differ, short enough for a log.
private func firstDifference(_ batch: TapBatch, _ other: TapBatch?) -> String? {
  guard var other else { return "Foundation reads no batch" }
  for (index, tap) in batch.taps.enumerated() where index < other.taps.count {
    // Foundation's numbers are off in the last place (0.1 + 0.2); ours are exact, as the way there
    // and back shows.
    if let place = tap.coordinate, let otherPlace = other.taps[index].coordinate,
      abs(place.latitude - otherPlace.latitude) < 1e-12,
      abs(place.longitude - otherPlace.longitude) < 1e-12
    {
      other.taps[index].coordinate = place
    }
    let otherTap = other.taps[index]
    let fields = zip(Mirror(reflecting: tap).children, Mirror(reflecting: otherTap).children)
    for (field, otherField) in fields where "\(field.value)" != "\(otherField.value)" {
      return "\(index): \(field.label ?? ""): \(field.value) and \(otherField.value)"
    }
  }
  return batch == other ? nil : "the batch itself"
}

@Suite struct TapBatchPropertyTests {
  @Test(arguments: 1...40) func whatIsWrittenIsReadBack(_ seed: UInt64) throws {
    var world = World(seed: seed)
    let batch = world.batch(seqs: [1, 2, 7, TapLimits.seqMax])
    let bytes = TapBatchJSON.encode(batch)
    #expect(try TapBatchJSON.decode(bytes) == batch)
    #expect(firstDifference(batch, Reference.batch(bytes)) == nil)
  }

  /// Foundation writes with escapes, blanks and an order of its own.
  @Test(arguments: 1...20) func whatFoundationWritesIsReadAsTheSame(_ seed: UInt64) throws {
    var world = World(seed: seed)
    let batch = world.batch(seqs: [1, 2, 7, TapLimits.seqMax])
    let object = try JSONSerialization.jsonObject(with: Data(TapBatchJSON.encode(batch)))
    for options in [[], [.prettyPrinted, .sortedKeys]] as [JSONSerialization.WritingOptions] {
      let bytes = Array(try JSONSerialization.data(withJSONObject: object, options: options))
      #expect(firstDifference(try TapBatchJSON.decode(bytes), batch) == nil)
    }
  }

  /// Changes a few bytes at random; whatever is still read must be what Foundation reads.
  @Test(arguments: 1...8) func aDamagedBodyIsRefusedOrReadAsItStands(_ seed: UInt64) {
    var world = World(seed: seed)
    let bytes = TapBatchJSON.encode(world.batch(seqs: 1...3))
    let interesting = Array("\"\\{}[]:,0123456789-+.eEuntrflase\u{0}\u{1F} ".utf8) + [0xC3, 0xFF]
    var readCount = 0
    for _ in 0..<2000 {
      let damaged = world.damaged(bytes, interesting: interesting)
      guard let batch = try? TapBatchJSON.decode(damaged) else { continue }
      readCount += 1
      let reference = Reference.batch(damaged)
      #expect(firstDifference(batch, reference) == nil)
      // A number too small for anything but zero is zero to us; JSONDecoder refuses to read it.
      let text = String(decoding: damaged, as: UTF8.self)
      guard !text.contains(/[0-9][eE][+-]?[0-9]{3,}[,}]/) else { continue }
      #expect(FoundationReference.batch(damaged) == batch)
    }
    #expect(readCount > 60)
  }

  /// What is refused because it is no JSON, Foundation's JSONDecoder refuses too, but for a comma
  /// before the end of a list or an object.
  @Test(arguments: 1...4) func whatIsNoJSONIsNoneForFoundation(_ seed: UInt64) {
    var world = World(seed: seed)
    let bytes = TapBatchJSON.encode(world.batch(seqs: 1...2))
    let interesting = Array("\"\\{}[]:,0-.eEu\u{0}\u{1F} ".utf8) + [0xC3, 0xFF]
    let grammar: Set<String> = [
      "not_json", "cut_off", "bad_escape", "control_character", "not_utf8", "bad_number",
    ]
    var refusedByBoth = 0
    for _ in 0..<400 {
      let damaged = world.damaged(bytes, interesting: interesting)
      guard let fault = refusal(of: damaged), grammar.contains(fault.code) else { continue }
      let text = String(decoding: damaged, as: UTF8.self)
      guard !text.contains(/,\s*[\]}]/) else { continue }
      refusedByBoth += 1
      #expect(!FoundationReference.isJSON(damaged), "\(fault)")
    }
    #expect(refusedByBoth > 100)
  }

  /// Where Foundation finds JSON, we find some, and nowhere else.
  ///
  /// Tried as the value of a key that is not known. Foundation also lets a comma stand before the
  /// end of a list or an object; we do not.
  @Test func bothReadersAgreeOnWhatIsJSON() {
    let good = [
      "0", "-0", "1e5", "1E+5", "0.5e-7", "\"\"", "\"\\u00e9\\/\\b\\f\\n\\r\\t\"", "[]", "{}",
      "[ [ ] , { } ]", "{\"a\":{\"b\":[null,true,false]}}", "\"\\ud83d\\ude8b\"", "\"ї\"",
      "\"\u{7F}\"", "123456789012345678901234567890",
    ]
    let bad = [
      "01", "+1", ".5", "1.", "1e", "--1", "0x1", "tru", "True", "nul", "\"", "\"\\", "\"\\u12\"",
      "\"\\q\"", "[", "[1", "[1,]", "[,1]", "{", "{\"a\"}", "{\"a\":}", "{a:1}", "{\"a\":1,}",
      "{\"a\" 1}", "[1 2]", "'a'", "\"\t\"", "1 2", "]", "}", ":", ",", "NaN", "Infinity", "/**/1",
    ]
    for (texts, isGood) in [(good, true), (bad, false)] {
      for text in texts {
        let bytes = example(replacing: "\"riders\": 1", with: "\"x\": " + text)
        let ours = (try? TapBatchJSON.decode(bytes)) != nil
        let foundations = (try? JSONSerialization.jsonObject(with: Data(bytes))) != nil
        #expect(ours == isGood, "\(text)")
        #expect(foundations == (isGood || text.contains(",]") || text.contains(",}")), "\(text)")
      }
    }
  }

  @Test(arguments: 1...20) func anAnswerIsReadBack(_ seed: UInt64) throws {
    var world = World(seed: seed)
    let answer = TapBatchAnswer(
      accepted: 98, duplicates: 2, conflicts: [1207, 1208],
      rejected: [.init(seq: 1210, code: "tap_in_future", message: world.name() ?? "")],
      ackThrough: 1299, missing: [1190...1195, 1197...1197], serverTime: World.morning,
      tariffVersion: world.name(), denyListVersion: world.pick([nil, 18]))
    #expect(try TapBatchAnswer.decode(answer.encode()) == answer)
  }
}

@Suite struct TapBatchAnswerTests {
  @Test func theAnswerHasTheKeysOfTheContract() {
    let answer = TapBatchAnswer(
      accepted: 98, duplicates: 2, conflicts: [1207],
      rejected: [.init(seq: 1210, code: "tap_in_future", message: "…")], ackThrough: 1299,
      missing: [1190...1195], serverTime: Instant(seconds: 0), denyListVersion: 18)
    #expect(
      String(decoding: answer.encode(), as: UTF8.self) == """
        {"accepted":98,"duplicates":2,"conflicts":[1207],\
        "rejected":[{"seq":1210,"code":"tap_in_future","message":"…"}],\
        "ack_through":1299,"missing":[[1190,1195]],"server_time":"1970-01-01T00:00:00Z",\
        "tariff_version":null,"deny_list_version":18}
        """)
  }

  @Test func aFaultOfAnAnswerNamesItsPlace() {
    let cases = [
      ("{\"missing\":[[1,2],[3]]}", "/missing/1"),
      ("{\"rejected\":[{\"seq\":\"1\"}]}", "/rejected/0/seq"),
      ("{\"accepted\":1}", "/duplicates"),
      ("{\"missing\":[[2,1]]}", "/missing/0"),
    ]
    for (text, pointer) in cases {
      let error = #expect(throws: TapBatchFault.self) {
        try TapBatchAnswer.decode(Array(text.utf8))
      }
      #expect(error?.pointer == pointer)
    }
  }
}
