package import Basics
package import Clearing
package import Intake
package import Store
package import Tapping
package import Wallet

extension PastWish {
  /// That a validator was at a place, or at none, for a time.
  package static func place(
    of device: String, _ place: DevicePlace?, from: Instant, until: Instant?
  ) -> PastWish {
    let name =
      switch place {
      case .vehicle(let vehicle): "in vehicle \(vehicle)"
      case .stop(let stop): "at stop \(stop)"
      case nil: "nowhere"
      }
    let end = until.map { " until \($0)" } ?? ""
    return PastWish(.place, "validator \(device) \(name) from \(from)\(end)")
  }

  /// That a rider has a category, proven by a paper.
  ///
  /// Another paper is another wish: its kind is told; a keyed digest of its number, and what is noted of it, are part
  /// of what has to be the same, which nothing tells.
  package static func proof(
    _ days: ProvenDays, kind: String?, number: String?, note: String? = nil, isReplacing: Bool,
    of rider: RiderID, reason: String, at desk: RiderDesk
  ) -> PastWish {
    let end = days.last.map { " to \($0)" } ?? ""
    let paper = number.map { " " + hexText(desk.paperDigest(kind: kind ?? "", number: $0)) } ?? ""
    return PastWish(
      .entitlement,
      "\(days.category) from \(days.first)\(end)" + (isReplacing ? ", in place of another" : "")
        + (kind.map { ", proven by \($0)" } ?? ""),
      of: rider.description + paper + (note.map { "\n\($0)" } ?? ""), rider: rider,
      reason: reason)
  }

  /// That a rider had no proof of a category.
  package static func withdrawal(
    of category: String, from first: Day, rider: RiderID, reason: String
  ) -> PastWish {
    PastWish(
      .entitlement, "\(category) from \(first) withdrawn", of: rider.description, rider: rider,
      reason: reason)
  }

  /// That a rider is another.
  package static func merge(
    _ rider: RiderID, into kept: RiderID, reason: String
  ) -> PastWish {
    PastWish(
      .medium, "a rider merged into another", of: "\(rider) \(kept)", rider: rider, other: kept,
      reason: reason)
  }

  /// That a medium is one of a payment account.
  package static func link(
    _ medium: MediumID, accountDigest: [UInt8], reason: String
  ) -> PastWish {
    PastWish(
      .medium, "a medium linked to a payment account", of: "\(medium) \(hexText(accountDigest))",
      rider: RiderID(high: medium.high, low: medium.low), reason: reason)
  }
}

extension PlaceGate {
  /// Holds places against what one person may change of fares.
  package init(_ gate: PastGate) {
    self.init(ridersMax: PastGate.riderDaysMax) { place, db, change in
      try await gate.weigh(place.riders, isPlacedAnew: place.isOfVehicles, in: db, change)
    }
  }
}

extension PastChangeRow {
  /// What is to be done and about whom, which tells changes apart that are alike otherwise.
  package var shownText: String {
    switch (kind, subjectID, otherID) {
    case (.limit, _, _): "the limit of one person: \(what)"
    case (_, let rider?, let kept?): "\(what): \(rider) into \(kept)"
    case (_, let subject?, nil): "\(what): \(subject)"
    case (_, nil, _): what
    }
  }

  /// What the person who asked is told.
  package var waitingText: String {
    let reason =
      switch (kind, changeMinor) {
      case (.limit, _): "Two people set the limit"
      case (_, let minor?):
        "It changes fares by \(minor) minor units, with what you changed alone within "
          + "\(Rerating.aloneHours) hours more than one person may"
      case (_, nil): "Nobody can say what it changes of fares, or it is more than is looked at"
      }
    return
      "\(reason). Nothing was done; it is when another person says the same within "
      + "\(PastDesk.waitsDays) days."
  }
}
