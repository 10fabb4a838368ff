import Basics
import Transit

extension FareMeter {
  /// What a ride pays after the rides before it: chains first, then transfers.
  mutating func linked(_ ride: borrowing Ride, price: Int64, state: inout RiderState) -> Int64 {
    for index in tariff.tables.chains.indices
    where tariff.tables.chains[index].condition.holds(ride) {
      return chained(ride, index, price: price, state: &state)
    }
    var taking = -1
    for index in tariff.tables.transfers.indices {
      if let breaks = tariff.tables.transfers[index].breaks, breaks.holds(ride) {
        end(index, by: ride, state: &state)
      } else if taking < 0, tariff.tables.transfers[index].condition.holds(ride) {
        taking = index
      }
    }
    guard taking >= 0, price > 0 else { return price }
    return transferred(ride, taking, price: price, state: &state)
  }

  /// The moment at which a ride is held against the end of a window.
  private func useMoment(_ ride: borrowing Ride, _ index: Int) -> Int64 {
    if let exit = tariff.tables.transfers[index].paysOnExit, exit.holds(ride) {
      return ride.moment(.arrival)
    }
    return ride.moment(tariff.tables.transfers[index].window.to)
  }

  private mutating func transferred(
    _ ride: borrowing Ride, _ index: Int, price: Int64, state: inout RiderState
  ) -> Int64 {
    let tag = tariff.tables.transfers[index].tag
    let place = state.windows.firstIndex { $0.tag == tag }
    if ride.wasOpen {
      let kept = state.replaced(at: ride.on.at)
      let found = kept?.found.first { $0.window.tag == tag }
      var later = kept?.later.first { $0.window.tag == tag }
      if later == nil { later = running(place, ride, state) }
      if found != nil || later != nil {
        return transferredLate(
          ride, index, price: price, found: found, later: later, state: &state)
      }
    }
    let at = ride.on.at
    guard let place else {
      state.addWindow(opened(ride, index, price: price), ride: at)
      return price
    }
    var window = state.windows[place]
    let isUsed = mayUse(window, ride, index)
    if !isUsed { noteMissed(window, ride, index) }
    guard isUsed, let due = goOn(&window, ride, index, price: price) else {
      let window = opened(ride, index, price: price)
      state.replaceWindow(at: place, by: window, ride: at, goesOn: false)
      return price
    }
    state.replaceWindow(at: place, by: window, ride: at, goesOn: true)
    return due
  }

  /// The running window as one that began after a ride that was open, where nothing was kept for the ride.
  private func running(
    _ place: Int?, _ ride: borrowing Ride, _ state: RiderState
  ) -> LaterWindow? {
    guard let place, began(state.windows[place], after: ride) else { return nil }
    let window = state.windows[place]
    return LaterWindow(
      window: window, firstAt: window.startedAt, lastAt: window.startedAt,
      firstPaidMinor: window.lastPriceMinor, paidMinor: window.creditMinor)
  }

  /// What a ride pays that was open while others ended or replaced the transfer that it found, or while a
  /// transfer began that was not there at its boarding.
  ///
  /// It uses the one that it found. Otherwise it would have begun one itself: then it shares the first one
  /// that began after it, where that one's first ride would have been in time. It ends none.
  private mutating func transferredLate(
    _ ride: borrowing Ride, _ index: Int, price: Int64, found: FoundWindow?, later: LaterWindow?,
    state: inout RiderState
  ) -> Int64 {
    let tag = tariff.tables.transfers[index].tag
    let place = state.windows.firstIndex { $0.tag == tag }
    if let found {
      var window = found.window
      let isUsed = mayUse(window, ride, index)
      if !isUsed { noteMissed(window, ride, index) }
      if isUsed, let due = goOn(&window, ride, index, price: price) {
        if found.goesOn, let place {
          state.windows[place].creditMinor = window.creditMinor
          state.windows[place].count = window.count
        }
        return due
      }
    }
    if let later, let due = goOnBefore(later, ride, index, price: price) {
      if later.isRunning, let place {
        // It is the first of these rides: what the window knows of the last one stays.
        state.windows[place].creditMinor += due
        state.windows[place].count += 1
        if tariff.tables.transfers[index].extends == .never {
          state.windows[place].startedAt = ride.moment(tariff.tables.transfers[index].window.from)
        }
      }
      return due
    }
    // The reason says that a transfer began, as it does of a ride in its turn.
    _ = opened(ride, index, price: price)
    return price
  }

  /// What a ride that was open pays before a transfer that began after it; nil where the first ride of that
  /// one would not have been on the ride's own.
  private mutating func goOnBefore(
    _ later: LaterWindow, _ ride: borrowing Ride, _ index: Int, price: Int64
  ) -> Int64? {
    let link = tariff.tables.transfers[index].window
    guard link.contains(from: ride.moment(link.from), to: later.window.startedAt),
      fits(later.window, ride, index, meetingAt: ride.lastStop)
    else { return nil }
    let name = RuleName.transfer(Int32(index))
    switch charge(index, from: service(of: ride), to: later.window.lastService) {
    case .new:
      step(.transferFree, name, isApplied: false)
      return nil
    case .beside:
      step(.transferBeside, name)
      return price
    case let charge:
      return amountBefore(charge, price: price, later: later, ride: ride, name: name)
    }
  }

  /// Whether a transfer began after a ride that was open.
  private func began(_ window: TransferWindow, after ride: borrowing Ride) -> Bool {
    guard ride.wasOpen else { return false }
    return window.startedAt > ride.on.at
  }

  /// Ends a running transfer, unless it began after the ride.
  private func end(_ index: Int, by ride: borrowing Ride, state: inout RiderState) {
    let tag = tariff.tables.transfers[index].tag
    guard let place = state.windows.firstIndex(where: { $0.tag == tag }),
      !began(state.windows[place], after: ride)
    else { return }
    state.removeWindow(at: place, by: ride.on.at)
  }

  /// What a ride pays on a transfer that it may use; nil where it has to begin a new one.
  private mutating func goOn(
    _ window: inout TransferWindow, _ ride: borrowing Ride, _ index: Int, price: Int64
  ) -> Int64? {
    let name = RuleName.transfer(Int32(index))
    let service = service(of: ride)
    let charge = charge(index, from: window.lastService, to: service)
    switch charge {
    case .new:
      step(.transferFree, name, isApplied: false)
      return nil
    case .beside:
      step(.transferBeside, name)
      return price
    default: break
    }
    let due = amount(charge, price: price, window: window, ride: ride, name: name)
    window.creditMinor += due
    continueWindow(&window, ride, index, price: price, due: due, service: service)
    return due
  }

  private func service(of ride: borrowing Ride) -> UInt32 {
    ride.service < 0 ? 0 : tariff.tables.services[Int(ride.service)].tag
  }

  /// What a ride of one service pays on a transfer after one of another.
  private func charge(_ index: Int, from before: UInt32, to after: UInt32) -> TransferCharge {
    let pairs = tariff.tables.transfers[index].pairs
    let charge = tariff.tables.transfers[index].charge
    return pairs.isEmpty ? charge : pairs[UInt64(before) << 32 | UInt64(after)] ?? charge
  }

  private mutating func noteMissed(
    _ window: TransferWindow, _ ride: borrowing Ride, _ index: Int
  ) {
    step(
      .transferFree, .transfer(Int32(index)), number: minutesLate(window, ride, index),
      isApplied: false)
  }

  private func continueWindow(
    _ window: inout TransferWindow, _ ride: borrowing Ride, _ index: Int, price: Int64, due: Int64,
    service: UInt32
  ) {
    window.count += 1
    let extends = tariff.tables.transfers[index].extends
    let from = ride.moment(tariff.tables.transfers[index].window.from)
    window.lastPriceMinor = price
    window.lastService = service
    window.lastRoute = ride.on.route.hash
    window.lastStop = ride.lastStop
    window.lastDirection = ride.on.direction
    if extends == .always || (extends == .whenPaid && due > 0) { window.startedAt = from }
  }

  private mutating func opened(_ ride: borrowing Ride, _ index: Int, price: Int64) -> TransferWindow
  {
    let service = service(of: ride)
    step(
      .transferOpens, .transfer(Int32(index)),
      number: tariff.tables.transfers[index].window.microseconds / 60_000_000)
    return TransferWindow(
      tag: tariff.tables.transfers[index].tag,
      startedAt: ride.moment(tariff.tables.transfers[index].window.from), creditMinor: price,
      lastPriceMinor: price, firstService: service, lastService: service,
      lastRoute: ride.on.route.hash,
      lastStop: ride.lastStop,
      lastDirection: ride.on.direction, count: 0)
  }

  private func mayUse(_ window: TransferWindow, _ ride: borrowing Ride, _ index: Int) -> Bool {
    let link = tariff.tables.transfers[index].window
    guard link.contains(from: window.startedAt, to: useMoment(ride, index)) else { return false }
    return fits(window, ride, index, meetingAt: ride.on.stop.hash)
  }

  /// Whether a window may be used apart from its time; `stop` is where the ride and the one next to it on
  /// the transfer meet.
  private func fits(
    _ window: TransferWindow, _ ride: borrowing Ride, _ index: Int, meetingAt stop: UInt32
  ) -> Bool {
    var most = tariff.tables.transfers[index].countMax
    if !tariff.tables.transfers[index].countByFirst.isEmpty {
      most = tariff.tables.transfers[index].countByFirst[window.firstService] ?? most
    }
    guard Int(window.count) < most else { return false }
    let route = ride.on.route.hash
    let isSameRoute = window.lastRoute != 0 && window.lastRoute == route
    if tariff.tables.transfers[index].refusesSameRoute, isSameRoute { return false }
    if tariff.tables.transfers[index].onlySameRoute, !isSameRoute { return false }
    if tariff.tables.transfers[index].refusesReturn, isSameRoute,
      window.lastDirection != ride.on.direction
    {
      return false
    }
    if tariff.tables.transfers[index].refusesSameStop, window.lastStop != 0,
      window.lastStop == stop
    {
      return false
    }
    guard tariff.tables.transfers[index].isSameDayOnly else { return true }
    return tariff.tables.clock.fareDay(of: Instant(microseconds: window.startedAt)).number
      == ride.day
  }

  /// Whole minutes by which a ride missed a window, rounded up; unknown when it was in time.
  private func minutesLate(_ window: TransferWindow, _ ride: borrowing Ride, _ index: Int) -> Int64
  {
    let link = tariff.tables.transfers[index].window
    let late = useMoment(ride, index) - window.startedAt - link.microseconds
    return late < 0 ? unknownMinor : max(1, (late + 59_999_999) / 60_000_000)
  }

  /// What a ride pays that began before all rides on a transfer.
  ///
  /// It is its price, less what the first of them paid more than it would have after this one: together they
  /// pay what they would have in their turns. What a product or a cap paid for those is no credit.
  private mutating func amountBefore(
    _ charge: TransferCharge, price: Int64, later: LaterWindow, ride: borrowing Ride,
    name: RuleName
  ) -> Int64 {
    let paid = later.window.lastPriceMinor
    var most = later.firstPaidMinor
    var credit: Int64 = 0
    switch charge {
    case .new, .beside: break
    case .difference: (credit, most) = (later.window.creditMinor, later.paidMinor)
    case .free, .differenceToLast: credit = paid
    case .supplement(let node): credit = paid - max(0, tariff.price(node, ride))
    case .discount(let node): credit = min(paid, max(0, tariff.price(node, ride)))
    case .share(let share): credit = paid - share.of(paid)
    }
    credit = max(0, min(credit, most, price))
    if case .free = charge, credit == price {
      step(.transferFree, name, minor: price)
    } else if credit > 0 {
      step(.transferDifference, name, minor: credit)
    }
    return price - credit
  }

  private mutating func amount(
    _ charge: TransferCharge, price: Int64, window: TransferWindow, ride: borrowing Ride,
    name: RuleName
  ) -> Int64 {
    switch charge {
    case .free:
      step(.transferFree, name, minor: price)
      return 0
    case .new, .beside: return price
    case .difference:
      step(.transferDifference, name, minor: min(price, window.creditMinor))
      return max(0, price - window.creditMinor)
    case .differenceToLast:
      step(.transferDifference, name, minor: min(price, window.lastPriceMinor))
      return max(0, price - window.lastPriceMinor)
    case .supplement(let node):
      let due = max(0, tariff.price(node, ride))
      step(.transferSupplement, name, minor: due)
      return due
    case .discount(let node):
      let off = min(price, max(0, tariff.price(node, ride)))
      step(.transferDiscount, name, minor: off)
      return price - off
    case .share(let share):
      let due = min(price, share.of(price))
      step(.transferDiscount, name, minor: price - due)
      return due
    }
  }
}
