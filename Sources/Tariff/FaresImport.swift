package import Basics

/// A tariff made from the fares of a GTFS feed, version 1 or 2.
package struct FaresImport: Sendable {
  /// The tariff as a YAML text, to be read, edited and completed by people.
  package var yaml: String
  /// What the feed says that the tariff does not, or says otherwise.
  package var notes: [String]

  /// Turns the fare files of a feed into a tariff; `faresFileNames` lists the files looked at.
  package init(
    files: [(name: String, bytes: [UInt8])], folder: String, from day: Day
  ) throws(TariffFault) {
    let tables = try FaresTables(files)
    var writer = FaresWriter(tables: tables, folder: folder, day: day)
    if !tables["fare_products.txt"].isEmpty {
      try writer.writeVersion2()
    } else if !tables["fare_attributes.txt"].isEmpty {
      try writer.writeVersion1()
    } else {
      throw TariffFault(
        file: "fare_products.txt", line: 1,
        message: "the feed has neither fare_products.txt (v2) nor fare_attributes.txt (v1)")
    }
    yaml = writer.text
    notes = writer.notes
  }
}

/// Writes a tariff's YAML from the tables of a feed.
struct FaresWriter {
  let tables: FaresTables
  let folder: String
  let day: Day
  var body: [String] = []
  var notes: [String] = []
  var currency = ""
  /// The services that stand for the rides of a leg group, by the group.
  var services: [String: [String]] = [:]

  /// Seconds of a transfer for which the feed names no limit.
  static let unlimitedSeconds = 86_400

  init(tables: FaresTables, folder: String, day: Day) {
    self.tables = tables
    self.folder = folder
    self.day = day
  }

  var text: String {
    var lines = [
      "# Made from the fares of a GTFS feed; complete and correct it by hand.",
      "tariff: \(yamlWord(folder))", "effective: {from: \(day)}", "currency: \(currency)",
      "timezone: \(tables["agency.txt"].first?["agency_timezone"] ?? "UTC")",
      "sources:", "  - {url: none, seen: \(day), says: fares of a GTFS feed}",
      "modelled:", "  - what the feed says of fares, apart from what stands under not_modelled",
      "not_modelled:",
    ]
    lines += (notes.isEmpty ? ["nothing that the feed says"] : notes).map { "  - \(yamlWord($0))" }
    return (lines + body).joined(separator: "\n") + "\n"
  }

  mutating func note(_ text: String) {
    if !notes.contains(text) { notes.append(text) }
  }

  private mutating func take(currency code: String?, file: String) throws(TariffFault) {
    let code = code ?? ""
    if currency.isEmpty { currency = code }
    guard code == currency, Currency(code) != nil else {
      throw TariffFault(
        file: file, line: 1, message: "prices in \"\(currency)\" and \"\(code)\" in one feed")
    }
  }

  // MARK: Version 1

  mutating func writeVersion1() throws(TariffFault) {
    body += ["categories: [adult]", "fares:"]
    var transfers: [String] = []
    noteOtherColumns()
    for fare in tables["fare_attributes.txt"] {
      try take(currency: fare["currency_type"], file: "fare_attributes.txt")
      let id = fare["fare_id"] ?? ""
      if let agency = fare["agency_id"], !agency.isEmpty, tables["agency.txt"].count > 1 {
        note("fare \(id): it holds for rides of the agency \(agency), here for those of all")
      }
      let rules = tables["fare_rules.txt"].filter { $0["fare_id"] == id }
      let isOnBoard = fare["payment_method"] != "1"
      let media = isOnBoard ? "medium: cash" : "not: {medium: cash}"
      if isOnBoard { note("fare \(id): it is paid on board, so here for cash alone") }
      let price = fare["price"] ?? ""
      for condition in conditions(of: rules, fare: id) {
        let when = ([condition, media].filter { !$0.isEmpty }).joined(separator: ", ")
        body.append("  - {name: \(yamlWord("fare " + id)), when: {\(when)}, price: \(price)}")
        guard let allowed = fare["transfers"], allowed != "0" else { continue }
        let seconds = Int(fare["transfer_duration"] ?? "") ?? Self.unlimitedSeconds
        if Int(fare["transfer_duration"] ?? "") == nil {
          note("fare \(id): its transfers have no limit of time, here 24 hours")
        }
        let count = allowed.isEmpty ? "" : ", count: \(allowed)"
        transfers.append(
          "  - {name: \(yamlWord("transfer " + id)), when: {\(when)}, within: \(seconds) s\(count)}"
        )
      }
    }
    if !transfers.isEmpty { body += ["transfers:"] + transfers }
  }

  /// One condition for all routes of a fare, and one for each pair of zones.
  private mutating func conditions(of rules: [[String: String]], fare: String) -> [String] {
    guard !rules.isEmpty else { return [""] }
    var routes: [String] = []
    var pairs: [String] = []
    for rule in rules {
      if rule["contains_id"]?.isEmpty == false {
        note("fare \(fare): contains_id (sets of zones passed) is not imported")
        continue
      }
      let from = rule["origin_id"] ?? ""
      let to = rule["destination_id"] ?? ""
      let route = rule["route_id"] ?? ""
      if from.isEmpty, to.isEmpty {
        if !route.isEmpty { routes.append(yamlWord(route)) }
        continue
      }
      var parts: [String] = []
      if !route.isEmpty { parts.append("route: \(yamlWord(route))") }
      if !from.isEmpty { parts.append("zone: \(yamlWord(from))") }
      if !to.isEmpty { parts.append("to_zone: \(yamlWord(to))") }
      pairs.append(parts.joined(separator: ", "))
    }
    let first = routes.isEmpty ? [] : ["route: [\(routes.joined(separator: ", "))]"]
    return first + pairs
  }

  // MARK: Version 2

  mutating func writeVersion2() throws(TariffFault) {
    for product in tables["fare_products.txt"] {
      try take(currency: product["currency"], file: "fare_products.txt")
    }
    noteOtherColumns()
    noteLegRules()
    notePriorities()
    writeCategories()
    writeZones()
    writeTimes()
    writeServices()
    body.append("fares:")
    for rule in sortedRules() { writeLegRule(rule) }
    writeTransfers()
    let used = Set(
      (tables["fare_leg_rules.txt"] + tables["fare_transfer_rules.txt"])
        .compactMap { $0["fare_product_id"] })
    for product in tables["fare_products.txt"] {
      let id = product["fare_product_id"] ?? ""
      if !used.contains(id) {
        note("product \(id): no leg rule uses it; Fares v2 does not say how long it is valid")
      }
    }
  }

  private mutating func writeCategories() {
    let rows = tables["rider_categories.txt"]
    guard !rows.isEmpty else {
      body.append("categories: [adult]")
      return
    }
    let standard = rows.filter { $0["is_default_fare_category"] == "1" }
    body.append("categories:")
    for row in standard + rows.filter({ $0["is_default_fare_category"] != "1" }) {
      let id = yamlWord(row["rider_category_id"] ?? "")
      body.append("  \(id): {title: \(yamlWord(row["rider_category_name"] ?? id))}")
    }
  }

  private mutating func writeZones() {
    let rows = tables["stop_areas.txt"]
    guard !rows.isEmpty else { return }
    body.append("stop_zones:")
    let platforms = platformsByStation()
    var zones: [String: String] = [:]
    // What a platform's own row says counts before what its station's says.
    let named = Set(rows.compactMap { $0["stop_id"] })
    for row in rows {
      guard let stop = row["stop_id"], let area = row["area_id"] else { continue }
      let platforms = (platforms[stop] ?? []).filter { !named.contains($0) }
      for place in [stop] + platforms {
        if let other = zones[place], other != area {
          note("stop \(place) lies in several areas; only \(other) counts")
          continue
        }
        if zones.updateValue(area, forKey: place) == nil {
          body.append("  \(yamlWord(place)): \(yamlWord(area))")
        }
      }
    }
  }

  /// Stops by the station that they are part of: an area that holds a station holds its platforms
  /// (GTFS reference, `stop_areas.stop_id`).
  private func platformsByStation() -> [String: [String]] {
    var platforms: [String: [String]] = [:]
    for stop in tables["stops.txt"] where ["", "0", nil].contains(stop["location_type"]) {
      guard let id = stop["stop_id"], let station = stop["parent_station"], !station.isEmpty else {
        continue
      }
      platforms[station, default: []].append(id)
    }
    return platforms
  }

  func condition(of rule: [String: String]) -> String {
    var parts: [String] = []
    if let network = rule["network_id"], !network.isEmpty {
      let routes = routes(of: network)
      let words = routes.isEmpty ? [yamlWord(network)] : routes.map(yamlWord)
      parts.append("route: [\(words.joined(separator: ", "))]")
    }
    if let group = rule["from_timeframe_group_id"], !group.isEmpty {
      parts.append("time: \(yamlWord(group))")
    }
    if let group = rule["to_timeframe_group_id"], !group.isEmpty {
      parts.append("to_time: \(yamlWord(group))")
    }
    if let from = rule["from_area_id"], !from.isEmpty { parts.append("zone: \(yamlWord(from))") }
    if let to = rule["to_area_id"], !to.isEmpty { parts.append("to_zone: \(yamlWord(to))") }
    return parts.joined(separator: ", ")
  }

  /// Routes of a network: from a table of their own, or a column of `routes.txt`.
  func routes(of network: String) -> [String] {
    ["route_networks.txt", "routes.txt"].flatMap { tables[$0] }
      .filter { $0["network_id"] == network }.compactMap { $0["route_id"] }
  }

  private mutating func writeLegRule(_ rule: [String: String]) {
    let id = rule["fare_product_id"] ?? ""
    let prices = productPrices(id)
    guard !prices.isEmpty else {
      note("leg rule of product \(id): the product has no price, the rule is not imported")
      return
    }
    let when = condition(of: rule)
    // A feed without rider categories has one price for all.
    let others = "others: "
    let price =
      prices.count == 1 && prices[0].hasPrefix(others)
      ? String(prices[0].dropFirst(others.count))
      : "{by: category, \(prices.joined(separator: ", "))}"
    body.append(
      "  - {name: \(yamlWord(id))\(when.isEmpty ? "" : ", when: {\(when)}"), price: \(price)}")
  }

  /// The prices of a product by category, and in a category by medium where the feed tells them apart.
  private mutating func productPrices(_ id: String) -> [String] {
    var categories: [String] = []
    var amounts: [String: [(medium: String, amount: String)]] = [:]
    for product in tables["fare_products.txt"] where product["fare_product_id"] == id {
      let category = product["rider_category_id"] ?? ""
      let amount = product["amount"] ?? ""
      if amount.hasPrefix("-") {
        note("product \(id): an amount below zero is not imported")
        continue
      }
      let medium = mediumWord(product["fare_media_id"] ?? "")
      if amounts[category] == nil { categories.append(category) }
      if let other = amounts[category]?.first(where: { $0.medium == medium }) {
        if other.amount != amount {
          note("product \(id): two prices for \(medium); only \(other.amount) counts")
        }
        continue
      }
      amounts[category, default: []].append((medium, amount))
    }
    return categories.map { category in
      let prices = amounts[category] ?? []
      // A fare that needs no medium holds for any, unless the feed has another price for one.
      let isPlain = prices.count == 1 && ["others", "cash"].contains(prices[0].medium)
      let price =
        isPlain
        ? prices[0].amount
        : "{by: medium, "
          + prices.map { "\($0.medium): \($0.amount)" }.joined(separator: ", ") + "}"
      return "\(category.isEmpty ? "others" : yamlWord(category)): \(price)"
    }
  }

  /// A medium of the feed in the words of taps; `others` where the feed names none.
  private func mediumWord(_ id: String) -> String {
    guard !id.isEmpty else { return "others" }
    let row = tables["fare_media.txt"].first { $0["fare_media_id"] == id }
    let kinds = ["0": "cash", "1": "qr", "2": "card", "3": "bank", "4": "phone"]
    return kinds[row?["fare_media_type"] ?? ""] ?? yamlWord(id)
  }

  /// Timeframes as named times: the boarding decides, from the start inside to the end outside.
  private mutating func writeTimes() {
    let rows = tables["timeframes.txt"]
    guard !rows.isEmpty else { return }
    var groups: [String] = []
    for row in rows {
      let group = row["timeframe_group_id"] ?? ""
      if !groups.contains(group) { groups.append(group) }
    }
    body.append("times:")
    for group in groups {
      let spans = rows.filter { $0["timeframe_group_id"] == group }.compactMap { span($0) }
      body.append("  \(yamlWord(group)): [\(spans.joined(separator: ", "))]")
    }
  }

  private mutating func span(_ row: [String: String]) -> String? {
    let service = row["service_id"] ?? ""
    let names = [
      "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
    ]
    let calendar = tables["calendar.txt"].first { $0["service_id"] == service }
    let days = names.filter { calendar?[$0] == "1" }
    let also = dates(of: service, "1")
    let never = dates(of: service, "2")
    guard !days.isEmpty || !also.isEmpty else {
      note(
        "timeframes on service \(service): it has no weekday in calendar.txt and no date in "
          + "calendar_dates.txt")
      return nil
    }
    noteValidity(of: service, calendar)
    var parts = [days.isEmpty ? "days: none" : "days: [\(days.joined(separator: ", "))]"]
    if !also.isEmpty { parts.append("also_on: [\(also.joined(separator: ", "))]") }
    if !never.isEmpty { parts.append("not_on: [\(never.joined(separator: ", "))]") }
    if let start = row["start_time"], !start.isEmpty { parts.append("from: \"\(start)\"") }
    if let end = row["end_time"], !end.isEmpty { parts.append("before: \"\(end)\"") }
    return "{" + parts.joined(separator: ", ") + "}"
  }

  /// Dates on which a service runs, or does not, against its weekdays.
  private mutating func dates(of service: String, _ kind: String) -> [String] {
    var dates: [String] = []
    for row in tables["calendar_dates.txt"]
    where row["service_id"] == service && row["exception_type"] == kind {
      guard let day = day(row["date"] ?? "") else {
        note("timeframes on service \(service): \(row["date"] ?? "") is no date")
        continue
      }
      dates.append(day.description)
    }
    return dates.sorted()
  }

  /// A date as GTFS writes it: 20261122.
  private func day(_ text: String) -> Day? {
    guard text.utf8.count == 8 else { return nil }
    return Day("\(text.prefix(4))-\(text.dropFirst(4).prefix(2))-\(text.suffix(2))")
  }

  /// Timeframes hold for as long as their service runs; the language knows only versions for that.
  private mutating func noteValidity(of service: String, _ calendar: [String: String]?) {
    guard let first = self.day(calendar?["start_date"] ?? ""),
      let last = self.day(calendar?["end_date"] ?? "")
    else { return }
    if first > day || last < day {
      note("timeframes on service \(service): they hold from \(first) to \(last), here always")
    }
  }
}
