import Basics

/// The days of the simulated weeks, by nothing but the offsets of Kyiv in the autumn of 2026.
///
/// Clocks go back on 25 October at 4:00: a fare day has 25 hours, and whoever works out fares anew
/// must not learn the length of a day from the program.
enum CityCalendar {
  /// Monday, 19 October 2026.
  static let start = Day(number: 20_745)
  /// When Kyiv is two hours before UTC instead of three: 25 October, 1:00 UTC.
  private static let turn = Int64(start.number + 6) * 86_400 + 3600

  /// A day so many days after the start.
  static func day(_ index: Int) -> Day { start.adding(days: index) }

  /// A moment by the clock of Kyiv, in seconds after the midnight at which a day begins.
  static func moment(_ day: Day, second: Int) -> Instant {
    let wall = Int64(day.number) * 86_400 + Int64(second)
    return Instant(seconds: wall - 10_800 < turn ? wall - 10_800 : wall - 7200)
  }

  /// A moment in UTC.
  static func utc(_ day: Day, hour: Int) -> Instant {
    Instant(seconds: Int64(day.number) * 86_400 + Int64(hour) * 3600)
  }
}
