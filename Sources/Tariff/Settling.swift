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

  /// Finds the category that counts for a ride: the tap's own, or the one without its proof.
  func takeCategory(for ride: inout Ride, holdings: [Holding]) {
    guard var category = categoryIndex(ride) else { return }
    let proof = tariff.tables.categories[category].proofTag
    if proof != 0, !holdsProof(proof, ride, holdings) {
      category = Int(tariff.tables.categories[category].withoutProof)
    }
    take(category, for: &ride)
  }

  /// What the ride costs by itself, and the rule that says so.
  mutating func nominalPrice(_ ride: inout Ride) -> (Int64, RuleName) {
    guard ride.categoryRule >= 0 else {
      step(.unknown, .missing(.category))
      return (unknownMinor, .none)
    }
    // Asked first: the price of a ride without a tap off may give it an end.
    let full = ride.categoryRule == 0 ? unknownMinor : fullPrice(ride)
    let found: (minor: Int64, rule: RuleName)
    if ride.status == .incomplete {
      found = incompletePrice(&ride)
    } else {
      if ride.isCompletedByHabit { step(.completedByHabit, .none) }
      found = priceByRule(ride)
    }
    if found.minor != unknownMinor, found.minor < full {
      ride.reductionMinor = full - found.minor
      ride.fullMinor = full
    }
    return found
  }

  /// The price that the first rule that fits has for the category of a ride.
  private mutating func priceByRule(_ ride: borrowing Ride) -> (Int64, RuleName) {
    for index in tariff.tables.fares.indices
    where tariff.tables.fares[index].condition.holds(ride) {
      let minor = ownShare(of: tariff.price(tariff.tables.fares[index].node, ride), ride)
      guard minor != unknownMinor else {
        step(.unknown, .missing(.price))
        return (unknownMinor, .fare(Int32(index)))
      }
      step(.price, .fare(Int32(index)), minor: minor)
      return (minor, .fare(Int32(index)))
    }
    step(.unknown, .missing(.service))
    return (unknownMinor, .none)
  }

  /// What a ride of another category would cost a rider of the first one, who has no proof of any;
  /// not known where that one has no price.
  private mutating func fullPrice(_ ride: borrowing Ride) -> Int64 {
    price(of: ride, in: 0)
  }

  /// What a ride would cost by itself in another category, without a word in its reason.
  private mutating func price(of ride: borrowing Ride, in category: Int) -> Int64 {
    var other = copy ride
    take(category, for: &other)
    let steps = trace.count
    let minor: Int64
    if other.status == .incomplete {
      minor = incompletePrice(&other).0
    } else {
      minor = tariff.tables.tickets.isEmpty ? priceByRule(other).0 : singlePrice(other)
    }
    trace.removeSubrange(steps...)
    return minor
  }

  /// What a category pays of a price: its share, rounded once.
  func ownShare(of minor: Int64, _ ride: borrowing Ride) -> Int64 {
    guard minor != unknownMinor, ride.categoryRule >= 0,
      let share = tariff.tables.categories[Int(ride.categoryRule)].share
    else { return minor }
    return share.of(minor)
  }

  /// Notes how many people pay less because of the rider's category, and how much less in all.
  ///
  /// Companions do where they pay as the rider does, or by the rider's category.
  mutating func noteReduction(
    _ ride: borrowing Ride, isRiders: Bool, companion each: Int64
  ) {
    guard ride.categoryRule >= 0 else { return }
    let category = ride.categoryRule
    var people: Int64 = 0
    var minor: Int64 = 0
    if isRiders, ride.reductionMinor > 0 {
      people = 1
      minor = ride.reductionMinor
    }
    let named = tariff.tables.companionCategory
    // An unknown full price is below every price.
    if ride.on.riders > 1, named < 0 || named == category, ride.fullMinor > each {
      let others = Int64(ride.on.riders - 1)
      people += others
      minor += others * (ride.fullMinor - each)
    }
    guard people > 0 else { return }
    step(.reducedCategory, .category(category), minor: minor, number: people)
  }

  /// Makes a category the one that counts for a ride, with the one that it is priced as.
  func take(_ category: Int, for ride: inout Ride) {
    ride.categoryRule = Int32(category)
    ride.category = tariff.ownCategories[category]
    ride.pricedCategory = tariff.pricedCategories[category]
  }

  /// Place in the tariff of the category that the tap names; -1 when there is none of the name.
  func knownCategory(_ ride: borrowing Ride) -> Int {
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
      let minor = ownShare(of: tariff.price(waiver.node, ride), ride)
      step(.waived, .waiver(Int32(index)), minor: minor)
      return (minor, .waiver(Int32(index)))
    }
    if case .node(let node) = tariff.tables.tapping.incomplete {
      let minor = ownShare(of: tariff.price(node, ride), ride)
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
      if let found = dearestFare(ride) {
        step(.incomplete, found.rule, minor: found.minor)
        return (found.minor, found.rule)
      }
      let ticket = dearestTicket(ride)
      if ticket != unknownMinor {
        step(.incomplete, .none, minor: ticket)
        return (ticket, .none)
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
      let minor = ownShare(of: tariff.price(tariff.tables.fares[index].node, end), end)
      guard minor != unknownMinor, minor > best?.minor ?? unknownMinor else { continue }
      best = (end, minor, .fare(Int32(index)))
    }
    guard let best else { return nil }
    ride = best.ride
    return (best.minor, best.rule)
  }

  /// What a further person on the tap pays.
  mutating func companionPrice(_ ride: borrowing Ride, own: Int64) -> Int64 {
    guard tariff.tables.companionCategory >= 0 else { return own }
    let minor = price(of: ride, in: Int(tariff.tables.companionCategory))
    return minor == unknownMinor ? own : minor
  }

  /// Adds the fees that the ride meets, those that caps hold or those that they do not; unknown where the
  /// charge is, or the sum is larger than any price.
  mutating func withSurcharges(_ ride: borrowing Ride, _ charge: Int64, countingToCaps: Bool)
    -> Int64
  {
    guard charge != unknownMinor else { return unknownMinor }
    var sum = charge
    for index in tariff.tables.surcharges.indices
    where tariff.tables.surcharges[index].countsToCaps == countingToCaps {
      guard tariff.tables.surcharges[index].condition.holds(ride) else { continue }
      let minor = tariff.price(tariff.tables.surcharges[index].node, ride)
      guard minor != unknownMinor, minor != 0 else { continue }
      step(.surcharge, .surcharge(Int32(index)), minor: minor)
      sum = priceOrUnknown(sum + minor)
      guard sum != unknownMinor else { return unknownMinor }
    }
    return sum
  }

  /// The fees that caps hold, without a word in the reason; unknown where they are larger than any price.
  mutating func feesInsideCaps(_ ride: borrowing Ride) -> Int64 {
    let steps = trace.count
    let fees = withSurcharges(ride, 0, countingToCaps: true)
    trace.removeSubrange(steps...)
    return fees
  }

  /// Notes the fees that a product takes over where it has nothing else to pay: its use is the last step.
  mutating func noteFees(_ minor: Int64) {
    if minor > 0 { trace[trace.count - 1].minor = minor }
  }

  /// Takes the charge from stored value; what is missing is topped up, perhaps at a fee.
  ///
  /// A rider without stored value pays the charge alone: there is nothing to top up. Where the fee makes it
  /// larger than any price, what is charged is unknown and nothing is taken.
  mutating func paidFromBalance(_ charge: Int64, state: inout RiderState) -> Int64 {
    guard let rule = tariff.tables.storedValue, let balance = state.balanceMinor else {
      return charge
    }
    guard charge > balance else {
      state.balanceMinor = balance - charge
      return charge
    }
    let fee = rule.topUpFee.map { $0.of(charge - balance) } ?? 0
    guard fee != unknownMinor, priceOrUnknown(charge + fee) != unknownMinor else {
      return unknownMinor
    }
    state.balanceMinor = 0
    if fee != 0 { step(.topUpFee, .none, minor: fee) }
    return charge + fee
  }
}
