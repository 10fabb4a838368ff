import Basics
import Testing

struct InstantTests {
  @Test(
    arguments: [
      ("1970-01-01T00:00:00Z", 0),
      ("1970-01-01T00:00:00.000001Z", 1),
      ("1969-12-31T23:59:59.999999Z", -1),
      ("2026-11-22T07:30:58Z", 1_795_332_658_000_000),
      ("2026-11-22 07:30:58Z", 1_795_332_658_000_000),
      ("2026-11-22T09:30:58+02:00", 1_795_332_658_000_000),
      ("2026-11-22T09:30:58+0200", 1_795_332_658_000_000),
      ("2026-11-22T02:00:58-05:30", 1_795_332_658_000_000),
      ("2026-11-22T07:30:58.001Z", 1_795_332_658_001_000),
      ("2026-11-22T07:30:58.5Z", 1_795_332_658_500_000),
      ("2026-11-22T07:30:58.123456789Z", 1_795_332_658_123_456),
      ("2016-12-31T23:59:60Z", 1_483_228_800_000_000),  // a leap second
      ("2000-02-29T00:00:00Z", 951_782_400_000_000),
      ("1900-01-01T00:00:00Z", -2_208_988_800_000_000),
      ("0001-01-01T00:00:00Z", -62_135_596_800_000_000),
      ("9999-12-31T23:59:59.999999Z", 253_402_300_799_999_999),
      ("2026-11-22T00:00:00-00:00", 1_795_305_600_000_000),
    ] as [(String, Int64)])
  func aTimeWithAnOffsetIsRead(_ text: String, _ microseconds: Int64) {
    #expect(Instant(iso8601: text)?.microseconds == microseconds)
  }

  @Test(arguments: [
    "", "Z", "2026", "2026-11-22", "2026-11-22T07:30Z", "2026-11-22T07:30:58",
    "2026-11-22T07:30:58 Z", "2026-11-22T07:30:58.Z", "2026-11-22T07:30:58.1234567890Z",
    "2026-11-22T07:30:58,5Z", "2026-11-22T24:00:00Z", "2026-11-22T07:60:00Z",
    "2026-11-22T07:30:61Z", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z",
    "2026-11-00T00:00:00Z", "0000-01-01T00:00:00Z", "2026-11-22t07:30:58Z",
    "2026-11-22T07:30:58z", "2026-11-22T07:30:58+2:00", "2026-11-22T07:30:58+02",
    "2026-11-22T07:30:58+19:00", "2026-11-22T07:30:58+02:60", "2026-11-22T07:30:58+02:00x",
    "+2026-11-22T07:30:58Z", "2026-1１-22T07:30:58Z", "1795332658",
  ])
  func aTimeThatWouldHaveToBeGuessedIsRefused(_ text: String) {
    #expect(Instant(iso8601: text) == nil)
  }

  @Test(
    arguments: [
      (0, 0, "1970-01-01T00:00:00Z"),
      (1_795_332_658_001_000, 7200, "2026-11-22T09:30:58.001+02:00"),
      (1_795_332_658_000_001, 0, "2026-11-22T07:30:58.000001Z"),
      (-1, 0, "1969-12-31T23:59:59.999999Z"),
      (1_795_332_658_000_000, -19_800, "2026-11-22T02:00:58-05:30"),
      (1_795_305_600_000_000, -3600, "2026-11-21T23:00:00-01:00"),
    ] as [(Int64, Int, String)])
  func aTimeIsWrittenAtAnOffset(_ microseconds: Int64, _ offset: Int, _ text: String) {
    #expect(Instant(microseconds: microseconds).iso8601(offsetSeconds: offset) == text)
  }

  @Test func whatIsWrittenIsReadBack() {
    var generator = SeededGenerator(seed: 1)
    for _ in 0..<2000 {
      let microseconds = Int64.random(
        in: -62_135_510_400_000_000...253_402_214_400_000_000, using: &generator)
      let instant = Instant(microseconds: microseconds)
      let offset = generator.integer(in: -18...18) * 3600
      #expect(Instant(iso8601: instant.iso8601(offsetSeconds: offset)) == instant)
    }
  }

  @Test func secondsRoundTowardsThePast() {
    #expect(Instant(microseconds: -1).seconds == -1)
    #expect(Instant(microseconds: -1_000_000).seconds == -1)
    #expect(Instant(microseconds: 1_999_999).seconds == 1)
    #expect(Instant(seconds: 5).adding(seconds: -7).microseconds == -2_000_000)
    #expect(Instant(seconds: 5).adding(milliseconds: 250).microseconds == 5_250_000)
    #expect(Instant(microseconds: 1_500_000).secondsSince(Instant(seconds: 2)) == -0.5)
  }
}
