package import Basics
import Transit

/// One version of a tariff, checked and turned into tables.
package final class CompiledTariff: Sendable {
  let tables: TariffTables
  /// The network, when one is known.
  let bound: BoundNetwork?

  /// For each category its own value.
  let ownCategories: [Seen]
  /// For each category the value of the one whose prices it takes; nothing where it names none.
  let pricedCategories: [Seen]

  init(tables: TariffTables, bound: BoundNetwork? = nil) {
    self.tables = tables
    self.bound = bound
    let values = tables.categories.map { tables.symbols.look(.category, $0.name) }
    ownCategories = values
    pricedCategories = tables.categories.map { category in
      category.pricedAs < 0 ? .nothing : values[Int(category.pricedAs)]
    }
  }

  /// Name of the tariff: that of its folder.
  package var name: String { tables.name }
  /// Name of the version, unique among the versions of a city.
  package var version: String { tables.version }
  /// The clock of the city, with the start of its fare day.
  package var cityClock: CityClock { tables.clock }
  package var currency: Currency { tables.currency }
  /// First fare day on which the version is in force.
  package var firstDay: Day { Day(number: tables.firstDay) }
  /// Last fare day on which the version is in force.
  package var lastDay: Day { Day(number: tables.lastDay) }
  /// Whether stops, zones or distances matter to any price.
  package var pricesByStop: Bool { tables.pricesByStop }
  /// How the money of linked and capped rides is shared out among operators.
  package var apportionment: FareApportionment { tables.apportionment }
  /// Names of the rider categories.
  package var categories: [String] { tables.categories.map(\.name) }
  /// What people call a rider category; nil when the version has none of the name.
  package func title(ofCategory name: String) -> Bilingual? {
    tables.categories.first { $0.name == name }?.title
  }
  /// Names of the products that can be bought.
  package var products: [String] { tables.products.map(\.name) }

  /// Rates a rider's fare day: a pure function of the taps as a set, the purchases and the state before.
  ///
  /// Taps may come in any order. A ride that is still open at the end of the day is left in the
  /// state and becomes a ride of the day on which it ends or is given up.
  package func rate(
    day: Day, state: RiderState, taps: [FareTap], purchases: [FarePurchase] = []
  ) -> RatedDay {
    rate(day: day, state: state, taps: taps, purchases: purchases, opened: state.boarding)
  }

  /// Rates a fare day as others are; where `closes` holds habits, no further tap is awaited that would end a
  /// ride, these may tell where it ended, and nothing is let go of.
  func rate(
    day: Day, state: RiderState, taps: [FareTap], purchases: [FarePurchase], closes: [Habit]?
  ) -> RatedDay {
    rate(
      day: day, state: state, taps: taps, purchases: purchases, opened: state.boarding,
      keepsAll: closes != nil, closes: closes)
  }

  /// Rates the first taps of a fare day, whose rest another version rates from the whole state.
  func rateFirstPart(day: Day, state: RiderState, taps: [FareTap]) -> RatedDay {
    rate(
      day: day, state: state, taps: taps, purchases: [], opened: state.boarding, keepsAll: true)
  }

  /// Rates the taps of a fare day beside a ride of another version, which stays open in the state and may
  /// still be paid by what the day would let go of.
  func rateBesideOpenRide(
    day: Day, state: RiderState, taps: [FareTap], purchases: [FarePurchase]
  ) -> RatedDay {
    rate(
      day: day, state: state, taps: taps, purchases: purchases, opened: nil, keepsAll: true)
  }

  private func rate(
    day: Day, state: RiderState, taps: [FareTap], purchases: [FarePurchase], opened: FareTap?,
    keepsAll: Bool = false, closes: [Habit]? = nil
  ) -> RatedDay {
    let sorted = FareTap.inOrder(taps)
    var meter = FareMeter(self)
    meter.keepsAll = keepsAll
    meter.closingHabits = closes
    var after = ownMoney(of: state)
    meter.grant(purchases, to: &after)
    if let opened { meter.openTap = prepare(opened, index: -1) }
    let prepared = sorted.indices.map { prepare(sorted[$0], index: Int32($0)) }
    meter.rate(day: day.number, state: &after, taps: prepared[...], source: sorted)
    let rides = meter.rides(taps: sorted, opened: opened)
    return RatedDay(rides: rides, state: after, unpaired: meter.unpairedTaps(sorted))
  }

  /// Lets go of what can no longer matter after the end of a fare day.
  func letGo(of state: inout RiderState, after day: Day) {
    var meter = FareMeter(self)
    meter.prune(&state, day: day.number)
  }

  /// Whether a tap off is of the vehicle that it has to be of to end a ride.
  func pairs(_ on: FareTap, _ off: FareTap) -> Bool {
    !tables.tapping.pairsByVehicle || on.vehicle == off.vehicle
  }

  /// The taps on that are an open ride's own a second time.
  func taps(
    _ taps: [FareTap], doubling open: FareTap, day: Day, state: RiderState
  ) -> Set<FareTap> {
    var meter = FareMeter(self)
    let boarding = prepare(open, index: -1)
    return Set(
      taps.filter {
        $0.kind == .on
          && meter.isDoubled(
            prepare($0, index: 0), after: boarding, day: day.number, state: state)
      })
  }

  /// Remembers in a state where a ride ended that the state after its evening knows nothing of.
  func learn(_ off: FareTap, from on: FareTap, state: inout RiderState) {
    guard tables.tapping.habitTimes > 0, let stop = on.stop, off.stop != nil else { return }
    state.learn(off, from: tag(stop))
  }

  /// Ends the ride that is still open when no further tap is awaited; `keepsAll` where another version
  /// rates the rest of the day.
  package func close(_ state: RiderState, keepsAll: Bool = false) -> RatedDay {
    guard let boarding = state.boarding else { return RatedDay(rides: [], state: state) }
    var meter = FareMeter(self)
    meter.keepsAll = keepsAll
    var after = ownMoney(of: state)
    meter.openTap = prepare(boarding, index: -1)
    meter.closingHabits = after.habits
    meter.rate(
      day: cityClock.fareDay(of: boarding.at).number, state: &after, taps: [], source: [])
    return RatedDay(rides: meter.rides(taps: [], opened: boarding), state: after)
  }

  /// Most people that one tap can pay for; sums stay far from what 64 bits hold.
  package static let ridersMax = 1000

  /// Looks up the texts of a tap once, for rating it often.
  package func prepare(_ tap: FareTap, index: Int32) -> PreparedTap {
    // A flat tariff has no use for the place, so it is not looked up.
    let place =
      tables.pricesByStop || tables.needsLine
      ? tap.stop.flatMap { bound?.fares.network.stopIndex(id: $0) } : nil
    let stop = place.flatMap { bound?.fares.network.stops[$0] }
    let zone = tap.zone ?? tap.stop.flatMap { tables.stopZones[$0] } ?? stop?.zone
    // A rider without a category is one of the first.
    let category = tap.category.isEmpty ? tables.categories.first?.name : tap.category
    return PreparedTap(
      at: tap.at.microseconds, kind: tap.kind, index: index,
      riders: Int32(min(max(1, tap.riders), CompiledTariff.ridersMax)),
      mode: tables.symbols.look(.mode, tap.modeText),
      operatorID: tables.symbols.look(.operatorID, tap.operatorID),
      route: tables.symbols.look(.route, tap.route),
      vehicle: tables.symbols.look(.vehicle, tap.vehicle),
      stop: tables.symbols.look(.stop, tap.stop), zone: tables.symbols.look(.zone, zone),
      category: tables.symbols.look(.category, category),
      medium: tables.symbols.look(.medium, tap.mediumText),
      coordinate: tap.coordinate ?? stop?.coordinate,
      distanceMetres: tap.distanceMetres.map { Int32(clamping: $0) } ?? -1,
      stopCount: tap.stopCount.map { Int32(clamping: $0) } ?? -1,
      direction: tap.direction.map { Int8(clamping: $0) } ?? -1,
      place: Int32(place ?? -1), line: line(of: tap))
  }

  /// Index of the tap's route in the network; -1 when it is not known.
  private func line(of tap: FareTap) -> Int32 {
    guard tables.needsLine, let bound, let route = tap.route else { return -1 }
    return Int32(bound.fares.network.resolveRoute(route, mode: tap.mode) ?? -1)
  }

  /// Rides without a fare, one for each boarding: no version is in force.
  func unknownDay(state: RiderState, taps: [FareTap], why: String) -> RatedDay {
    let boardings = FareTap.inOrder(taps).filter { $0.kind != .off }
    let rides = boardings.map { tap in
      RatedRide(
        boardRef: tap.ref, at: tap.at, version: "", currency: currency, product: "",
        category: tap.category,
        mode: tap.mode, operatorID: tap.operatorID, route: tap.route, riders: max(1, tap.riders),
        reason: FareReason(currency: currency, steps: [FareStep(.unknown, rule: why)]))
    }
    return RatedDay(rides: rides, state: state)
  }
}
