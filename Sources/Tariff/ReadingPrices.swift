import Basics

extension TariffReader {
  /// Reads a price and gives its node; -1, with a fault, when it is none.
  func price(_ tree: YAMLTree?) -> Int32 {
    guard let tree else { return -1 }
    pricesInProgress += 1
    defer { pricesInProgress -= 1 }
    guard pricesInProgress <= PriceSize.depthMax else {
      faults.error(tree.line, PriceSize.tooDeep)
      return -1
    }
    let node = priceOfAnySize(tree)
    guard node >= 0, let fault = nodeSizes[Int(node)].fault else { return node }
    faults.error(tree.line, fault)
    return -1
  }

  private func priceOfAnySize(_ tree: YAMLTree) -> Int32 {
    if let text = tree.text {
      if text.hasPrefix("@") { return named(String(text.dropFirst()), line: tree.line) }
      switch text {
      case "free": return node(.amount(0))
      case "unknown": return node(.unknown)
      default: return amount(tree).map { node(.amount($0)) } ?? -1
      }
    }
    guard let entries = tree.entries, let fields = Fields(tree, "a price", faults) else {
      faults.error(
        tree.line, "a price is an amount, @name, or a map with \"by\", not \(tree.kindText)")
      return -1
    }
    defer { fields.finish() }
    if let by = fields.take("by") { return price(by: by, fields) }
    if let parts = fields.take("sum") { return node(.sum(parts.elements.map { price($0) })) }
    if let base = fields.take("of") { return shareNode(base, fields) }
    if fields.take("per") != nil { return perUnit(fields) }
    // Without a word in front, the keys are categories: {adult: 12, pupil: 6}.
    if entries.contains(where: { entry in
      tables.categories.contains { $0.name == entry.key }
    }) {
      return choice(.category, fields)
    }
    faults.error(
      tree.line,
      "a price map needs \"by\", \"sum\", \"of\" or \"per\", or the names of categories as keys")
    _ = fields.rest()
    return -1
  }

  /// Puts a node into the table; equal nodes share a place.
  func node(_ node: PriceNode) -> Int32 {
    if let place = nodePlaces[node] { return place }
    let place = Int32(tables.nodes.count)
    tables.nodes.append(node)
    nodeSizes.append(size(of: node))
    nodePlaces[node] = place
    return place
  }

  /// An amount in minor units: `12.50`, `12.50 UAH`.
  func amount(_ tree: YAMLTree) -> Int64? {
    guard let text = tree.text else {
      faults.error(tree.line, "an amount is a number, not \(tree.kindText)")
      return nil
    }
    let words = text.split(separator: " ")
    if words.count == 2, words[1] != tables.currency.code {
      let isCode = Currency(words[1]) != nil
      faults.error(
        tree.line,
        isCode
          ? "the amount is in \(words[1]); this tariff is in \(tables.currency.code)"
          : "\"\(text)\" is no amount")
      return nil
    }
    guard (1...2).contains(words.count) else {
      faults.error(tree.line, "\"\(text)\" is no amount; write 12.50")
      return nil
    }
    let digits = countsInMinor ? 0 : tables.currency.minorDigits
    guard let minor = TariffReader.minor(words[0], digits: digits) else {
      faults.error(
        tree.line,
        "\"\(text)\" is no amount in \(tables.currency.code); write a number with at most "
          + "\(digits) decimals" + (text.contains(",") ? ", and a point and not a comma" : ""))
      return nil
    }
    guard minor >= 0 else {
      faults.error(tree.line, "a price is not below zero; a discount has a rule of its own")
      return nil
    }
    return minor
  }

  /// Minor units of a decimal number; nil when it is none, or too fine, or too large.
  static func minor(_ text: some StringProtocol, digits: Int) -> Int64? {
    let isNegative = text.hasPrefix("-")
    let parts = text.dropFirst(isNegative ? 1 : 0).split(
      separator: ".", omittingEmptySubsequences: false)
    guard (1...2).contains(parts.count), !parts[0].isEmpty,
      parts.allSatisfy({ $0.utf8.allSatisfy { (48...57).contains($0) } })
    else { return nil }
    let fraction = parts.count == 2 ? String(parts[1]) : ""
    guard fraction.count <= digits, parts.count == 1 || !fraction.isEmpty, parts[0].count <= 9
    else { return nil }
    let padding = String(repeating: "0", count: digits - fraction.count)
    guard let minor = Int64(String(parts[0]) + fraction + padding) else { return nil }
    return isNegative ? -minor : minor
  }

  /// A price of "prices", which may refer to others but not to itself.
  func named(_ name: String, line: Int) -> Int32 {
    usedPrices.insert(name)
    if let node = namedNodes[name] { return node }
    guard let entry = namedPrices[name] else {
      faults.error(line, "no price \"\(name)\" in \"prices\"")
      return -1
    }
    guard !namesInProgress.contains(name) else {
      let circle = (namesInProgress + [name]).joined(separator: " → ")
      faults.error(line, "prices refer to each other in a circle: \(circle); give one an amount")
      return -1
    }
    namesInProgress.append(name)
    let node = price(entry.value)
    namesInProgress.removeLast()
    namedNodes[name] = node
    return node
  }

  /// Checks named prices that no rule asks for.
  func readUnusedPrices() {
    for entry in namedPrices.values.sorted(by: { $0.line < $1.line })
    where !usedPrices.contains(entry.key) {
      _ = named(entry.key, line: entry.line)
      faults.warn(entry.line, "price \"\(entry.key)\" is used by no rule")
    }
  }

  private func price(by: YAMLTree, _ fields: Fields) -> Int32 {
    switch by.text {
    case "time": return times(fields)
    case "date": return dates(fields)
    case "zones": return pairs(fields, ofStops: false)
    case "stops": return pairs(fields, ofStops: true)
    case "ends": return ends(fields)
    case "farthest_zone": return farthestZone(fields)
    case "distance", "stop_count", "zone_count", "zones_passed", "riders":
      return bands(
        by.text == "stop_count" ? .stops : Measure(rawValue: by.text ?? "") ?? .stops, fields)
    default: break
    }
    let words = [
      "category", "medium", "mode", "operator", "route", "service", "stop", "to_stop",
      "zone", "to_zone", "direction", "vehicle",
    ]
    guard let text = by.text, words.contains(text),
      let dimension = TariffReader.dimensions[text]
    else {
      faults.error(
        by.line,
        "\"by\" is \(by.kindText); it is one of: time, date, zones, stops, ends, distance, "
          + "stop_count, zone_count, zones_passed, farthest_zone, riders, \(words.joined(separator: ", "))"
      )
      _ = fields.rest()
      return -1
    }
    return choice(dimension, fields)
  }

  /// Prices by the value of one dimension; `others` for all that are not listed.
  private func choice(_ dimension: RideDimension, _ fields: Fields) -> Int32 {
    let others = price(fields.take("others"))
    var table: [Int32] = []
    let errors = faults.errorCount
    if [.stop, .toStop, .zone, .toZone].contains(dimension) { tables.pricesByStop = true }
    for entry in fields.rest() {
      let names = entry.key.hasPrefix("@") ? list(entry.key, line: entry.line) : [entry.key]
      let priced = price(entry.value)
      for name in names {
        guard let id = id(name, dimension, line: entry.line) else { continue }
        while table.count <= Int(id) { table.append(-1) }
        table[Int(id)] = priced
      }
    }
    if table.isEmpty, faults.errorCount == errors {
      faults.error(fields.line, "a price by values lists at least one value")
    }
    return node(.choice(dimension, table: table, others: others))
  }

  /// Prices by the zone farthest out; the list "zones" says which lies farther.
  private func farthestZone(_ fields: Fields) -> Int32 {
    tables.pricesByStop = true
    if zoneOrder.isEmpty {
      faults.error(
        fields.line,
        "a price by the farthest zone needs the list \"zones\", from the middle outwards")
    }
    let others = price(fields.take("others"))
    var table: [Int32] = []
    for entry in fields.rest() {
      let priced = price(entry.value)
      guard let id = id(entry.key, .zone, line: entry.line) else { continue }
      while table.count <= Int(id) { table.append(-1) }
      table[Int(id)] = priced
    }
    return node(.farthestZone(table: table, others: others))
  }

  private func id(_ name: String, _ dimension: RideDimension, line: Int) -> Int32? {
    if dimension == .direction {
      return directionMask(YAMLTree(line: line, kind: .text(name))).map {
        Int32($0.trailingZeroBitCount)
      }
    }
    guard let base = dimension.base else {
      guard let found = service(YAMLTree(line: line, kind: .text(name))) else { return nil }
      return Int32(found.mask.trailingZeroBitCount)
    }
    check(name, base, line: line)
    return tables.symbols[base].intern(name)
  }

  private func times(_ fields: Fields) -> Int32 {
    let others = price(fields.take("others"))
    var choices: [TimeChoice] = []
    for entry in fields.rest() {
      let name = YAMLTree(line: entry.line, kind: .text(entry.key))
      guard let mask = timeMask(name) else { continue }
      choices.append(TimeChoice(mask: mask, node: price(entry.value)))
    }
    return node(.times(choices, others: others))
  }

  private func dates(_ fields: Fields) -> Int32 {
    var choices: [DateChoice] = []
    for element in fields.require("periods")?.elements ?? [] {
      guard let period = Fields(element, "a period", faults) else { continue }
      let last = period.require("until").flatMap { readDay($0, "\"until\"", faults) }
      let node = price(period.require("price"))
      period.finish()
      guard let last else { continue }
      if let before = choices.last, before.lastDay >= last.number {
        faults.error(element.line, "periods come in order of their last day")
      }
      choices.append(DateChoice(lastDay: last.number, node: node))
    }
    return node(.dates(choices))
  }

  private func bands(_ measure: Measure, _ fields: Fields) -> Int32 {
    var bands: [PriceBand] = []
    if measure != .riders { tables.pricesByStop = true }
    if measure == .stops || measure == .zonesPassed { tables.needsLine = true }
    checkZonesAreNumbered(measure, fields)
    for element in fields.require("bands")?.elements ?? [] {
      guard let band = Fields(element, "a band", faults) else { continue }
      let under = band.take("under")
      let upTo = band.take("up_to")
      let limit = (under ?? upTo).map { bandLimit($0, measure) } ?? .infinity
      if under != nil, upTo != nil {
        faults.error(element.line, "a band ends \"under\" or \"up_to\" a length, not both")
      }
      if let before = bands.last, before.limit >= limit, before.limit != .infinity || under != nil {
        faults.error(element.line, "bands come in order of their length; this one is never reached")
      }
      bands.append(
        PriceBand(
          limit: limit, isInclusive: upTo != nil || limit == .infinity,
          node: price(band.require("price"))))
      band.finish()
    }
    return node(.bands(measure, bands))
  }

  /// Zones are counted by their numbers, so the tariff has to list them.
  private func checkZonesAreNumbered(_ measure: Measure, _ fields: Fields) {
    guard measure == .zoneCount else { return }
    guard let zones, zones.allSatisfy({ Int($0) != nil }) else {
      faults.error(
        fields.line, "a price by the number of zones needs the list \"zones\" of numbers")
      return
    }
  }

  private func bandLimit(_ tree: YAMLTree, _ measure: Measure) -> Double {
    guard let text = tree.text, let value = Double(text), value > 0, value < 1e6 else {
      faults.error(tree.line, "a band ends at a number above zero, not \(tree.kindText)")
      return .infinity
    }
    return measure == .distance ? (value * 1000).rounded() : value
  }

  private func pairs(_ fields: Fields, ofStops: Bool) -> Int32 {
    tables.pricesByStop = true
    let base = ofStops ? Dimension.stop : Dimension.zone
    var table: [UInt64: Int32] = [:]
    let others = price(fields.take("others"))
    for element in fields.require("pairs")?.elements ?? [] {
      guard let pair = Fields(element, "a pair", faults) else { continue }
      let from = pair.require("from")
      let to = pair.require("to")
      let priced = price(pair.require("price"))
      let isBothWays = pair.flag("both_ways") ?? true
      pair.finish()
      for start in names(from, base) {
        for end in names(to, base) {
          let key = pairKey(tables.symbols[base].intern(start), tables.symbols[base].intern(end))
          let back = pairKey(tables.symbols[base].intern(end), tables.symbols[base].intern(start))
          if let other = table[key], other != priced {
            faults.error(element.line, "\(start) to \(end) has another price above")
          }
          table[key] = priced
          // A way that has a price of its own above keeps it.
          if isBothWays, table[back] == nil { table[back] = priced }
        }
      }
    }
    return node(.pairs(ofStops: ofStops, table, others: others))
  }

  /// Values that stand in a list, with the lists that they name written out.
  func names(_ tree: YAMLTree?, _ base: Dimension) -> [String] {
    var result: [String] = []
    for element in tree?.elements ?? [] {
      guard let text = element.text else {
        faults.error(element.line, "a value is a word or a number, not \(element.kindText)")
        continue
      }
      let values = text.hasPrefix("@") ? list(text, line: element.line) : [text]
      for value in values { check(value, base, line: element.line) }
      result += values
    }
    return result
  }

  private func ends(_ fields: Fields) -> Int32 {
    tables.pricesByStop = true
    let words: [String: EndWord] = ["stop": .stop, "last_mode": .lastMode, "zone": .zone]
    var order: [EndWord] = []
    for element in fields.require("look_up")?.elements ?? [] {
      guard let word = element.text.flatMap({ words[$0] }) else {
        faults.error(element.line, "\"look_up\" is a list of stop, last_mode and zone")
        continue
      }
      order.append(word)
    }
    var entries: [UInt64: Int32] = [:]
    for element in fields.require("table")?.elements ?? [] {
      guard let row = Fields(element, "a row", faults) else { continue }
      let from = endWords(row.require("from"), words)
      let to = endWords(row.require("to"), words)
      let priced = price(row.require("price"))
      row.finish()
      for (fromWord, fromID) in from {
        for (toWord, toID) in to {
          entries[EndsTable.key(fromWord, fromID, toWord, toID)] = priced
        }
      }
    }
    return node(.ends(EndsTable(words: order, entries: entries)))
  }

  /// An end by any of its words: `{stop: X}` or `{last_mode: metro, zone: 1}`.
  private func endWords(
    _ tree: YAMLTree?, _ words: [String: EndWord]
  ) -> [(EndWord, Int32)] {
    guard let tree else { return [] }
    let errors = faults.errorCount
    var result: [(EndWord, Int32)] = []
    for entry in tree.entries ?? [] {
      guard let word = words[entry.key] else {
        faults.error(entry.line, "an end is named by stop, last_mode or zone")
        continue
      }
      let base: Dimension = word == .stop ? .stop : word == .zone ? .zone : .mode
      for name in names(entry.value, base) {
        result.append((word, tables.symbols[base].intern(name)))
      }
    }
    if result.isEmpty, faults.errorCount == errors {
      faults.refuse(
        tree.line, "an end is a map that names a stop, a zone or the last mode, such as {stop: X}")
    }
    return result
  }

  private func shareNode(_ base: YAMLTree, _ fields: Fields) -> Int32 {
    guard let tree = fields.require("share"), let share = share(tree, fields) else { return -1 }
    return node(.share(of: price(base), share))
  }

  /// A share such as `50%`, with the rounding that stands beside it.
  func share(_ tree: YAMLTree, _ fields: Fields) -> PriceShare? {
    guard let points = tree.text.flatMap(basisPoints) else {
      faults.error(tree.line, "a share is a percentage such as 50%, not \(tree.kindText)")
      return nil
    }
    let rounding = fields.choice("rounding", Rounding.self) ?? .halfUp
    let step = fields.take("to").flatMap { amount($0) } ?? 1
    return PriceShare(basisPoints: points, rounding: rounding, stepMinor: max(1, step))
  }

  /// A share that is at most the whole.
  func wholeShare(_ tree: YAMLTree, _ fields: Fields) -> PriceShare? {
    let share = share(tree, fields)
    holdToWhole(share, tree)
    return share
  }

  /// Refuses a share that is more than the whole of what it is of.
  func holdToWhole(_ share: PriceShare?, _ tree: YAMLTree) {
    guard let share, share.basisPoints > 10_000 else { return }
    faults.refuse(tree.line, "the share is at most 100% here, not \(tree.kindText)")
  }

  private func perUnit(_ fields: Fields) -> Int32 {
    let measures: [String: Measure] = [
      "km": .distance, "stop": .stops, "zone": .zoneCount, "zone_passed": .zonesPassed,
      "person": .riders,
    ]
    let word = fields.text("per") ?? ""
    guard let measure = measures[word] else {
      faults.error(fields.line, "\"per\" is km, stop, zone, zone_passed or person")
      return -1
    }
    if measure != .riders {
      tables.pricesByStop = true
      linesByLength.append(fields.line)
    }
    if measure == .stops || measure == .zonesPassed { tables.needsLine = true }
    checkZonesAreNumbered(measure, fields)
    let each = fields.require("amount").flatMap { amount($0) } ?? 0
    let base = fields.take("base").flatMap { amount($0) } ?? 0
    let isStartedCharged = fields.flag("started") ?? true
    let unit = measure == .distance ? 1000.0 : 1.0
    return node(
      .perUnit(measure, base: base, each: each, unit: unit, isStartedCharged: isStartedCharged))
  }
}
