import Basics

/// Recorded taps under two tariffs: what a draft would change for the city and for its riders.
package struct WhatIf: Sendable {
  /// Sums of one group: an operator, a category or a product.
  package struct Line: Hashable, Sendable {
    package var group: String
    package var name: String
    package var currency: String
    package var rides: Int
    package var nowMinor: Int64
    package var draftMinor: Int64
  }

  /// What changes for one rider.
  package struct Change: Hashable, Sendable {
    package var rider: String
    package var nowMinor: Int64
    package var draftMinor: Int64
  }

  /// Most riders that are listed with their change.
  package static let changesMax = 20

  /// The tariffs that hold now.
  package let now: TariffBook
  /// The tariffs as they would hold.
  package let draft: TariffBook
  private var sums: [String: Line] = [:]
  private var changes: [Change] = []
  package private(set) var ridersMore = 0
  package private(set) var ridersLess = 0
  package private(set) var ridersSame = 0
  /// Rides whose fare is not known: now, and under the draft.
  package private(set) var unknownRides = (now: 0, draft: 0)

  /// Starts a comparison.
  package init(now: TariffBook, draft: TariffBook) {
    self.now = now
    self.draft = draft
  }

  /// Rates a rider's recorded taps, of all days at once, under both tariffs.
  package mutating func add(
    rider: String, category: String, taps: [FareTap], purchases: [FarePurchase] = []
  ) {
    let priced = PricedRider(name: rider, category: category, taps: taps, purchases: purchases)
    add(
      rider: rider, now: PriceTable.rides(of: priced, book: now),
      draft: PriceTable.rides(of: priced, book: draft))
  }

  /// Adds a rider whose taps were rated by both tariffs before.
  package mutating func add(rider: String, now before: [RatedRide], draft after: [RatedRide]) {
    for ride in before { count(ride, isDraft: false) }
    for ride in after { count(ride, isDraft: true) }
    let change = Change(
      rider: rider, nowMinor: before.reduce(0) { $0 + ($1.chargedMinor ?? 0) },
      draftMinor: after.reduce(0) { $0 + ($1.chargedMinor ?? 0) })
    if change.draftMinor > change.nowMinor {
      ridersMore += 1
    } else if change.draftMinor < change.nowMinor {
      ridersLess += 1
    } else {
      ridersSame += 1
      return
    }
    changes.append(change)
    // Kept short as it goes, so that a city's riders need no memory.
    if changes.count >= 4 * WhatIf.changesMax { changes = largestChanges }
  }

  private mutating func count(_ ride: RatedRide, isDraft: Bool) {
    guard let charged = ride.chargedMinor else {
      if isDraft { unknownRides.draft += 1 } else { unknownRides.now += 1 }
      return
    }
    let groups = [
      ("operator", ride.operatorID ?? ""), ("category", ride.category), ("product", ride.product),
    ]
    for (group, name) in groups {
      let key = [group, name, ride.currency.code].joined(separator: "\u{1F}")
      var line =
        sums[key]
        ?? Line(
          group: group, name: name, currency: ride.currency.code, rides: 0, nowMinor: 0,
          draftMinor: 0)
      if isDraft {
        line.draftMinor += charged
        line.rides += 1
      } else {
        line.nowMinor += charged
      }
      sums[key] = line
    }
  }

  /// Revenue by operator, category and product, in that order and by name.
  package var lines: [Line] {
    let order = ["operator": 0, "category": 1, "product": 2]
    return sums.values.sorted {
      (order[$0.group] ?? 3, $0.name, $0.currency) < (order[$1.group] ?? 3, $1.name, $1.currency)
    }
  }

  /// The riders whose sum changes most, the largest change first.
  package var largestChanges: [Change] {
    let sorted = changes.sorted { left, right in
      let first = abs(left.draftMinor - left.nowMinor)
      let second = abs(right.draftMinor - right.nowMinor)
      return first != second ? first > second : left.rider < right.rider
    }
    return Array(sorted.prefix(WhatIf.changesMax))
  }

  /// The comparison as CSV: `group,name,currency,rides,now,draft,difference`, amounts in minor units.
  package var csv: String {
    var writer = CSVWriter()
    writer.row(["group", "name", "currency", "rides", "now", "draft", "difference"])
    for line in lines {
      writer.row([
        line.group, line.name, line.currency, String(line.rides), String(line.nowMinor),
        String(line.draftMinor), String(line.draftMinor - line.nowMinor),
      ])
    }
    writer.row(["riders", "more", "", String(ridersMore), "", "", ""])
    writer.row(["riders", "less", "", String(ridersLess), "", "", ""])
    writer.row(["riders", "same", "", String(ridersSame), "", "", ""])
    writer.row([
      "rides", "unknown", "", "", String(unknownRides.now), String(unknownRides.draft),
      String(unknownRides.draft - unknownRides.now),
    ])
    for change in largestChanges {
      writer.row([
        "change", change.rider, "", "", String(change.nowMinor), String(change.draftMinor),
        String(change.draftMinor - change.nowMinor),
      ])
    }
    return writer.text
  }
}
