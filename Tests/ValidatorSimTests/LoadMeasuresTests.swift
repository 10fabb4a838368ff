import Basics
import LoadMeasures
import Tapping
import Testing

@Suite struct LoadMeasuresTests {
  @Test func percentilesAreTheNearestRank() throws {
    var histogram = LatencyHistogram()
    #expect(LatencySummary(histogram) == nil)
    for duration in (1...1000).reversed() { histogram.note(microseconds: Int64(duration)) }
    let summary = try #require(LatencySummary(histogram))
    #expect(summary.p50Milliseconds == 0.5)
    #expect(summary.p99Milliseconds == 0.99)
    #expect(summary.p999Milliseconds == 0.999)
    #expect(summary.longestMilliseconds == 1)
    // Long ones are told to three digits, and none is too long to be counted.
    histogram.note(microseconds: 123_456_789)
    histogram.note(microseconds: .max)
    let longer = try #require(LatencySummary(histogram))
    #expect(longer.count == 1002)
    #expect(abs(longer.longestMilliseconds - 600_000) < 600)
  }

  @Test func batchesOfADeviceFollowOneAnother() {
    let taps = LoadTaps(batchSize: 100, seed: 1, start: Instant(seconds: 1_790_000_000))
    let now = Instant(seconds: 1_790_000_000)
    let first = taps.batch(0, device: "L-1", vehicle: "1", sentAt: now)
    let second = taps.batch(1, device: "L-1", vehicle: "1", sentAt: now)
    #expect(first.taps.map(\.seq) == Array(1...100))
    #expect(second.taps.map(\.seq) == Array(101...200))
    #expect(first == taps.batch(0, device: "L-1", vehicle: "1", sentAt: now))
    #expect(first.taps.allSatisfy { !CardNumber.isOne($0.token) })
  }

  @Test func theRatioIsThatOfAcknowledgedTaps() {
    var report = TapsReport()
    report.seconds = 2
    report.sent = 1000
    report.acknowledged = 900
    report.ceilingTapsPerSecond = 1800
    #expect(report.tapsPerSecond == 450)
    #expect(report.ratio == 0.25)
    #expect(report.timesPeer == nil)
    report.peerTapsPerSecond = 45
    #expect(report.timesPeer == 10)
    #expect(!report.isSound, "a hundred taps were not acknowledged")
    report.acknowledged = 1000
    report.stored = 999
    #expect(!report.isSound, "an acknowledged tap is lost")
    report.stored = 1000
    #expect(report.isSound)
  }

  @Test func theReportHasTheKeysOfTheContract() throws {
    var reader = JSONReader(TapsReport().json)
    var keys: Set<String> = []
    try reader.beginObject()
    while let key = try reader.nextKey() {
      keys.insert(key)
      try reader.skipValue()
    }
    try reader.finish()
    #expect(
      keys.isSuperset(of: [
        "taps_per_second", "ceiling_taps_per_second", "ratio", "ack_p50_ms", "ack_p99_ms",
        "ack_p999_ms", "server_cpu_us_per_tap", "sent", "acknowledged", "stored",
        "yardstick_ed25519_us",
      ]))
  }

  @Test func aRowOfACopyFileIsAsPostgreSQLWantsIt() {
    var copy = BinaryCopy()
    #expect(copy.bytes.count == 19)
    copy.row(device: "L", number: 258, body: [9, 9], signature: [7])
    copy.finish()
    #expect(
      Array(copy.bytes.dropFirst(19)) == [
        0, 4, 0, 0, 0, 1, 76, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 2, 9, 9, 0, 0, 0, 1, 7,
        255, 255,
      ])
  }

  @Test func aNumberIsFoundInAPageOfMetrics() {
    let page = """
      # TYPE kvytok_intake_group_size summary
      kvytok_intake_group_size_sum{kind="positions"} 5
      kvytok_intake_group_size_sum{kind="taps"} 120.5
      kvytok_intake_group_size_count{kind="taps"} 10
      """
    let label = "kind=\"taps\""
    #expect(MetricsText.value("kvytok_intake_group_size_sum", label: label, in: page) == 120.5)
    #expect(MetricsText.value("kvytok_intake_group_size_count", label: label, in: page) == 10)
    #expect(MetricsText.value("kvytok_nothing", label: label, in: page) == nil)
  }

  @Test func theFirstAnswerOfAReportIsToldApartFromTheLaterOnes() {
    var times = ReportTimes()
    times.rides = 30
    for (name, seconds) in [("daily", 1.5), ("debts", 0.25), ("daily", 0.5), ("daily", 0.75)] {
      times.note(name, seconds: seconds, bytes: 40)
    }
    #expect(times.reports.map(\.name) == ["daily", "debts"])
    #expect(times.longestSeconds == 1.5)
    #expect(times.reports.map(\.longestLaterSeconds) == [0.75, 0])
    #expect(
      String(decoding: times.json, as: UTF8.self)
        == #"{"rides":30,"windows":0,"longest_seconds":1.5,"reports":["#
        + #"{"name":"daily","first_seconds":1.5,"longest_later_seconds":0.75,"bytes":40},"#
        + #"{"name":"debts","first_seconds":0.25,"longest_later_seconds":0,"bytes":40}]}"#)
    #expect(times.text.contains("daily                 1.500                 0.750"))
  }
}
