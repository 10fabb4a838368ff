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
      var due = charge(tickets[place], place, run: run, dueBefore: dueBefore, state: &state)
      due += takeOver(tickets[place], from: place, run: run, dueBefore: dueBefore, state: &state)
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
    /// What is still to be paid for it after what was due before for its rides.
    var restMinor: Int64 = 0
    /// What the tickets cost of rides behind it that were on the one whose money it takes.
    var leftMinor: Int64 = 0
  }

  /// What was due for a ride's ticket and what its reason says that the category took off, for one
  /// person; -1 when no fare was known.
  struct TicketDue {
    var minor: Int64
    var reductionMinor: Int64 = 0

    static func += (due: inout TicketDue, other: TicketDue) {
      due.minor += other.minor
      due.reductionMinor += other.reductionMinor
    }
  }

  /// Tickets for the first rides of a run.
  private struct Cover {
    var unknown = 0
    var sum: Int64 = 0
    var tickets = 0
    /// Of equals the one that was tried first.
    var order = 0
    var last = ChosenTicket(rule: -1, rides: 0..<0, minor: unknownMinor)
    /// Whether tickets of today have taken what was due for the last one of before: rides behind it that
    /// were on that one need another one then.
    var isSpent = false
    /// The same of the cover that the last ticket was added to.
    var wasSpent = false
    var rank: (Int, Int64, Int) { (unknown, sum, tickets) }

    func adding(_ ticket: ChosenTicket, order: Int, _ dueBefore: [TicketDue?]) -> Cover {
      let before = dueBefore[ticket.rides].compactMap { $0?.minor }
      let credit = before.reduce(Int64(0)) { $0 + max(0, $1) }
      // Rides of before ride on what was due for them, unless that is spent.
      let isLeft = isSpent && before.first == 0
      let isPaid = before.count < ticket.rides.count || isLeft
      var next = self
      (next.order, next.last, next.wasSpent) = (order, ticket, isSpent)
      next.tickets += 1
      if ticket.rule < 0 {
        next.unknown += isPaid ? 1 : 0
      } else if isPaid {
        next.last.restMinor = max(0, ticket.minor - credit)
        next.sum += next.last.restMinor
      }
      if credit > 0 { next.isSpent = isPaid && ticket.rule >= 0 }
      return next
    }
  }

  /// Dynamic programme over the prefixes of the day's rides, among those of before and what was due for these.
  ///
  /// Of each prefix it keeps the best cover that has spent what was due for the last ticket of before, and
  /// the best one that has not.
  private func cheapestCover(_ run: [Ride], dueBefore: [TicketDue?]) -> [ChosenTicket] {
    var best = [[Cover()]]
    for end in run.indices {
      var tops: [Cover] = []
      for (number, ticket) in tickets(endingAt: end, in: run).enumerated() {
        for (place, before) in best[ticket.rides.lowerBound].enumerated() {
          let next = before.adding(ticket, order: 2 * number + place, dueBefore)
          if let own = tops.firstIndex(where: { $0.isSpent == next.isSpent }) {
            if next.rank < tops[own].rank { tops[own] = next }
          } else {
            tops.append(next)
          }
        }
      }
      best.append(
        tops.sorted {
          ($0.unknown, $0.sum, $0.tickets, $0.order) < ($1.unknown, $1.sum, $1.tickets, $1.order)
        })
    }
    var chosen: [ChosenTicket] = []
    var cover = best[run.count].first
    while let last = cover?.last, !last.rides.isEmpty {
      chosen.append(last)
      let isSpent = cover?.wasSpent
      cover = best[last.rides.lowerBound].first { $0.isSpent == isSpent }
    }
    return charged(chosen.reversed(), dueBefore)
  }

  /// All tickets that end with a ride; the first is none.
  private func tickets(endingAt end: Int, in run: [Ride]) -> [ChosenTicket] {
    var found = [ChosenTicket(rule: -1, rides: end..<(end + 1), minor: unknownMinor)]
    for rule in tariff.tables.tickets.indices {
      for start in starts(of: rule, endingAt: end, in: run) {
        let minor = ticketPrice(rule, start, end, run)
        guard minor != unknownMinor else { continue }
        found.append(ChosenTicket(rule: rule, rides: start..<(end + 1), minor: minor))
      }
    }
    return found
  }

  /// Tickets with what those of today pay: also what rides of before cost anew whose money they take.
  private func charged(_ chosen: [ChosenTicket], _ dueBefore: [TicketDue?]) -> [ChosenTicket] {
    var chosen = chosen
    var taker: Int?
    for index in chosen.indices {
      let due = dueBefore[chosen[index].rides]
      let isToday = due.contains { $0 == nil }
      if isToday, chosen[index].rule >= 0, due.contains(where: { ($0?.minor ?? 0) > 0 }) {
        taker = index
      } else if !isToday, let taker {
        chosen[taker].leftMinor += chosen[index].restMinor
      }
    }
    for index in chosen.indices where chosen[index].leftMinor > 0 {
      let due = dueBefore[chosen[index].rides].reduce(Int64(0)) { $0 + max(0, $1?.minor ?? 0) }
      let credit = max(0, due - chosen[index].leftMinor)
      chosen[index].restMinor = max(0, chosen[index].minor - credit)
    }
    return chosen
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
        window.contains(
          from: from, to: window.to == .arrival ? run[place].off.at : run[place].on.at)
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
    step(.ticket, name, minor: chosen.minor, number: Int64(chosen.rides.count))
    let due = chosen.restMinor
    if due < chosen.minor { step(.transferDifference, name, minor: chosen.minor - due) }
    if due > 0 {
      ride.reductionMinor = max(0, reduction(chosen, run) - told(of: chosen, dueBefore))
    }
    settle(ride, nominal: due, alone: alone, product: name, state: &state)
    let isTold = trace[traceStart...].contains { $0.code == .reducedCategory }
    // Nothing is due of whom a category lets ride free, so nothing of it is credited tomorrow.
    let isFree = tariff.tables.categories[Int(ride.categoryRule)].isFree
    return TicketDue(minor: isFree ? 0 : due, reductionMinor: isTold ? ride.reductionMinor : 0)
  }

  /// Takes what was due for rides of before over to the ride of today that began before all of them on their
  /// ticket: in its turn it would have paid, and one that stays open may not take that money again.
  private func takeOver(
    _ chosen: ChosenTicket, from place: Int, run: [Ride], dueBefore: [TicketDue?],
    state: inout RiderState
  ) -> TicketDue {
    var taken = TicketDue(minor: 0)
    guard place == chosen.rides.lowerBound, chosen.rule >= 0, chosen.leftMinor == 0 else {
      return taken
    }
    for other in chosen.rides {
      guard let due = dueBefore[other], due.minor > 0,
        let recent = state.recent.firstIndex(where: {
          $0.on.at.microseconds == run[other].on.at && $0.paidMinor == due.minor
        })
      else { continue }
      taken += due
      state.recent[recent].paidMinor = 0
      state.recent[recent].reductionMinor = 0
    }
    return taken
  }

  /// What the category took off of tickets of before, which is told and claimed already; not of the last
  /// one, where other rides are still on it.
  private func told(of chosen: ChosenTicket, _ dueBefore: [TicketDue?]) -> Int64 {
    var before = dueBefore[chosen.rides].compactMap { $0 }
    if chosen.leftMinor > 0, let last = before.lastIndex(where: { $0.minor > 0 }) {
      before.remove(at: last)
    }
    return before.reduce(Int64(0)) { $0 + $1.reductionMinor }
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
    guard held > 0 else { return (0, ticket) }
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
