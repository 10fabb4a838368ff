import Basics

/// An open ride in its turn, beside later rides that were paid before it ended.
///
/// Those stand as they were paid. So the ride takes what its turn changes for all of them: in money, in what a
/// category took off, and in trips of a carnet.
struct OpenRideTurn {
  /// The evening as it was paid, and with the ride in its turn; neither let go of a product, so that both have
  /// each at the same place: two of one name may be from one moment.
  private let paid: RatedDay
  private let turned: RatedDay
  /// The versions that rated it, the newest first.
  private let versions: [CompiledTariff]
  private(set) var ride: RatedRide
  /// What the turn leaves to the rides after it.
  private(set) var state: RiderState

  init(paid: RatedDay, turned: RatedDay, versions: [CompiledTariff], own: RatedRide) {
    self.paid = paid
    self.turned = turned
    self.versions = versions
    ride = own
    state = turned.state
  }

  /// Works out what the ride pays, says and uses.
  ///
  /// It pays the difference of the sums. Where that is below nothing it pays nothing, and all goes on as if it
  /// had not been: nobody is given back what others were charged. So it does where no fare is known: no
  /// difference is charged then.
  mutating func settle() {
    guard let own = ride.chargedMinor else { return goOnAsPaid() }
    let due = sum(turned) - sum(paid)
    guard due >= 0 else { return giveNothingBack(of: own) }
    ride.chargedMinor = due
    tellLaterRides(due - own)
    reduce()
    if due > own { leaveProducts([.pass]) }
    useTrips(isPayingMore: due > own)
  }

  /// Nothing that the ride opened, counted or used is so, and it pays nothing.
  private mutating func giveNothingBack(of own: Int64) {
    ride.chargedMinor = 0
    ride.reason.steps.removeAll { $0.code == .reducedCategory || $0.code == .transferOpens }
    for index in ride.reason.steps.indices where ride.reason.steps[index].code == .discount {
      ride.reason.steps[index].number = nil
    }
    leaveProducts([.trip, .pass, .passPart])
    tellLaterRides(-own)
    goOnAsPaid()
  }

  private mutating func goOnAsPaid() {
    state = paid.state
    state.boarding = nil
  }

  /// Tells in the reason, or adds to what it tells, how much more the ride pays because of the later ones.
  private mutating func tellLaterRides(_ minor: Int64) {
    if let place = ride.reason.steps.firstIndex(where: { $0.code == .laterRides }) {
      let sum = (ride.reason.steps[place].minor ?? 0) + minor
      ride.reason.steps[place].minor = sum
      if sum == 0 { ride.reason.steps.remove(at: place) }
    } else if minor != 0 {
      ride.reason.steps.append(
        FareStep(
          .laterRides, rule: "", minor: minor,
          number: Int64(paid.rides.count { $0.at >= ride.at && !$0.isSecondTap })))
    }
  }

  /// What rides with a known fare are charged, in the currency of the ride.
  private func sum(_ day: RatedDay) -> Int64 {
    day.rides.reduce(0) { $0 + ($1.currency == ride.currency ? $1.chargedMinor ?? 0 : 0) }
  }

  /// A city pays a reduction once: the reason tells what it is in all less what the others have told.
  private mutating func reduce() {
    let place = ride.reason.steps.firstIndex { $0.code == .reducedCategory }
    if let place { ride.reason.steps.remove(at: place) }
    let (all, told) = (reductions(turned), reductions(paid))
    guard all.minor > told.minor else { return }
    ride.reason.steps.insert(
      FareStep(
        .reducedCategory, rule: ride.category, minor: all.minor - told.minor,
        number: max(1, all.people - told.people)),
      at: place ?? ride.reason.steps.count)
  }

  private func reductions(_ day: RatedDay) -> (minor: Int64, people: Int64) {
    var sum: (minor: Int64, people: Int64) = (0, 0)
    for other in day.rides where other.currency == ride.currency {
      for step in other.reason.steps where step.code == .reducedCategory {
        sum.minor += step.minor ?? 0
        sum.people += step.number ?? 0
      }
    }
    return sum
  }

  /// The ride uses a trip of its product where one more is used in all, or of another one where it pays nothing
  /// and no pass carries it; what is left of products is what rides have used, and no trip is given back.
  private mutating func useTrips(isPayingMore: Bool) {
    let (all, told) = (trips(turned), trips(paid))
    let products = Set(all.keys).union(told.keys).sorted()
    let gained = products.filter { all[$0, default: 0] > told[$0, default: 0] }
    let steps = ride.reason.steps.filter { $0.code == .trip || $0.code == .tripTransfer }
    // A ride names one product.
    let isFree = ride.chargedMinor == 0 && !isOnPass
    let used =
      gained.first { product in steps.contains { $0.rule == product } }
      ?? (isFree ? gained.first : nil)
    var usedTrips = 0
    for product in products {
      usedTrips += keepTrips(of: tag(product), paidAndMore: product == used ? 1 : 0)
    }
    if let used {
      ride.reason.steps.removeAll { $0.code == .trip || $0.code == .tripTransfer }
      ride.reason.steps.append(
        FareStep(.trip, rule: used, number: Int64(max(0, tripsMax(of: used) - usedTrips))))
      ride.reason.notApplied.removeAll { $0.rule == used }
      ride.product = used
    } else if isPayingMore {
      leaveProducts([.trip, .tripTransfer])
    } else {
      for index in ride.reason.steps.indices where ride.reason.steps[index].code == .trip {
        ride.reason.steps[index].code = .tripTransfer
        ride.reason.steps[index].number = nil
      }
    }
  }

  /// Whether a pass carries the ride, or a part of it.
  private var isOnPass: Bool {
    ride.reason.steps.contains { $0.code == .pass || $0.code == .passPart }
  }

  /// How many rides used a trip of each product.
  private func trips(_ day: RatedDay) -> [String: Int] {
    var trips: [String: Int] = [:]
    for step in day.rides.lazy.flatMap(\.reason.steps) where step.code == .trip {
      trips[step.rule, default: 0] += 1
    }
    return trips
  }

  /// Gives back how many trips are used of the purchase that a further trip goes on; 0 where there is none.
  private mutating func keepTrips(of tag: UInt32, paidAndMore more: Int32) -> Int {
    var rest = more
    var usedTrips = 0
    for (place, before) in paid.state.holdings.enumerated() where before.tag == tag {
      let turned = state.holdings[place]
      let own = min(rest, max(0, turned.tripsUsed - before.tripsUsed))
      rest -= own
      guard own > 0 || turned.tripsUsed <= before.tripsUsed else {
        // No ride tells the trip that the turn would use, so it has begun nothing and no ride follows it.
        state.holdings[place] = before
        continue
      }
      state.holdings[place].tripsUsed = before.tripsUsed + own
      if own > 0 { usedTrips = Int(before.tripsUsed + own) }
      // A trip that the turn would give back stays used: it has begun the product, and rides may follow it.
      guard turned.tripsUsed < before.tripsUsed else { continue }
      if turned.activatedAt == .min { state.holdings[place].activatedAt = before.activatedAt }
      state.holdings[place].lastTripAt = max(turned.lastTripAt, before.lastTripAt)
    }
    return usedTrips
  }

  private func tripsMax(of product: String) -> Int {
    let rules = versions.lazy.compactMap { $0.tables.products.first { $0.name == product } }
    return rules.first?.tripsMax ?? 0
  }

  /// A ride that pays money for others is not one that a product carries.
  private mutating func leaveProducts(_ codes: Set<FareStepCode>) {
    guard let left = ride.reason.steps.first(where: { codes.contains($0.code) }) else { return }
    tellLaterRides(-minor(of: left))
    ride.reason.steps.removeAll { codes.contains($0.code) }
    for (place, before) in paid.state.holdings.enumerated() where before.tag == tag(left.rule) {
      state.holdings[place].activatedAt = before.activatedAt
      state.holdings[place].lastUseAt = before.lastUseAt
      state.holdings[place].lastVehicle = before.lastVehicle
    }
    let prices: Set<FareStepCode> = [.price, .incomplete, .waived, .ticket, .onTicket]
    ride.product = ride.reason.steps.first { prices.contains($0.code) }?.rule ?? ""
  }

  /// What a product pays of the ride by a step: the price without companions, or its part of it; the fees that it
  /// pays beside a ticket are no step.
  private func minor(of step: FareStep) -> Int64 {
    switch step.code {
    case .passPart: return step.minor ?? 0
    case .pass where step.minor != nil: return 0
    default:
      let companions = ride.reason.steps.first { $0.code == .riders }?.minor ?? 0
      return (ride.nominalMinor ?? 0) - companions
    }
  }
}

extension RatedRide {
  /// Whether it is the ride that began with a tap of an earlier day.
  func isCarried(from open: FareTap) -> Bool {
    boardRef == RatedRide.carriedRef && at == open.at
  }

  /// Whether its tap was a second one of a ride before it.
  var isSecondTap: Bool { reason.steps.contains { $0.code == .passBack } }
}
