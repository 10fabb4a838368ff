import Basics
import Transit

extension FareMeter {
  /// Finds the times and the service of a ride.
  func classify(_ ride: inout Ride) {
    if !tariff.tables.times.isEmpty {
      let local = tariff.tables.clock.zone.local(Instant(microseconds: ride.on.at))
      let fraction = ride.on.at - floorDivide(ride.on.at, 1_000_000) * 1_000_000
      let moment = Int64(local.secondOfDay) * 1_000_000 + fraction
      let weekday = Day(number: ride.day).weekday.rawValue - 1
      let isHoliday = tariff.tables.holidays.contains(ride.day)
      let dayBit = UInt16(1) << UInt16(weekday + (isHoliday ? 7 : 0))
      for index in tariff.tables.times.indices {
        for span in tariff.tables.times[index].spans
        where span.days & dayBit != 0 && span.contains(moment) && span.condition.holds(ride) {
          ride.times |= 1 << UInt64(index)
          break
        }
      }
    }
    for index in tariff.tables.services.indices
    where tariff.tables.services[index].condition.holds(ride) {
      ride.service = Int32(index)
      break
    }
  }

  /// What the ride costs by itself, and the rule that says so.
  mutating func nominalPrice(_ ride: inout Ride, state: RiderState) -> (Int64, RuleName) {
    guard var category = categoryIndex(ride) else {
      step(.unknown, .missing(.category))
      return (unknownMinor, .none)
    }
    if tariff.tables.categories[category].proofTag != 0,
      !holdsProof(tariff.tables.categories[category].proofTag, ride, state: state)
    {
      category = Int(tariff.tables.categories[category].withoutProof)
    }
    take(category, for: &ride)
    if ride.status == .incomplete { return incompletePrice(ride) }
    if ride.isCompletedByHabit { step(.completedByHabit, .none) }
    for index in tariff.tables.fares.indices
    where tariff.tables.fares[index].condition.holds(ride) {
      var minor = tariff.price(tariff.tables.fares[index].node, ride)
      guard minor != unknownMinor else {
        step(.unknown, .missing(.price))
        return (unknownMinor, .fare(Int32(index)))
      }
      if let share = tariff.tables.categories[category].share { minor = share.of(minor) }
      step(.price, .fare(Int32(index)), minor: minor)
      return (minor, .fare(Int32(index)))
    }
    step(.unknown, .missing(.service))
    return (unknownMinor, .none)
  }

  /// Lets a category be priced as itself or as the one that it names.
  func take(_ category: Int, for ride: inout Ride) {
    let pricedAs = Int(tariff.tables.categories[category].pricedAs)
    let name = tariff.tables.categories[pricedAs < 0 ? category : pricedAs].name
    if pricedAs >= 0 || name != tariff.tables.categories[category].name
      || ride.on.category.id < 0 || category != knownCategory(ride)
    {
      ride.category = tariff.tables.symbols[.category].look(name)
    }
  }

  private func knownCategory(_ ride: borrowing Ride) -> Int {
    let id = Int(ride.on.category.id)
    return id < tariff.tables.categoryByID.count ? Int(tariff.tables.categoryByID[id]) : -1
  }

  private func holdsProof(_ proof: UInt32, _ ride: Ride, state: RiderState) -> Bool {
    guard let rule = tariff.tables.products.firstIndex(where: { $0.tag == proof }) else {
      return false
    }
    return state.holdings.contains { $0.tag == proof && isValid($0, rule, ride) }
  }

  private mutating func incompletePrice(_ ride: Ride) -> (Int64, RuleName) {
    for (index, waiver) in tariff.tables.tapping.waivers.enumerated()
    where ride.on.stop.mask & waiver.stopMask != 0 && waiver.from <= ride.on.at
      && ride.on.at < waiver.until
    {
      let minor = tariff.price(waiver.node, ride)
      step(.waived, .waiver(Int32(index)), minor: minor)
      return (minor, .waiver(Int32(index)))
    }
    if case .node(let node) = tariff.tables.tapping.incomplete {
      let minor = tariff.price(node, ride)
      step(.incomplete, .none, minor: minor)
      return (minor, .none)
    }
    if tariff.tables.tapping.incomplete == .dearest {
      for index in tariff.tables.fares.indices
      where tariff.tables.fares[index].condition.holds(ride) {
        let minor = tariff.dearest(tariff.tables.fares[index].node, ride)
        guard minor != unknownMinor else { continue }
        step(.incomplete, .fare(Int32(index)), minor: minor)
        return (minor, .fare(Int32(index)))
      }
    }
    step(.unknown, .missing(.end))
    return (unknownMinor, .none)
  }

  /// What a further person on the tap pays.
  func companionPrice(_ ride: Ride, own: Int64) -> Int64 {
    guard tariff.tables.companionCategory >= 0 else { return own }
    var other = ride
    let name = tariff.tables.categories[Int(tariff.tables.companionCategory)].name
    other.category = tariff.tables.symbols[.category].look(name)
    for rule in tariff.tables.fares where rule.condition.holds(other) {
      let minor = tariff.price(rule.node, other)
      return minor == unknownMinor ? own : minor
    }
    return own
  }

  /// Adds the fees that the ride meets, those that caps hold or those that they do not.
  mutating func withSurcharges(_ ride: Ride, _ charge: Int64, countingToCaps: Bool) -> Int64 {
    var sum = charge
    for index in tariff.tables.surcharges.indices
    where tariff.tables.surcharges[index].countsToCaps == countingToCaps
      && tariff.tables.surcharges[index].condition.holds(ride)
    {
      let minor = tariff.price(tariff.tables.surcharges[index].node, ride)
      guard minor != unknownMinor, minor != 0 else { continue }
      step(.surcharge, .surcharge(Int32(index)), minor: minor)
      sum += minor
    }
    return sum
  }

  /// Takes the charge from stored value; what is missing is topped up, perhaps at a fee.
  mutating func paidFromBalance(_ charge: Int64, state: inout RiderState) -> Int64 {
    guard let rule = tariff.tables.storedValue else { return charge }
    let balance = state.balanceMinor ?? 0
    guard charge > balance else {
      state.balanceMinor = balance - charge
      return charge
    }
    state.balanceMinor = 0
    guard let share = rule.topUpFee else { return charge }
    let fee = share.of(charge - balance)
    if fee != 0 { step(.topUpFee, .none, minor: fee) }
    return charge + fee
  }

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
    case .calendarMonth:
      let first = tariff.tables.clock.fareDay(of: Instant(microseconds: start))
      let next = periodStart(.month, day: first.number) + 32
      return tariff.tables.clock.start(
        of: Day(number: Int(periodStart(.month, day: Int(next))))
      ).microseconds
    }
  }

  /// The product that carries the ride, and notes its use: the one that loses least by it.
  mutating func useProduct(_ ride: Ride, state: inout RiderState) -> Int32? {
    var best: (holding: Int, rule: Int, isTransfer: Bool)?
    for index in state.holdings.indices {
      guard
        let rule = tariff.tables.products.firstIndex(where: { $0.tag == state.holdings[index].tag }
        ),
        tariff.tables.products[rule].condition.holds(ride)
      else { continue }
      let isTransfer = isTripTransfer(state.holdings[index], rule, ride)
      guard isTransfer || hasTripLeft(state.holdings[index], rule, ride) else {
        step(.pass, .product(Int32(rule)), isApplied: false)
        continue
      }
      if let current = best, !isBetter(index, rule, isTransfer, than: current, state: state) {
        step(.pass, .product(Int32(rule)), isApplied: false)
        continue
      }
      if let current = best { step(.pass, .product(Int32(current.rule)), isApplied: false) }
      best = (index, rule, isTransfer)
    }
    guard let best else { return nil }
    note(best.holding, best.rule, best.isTransfer, ride, state: &state)
    return Int32(best.rule)
  }

  private func hasTripLeft(_ holding: Holding, _ rule: Int, _ ride: Ride) -> Bool {
    let tripsMax = tariff.tables.products[rule].tripsMax
    return isValid(holding, rule, ride) && (tripsMax == 0 || Int(holding.tripsUsed) < tripsMax)
  }

  private func isTripTransfer(_ holding: Holding, _ rule: Int, _ ride: Ride) -> Bool {
    guard let window = tariff.tables.products[rule].transfer, holding.lastTripAt != .min else {
      return false
    }
    return window.contains(from: holding.lastTripAt, to: ride.on.at)
      && tariff.tables.products[rule].transferCondition.holds(ride)
  }

  /// No trip used beats a trip used; then what is over sooner.
  private func isBetter(
    _ index: Int, _ rule: Int, _ isTransfer: Bool,
    than other: (holding: Int, rule: Int, isTransfer: Bool), state: RiderState
  ) -> Bool {
    let uses = !isTransfer && tariff.tables.products[rule].tripsMax > 0
    let otherUses = !other.isTransfer && tariff.tables.products[other.rule].tripsMax > 0
    if uses != otherUses { return !uses }
    return ending(state.holdings[index], rule) < ending(state.holdings[other.holding], other.rule)
  }

  /// When a product is over; one that begins with its first ride is not, as long as it waits.
  private func ending(_ holding: Holding, _ rule: Int) -> Int64 {
    let isWaiting = tariff.tables.products[rule].startsAtFirstUse && holding.activatedAt == .min
    return isWaiting ? .max : validityEnd(holding, rule)
  }

  private mutating func note(
    _ index: Int, _ rule: Int, _ isTransfer: Bool, _ ride: Ride, state: inout RiderState
  ) {
    if state.holdings[index].activatedAt == .min { state.holdings[index].activatedAt = ride.on.at }
    let tripsMax = tariff.tables.products[rule].tripsMax
    if isTransfer {
      step(.tripTransfer, .product(Int32(rule)))
    } else if tripsMax == 0 {
      step(.pass, .product(Int32(rule)))
    } else {
      state.holdings[index].tripsUsed += 1
      state.holdings[index].lastTripAt = ride.on.at
      let left = tripsMax - Int(state.holdings[index].tripsUsed)
      step(.trip, .product(Int32(rule)), number: Int64(left))
    }
  }
}
