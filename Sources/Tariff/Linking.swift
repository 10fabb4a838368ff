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
        let tag = tariff.tables.transfers[index].tag
        state.windows.removeAll { $0.tag == tag }
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
    guard let place = state.windows.firstIndex(where: { $0.tag == tag }) else {
      state.windows.append(opened(ride, index, price: price))
      return price
    }
    let window = state.windows[place]
    let name = RuleName.transfer(Int32(index))
    guard mayUse(window, ride, index) else {
      step(.transferFree, name, number: minutesLate(window, ride, index), isApplied: false)
      state.windows[place] = opened(ride, index, price: price)
      return price
    }
    let service = ride.service < 0 ? 0 : tariff.tables.services[Int(ride.service)].tag
    let charge =
      tariff.tables.transfers[index].pairs.isEmpty
      ? tariff.tables.transfers[index].charge
      : tariff.tables.transfers[index].pairs[
        UInt64(window.lastService) << 32 | UInt64(service)] ?? tariff.tables.transfers[index].charge
    switch charge {
    // A supplement that is not said for the ride is no transfer for it, and not one for nothing.
    case .supplement(let node) where tariff.price(node, ride) == unknownMinor: fallthrough
    case .new:
      step(.transferFree, name, isApplied: false)
      state.windows[place] = opened(ride, index, price: price)
      return price
    case .beside:
      step(.transferBeside, name)
      return price
    default: break
    }
    let due = amount(charge, price: price, window: window, ride: ride, name: name)
    // A ride without a fare takes no part.
    guard due != unknownMinor else { return unknownMinor }
    state.windows[place].creditMinor += due
    continueWindow(&state.windows[place], ride, index, price: price, due: due, service: service)
    return due
  }

  private func continueWindow(
    _ window: inout TransferWindow, _ ride: borrowing Ride, _ index: Int, price: Int64, due: Int64,
    service: UInt32
  ) {
    if window.count < .max { window.count += 1 }
    window.lastPriceMinor = price
    window.lastService = service
    window.lastRoute = ride.on.route.hash
    window.lastStop = ride.lastStop
    window.lastDirection = ride.on.direction
    let extends = tariff.tables.transfers[index].extends
    if extends == .always || (extends == .whenPaid && due > 0) {
      window.startedAt = ride.moment(tariff.tables.transfers[index].window.from)
    }
  }

  private mutating func opened(_ ride: borrowing Ride, _ index: Int, price: Int64) -> TransferWindow
  {
    let service = ride.service < 0 ? 0 : tariff.tables.services[Int(ride.service)].tag
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
    guard link.isFollowed(from: window.startedAt, to: useMoment(ride, index)) else { return false }
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
      window.lastStop == ride.on.stop.hash
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
    let moment = useMoment(ride, index)
    guard !link.contains(from: window.startedAt, to: moment) else { return unknownMinor }
    let late = moment - window.startedAt - link.microseconds
    return max(1, (late + 59_999_999) / 60_000_000)
  }

  /// What the ride pays on the transfer; unknown where that is larger than any price.
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
      let due = tariff.price(node, ride)
      step(.transferSupplement, name, minor: due)
      return due
    case .discount(let node):
      let off = min(price, max(0, tariff.price(node, ride)))
      step(.transferDiscount, name, minor: off)
      return price - off
    case .share(let share):
      let part = share.of(price)
      guard part != unknownMinor else { return unknownMinor }
      let due = min(price, part)
      step(.transferDiscount, name, minor: price - due)
      return due
    }
  }
}
