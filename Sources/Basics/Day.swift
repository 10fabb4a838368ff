/// A date of the calendar, without a time zone: a fare day, a service date, an accounting date.
///
/// Conversions follow Howard Hinnant's "chrono-compatible low-level date algorithms" (civil_from_days).
package struct Day: Hashable, Comparable, Sendable {
  /// Days since 1970-01-01; negative before it.
  package var number: Int

  /// Makes a date from days since 1970-01-01.
  package init(number: Int) { self.number = number }

  /// Makes a date of the Gregorian calendar; nil when there is no such date.
  package init?(year: Int, month: Int, day: Int) {
    guard (1...9999).contains(year), (1...12).contains(month),
      (1...Day.length(ofMonth: month, year: year)).contains(day)
    else { return nil }
    let shifted = month <= 2 ? year - 1 : year
    let era = shifted / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    number = era * 146_097 + dayOfEra - 719_468
  }

  /// Reads `2026-11-22`, or `20261122` as GTFS writes it; nil when it is anything else.
  package init?(_ text: some StringProtocol) {
    let digits = text.utf8.filter { $0 != 45 }
    let isPlain = text.utf8.count == 8
    let isDashed =
      text.utf8.count == 10 && Array(text.utf8)[4] == 45 && Array(text.utf8)[7] == 45
    guard isPlain || isDashed, digits.count == 8,
      digits.allSatisfy({ (48...57).contains($0) })
    else { return nil }
    let values = digits.map { Int($0) - 48 }
    self.init(
      year: values[0] * 1000 + values[1] * 100 + values[2] * 10 + values[3],
      month: values[4] * 10 + values[5], day: values[6] * 10 + values[7])
  }

  /// Year, month and day of the month.
  package var civil: (year: Int, month: Int, day: Int) {
    let shifted = number + 719_468
    let era = Int(floorDivide(Int64(shifted), 146_097))
    let dayOfEra = shifted - era * 146_097
    let yearOfEra =
      (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
  }

  /// Day of the week.
  package var weekday: Weekday {
    let index = (number + 3) % 7
    return Weekday.allCases[index < 0 ? index + 7 : index]
  }

  /// The Monday of this day's week.
  package var monday: Day { adding(days: -(weekday.rawValue - 1)) }

  /// This date moved by a number of days.
  package func adding(days: Int) -> Day { Day(number: number + days) }

  /// The same date a number of months later; the last of the month where that has no such date.
  package func adding(months: Int) -> Day {
    let (year, month, day) = civil
    let shifted = year * 12 + month - 1 + months
    let newYear = Int(floorDivide(Int64(shifted), 12))
    let newMonth = shifted - newYear * 12 + 1
    let last = Day.length(ofMonth: newMonth, year: newYear)
    return Day(year: newYear, month: newMonth, day: min(day, last)) ?? self
  }

  package static func < (left: Day, right: Day) -> Bool { left.number < right.number }

  /// Number of days of a month.
  package static func length(ofMonth month: Int, year: Int) -> Int {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }
}

extension Day: CustomStringConvertible {
  /// The date as `2026-11-22`.
  package var description: String {
    let (year, month, day) = civil
    return padded(year, 4) + "-" + padded(month, 2) + "-" + padded(day, 2)
  }
}

/// A day of the week; the raw value is that of ISO 8601, Monday 1 to Sunday 7.
package enum Weekday: Int, Sendable, CaseIterable {
  case monday = 1
  case tuesday, wednesday, thursday, friday, saturday, sunday

  /// The English name in small letters.
  package var name: String { String(describing: self) }
}
