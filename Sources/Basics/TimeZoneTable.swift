import Foundation

/// The offsets of a time zone as a table: a look-up is a binary search and makes no allocation.
///
/// Built from the system's time zone data once, for 1970 to 2100.
package struct TimeZoneTable: Sendable, Equatable {
  /// Name in the IANA data base: `Europe/Kyiv`.
  package let name: String
  private let starts: [Int64]
  private let offsets: [Int]

  /// Reads the zone of a name; nil when the system does not know it.
  package init?(name: String) {
    guard let zone = TimeZone(identifier: name) else { return nil }
    var starts = [Int64.min]
    var offsets = [zone.secondsFromGMT(for: Date(timeIntervalSince1970: 0))]
    var moment = Date(timeIntervalSince1970: 0)
    let end = Date(timeIntervalSince1970: 4_102_444_800)
    while let next = zone.nextDaylightSavingTimeTransition(after: moment), next < end,
      next > moment
    {
      starts.append(Int64(next.timeIntervalSince1970))
      offsets.append(zone.secondsFromGMT(for: next))
      moment = next
    }
    self.name = name
    self.starts = starts
    self.offsets = offsets
  }

  /// Coordinated universal time.
  package static let utc = TimeZoneTable(fixedName: "UTC", offsetSeconds: 0)

  private init(fixedName: String, offsetSeconds: Int) {
    name = fixedName
    starts = [Int64.min]
    offsets = [offsetSeconds]
  }

  /// Seconds east of UTC at a moment.
  package func offsetSeconds(at instant: Instant) -> Int {
    let second = instant.seconds
    var low = 0
    var high = starts.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if starts[middle] <= second { low = middle } else { high = middle }
    }
    return offsets[low]
  }

  /// The local date and the seconds since local midnight as a clock on the wall shows them.
  package func local(_ instant: Instant) -> LocalTime {
    let local = instant.seconds + Int64(offsetSeconds(at: instant))
    let day = floorDivide(local, 86_400)
    return LocalTime(day: Day(number: Int(day)), secondOfDay: Int(local - day * 86_400))
  }

  /// The moment at which a wall clock shows a local time.
  ///
  /// A time that occurs twice (clocks go back) is the first one; a time that is skipped (clocks go
  /// forward) is the moment of the change.
  package func instant(of time: LocalTime) -> Instant {
    let wall = Int64(time.day.number) * 86_400 + Int64(time.secondOfDay)
    let around = [wall - 86_400, wall + 86_400].map { offsetSeconds(at: Instant(seconds: $0)) }
    let candidates = [max(around[0], around[1]), min(around[0], around[1])]
    for offset in candidates {
      let instant = Instant(seconds: wall - Int64(offset))
      if offsetSeconds(at: instant) == offset { return instant }
    }
    // Skipped: the change is the last second-aligned moment whose wall clock is not past `wall`.
    var low = wall - Int64(candidates[0])
    var high = wall - Int64(candidates[1])
    if low > high { swap(&low, &high) }
    let before = offsetSeconds(at: Instant(seconds: low))
    while high - low > 1 {
      let middle = (low + high) / 2
      if offsetSeconds(at: Instant(seconds: middle)) == before {
        low = middle
      } else {
        high = middle
      }
    }
    return Instant(seconds: high)
  }

  /// The moment in ISO 8601 with the local offset.
  package func iso8601(_ instant: Instant) -> String {
    instant.iso8601(offsetSeconds: offsetSeconds(at: instant))
  }
}

/// What a clock on the wall shows: a date and the seconds since midnight.
package struct LocalTime: Hashable, Comparable, Sendable {
  package var day: Day
  /// Seconds since local midnight by the wall clock, 0 to 86,399.
  package var secondOfDay: Int

  /// Makes a local time.
  package init(day: Day, secondOfDay: Int) {
    self.day = day
    self.secondOfDay = secondOfDay
  }

  package static func < (left: LocalTime, right: LocalTime) -> Bool {
    (left.day, left.secondOfDay) < (right.day, right.secondOfDay)
  }
}

/// Tells the fare day of a moment: one clock, or a city whose tariffs begin the day at other hours.
package protocol FareDayClock: Sendable {
  /// The fare day that a moment belongs to.
  func fareDay(of moment: Instant) -> Day
}

/// The clock of a city: its time zone, and the hour at which a fare day begins.
///
/// A tap at 03:59 belongs to yesterday's fare day where the day begins at 04:00.
package struct CityClock: FareDayClock, Equatable {
  package let zone: TimeZoneTable
  /// Seconds after local midnight at which a fare day begins, inclusive.
  package let fareDayStartSeconds: Int

  /// Makes the clock of a city.
  package init(zone: TimeZoneTable, fareDayStartSeconds: Int) {
    self.zone = zone
    self.fareDayStartSeconds = fareDayStartSeconds
  }

  /// The fare day that a moment belongs to, by the wall clock.
  ///
  /// Where the clock is put back over the hour at which the day begins, it begins once: a later moment is
  /// never of an earlier day.
  package func fareDay(of moment: Instant) -> Day {
    let time = zone.local(moment)
    guard time.secondOfDay < fareDayStartSeconds, moment < start(of: time.day) else {
      return time.day
    }
    return time.day.adding(days: -1)
  }

  /// The first moment of a fare day.
  package func start(of fareDay: Day) -> Instant {
    zone.instant(of: LocalTime(day: fareDay, secondOfDay: fareDayStartSeconds))
  }
}
