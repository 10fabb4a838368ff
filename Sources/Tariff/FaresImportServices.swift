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
  /// of other groups which hold for some of the same rides.
  mutating func writeServices() {
    guard !tables["fare_transfer_rules.txt"].isEmpty else { return }
    var runs: [(group: String, rules: [[String: String]])] = []
    for rule in sortedRules() {
      guard let group = rule["leg_group_id"], !group.isEmpty else { continue }
      let last = runs.lastIndex { $0.group == group }
      let others = last.map { runs[($0 + 1)...].flatMap(\.rules) } ?? []
      if let last, !others.contains(where: { rank($0) < rank(rule) && mayMeet($0, rule) }) {
        runs[last].rules.append(rule)
      } else {
        runs.append((group, [rule]))
      }
    }
    body.append("services:")
    let groups = Set(runs.map(\.group))
    for run in runs {
      var number = (services[run.group]?.count ?? 0) + 1
      var name = number == 1 ? run.group : "\(run.group) \(number)"
      while number > 1, groups.contains(name) || services.values.joined().contains(name) {
        number += 1
        name = "\(run.group) \(number)"
      }
      services[run.group, default: []].append(name)
      let parts = run.rules.map { "{" + condition(of: $0) + "}" }
      body.append("  \(yamlWord(name)): {any: [\(parts.joined(separator: ", "))]}")
    }
  }

  /// Whether a ride may fit both rules: nothing that both name differs.
  private func mayMeet(_ one: [String: String], _ other: [String: String]) -> Bool {
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
