import Tariff
import Testing

/// A construct of the language with rules and a worked case.
struct Feature: Sendable, CustomTestStringConvertible {
  var testDescription: String
  var rules: String
  var products: String
  var rides: String

  init(_ name: String, rules: String, products: String = "", rides: String) {
    testDescription = name
    self.products = products
    self.rules = rules
    self.rides = rides
  }

  func check() -> TariffCheck {
    let head = """
      effective: {from: 2024-01-01}
      currency: UAH
      timezone: Europe/Kyiv
      categories:
        adult: {}
        child: {pays: 50%, as: adult, rounding: down, to: 0.50}
        student: {proof: student card, without_proof: adult}
      products:
      - {name: student card, when: {mode: none}, valid: {days: 2}}

      """
    let text = "- case: \(testDescription)\n" + rides
    return TariffSource(
      folder: "feature",
      files: [
        TariffFile(path: "tariff.yaml", text: head + products + "\n" + rules),
        TariffFile(path: "cases/case.yaml", text: text),
      ]
    ).check()
  }
}

let flat = "fares: [{name: flat, price: 10.00}]\n"

private let features: [Feature] = [
  Feature(
    "a category pays a share, rounded once to a step", rules: "fares: [{name: a, price: 7.50}]",
    rides: """
        category: child
        day: 2024-05-14
        rides: [{at: "08:00", mode: bus, pays: 3.50}]
      """),
  Feature(
    "from arrival to departure, the end is inside",
    rules: flat + "transfers: [{name: t, within: 20 min, from: arrival, pays: free}]",
    rides: """
        day: 2024-05-14
        rides:
        - {on: "08:00", off: "08:30", mode: bus, pays: 10.00}
        - {on: "08:50", off: "09:00", mode: bus, pays: 0}
        - {on: "09:21", off: "09:30", mode: bus, pays: 10.00}
      """),
  Feature(
    "from departure to arrival",
    rules: flat + "transfers: [{name: t, within: 40 min, to: arrival, pays: free}]",
    rides: """
        day: 2024-05-14
        rides:
        - {on: "08:00", off: "08:10", mode: bus, pays: 10.00}
        - {on: "08:15", off: "08:40", mode: bus, pays: 0}
        - {on: "08:40", off: "08:41", mode: bus, pays: 10.00}
      """),
  Feature(
    "a window extended by each ride, up to a count",
    rules: flat + "transfers: [{name: t, within: 30 min, extends: always, count: 2, pays: 50%}]",
    rides: """
        day: 2024-05-14
        rides:
        - {at: "08:00", mode: bus, pays: 10.00}
        - {at: "08:25", mode: bus, pays: 5.00}
        - {at: "08:50", mode: bus, pays: 5.00}
        - {at: "09:10", mode: bus, pays: 10.00}
      """),
  Feature(
    "a ride that ends a transfer",
    rules: flat + """
      transfers: [{name: t, when: {mode: bus}, ended_by: {mode: metro}, within: 2 h, pays: free}]
      """,
    rides: """
        day: 2024-05-14
        rides:
        - {at: "08:00", mode: bus, pays: 10.00}
        - {at: "08:10", mode: tram, pays: 10.00}
        - {at: "08:20", mode: bus, pays: 0}
        - {at: "08:30", mode: metro, pays: 10.00}
        - {at: "08:40", mode: bus, pays: 10.00}
      """),
  Feature(
    "a maximum fare, a waiver and an excused station",
    rules: flat + """
      tapping:
        limit: 2 h
        incomplete: 25.00
        waivers: [{stops: [Closed], from: 2024-05-14T00:00:00+03:00, until: 2024-05-15T00:00:00+03:00, price: 3.00}]
      """,
    rides: """
        rides:
        - {on: "2024-05-14 08:00", mode: metro, stop: A, pays: 25.00, because: incomplete}
        - {on: "2024-05-14 12:00", mode: metro, stop: Closed, pays: 3.00, because: excused}
        - {on: "2024-05-15 12:00", mode: metro, stop: Closed, pays: 25.00}
      """),
  Feature(
    "a usual alighting completes a ride",
    rules: """
      tapping: {limit: 2 h, habit: 2, incomplete: 25.00}
      fares: [{name: a, price: {by: zones, pairs: [{from: 1, to: 2, price: 8}]}}]
      """,
    rides: """
        rides:
        - {on: "2024-05-13 08:00", off: "2024-05-13 08:20", mode: metro, stop: A, zone: 1, to_stop: B, to_zone: 2, pays: 8.00}
        - {on: "2024-05-14 08:00", off: "2024-05-14 08:20", mode: metro, stop: A, zone: 1, to_stop: B, to_zone: 2, pays: 8.00}
        - {on: "2024-05-15 08:00", mode: metro, stop: A, zone: 1, pays: 8.00, because: usual stop}
        - {on: "2024-05-15 12:00", mode: metro, stop: C, zone: 1, pays: 25.00}
      """),
  Feature(
    "a second tap on one vehicle is not charged again",
    rules: flat + "tapping: {pass_back: {within: 5 min}}",
    rides: """
        day: 2024-05-14
        rides:
        - {at: "08:00:00", mode: bus, vehicle: 7, pays: 10.00}
        - {at: "08:04:59", mode: bus, vehicle: 7, pays: 0, because: second tap}
        - {at: "08:05:00", mode: bus, vehicle: 8, pays: 10.00}
      """),
  Feature(
    "a doubled tap on gives up no ride",
    rules: flat + "tapping: {limit: 2 h, incomplete: 25.00, pass_back: {within: 5 min}}",
    rides: """
        day: 2024-05-14
        rides:
        # Tapped twice, and a third time, all within five minutes of the first: one ride, paid once.
        - {on: "08:00:00", off: "08:20", mode: bus, vehicle: 7, pays: 10.00}
        - {on: "08:00:03", mode: bus, vehicle: 7, pays: 0, because: second tap}
        - {on: "08:04:59", mode: bus, vehicle: 7, pays: 0, because: second tap}
        # Five minutes later is another boarding, and the first was never ended.
        - {on: "10:00", mode: bus, vehicle: 7, pays: 25.00, because: incomplete}
        - {on: "10:05", off: "10:20", mode: bus, vehicle: 7, pays: 10.00}
        # Another vehicle is another ride, however soon.
        - {on: "12:00", mode: bus, vehicle: 7, pays: 25.00, because: incomplete}
        - {on: "12:01", off: "12:20", mode: bus, vehicle: 8, pays: 10.00}
        # Tapped twice and never off: the ride is given up once.
        - {on: "14:00", mode: bus, vehicle: 9, pays: 25.00, because: incomplete}
        - {on: "14:01", mode: bus, vehicle: 9, pays: 0, because: second tap}
        total: 105.00
      """),
  Feature(
    "a doubled tap on over midnight",
    rules: flat + "tapping: {limit: 2 h, incomplete: 25.00, pass_back: {within: 5 min}}",
    rides: """
        rides:
        - {on: "2024-05-14 23:58", off: "2024-05-15 00:20", mode: bus, vehicle: 7, pays: 10.00}
        - {on: "2024-05-15 00:01", mode: bus, vehicle: 7, pays: 0, because: second tap}
        total: 10.00
      """),
  Feature(
    "a tap off that ends no ride says why",
    rules: flat + "tapping: {limit: 1 h, same_vehicle: yes, incomplete: 25.00}",
    rides: """
        day: 2024-05-14
        rides:
        - {off: "07:00", mode: bus, vehicle: 7, no_ride: yes, because: no tap on is open}
        - {on: "08:00", mode: bus, vehicle: 7, pays: 25.00, because: incomplete}
        - {off: "08:10", mode: bus, vehicle: 8, no_ride: yes, because: on another vehicle}
        - {off: "09:00:01", mode: bus, vehicle: 7, no_ride: yes, because: too long after the tap on}
        - {on: "10:00", off: "11:00", mode: bus, vehicle: 7, pays: 10.00}
        total: 35.00
      """),
  Feature(
    "without a limit a ride may be ended on the next fare day, and is given up at its end",
    rules: flat + "tapping: {incomplete: 25.00}",
    rides: """
        rides:
        - {on: "2024-05-14 08:00", off: "2024-05-15 23:59:59", mode: metro, pays: 10.00}
        - {on: "2024-05-16 08:00", mode: metro, pays: 25.00, because: incomplete}
        - {off: "2024-05-18 00:00", mode: metro, no_ride: yes, because: too long after the tap on}
        - {at: "2024-05-20 08:00", mode: bus, pays: 10.00}
        total: 45.00
      """),
  Feature(
    "the time of the tap off, whose end is outside",
    rules: """
      times: {early: [{before: "09:00"}]}
      fares: [{name: early, when: {to_time: early}, price: 6}, {name: a, price: 10}]
      """,
    rides: """
        day: 2024-05-14
        rides:
        - {on: "08:00", off: "08:59:59", mode: rail, pays: 6.00}
        - {on: "08:59:59", off: "09:00", mode: rail, pays: 10.00}
        - {at: "12:00", mode: bus, pays: 10.00}
      """),
  Feature(
    "days of the year that are in a time, and days that are not",
    rules: """
      times: {low: [{days: weekends, also_on: [2024-05-14], not_on: [2024-05-18]}]}
      fares: [{name: a, price: {by: time, low: 4, others: 10}}]
      """,
    rides: """
        rides:
        - {at: "2024-05-13 08:00", mode: bus, pays: 10.00}
        - {at: "2024-05-14 08:00", mode: bus, pays: 4.00}
        - {at: "2024-05-18 08:00", mode: bus, pays: 10.00}
        - {at: "2024-05-19 08:00", mode: bus, pays: 4.00}
      """),
  Feature(
    "a ride that was open for longer than its week counts to the cap of that week",
    rules: flat
      + "caps: [{name: week, per: week, amount: 15.00}]\ntapping: {limit: 40 h, incomplete: 12.00}",
    rides: """
        rides:
        - {on: "2024-05-19 23:00", mode: rail, pays: 12.00}
        - {at: "2024-05-20 08:00", mode: bus, pays: 10.00}
        - {on: "2024-05-21 08:00", off: "2024-05-21 08:30", mode: rail, pays: 5.00, because: week}
      """),
  Feature(
    "a ride on a pass takes its turn in a discount of each second ride",
    rules: flat + "repeats: [{name: second, every: 2, pays: 50%}]",
    products: "- {name: bus pass, when: {mode: bus}, valid: {days: 1}}",
    rides: """
        day: 2024-05-14
        buys: [{product: bus pass, at: "07:00"}]
        rides:
        - {at: "08:00", mode: bus, pays: 0, because: bus pass}
        - {at: "09:00", mode: tram, pays: 5.00, because: second}
        - {at: "10:00", mode: tram, pays: 10.00}
      """),
  Feature(
    "a pass from first use, and the calendar month",
    rules: flat,
    products: """
      - {name: three days, valid: {days: 3, from: first_use}}
      - {name: month, when: {mode: tram}, valid: {calendar: month}}
      """,
    rides: """
        buys: [{product: three days, at: "2024-05-01 08:00"}, {product: month, at: "2024-05-20 08:00"}]
        rides:
        - {at: "2024-05-10 08:00", mode: bus, pays: 0, because: three days}
        - {at: "2024-05-12 23:59", mode: bus, pays: 0}
        - {at: "2024-05-13 00:00", mode: bus, pays: 10.00}
        - {at: "2024-05-31 23:00", mode: tram, pays: 0, because: month}
        - {at: "2024-06-01 08:00", mode: tram, pays: 10.00}
      """),
  Feature(
    "a proof that is over",
    rules: """
      fares: [{name: a, price: {adult: 10, student: 5}}]
      """,
    rides: """
        category: student
        buys: [{product: student card, at: "2024-05-14 07:00"}]
        rides:
        - {at: "2024-05-14 08:00", mode: bus, pays: 5.00}
        - {at: "2024-05-16 08:00", mode: bus, pays: 10.00}
      """),
  Feature(
    "a cap of paid rides in rolling days",
    rules: flat + "caps: [{name: c, per: {days: 2}, rides: 2}]",
    rides: """
        rides:
        - {at: "2024-05-14 08:00", mode: bus, pays: 10.00}
        - {at: "2024-05-15 08:00", mode: bus, pays: 10.00}
        - {at: "2024-05-15 23:59", mode: bus, pays: 0}
        - {at: "2024-05-16 00:00", mode: bus, pays: 10.00}
      """),
  Feature(
    "a monthly cap whose last ride is whole",
    rules: flat + "caps: [{name: c, per: month, amount: 15.00, last_ride: whole}]",
    rides: """
        rides:
        - {at: "2024-02-01 08:00", mode: bus, pays: 10.00}
        - {at: "2024-02-28 08:00", mode: bus, pays: 10.00}
        - {at: "2024-02-29 08:00", mode: bus, pays: 0}
        - {at: "2024-03-01 08:00", mode: bus, pays: 10.00}
      """),
  Feature(
    "an out-of-station interchange makes one journey",
    rules: """
      fares: [{name: a, price: {by: zones, pairs: [{from: 1, to: 1, price: 5}, {from: 1, to: 2, price: 7}]}}]
      chains: [{name: osi, within: 20 min, from: arrival, joins: all, priced_by: ends, interchanges: [[X, Y]]}]
      """,
    rides: """
        day: 2024-05-14
        rides:
        - {on: "08:00", off: "08:20", mode: metro, stop: A, zone: 1, to_stop: X, to_zone: 1, pays: 5.00}
        - {on: "08:30", off: "08:50", mode: metro, stop: Y, zone: 1, to_stop: B, to_zone: 2, pays: 2.00}
        - {on: "08:55", off: "09:00", mode: metro, stop: C, zone: 1, to_stop: A, to_zone: 1, pays: 5.00}
      """),
  Feature(
    "kilometres, started ones are whole",
    rules: "fares: [{name: a, price: {per: km, amount: 0.50, base: 4.00}}]",
    rides: """
        day: 2024-05-14
        rides: [{on: "08:00", off: "08:20", mode: bus, km: 2.1, pays: 5.50}]
      """),
  Feature(
    "stops and numbered zones",
    rules: """
      zones: [1, 2, 3, 4, 5]
      fares:
      - {name: stops, when: {mode: bus}, price: {by: stop_count, bands: [{up_to: 5, price: 6}, {price: 9}]}}
      - {name: zones, price: {by: zone_count, bands: [{up_to: 2, price: 7}, {price: 11}]}}
      """,
    rides: """
        day: 2024-05-14
        rides:
        - {on: "08:00", off: "08:20", mode: bus, stops: 5, pays: 6.00}
        - {on: "09:00", off: "09:20", mode: bus, stops: 6, pays: 9.00}
        - {on: "10:00", off: "10:20", mode: rail, zone: 4, to_zone: 5, pays: 7.00}
        - {on: "11:00", off: "11:20", mode: rail, zone: 5, to_zone: 2, pays: 11.00}
      """),
  Feature(
    "a rider without stored value pays no top-up fee",
    rules: flat + "stored_value: {top_up_fee: 2%}",
    rides: """
        day: 2024-05-14
        rides:
        - {at: "08:00", mode: bus, pays: 10.00}
        - {at: "09:00", mode: bus, pays: 10.00}
      """),
  Feature(
    "what stored value lacks is topped up at a fee",
    rules: flat + "stored_value: {top_up_fee: 2%}",
    rides: """
        balance: 15.00
        day: 2024-05-14
        rides:
        - {at: "08:00", mode: bus, pays: 10.00}
        - {at: "09:00", mode: bus, pays: 10.10, because: top-up fee}
        - {at: "10:00", mode: bus, pays: 10.20}
      """),
]

/// All worked cases of constructs.
let allFeatures = features + linkFeatures + holdingFeatures + wordFeatures + ticketFeatures

/// Constructs that no published oracle shows.
struct FeatureTests {
  @Test(arguments: allFeatures)
  func aConstructDoesWhatItSays(_ feature: Feature) {
    let check = feature.check()
    #expect(check.isGood, "\(check.text)")
  }
}
