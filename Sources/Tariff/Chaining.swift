import Basics
import Transit

extension FareMeter {
  /// Prices a ride as a part of the chain that it continues, or as the beginning of one.
  mutating func chained(
    _ ride: borrowing Ride, _ index: Int, price: Int64, state: inout RiderState
  ) -> Int64 {
    let name = RuleName.chain(Int32(index))
    let joins = tariff.tables.chains[index].joinsSameServiceOnly
    let kind = Int(ride.service)
    let service = joins && kind >= 0 ? tariff.tables.services[kind].tag : 0
    // One that was open goes on with the chain that it found at its boarding, or begins the one after it.
    let kept = ride.wasOpen ? state.replaced(at: ride.on.at) : nil
    var before: ChainState?
    var isRunning = false
    var paidMinor: Int64?
    if let own = kept?.chain, isLinked(own, ride, index) {
      before = own
    } else if let later = kept?.laterChain {
      if isLinked(later.chain, ride, index) {
        (before, isRunning, paidMinor) = (later.chain, later.isRunning, later.paidMinor)
      }
    } else if let chain = state.chain, isLinked(chain, ride, index) {
      (before, isRunning) = (chain, true)
    }
    guard var chain = before, chain.service == service else {
      return startChain(
        ride, index, price: price, service: service, isChange: before != nil, state: &state)
    }
    // One that was open and began before all others pays its own price at least, as a first ride does, and
    // is credited what the others were charged, not what a product or a cap paid for them.
    let isFirst = ride.on.at < chain.firstStartedAt
    let paid = isFirst ? min(chain.paidMinor, paidMinor ?? chain.paidMinor) : chain.paidMinor
    chain.rides.insert(chainRide(ride), at: isFirst ? 0 : chain.rides.count)
    if chain.rides.count > FareMeter.chainRidesMax { chain.rides.remove(at: 1) }
    let whole = chainPrice(chain, ride, index)
    note(&chain, ride)
    guard whole != unknownMinor else {
      if isRunning { state.goOn(with: chain, ride: ride.on.at) }
      return price
    }
    let charge = max(0, max(whole - chain.discountMinor, isFirst ? price : 0) - paid)
    step(.chain, name, minor: paid, number: whole)
    chain.paidMinor = max(chain.paidMinor, paid + charge)
    if isRunning { state.goOn(with: chain, ride: ride.on.at) }
    return charge
  }

  /// Most rides of a chain that are remembered; the first always is.
  static let chainRidesMax = 24

  /// Begins a chain; that of rides which began after one that was open stays.
  private mutating func startChain(
    _ ride: borrowing Ride, _ index: Int, price: Int64, service: UInt32, isChange: Bool,
    state: inout RiderState
  ) -> Int64 {
    var discount: Int64 = 0
    if isChange, let node = tariff.tables.chains[index].changeDiscount {
      discount = max(0, tariff.price(node, ride))
      step(.transferDiscount, .chain(Int32(index)), minor: min(price, discount))
    }
    let charge = max(0, price - discount)
    var chain = ChainState(
      version: tariff.tables.versionTag, tag: tariff.tables.chains[index].tag, service: service,
      lastEndedAt: 0, lastStartedAt: 0, lastDay: 0, lastStop: 0, lastRoute: 0,
      firstStartedAt: ride.on.at, paidMinor: charge,
      discountMinor: discount, rides: [chainRide(ride)])
    note(&chain, ride)
    if let running = state.chain, isLater(running, than: ride) { return charge }
    state.replaceChain(by: chain)
    return charge
  }

  /// Whether rides that began after one that was open are in a chain.
  private func isLater(_ chain: ChainState, than ride: borrowing Ride) -> Bool {
    guard ride.wasOpen else { return false }
    return chain.lastStartedAt > ride.on.at
  }

  private func note(_ chain: inout ChainState, _ ride: borrowing Ride) {
    chain.firstStartedAt = min(chain.firstStartedAt, ride.on.at)
    guard ride.on.at >= chain.lastStartedAt else { return }
    chain.lastStartedAt = ride.on.at
    chain.lastEndedAt = ride.moment(.arrival)
    chain.lastDay = Int32(ride.day)
    chain.lastRoute = ride.on.route.hash
    chain.lastStop = ride.lastStop
  }

  private func chainRide(_ ride: borrowing Ride) -> ChainRide {
    ChainRide(
      times: ride.times, onStop: ride.on.stop.id, offStop: ride.hasEnd ? ride.off.stop.id : -1,
      onZone: ride.on.zone.id, offZone: ride.hasEnd ? ride.off.zone.id : -1,
      on: ride.on.coordinate, off: ride.hasEnd ? ride.off.coordinate : nil,
      distanceMetres: ride.hasEnd ? Int32(clamping: knownMetres(ride)) : -1)
  }

  /// Metres of a ride by the operator's table or along its line; -1 when neither is known.
  private func knownMetres(_ ride: borrowing Ride) -> Int {
    if ride.off.distanceMetres >= 0 || tariff.tables.distanceUse != .alongLine {
      return Int(ride.off.distanceMetres)
    }
    return Int(tariff.metresAlongLine(ride).rounded())
  }

  private func isLinked(_ chain: ChainState, _ ride: borrowing Ride, _ index: Int) -> Bool {
    guard chain.version == tariff.tables.versionTag,
      chain.tag == tariff.tables.chains[index].tag
    else { return false }
    guard isInTime(chain, ride, index) else { return false }
    if tariff.tables.chains[index].isSameDayOnly, Int(chain.lastDay) != ride.day { return false }
    if chain.rides.count > tariff.tables.chains[index].countMax { return false }
    if let whole = tariff.tables.chains[index].wholeMicroseconds,
      max(ride.on.at, chain.lastStartedAt) - min(ride.on.at, chain.firstStartedAt) > whole
    {
      return false
    }
    if tariff.tables.chains[index].refusesSameRoute, chain.lastRoute != 0,
      chain.lastRoute == ride.on.route.hash
    {
      return false
    }
    guard let pairs = tariff.tables.chains[index].interchanges else { return true }
    var (last, stop) = (chain.lastStop, ride.on.stop.hash)
    if isLater(chain, than: ride) { (last, stop) = (ride.lastStop, chain.lastStop) }
    return last != 0 && (last == stop || pairs.contains(UInt64(last) << 32 | UInt64(stop)))
  }

  /// Whether a ride is in time to go on with a chain.
  ///
  /// One that was open lies between two of its rides, or its first one would have gone on with that ride.
  private func isInTime(_ chain: ChainState, _ ride: borrowing Ride, _ index: Int) -> Bool {
    let link = tariff.tables.chains[index].window
    guard isLater(chain, than: ride) else {
      let from = link.from == .arrival ? chain.lastEndedAt : chain.lastStartedAt
      return link.contains(from: from, to: ride.moment(link.to))
    }
    if chain.firstStartedAt <= ride.on.at {
      // One that runs to an arrival is over for a ride that took too long.
      guard link.to == .arrival else { return true }
      return link.contains(from: chain.firstStartedAt, to: ride.moment(.arrival))
    }
    return link.contains(from: ride.moment(link.from), to: chain.firstStartedAt)
  }

  private func chainPrice(_ chain: ChainState, _ ride: borrowing Ride, _ index: Int) -> Int64 {
    var whole = copy ride
    switch tariff.tables.chains[index].measure {
    case .ends:
      whole.times = chain.rides[0].times
      whole.on.stop.id = chain.rides[0].onStop
      whole.on.zone.id = chain.rides[0].onZone
      whole.on.coordinate = chain.rides[0].on
      whole.line = .unknown
      whole.on.place = -1
      if chain.rides.count > 1 { whole.off.distanceMetres = -1 }
    case .sum:
      var sum = 0.0
      for part in chain.rides {
        guard let own = metres(of: part) else { return unknownMinor }
        sum += own
      }
      whole.chainMetres = sum
    case .longest:
      guard let longest = longest(chain.rides) else { return unknownMinor }
      whole.chainMetres = longest.metres
      whole.times = longest.times
    }
    for rule in tariff.tables.fares where rule.condition.holds(whole) {
      return ownShare(of: tariff.price(rule.node, whole), whole)
    }
    return unknownMinor
  }

  private func metres(of ride: ChainRide) -> Double? {
    if tariff.tables.distanceUse != .straight, ride.distanceMetres >= 0 {
      return Double(ride.distanceMetres)
    }
    guard let on = ride.on, let off = ride.off else { return nil }
    return tariff.metres(on, off)
  }

  /// The longest distance between a boarding and an alighting, and the times of that boarding.
  private func longest(_ rides: [ChainRide]) -> (metres: Double, times: UInt64)? {
    var best: (metres: Double, times: UInt64)?
    for (start, from) in rides.enumerated() {
      for (end, to) in rides.enumerated() {
        let metres: Double
        if start == end, tariff.tables.distanceUse != .straight, to.distanceMetres >= 0 {
          metres = Double(to.distanceMetres)
        } else if let on = from.on, let off = to.off {
          metres = tariff.metres(on, off)
        } else {
          continue
        }
        if best == nil || metres > best?.metres ?? -1 { best = (metres, from.times) }
      }
    }
    return best
  }
}
