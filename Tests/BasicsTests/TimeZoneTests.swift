import Basics
import Foundation
import Testing

/// Kyiv and Riga change their clocks at one moment: 01:00 UTC on the last Sundays of March and October.
struct TimeZoneTests {
  static let zones = ["Europe/Kyiv", "Europe/Riga"]

  private func zone(_ name: String) throws -> TimeZoneTable {
    try #require(TimeZoneTable(name: name))
  }

  private func instant(_ text: String) throws -> Instant { try #require(Instant(iso8601: text)) }

  private func local(_ day: String, _ hour: Int, _ minute: Int = 0) throws -> LocalTime {
    LocalTime(day: try #require(Day(day)), secondOfDay: hour * 3600 + minute * 60)
  }

  @Test(arguments: zones)
  func clocksGoForwardInMarch(_ name: String) throws {
    let zone = try zone(name)
    #expect(zone.offsetSeconds(at: try instant("2026-03-29T00:59:59Z")) == 7200)
    #expect(zone.offsetSeconds(at: try instant("2026-03-29T01:00:00Z")) == 10_800)
    #expect(zone.local(try instant("2026-03-29T00:59:59Z")).secondOfDay == 3 * 3600 - 1)
    #expect(zone.local(try instant("2026-03-29T01:00:00Z")) == (try local("2026-03-29", 4)))
    // From 03:00 to 03:59 no clock shows that time: it is the moment of the change.
    for minute in [0, 1, 30, 59] {
      let skipped = zone.instant(of: try local("2026-03-29", 3, minute))
      #expect(skipped.description == "2026-03-29T01:00:00Z")
    }
    #expect(zone.instant(of: try local("2026-03-29", 4)).description == "2026-03-29T01:00:00Z")
    #expect(
      zone.instant(of: try local("2026-03-29", 2, 59)).description == "2026-03-29T00:59:00Z")
  }

  @Test(arguments: zones)
  func clocksGoBackInOctober(_ name: String) throws {
    let zone = try zone(name)
    #expect(zone.offsetSeconds(at: try instant("2026-10-25T00:59:59Z")) == 10_800)
    #expect(zone.offsetSeconds(at: try instant("2026-10-25T01:00:00Z")) == 7200)
    // From 03:00 to 03:59 clocks show each time twice: the first counts.
    #expect(
      zone.instant(of: try local("2026-10-25", 3, 30)).description == "2026-10-25T00:30:00Z")
    #expect(zone.local(try instant("2026-10-25T00:30:00Z")) == (try local("2026-10-25", 3, 30)))
    #expect(zone.local(try instant("2026-10-25T01:30:00Z")) == (try local("2026-10-25", 3, 30)))
    #expect(zone.instant(of: try local("2026-10-25", 4)).description == "2026-10-25T02:00:00Z")
    #expect(
      zone.iso8601(try instant("2026-10-25T00:59:59Z")) == "2026-10-25T03:59:59+03:00")
    #expect(
      zone.iso8601(try instant("2026-10-25T01:00:00Z")) == "2026-10-25T03:00:00+02:00")
  }

  @Test(arguments: zones + ["Asia/Jakarta", "America/Sao_Paulo", "Australia/Lord_Howe", "UTC"])
  func offsetsAgreeWithTheSystem(_ name: String) throws {
    let zone = try zone(name)
    let system = try #require(TimeZone(identifier: name))
    var generator = SeededGenerator(seed: 5)
    for _ in 0..<3000 {
      let second = generator.integer(in: 0...4_102_444_799)
      let date = Date(timeIntervalSince1970: Double(second))
      let offset = zone.offsetSeconds(at: Instant(seconds: Int64(second)))
      #expect(offset == system.secondsFromGMT(for: date), "second \(second)")
    }
  }

  @Test(arguments: zones + ["Australia/Lord_Howe", "Asia/Kathmandu"])
  func aLocalTimeComesBackUnlessItIsShownTwice(_ name: String) throws {
    let zone = try zone(name)
    var generator = SeededGenerator(seed: 6)
    for _ in 0..<3000 {
      let instant = Instant(seconds: Int64(generator.integer(in: 0...4_000_000_000)))
      let back = zone.instant(of: zone.local(instant))
      #expect(zone.local(back) == zone.local(instant))
      #expect(back <= instant)
      #expect(instant.secondsSince(back) <= 3600)
    }
  }

  @Test func aZoneThatIsNotKnownIsNone() {
    #expect(TimeZoneTable(name: "Europe/Atlantis") == nil)
    #expect(TimeZoneTable(name: "") == nil)
  }

  @Test func universalTimeHasNoOffset() throws {
    #expect(TimeZoneTable.utc.offsetSeconds(at: try instant("2026-07-01T00:00:00Z")) == 0)
    #expect(TimeZoneTable.utc.iso8601(Instant(seconds: 0)) == "1970-01-01T00:00:00Z")
  }
}

/// The fare day begins at 04:00 by the wall clock.
struct CityClockTests {
  private func clock(_ zone: String, minute: Int = 240) throws -> CityClock {
    CityClock(zone: try #require(TimeZoneTable(name: zone)), fareDayStartSeconds: minute * 60)
  }

  @Test(
    arguments: [
      ("2026-11-22T01:59:59Z", "2026-11-21"),  // 03:59:59 local
      ("2026-11-22T02:00:00Z", "2026-11-22"),
      ("2026-11-22T23:30:00Z", "2026-11-22"),  // 01:30 of the next morning
      ("2026-07-01T00:59:59Z", "2026-06-30"),  // summer time
      ("2026-07-01T01:00:00Z", "2026-07-01"),
      ("2026-03-29T00:59:59Z", "2026-03-28"),  // 02:59:59, a second before 04:00
      ("2026-03-29T01:00:00Z", "2026-03-29"),
      ("2026-10-25T00:59:59Z", "2026-10-24"),  // 03:59:59 for the first time
      ("2026-10-25T01:59:59Z", "2026-10-24"),  // 03:59:59 for the second time
      ("2026-10-25T02:00:00Z", "2026-10-25"),
      ("2026-01-01T01:00:00Z", "2025-12-31"),
    ] as [(String, String)])
  func aTapBeforeFourBelongsToYesterday(_ moment: String, _ day: String) throws {
    for zone in TimeZoneTests.zones {
      let fareDay = try clock(zone).fareDay(of: try #require(Instant(iso8601: moment)))
      #expect(fareDay.description == day)
    }
  }

  @Test(
    arguments: [("2026-03-28", 23.0), ("2026-10-24", 25.0), ("2026-11-22", 24.0)]
      as [(String, Double)])
  func aFareDayMayHave23Or25Hours(_ text: String, _ hours: Double) throws {
    let day = try #require(Day(text))
    for zone in TimeZoneTests.zones {
      let clock = try clock(zone)
      let length = clock.start(of: day.adding(days: 1)).secondsSince(clock.start(of: day))
      #expect(length == hours * 3600)
    }
  }

  /// Also of a day that begins within the hour that the clock goes through twice, or not at all.
  @Test(arguments: [0, 180, 210, 240, 270, 300])
  func everyMomentLiesInItsFareDay(_ minute: Int) throws {
    for zone in TimeZoneTests.zones {
      let clock = try clock(zone, minute: minute)
      for noon in ["2026-03-28T12:00:00Z", "2026-10-24T12:00:00Z", "2026-12-31T12:00:00Z"] {
        let start = try #require(Instant(iso8601: noon))
        var before = clock.fareDay(of: start)
        for minute in 0..<(36 * 60) {
          let instant = start.adding(seconds: Int64(minute) * 60)
          let day = clock.fareDay(of: instant)
          #expect(before <= day)
          before = day
          #expect(clock.start(of: day) <= instant)
          #expect(instant < clock.start(of: day.adding(days: 1)))
        }
      }
    }
  }
}
