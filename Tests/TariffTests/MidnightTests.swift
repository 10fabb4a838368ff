import Tariff
import Testing

/// A ride over midnight, and what a rider holds or has paid on both days: 10.00 a ride, or a ticket of 2.80.
struct Midnight: Sendable, CustomTestStringConvertible {
  var testDescription: String
  var rules: String
  var rides: String

  init(_ name: String, rules: String, rides: String) {
    testDescription = name
    self.rules = rules
    self.rides = rides
  }

  func check() -> TariffCheck {
    let head = """
      effective: {from: 2024-01-01}
      currency: UAH
      timezone: Europe/Kyiv
      categories: {adult: {}, pensioner: {free: true, as: adult}}

      """
    return TariffSource(
      folder: "midnight",
      files: [
        TariffFile(path: TariffSource.mainPath, text: head + rules),
        TariffFile(path: "cases/case.yaml", text: "- case: \(testDescription)\n" + rides),
      ]
    ).check()
  }

  /// Expects each ride to pay what the case says.
  func expectGood() {
    let check = check()
    #expect(check.isGood, "\(check.text)")
  }
}

private let price = "fares: [{name: ride, price: 10.00}]\n"
private let ticket = "tickets: [{name: hour, within: 80 min, price: 2.80}]\n"
private let pass = "products: [{name: two days, valid: {days: 2}}]\n"

private let products = [
  Midnight(
    "a pass carries the ride that began on its last day", rules: price + pass,
    rides: """
        buys: [{product: two days, at: "2024-05-14 07:00"}]
        rides:
        - {on: "2024-05-15 23:50", off: "2024-05-16 00:10", mode: metro, pays: 0, because: two days}
        - {at: "2024-05-16 00:20", mode: bus, pays: 10.00}
      """),
  Midnight(
    "a pass that is bought after midnight carries no ride of before", rules: price + pass,
    rides: """
        buys: [{product: two days, at: "2024-05-15 00:05"}]
        rides:
        - {on: "2024-05-14 23:50", off: "2024-05-15 00:10", mode: metro, pays: 10.00}
        - {at: "2024-05-15 00:20", mode: bus, pays: 0, because: two days}
      """),
  Midnight(
    "a trip of a carnet goes on the ride that began on its last day",
    rules: price + "products: [{name: trips, trips: 3, valid: {days: 2}}]",
    rides: """
        buys: [{product: trips, at: "2024-05-14 07:00"}]
        rides:
        - {at: "2024-05-14 08:00", mode: bus, pays: 0, because: trips}
        - {on: "2024-05-15 23:50", off: "2024-05-16 00:10", mode: metro, pays: 0, because: trips}
        - {at: "2024-05-16 00:20", mode: bus, pays: 10.00}
      """),
]

/// A cap of 25.00 whose period the ride over midnight ends.
private func capped(_ name: String, per period: String, first: String, last: String, next: String)
  -> Midnight
{
  Midnight(
    name, rules: price + "caps: [{name: cap, per: \(period), amount: 25.00}]",
    rides: """
        rides:
        - {at: "\(first) 08:00", mode: bus, pays: 10.00}
        - {at: "\(last) 09:00", mode: bus, pays: 10.00}
        - {on: "\(last) 23:50", off: "\(next) 00:10", mode: metro, pays: 5.00}
        - {at: "\(next) 08:00", mode: bus, pays: 10.00}
        total: 35.00
      """)
}

private let caps = [
  capped(
    "a cap of the day holds the ride that began on it", per: "day", first: "2024-05-14",
    last: "2024-05-14", next: "2024-05-15"),
  capped(
    "a cap of the week holds the ride of Sunday night", per: "week", first: "2024-05-18",
    last: "2024-05-19", next: "2024-05-20"),
  capped(
    "a cap of the month holds the ride of its last night", per: "month", first: "2024-05-30",
    last: "2024-05-31", next: "2024-06-01"),
  capped(
    "a cap of three days holds the ride of the third night", per: "{days: 3}",
    first: "2024-05-14", last: "2024-05-16", next: "2024-05-17"),
  Midnight(
    "a cap of 24 hours knows no midnight",
    rules: price + "caps: [{name: cap, per: {length: 24 h}, amount: 25.00}]",
    rides: """
        rides:
        - {at: "2024-05-14 08:00", mode: bus, pays: 10.00}
        - {on: "2024-05-14 23:50", off: "2024-05-15 00:10", mode: metro, pays: 10.00}
        - {at: "2024-05-15 07:59", mode: bus, pays: 5.00}
        - {at: "2024-05-15 08:00", mode: bus, pays: 10.00}
      """),
  Midnight(
    "a cap that is bought holds the ride of its last night",
    rules: price + "products: [{name: card, when: {mode: none}, valid: {days: 2}}]\n"
      + "caps: [{name: cap, per: {product: card}, amount: 15.00}]",
    rides: """
        buys: [{product: card, at: "2024-05-14 07:00"}]
        rides:
        - {at: "2024-05-14 08:00", mode: bus, pays: 10.00}
        - {on: "2024-05-15 23:50", off: "2024-05-16 00:10", mode: metro, pays: 5.00}
        - {at: "2024-05-16 08:00", mode: bus, pays: 10.00}
      """),
]

private let fees =
  ticket + "surcharges: [{name: night, when: {route: N1}, amount: 2.00, caps: inside}]\n"

private let tickets = [
  Midnight(
    "a later ride of a ticket pays its fee, and the cap holds it",
    rules: fees + "caps: [{name: cap, per: day, amount: 6.00}]",
    rides: """
        rides:
        - {at: "2024-05-14 08:00", mode: bus, route: 1, pays: 2.80}
        - {at: "2024-05-14 08:30", mode: bus, route: N1, pays: 2.00}
        - {at: "2024-05-14 09:00", mode: bus, route: N1, pays: 1.20}
        - {at: "2024-05-14 09:10", mode: bus, route: N1, pays: 0}
      """),
  Midnight(
    "a ride after midnight on the ticket of the evening pays its fee", rules: fees,
    rides: """
        rides:
        - {at: "2024-05-14 23:40", mode: bus, route: 1, pays: 2.80}
        - {at: "2024-05-15 00:10", mode: bus, route: N1, pays: 2.00}
        - {at: "2024-05-15 00:40", mode: bus, route: N1, pays: 2.00}
      """),
  Midnight(
    "a pass leaves no fee on a later ride of a ticket either", rules: fees + pass,
    rides: """
        buys: [{product: two days, at: "2024-05-14 07:00"}]
        rides:
        - {at: "2024-05-14 08:00", mode: bus, route: N1, pays: 0, because: two days}
        - {at: "2024-05-14 08:30", mode: bus, route: N1, pays: 0, because: two days}
      """),
  Midnight(
    "a pass that pays a part leaves the fee of a later ride of a ticket",
    rules: fees + "products: [{name: part, valid: {days: 2}, covers: 2.00}]",
    rides: """
        buys: [{product: part, at: "2024-05-14 07:00"}]
        rides:
        - {at: "2024-05-14 08:00", mode: bus, route: 1, pays: 0.80}
        - {at: "2024-05-14 08:30", mode: bus, route: N1, pays: 2.00}
        - {at: "2024-05-14 23:40", mode: bus, route: 1, pays: 0.80}
        - {at: "2024-05-15 00:10", mode: bus, route: N1, pays: 2.00}
      """),
  Midnight(
    "each ride of a free category on a ticket says that it is free", rules: fees,
    rides: """
        category: pensioner
        rides:
        - {at: "2024-05-14 08:00", mode: bus, route: N1, pays: 0, because: rides free}
        - {at: "2024-05-14 08:30", mode: bus, route: N1, pays: 0, because: rides free}
      """),
]

private let busTicket =
  "tickets: [{name: t+, follows: [{after: {mode: bus}, ride: {mode: bus}, within: 90 min}], price: 1.70}]"

private let hourAndLine = """
  tickets:
  - {name: hour, when: {mode: bus}, within: 60 min, price: 2.80}
  - {name: line, when: {mode: metro}, price: 2.00}
  """

/// A ride is of the fare day of its boarding, whenever it ended.
private let withoutTime = [
  Midnight(
    "a ride that ends after midnight goes on the ticket of its day", rules: hourAndLine,
    rides: """
        rides:
        - {at: "2024-05-14 08:00", mode: metro, pays: 2.00}
        - {at: "2024-05-14 23:40", mode: metro, pays: 0}
        - {on: "2024-05-14 23:50", off: "2024-05-15 00:10", mode: metro, pays: 0}
        - {at: "2024-05-15 00:20", mode: metro, pays: 2.00}
        - {at: "2024-05-15 23:00", mode: metro, pays: 0}
      """),
  Midnight(
    "a ride that ends after midnight goes on the ticket of its day where no ticket has a time",
    rules: "tickets: [{name: line, when: {mode: metro}, price: 2.00}]",
    rides: """
        rides:
        - {at: "2024-05-14 08:00", mode: metro, pays: 2.00}
        - {on: "2024-05-14 23:50", off: "2024-05-15 00:10", mode: metro, pays: 0}
        - {at: "2024-05-15 00:20", mode: metro, pays: 2.00}
        - {at: "2024-05-16 00:20", mode: metro, pays: 2.00}
      """),
  Midnight(
    "a ride that ends after midnight takes no ride of the next day on its ticket",
    rules: hourAndLine,
    rides: """
        rides:
        - {on: "2024-05-14 23:50", off: "2024-05-15 00:10", mode: metro, pays: 2.00}
        - {at: "2024-05-15 23:30", mode: metro, pays: 2.00}
      """),
  Midnight(
    "what may follow without a time follows on the fare day of the first ride",
    rules: """
      tickets:
      - name: t+
        follows:
        - {after: {mode: metro}, ride: {mode: metro}}
        - {after: {mode: bus}, ride: {mode: bus}, within: 90 min}
        price: 1.70
      """,
    rides: """
        rides:
        - {on: "2024-05-14 23:50", off: "2024-05-15 00:05", mode: metro, pays: 1.70}
        - {at: "2024-05-15 08:00", mode: metro, pays: 1.70}
        - {at: "2024-05-15 18:00", mode: metro, pays: 0}
      """),
]

private let remembered = [
  Midnight(
    "a time from the arrival goes on after a long ride",
    rules: "tickets: [{name: hour, within: 60 min, from: arrival, price: 2.80}]",
    rides: """
        rides:
        - {on: "2024-05-14 22:30", off: "2024-05-14 23:50", mode: metro, pays: 2.80}
        - {at: "2024-05-15 00:20", mode: bus, pays: 0}
        - {at: "2024-05-15 00:50", mode: bus, pays: 0}
        - {at: "2024-05-15 00:51", mode: bus, pays: 2.80}
      """),
  Midnight(
    "a ride that a habit completed keeps its ticket",
    rules: hourAndLine + "\ntapping: {limit: 20 min, habit: 2, incomplete: 9.00}",
    rides: """
        rides:
        - {on: "2024-05-12 23:00", off: "2024-05-12 23:10", mode: bus, stop: A, to_stop: B, pays: 2.80}
        - {on: "2024-05-13 21:00", off: "2024-05-13 21:10", mode: bus, stop: A, to_stop: B, pays: 2.80}
        - {on: "2024-05-14 23:30", mode: bus, stop: A, pays: 2.80}
        - {at: "2024-05-15 00:10", mode: bus, pays: 0}
        - {at: "2024-05-15 00:31", mode: bus, pays: 2.80}
      """),
  Midnight(
    "a time of what may follow goes on", rules: busTicket,
    rides: """
        rides:
        - {at: "2024-05-14 23:40", mode: bus, pays: 1.70}
        - {at: "2024-05-15 00:10", mode: bus, pays: 0}
        - {at: "2024-05-15 01:10", mode: bus, pays: 0}
        - {at: "2024-05-15 01:11", mode: bus, pays: 1.70}
      """),
  Midnight(
    "a ride that was open for long follows on none that began after it", rules: busTicket,
    rides: """
        rides:
        - {on: "2024-05-14 20:00", off: "2024-05-15 00:30", mode: bus, pays: 1.70}
        - {at: "2024-05-14 23:55", mode: bus, pays: 1.70}
        - {at: "2024-05-15 00:40", mode: bus, pays: 0}
      """),
  Midnight(
    "a ride that ends after midnight is on the ticket of one that began behind it",
    rules: busTicket,
    rides: """
        rides:
        - {on: "2024-05-14 23:30", off: "2024-05-15 00:20", mode: bus, pays: 0}
        - {at: "2024-05-14 23:55", mode: bus, pays: 1.70}
      """),
  Midnight(
    "rides of the evening whose ticket is over do not make two tickets of one",
    rules: ticket,
    rides: """
        rides:
        - {at: "2024-05-14 22:00", mode: bus, pays: 2.80}
        - {at: "2024-05-14 22:50", mode: bus, pays: 0}
        - {at: "2024-05-14 23:15", mode: bus, pays: 0}
        - {at: "2024-05-15 00:05", mode: bus, pays: 2.80}
        - {at: "2024-05-15 00:30", mode: bus, pays: 0}
      """),
  Midnight(
    "a ticket without a time ends with the fare day, beside one with a time",
    rules: hourAndLine,
    rides: """
        rides:
        - {at: "2024-05-14 23:40", mode: metro, pays: 2.00}
        - {at: "2024-05-14 23:50", mode: metro, pays: 0}
        - {at: "2024-05-15 00:10", mode: metro, pays: 2.00}
        - {at: "2024-05-15 23:30", mode: metro, pays: 0}
        - {at: "2024-05-18 08:00", mode: metro, pays: 2.00}
      """),
]

struct MidnightTests {
  @Test(arguments: remembered)
  private func aTicketGoesOnOverMidnightAsFarAsItsTimes(_ worked: Midnight) { worked.expectGood() }

  @Test(arguments: withoutTime)
  private func aTicketWithoutATimeIsOfTheFareDayOfItsFirstBoarding(_ worked: Midnight) {
    worked.expectGood()
  }

  @Test(arguments: products)
  private func aProductPaysForTheRidesThatBeganWhileItHeld(_ worked: Midnight) {
    worked.expectGood()
  }

  @Test(arguments: caps)
  private func aCapHoldsTheRidesThatBeganInItsPeriod(_ worked: Midnight) { worked.expectGood() }

  @Test(arguments: tickets)
  private func aLaterRideOfATicketPaysItsFeesAlone(_ worked: Midnight) { worked.expectGood() }
}
