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
    var before: ChainState?
    if let chain = state.chain, isLinked(chain, ride, index) { before = chain }
    guard var chain = before, chain.service == service, mayGoOn(chain, index) else {
      return startChain(
        ride, index, price: price, service: service,
        isChange: before.map { $0.service != service } ?? false, state: &state)
    }
    let paid = chain.paidMinor
    chain.rides.append(chainRide(ride))
    let whole = chainPrice(chain, ride, index)
    note(&chain, ride)
    guard whole != unknownMinor else {
      chain.paidMinor = paid + price
      state.chain = chain
      return price
    }
    let charge = max(0, whole - chain.discountMinor - paid)
    step(.chain, name, minor: paid, number: whole)
    chain.paidMinor = paid + charge
    state.chain = chain
    return charge
  }

  /// Most rides of a chain: all are remembered, for the whole is priced anew with each.
  static let chainRidesMax = 24

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
      discountMinor: discount, rides: [chainRide(ride)], firstPlace: placeMasks(ride, index))
    note(&chain, ride)
    state.chain = chain
    return charge
  }

  private func note(_ chain: inout ChainState, _ ride: borrowing Ride) {
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

  /// What conditions see of the place of a boarding, for a chain that they are asked of as one ride from there.
  private func placeMasks(_ ride: borrowing Ride, _ index: Int) -> PlaceMasks? {
    guard tariff.tables.chains[index].measure == .ends,
      [.stop, .zone].contains(where: { !tariff.tables.symbols[$0].matchers.isEmpty })
    else { return nil }
    return PlaceMasks(stop: ride.on.stop.mask, zone: ride.on.zone.mask)
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
    let link = tariff.tables.chains[index].window
    let from = link.from == .arrival ? chain.lastEndedAt : chain.lastStartedAt
    guard link.isFollowed(from: from, to: ride.moment(link.to)) else { return false }
    if tariff.tables.chains[index].isSameDayOnly, Int(chain.lastDay) != ride.day { return false }
    if chain.rides.count > tariff.tables.chains[index].countMax { return false }
    if let whole = tariff.tables.chains[index].wholeMicroseconds,
      ride.on.at - chain.firstStartedAt > whole
    {
      return false
    }
    if tariff.tables.chains[index].refusesSameRoute, chain.lastRoute != 0,
      chain.lastRoute == ride.on.route.hash
    {
      return false
    }
    guard let pairs = tariff.tables.chains[index].interchanges else { return true }
    let stop = ride.on.stop.hash
    return chain.lastStop != 0
      && (chain.lastStop == stop
        || pairs.contains(UInt64(chain.lastStop) << 32 | UInt64(stop)))
  }

  /// Whether the whole of a chain may still be known: a sum never is again once a part of it is not.
  private func mayGoOn(_ chain: ChainState, _ index: Int) -> Bool {
    tariff.tables.chains[index].measure != .sum
      || chain.rides.allSatisfy { metres(of: $0) != nil }
  }

  private func chainPrice(_ chain: ChainState, _ ride: borrowing Ride, _ index: Int) -> Int64 {
    var whole = copy ride
    switch tariff.tables.chains[index].measure {
    case .ends:
      takeBeginning(of: chain, for: &whole)
    case .sum:
      var sum = 0.0
      for part in chain.rides {
        guard let own = metres(of: part) else { return unknownMinor }
        sum += own
      }
      whole.chainMetres = sum
    case .longest:
      guard let longest = longest(chain.rides) else { return unknownMinor }
      // The rides before say nothing of how far one went that nobody ended.
      if whole.status != .incomplete || whole.hasEnd { whole.chainMetres = longest.metres }
      whole.times = longest.times
    }
    for rule in tariff.tables.fares where rule.condition.holds(whole) {
      return ownShare(of: tariff.price(rule.node, whole), whole)
    }
    return unknownMinor
  }

  /// Makes the last ride of a chain one from the first boarding.
  private func takeBeginning(of chain: ChainState, for ride: inout Ride) {
    ride.times = chain.rides[0].times
    ride.on.stop.id = chain.rides[0].onStop
    ride.on.zone.id = chain.rides[0].onZone
    ride.on.coordinate = chain.rides[0].on
    ride.line = .unknown
    ride.on.place = -1
    if chain.rides.count > 1 { ride.off.distanceMetres = -1 }
    // A chain of a state that an older program wrote goes on as that one would have priced it.
    guard let first = chain.firstPlace else { return }
    ride.on.stop.mask = first.stop
    ride.on.zone.mask = first.zone
    ride.takeOwnZones()
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
