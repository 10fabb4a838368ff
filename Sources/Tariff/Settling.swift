import Basics
import Transit

extension FareMeter {
  /// Finds the times and the service of a ride.
  mutating func classify(_ ride: inout Ride) {
    tariff.place(&ride)
    if !tariff.tables.times.isEmpty {
      let facts = facts(of: ride.day)
      let moment = facts.wallClock(at: ride.on.at, tariff)
      for index in tariff.tables.times.indices
      where isTime(index, dayBit: facts.dayBit, moment: moment, ride) {
        ride.times |= 1 << UInt64(index)
      }
      if tariff.tables.asksEndTimes { ride.endTimes = endTimes(ride) }
    }
    for index in tariff.tables.services.indices
    where tariff.tables.services[index].condition.holds(ride) {
      ride.service = Int32(index)
      break
    }
  }

  /// Whether a boarding lies in a named time; the spans are asked in place, since copies cost more.
  private func isTime(
    _ index: Int, dayBit: UInt16, moment: Int64, _ ride: borrowing Ride
  ) -> Bool {
    for place in tariff.tables.times[index].spans.indices
    where tariff.tables.times[index].spans[place].isOn(ride.day, dayBit) {
      guard tariff.tables.times[index].spans[place].contains(moment),
        tariff.tables.times[index].spans[place].condition.holds(ride)
      else { continue }
      return true
    }
    return false
  }

  /// What the ride costs by itself, and the rule that says so.
  mutating func nominalPrice(_ ride: inout Ride, holdings: [Holding]) -> (Int64, RuleName) {
    guard var category = categoryIndex(ride) else {
      step(.unknown, .missing(.category))
      return (unknownMinor, .none)
    }
    if tariff.tables.categories[category].proofTag != 0,
      !holdsProof(tariff.tables.categories[category].proofTag, ride, holdings)
    {
      category = Int(tariff.tables.categories[category].withoutProof)
    }
    take(category, for: &ride)
    // Asked first: the price of a ride without a tap off may give it an end.
    let full = category == 0 ? unknownMinor : fullPrice(&ride)
    let found: (minor: Int64, rule: RuleName)
    if ride.status == .incomplete {
      found = incompletePrice(&ride)
    } else {
      if ride.isCompletedByHabit { step(.completedByHabit, .none) }
      found = priceByRule(ride, category)
    }
    if found.minor != unknownMinor, found.minor < full { ride.reductionMinor = full - found.minor }
    return found
  }

  /// The price that the first rule that fits has for the category of a ride.
  private mutating func priceByRule(_ ride: borrowing Ride, _ category: Int) -> (Int64, RuleName) {
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

  /// What a ride of another category would cost a rider of the first one, who has no proof of any;
  /// not known where that one has no price.
  private mutating func fullPrice(_ ride: inout Ride) -> Int64 {
    let own = ride.category
    let steps = trace.count
    ride.category = tariff.pricedCategories[0]
    let minor: Int64
    if ride.status == .incomplete {
      var other = copy ride
      minor = incompletePrice(&other).0
    } else {
      minor = priceByRule(ride, 0).0
    }
    ride.category = own
    trace.removeSubrange(steps...)
    return minor
  }

  /// Notes how many people pay less because of the rider's category, and how much less in all.
  ///
  /// Companions do where they pay as the rider does, or by the rider's category.
  mutating func noteReduction(
    _ ride: borrowing Ride, isRiders: Bool, nominal: Int64, companion each: Int64
  ) {
    guard ride.reductionMinor > 0, let category = categoryIndex(ride) else { return }
    var people: Int64 = isRiders ? 1 : 0
    var minor = isRiders ? ride.reductionMinor : 0
    let named = tariff.tables.companionCategory
    if ride.on.riders > 1, named < 0 || named == Int32(category) {
      let others = Int64(ride.on.riders - 1)
      let less = nominal + ride.reductionMinor - each
      if less > 0 {
        people += others
        minor += others * less
      }
    }
    guard people > 0 else { return }
    step(.reducedCategory, .category(Int32(category)), minor: minor, number: people)
  }

  /// Lets a category be priced as itself or as the one that it names.
  func take(_ category: Int, for ride: inout Ride) {
    if tariff.tables.categories[category].pricedAs >= 0 || category != knownCategory(ride) {
      ride.category = tariff.pricedCategories[category]
    }
  }

  private func knownCategory(_ ride: borrowing Ride) -> Int {
    let id = Int(ride.on.category.id)
    return id >= 0 && id < tariff.tables.categoryByID.count
      ? Int(tariff.tables.categoryByID[id]) : -1
  }

  private func holdsProof(_ proof: UInt32, _ ride: borrowing Ride, _ holdings: [Holding]) -> Bool {
    guard let rule = tariff.tables.products.firstIndex(where: { $0.tag == proof }) else {
      return false
    }
    for holding in holdings where holding.tag == proof {
      if isValid(holding, rule, ride) { return true }
    }
    return false
  }

  private mutating func incompletePrice(_ ride: inout Ride) -> (Int64, RuleName) {
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
    if tariff.tables.tapping.incomplete == .endOfLine, let found = priceToTheEnd(&ride) {
      step(.incomplete, found.rule, minor: found.minor)
      return (found.minor, found.rule)
    }
    // Where the line is not known, the dearest price from there is the way out.
    if tariff.tables.tapping.incomplete == .dearest
      || tariff.tables.tapping.incomplete == .endOfLine
    {
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

  /// The price to the last stop of the line, in the dearer direction; nil when it is not known.
  private func priceToTheEnd(_ ride: inout Ride) -> (minor: Int64, rule: RuleName)? {
    var best: (ride: Ride, minor: Int64, rule: RuleName)?
    for end in tariff.endsOfLine(ride) {
      guard let index = tariff.tables.fares.firstIndex(where: { $0.condition.holds(end) }) else {
        continue
      }
      let minor = tariff.price(tariff.tables.fares[index].node, end)
      guard minor != unknownMinor, minor > best?.minor ?? unknownMinor else { continue }
      best = (end, minor, .fare(Int32(index)))
    }
    guard let best else { return nil }
    ride = best.ride
    return (best.minor, best.rule)
  }

  /// What a further person on the tap pays.
  func companionPrice(_ ride: borrowing Ride, own: Int64) -> Int64 {
    guard tariff.tables.companionCategory >= 0 else { return own }
    var other = copy ride
    let name = tariff.tables.categories[Int(tariff.tables.companionCategory)].name
    other.category = tariff.tables.symbols.look(.category, name)
    for rule in tariff.tables.fares where rule.condition.holds(other) {
      let minor = tariff.price(rule.node, other)
      return minor == unknownMinor ? own : minor
    }
    return own
  }

  /// Adds the fees that the ride meets, those that caps hold or those that they do not.
  mutating func withSurcharges(_ ride: borrowing Ride, _ charge: Int64, countingToCaps: Bool)
    -> Int64
  {
    var sum = charge
    for index in tariff.tables.surcharges.indices
    where tariff.tables.surcharges[index].countsToCaps == countingToCaps {
      guard tariff.tables.surcharges[index].condition.holds(ride) else { continue }
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
}
