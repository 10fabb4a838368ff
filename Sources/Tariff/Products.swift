import Basics
import Transit

extension FareMeter {
  /// Puts bought products into a rider's hands; those that the tariff does not know are left out.
  func grant(_ purchases: [FarePurchase], to state: inout RiderState) {
    for purchase in purchases.sorted(by: { ($0.at, $0.product) < ($1.at, $1.product) }) {
      guard tariff.tables.products.contains(where: { $0.name == purchase.product }) else {
        continue
      }
      state.holdings.append(
        Holding(
          tag: tag(purchase.product), boughtAt: purchase.at.microseconds, activatedAt: .min,
          tripsUsed: 0, lastTripAt: .min))
    }
  }

  /// Whether a product may carry a ride at its moment.
  func isValid(_ holding: Holding, _ rule: Int, _ ride: borrowing Ride) -> Bool {
    guard ride.on.at >= holding.boughtAt else { return false }
    let isFirstUse = tariff.tables.products[rule].startsAtFirstUse
    if isFirstUse, holding.activatedAt == .min { return true }
    return ride.on.at < validityEnd(holding, rule)
  }

  /// The moment at which a product is over, exclusive.
  func validityEnd(_ holding: Holding, _ rule: Int) -> Int64 {
    let isFirstUse = tariff.tables.products[rule].startsAtFirstUse
    let start = isFirstUse && holding.activatedAt != .min ? holding.activatedAt : holding.boughtAt
    switch tariff.tables.products[rule].validity {
    case .microseconds(let length): return start + length
    case .days(let count):
      let first = tariff.tables.clock.fareDay(of: Instant(microseconds: start))
      return tariff.tables.clock.start(of: first.adding(days: count)).microseconds
    case .months(let count):
      let first = tariff.tables.clock.fareDay(of: Instant(microseconds: start))
      return tariff.tables.clock.start(of: first.adding(months: count)).microseconds
    case .calendarMonth:
      let first = tariff.tables.clock.fareDay(of: Instant(microseconds: start))
      let next = periodStart(.month, day: first.number) + 32
      return tariff.tables.clock.start(
        of: Day(number: Int(periodStart(.month, day: Int(next))))
      ).microseconds
    }
  }

  /// The product that carries the ride, and notes its use: the one that loses least by it.
  ///
  /// A trip is not used for a ride that would cost nothing without it.
  mutating func useProduct(
    _ ride: borrowing Ride, price: Int64, paysAll: Bool = false, state: inout RiderState
  ) -> ProductUse? {
    guard !state.holdings.isEmpty else { return nil }
    var best: ProductUse?
    for index in state.holdings.indices {
      guard
        let rule = tariff.tables.products.firstIndex(where: { $0.tag == state.holdings[index].tag }
        ),
        tariff.tables.products[rule].condition.holds(ride),
        !paysAll || tariff.tables.products[rule].coverNode < 0
      else { continue }
      if isPassedBack(state.holdings[index], rule, ride) {
        step(.passBack, .product(Int32(rule)), isApplied: false)
        continue
      }
      let isTransfer = isTripTransfer(state.holdings[index], rule, ride)
      let hasTrip = isTransfer ? true : hasTripLeft(state.holdings[index], rule, ride)
      let use = ProductUse(
        holding: index, rule: rule, isTransfer: isTransfer, restMinor: rest(rule, of: price, ride))
      guard hasTrip, price == 0 || use.restMinor < price else {
        step(.pass, .product(Int32(rule)), isApplied: false)
        continue
      }
      if let current = best, !isBetter(use, than: current, state.holdings) {
        step(.pass, .product(Int32(rule)), isApplied: false)
        continue
      }
      if let current = best { step(.pass, .product(Int32(current.rule)), isApplied: false) }
      best = use
    }
    guard let best else { return nil }
    if !best.isTransfer, tariff.tables.products[best.rule].tripsMax > 0,
      isFreeAnyway(ride, price: price, state: state)
    {
      step(.trip, .product(Int32(best.rule)), isApplied: false)
      return nil
    }
    note(best, ride, state: &state)
    return best
  }

  /// What a product leaves of a price: nothing, unless it pays only a part.
  private func rest(_ rule: Int, of price: Int64, _ ride: borrowing Ride) -> Int64 {
    guard tariff.tables.products[rule].coverNode >= 0 else { return 0 }
    let covered = tariff.price(tariff.tables.products[rule].coverNode, ride)
    return covered == unknownMinor ? price : max(0, price - covered)
  }

  /// Charges what a product left of the price, unless a transfer leaves less anyway.
  ///
  /// The rest is paid like any ride: it meets the fees inside caps, and counts to caps.
  mutating func chargeRest(
    _ use: ProductUse, _ ride: borrowing Ride, price: Int64, due: Int64, firstStep: Int,
    state: inout RiderState
  ) -> Int64 {
    let name = RuleName.product(Int32(use.rule))
    if use.restMinor < due {
      trace.removeSubrange(firstStep...)
      step(.passPart, name, minor: price - use.restMinor)
    } else {
      step(.pass, name, isApplied: false)
    }
    let charge = withSurcharges(ride, min(use.restMinor, due), countingToCaps: true)
    return capped(ride, charge, state: &state)
  }

  /// Whether transfers or caps make the ride free without any product.
  private mutating func isFreeAnyway(_ ride: borrowing Ride, price: Int64, state: RiderState)
    -> Bool
  {
    guard price > 0 else { return true }
    let steps = trace.count
    var tried = state
    let charge = chargeWithoutProduct(ride, price: price, state: &tried)
    trace.removeSubrange(steps...)
    return charge == 0
  }

  /// Whether a second person seems to ride on a product: the same vehicle again too soon.
  private func isPassedBack(_ holding: Holding, _ rule: Int, _ ride: borrowing Ride) -> Bool {
    let limit = tariff.tables.products[rule].passBackMicroseconds
    guard limit > 0, holding.lastUseAt != .min, holding.lastVehicle != 0,
      holding.lastVehicle == ride.on.vehicle.hash
    else { return false }
    // One that was open for long may have begun before the last use.
    let passed = ride.on.at - holding.lastUseAt
    return passed >= 0 && passed < limit
  }

  private func hasTripLeft(_ holding: Holding, _ rule: Int, _ ride: borrowing Ride) -> Bool {
    let tripsMax = tariff.tables.products[rule].tripsMax
    guard isValid(holding, rule, ride) else { return false }
    return tripsMax == 0 || Int(holding.tripsUsed) < tripsMax
  }

  private func isTripTransfer(_ holding: Holding, _ rule: Int, _ ride: borrowing Ride) -> Bool {
    guard let window = tariff.tables.products[rule].transfer, holding.lastTripAt != .min else {
      return false
    }
    guard window.contains(from: holding.lastTripAt, to: ride.on.at) else { return false }
    return tariff.tables.products[rule].transferCondition.holds(ride)
  }

  /// What leaves less to pay; then no trip used before a trip used; then what is over sooner.
  private func isBetter(_ use: ProductUse, than other: ProductUse, _ holdings: [Holding]) -> Bool {
    if use.restMinor != other.restMinor { return use.restMinor < other.restMinor }
    let uses = !use.isTransfer && tariff.tables.products[use.rule].tripsMax > 0
    let otherUses = !other.isTransfer && tariff.tables.products[other.rule].tripsMax > 0
    if uses != otherUses { return !uses }
    return ending(holdings[use.holding], use.rule) < ending(holdings[other.holding], other.rule)
  }

  /// When a product is over; one that begins with its first ride is not, as long as it waits.
  private func ending(_ holding: Holding, _ rule: Int) -> Int64 {
    let isWaiting = tariff.tables.products[rule].startsAtFirstUse && holding.activatedAt == .min
    return isWaiting ? .max : validityEnd(holding, rule)
  }

  private mutating func note(_ use: ProductUse, _ ride: borrowing Ride, state: inout RiderState) {
    let (index, rule) = (use.holding, use.rule)
    if state.holdings[index].activatedAt == .min { state.holdings[index].activatedAt = ride.on.at }
    if tariff.tables.products[rule].passBackMicroseconds > 0,
      ride.on.at >= state.holdings[index].lastUseAt
    {
      state.holdings[index].lastUseAt = ride.on.at
      state.holdings[index].lastVehicle = ride.on.vehicle.hash
    }
    let tripsMax = tariff.tables.products[rule].tripsMax
    if use.isTransfer {
      step(.tripTransfer, .product(Int32(rule)))
    } else if tripsMax == 0 {
      // Of one that pays a part it is said what it pays, once that is known.
      if use.restMinor == 0 { step(.pass, .product(Int32(rule))) }
    } else {
      state.holdings[index].tripsUsed += 1
      state.holdings[index].lastTripAt = ride.on.at
      let left = tripsMax - Int(state.holdings[index].tripsUsed)
      step(.trip, .product(Int32(rule)), number: Int64(left))
    }
  }
}

/// A product that carries a ride, or a part of it.
struct ProductUse: Sendable {
  var holding: Int
  var rule: Int
  /// Whether the ride is a transfer after one that used a trip.
  var isTransfer: Bool
  /// What it leaves of the price.
  var restMinor: Int64
}
