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

  /// That a rider has a category.
  package static func proof(
    _ days: ProvenDays, isReplacing: Bool, of rider: RiderID
  ) -> PastWish {
    let end = days.last.map { " to \($0)" } ?? ""
    return PastWish(
      .entitlement,
      "\(days.category) from \(days.first)\(end)" + (isReplacing ? ", in place of another" : ""),
      of: rider.description)
  }

  /// That a rider had no proof of a category.
  package static func withdrawal(
    of category: String, from first: Day, rider: RiderID
  ) -> PastWish {
    PastWish(.entitlement, "\(category) from \(first) withdrawn", of: rider.description)
  }

  /// That a rider is another.
  package static func merge(_ rider: RiderID, into kept: RiderID) -> PastWish {
    PastWish(.medium, "a rider merged into another", of: "\(rider) \(kept)")
  }

  /// That a medium is one of a payment account.
  package static func link(_ medium: MediumID, accountDigest: [UInt8]) -> PastWish {
    PastWish(
      .medium, "a medium linked to a payment account", of: "\(medium) \(hexText(accountDigest))")
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
