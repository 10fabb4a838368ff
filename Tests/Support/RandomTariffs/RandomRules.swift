import Basics

/// Writes the rules of a tariff by chance.
struct RandomRules {
  var generator: SeededGenerator
  /// Chance of what came to the generator later, so that a seed's other rules stay what they were.
  var later: SeededGenerator
  var caps: [RandomCap] = []
  var outsideFees: Set<String> = []
  var products: [String] = []
  var mayCostMore = false

  static let modes = ["bus", "tram", "rail"]

  init(seed: UInt64) {
    generator = SeededGenerator(seed: seed)
    later = SeededGenerator(seed: ~seed)
  }

  mutating func write() -> String {
    var text = head()
    if chance(0.12) {
      text += tickets()
    } else {
      text += fares() + links()
    }
    return text + productRules() + capRules() + extras()
  }

  // MARK: Chance

  mutating func chance(_ share: Double) -> Bool { generator.chance(share) }

  mutating func pick(_ values: [String]) -> String {
    values[generator.integer(in: 0...(values.count - 1))]
  }

  mutating func number(_ range: ClosedRange<Int>) -> Int { generator.integer(in: range) }

  mutating func amount() -> String { String(number(20...400)) }

  /// Some of the modes, as a condition; nil for all.
  mutating func someModes() -> Set<String>? {
    guard chance(0.6) else { return nil }
    let chosen = Self.modes.filter { _ in generator.chance(0.6) }
    return chosen.isEmpty || chosen.count == Self.modes.count ? nil : Set(chosen)
  }

  func condition(_ modes: Set<String>?) -> String {
    modes.map { "when: {mode: [\($0.sorted().joined(separator: ", "))]}, " } ?? ""
  }

  // MARK: Head and fares

  private mutating func head() -> String {
    """
    effective: {from: 2024-01-01}
    currency: UAH
    amounts: minor
    timezone: \(pick(["Europe/Kyiv", "UTC", "Australia/Sydney", "America/New_York"]))
    day_start: "\(pick(["00:00", "03:00", "04:30"]))"
    week_start: \(pick(["monday", "sunday", "thursday"]))
    holidays: [2024-03-29, 2024-04-01]
    zones: [1, 2, 3, 4]
    distance: {use: \(pick(["given_first", "straight"])), earth: \(pick(["sphere", "ellipsoid"]))}
    categories:
      adult: {}
      pupil: {as: adult, pays: 50%, rounding: \(pick(["half-up", "half-even", "down", "up"]))}
      pensioner: {free: true, as: adult}
      student: {as: adult, pays: 30%, proof: student card, without_proof: pupil}
    times:
      peak:
      - {days: weekdays, holidays: \(pick(["alike", "excluded", "added"])), from: "06:30", before: "10:00"}
      - {days: \(pick(["all", "weekdays", "weekends"])), after: "16:00", through: "19:00"}
      night: [{from: "22:00", before: "05:00"}]
    services: {bus: {mode: bus}, tram: {mode: tram}, rail: {mode: rail}}
    tapping:
      incomplete: \(pick(["dearest", "250", "unknown"]))
    \(chance(0.6) ? "  limit: \(number(1...5)) h\n  limit_end: \(pick(["inside", "outside"]))" : "  same_vehicle: no")
    \(chance(0.4) ? "  same_stop: {within: 5 min}" : "  same_stop: {}")
    \(chance(0.2) ? "  habit: 2" : "")
    \(chance(0.2) ? "  pass_back: {within: 3 min, when: \(passedBack())}" : "")
    prices: {base: \(amount()), half: {of: "@base", share: 50%, rounding: up, to: 5}}

    """
  }

  /// Rides that a second tap on one vehicle doubles: also such as are tapped on and off.
  private mutating func passedBack() -> String {
    ["{mode: bus}", "{mode: [bus, tram]}", "{not: {mode: ferry}}"][later.integer(in: 0...2)]
  }

  private mutating func fares() -> String {
    """
    fares:
    \(offPeak())
    - {name: half, when: {service: tram, time: night}, price: "@half"}
    - {name: base, when: {service: tram, route: 7}, price: "@base"}
    - {name: bus, when: {service: bus}, price: \(flatPrice())}
    - {name: tram, when: {service: tram}, price: \(flatPrice())}
    - {name: rail, when: {service: rail}, price: \(railPrice())}

    """
  }

  private mutating func offPeak() -> String {
    guard later.chance(0.4) else { return "" }
    let price = later.integer(in: 20...400)
    return "- {name: off peak, when: {service: bus, not: {time: peak}}, price: \(price)}"
  }

  private mutating func flatPrice() -> String {
    switch number(0...6) {
    case 0: "{adult: \(amount()), others: \(number(0...60))}"
    case 1: "{by: medium, bank: \(amount()), others: \(amount())}"
    case 2: "{by: time, peak: \(amount()), others: \(amount())}"
    case 3:
      "{by: date, periods: [{until: 2024-03-27, price: \(amount())}, {until: 2030-01-01, price: \(amount())}]}"
    case 4: "{sum: [\"@base\", \(amount())]}"
    case 5: "{by: operator, A: \(amount()), others: \(amount())}"
    default: amount()
    }
  }

  private mutating func railPrice() -> String {
    switch number(0...6) {
    case 0:
      return "{by: distance, bands: [{\(pick(["under", "up_to"])): 3, price: \(amount())}, "
        + "{under: 9, price: {by: time, peak: \(amount()), others: \(amount())}}, {price: \(amount())}]}"
    case 1: return "{by: farthest_zone, 1: \(amount()), 2: \(amount()), others: \(amount())}"
    case 2: return "{by: zone_count, bands: [{up_to: 1, price: \(amount())}, {price: \(amount())}]}"
    case 3:
      return
        "{per: km, amount: \(number(5...40)), base: \(amount()), started: \(pick(["yes", "no"]))}"
    case 4:
      return "{by: stops, pairs: [{from: S1, to: S2, price: \(amount())}], others: \(amount())}"
    default:
      let pairs = [(1, 1), (1, 2), (1, 3), (2, 2), (2, 3), (3, 3)].map { from, to in
        "{from: \(from), to: \(to), price: {by: time, peak: \(number(20...400)), others: \(number(20...400))}}"
      }
      return "{by: zones, pairs: [\(pairs.joined(separator: ", "))]}"
    }
  }

  private mutating func tickets() -> String {
    """
    tickets:
    - {name: inner, zones: [1, 2], within: \(number(20...90)) min, price: \(amount())}
    - {name: outer, zones: [3, 4], within: \(number(20...90)) min, end: outside, price: \(amount())}
    - {name: wide, zones: [1, 2, 3, 4], within: \(number(30...120)) min, rides: \(number(2...6)), price: \(amount())}
    - {name: bus, when: {mode: [bus, tram]}, refuses: [{after: {mode: bus}, ride: {mode: bus}}], within: 60 min, price: \(amount())}
    \(concessionTicket())

    """
  }

  /// A ticket with a price of its own for pupils; no pass and no carnet changes whose price counts.
  private mutating func concessionTicket() -> String {
    guard later.chance(0.5) else { return "" }
    let adult = later.integer(in: 100...400)
    let pupil = later.integer(in: 20...adult)
    return "- {name: short, within: \(later.integer(in: 10...40)) min, "
      + "price: {adult: \(adult), pupil: \(pupil)}}"
  }
}
