import Basics

extension FeedBuild {
  /// A service while its days are gathered.
  private struct RawService {
    var weekdays: Set<Weekday> = []
    var days: ClosedRange<Day>?
    var added: Set<Day> = []
    var removed: Set<Day> = []
  }

  /// Reads on which days trips run.
  mutating func readServices() throws(FeedFault) {
    var services: [String: RawService] = [:]
    let hasRules = try readCalendar(&services)
    let hasDates = try readCalendarDates(&services)
    guard hasRules || hasDates else {
      throw FeedArchive.fatal(
        "calendar.txt", "missing_file",
        "the feed has neither a readable calendar.txt nor calendar_dates.txt")
    }
    content.services = services.keys.sorted().map { id in
      let raw = services[id] ?? RawService()
      return Service(
        id: id, weekdays: raw.weekdays, days: raw.days, addedDays: raw.added.sorted(),
        removedDays: raw.removed.sorted())
    }
    serviceIDs = IDIndex(content.services.map(\.id))
  }

  private mutating func readCalendar(
    _ services: inout [String: RawService]
  ) throws(FeedFault) -> Bool {
    let names = Weekday.allCases.map(\.name)
    let required = ["service_id", "start_date", "end_date"] + names
    guard var table = try optionalTable("calendar.txt", required) else { return false }
    let columns = names.map { table.header[$0] }
    while table.next(&log) {
      guard let id = table.requiredName(table.header["service_id"], &log) else { continue }
      guard services[id] == nil else {
        log.add(
          table.file, table.line, "duplicate_id",
          "service_id \(id) is there twice; the first is kept")
        continue
      }
      guard let first = day("start_date", table), let last = day("end_date", table) else {
        continue
      }
      guard first <= last else {
        log.add(
          table.file, table.line, "bad_date",
          "service \(id) ends on \(last), before its start on \(first); it is left out")
        continue
      }
      var service = RawService(days: first...last)
      for (weekday, column) in zip(Weekday.allCases, columns) {
        switch table.reader.integer(column) {
        case 1: service.weekdays.insert(weekday)
        case 0: break
        default:
          log.add(
            table.file, table.line, "bad_weekday",
            "\(weekday.name) of service \(id) is neither 0 nor 1; read as 0")
        }
      }
      services[id] = service
    }
    close(table)
    return true
  }

  private mutating func readCalendarDates(
    _ services: inout [String: RawService]
  ) throws(FeedFault) -> Bool {
    let required = ["service_id", "date", "exception_type"]
    guard var table = try optionalTable("calendar_dates.txt", required) else { return false }
    while table.next(&log) {
      guard let id = table.requiredName(table.header["service_id"], &log),
        let day = day("date", table)
      else { continue }
      let type = table.reader.integer(table.header["exception_type"])
      guard type == 1 || type == 2 else {
        log.add(
          table.file, table.line, "exception_type",
          "exception_type is neither 1 (added) nor 2 (removed)")
        continue
      }
      var service = services[id] ?? RawService()
      guard !service.added.contains(day), !service.removed.contains(day) else {
        log.add(
          table.file, table.line, "duplicate_date",
          "service \(id) has an exception on \(day) already; the first is kept")
        continue
      }
      if type == 1 { service.added.insert(day) } else { service.removed.insert(day) }
      services[id] = service
    }
    close(table)
    return true
  }

  private mutating func day(_ column: String, _ table: FeedTable) -> Day? {
    let text = table.reader.text(table.header[column])
    let day = text.utf8.count == 8 ? Day(text) : nil
    if day == nil {
      log.add(
        table.file, table.line, "bad_date",
        "\(column) '\(text)' is not a date such as 20261122; the row is left out")
    }
    return day
  }
}
