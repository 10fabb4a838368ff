package import Basics
package import Ledger
package import Store
package import Tariff

/// By which rule each version of a tariff shares money among operators.
package struct SharingRules: Sendable {
  /// Empty where all versions share alike, as they mostly do.
  private let rules: [String: FareApportionment]

  /// The rules of a book of tariffs.
  package init(_ book: TariffBook?) {
    let versions = book?.versions ?? []
    let isOne = versions.allSatisfy { $0.apportionment == versions[0].apportionment }
    rules =
      isOne
      ? [:]
      : Dictionary(
        versions.map { ($0.version, $0.apportionment) }, uniquingKeysWith: { first, _ in first })
  }

  /// What two versions have in common when they share alike.
  func mark(of version: String) -> String {
    rules.isEmpty ? "" : (rules[version] ?? .own).rawValue
  }
}

/// What a new rating of rider-days changes in the sub-ledger.
///
/// Rides that come out the same stand as they are; the others are reversed and put anew. So a
/// rating that changes nothing writes nothing, and every change of a fare is its own row.
package struct RideDifference: Sendable {
  /// Rides that stand and no longer hold.
  package private(set) var reversed: [StandingRide] = []
  /// Rides that hold and do not stand yet.
  package private(set) var added: [RideRow] = []

  /// Compares what stands with what holds; a ride whose money is shared by another rule is another one.
  package init(standing: [StandingRide], rated: [RideRow], sharedBy rules: SharingRules) {
    guard !standing.isEmpty else {
      added = rated
      return
    }
    var open: [RideRow: [StandingRide]] = [:]
    var days: Set<RiderDay> = []
    for ride in standing {
      open[Self.comparable(ride.ride, rules), default: []].append(ride)
      days.insert(ride.ride.day)
    }
    // Here and below rides are looked at where they lie: a copy counts up each text that it holds.
    for place in rated.indices {
      // Most days of a pass are rated for the first time: nothing stands on them.
      guard days.contains(rated[place].day) else {
        added.append(rated[place])
        continue
      }
      let key = Self.comparable(rated[place], rules)
      if var same = open[key], !same.isEmpty {
        same.removeLast()
        open[key] = same
      } else {
        added.append(rated[place])
      }
    }
    reversed = open.values.joined().sorted { $0.rideID < $1.rideID }
  }

  /// How many rides are shared by another rule than the rows of theirs that no longer hold.
  package func ridesSharedAnew(_ rules: SharingRules) -> Int {
    guard !added.isEmpty else { return 0 }
    let marks = Dictionary(
      added.map { ($0.boarding, rules.mark(of: $0.tariffVersion)) },
      uniquingKeysWith: { first, _ in first })
    return reversed.count { gone in
      marks[gone.ride.boarding].map { $0 != rules.mark(of: gone.ride.tariffVersion) } ?? false
    }
  }

  /// Whether nothing changes.
  package var isEmpty: Bool { reversed.isEmpty && added.isEmpty }

  /// The days on which rides of a product came or went, of riders who may hold one.
  ///
  /// A rule carries rides by its name as a product does: of those who hold nothing there is no need to ask.
  package func carriedDays(where mayHold: (RiderID) -> Bool) -> Set<CarriedDay> {
    var days: Set<CarriedDay> = []
    for place in added.indices where mayHold(added[place].day.rider) {
      if let day = CarriedDay(added[place]) { days.insert(day) }
    }
    for place in reversed.indices where mayHold(reversed[place].ride.day.rider) {
      if let day = CarriedDay(reversed[place].ride) { days.insert(day) }
    }
    return days
  }

  /// What has to be booked: fares added less fares reversed.
  ///
  /// A fare that is not known is no amount.
  package var fareDifferences: [FareDifference] {
    added.indices.compactMap { Self.fare(added[$0], sign: 1) }
      + reversed.indices.compactMap { Self.fare(reversed[$0].ride, sign: -1) }
  }

  /// What has to be added to the kept sums of rides by a run of an accounting date.
  ///
  /// A fare day is closed at the end of the day after it; what is booked later is late.
  package func sums(accountingDate: Day) -> RideSumChanges {
    var sums = RideSumChanges()
    func count(_ ride: RideRow, sign: Int64) {
      sums.count(
        ride, sign: sign, accountingDate: accountingDate,
        isLate: accountingDate.number > ride.day.fareDay.number + 1)
    }
    for place in added.indices { count(added[place], sign: 1) }
    for place in reversed.indices { count(reversed[place].ride, sign: -1) }
    return sums
  }

  /// How much of it came of which cause, by what made the days stale.
  func causes(of claimed: [ClaimedDay]) -> [RunCause] {
    // Most days are stale because of new taps: those are left out of the look-up, and counted apart.
    var taps = RunCause(.tap)
    var others: [StaleCause: RunCause] = [:]
    var causes: [RiderDay: StaleCause] = [:]
    for place in claimed.indices {
      let cause = claimed[place].cause
      guard cause != .tap else {
        taps.riderDays += 1
        continue
      }
      causes[claimed[place].day] = cause
      others[cause, default: RunCause(cause)].riderDays += 1
    }
    for place in added.indices {
      if !causes.isEmpty, let cause = causes[added[place].day] {
        others[cause, default: RunCause(cause)].ridesAdded += 1
      } else {
        taps.ridesAdded += 1
      }
    }
    for place in reversed.indices {
      if let cause = causes[reversed[place].ride.day] {
        others[cause, default: RunCause(cause)].ridesReversed += 1
      } else {
        taps.ridesReversed += 1
      }
    }
    return (others.values + (taps == RunCause(.tap) ? [] : [taps]))
      .sorted { $0.cause.rawValue < $1.cause.rawValue }
  }

  private static func fare(_ ride: RideRow, sign: Int64) -> FareDifference? {
    ride.chargedMinor.map { minor in
      FareDifference(
        operatorID: ride.operatorID, currency: ride.currency, fareDay: ride.day.fareDay,
        category: ride.category, minor: sign * minor)
    }
  }

  /// A ride without the tariff's version: a new version that prices a ride the same, for the same
  /// reason, and shares its money alike, changes nothing that has to be booked.
  private static func comparable(_ ride: RideRow, _ rules: SharingRules) -> RideRow {
    var copy = ride
    copy.tariffVersion = rules.mark(of: ride.tariffVersion)
    return copy
  }
}
