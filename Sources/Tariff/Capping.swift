import Basics
import Transit

extension FareMeter {
  /// Holds a charge under all caps that the ride counts to, and counts it; one that is not known counts to none.
  mutating func capped(_ ride: borrowing Ride, _ charge: Int64, state: inout RiderState) -> Int64 {
    guard !tariff.tables.caps.isEmpty, charge != unknownMinor else { return charge }
    var due = charge
    for index in tariff.tables.caps.indices where tariff.tables.caps[index].condition.holds(ride) {
      // A cap that is bought with a product holds for those who have it.
      guard let start = startOfPeriod(index, ride, holdings: state.holdings) else { continue }
      let place = running(index, ride, start: start, state: &state)
      lift(&state.caps[place], index, ride)
      let room = room(state.caps[place], index, ride)
      guard room < due else { continue }
      if tariff.tables.caps[index].chargesLastWhole, room > 0 { continue }
      step(.cap, .cap(Int32(index)), minor: due - room)
      due = room
    }
    for index in tariff.tables.caps.indices where tariff.tables.caps[index].condition.holds(ride) {
      let tag = tariff.tables.caps[index].tag
      guard startOfPeriod(index, ride, holdings: state.holdings) != nil,
        let place = state.caps.firstIndex(where: { $0.tag == tag })
      else { continue }
      state.caps[place].spentMinor += due
      if due > 0 { state.caps[place].rides += 1 }
    }
    return due
  }

  /// Place of the count of a cap's running period, which begins anew when the old one is over.
  private func running(
    _ index: Int, _ ride: borrowing Ride, start: Int64, state: inout RiderState
  ) -> Int {
    let tag = tariff.tables.caps[index].tag
    let period = tariff.tables.caps[index].period
    if let place = state.caps.firstIndex(where: { $0.tag == tag }) {
      let isSame =
        if case .product = period { state.caps[place].start == start } else {
          isRunning(state.caps[place].start, period, ride)
        }
      if isSame { return place }
      state.caps[place] = CapCount(tag: tag, start: start, spentMinor: 0, rides: 0, level: -1)
      return place
    }
    state.caps.append(CapCount(tag: tag, start: start, spentMinor: 0, rides: 0, level: -1))
    return state.caps.count - 1
  }

  /// What the start of a period that begins with this ride is; nil when the product of the cap is
  /// not in the rider's hands.
  private func startOfPeriod(_ index: Int, _ ride: borrowing Ride, holdings: [Holding]) -> Int64? {
    let period = tariff.tables.caps[index].period
    guard case .product(let tag) = period else {
      let start = firstStart(period, ride)
      return tariff.tables.moneyDays?.clipped(start, period) ?? start
    }
    guard let rule = tariff.tables.products.firstIndex(where: { $0.tag == tag }) else { return nil }
    // Of two the one bought first, so that what was paid under it still counts.
    var first: Int64?
    for holding in holdings where holding.tag == tag {
      if isValid(holding, rule, ride) { first = min(first ?? .max, holding.boughtAt) }
    }
    return first.map { tariff.tables.moneyDays?.clipped($0, period) ?? $0 }
  }

  /// Whether a ride lies in the period that began at a start.
  func isRunning(_ start: Int64, _ period: CapPeriod, _ ride: borrowing Ride) -> Bool {
    // A new version may count in other units. That of a product begins with a purchase only for caps, which
    // ask for it themselves: here it is a fare day.
    let isMoment = if case .rollingTime = period { true } else { false }
    guard isMoment == CapPeriod.isMoment(start) else { return false }
    return switch period {
    case .rollingDays(let count): Int64(ride.day) < start + Int64(count)
    case .rollingTime(let length): ride.on.at < start + length
    case .rollingMonths(let count): ride.day < Day(number: Int(start)).adding(months: count).number
    // A ride that was open for long may begin before the running period: it counts to that one,
    // for what its own period had paid is not known any more.
    default: start >= periodStart(period, day: ride.day)
    }
  }

  /// What the start of a period that begins with this ride is.
  func firstStart(_ period: CapPeriod, _ ride: borrowing Ride) -> Int64 {
    if case .rollingTime = period { return ride.on.at }
    return periodStart(period, day: ride.day)
  }

  /// The first fare day of the period that a fare day lies in.
  func periodStart(_ period: CapPeriod, day: Int) -> Int64 {
    switch period {
    case .day, .rollingDays, .rollingTime, .rollingMonths, .product: return Int64(day)
    case .week:
      let passed = (Day(number: day).weekday.rawValue - tariff.tables.weekStart + 7) % 7
      return Int64(day - passed)
    case .month: return Int64(day - (Day(number: day).civil.day - 1))
    case .year:
      let year = Day(number: day).civil.year
      return Int64(Day(year: year, month: 1, day: 1)?.number ?? day)
    }
  }

  /// Raises a cap to the level of the ride, never down.
  private func lift(_ count: inout CapCount, _ index: Int, _ ride: borrowing Ride) {
    // Rides without a zone, such as buses, leave no set.
    if ride.on.zone.hash != 0 {
      for (bit, set) in tariff.tables.caps[index].zoneSets.enumerated() {
        if ride.zonesOfAll & set.mask == 0 { count.setsLeft |= 1 << UInt64(bit) }
      }
    }
    // The lowest level that the ride fits into is its height.
    for level in tariff.tables.caps[index].levels.indices {
      guard tariff.tables.caps[index].levels[level].condition.holds(ride) else { continue }
      count.level = max(count.level, Int16(clamping: level))
      break
    }
  }

  /// What may still be charged in a cap's period.
  private func room(_ count: CapCount, _ index: Int, _ ride: borrowing Ride) -> Int64 {
    let ridesMax = tariff.tables.caps[index].ridesMax
    if ridesMax > 0, Int(count.rides) >= ridesMax { return 0 }
    var node = tariff.tables.caps[index].amount
    if count.level >= 0, Int(count.level) < tariff.tables.caps[index].levels.count {
      node = tariff.tables.caps[index].levels[Int(count.level)].node
    }
    let sets = tariff.tables.caps[index].zoneSets
    for (bit, set) in sets.enumerated() where count.setsLeft & (1 << UInt64(bit)) == 0 {
      node = set.node
      break
    }
    let limit = tariff.price(node, ride)
    return limit == unknownMinor ? Int64.max : max(0, limit - count.spentMinor)
  }

  /// The discount of repeated riding; unknown where the price is, or what comes of it is larger than any.
  mutating func repeated(_ ride: borrowing Ride, price: Int64, state: inout RiderState) -> Int64 {
    guard price != unknownMinor else { return unknownMinor }
    var due = price
    for index in tariff.tables.repeats.indices
    where tariff.tables.repeats[index].condition.holds(ride) {
      let tag = tariff.tables.repeats[index].tag
      let period = tariff.tables.repeats[index].period
      var start: Int64 = 0
      if let period { start = firstStart(period, ride) }
      var place = state.counts.firstIndex { $0.tag == tag } ?? -1
      if place < 0 {
        state.counts.append(RideCount(tag: tag, start: start, rides: 0))
        place = state.counts.count - 1
      } else if let period, !isRunning(state.counts[place].start, period, ride) {
        state.counts[place] = RideCount(tag: tag, start: start, rides: 0)
      }
      state.counts[place].rides += 1
      let number = Int(state.counts[place].rides)
      let every = tariff.tables.repeats[index].every
      guard every > 0 ? number % every == 0 : number > tariff.tables.repeats[index].after else {
        continue
      }
      let cheaper = tariff.tables.repeats[index].share.of(due)
      guard cheaper != unknownMinor else { return unknownMinor }
      step(.discount, .repetition(Int32(index)), minor: due - cheaper, number: Int64(number))
      due = cheaper
    }
    return due
  }
}
