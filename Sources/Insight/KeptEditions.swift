import Basics
import Store

/// What earlier programs kept of a month where that differs from what this one keeps.
///
/// A month is proven by making its reports anew. Which program closed it is not written down, so what
/// any of them would have made is right.
extension Report {
  /// The report as earlier programs would have made it, the newest first; without those that made the same.
  ///
  /// `versionsOfRides` are the tariffs that they named: those of which rides were left.
  func earlier(versionsOfRides: [String]) -> [Report] {
    let numbered = withNumberForTruth
    let added = numbered.withEntriesAdded.withoutCutVersions
    var editions = [added, added.withoutConcessions]
    let shorter = editions[1].withoutSteps(ReportTableDefinition.stepsLater)
    editions += ([[]] + ReportTableDefinition.keptLater).map(shorter.without)
    editions += editions.map { $0.withoutRatedAnew(versionsOfRides) }
    editions = [self, numbered] + ([numbered] + editions).map(\.withNumberForNoNames)
    return editions.map(\.withRowsCut).reduce(into: [self]) { found, edition in
      if !found.contains(edition) { found.append(edition) }
    }.dropFirst().map { $0 }
  }

  /// Before tables by operator were kept whole, and the sums of a table that was cut were those of all its rows.
  private var withRowsCut: Report {
    guard let definitions = ReportName(rawValue: name)?.keptTables else { return self }
    var earlier = self
    for (index, table) in tables.enumerated() where table.rows.count >= ReportTables.groupsMax {
      let rows = Array(table.rows.prefix(ReportTables.groupsMax))
      earlier.tables[index].rows = rows
      if definitions.contains(where: { $0.key == table.key && !$0.isUnsummed }) {
        earlier.tables[index].totals = ReportMaker.totals(of: rows, table.columns)
      }
      earlier.notes.removeAll { $0.key == "table_cut_\(table.key)" }
      earlier.notes.append(.cut(earlier.tables[index]))
    }
    return earlier
  }

  /// Before whether the period was open was a word of its own.
  private var withNumberForTruth: Report {
    var earlier = self
    for index in notes.indices where notes[index].form == .truth {
      earlier.notes[index].form = .keptTruth
    }
    return earlier
  }

  /// Before entries were no longer added up over the accounts that they have.
  private var withEntriesAdded: Report {
    var earlier = self
    for index in tables.indices {
      let table = tables[index]
      guard let place = table.columns.firstIndex(where: { $0.key == "entries" }),
        let unit = table.columns.firstIndex(where: { $0.key == "currency" })
      else { continue }
      for (row, total) in table.totals.enumerated() {
        let own = table.rows.filter { $0[unit].plain == total[unit].plain }
        let sum = own.reduce(Int64(0)) { saturatingSum($0, $1[place].amount ?? 0) }
        earlier.tables[index].totals[row][place] = .count(sum)
      }
    }
    return earlier
  }

  /// Before it was said that there are more tariffs than are named.
  private var withoutCutVersions: Report {
    var earlier = self
    earlier.notes.removeAll { $0.key == ReportNote.versionsCut }
    return earlier
  }

  /// Before names of which there are none were an empty list.
  private var withNumberForNoNames: Report {
    var earlier = self
    for index in notes.indices where notes[index].names == [] {
      earlier.notes[index].names = nil
    }
    return earlier
  }

  /// Before the daily report told categories by operator, and revenue without caps what categories take off.
  private var withoutConcessions: Report {
    var earlier = without(["operator_categories"])
    guard name == ReportName.revenueWithoutCaps.rawValue else { return earlier }
    for index in earlier.tables.indices {
      earlier.tables[index].remove(column: "concession_minor")
      earlier.tables[index].keep { row in row.contains { ($0.amount ?? 0) != 0 } }
    }
    return earlier
  }

  /// Without steps of the ladder.
  private func withoutSteps(_ steps: Set<String>) -> Report {
    var earlier = self
    for index in tables.indices where tables[index].key == "ladder" {
      earlier.tables[index].rows.removeAll { steps.contains($0[0].plain) }
    }
    return earlier
  }

  /// Without tables, and what is said of them.
  private func without(_ keys: Set<String>) -> Report {
    var earlier = self
    earlier.tables.removeAll { keys.contains($0.key) }
    earlier.notes.removeAll { note in keys.contains { note.key == "table_cut_\($0)" } }
    return earlier
  }

  /// Without rows of what was rated anew at the same price: neither rides nor money were left of them.
  private func withoutRatedAnew(_ versions: [String]) -> Report {
    var earlier = self
    for index in tables.indices {
      for figures in [["rides", "charged_minor"], ["concession_rides", "concession_minor"]] {
        let places = figures.compactMap { figure in
          tables[index].columns.firstIndex { $0.key == figure }
        }
        guard places.count == figures.count else { continue }
        earlier.tables[index].keep { row in places.contains { (row[$0].amount ?? 0) != 0 } }
      }
    }
    for index in notes.indices where notes[index].key == "tariff_versions" {
      earlier.notes[index].names = versions
      earlier.notes[index].count = Int64(versions.count)
    }
    return earlier
  }
}

extension ReportTable {
  fileprivate mutating func remove(column key: String) {
    guard let place = columns.firstIndex(where: { $0.key == key }) else { return }
    columns.remove(at: place)
    for index in rows.indices { rows[index].remove(at: place) }
    for index in totals.indices { totals[index].remove(at: place) }
  }

  /// Keeps the rows that fulfil a condition, with the sums of these.
  mutating func keep(_ isKept: ([ReportCell]) -> Bool) {
    let count = rows.count
    rows.removeAll { !isKept($0) }
    guard rows.count < count, !totals.isEmpty else { return }
    // Of a table that was cut nobody knows what is left of the rest.
    totals = isPart ? [] : ReportMaker.totals(of: rows, columns)
  }
}

extension ReportCell {
  /// The number of a count or an amount; nil where the cell is none.
  fileprivate var amount: Int64? {
    switch self {
    case .count(let count): count
    case .money(let money): money.minor
    default: nil
    }
  }
}
