import Basics
import Transit

extension FareMeter {
  /// Most rides of one day that tickets are chosen for together.
  static let coveredRidesMax = 200

  /// Chooses the tickets of a day: fewest rides without one, then the lowest sum, then fewest tickets.
  ///
  /// Second taps, cancelled rides and rides without a tap off take no ticket: they are rated as without
  /// tickets, each in its turn.
  mutating func rateByTickets(
    day: Int, opened: FareTap?, state: inout RiderState, source: [FareTap]
  ) {
    let earlier = recentRides(state)
    var secondTaps: Set<Int> = []
    for index in rides.indices {
      var ride = rides[index]
      takeCategory(for: &ride, holdings: state.holdings)
      classify(&ride)
      if isPassBack(ride, state: &state) { secondTaps.insert(index) }
      rides[index] = ride
    }
    let covered = rides.indices.filter { !secondTaps.contains($0) && takesTicket(rides[$0]) }
    // A ride that was open for long began before some of what has been rated since: the times of tickets
    // go by the order of boardings.
    let (run, dueBefore) = ordered(earlier, among: covered.map { rides[$0] })
    let tickets = cheapestCover(run, dueBefore: dueBefore).flatMap { chosen in
      chosen.rides.map { _ in chosen }
    }
    let places = run.indices.filter { dueBefore[$0] == nil }
    var kept: [(ride: Ride, due: TicketDue)] = []
    for index in rides.indices {
      guard kept.count < covered.count, covered[kept.count] == index else {
        rateByItself(rides[index], isSecondTap: secondTaps.contains(index), state: &state)
        continue
      }
      let place = places[kept.count]
      let due = charge(tickets[place], place, run: run, dueBefore: dueBefore, state: &state)
      kept.append((rides[index], due))
    }
    remember(kept, day: day, opened: opened, state: &state, source: source)
  }

  /// Rides of before and of today, each in the order of boardings, in one order; with what was due before,
  /// which is nil for those of today.
  private func ordered(
    _ earlier: [(ride: Ride, due: TicketDue)], among today: [Ride]
  ) -> (run: [Ride], dueBefore: [TicketDue?]) {
    var run: [Ride] = []
    var dueBefore: [TicketDue?] = []
    var rest = today[...]
    for (ride, due) in earlier {
      while let next = rest.first, next.on.at < ride.on.at {
        run.append(next)
        dueBefore.append(nil)
        rest.removeFirst()
      }
      run.append(ride)
      dueBefore.append(due)
    }
    run += rest
    dueBefore += rest.map { _ in nil }
    return (run, dueBefore)
  }

  private func takesTicket(_ ride: borrowing Ride) -> Bool {
    guard ride.categoryRule >= 0 else { return false }
    switch ride.status {
    case .single, .complete: return true
    case .incomplete, .cancelled: return false
    }
  }

  /// One ticket and the rides it covers; rule -1 is "no ticket".
  struct ChosenTicket {
    var rule: Int
    var rides: Range<Int>
    var minor: Int64
  }

  /// What was due for a ride's ticket and what its reason says that the category took off, for one
  /// person; -1 when no fare was known.
  struct TicketDue {
    var minor: Int64
    var reductionMinor: Int64 = 0
  }

  /// Dynamic programme over the prefixes of the day's rides, among those of before and what was due for these.
  private func cheapestCover(_ run: [Ride], dueBefore: [TicketDue?]) -> [ChosenTicket] {
    struct Best {
      var unknown = 0
      var sum: Int64 = 0
      var tickets = 0
      var last = ChosenTicket(rule: -1, rides: 0..<0, minor: unknownMinor)
      var rank: (Int, Int64, Int) { (unknown, sum, tickets) }
    }
    var best = [Best()]
    for end in run.indices {
      var top = best[end]
      top.unknown += dueBefore[end] == nil ? 1 : 0
      top.tickets += 1
      top.last = ChosenTicket(rule: -1, rides: end..<(end + 1), minor: unknownMinor)
      for rule in tariff.tables.tickets.indices {
        for start in starts(of: rule, endingAt: end, in: run) {
          let minor = ticketPrice(rule, start, end, run)
          guard minor != unknownMinor else { continue }
          var other = best[start]
          other.sum += owed(minor, for: start..<(end + 1), dueBefore)
          other.tickets += 1
          other.last = ChosenTicket(rule: rule, rides: start..<(end + 1), minor: minor)
          if other.rank < top.rank { top = other }
        }
      }
      best.append(top)
    }
    var chosen: [ChosenTicket] = []
    var end = run.count
    while end > 0 {
      chosen.append(best[end].last)
      end = best[end].last.rides.lowerBound
    }
    return chosen.reversed()
  }

  /// What is still due today for a ticket at a price: nothing where all its rides are of before.
  private func owed(_ minor: Int64, for rides: Range<Int>, _ dueBefore: [TicketDue?]) -> Int64 {
    let before = dueBefore[rides].compactMap { $0 }
    if before.count == rides.count { return 0 }
    return max(0, minor - before.reduce(Int64(0)) { $0 + max(0, $1.minor) })
  }

  /// Where a ticket that ends with a ride may begin.
  private func starts(of rule: Int, endingAt end: Int, in run: [Ride]) -> [Int] {
    var found: [Int] = []
    var start = end
    let most = min(tariff.tables.tickets[rule].ridesMax, FareMeter.coveredRidesMax)
    while start >= 0, end - start < most {
      guard fits(run[start], rule) else { break }
      if start < end, !mayFollow(rule, run[start], run[start + 1]) { break }
      if tariff.tables.tickets[rule].firstCondition.holds(run[start]),
        isInTime(rule, start, end, run)
      {
        found.append(start)
      }
      start -= 1
    }
    return found
  }

  private func fits(_ ride: borrowing Ride, _ rule: Int) -> Bool {
    guard tariff.tables.tickets[rule].condition.holds(ride) else { return false }
    guard let zones = tariff.tables.tickets[rule].zoneMask else { return true }
    return ride.zonesOfAll & zones != 0
  }

  private func mayFollow(_ rule: Int, _ ride: Ride, _ next: Ride) -> Bool {
    func fits(_ step: TicketStep) -> Bool { step.from.holds(ride) && step.to.holds(next) }
    let isRefused = tariff.tables.tickets[rule].refuses.contains { step in
      fits(step) && (step.window?.contains(from: ride, to: next) ?? true)
    }
    if isRefused { return false }
    let follows = tariff.tables.tickets[rule].follows
    return follows.isEmpty || follows.contains(where: fits)
  }

  /// Whether a ticket's rides are within its times; one without a time ends with the fare day.
  ///
  /// A ride is of the fare day of its boarding, whenever it ended.
  private func isInTime(_ rule: Int, _ start: Int, _ end: Int, _ run: [Ride]) -> Bool {
    let follows = tariff.tables.tickets[rule].follows
    var isOverMidnight = (start...end).contains { run[$0].day != run[start].day }
    if let window = tariff.tables.tickets[rule].window {
      let from = window.from == .arrival ? run[start].off.at : run[start].on.at
      let isInWindow = (start...end).allSatisfy { place in
        let to = window.to == .arrival ? run[place].off.at : run[place].on.at
        // The first ride begins before it arrives.
        return place == start
          ? window.contains(from: from, to: to) : window.isFollowed(from: from, to: to)
      }
      guard isInWindow else { return false }
      isOverMidnight = false
    }
    guard end > start, !follows.isEmpty else { return !isOverMidnight }
    for place in (start + 1)...end {
      let needsTime = isOverMidnight && run[place].day != run[start].day
      let isAllowed = follows.contains { step in
        step.from.holds(run[place - 1]) && step.to.holds(run[place])
          && (step.window?.contains(from: run[start], to: run[place]) ?? !needsTime)
      }
      guard isAllowed else { return false }
    }
    return true
  }

  private func ticketPrice(
    _ rule: Int, _ start: Int, _ end: Int, _ run: [Ride], in category: Int? = nil
  ) -> Int64 {
    var whole = run[start]
    if let category { take(category, for: &whole) }
    whole.off = run[end].off
    whole.status = run[end].status
    whole.line = .unknown
    whole.takeZonesOfEnds()
    return ownShare(of: tariff.price(tariff.tables.tickets[rule].node, whole), whole)
  }

  /// Books a ride on its ticket: the first ride of today pays what is due, the others ride on it; gives
  /// back what was due for the ticket alone.
  private mutating func charge(
    _ chosen: ChosenTicket, _ place: Int, run: [Ride], dueBefore: [TicketDue?],
    state: inout RiderState
  ) -> TicketDue {
    traceStart = trace.count
    var ride = run[place]
    guard chosen.rule >= 0 else {
      step(.unknown, .missing(.ticket))
      finish(ride, nominal: unknownMinor, charged: unknownMinor, product: .none)
      return TicketDue(minor: -1)
    }
    let name = RuleName.ticket(Int32(chosen.rule))
    let single = singlePrice(ride)
    let alone = single == unknownMinor ? chosen.minor : single
    if ride.categoryRule != 0, ride.on.riders > 1 {
      var full = ride
      take(0, for: &full)
      ride.fullMinor = singlePrice(full)
    }
    guard place == chosen.rides.first(where: { dueBefore[$0] == nil }) else {
      step(.onTicket, name)
      let (due, carrier) = beside(ride, ticket: name, state: &state)
      charge(
        ride, due, nominal: alone, alone: alone, isReduced: false, carrier: carrier, state: &state)
      return TicketDue(minor: 0)
    }
    let before = dueBefore[chosen.rides].compactMap { $0 }
    step(.ticket, name, minor: chosen.minor, number: Int64(chosen.rides.count))
    let due = owed(chosen.minor, for: chosen.rides, dueBefore)
    if due < chosen.minor { step(.transferDifference, name, minor: chosen.minor - due) }
    // What the category took off of yesterday's ticket is told and claimed already.
    let told = before.reduce(Int64(0)) { $0 + $1.reductionMinor }
    if due > 0 { ride.reductionMinor = max(0, reduction(chosen, run) - told) }
    settle(ride, nominal: due, alone: alone, product: name, state: &state)
    let isTold = trace[traceStart...].contains { $0.code == .reducedCategory }
    // Nothing is due of whom a category lets ride free, so nothing of it is credited tomorrow.
    let isFree = tariff.tables.categories[Int(ride.categoryRule)].isFree
    return TicketDue(minor: isFree ? 0 : due, reductionMinor: isTold ? ride.reductionMinor : 0)
  }

  /// What a later ride of a ticket pays beside it: the fees that caps hold, unless its category or a product that
  /// pays whole rides lets it ride free.
  private mutating func beside(
    _ ride: borrowing Ride, ticket: RuleName, state: inout RiderState
  ) -> (due: Int64, carrier: RuleName) {
    if tariff.tables.categories[Int(ride.categoryRule)].isFree {
      step(.freeCategory, .category(ride.categoryRule), minor: 0)
      return (0, ticket)
    }
    let held = feesInsideCaps(ride)
    guard held != 0 else { return (0, ticket) }
    if let use = useProduct(ride, price: 0, paysAll: true, state: &state) {
      noteFees(held)
      return (0, .product(Int32(use.rule)))
    }
    let fees = withSurcharges(ride, 0, countingToCaps: true)
    return (capped(ride, fees, state: &state), ticket)
  }

  /// How much less than the full price a ticket costs because of the rider's category.
  private func reduction(_ chosen: ChosenTicket, _ run: [Ride]) -> Int64 {
    guard run[chosen.rides.lowerBound].categoryRule != 0 else { return 0 }
    let full = ticketPrice(
      chosen.rule, chosen.rides.lowerBound, chosen.rides.upperBound - 1, run,
      in: 0)
    return max(0, full == unknownMinor ? 0 : full - chosen.minor)
  }

  /// What a ride would cost on a ticket of its own; unknown when none takes it alone.
  func singlePrice(_ ride: borrowing Ride) -> Int64 {
    var least = Int64.max
    for rule in tariff.tables.tickets.indices where fits(ride, rule) {
      guard tariff.tables.tickets[rule].firstCondition.holds(ride) else { continue }
      let minor = ownShare(of: tariff.price(tariff.tables.tickets[rule].node, ride), ride)
      if minor != unknownMinor { least = min(least, minor) }
    }
    return least == Int64.max ? unknownMinor : least
  }

  /// The dearest ticket that a ride without a known end may begin; unknown when there is none.
  func dearestTicket(_ ride: borrowing Ride) -> Int64 {
    var most = unknownMinor
    for rule in tariff.tables.tickets.indices where fits(ride, rule) {
      guard tariff.tables.tickets[rule].firstCondition.holds(ride) else { continue }
      most = max(most, ownShare(of: tariff.dearest(tariff.tables.tickets[rule].node, ride), ride))
    }
    return most
  }

  /// Rides of yesterday that today's tickets may share.
  private mutating func recentRides(_ state: RiderState) -> [(ride: Ride, due: TicketDue)] {
    var rides: [(ride: Ride, due: TicketDue)] = []
    for recent in state.recent {
      let on = tariff.prepare(recent.on, index: RideOutcome.noTap)
      let off = recent.off.map { tariff.prepare($0, index: RideOutcome.noTap) }
      let day = tariff.tables.clock.fareDay(of: recent.on.at).number
      let status: RideStatus =
        recent.off == nil ? (recent.on.kind == .single ? .single : .incomplete) : .complete
      var ride = Ride(
        on: on, off: Alighting(off ?? on), status: status, day: day)
      // It was remembered with the category that counted: its proof may be over by now.
      if let category = categoryIndex(ride) { take(category, for: &ride) }
      classify(&ride)
      let due = TicketDue(minor: recent.paidMinor, reductionMinor: recent.reductionMinor)
      if takesTicket(ride) { rides.append((ride, due)) }
    }
    return rides
  }

  /// Keeps the rides that a ticket with a time limit may share with rides of the next day, each with
  /// what was due for its ticket: companions and fees are paid beside it.
  ///
  /// A ride that is still open may share those before it, without a time those of its own fare day, and
  /// the rest of a day that another version rates may share all of them.
  private mutating func remember(
    _ covered: [(ride: Ride, due: TicketDue)], day: Int, opened: FareTap?,
    state: inout RiderState, source: [FareTap]
  ) {
    let longest = tariff.tables.tickets.map(\.longestMicroseconds).max() ?? 0
    let last = min(end(of: day), state.boarding?.at.microseconds ?? .max)
    let from = keepsAll ? .min : last - longest
    let clock = tariff.tables.clock
    let openDay = state.boarding.map { clock.fareDay(of: $0.at) }
    // A time may run from the arrival, which is the later of the two.
    var kept = state.recent.filter {
      ($0.off ?? $0.on).at.microseconds >= from || clock.fareDay(of: $0.on.at) == openDay
    }
    for (ride, due) in covered
    where (ride.moment(.arrival) >= from && (keepsAll || longest > 0))
      || ride.day == openDay?.number
    {
      let index = Int(ride.on.index)
      guard var on = index < 0 ? opened : source.dropFirst(index).first else { continue }
      on.ref = RatedRide.carriedRef
      on.category = tariff.tables.categories[Int(ride.categoryRule)].name
      var off = ride.hasEnd && ride.off.index >= 0 ? source[Int(ride.off.index)] : nil
      if ride.isCompletedByHabit {
        // No tap of the day ended it, and without an end it would leave its ticket tomorrow.
        off = state.habits.first { $0.from == ride.on.stop.hash }?.off
        off?.at = on.at
      }
      off?.ref = RatedRide.carriedRef
      kept.append(
        RecentRide(
          on: on, off: off, paidMinor: due.minor, reductionMinor: due.reductionMinor))
    }
    state.recent = kept.sorted { $0.on.at < $1.on.at }
  }
}
