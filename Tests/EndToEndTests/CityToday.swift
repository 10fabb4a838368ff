import Basics
import Foundation
import Testing

/// Today by the calendar of the invented city: around its midnight that is another day than in UTC.
enum CityToday {
  private static var parts: DateComponents {
    get throws {
      var calendar = Calendar(identifier: .gregorian)
      calendar.timeZone = try #require(TimeZone(identifier: "Europe/Kyiv"))
      return calendar.dateComponents([.year, .month, .day], from: Date())
    }
  }

  static var day: Day {
    get throws {
      let parts = try parts
      let numbers = [parts.year, parts.month, parts.day].compactMap(\.self)
      try #require(numbers.count == 3)
      return try #require(Day(String(format: "%04d-%02d-%02d", numbers[0], numbers[1], numbers[2])))
    }
  }

  /// The month before this one, as `2026-10`.
  static var lastMonth: String {
    get throws {
      let parts = try parts
      let (year, month) = (try #require(parts.year), try #require(parts.month))
      return month == 1
        ? "\(year - 1)-12" : String(format: "%04d-%02d", year, month - 1)
    }
  }
}
