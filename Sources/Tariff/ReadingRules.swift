import Basics

extension TariffReader {
  /// Reads all rules, in the order in which they work on a ride.
  func readRules(_ fields: Fields) {
    readTapping(fields)
    readProducts(fields)
    readFares(fields)
    readTickets(fields)
    if tables.fares.isEmpty, tables.tickets.isEmpty {
      faults.error(fields.line, "a tariff has \"fares\" or \"tickets\"; this one prices nothing")
    }
    if !tables.fares.isEmpty, !tables.tickets.isEmpty {
      faults.refuse(
        fields.line,
        "a tariff has \"fares\" or \"tickets\", not both: beside tickets no fare counts")
      tables.fares = []
    }
    if !tables.tickets.isEmpty, tables.tapping.incomplete == .endOfLine {
      faults.refuse(
        fields.line,
        "\"incomplete: end_of_line\" is for \"fares\"; beside \"tickets\" write dearest, a price or "
          + "unknown")
    }
    readTransfers(fields)
    readChains(fields)
    readRepeats(fields)
    readCaps(fields)
    readSurcharges(fields)
    if let tree = fields.take("rounding"), let rule = Fields(tree, "\"rounding\"", faults) {
      let step = rule.require("to").flatMap { amount($0) } ?? 1
      let way = rule.choice("rounding", Rounding.self) ?? .halfUp
      tables.rounding = PriceShare(basisPoints: 10_000, rounding: way, stepMinor: max(1, step))
      rule.finish()
    }
    if let tree = fields.take("stored_value"), let rule = Fields(tree, "\"stored_value\"", faults) {
      let fee = rule.take("top_up_fee").flatMap { wholeShare($0, rule) }
      tables.storedValue = StoredValueRule(topUpFee: fee)
      rule.finish()
    }
    if let tree = fields.take("companions"), let rule = Fields(tree, "\"companions\"", faults) {
      tables.companionCategory = rule.require("as").flatMap { category($0) } ?? -1
      rule.finish()
    }
    for rule in tables.categories where rule.proofTag != 0 {
      if !tables.products.contains(where: { $0.tag == rule.proofTag }) {
        faults.error(
          fields.line, "category \"\(rule.name)\" asks for a proof that is not in \"products\"")
      }
    }
    warnOfRidesWithoutLength()
    doubtProductsThatMayNeverBegin(line: fields.line)
    warnOfUnreachableRules()
  }

  /// Prices by length have no dearest: without a tap off such a ride would be charged nothing.
  private func warnOfRidesWithoutLength() {
    guard tables.tapping.incomplete == .dearest else { return }
    for line in linesByLength {
      faults.warn(
        line,
        "a ride without its tap off has no price by length; say what it pays in \"incomplete\"")
    }
  }

  /// Doubts proofs and bought caps that begin with a first ride: one that carries no ride is never over.
  private func doubtProductsThatMayNeverBegin(line: Int) {
    func waiting(_ tag: UInt32) -> String? {
      tables.products.first { $0.tag == tag && $0.startsAtFirstUse }?.name
    }
    func doubt(_ line: Int, _ owner: String, _ product: String) {
      faults.warn(
        line,
        "\(owner) holds with product \"\(product)\", which begins with its first ride: as long as it carries "
          + "none it is never over")
    }
    for rule in tables.categories where rule.proofTag != 0 {
      if let name = waiting(rule.proofTag) { doubt(line, "category \"\(rule.name)\"", name) }
    }
    for cap in tables.caps {
      guard case .product(let tag) = cap.period, let name = waiting(tag) else { continue }
      doubt(cap.line, "cap \"\(cap.name)\"", name)
    }
  }

  /// Name and condition, which most rules begin with.
  private func head(_ fields: Fields, _ kind: String) -> (name: String, condition: RideCondition) {
    let name = fields.require("name")?.text ?? kind
    return (name, condition(fields.take("when")))
  }

  /// Most fares of a version; tables of prices belong into `by`.
  static let faresMax = 2000
  /// Most surcharges of a version, and most levels of a cap.
  static let surchargesMax = 2000
  static let levelsMax = 2000

  /// The elements of a list; that there are too many is told, and in what was published they are read all the same.
  private func elements(_ tree: YAMLTree?, atMost most: Int, _ owner: String, _ what: String)
    -> [YAMLTree]
  {
    let elements = tree?.elements ?? []
    if elements.count > most {
      faults.refuse(elements[most].line, "\(owner) has at most \(most) \(what)")
    }
    return elements
  }

  private func readFares(_ fields: Fields) {
    for element in fields.take("fares")?.elements ?? [] {
      guard tables.fares.count < TariffReader.faresMax else {
        faults.error(element.line, "a tariff has at most \(TariffReader.faresMax) fares")
        return
      }
      guard let rule = Fields(element, "a fare", faults) else { continue }
      let errors = faults.errorCount
      let (name, condition) = head(rule, "fare")
      let node = price(rule.require("price"))
      rule.finish()
      // A condition that could not be read says nothing about what it takes.
      if faults.errorCount == errors,
        let above = tables.fares.first(where: { covers($0.condition, condition) })
      {
        faults.warn(
          element.line,
          "fare \"\(name)\" is never reached: \"\(above.name)\" on line \(above.line) takes all "
            + "its rides")
      }
      tables.fares.append(
        FareRule(name: name, condition: condition, node: node, line: element.line))
    }
  }

  private func readTapping(_ fields: Fields) {
    guard let tree = fields.take("tapping"), let rule = Fields(tree, "\"tapping\"", faults)
    else { return }
    tables.tapping.limitMicroseconds = rule.duration("limit")
    tables.tapping.isLimitInclusive = rule.choice("limit_end", WindowEnd.self) != .outside
    if let cancel = rule.take("same_stop"), let fields = Fields(cancel, "\"same_stop\"", faults) {
      tables.tapping.cancelsSameStop = true
      tables.tapping.cancelMicroseconds = fields.duration("within")
      fields.finish()
    }
    if let incomplete = rule.take("incomplete") {
      switch incomplete.text {
      case "dearest": tables.tapping.incomplete = .dearest
      case "end_of_line":
        tables.tapping.incomplete = .endOfLine
        tables.needsLine = true
        tables.pricesByStop = true
      case "unknown": tables.tapping.incomplete = .unknown
      default: tables.tapping.incomplete = .node(price(incomplete))
      }
    }
    tables.tapping.pairsByVehicle = rule.flag("same_vehicle") ?? false
    tables.tapping.habitTimes = rule.integer("habit", 2...50) ?? 0
    for element in rule.take("waivers")?.elements ?? [] { readWaiver(element) }
    if let tree = rule.take("pass_back"), let back = Fields(tree, "\"pass_back\"", faults) {
      tables.tapping.passBackMicroseconds = back.duration("within") ?? 0
      tables.tapping.passBackCondition = condition(back.take("when"))
      back.finish()
    }
    rule.finish()
  }

  private func readWaiver(_ tree: YAMLTree) {
    guard let rule = Fields(tree, "a waiver", faults) else { return }
    let stops = names(rule.require("stops"), .stop)
    func moment(_ key: String, _ fallback: Int64) -> Int64 {
      guard let tree = rule.take(key) else { return fallback }
      guard let instant = tree.text.flatMap({ Instant(iso8601: $0) }) else {
        faults.error(tree.line, "\"\(key)\" is a moment such as 2026-11-22T08:00:00+02:00")
        return fallback
      }
      return instant.microseconds
    }
    var matcher = ValueMatcher()
    matcher.names = Set(stops)
    let waiver = Waiver(
      stopMask: setMask(matcher, .stop, "stops", line: tree.line), from: moment("from", .min),
      until: moment("until", .max), node: price(rule.require("price")))
    tables.tapping.waivers.append(waiver)
    rule.finish()
  }

  /// A window: `within: 30 min` with what it is measured between and its boundary.
  func window(_ fields: Fields, required: Bool = true) -> LinkWindow? {
    if required, fields.require("within") == nil { return nil }
    guard let length = fields.duration("within") else { return nil }
    return LinkWindow(
      microseconds: length, from: fields.choice("from", RideMoment.self) ?? .departure,
      to: fields.choice("to", RideMoment.self) ?? .departure,
      isEndInclusive: fields.choice("end", WindowEnd.self) != .outside)
  }

  private func readProducts(_ fields: Fields) {
    for element in fields.take("products")?.elements ?? [] {
      guard let rule = Fields(element, "a product", faults) else { continue }
      let (name, condition) = head(rule, "product")
      var product = ProductRule(
        name: name, tag: tagOf(name, "product ", line: element.line), condition: condition,
        validity: .days(1), startsAtFirstUse: false, tripsMax: 0, transfer: nil,
        transferCondition: .always, priceNode: -1)
      product.priceNode = price(rule.take("price"))
      readValidity(rule.require("valid"), &product)
      product.tripsMax = rule.integer("trips", 1...100_000) ?? 0
      if let tree = rule.take("transfer"), let link = Fields(tree, "\"transfer\"", faults) {
        product.transfer = window(link)
        if let window = product.transfer, window.from != .departure || window.to != .departure {
          faults.refuse(
            tree.line,
            "the transfer of a carnet runs from boarding to boarding; leave \"from\" and \"to\" out"
          )
        }
        product.transferCondition = self.condition(link.take("when"))
        link.finish()
      }
      if let back = rule.duration("pass_back") { product.passBackMicroseconds = back }
      if let tree = rule.take("covers") {
        product.coverNode = price(tree)
        if product.tripsMax > 0 {
          faults.error(
            tree.line,
            "product \"\(name)\" has \"trips\" and \"covers\": a trip is used for a whole ride; leave "
              + "one of the two out")
        }
      }
      rule.finish()
      tables.products.append(product)
    }
  }

  private func readValidity(_ tree: YAMLTree?, _ product: inout ProductRule) {
    guard let valid = Fields(tree, "\"valid\"", faults) else { return }
    if let days = valid.integer("days", 1...3660) { product.validity = .days(days) }
    if let months = valid.integer("months", 1...120) { product.validity = .months(months) }
    if let length = valid.duration("length") { product.validity = .microseconds(length) }
    if let calendar = valid.text("calendar") {
      if calendar != "month" { faults.error(valid.line, "\"calendar\" can only be month") }
      product.validity = .calendarMonth
    }
    product.startsAtFirstUse = valid.choice("from", ProductStart.self) == .firstUse
    valid.finish()
  }

  private func readRepeats(_ fields: Fields) {
    for element in fields.take("repeats")?.elements ?? [] {
      guard let rule = Fields(element, "a repeat discount", faults) else { continue }
      let (name, condition) = head(rule, "repeat")
      let every = rule.integer("every", 1...1000)
      let after = rule.integer("after", 1...100_000)
      if (every == nil) == (after == nil) {
        faults.error(element.line, "a repeat discount has \"every\" or \"after\", one of them")
      }
      let pays = rule.require("pays").flatMap { wholeShare($0, rule) }
      let repeats = RepeatRule(
        name: name, tag: tagOf(name, "repeat ", line: element.line), condition: condition,
        period: rule.take("per").flatMap { period($0) }, every: every ?? 0, after: after ?? 0,
        share: pays ?? PriceShare(basisPoints: 10_000, rounding: .halfUp, stepMinor: 1))
      rule.finish()
      tables.repeats.append(repeats)
    }
  }

  private func readCaps(_ fields: Fields) {
    for element in fields.take("caps")?.elements ?? [] {
      guard let rule = Fields(element, "a cap", faults) else { continue }
      let (name, condition) = head(rule, "cap")
      var cap = CapRule(
        name: name, tag: tagOf(name, "cap ", line: element.line), condition: condition,
        period: rule.require("per").flatMap { period($0) } ?? .day, amount: -1, ridesMax: 0,
        levels: [], chargesLastWhole: false, line: element.line)
      let errors = faults.errorCount
      if let amount = rule.take("amount") { cap.amount = price(amount) }
      cap.ridesMax = rule.integer("rides", 1...100_000) ?? 0
      for level in elements(rule.take("levels"), atMost: TariffReader.levelsMax, "a cap", "levels")
      {
        guard let fields = Fields(level, "a level", faults) else { continue }
        cap.levels.append(
          CapLevel(
            condition: self.condition(fields.take("when")), node: price(fields.require("amount"))))
        fields.finish()
      }
      readZoneSets(rule.take("zone_sets"), &cap)
      cap.chargesLastWhole = rule.choice("last_ride", LastRide.self) == .whole
      rule.finish()
      if cap.amount < 0, cap.levels.isEmpty, cap.ridesMax == 0, cap.zoneSets.isEmpty,
        faults.errorCount == errors
      {
        faults.error(
          element.line,
          "cap \"\(name)\" needs \"amount\", \"levels\", \"zone_sets\" or \"rides\"")
      }
      tables.caps.append(cap)
    }
  }

  /// Sets of zones with the cap of riders who stay inside; at most 64, a bit of the state each.
  private func readZoneSets(_ tree: YAMLTree?, _ cap: inout CapRule) {
    for element in tree?.elements ?? [] {
      guard let rule = Fields(element, "a zone set", faults) else { continue }
      var matcher = ValueMatcher()
      matcher.names = Set(names(rule.require("zones"), .zone))
      let node = price(rule.require("amount"))
      rule.finish()
      guard let mask = tables.symbols[.zone].mask(of: matcher), cap.zoneSets.count < 64 else {
        faults.error(element.line, "more than 64 sets of zones")
        continue
      }
      tables.pricesByStop = true
      cap.zoneSets.append(CapZoneSet(mask: mask, node: node))
    }
  }

  /// `day`, `week`, `month`, `year`, or a map: `{days: 7}`, `{length: 7 days}`, `{months: 1}` from the
  /// first ride, `{product: card}` from its purchase.
  private func period(_ tree: YAMLTree) -> CapPeriod? {
    switch tree.text {
    case "day": return .day
    case "week": return .week
    case "month": return .month
    case "year": return .year
    default: break
    }
    guard let rolling = Fields(tree, "a period", faults) else {
      faults.error(tree.line, "a period is day, week, month, year or a map with days or length")
      return nil
    }
    defer { rolling.finish() }
    if let days = rolling.integer("days", 1...3660) { return .rollingDays(days) }
    if let length = rolling.duration("length") { return .rollingTime(length) }
    if let months = rolling.integer("months", 1...120) { return .rollingMonths(months) }
    if let name = rolling.text("product") {
      guard let product = tables.products.first(where: { $0.name == name }) else {
        faults.error(tree.line, "no product \"\(name)\" in \"products\"")
        return nil
      }
      return .product(product.tag)
    }
    faults.error(
      tree.line,
      "a rolling period has \"days\" (fare days), \"length\" (hours), \"months\" or \"product\"")
    return nil
  }

  private func readSurcharges(_ fields: Fields) {
    for element in elements(
      fields.take("surcharges"), atMost: TariffReader.surchargesMax, "a tariff", "surcharges")
    {
      guard let rule = Fields(element, "a surcharge", faults) else { continue }
      let (name, condition) = head(rule, "surcharge")
      let node = price(rule.require("amount"))
      let counts = rule.choice("caps", CapUse.self) == .inside
      rule.finish()
      tables.surcharges.append(
        SurchargeRule(name: name, condition: condition, node: node, countsToCaps: counts))
    }
  }
}

/// Whether the very end of a window is inside it.
enum WindowEnd: String, CaseIterable { case inside, outside }
/// What the validity of a product begins with.
private enum ProductStart: String, CaseIterable {
  case purchase
  case firstUse = "first_use"
}
/// What the ride that reaches a cap pays.
private enum LastRide: String, CaseIterable { case partial, whole }
/// Whether a fee is held by caps.
private enum CapUse: String, CaseIterable { case inside, outside }
