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
    evening.days.append(EveningDay(day: day, taps: kept, purchases: purchases))
    return evening
  }

  /// Whether it is that of an open ride, whose tap is among those of the first day or was before it.
  func isOf(_ open: FareTap, before: RiderState) -> Bool {
    days.first?.taps.contains(open) ?? false || before.boarding == open
  }

  /// The taps of one of the days, where only that of the open ride, and its equals, go by the name of a carried one.
  ///
  /// On later days a tap on was its second one, which cost nothing: without the open ride it would begin another.
  func taps(of place: Int, open: FareTap) -> [FareTap] {
    var taps = days[place].taps
    for index in taps.indices where taps[index] != open { taps[index].ref = Self.earlierRef }
    if place > 0 { taps.removeAll { $0.kind == .on } }
    return taps
  }
}

/// One of the days: what it was rated from.
struct EveningDay: Hashable, Sendable {
  let day: Day
  let taps: [FareTap]
  let purchases: [FarePurchase]
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
    // How the ride ends is known from here, and what else of the day is its own.
    let (own, rest) = divided(taps, open: open, day: day, state: state)
    guard let late = rated.rides.first(where: { $0.isCarried(from: open) }) else {
      return rated
    }
    let off = late.alightRef == nil ? nil : own.last { $0.kind == .off }
    guard let turn = turn(of: late, open: open, by: off, after: evening, before: day) else {
      return rated
    }
    let today = keepingEvening(
      rateInOrder(day: day, state: turn.state, taps: rest, purchases: purchases), day: day,
      state: turn.state, taps: rest, purchases: purchases)
    let seconds = rated.rides.filter { ride in
      ride.isSecondTap && own.contains { $0.kind == .on && $0.at == ride.at }
    }
    let alone = rated.unpaired.filter { off in
      own.contains { $0.kind == .off && $0.at == off.at && $0.ref == off.ref }
    }
    return RatedDay(
      rides: ([turn.ride] + seconds + today.rides).sorted { $0.at < $1.at }, state: today.state,
      unpaired: (alone + today.unpaired).sorted { $0.at < $1.at })
  }

  /// An open ride that ends in its turn, by a tap or without one, and what the state of its turn goes on with; nil
  /// where these versions make another ride of it than those that rated its evening.
  func turn(
    of late: RatedRide, open: FareTap, by off: FareTap?, after evening: OpenEvening,
    before day: Day?
  ) -> (ride: RatedRide, state: RiderState)? {
    let paid = replay(evening, open: open, off: nil, closes: nil)
    guard paid.state.boarding == open else { return nil }
    let turned = replay(evening, open: open, off: off, closes: paid.state.habits)
    // Of equal taps on each gives up the one before, or doubles it; the ride may be doubled itself.
    let carried = turned.rides.filter { $0.isCarried(from: open) }
    guard let own = carried.last(where: { !$0.isSecondTap }) ?? carried.last else { return nil }
    var turn = OpenRideTurn(
      paid: paid, turned: turned,
      versions: (evening.days.reversed().map(\.day) + [fareDay(of: open.at)]).compactMap(tariff),
      own: own)
    turn.settle()
    var (ride, state) = (turn.ride, turn.state)
    ride.alightRef = late.alightRef
    state.habits = paid.state.habits
    // Both replays held on to all; what the evening leaves is what another one would.
    if let last = evening.days.last?.day { tariff(on: last)?.letGo(of: &state, after: last) }
    let version = tariff(on: fareDay(of: open.at))
    if let off, !ride.reason.steps.contains(where: { $0.code == .cancelled }) {
      version?.learn(off, from: open, state: &state)
    }
    if let new = day.flatMap({ tariff(on: $0) })?.currency, let version, version.currency != new {
      // What the old version counts is in a currency that the day does not have.
      state.takeMoney(of: paid.state)
    }
    return (ride, state)
  }

  /// Rates the days of an evening anew: with the open ride ended by a tap, or given up where a habit may tell its
  /// end (`closes`), or still open without either.
  ///
  /// Nothing is let go of on these days, as long as it is open or where it is ended or given up.
  private func replay(
    _ evening: OpenEvening, open: FareTap, off: FareTap?, closes: [Habit]?
  ) -> RatedDay {
    guard let before = RiderState(bytes: evening.before) else {
      preconditionFailure("a state is read with the one that it keeps")
    }
    var whole = RatedDay(rides: [], state: before)
    for (index, part) in evening.days.enumerated() {
      let isFirst = index == 0
      let rated = rateInOrder(
        day: part.day, state: whole.state,
        taps: evening.taps(of: index, open: open) + (isFirst ? off.map { [$0] } ?? [] : []),
        purchases: part.purchases, closes: closes)
      whole = whole.followed(by: rated)
    }
    return whole
  }

  /// The taps of a day that are those of a ride that was open before it, and the others, in order of time.
  func divided(
    _ taps: [FareTap], open: FareTap, day: Day, state: RiderState
  ) -> (own: [FareTap], rest: [FareTap]) {
    var rest = FareTap.inOrder(taps)
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
