import Basics

extension TariffReader {
  /// Reads a condition; what is wrong with it is reported and left out.
  func condition(_ tree: YAMLTree?) -> RideCondition {
    guard let tree else { return .always }
    if tree.text == "always" || tree.text == "any" { return .always }
    guard let entries = tree.entries else {
      faults.error(tree.line, "a condition is a map such as {mode: bus}, not \(tree.kindText)")
      return .always
    }
    var clauses: [[RideTest]] = [[]]
    for entry in entries {
      switch entry.key {
      case "not":
        for other in entry.value.entries ?? [] {
          guard var test = test(other) else { continue }
          test.isNegated = true
          clauses = clauses.map { $0 + [test] }
        }
      case "any":
        let choices = entry.value.elements.map { condition($0).clauses }
        let all = choices.flatMap { $0 }
        guard !all.isEmpty, clauses.count * all.count <= TariffReader.clausesMax else {
          faults.error(
            entry.line, "\"any\" is a list of up to \(TariffReader.clausesMax) conditions")
          continue
        }
        clauses = clauses.flatMap { clause in all.map { clause + $0 } }
      default:
        guard let test = test(entry) else { continue }
        clauses = clauses.map { $0 + [test] }
      }
    }
    return RideCondition(clauses: clauses)
  }

  /// Most clauses that one condition may grow to.
  private static let clausesMax = 256

  private func test(_ entry: YAMLEntry) -> RideTest? {
    guard let dimension = TariffReader.dimensions[entry.key] else {
      let words = TariffReader.dimensions.keys.sorted()
      let hint =
        words.first { editDistance($0, entry.key) <= 2 }.map { "; did you mean \"\($0)\"?" }
        ?? "; known: \(words.joined(separator: ", ")), not, any"
      faults.error(entry.line, "a condition has no \"\(entry.key)\"\(hint)")
      return nil
    }
    let mask: UInt64?
    switch dimension {
    case .service:
      mask = entry.value.elements.reduce(0) { $0 | (service($1)?.mask ?? 0) }
    case .time, .toTime:
      if dimension == .toTime { tables.asksEndTimes = true }
      mask = entry.value.elements.reduce(0) { $0 | (timeMask($1) ?? 0) }
    case .status:
      mask = entry.value.elements.reduce(0) { $0 | (statusMask($1) ?? 0) }
    case .direction:
      mask = entry.value.elements.reduce(0) { $0 | (directionMask($1) ?? 0) }
    default: mask = valueMask(dimension, entry)
    }
    guard let mask else { return nil }
    if [.stop, .toStop, .anyStop, .zone, .toZone, .anyZone, .zones].contains(dimension) {
      tables.pricesByStop = true
    }
    return RideTest(dimension: dimension, mask: mask, isNegated: false)
  }

  private func valueMask(_ dimension: RideDimension, _ entry: YAMLEntry) -> UInt64? {
    guard let base = dimension.base else { return nil }
    var matcher = ValueMatcher()
    for element in entry.value.elements {
      guard let text = element.text else {
        faults.error(element.line, "\"\(entry.key)\" takes words and numbers, not a map")
        continue
      }
      add(text, to: &matcher, base, line: element.line)
    }
    return setMask(matcher, base, entry.key, line: entry.line)
  }

  /// The bit of a set of values; too many sets are a fault, and the set then holds nothing.
  func setMask(_ matcher: ValueMatcher, _ base: Dimension, _ word: String, line: Int) -> UInt64 {
    if let mask = tables.symbols[base].mask(of: matcher) { return mask }
    faults.error(
      line, "more than \(SymbolTable.matchersMax) different sets of \(word) in conditions")
    return 0
  }

  private func add(
    _ text: String, to matcher: inout ValueMatcher, _ base: Dimension, line: Int
  ) {
    switch text {
    case "any": matcher.matchesAny = true
    case "none": matcher.matchesNone = true
    default:
      if text.hasPrefix("@") {
        for name in list(text, line: line) { add(name, to: &matcher, base, line: line) }
      } else if let range = TariffReader.range(text) {
        matcher.ranges.append(range)
      } else {
        check(text, base, line: line)
        matcher.names.insert(text)
      }
    }
  }

  /// The values of a named list, written `@name`.
  func list(_ text: String, line: Int) -> [String] {
    let name = String(text.dropFirst())
    guard let values = lists[name] else {
      faults.error(line, "no list \"\(name)\" in \"lists\"")
      return []
    }
    return values
  }

  /// Reports values that cannot be.
  func check(_ text: String, _ base: Dimension, line: Int) {
    mention(text, base, line: line)
    switch base {
    case .zone:
      if let zones, !zones.contains(text) {
        faults.error(
          line, "no stop is in zone \"\(text)\"; zones: \(zones.sorted().joined(separator: ", "))")
      }
    case .category:
      if !tables.categories.contains(where: { $0.name == text }) {
        let names = tables.categories.map(\.name).joined(separator: ", ")
        faults.error(line, "no category \"\(text)\"; there are: \(names)")
      }
    default: break
    }
  }

  /// Notes a word that the network has to know, for a check against one.
  func mention(_ text: String, _ base: Dimension, line: Int) {
    guard [.stop, .zone, .route, .operatorID].contains(base),
      mentioned.insert("\(base.rawValue) \(text)").inserted
    else { return }
    tables.mentions.append(Mention(dimension: base, name: text, line: line))
  }

  /// Numbers from and to, written `500..599`.
  private static func range(_ text: String) -> ClosedRange<Int>? {
    guard let dots = text.range(of: "..") else { return nil }
    guard let low = Int(text[..<dots.lowerBound]), let high = Int(text[dots.upperBound...]),
      low <= high
    else { return nil }
    return low...high
  }

  func timeMask(_ tree: YAMLTree) -> UInt64? {
    guard let name = tree.text, let index = tables.times.firstIndex(where: { $0.name == name })
    else {
      let names = tables.times.map(\.name).joined(separator: ", ")
      faults.error(tree.line, "no time \(tree.kindText) in \"times\"; there are: \(names)")
      return nil
    }
    return 1 << UInt64(index)
  }

  private func statusMask(_ tree: YAMLTree) -> UInt64? {
    let names = ["single", "complete", "incomplete", "cancelled"]
    guard let name = tree.text, let place = names.firstIndex(of: name) else {
      faults.error(tree.line, "status is one of: \(names.joined(separator: ", "))")
      return nil
    }
    return 1 << UInt64(place)
  }

  func directionMask(_ tree: YAMLTree) -> UInt64? {
    guard let number = tree.text.flatMap({ Int($0) }), number == 0 || number == 1 else {
      faults.error(tree.line, "a direction is 0 or 1, not \(tree.kindText)")
      return nil
    }
    return 1 << UInt64(number)
  }

  /// The words of conditions.
  static let dimensions: [String: RideDimension] = [
    "mode": .mode, "operator": .operatorID, "route": .route, "vehicle": .vehicle, "stop": .stop,
    "to_stop": .toStop, "any_stop": .anyStop, "zone": .zone, "to_zone": .toZone,
    "any_zone": .anyZone, "zones": .zones, "category": .category, "medium": .medium,
    "time": .time, "to_time": .toTime, "service": .service, "status": .status,
    "direction": .direction,
  ]

  /// Whether each ride that fulfils the second condition fulfils the first, as far as can be seen.
  func covers(_ first: RideCondition, _ second: RideCondition) -> Bool {
    second.clauses.allSatisfy { clause in
      first.clauses.contains { wide in
        wide.allSatisfy { test in clause.contains { implies($0, test) } }
      }
    }
  }

  private func implies(_ narrow: RideTest, _ wide: RideTest) -> Bool {
    guard narrow.dimension == wide.dimension, narrow.isNegated == wide.isNegated else {
      return false
    }
    // What could not be read holds no set, so nothing can be said of it.
    guard narrow.mask != 0, wide.mask != 0 else { return false }
    if narrow.mask == wide.mask { return true }
    guard !narrow.isNegated, let base = narrow.dimension.base else {
      return !narrow.isNegated && narrow.mask & ~wide.mask == 0
    }
    // One bit each: is the set of the narrow test inside that of the wide one?
    let matchers = tables.symbols[base].matchers
    let inner = matchers[narrow.mask.trailingZeroBitCount]
    let outer = matchers[wide.mask.trailingZeroBitCount]
    guard inner.ranges.isEmpty, !inner.matchesAny, !inner.matchesNone, !inner.names.isEmpty else {
      return false
    }
    return inner.names.allSatisfy { name in
      if outer.matches(name) { return true }
      // What asks for a category takes those that are priced as it too.
      guard base == .category, let rule = tables.categories.first(where: { $0.name == name }),
        rule.pricedAs >= 0
      else { return false }
      return outer.matches(tables.categories[Int(rule.pricedAs)].name)
    }
  }
}

extension StringProtocol {
  /// The first place of a text in this one, without Foundation.
  func range(of text: String) -> Range<Index>? {
    var at = startIndex
    while at < endIndex {
      if self[at...].hasPrefix(text) { return at..<index(at, offsetBy: text.count) }
      at = index(after: at)
    }
    return nil
  }
}
