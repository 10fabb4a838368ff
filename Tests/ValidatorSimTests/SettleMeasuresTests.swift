import Basics
import LoadMeasures
import Tapping
import Testing

@Suite struct SettleMeasuresTests {
  private static let dayStart = Instant(seconds: 1_790_000_000)

  @Test func aDaysBatchesGoRoundTheDevicesInOrderAndTheLastTapsAreLate() {
    let world = SettleTaps(riders: 50, devices: 3, routes: ["bus-1", "bus-2"], seed: 4)
    let batches = (0..<6).map {
      world.batch($0, of: 6, dayStart: Self.dayStart, firstSeq: Int64($0) * 100 + 1, late: 5)
    }
    #expect(batches.map(\.batch.device) == ["S-1", "S-2", "S-3", "S-1", "S-2", "S-3"])
    for arrival in batches {
      let late = arrival.batch.taps.filter { $0.at < Self.dayStart }
      #expect(late.count == 5 && arrival.batch.taps.count == 100)
      #expect(arrival.batch.taps.allSatisfy { $0.at <= arrival.receivedAt })
      #expect(arrival.batch.taps.allSatisfy { !CardNumber.isOne($0.token) })
    }
    let again = world.batch(2, of: 6, dayStart: Self.dayStart, firstSeq: 201, late: 5)
    #expect(again.batch == batches[2].batch)
  }

  @Test func aRowOfTheJournalIsWrittenAsCopyReadsIt() {
    var copy = JournalCopy()
    copy.row(
      device: "S", epoch: 1, seqs: 1..<3, receivedAt: Instant(seconds: 946_684_800), body: [7],
      signature: [], digest: [9])
    copy.finish()
    let range: [UInt8] =
      [0, 0, 0, 33, 0, 0, 0, 1, 0, 0, 0, 25, 2, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 1]
      + [0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 3]
    let zero: [UInt8] = [0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0]
    let expected: [UInt8] =
      [0, 10, 0, 0, 0, 2, 0, UInt8(Lane.of(name: "S")), 0, 0, 0, 1, 83]
      + [0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 1] + range + range + zero + zero
      + [0, 0, 0, 1, 7, 0, 0, 0, 0, 0, 0, 0, 1, 9, 255, 255]
    #expect(Array(copy.bytes.dropFirst(19)) == expected)
  }

  @Test func theReportIsSoundOnlyWhenEveryTapIsARideAndTheBooksAgree() {
    var report = SettleReport()
    var day = SettleReport.DayRun()
    day.taps = 300
    day.seconds = 2
    report.days = [day, day]
    report.sortedTaps = 600
    report.rides = 600
    report.ceilingTapsPerSecond = 300
    #expect(report.tapsPerSecond == 150 && report.ratio == 0.5)
    #expect(report.isSound)
    for spoil: (inout SettleReport) -> Void in [
      { $0.unbalancedMinor = 1 }, { $0.rides = 599 }, { $0.waitingTaps = 1 }, { $0.wrongSums = 1 },
      { $0.sortedTaps = 599 }, { $0.windowsOffMinor = 1 },
    ] {
      var other = report
      spoil(&other)
      #expect(!other.isSound)
    }
  }

  @Test func theReportHasTheKeysOfTheContract() throws {
    var reader = JSONReader(SettleReport().json)
    var keys: Set<String> = []
    try reader.beginObject()
    while let key = try reader.nextKey() {
      keys.insert(key)
      try reader.skipValue()
    }
    let contract: Set<String> = [
      "taps_per_second", "ceiling_taps_per_second", "ratio", "rides", "unbalanced_minor",
    ]
    #expect(contract.isSubset(of: keys), "\(contract.subtracting(keys))")
  }
}
