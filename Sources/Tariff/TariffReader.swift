import Basics

/// Reads one version of a tariff from its YAML document into tables.
final class TariffReader {
  let source: TariffSource
  let faults: FaultList
  var tables: TariffTables
  /// Named lists of values.
  var lists: [String: [String]] = [:]
  /// Prices by name as they stand, and the nodes of those that were asked for.
  var namedPrices: [String: YAMLEntry] = [:]
  var namedNodes: [String: Int32] = [:]
  /// Places of nodes, so that equal ones share one.
  var nodePlaces: [PriceNode: Int32] = [:]
  /// The size of each node.
  var nodeSizes: [PriceSize] = []
  /// Prices that are being read, each a part of the one before.
  var pricesInProgress = 0
  var namesInProgress: [String] = []
  var usedPrices: Set<String> = []
  /// Lines of prices by a length that only the tap off tells.
  var linesByLength: [Int] = []
  /// Zones that exist; nil when the tariff does not say.
  var zones: Set<String>?
  /// The zones as the tariff lists them, from the middle outwards.
  var zoneOrder: [String] = []
  /// Whether amounts are written in minor units.
  var countsInMinor = false
  /// Words of the network that were noted.
  var mentioned: Set<String> = []
  /// Tags of rules by name, to see names that hash alike.
  var tagNames: [UInt32: String] = [:]

  init(source: TariffSource, faults: FaultList, clock: CityClock, currency: Currency) {
    self.source = source
    self.faults = faults
    tables = TariffTables(
      name: source.folder, title: Bilingual(uk: source.folder, en: source.folder), version: "",
      versionTag: 0, currency: currency, clock: clock, firstDay: 0, lastDay: 0)
  }

  /// Reads a document; nil when something in it is wrong.
  static func read(
    _ document: YAMLTree, source: TariffSource, faults: FaultList
  ) -> CompiledTariff? {
    guard let fields = Fields(document, "a tariff", faults) else { return nil }
    let zone = fields.require("timezone")
    let zoneTable = zone?.text.flatMap { TimeZoneTable(name: $0) }
    if let zone, zoneTable == nil {
      faults.error(zone.line, "no time zone \(zone.kindText); write one such as Europe/Kyiv")
    }
    let code = fields.require("currency")
    let currency = code?.text.flatMap { Currency($0) }
    if let code, currency == nil {
      faults.error(code.line, "no currency \(code.kindText); write three capitals such as UAH")
    }
    var startSeconds = 0
    if let start = fields.take("day_start") {
      if let seconds = start.text.flatMap(clockSeconds), seconds < 86_400 {
        startSeconds = seconds
      } else {
        faults.error(start.line, "\"day_start\" is a time such as \"04:00\"")
      }
    }
    guard let zoneTable, let currency else { return nil }
    let clock = CityClock(zone: zoneTable, fareDayStartSeconds: startSeconds)
    let reader = TariffReader(source: source, faults: faults, clock: clock, currency: currency)
    reader.readHead(fields)
    reader.readWords(fields)
    reader.readRules(fields)
    fields.finish()
    reader.readUnusedPrices()
    reader.doubtSharedCaps()
    return faults.hasErrors ? nil : CompiledTariff(tables: reader.tables)
  }

  private func readHead(_ fields: Fields) {
    if let name = fields.text("tariff"), name != source.folder {
      faults.error(
        fields.line, "the tariff calls itself \"\(name)\" and its folder \"\(source.folder)\"")
    }
    if let title = fields.bilingual("title") { tables.title = title }
    countsInMinor = fields.choice("amounts", AmountUnit.self) == .minor
    tables.countsInMinor = countsInMinor
    if let rule = fields.choice("apportionment", FareApportionment.self) {
      tables.apportionment = rule
    }
    if let period = Fields(fields.require("effective"), "\"effective\"", faults) {
      let from = period.require("from").flatMap { readDay($0, "\"from\"", faults) }
      let until = period.day("until")
      period.finish()
      tables.firstDay = from?.number ?? 0
      tables.lastDay = until?.number ?? TariffReader.lastDay
      if tables.lastDay < tables.firstDay {
        faults.error(period.line, "\"until\" is before \"from\"")
      }
    }
    tables.version = fields.text("version") ?? Day(number: tables.firstDay).description
    if !tables.version.isName {
      faults.error(
        fields.line,
        "\"version\" has 1 to \(String.nameBytesMax) bytes and no control characters")
    }
    tables.versionTag = tag(source.folder + "@" + tables.version)
    if let start = fields.take("week_start") {
      if let weekday = start.text.flatMap(TariffReader.weekday) {
        tables.weekStart = weekday + 1
      } else {
        faults.error(start.line, "\"week_start\" is a day such as monday")
      }
    }
    readNotes(fields)
    readHolidays(fields)
  }

  /// The end of a version that does not say one.
  static let lastDay = Day(year: 9999, month: 12, day: 31)?.number ?? 0

  private func readHolidays(_ fields: Fields) {
    guard var tree = fields.take("holidays") else { return }
    var place = faults
    if let path = tree.text, Day(path) == nil {
      guard let text = source.text(of: path) else {
        faults.error(tree.line, "no file \"\(path)\" beside the tariff; it should list holidays")
        return
      }
      place = FaultList(file: path)
      do throws(TariffFault) {
        tree = try YAMLTree.documents(text, file: path).first ?? YAMLTree(line: 1, kind: .nothing)
      } catch {
        faults.error(tree.line, "holidays: \(error.description)")
        return
      }
    }
    for element in tree.elements {
      if let day = readDay(element, "a holiday", place) { tables.holidays.insert(day.number) }
    }
    if place !== faults {
      for fault in place.faults { faults.error(tree.line, "holidays: \(fault.description)") }
    }
  }

  private func readWords(_ fields: Fields) {
    if let declared = fields.take("zones") {
      zoneOrder = declared.elements.compactMap(\.text)
      zones = Set(zoneOrder)
      for element in declared.elements {
        if let zone = element.text { mention(zone, .zone, line: element.line) }
      }
    }
    if let stops = fields.map("stop_zones") {
      for entry in stops {
        guard let zone = entry.value.text else { continue }
        tables.stopZones[entry.key] = zone
        mention(entry.key, .stop, line: entry.line)
        if let zones, !zones.contains(zone) {
          faults.error(entry.line, "stop \"\(entry.key)\" is in zone \"\(zone)\", not in \"zones\"")
        }
      }
      if zones == nil { zones = Set(tables.stopZones.values) }
      tables.pricesByStop = true
    }
    readZoneOrder(fields)
    for entry in fields.map("lists") ?? [] {
      lists[entry.key] = entry.value.elements.compactMap { element in
        if element.text == nil { faults.error(element.line, "a list holds words and numbers") }
        return element.text
      }
    }
    for entry in fields.map("prices") ?? [] { namedPrices[entry.key] = entry }
    readDistance(fields)
    readCategories(fields)
    readTimes(fields)
    readServices(fields)
  }

  /// Gives zones their numbers, and says whether a ride has the zones of its ends or of its line.
  private func readZoneOrder(_ fields: Fields) {
    for zone in (zones ?? []).sorted() { _ = tables.symbols[.zone].intern(zone) }
    tables.zoneRanks = tables.symbols[.zone].names.map { name in
      Int32(zoneOrder.firstIndex(of: name) ?? -1)
    }
    if fields.choice("zones_of", ZoneExtent.self) == .line {
      tables.zonesAreOfLine = true
      tables.needsLine = true
    }
  }

  private func readDistance(_ fields: Fields) {
    guard let tree = fields.take("distance"), let rule = Fields(tree, "\"distance\"", faults)
    else { return }
    tables.distanceUse = rule.choice("use", DistanceUse.self) ?? .givenFirst
    if tables.distanceUse == .alongLine { tables.needsLine = true }
    tables.measuresOnEllipsoid = rule.choice("earth", Earth.self) != .sphere
    rule.finish()
  }

  /// A short name of a rule for stored states; two names that hash alike are a fault.
  func tagOf(_ name: String, _ kind: String, line: Int) -> UInt32 {
    let value = tag(name)
    // By the name riders' states tell what they have used of a rule, so no two may share it.
    if let other = tagNames[value] {
      faults.error(
        line,
        other.hasSuffix(name)
          ? "two rules are called \"\(name)\"; names are unique"
          : "the names \"\(name)\" and \"\(other)\" collide; change one of them")
    }
    tagNames[value] = kind + name
    return value
  }

  /// The number of a weekday's name, Monday 0.
  static func weekday(_ name: String) -> Int? {
    Weekday.allCases.first { $0.name == name }.map { $0.rawValue - 1 }
  }
}

/// How amounts are written.
private enum AmountUnit: String, CaseIterable { case major, minor }
/// Which zones a ride touches.
private enum ZoneExtent: String, CaseIterable {
  /// Those of the stops where it begins and ends.
  case ends
  /// Those of all stops on its way.
  case line
}
/// What straight lines are measured on.
private enum Earth: String, CaseIterable { case ellipsoid, sphere }
