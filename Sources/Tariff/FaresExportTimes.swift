import Basics

extension FaresExportWriter {
  /// Longest time for which the days of timeframes are written, from the version's first day.
  private static let calendarDaysMax = 3660

  /// The named times that a price tells apart, in their order.
  func timeMasks(_ node: Int32) -> [UInt64] {
    guard node >= 0 else { return [] }
    var masks: [UInt64] = []
    func add(_ others: [UInt64]) {
      for mask in others where !masks.contains(mask) { masks.append(mask) }
    }
    switch tariff.tables.nodes[Int(node)] {
    case .times(let choices, let others):
      add(choices.map(\.mask))
      for choice in choices { add(timeMasks(choice.node)) }
      add(timeMasks(others))
    case .choice(_, let table, let others), .farthestZone(let table, let others):
      for entry in table + [others] { add(timeMasks(entry)) }
    case .pairs(_, let table, let others):
      for key in table.keys.sorted() { add(timeMasks(table[key] ?? -1)) }
      add(timeMasks(others))
    case .share(let base, _): add(timeMasks(base))
    case .sum(let parts): for part in parts { add(timeMasks(part)) }
    default: break
    }
    return masks
  }

  /// Why the times that a fare's condition asks for cannot be those of one leg rule; nil when they can.
  ///
  /// A leg rule names at most one timeframe of the boarding and one of the end, and says of none that
  /// it is not in it.
  func timeObstacle(in fare: FareRule) -> String? {
    let tests = fare.condition.clauses.joined().filter { [.time, .toTime].contains($0.dimension) }
    guard !tests.isEmpty else { return nil }
    if tests.contains(where: \.isNegated) { return "its condition on not being in a time" }
    for dimension in [RideDimension.time, .toTime] {
      let asked = tests.filter { $0.dimension == dimension }
      if asked.count > 1 || asked.contains(where: { $0.mask.nonzeroBitCount != 1 }) {
        return "its condition on several times"
      }
    }
    if fare.condition.clauses.count > 1 { return "its condition on a time or something else" }
    let boarding = tests.filter { $0.dimension == .time }.map(\.mask)
    if !boarding.isEmpty, timeMasks(fare.node).contains(where: { !boarding.contains($0) }) {
      return "a price by time beside its condition on another time"
    }
    return tests.compactMap { timeObstacle($0.mask) }.first
  }

  /// Why a time cannot be written as a timeframe; nil when it can.
  func timeObstacle(_ mask: UInt64) -> String? {
    let time = tariff.tables.times[mask.trailingZeroBitCount]
    for span in time.spans where span.condition != .always {
      return "the time \"\(time.name)\" depends on more than the clock"
    }
    return nil
  }

  /// The timeframe group of a named time.
  func timeframe(_ mask: UInt64) -> String? { tariff.tables.times[mask.trailingZeroBitCount].name }

  /// Writes the times that leg rules ask for, and the days that they hold on.
  mutating func writeTimeframes() {
    let used = tariff.tables.fares.indices.reduce(UInt64(0)) { sum, index in
      let fare = tariff.tables.fares[index]
      guard networks.contains(where: { $0.rule == index }) else { return sum }
      let asked = fare.condition.clauses.joined().filter {
        [.time, .toTime].contains($0.dimension)
      }
      .map(\.mask)
      return (timeMasks(fare.node) + asked).reduce(sum) { $0 | $1 }
    }
    guard used != 0 else { return }
    var frames = CSVWriter()
    frames.row(["timeframe_group_id", "start_time", "end_time", "service_id"])
    var days: [DaySet] = []
    for (index, time) in tariff.tables.times.enumerated() where used & (1 << UInt64(index)) != 0 {
      for span in time.spans {
        let set = DaySet(days: span.days, exceptions: span.exceptions)
        if !days.contains(set) { days.append(set) }
        let service = serviceID(set, days)
        for (start, end) in clocks(span) {
          frames.row([time.name, text(start), text(end), service])
        }
      }
    }
    if tariff.cityClock.fareDayStartSeconds > 0 {
      note(
        "times after midnight: a timeframe counts them to the new day, the tariff to the old one")
    }
    files.append(("timeframes.txt", frames.bytes))
    writeCalendar(days)
  }

  /// The parts of a span before and after midnight in seconds, start inside, end outside.
  private func clocks(_ span: TimeSpan) -> [(Int, Int)] {
    let start = Int(span.start / 1_000_000) + (span.isStartInclusive ? 0 : 1)
    let end = Int(span.end / 1_000_000) + (span.isEndInclusive ? 1 : 0)
    if span.end < span.start { return [(start, 86_400), (0, end)].filter { $0.0 < $0.1 } }
    return start < end ? [(start, min(end, 86_400))] : []
  }

  private func text(_ seconds: Int) -> String {
    [seconds / 3600, seconds / 60 % 60, seconds % 60].map { $0 < 10 ? "0\($0)" : String($0) }
      .joined(separator: ":")
  }

  /// The days of a span, by weekday and by date.
  private struct DaySet: Hashable {
    var days: UInt16
    var exceptions: [Int: Bool]
  }

  private func serviceID(_ set: DaySet, _ sets: [DaySet]) -> String {
    guard !set.exceptions.isEmpty, let place = sets.firstIndex(of: set) else {
      return "fare_days_\(set.days)"
    }
    return "fare_days_\(set.days)_\(place + 1)"
  }

  /// Weekdays of each set of days, and the dates on which it differs from them.
  private mutating func writeCalendar(_ sets: [DaySet]) {
    let first = tariff.tables.firstDay
    let last = min(tariff.tables.lastDay, first + Self.calendarDaysMax)
    var calendar = CSVWriter()
    calendar.row([
      "service_id", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
      "start_date", "end_date",
    ])
    var dates = CSVWriter()
    dates.row(["service_id", "date", "exception_type"])
    var hasDates = false
    for set in sets {
      let service = serviceID(set, sets)
      let weekdays = (0..<7).map { set.days & (1 << UInt16($0)) != 0 }
      calendar.row([service] + weekdays.map { $0 ? "1" : "0" } + [compact(first), compact(last)])
      let others = tariff.tables.holidays.union(set.exceptions.keys)
      for date in others.sorted() where first <= date && date <= last {
        let weekday = Day(number: date).weekday.rawValue - 1
        let isHoliday = tariff.tables.holidays.contains(date)
        let usual = set.days & (1 << UInt16(weekday + (isHoliday ? 7 : 0))) != 0
        let isIn = set.exceptions[date] ?? usual
        guard isIn != weekdays[weekday] else { continue }
        dates.row([service, compact(date), isIn ? "1" : "2"])
        hasDates = true
      }
    }
    files.append(("calendar.txt", calendar.bytes))
    if hasDates { files.append(("calendar_dates.txt", dates.bytes)) }
  }

  /// A date as GTFS writes it: 20261122.
  private func compact(_ day: Int) -> String {
    Day(number: day).description.split(separator: "-").joined()
  }
}
