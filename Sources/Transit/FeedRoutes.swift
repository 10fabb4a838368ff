import Basics

extension FeedBuild {
  /// Reads who runs the routes, and the time zone of all times.
  mutating func readAgencies() throws(FeedFault) {
    var table = try requiredTable("agency.txt", ["agency_name", "agency_timezone"])
    let idColumn = table.header["agency_id"]
    let nameColumn = table.header["agency_name"]
    let zoneColumn = table.header["agency_timezone"]
    let urlColumn = table.header["agency_url"]
    var ids: Set<String> = []
    while table.next(&log) {
      let name = table.reader.text(nameColumn)
      let zone = table.reader.text(zoneColumn)
      let id = table.optionalText(idColumn) ?? name
      guard !id.isEmpty else {
        table.logEmpty(nameColumn, &log)
        continue
      }
      guard table.isName(id, idColumn ?? nameColumn, &log) else { continue }
      guard ids.insert(id).inserted else {
        log.add(table.file, table.line, "duplicate_id", "agency_id \(id) is there twice")
        continue
      }
      if content.timeZoneName.isEmpty, TimeZoneTable(name: zone) != nil {
        content.timeZoneName = zone
      } else if zone != content.timeZoneName {
        log.add(
          table.file, table.line, "time_zone",
          "time zone '\(zone)' is not known, or not that of the agencies before")
      }
      content.operators.append(
        Operator(id: id, name: name, url: table.reader.text(urlColumn)))
    }
    close(table)
    guard !content.timeZoneName.isEmpty else {
      throw FeedArchive.fatal(
        table.file, "time_zone",
        "no agency names a known time zone in agency_timezone, such as Europe/Kyiv")
    }
    content.operators.sort { $0.id < $1.id }
  }

  /// Reads who published the feed.
  mutating func readInfo() throws(FeedFault) {
    guard var table = try optionalTable("feed_info.txt", []) else { return }
    if table.next(&log) {
      let header = table.header
      content.info = FeedInfo(
        publisher: table.reader.text(header["feed_publisher_name"]),
        language: table.reader.text(header["feed_lang"]),
        version: table.reader.text(header["feed_version"]),
        startDay: Day(table.reader.text(header["feed_start_date"])),
        endDay: Day(table.reader.text(header["feed_end_date"])))
    }
    while table.next(&log) {}
    close(table)
  }

  /// Reads the lines.
  mutating func readRoutes() throws(FeedFault) {
    var table = try requiredTable("routes.txt", ["route_id", "route_type"])
    let idColumn = table.header["route_id"]
    let operatorIDs = IDIndex(content.operators.map(\.id))
    var ids: Set<String> = []
    while table.next(&log) {
      guard let id = table.requiredName(idColumn, &log) else { continue }
      guard ids.insert(id).inserted else {
        log.add(
          table.file, table.line, "duplicate_id",
          "route_id \(id) is there twice; the first is kept")
        continue
      }
      guard let route = route(id, table, operatorIDs) else { continue }
      content.routes.append(route)
    }
    close(table)
    content.routes.sort(by: FeedBuild.isListedBefore)
    routeIDs = IDIndex(content.routes.map(\.id))
  }

  private mutating func route(
    _ id: String, _ table: FeedTable, _ operatorIDs: IDIndex
  ) -> Route? {
    let reader = table.reader
    let header = table.header
    let typeColumn = header["route_type"]
    guard let mode = reader.integer(typeColumn).flatMap(Mode.init(gtfsRouteType:)) else {
      log.add(
        table.file, table.line, "route_type",
        "route_type '\(reader.text(typeColumn))' of route \(id) is not known; the route is left out"
      )
      return nil
    }
    let route = Route(
      id: id, shortName: reader.text(header["route_short_name"]),
      longName: reader.text(header["route_long_name"]), mode: mode,
      operatorIndex: operatorIndex(table, operatorIDs),
      color: color(header["route_color"], table),
      textColor: color(header["route_text_color"], table),
      sortOrder: reader.integer(header["route_sort_order"]))
    if route.shortName.isEmpty, route.longName.isEmpty {
      log.add(table.file, table.line, "no_name", "route \(id) has neither a short nor a long name")
    }
    return route
  }

  private mutating func operatorIndex(_ table: FeedTable, _ operatorIDs: IDIndex) -> Int? {
    let column = table.header["agency_id"]
    guard let column, !table.reader.isEmpty(column) else {
      if content.operators.count == 1 { return 0 }
      log.add(
        table.file, table.line, "no_agency",
        "the route names no agency_id where the feed has \(content.operators.count) agencies")
      return nil
    }
    let found = table.find(column, in: operatorIDs)
    if found == nil {
      log.add(
        table.file, table.line, "unknown_agency",
        "agency_id \(table.reader.text(column)) is not in agency.txt")
    }
    return found
  }

  private mutating func color(_ column: Int?, _ table: FeedTable) -> String? {
    guard let text = table.optionalText(column) else { return nil }
    let isColor = text.utf8.count == 6 && text.utf8.allSatisfy { hexValue($0) != nil }
    if !isColor {
      log.add(
        table.file, table.line, "color", "'\(text)' is not a colour of six hexadecimal digits")
    }
    return isColor ? text.uppercased() : nil
  }

  /// The order of a list of routes: the feed's own, then mode, then name with numbers by value.
  private static func isListedBefore(_ left: Route, _ right: Route) -> Bool {
    let leftOrder = left.sortOrder ?? .max
    let rightOrder = right.sortOrder ?? .max
    if leftOrder != rightOrder { return leftOrder < rightOrder }
    if left.mode != right.mode { return modeOrder(left.mode) < modeOrder(right.mode) }
    if left.name != right.name { return isNaturallyBefore(left.name, right.name) }
    return left.id < right.id
  }

  private static func modeOrder(_ mode: Mode) -> Int { Mode.allCases.firstIndex(of: mode) ?? 0 }
}

/// Whether a name stands before another when digits count by value: 2, 2A, 10.
func isNaturallyBefore(_ left: String, _ right: String) -> Bool {
  let a = Array(left.utf8)
  let b = Array(right.utf8)
  var i = 0
  var j = 0
  while i < a.count, j < b.count {
    if isDigit(a[i]), isDigit(b[j]) {
      let first = digits(a, &i)
      let second = digits(b, &j)
      if first.count != second.count { return first.count < second.count }
      if first != second { return first.lexicographicallyPrecedes(second) }
    } else {
      if a[i] != b[j] { return a[i] < b[j] }
      i += 1
      j += 1
    }
  }
  // Names that differ in leading zeros only are told apart by their bytes.
  if i == a.count, j == b.count { return a.lexicographicallyPrecedes(b) }
  return j < b.count
}

private func isDigit(_ byte: UInt8) -> Bool { byte >= 48 && byte <= 57 }

/// The run of digits at a place, without leading zeros.
private func digits(_ bytes: [UInt8], _ at: inout Int) -> ArraySlice<UInt8> {
  let start = at
  while at < bytes.count, isDigit(bytes[at]) { at += 1 }
  return bytes[start..<at].drop { $0 == 48 }
}
