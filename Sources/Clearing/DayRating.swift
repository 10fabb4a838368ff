import Basics
import Store
import Tariff
import Transit

/// One rider's fare day on its way through the tariff: rows in, rides out.
struct DayRating {
  let network: Network
  let book: TariffBook
  let day: RiderDay
  let taps: [TapRow]
  let entitlements: [EntitlementRow]
  /// Passes and carnets of the rider.
  var products: [GrantRow] = []

  /// What came out.
  struct Result {
    let rides: [RatedRide]
    let state: RiderState
    let tariffVersion: String
    /// Taps off that ended no ride; nothing is written down about them.
    let unpaired: [UnpairedTap]
  }

  /// Rates the day from the state that the day before left.
  ///
  /// On a day that no version of the tariff holds for, each ride is written down with its fare not
  /// known.
  func rate(from before: RiderState) -> Result {
    let tariff = book.tariff(on: day.fareDay)
    let category = category(default: tariff?.categories.first ?? "")
    let facts = taps.indices.map { fareTap(taps[$0], ref: $0, category: category) }
    var before = before
    before.giveBack(purchases { $0.returnedOn?.adding(days: 1) == day.fareDay })
    let rated = book.rate(
      day: day.fareDay, state: before, taps: facts,
      purchases: purchases { $0.grantedDay == day.fareDay })
    return Result(
      rides: rated.rides, state: rated.state, tariffVersion: tariff?.version ?? "",
      unpaired: rated.unpaired)
  }

  /// Rides that began on an earlier fare day: their first taps have to be looked up.
  func carried(_ result: Result) -> [OvernightRide] {
    var rides: [OvernightRide] = []
    for place in result.rides.indices where result.rides[place].boardRef == RatedRide.carriedRef {
      rides.append(OvernightRide(rider: day.rider, startedAt: result.rides[place].at))
    }
    return rides
  }

  /// The rides under the names of their taps; `carried` holds the first taps of carried rides.
  func named(
    _ result: Result, carried: [OvernightRide: TapRow]
  ) throws(CarriedTapMissing) -> [RideRow] {
    var rows: [RideRow] = []
    rows.reserveCapacity(result.rides.count)
    try addNamed(of: result, carried: carried, to: &rows)
    return rows
  }

  /// Adds the rides under the names of their taps to those of other riders.
  func addNamed(
    of result: Result, carried: [OvernightRide: TapRow], to rows: inout [RideRow]
  ) throws(CarriedTapMissing) {
    for place in result.rides.indices {
      rows.append(try row(of: result.rides[place], carried: carried))
    }
  }

  /// A ride under the names of its taps.
  private func row(
    of ride: RatedRide, carried: [OvernightRide: TapRow]
  ) throws(CarriedTapMissing) -> RideRow {
    let boarding: (name: TapName, medium: MediumKind)
    if ride.boardRef == RatedRide.carriedRef {
      guard let tap = carried[OvernightRide(rider: day.rider, startedAt: ride.at)] else {
        throw CarriedTapMissing(rider: day.rider, at: ride.at)
      }
      boarding = (tap.name, tap.mediumKind)
    } else {
      boarding = (taps[ride.boardRef].name, taps[ride.boardRef].mediumKind)
    }
    return RideRow(
      day: day, startedAt: ride.at, endedAt: ride.endedAt, boarding: boarding.name,
      alighting: ride.alightRef.map { taps[$0].name }, riders: ride.riders,
      category: ride.category, product: ride.product, mediumKind: boarding.medium,
      mode: ride.mode, operatorID: ride.operatorID, route: ride.route, currency: ride.currency,
      nominalMinor: ride.nominalMinor, chargedMinor: ride.chargedMinor,
      tariffVersion: ride.version, reasonJSON: ride.reason.json)
  }

  /// What the tariff may look at in a tap: the route's mode and operator come from the network.
  private func fareTap(_ tap: TapRow, ref: Int, category: String) -> FareTap {
    let route = tap.route.flatMap { network.resolveRoute($0) }
    let mode = route.map { network.routes[$0].mode }
    let stop = tap.stop.flatMap { network.stopIndex(id: $0) }
      .map { network.stops[$0] }
    return FareTap(
      ref: ref, at: tap.at, kind: tap.kind, medium: tap.mediumKind, riders: tap.riders,
      category: category, mode: mode,
      operatorID: route.flatMap { network.operatorID(ofRoute: $0) },
      route: route.map { network.routes[$0].id } ?? tap.route, vehicle: tap.vehicle,
      stop: tap.stop, zone: tap.zone ?? stop?.zone,
      coordinate: stop?.coordinate ?? tap.coordinate, direction: tap.direction)
  }

  private func purchases(_ isMeant: (GrantRow) -> Bool) -> [FarePurchase] {
    products.filter(isMeant).map { FarePurchase(product: $0.product, at: $0.grantedAt) }
  }

  /// The category proven for the day; of several the one proven last.
  private func category(default standard: String) -> String {
    EntitlementRow.category(of: entitlements, on: day.fareDay) ?? standard
  }
}

extension EntitlementRow {
  /// The category proven for a fare day; of several the one proven last; nil without any.
  static func category(of entitlements: [EntitlementRow], on day: Day) -> String? {
    entitlements
      .filter { $0.validFrom <= day && $0.validTo.map { day <= $0 } ?? true }
      .max { ($0.validFrom, $0.category) < ($1.validFrom, $1.category) }?
      .category
  }
}

extension TariffBook {
  /// Whether any version asks where a rider got on: then stops that were inferred count.
  var asksForStops: Bool { versions.contains(where: \.pricesByStop) }
}

extension RiderState {
  /// The state that was kept before a rider's day; that of a new rider when nothing was.
  static func kept(_ bytes: [UInt8], before day: RiderDay) throws(ClearingFault) -> RiderState {
    guard !bytes.isEmpty else { return .empty }
    guard let state = RiderState(bytes: bytes) else {
      throw .unreadableState(rider: day.rider, before: day.fareDay)
    }
    return state
  }
}

/// A ride that was carried over midnight lost its first tap, which the journal never does.
struct CarriedTapMissing: Error, Sendable, CustomStringConvertible {
  let rider: RiderID
  let at: Instant

  var description: String { "rider \(rider) has no tap at \(at), where a ride began" }
}
