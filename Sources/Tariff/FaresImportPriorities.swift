import Basics

/// Leg rules of Fares v2 among which the feed does not say which one counts.
extension FaresWriter {
  /// Tells of rules of one priority that may hold for one ride: in the feed both do, here the first.
  ///
  /// Without priorities in the feed it is the conditions that decide, and other notes tell of them.
  mutating func notePriorities() {
    let rules = sortedRules()
    guard rules.first?["rule_priority"] != nil else { return }
    var seen: [Int: [String: [[String: String]]]] = [:]
    for rule in rules {
      let priority = Int(rule["rule_priority"] ?? "") ?? 0
      let area = rule["from_area_id"] ?? ""
      let id = rule["fare_product_id"] ?? ""
      // A feed has a rule for each pair of its areas, so only those of the area are looked at.
      let earlier = seen[priority] ?? [:]
      let near =
        area.isEmpty ? earlier.values.flatMap { $0 } : (earlier[area] ?? []) + (earlier[""] ?? [])
      let other = near.first { other in
        other["fare_product_id"] != id && condition(of: other) != condition(of: rule)
          && mayMeet(other, rule) && timesMayMeet(other, rule)
      }
      if let other {
        note(
          "product \(id): \(other["fare_product_id"] ?? "") has a leg rule of the same priority for "
            + "some of the same rides, which counts")
      }
      seen[priority, default: [:]][area, default: []].append(rule)
    }
  }

  private func timesMayMeet(_ one: [String: String], _ other: [String: String]) -> Bool {
    ["from_timeframe_group_id", "to_timeframe_group_id"].allSatisfy { field in
      let first = one[field] ?? ""
      let second = other[field] ?? ""
      guard !first.isEmpty, !second.isEmpty, first != second else { return true }
      let rows = tables["timeframes.txt"]
      return rows.contains { row in
        row["timeframe_group_id"] == first
          && rows.contains { $0["timeframe_group_id"] == second && overlap(row, $0) }
      }
    }
  }

  /// Whether two rows of a timeframe hold at one hour of a weekday.
  private func overlap(_ one: [String: String], _ other: [String: String]) -> Bool {
    func seconds(_ text: String?) -> Int? { text.flatMap { clockSeconds($0) } }
    let day = 86_400
    guard
      (seconds(one["start_time"]) ?? 0) < (seconds(other["end_time"]) ?? day),
      (seconds(other["start_time"]) ?? 0) < (seconds(one["end_time"]) ?? day)
    else { return false }
    if one["service_id"] == other["service_id"] { return true }
    let weekdays = [
      "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
    ]
    func days(_ row: [String: String]) -> [String] {
      let calendar = tables["calendar.txt"].first { $0["service_id"] == row["service_id"] }
      return weekdays.filter { calendar?[$0] == "1" }
    }
    return !Set(days(one)).isDisjoint(with: days(other))
  }
}
