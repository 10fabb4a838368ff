/// Leg rules of Fares v2 in their order, and the services of the tariff that stand for leg groups.
extension FaresWriter {
  /// What leg rules are matched by.
  private static let matched = [
    "network_id", "from_area_id", "to_area_id", "from_timeframe_group_id",
    "to_timeframe_group_id",
  ]

  /// Lower ranks count first: a higher priority, then more conditions.
  private func rank(_ rule: [String: String]) -> (Int, Int) {
    let named = Self.matched.filter { rule[$0]?.isEmpty == false }
    return (-(Int(rule["rule_priority"] ?? "") ?? 0), -named.count)
  }

  /// Rules in the order in which the first that fits counts.
  func sortedRules() -> [[String: String]] {
    tables["fare_leg_rules.txt"].sorted { rank($0) < rank($1) }
  }

  /// Services for each leg group that transfers refer to; none without transfers.
  ///
  /// The first service that fits counts, so a group has another one for rules that come behind those
  /// of other groups which hold for some of the same rides. A rule of no group has one that no transfer
  /// names, where a later rule of a group would take its rides.
  mutating func writeServices() {
    guard !tables["fare_transfer_rules.txt"].isEmpty else { return }
    let runs = serviceRuns()
    body.append("services:")
    let groups = Set(runs.map(\.group))
    var numbers: [String: Int] = [:]
    var names: Set<String> = []
    for run in runs {
      let word = run.group.isEmpty ? "no leg group" : run.group
      var number = numbers[run.group, default: 0] + 1
      var name = number == 1 ? word : "\(word) \(number)"
      while names.contains(name) || (name != run.group && groups.contains(name)) {
        number += 1
        name = "\(word) \(number)"
      }
      numbers[run.group] = number
      names.insert(name)
      if !run.group.isEmpty { services[run.group, default: []].append(name) }
      let parts = run.rules.map { "{" + condition(of: $0) + "}" }
      body.append("  \(yamlWord(name)): {any: [\(parts.joined(separator: ", "))]}")
    }
  }

  /// Rules in their order, those of one group together as long as no other group's comes between.
  private func serviceRuns() -> [(group: String, rules: [[String: String]])] {
    var runs: [(group: String, rules: [[String: String]])] = []
    let rules = sortedRules()
    for (place, rule) in rules.enumerated() {
      let group = rule["leg_group_id"] ?? ""
      let isNeeded =
        !group.isEmpty
        || rules[(place + 1)...].contains {
          $0["leg_group_id"]?.isEmpty == false && mayMeet($0, rule)
        }
      guard isNeeded else { continue }
      let last = runs.lastIndex { $0.group == group }
      let others = last.map { runs[($0 + 1)...].flatMap(\.rules) } ?? []
      if let last, !others.contains(where: { mayMeet($0, rule) }) {
        runs[last].rules.append(rule)
      } else {
        runs.append((group, [rule]))
      }
    }
    return runs
  }

  /// Whether a ride may fit both rules: nothing that both name differs.
  func mayMeet(_ one: [String: String], _ other: [String: String]) -> Bool {
    // Timeframes and networks of two names may hold for one ride; a stop has one area.
    ["from_area_id", "to_area_id"].allSatisfy { field in
      let first = one[field] ?? ""
      let second = other[field] ?? ""
      return first.isEmpty || second.isEmpty || first == second
    } && (isAnyRoute(one) || isAnyRoute(other) || !words(one).isDisjoint(with: words(other)))
  }

  private func isAnyRoute(_ rule: [String: String]) -> Bool {
    rule["network_id"]?.isEmpty ?? true
  }

  private func words(_ rule: [String: String]) -> Set<String> {
    let network = rule["network_id"] ?? ""
    let routes = routes(of: network)
    return routes.isEmpty ? [network] : Set(routes)
  }
}
