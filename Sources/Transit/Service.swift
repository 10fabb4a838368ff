package import Basics

/// The days on which trips run (`calendar.txt` and `calendar_dates.txt`).
package struct Service: Hashable, Sendable {
  /// `service_id`.
  package var id: String
  /// Days of the week, in the range of dates; empty when only single dates are given.
  package var weekdays: Set<Weekday> {
    Set(Weekday.allCases.filter { weekdayBits & Service.bit($0) != 0 })
  }
  /// First and last day of the weekly rule; nil when only single dates are given.
  package var days: ClosedRange<Day>?
  /// Days on which it runs against the weekly rule, ascending.
  package var addedDays: [Day]
  /// Days on which it does not run against the weekly rule, ascending.
  package var removedDays: [Day]
  private let weekdayBits: UInt8

  /// Makes a service; the lists of days ascend.
  package init(
    id: String, weekdays: Set<Weekday>, days: ClosedRange<Day>?, addedDays: [Day] = [],
    removedDays: [Day] = []
  ) {
    self.id = id
    weekdayBits = weekdays.reduce(0) { $0 | Service.bit($1) }
    self.days = days
    self.addedDays = addedDays
    self.removedDays = removedDays
  }

  /// Whether trips of the service run on a service day.
  package func isActive(on day: Day) -> Bool {
    if Service.contains(removedDays, day) { return false }
    if Service.contains(addedDays, day) { return true }
    guard let days, days.contains(day) else { return false }
    return weekdayBits & Service.bit(day.weekday) != 0
  }

  /// First and last day on which it may run; nil when there is none.
  package var validDays: ClosedRange<Day>? {
    let rule = weekdayBits == 0 ? nil : days
    let first = [rule?.lowerBound, addedDays.first].compactMap(\.self).min()
    let last = [rule?.upperBound, addedDays.last].compactMap(\.self).max()
    guard let first, let last else { return nil }
    return first...last
  }

  private static func bit(_ weekday: Weekday) -> UInt8 { 1 << UInt8(weekday.rawValue) }

  private static func contains(_ days: [Day], _ day: Day) -> Bool {
    let place = days.partitioningIndex { $0 >= day }
    return place < days.count && days[place] == day
  }
}
