import Basics

extension TariffReader {
  /// Categories first by name, then by what they refer to.
  func readCategories(_ fields: Fields) {
    guard let tree = fields.require("categories") else { return }
    let entries =
      tree.entries
      ?? tree.elements.compactMap { element in
        element.text.map { YAMLEntry(key: $0, line: element.line, value: element) }
      }
    guard !entries.isEmpty else {
      faults.error(tree.line, "\"categories\" names at least one category")
      return
    }
    for entry in entries {
      _ = tables.symbols[.category].intern(entry.key)
      tables.categories.append(
        CategoryRule(
          name: entry.key, title: Bilingual(uk: entry.key, en: entry.key), isFree: false,
          pricedAs: -1, proofTag: 0, withoutProof: -1))
    }
    tables.categoryByID = tables.symbols[.category].names.indices.map { Int32($0) }
    for (index, entry) in entries.enumerated() where entry.value.entries != nil {
      readCategory(index, entry)
    }
    checkCategoryCycles(entries)
    if let name = fields.take("unknown_category") {
      tables.unknownCategory = category(name) ?? -1
    }
  }

  private func readCategory(_ index: Int, _ entry: YAMLEntry) {
    guard let rule = Fields(entry.value, "category \"\(entry.key)\"", faults) else { return }
    if let title = rule.bilingual("title") { tables.categories[index].title = title }
    tables.categories[index].isFree = rule.flag("free") ?? false
    if let other = rule.take("as") { tables.categories[index].pricedAs = category(other) ?? -1 }
    if let pays = rule.take("pays") { tables.categories[index].share = share(pays, rule) }
    if let proof = rule.text("proof") {
      tables.categories[index].proofTag = tag(proof)
      let other = rule.require("without_proof").flatMap { category($0) }
      tables.categories[index].withoutProof = other ?? Int32(index)
    }
    rule.finish()
  }

  private func checkCategoryCycles(_ entries: [YAMLEntry]) {
    for (index, entry) in entries.enumerated() {
      var seen: Set<Int> = [index]
      var at = Int(tables.categories[index].pricedAs)
      while at >= 0 {
        guard seen.insert(at).inserted else {
          faults.error(entry.line, "category \"\(entry.key)\" is priced as itself in a circle")
          break
        }
        at = Int(tables.categories[at].pricedAs)
      }
      // Straight to the end of the row, so that the engine needs one step.
      at = Int(tables.categories[index].pricedAs)
      var steps = 0
      while at >= 0, tables.categories[at].pricedAs >= 0, steps < tables.categories.count {
        at = Int(tables.categories[at].pricedAs)
        steps += 1
      }
      if at >= 0 { tables.categories[index].pricedAs = Int32(at) }
    }
  }

  /// The number of a category that the tariff has.
  func category(_ tree: YAMLTree) -> Int32? {
    guard let name = tree.text,
      let index = tables.categories.firstIndex(where: { $0.name == name })
    else {
      let names = tables.categories.map(\.name).joined(separator: ", ")
      faults.error(tree.line, "no category \(tree.kindText); there are: \(names)")
      return nil
    }
    return Int32(index)
  }

  func readTimes(_ fields: Fields) {
    for entry in fields.map("times") ?? [] {
      guard tables.times.count < 64 else {
        faults.error(entry.line, "a tariff has at most 64 named times")
        return
      }
      let spans = entry.value.elements.compactMap { readSpan($0) }
      tables.times.append(NamedTime(name: entry.key, spans: spans))
    }
  }

  private func readSpan(_ tree: YAMLTree) -> TimeSpan? {
    guard let rule = Fields(tree, "a span of time", faults) else { return nil }
    var span = TimeSpan(
      days: readDays(rule), start: 0, end: 86_400_000_000, isStartInclusive: true,
      isEndInclusive: false, condition: .always)
    func clock(_ key: String) -> Int64? {
      guard let value = rule.take(key) else { return nil }
      guard let seconds = value.text.flatMap(clockSeconds) else {
        faults.error(value.line, "\"\(key)\" is a time such as \"06:30\", not \(value.kindText)")
        return nil
      }
      return Int64(seconds) * 1_000_000
    }
    let from = clock("from")
    if let from { span.start = from }
    if let after = clock("after") {
      if from != nil { faults.error(tree.line, "a span begins \"from\" or \"after\", not both") }
      span.start = after
      span.isStartInclusive = false
    }
    let before = clock("before")
    if let before { span.end = before }
    if let through = clock("through") {
      if before != nil {
        faults.error(tree.line, "a span ends \"before\" or \"through\", not both")
      }
      span.end = through
      span.isEndInclusive = true
    }
    if let when = rule.take("when") { span.condition = condition(when) }
    for (key, isOn) in [("also_on", true), ("not_on", false)] {
      for element in rule.take(key)?.elements ?? [] {
        guard let day = readDay(element, "a date of \"\(key)\"", faults) else { continue }
        if let other = span.exceptions[day.number], other != isOn {
          faults.error(element.line, "\(day) is in \"also_on\" and in \"not_on\"")
        }
        span.exceptions[day.number] = isOn
      }
    }
    rule.finish()
    doubtNight(span, line: tree.line)
    return span
  }

  /// Doubts a night of some days only where its hours after midnight are of the next fare day already.
  private func doubtNight(_ span: TimeSpan, line: Int) {
    let dayStart = Int64(tables.clock.fareDayStartSeconds) * 1_000_000
    guard span.end < span.start, span.days != 0x3FFF, dayStart < span.end else { return }
    faults.warn(
      line,
      "the span goes over midnight on some days only, and fare days begin before it ends: its hours after "
        + "midnight are those of the named days, not of the nights after them; begin fare days no earlier than it "
        + "ends (\"day_start\"), or write two spans")
  }

  /// Bits of the days: Monday to Sunday, then the same as holidays.
  private func readDays(_ rule: Fields) -> UInt16 {
    var mask: UInt16 = 0x7F
    if let tree = rule.take("days") {
      mask = 0
      for element in tree.elements {
        guard let bits = element.text.flatMap(TariffReader.days) else {
          faults.error(
            element.line,
            "\(element.kindText) is no day; write monday, monday..friday, weekdays, weekends or all"
          )
          continue
        }
        mask |= bits
      }
    }
    switch rule.choice("holidays", HolidayUse.self) ?? .alike {
    case .alike: return mask | mask << 7
    case .excluded: return mask
    case .only: return mask << 7
    case .added: return mask | 0x7F << 7
    }
  }

  private static func days(_ text: String) -> UInt16? {
    switch text {
    case "all": return 0x7F
    case "weekdays": return 0x1F
    case "weekends": return 0x60
    case "none": return 0
    default: break
    }
    let ends = text.split(separator: ".", omittingEmptySubsequences: true).map(String.init)
    guard let first = ends.first.flatMap(weekday), let last = ends.last.flatMap(weekday),
      ends.count == 1 || (ends.count == 2 && text.contains(".."))
    else { return nil }
    var mask: UInt16 = 0
    var day = first
    while true {
      mask |= 1 << UInt16(day)
      if day == last { return mask }
      day = (day + 1) % 7
    }
  }

  func readServices(_ fields: Fields) {
    for entry in fields.map("services") ?? [] {
      guard tables.services.count < 64 else {
        faults.error(entry.line, "a tariff has at most 64 services")
        return
      }
      let rule = ServiceRule(
        name: entry.key, tag: tagOf(entry.key, "service ", line: entry.line),
        condition: condition(entry.value))
      if let above = tables.services.first(where: { covers($0.condition, rule.condition) }) {
        faults.warn(
          entry.line,
          "service \"\(entry.key)\" is never reached: \"\(above.name)\" above takes all its rides")
      }
      tables.services.append(rule)
    }
  }

  /// The bit and hash of a service that the tariff has.
  func service(_ tree: YAMLTree) -> (mask: UInt64, tag: UInt32)? {
    guard let name = tree.text,
      let index = tables.services.firstIndex(where: { $0.name == name })
    else {
      let names = tables.services.map(\.name).joined(separator: ", ")
      faults.error(tree.line, "no service \(tree.kindText); there are: \(names)")
      return nil
    }
    return (1 << UInt64(index), tables.services[index].tag)
  }
}

/// What holidays mean for a span.
private enum HolidayUse: String, CaseIterable {
  /// A holiday is like any other day.
  case alike
  /// A holiday is not in the span.
  case excluded
  /// Only holidays are.
  case only
  /// Holidays are in the span whatever weekday they fall on.
  case added
}
