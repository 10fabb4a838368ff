import Basics

extension TariffReader {
  func readTransfers(_ fields: Fields) {
    for element in fields.take("transfers")?.elements ?? [] {
      guard let rule = Fields(element, "a transfer", faults) else { continue }
      let name = rule.require("name")?.text ?? "transfer"
      let condition = condition(rule.take("when"))
      let window = window(rule) ?? LinkWindow(microseconds: 0)
      var transfer = TransferRule(
        name: name, tag: tagOf(name, "transfer ", line: element.line), condition: condition,
        breaks: rule.take("ended_by").map { self.condition($0) }, window: window,
        extends: rule.choice("extends", WindowExtension.self) ?? .never,
        countMax: rule.integer("count", 1...1000) ?? Int.max, countByFirst: [:],
        charge: rule.take("pays").map { charge($0) } ?? .free, pairs: [:],
        refusesSameRoute: false, refusesSameStop: false, refusesReturn: false,
        onlySameRoute: false, isSameDayOnly: rule.flag("same_day") ?? false,
        paysOnExit: rule.take("pay_on_exit").map { self.condition($0) }, line: element.line)
      for entry in rule.map("count_by_first") ?? [] {
        guard let first = service(YAMLTree(line: entry.line, kind: .text(entry.key))) else {
          continue
        }
        guard let count = entry.value.text.flatMap({ Int($0) }), count >= 0 else {
          faults.error(entry.line, "a count is a whole number")
          continue
        }
        transfer.countByFirst[first.tag] = count
      }
      readRefusals(rule, &transfer)
      readPairs(rule.take("pairs"), &transfer)
      rule.finish()
      if transfer.extends == .always, transfer.countMax == Int.max, goesRound(transfer) {
        faults.warn(
          element.line,
          "transfer \"\(name)\" can go round for ever on one fare: it is free, extended by each "
            + "ride and has no \"count\"; give it one, or let it be extended \"when_paid\"")
      }
      tables.transfers.append(transfer)
    }
  }

  /// Whether a rider can come back to the same service for nothing, again and again.
  private func goesRound(_ transfer: TransferRule) -> Bool {
    guard !transfer.pairs.isEmpty else { return transfer.charge == .free }
    let free = transfer.pairs.filter { $0.value == .free }.map {
      (from: UInt32(truncatingIfNeeded: $0.key >> 32), to: UInt32(truncatingIfNeeded: $0.key))
    }
    for start in Set(free.map(\.from)) {
      var reached: Set<UInt32> = []
      var next = [start]
      while let at = next.popLast() {
        for step in free where step.from == at && reached.insert(step.to).inserted {
          next.append(step.to)
        }
      }
      if reached.contains(start) { return true }
    }
    return false
  }

  private func readRefusals(_ rule: Fields, _ transfer: inout TransferRule) {
    for element in rule.take("refuses")?.elements ?? [] {
      switch element.text {
      case "same_route": transfer.refusesSameRoute = true
      case "same_stop": transfer.refusesSameStop = true
      case "return": transfer.refusesReturn = true
      default: faults.error(element.line, "\"refuses\" lists same_route, same_stop and return")
      }
    }
    if let only = rule.text("only") {
      transfer.onlySameRoute = only == "same_route"
      if only != "same_route" { faults.error(rule.line, "\"only\" can be same_route") }
    }
  }

  /// What a ride pays by the service before and its own.
  private func readPairs(_ tree: YAMLTree?, _ transfer: inout TransferRule) {
    for element in tree?.elements ?? [] {
      guard let pair = Fields(element, "a pair", faults) else { continue }
      let from = pair.require("from")?.elements.compactMap { service($0)?.tag } ?? []
      let to = pair.require("to")?.elements.compactMap { service($0)?.tag } ?? []
      let charge = pair.require("pays").map { self.charge($0) } ?? .free
      pair.finish()
      for before in from {
        for after in to {
          let key = UInt64(before) << 32 | UInt64(after)
          if let other = transfer.pairs[key], other != charge {
            faults.warn(
              element.line, "two of these services have another rule above, which this one replaces"
            )
          }
          transfer.pairs[key] = charge
        }
      }
    }
  }

  /// `free`, `new`, `beside`, `difference`, `difference_to_last`, or a map.
  private func charge(_ tree: YAMLTree) -> TransferCharge {
    switch tree.text {
    case "free": return .free
    case "new": return .new
    case "beside": return .beside
    case "difference": return .difference
    case "difference_to_last": return .differenceToLast
    default: break
    }
    if let points = tree.text.flatMap(basisPoints) {
      let share = PriceShare(basisPoints: points, rounding: .halfUp, stepMinor: 1)
      holdToWhole(share, tree)
      return .share(share)
    }
    guard let fields = Fields(tree, "\"pays\"", faults) else {
      faults.error(
        tree.line,
        "\"pays\" is free, new, beside, difference, difference_to_last, a share such as 50%, or "
          + "a map with supplement, discount or share")
      return .free
    }
    defer { fields.finish() }
    if let supplement = fields.take("supplement") {
      let node = price(supplement)
      if lacksPrices(node) {
        faults.warn(
          supplement.line,
          "the supplement has no price for some rides, which pay their own; say \"others\"")
      }
      return .supplement(node: node)
    }
    if let discount = fields.take("discount") { return .discount(node: price(discount)) }
    if let tree = fields.take("share"), let share = wholeShare(tree, fields) {
      return .share(share)
    }
    faults.error(tree.line, "\"pays\" has supplement, discount or share")
    return .free
  }

  /// Whether a price by values leaves out some of them; categories may be listed one by one.
  private func lacksPrices(_ node: Int32) -> Bool {
    guard node >= 0 else { return false }
    switch tables.nodes[Int(node)] {
    case .unknown: return true
    case .choice(let dimension, let table, let others):
      if table.contains(where: lacksPrices) { return true }
      guard others < 0 else { return lacksPrices(others) }
      return dimension != .category || !tables.categories.allSatisfy { isListed($0, in: table) }
    case .times(let choices, let others):
      return others < 0 || lacksPrices(others) || choices.contains { lacksPrices($0.node) }
    case .farthestZone(_, let others), .pairs(_, _, let others): return others < 0
    case .sum(let parts): return parts.contains(where: lacksPrices)
    case .share(let base, _): return lacksPrices(base)
    case .amount, .dates, .bands, .ends, .perUnit: return false
    }
  }

  /// Whether a table has a price for a category: its own, or that of the one it is priced as.
  private func isListed(_ category: CategoryRule, in table: [Int32]) -> Bool {
    let other = category.pricedAs < 0 ? nil : tables.categories[Int(category.pricedAs)].name
    return [category.name, other].contains { name in
      guard let name, let id = tables.symbols[.category].id(of: name) else { return false }
      return Int(id) < table.count && table[Int(id)] >= 0
    }
  }

  func readChains(_ fields: Fields) {
    for element in fields.take("chains")?.elements ?? [] {
      guard let rule = Fields(element, "a chain", faults) else { continue }
      let name = rule.require("name")?.text ?? "chain"
      let condition = condition(rule.take("when"))
      let window = window(rule) ?? LinkWindow(microseconds: 0)
      var chain = ChainRule(
        name: name, tag: tagOf(name, "chain ", line: element.line), condition: condition,
        window: window, isSameDayOnly: rule.flag("same_day") ?? false,
        joinsSameServiceOnly: rule.choice("joins", ChainJoin.self) != .all,
        measure: rule.choice("priced_by", ChainMeasure.self) ?? .ends,
        changeDiscount: rule.take("change_discount").map { price($0) },
        countMax: countOfChain(rule),
        wholeMicroseconds: rule.duration("whole_within"), refusesSameRoute: false,
        interchanges: nil, line: element.line)
      for element in rule.take("refuses")?.elements ?? [] {
        chain.refusesSameRoute = element.text == "same_route"
        if element.text != "same_route" {
          faults.error(element.line, "\"refuses\" of a chain can be same_route")
        }
      }
      if let pairs = rule.take("interchanges") { chain.interchanges = interchanges(pairs) }
      rule.finish()
      tables.pricesByStop = true
      tables.chains.append(chain)
    }
  }

  /// The most rides of a chain after the first.
  private func countOfChain(_ rule: Fields) -> Int {
    let most = FareMeter.chainRidesMax - 1
    guard let count = rule.integer("count", 1...1000) else { return most }
    if count > most {
      faults.refuse(
        rule.take("count")?.line ?? rule.line,
        "a chain has at most \(FareMeter.chainRidesMax) rides, so \"count\" is at most \(most)")
    }
    return min(count, most)
  }

  private func interchanges(_ tree: YAMLTree) -> Set<UInt64> {
    var result: Set<UInt64> = []
    for element in tree.elements {
      let stops = names(element, .stop)
      guard stops.count >= 2 else {
        faults.error(element.line, "an interchange lists two or more stops")
        continue
      }
      for from in stops {
        for to in stops where from != to {
          result.insert(UInt64(tag(from)) << 32 | UInt64(tag(to)))
        }
      }
    }
    return result
  }

  func readTickets(_ fields: Fields) {
    for element in fields.take("tickets")?.elements ?? [] {
      guard let rule = Fields(element, "a ticket", faults) else { continue }
      let name = rule.require("name")?.text ?? "ticket"
      var ticket = TicketRule(
        name: name, condition: condition(rule.take("when")),
        firstCondition: condition(rule.take("starts")), zoneMask: nil, window: nil,
        ridesMax: rule.integer("rides", 1...1000) ?? FareMeter.coveredRidesMax, follows: [],
        refuses: [], node: -1)
      if let zones = rule.take("zones") {
        var matcher = ValueMatcher()
        matcher.names = Set(names(zones, .zone))
        ticket.zoneMask = setMask(matcher, .zone, "zones", line: zones.line)
        tables.pricesByStop = true
      }
      ticket.window = window(rule, required: false)
      ticket.follows = steps(rule.take("follows"))
      ticket.refuses = steps(rule.take("refuses"))
      ticket.node = price(rule.require("price"))
      rule.finish()
      tables.tickets.append(ticket)
    }
  }

  private func steps(_ tree: YAMLTree?) -> [TicketStep] {
    (tree?.elements ?? []).compactMap { element in
      guard let step = Fields(element, "a step", faults) else { return nil }
      let result = TicketStep(
        from: condition(step.take("after")), to: condition(step.take("ride")),
        window: window(step, required: false))
      step.finish()
      return result
    }
  }
}

/// Which rides join a chain.
private enum ChainJoin: String, CaseIterable {
  case sameService = "same_service"
  case all
}
