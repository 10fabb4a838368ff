import Basics
import LoadMeasures
import Testing

@Suite struct BenchmarkReportTests {
  /// The keys of a JSON object.
  private func keys(of json: [UInt8]) throws -> Set<String> {
    var reader = JSONReader(json)
    var keys: Set<String> = []
    try reader.beginObject()
    while let key = try reader.nextKey() {
      keys.insert(key)
      try reader.skipValue()
    }
    try reader.finish()
    return keys
  }

  @Test func eachReportHasTheKeysOfTheContract() throws {
    let contract: [(json: [UInt8], keys: Set<String>)] = [
      (NetworkReport().json, ["parse_seconds", "import_seconds", "stop_times"]),
      (PositionsReport().json, ["positions_per_second", "matched_share", "ack_p99_ms"]),
      (RidershipTimes().json, ["p50_ms", "p95_ms", "questions"]),
    ]
    for (json, expected) in contract {
      let told = try keys(of: json)
      #expect(expected.isSubset(of: told), "\(expected.subtracting(told))")
    }
  }

  @Test func aNetworkIsSoundOnlyWhenTheServiceHasWhatWasRead() {
    var report = NetworkReport()
    #expect(!report.isSound)
    report.stopTimes = 450_000
    report.importedStopTimes = 450_000
    report.inForceSeconds = 6
    #expect(report.isSound)
    report.importedStopTimes = 449_999
    #expect(!report.isSound)
    report.importPeakBytes = 3 << 20
    #expect(String(decoding: report.json, as: UTF8.self).contains(#""import_peak_mib":3"#))
    #expect(report.text.contains("parse_peak_mib                  not measured"))
  }

  @Test func theMatchedShareIsThatOfTheStoredPositions() {
    var report = PositionsReport()
    report.seconds = 2
    report.sent = 1000
    report.acknowledged = 1000
    #expect(report.positionsPerSecond == 500)
    #expect(report.matchedShare == nil && report.matchedPerSecond == nil)
    #expect(report.isSound, "without a database nobody can say what is stored")
    report.stored = 1000
    report.matched = 950
    report.catchUpSeconds = 3
    #expect(report.matchedShare == 0.95)
    #expect(report.matchedPerSecond == 190)
    #expect(report.isSound)
    report.stored = 999
    #expect(!report.isSound, "an acknowledged position is lost")
  }

  @Test func theMixOfQuestionsHasTwentyAndEachKind() {
    #expect(RidershipKind.mix.count == 20)
    #expect(Set(RidershipKind.mix) == Set(RidershipKind.allCases))
    #expect(RidershipKind.mix.count { $0 == .load || $0 == .loadOfHours } == 14)
  }

  @Test func answersAreSummedUpByKindAndTheSlowestIsNamed() {
    let loads = (1...100).map {
      (kind: RidershipKind.load, path: "/load/\($0)", microseconds: Int64($0) * 1000)
    }
    let times = RidershipTimes(loads + [(kind: .pairsOfCity, path: "/od", microseconds: 400_000)])
    #expect(times.questions == 101)
    #expect(times.slowest == "/od")
    #expect(times.kinds.map(\.kind) == [.load, .pairsOfCity])
    #expect(times.kinds[0].latency.count == 100)
    // The histogram has three digits.
    #expect(abs(times.kinds[0].latency.p50Milliseconds - 50) < 0.1)
    #expect(abs(times.kinds[0].latency.p95Milliseconds - 95) < 0.1)
    let json = String(decoding: times.json, as: UTF8.self)
    #expect(json.contains(#""kinds":[{"name":"route-load","questions":100,"#), "\(json)")
    #expect(times.text.contains("od of all routes            1 "), "\(times.text)")
  }
}
