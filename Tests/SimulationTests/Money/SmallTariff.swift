import Basics
import SimulatedCity
import Tapping
import Transit
import Wallet

/// A small tariff twice: as the text that is published, and worked out plainly from what
/// `docs/tariff-language.md` says of each of its words, without the tariff's engine.
///
/// A flat fare by mode, a dearer stop, a free transfer within half an hour, caps of the day and of the
/// week, one category that rides free and one at half price, a pass and a carnet, and a rule by which
/// operators share.
struct SmallTariff: Sendable {
  /// Prices that hold from a fare day on.
  struct Version: Sendable {
    let first: Day
    let tram: Int64
    let trolleybus: Int64
    let bus: Int64
    let dayCap: Int64
    let weekCap: Int64
    /// What a ride from the hill costs, whoever rides; nil where that is a stop like others.
    var hill: Int64?
    /// How operators share the money of linked and capped rides.
    var apportionment = "own"

    func price(of tap: MadeTap, _ category: String) -> Int64 {
      if let hill, tap.stop == SmallTariff.hill { return hill }
      let mode = CityPlan.lines[tap.line].mode
      let full = mode == .tram ? tram : mode == .trolleybus ? trolleybus : bus
      return category == "student" ? full / 2 : full
    }

    /// With each fare so many minor units off: for those who plant a bug.
    func off(by minor: Int64) -> Version {
      Version(
        first: first, tram: tram + minor, trolleybus: trolleybus + minor, bus: bus + minor,
        dayCap: dayCap, weekCap: weekCap, hill: hill, apportionment: apportionment)
    }
  }

  /// A stop that some tariffs price by itself.
  static let hill = "HILL"
  /// The rules by which operators share, as a tariff names them.
  static let sharingRules = ["own", "first_ride", "equal", "nominal", "distance"]

  /// How long changing costs nothing, its last moment inside.
  static let transferMicroseconds: Int64 = 1_800_000_000

  var versions: [Version] = []

  /// What is published.
  static func text(_ version: Version) -> String {
    func fare(_ name: String, _ minor: Int64) -> String {
      "- {name: \(name), when: {mode: \(name)}, price: {adult: \(minor), student: \(minor / 2)}}"
    }
    let hill = version.hill.map { "- {name: hill, when: {stop: [\(Self.hill)]}, price: \($0)}\n  " }
    return """
      tariff: simulated
      version: v\(version.first)
      effective: {from: \(version.first)}
      currency: UAH
      amounts: minor
      timezone: Europe/Kyiv
      day_start: "04:00"
      apportionment: \(version.apportionment)
      categories:
        adult: {title: {uk: дорослий, en: adult}}
        student: {title: {uk: студент, en: student}}
        pensioner: {title: {uk: пенсіонер, en: pensioner}, free: true, as: adult}
      fares:
        \(hill ?? "")\(fare("tram", version.tram))
        \(fare("trolleybus", version.trolleybus))
        \(fare("bus", version.bus))
      transfers:
        - {name: transfer, within: 30 min, end: inside, pays: free}
      caps:
        - {name: day cap, per: day, amount: {adult: \(version.dayCap), student: \(version.dayCap / 2)}}
        - {name: week cap, per: week, amount: {adult: \(version.weekCap), student: \(version.weekCap / 2)}}
      products:
        - {name: week, valid: {days: 7}, price: {adult: \(SoldProduct.Kind.week.priceMinor)}}
        - {name: ten rides, trips: 10, valid: {days: 12}, price: {adult: \(SoldProduct.Kind.carnet.priceMinor)}}
      """
  }

  /// The rides of one rider, from all taps at once.
  func rides(
    of taps: [MadeTap], products: [SoldProduct], category: (Day) -> String
  ) -> [PlainRide] {
    var rides: [PlainRide] = []
    var opened: Instant?
    var trips = products.map { _ in 0 }
    var paidByWeek: [Int: Int64] = [:]
    for (day, taps) in Dictionary(grouping: taps, by: \.day).sorted(by: { $0.key < $1.key }) {
      guard let version = versions.last(where: { $0.first <= day }) else { continue }
      let category = category(day)
      let share: Int64 = category == "student" ? 2 : 1
      let week = day.number - (day.weekday.rawValue - Weekday.monday.rawValue)
      var paid: Int64 = 0
      for tap in taps.sorted(by: { $0.at < $1.at }) {
        var ride = PlainRide(
          tap: tap, category: category, nominal: version.price(of: tap, category))
        defer { rides.append(ride) }
        guard category != "pensioner" else {
          ride.isConcession = true
          continue
        }
        let isTransfer =
          opened.map {
            tap.at.microseconds - $0.microseconds <= Self.transferMicroseconds
          } ?? false
        if !isTransfer { opened = tap.at }
        let room = max(
          0,
          min(version.dayCap / share - paid, version.weekCap / share - paidByWeek[week, default: 0])
        )
        let costs = isTransfer ? 0 : min(ride.nominal, room)
        ride.product = Self.product(for: tap, costing: costs, products, trips)
        if let place = ride.product {
          trips[place] += 1
          continue
        }
        ride.charged = costs
        paid += costs
        paidByWeek[week, default: 0] += costs
        ride.isLinked = isTransfer
        ride.isCapped = !isTransfer && costs < ride.nominal
        ride.isConcession = category == "student" && costs > 0
      }
    }
    return rides
  }

  /// A pass carries every ride, a carnet one that costs something: the pass goes first, then what is
  /// over sooner.
  private static func product(
    for tap: MadeTap, costing costs: Int64, _ products: [SoldProduct], _ trips: [Int]
  ) -> Int? {
    products.indices.filter { place in
      let product = products[place]
      guard product.carries(tap) else { return false }
      return product.kind == .week
        || costs > 0 && trips[place] < SoldProduct.Kind.carnet.trips
    }.min { left, right in
      let (one, other) = (products[left], products[right])
      guard one.kind == other.kind else { return one.kind == .week }
      return (one.lastDay, left) < (other.lastDay, right)
    }
  }
}

/// A ride as it should be.
struct PlainRide: Sendable {
  let tap: MadeTap
  let category: String
  let nominal: Int64
  var charged: Int64 = 0
  /// Place among the rider's products.
  var product: Int?
  /// It costs nothing more because of the ride before it.
  var isLinked = false
  /// A cap took something off.
  var isCapped = false
  /// Whether the city is asked for it.
  var isConcession = false

  var operatorID: String { CityPlan.lines[tap.line].operatorID }
  var isOfStoredValue: Bool { tap.medium.kind == .card || tap.medium.kind == .qr }
}

/// A pass or carnet as it was sold, and what became of it.
struct SoldProduct: Sendable {
  /// What is sold.
  enum Kind: String, Sendable, CaseIterable {
    case week
    case carnet = "ten rides"

    var priceMinor: Int64 { self == .week ? 10_001 : 7003 }
    var days: Int { self == .week ? 7 : 12 }
    var trips: Int { 10 }
  }

  let kind: Kind
  /// The number that the desk gave it.
  let number: Int64
  let channel: MoneyChannel
  let grantedAt: Instant
  let firstDay: Day
  var recognised: Int64 = 0
  var refunded: Int64 = 0
  var returnedOn: Day?
  /// Given back without a ride: as if it had never been sold.
  var isVoid = false

  var lastDay: Day { firstDay.adding(days: kind.days - 1) }
  var isOver: Bool { recognised + refunded >= kind.priceMinor }

  func carries(_ tap: MadeTap) -> Bool {
    !isVoid && tap.at >= grantedAt && tap.day >= firstDay && tap.day <= lastDay
      && returnedOn.map { tap.day <= $0 } ?? true
  }

  /// What is earned by the end of a day, when it carried so many rides until then.
  func earned(through day: Day, rides: Int) -> Int64 {
    if let returnedOn, returnedOn <= day { return kind.priceMinor - refunded }
    guard day >= firstDay else { return 0 }
    guard day < lastDay else { return kind.priceMinor }
    switch kind {
    case .week:
      return kind.priceMinor / Int64(kind.days) * Int64(day.number - firstDay.number + 1)
    case .carnet:
      return rides >= kind.trips
        ? kind.priceMinor : kind.priceMinor / Int64(kind.trips) * Int64(rides)
    }
  }
}
