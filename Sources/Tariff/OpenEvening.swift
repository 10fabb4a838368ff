import Basics
import Transit

/// The fare days on which rides began behind one that is open over midnight.
///
/// A ride is priced when it ends, and by then those behind it are paid. So the days are kept and rated anew
/// with the ride in its turn: what it pays is what all of them cost then, less what was paid for the others.
struct OpenEvening: Hashable, Sendable {
  /// Most taps that are kept; a ride with more behind it is rated by what they have left.
  static let tapsMax = 200
  /// Stands in `ref` of taps of these days but that of the open ride: they are none of the day that is rated.
  private static let earlierRef = -2

  /// The state before the first of the days, as its bytes; it holds no evening.
  let before: [UInt8]
  var days: [EveningDay] = []
  /// Products that were given back since the last of the days.
  var returned: [FarePurchase] = []

  /// With another day, on which the ride stayed open; nil where that are more taps than are kept.
  func adding(
    _ day: Day, taps: [FareTap], purchases: [FarePurchase]
  ) -> OpenEvening? {
    guard days.reduce(taps.count, { $0 + $1.taps.count }) <= Self.tapsMax else { return nil }
    var kept = taps
    // The same state has the same bytes, in whatever order the taps came.
    kept.sort(by: FareTap.isBefore)
    for index in kept.indices { kept[index].ref = RatedRide.carriedRef }
    var evening = self
    evening.days.append(
      EveningDay(day: day, taps: kept, purchases: purchases, returned: returned))
    evening.returned = []
    return evening
  }

  /// The taps of one of the days, where only that of the open ride goes by the name of a carried one.
  func taps(of place: Int, open: FareTap) -> [FareTap] {
    days[place].taps.map { tap in
      var tap = tap
      if tap != open { tap.ref = Self.earlierRef }
      return tap
    }
  }
}

/// One of the days: what it was rated from.
struct EveningDay: Hashable, Sendable {
  let day: Day
  let taps: [FareTap]
  let purchases: [FarePurchase]
  /// Products that were given back just before it.
  let returned: [FarePurchase]
}

extension TariffBook {
  /// A rated day whose state keeps what the ride that it leaves open has to be put into its turn with.
  func keepingEvening(
    _ rated: RatedDay, day: Day, state: RiderState, taps: [FareTap], purchases: [FarePurchase]
  ) -> RatedDay {
    // Without a ride behind it, it is in its turn on the next day.
    guard let open = rated.state.boarding,
      taps.contains(where: { $0.kind == .single && $0.at >= open.at })
    else { return rated }
    var rated = rated
    rated.state.evening = OpenEvening(before: state.bytes).adding(
      day, taps: taps, purchases: purchases)
    return rated
  }

  /// Rates a day on which a ride is open that others began behind on days before.
  func rate(
    day: Day, state: RiderState, taps: [FareTap], purchases: [FarePurchase], open: FareTap,
    evening: OpenEvening
  ) -> RatedDay {
    var plain = state
    plain.evening = nil
    var rated = rateInOrder(day: day, state: plain, taps: taps, purchases: purchases)
    if rated.state.boarding == open {
      rated.state.evening = evening.adding(day, taps: taps, purchases: purchases)
      return rated
    }
    let (own, rest) = divided(taps, open: open, day: day, state: state)
    let ended = end(open, by: own, after: evening, before: day)
    let today = keepingEvening(
      rateInOrder(day: day, state: ended.state, taps: rest, purchases: purchases), day: day,
      state: ended.state, taps: rest, purchases: purchases)
    var whole = ended.followed(by: today)
    whole.rides.sort { $0.at < $1.at }
    whole.unpaired.sort { $0.at < $1.at }
    return whole
  }

  /// Ends an open ride in its turn, by a tap among its own or without one: the ride with its second taps, and
  /// the state that all rides of the evening leave.
  func end(
    _ open: FareTap, by own: [FareTap], after evening: OpenEvening, before day: Day?
  ) -> RatedDay {
    let paid = replay(evening, open: open, own: nil)
    var turned = replay(evening, open: open, own: own)
    let old = tariff(on: fareDay(of: open.at))?.currency
    if let new = day.flatMap({ tariff(on: $0) })?.currency, let old, old != new {
      // What the old version counts is in a currency that the day does not have.
      turned.state.takeMoney(of: paid.state)
    }
    turned.rides = turned.rides.compactMap { ride in
      guard ride.boardRef == RatedRide.carriedRef, ride.at == open.at else {
        return ride.boardRef < 0 ? nil : ride
      }
      return ride.beside(paid, of: turned)
    }
    turned.unpaired.removeAll { $0.ref < 0 }
    return turned
  }

  /// Rates the days of an evening anew: with the open ride ended, by a tap among its own or without one, or
  /// still open where `own` is nil.
  private func replay(_ evening: OpenEvening, open: FareTap, own: [FareTap]?) -> RatedDay {
    guard let before = RiderState(bytes: evening.before) else {
      preconditionFailure("a state is read with the one that it keeps")
    }
    var whole = RatedDay(rides: [], state: before)
    for (index, part) in evening.days.enumerated() {
      let isFirst = index == 0
      whole.state.giveBack(part.returned)
      let rated = rateInOrder(
        day: part.day, state: whole.state,
        taps: evening.taps(of: index, open: open) + (isFirst ? own ?? [] : []),
        purchases: part.purchases, closes: isFirst && own != nil)
      whole = whole.followed(by: rated)
    }
    whole.state.giveBack(evening.returned)
    return whole
  }

  /// The taps of a day that are those of a ride that was open before it, and the others, in order of time.
  func divided(
    _ taps: [FareTap], open: FareTap, day: Day, state: RiderState
  ) -> (own: [FareTap], rest: [FareTap]) {
    var rest = taps.sorted(by: FareTap.isBefore)
    guard let tariff = tariff(on: fareDay(of: open.at)) else { return ([], rest) }
    let doubled = tariff.taps(rest, doubling: open, day: day, state: state)
    let next = rest.firstIndex { $0.kind == .on && !doubled.contains($0) }
    var own = rest[..<(next ?? rest.endIndex)].filter { $0.kind == .off || doubled.contains($0) }
    if let end = own.firstIndex(where: { $0.kind == .off && tariff.pairs(open, $0) }) {
      own.removeSubrange((end + 1)...)
    }
    for tap in own {
      if let place = rest.firstIndex(of: tap) { rest.remove(at: place) }
    }
    return (own, rest)
  }
}

extension RatedDay {
  /// What all rides with a known fare are charged.
  fileprivate var chargedMinor: Int64 { rides.reduce(0) { $0 + ($1.chargedMinor ?? 0) } }

  /// How many trips are left of a product after each that a ride used.
  fileprivate func trips(of product: String) -> [Int64] {
    rides.flatMap(\.reason.steps).compactMap { step in
      step.code == .trip && step.rule == product ? step.number : nil
    }
  }
}

extension RatedRide {
  /// An open ride in its turn, with what that turn changes beside later rides that were paid before it ended:
  /// it pays the difference, never below nothing, and uses a trip where one more is used in all.
  fileprivate func beside(_ paid: RatedDay, of turned: RatedDay) -> RatedRide {
    var ride = self
    for index in reason.steps.indices
    where reason.steps[index].code == .trip || reason.steps[index].code == .tripTransfer {
      let trips = turned.trips(of: reason.steps[index].rule)
      let isUsing = trips.count > paid.trips(of: reason.steps[index].rule).count
      ride.reason.steps[index].code = isUsing ? .trip : .tripTransfer
      ride.reason.steps[index].number = isUsing ? trips.min() : nil
    }
    guard let own = chargedMinor else { return ride }
    let due = max(0, turned.chargedMinor - paid.chargedMinor)
    guard due != own else { return ride }
    ride.chargedMinor = due
    let count = paid.rides.count { $0.at >= at }
    ride.reason.steps.append(
      FareStep(.laterRides, rule: "", minor: due - own, number: Int64(count)))
    return ride
  }
}
