import Basics

/// What the clock of the city and the calendar of a tariff say of a fare day.
struct FareDayFacts {
  let day: Int
  /// Microseconds at which the fare day begins, and at which it ends, exclusive.
  let start: Int64
  let end: Int64
  /// The bit of its weekday among the days of a span of time: Monday 0, holidays from 7 on.
  let dayBit: UInt16
  /// Microseconds that the clock on the wall is ahead of UTC; nil when clocks change on the day.
  private let offset: Int64?

  /// Stands for no day.
  static let none = FareDayFacts(day: .min, start: 0, end: 0, dayBit: 0, offset: nil)

  private init(day: Int, start: Int64, end: Int64, dayBit: UInt16, offset: Int64?) {
    self.day = day
    self.start = start
    self.end = end
    self.dayBit = dayBit
    self.offset = offset
  }

  /// Finds the facts of a day.
  init(_ day: Int, _ tariff: CompiledTariff) {
    let clock = tariff.cityClock
    let first = clock.start(of: Day(number: day))
    let last = clock.start(of: Day(number: day + 1))
    let weekday = Day(number: day).weekday.rawValue - 1
    let isHoliday = tariff.tables.holidays.contains(day)
    let offset = clock.zone.offsetSeconds(at: first)
    self.init(
      day: day, start: first.microseconds, end: last.microseconds,
      dayBit: UInt16(1) << UInt16(weekday + (isHoliday ? 7 : 0)),
      offset: offset == clock.zone.offsetSeconds(at: last)
        ? Int64(offset) * 1_000_000 : nil)
  }

  /// Microseconds since local midnight at a moment.
  func wallClock(at moment: Int64, _ tariff: CompiledTariff) -> Int64 {
    let microsecondsOfDay: Int64 = 86_400_000_000
    if let offset, moment >= start, moment < end {
      let local = moment + offset
      return local - floorDivide(local, microsecondsOfDay) * microsecondsOfDay
    }
    let local = tariff.cityClock.zone.local(Instant(microseconds: moment))
    let fraction = moment - floorDivide(moment, 1_000_000) * 1_000_000
    return Int64(local.secondOfDay) * 1_000_000 + fraction
  }
}
