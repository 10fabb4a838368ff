import Basics

/// What the reconciliation has to list of 1100 and the bank.
extension PlainBank {
  /// What of a line stands on 1100 by some day, entry by entry.
  private func explained(_ line: Line, by last: Day) -> [(entry: Int, minor: Int64)] {
    var parts: [(entry: Int, minor: Int64)] = []
    if let own = line.own { parts.append((own, line.minor)) }
    if let booked = line.booked { parts.append((booked, line.minor)) }
    if let matched = line.matched { parts.append((matched, -line.minor)) }
    return parts.filter { entries[$0.entry].day <= last }
  }

  /// Whatever the books and the bank do not have both at the end of a day: why, what, of which day, its
  /// amount and what of the difference it explains.
  func remainders(at last: Day) -> [String] {
    let told = statements.filter { $0.isTaken && $0.day <= last }.sorted { $0.day < $1.day }
    guard !told.isEmpty else { return [] }
    var rows: [String] = []
    func add(_ why: String, _ what: String, _ day: Day, _ minor: Int64, _ explains: String) {
      rows.append("\(why), \(what) of \(day): \(minor) explains \(explains)")
    }
    var byEntry: [Int: Int64] = [:]
    for line in told.flatMap({ lines[$0.lines] }) {
      let parts = explained(line, by: last)
      for part in parts { byEntry[part.entry, default: 0] += part.minor }
      let sum = parts.reduce(0) { $0 + $1.minor }
      if sum != line.minor {
        add(
          sum == 0 ? "statement only" : "amount differs", line.reference, line.day, line.minor,
          "\(sum - line.minor)")
      }
      if line.subject == "unknown" { add("not known", line.reference, line.day, line.minor, "–") }
    }
    for (place, entry) in entries.enumerated() where entry.day <= last {
      let sum = byEntry[place, default: 0]
      guard sum != entry.minor else { continue }
      add(
        sum == 0 ? "books only" : "amount differs", "entry", entry.day, entry.minor,
        "\(entry.minor - sum)")
    }
    var before: Int64 = 0
    for (place, statement) in told.enumerated() {
      let gap = statement.openingMinor - before
      before = statement.closingMinor
      guard gap != 0 else { continue }
      add(
        place == 0 ? "opening balance" : "missing statement", statement.number, statement.day, gap,
        "\(-gap)")
    }
    return rows
  }

  /// By how much 1100 and the last statement differ at the end of a day; nil before the first one.
  func difference(at last: Day) -> Int64? {
    let told = statements.filter { $0.isTaken && $0.day <= last }.max { $0.day < $1.day }
    guard let told else { return nil }
    let booked = entries.filter { $0.day <= last }.reduce(0) { $0 + $1.minor }
    return booked - told.closingMinor
  }
}
