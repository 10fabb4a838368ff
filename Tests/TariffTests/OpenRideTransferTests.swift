import Basics
import Tariff
import Testing
import Transit

/// What a ride that is open over midnight pays stays the same whatever the rider did at the end of that
/// day, and nothing is used twice or credited that nobody paid.
private let fares = """
  fares: [{name: ride, price: 10.00}]
  tapping: {incomplete: 25.00}

  """
private let modes = """
  fares:
    - {name: tram, when: {mode: tram}, price: 20.00}
    - {name: metro, when: {mode: metro}, price: 20.00}
    - {name: bus, price: 10.00}
  services: {metro: {mode: metro}, bus: {mode: bus}, tram: {mode: tram}}

  """
private let hour = "transfers: [{name: hour, within: 60 min, pays: free}]\n"
private let chain = "chains: [{name: c, within: 60 min, joins: all, priced_by: ends}]\n"
private let carnet =
  fares + "products: [{name: ten, trips: 10, valid: {days: 30}, transfer: {within: 30 min}}]\n"

/// A metro without a tap off, a bus soon after it and one in the evening.
private let withBusHome = """
    rides:
    - {on: "2024-05-14 08:00", mode: metro, pays: 15.00}
    - {at: "2024-05-14 08:20", mode: bus, pays: 10.00}
    - {at: "2024-05-14 18:00", mode: bus, pays: 10.00}
    - {on: "2024-05-15 08:00", off: "2024-05-15 08:20", mode: metro, pays: 10.00}
  """

private let evenings = [
  Midnight(
    "a bus home does not end the transfer that a ride without a tap off shares",
    rules: fares + hour, rides: withBusHome),
  Midnight(
    "a bus home does not end the chain that a ride without a tap off shares",
    rules: fares + chain, rides: withBusHome),
  Midnight(
    "a bus home does not end the chain between two of whose rides another one was open",
    rules: fares + chain,
    rides: """
        rides:
        - {at: "2024-05-14 07:50", mode: bus, pays: 10.00}
        - {on: "2024-05-14 08:00", mode: metro, pays: 0}
        - {at: "2024-05-14 08:10", mode: bus, pays: 0}
        - {at: "2024-05-14 18:00", mode: bus, pays: 10.00}
        - {on: "2024-05-15 08:00", off: "2024-05-15 08:20", mode: metro, pays: 10.00}
      """),
  Midnight(
    "a bus home does not end the trip that a ride without a tap off shares", rules: carnet,
    rides: """
        buys: [{product: ten, at: "2024-05-14 07:00"}]
        rides:
        - {on: "2024-05-14 08:00", mode: metro, pays: 0, because: no trip used}
        - {at: "2024-05-14 08:20", mode: bus, pays: 0, because: "9 left"}
        - {at: "2024-05-14 18:00", mode: bus, pays: 0, because: "8 left"}
        - {at: "2024-05-15 19:00", mode: bus, pays: 0, because: "7 left"}
      """),
  Midnight(
    "a bus that extends a transfer does not take its beginning from a ride that was open",
    rules: fares
      + "transfers: [{name: t, within: 60 min, extends: always, count: 9, pays: free}]",
    rides: """
        rides:
        - {on: "2024-05-14 08:00", mode: metro, pays: 15.00}
        - {at: "2024-05-14 08:20", mode: bus, pays: 10.00}
        - {at: "2024-05-14 09:10", mode: bus, pays: 0}
        - {on: "2024-05-15 08:00", off: "2024-05-15 08:20", mode: metro, pays: 10.00}
      """),
]

private let difference = """
    rides:
    - {at: "2024-05-14 23:00", mode: bus, pays: 10.00}
    - {on: "2024-05-14 23:10", off: "2024-05-15 00:05", mode: metro, pays: 0}
    - {at: "2024-05-14 23:20", mode: tram, pays: 10.00}
  """

private let extended = [
  Midnight(
    "what was paid on an extended transfer is credited to a ride that was open",
    rules: modes + "transfers: [{name: t, within: 60 min, extends: always, pays: difference}]",
    rides: difference),
  Midnight(
    "what was paid on a transfer that paid rides extend is credited to a ride that was open",
    rules: modes + "transfers: [{name: t, within: 60 min, extends: when_paid, pays: difference}]",
    rides: difference),
  Midnight(
    "the one change of an extended transfer is used once",
    rules: fares
      + "transfers: [{name: t, within: 60 min, extends: always, count: 1, pays: free}]",
    rides: """
        rides:
        - {at: "2024-05-14 23:00", mode: bus, pays: 10.00}
        - {on: "2024-05-14 23:10", off: "2024-05-15 00:05", mode: metro, pays: 10.00}
        - {at: "2024-05-14 23:20", mode: bus, pays: 0}
      """),
]

private let pass = "products: [{name: bus, when: {mode: bus}, valid: {days: 30}}]\n"
private let passRides = """
    buys: [{product: bus, at: "2024-05-14 07:00"}]
    rides:
    - {on: "2024-05-14 08:00", mode: metro, pays: 25.00}
    - {at: "2024-05-14 08:20", mode: bus, pays: 0}
    - {on: "2024-05-15 08:00", off: "2024-05-15 08:20", mode: metro, pays: 10.00}
  """

private let unpaid = [
  Midnight(
    "a ride on a pass credits nothing to one that was open before it",
    rules: fares + pass + hour, rides: passRides),
  Midnight(
    "a ride on a carnet credits nothing to one that was open before it",
    rules: fares
      + "products: [{name: bus, when: {mode: bus}, trips: 10, valid: {days: 30}}]\n"
      + "transfers: [{name: hour, within: 60 min, pays: difference}]",
    rides: passRides),
  Midnight(
    "a ride of a chain on a pass credits nothing to one that was open before it",
    rules: fares + pass + chain, rides: passRides),
  Midnight(
    "a ride that a cap made free credits nothing to one that was open before it",
    rules: modes + "caps: [{name: bus day, when: {mode: bus}, per: day, amount: 10.00}]\n" + hour,
    rides: """
        rides:
        - {at: "2024-05-14 05:00", mode: bus, pays: 10.00}
        - {on: "2024-05-14 23:10", off: "2024-05-15 00:05", mode: metro, pays: 20.00}
        - {at: "2024-05-14 23:20", mode: bus, pays: 0}
      """),
]

/// A metro that was open, then a bus and a tram that pay as is said.
private func beforeTwo(metro: String, tram: String) -> String {
  """
    rides:
    - {on: "2024-05-14 23:10", off: "2024-05-15 00:05", mode: metro, route: M1, pays: \(metro)}
    - {at: "2024-05-14 23:20", mode: bus, route: B1, pays: 10.00}
    - {at: "2024-05-14 23:30", mode: tram, route: M1, pays: \(tram)}
  """
}

private let first = [
  Midnight(
    "a ride that was open is credited the first ride after it, not the last",
    rules: modes + "transfers: [{name: t, within: 60 min, pays: difference_to_last}]",
    rides: beforeTwo(metro: "10.00", tram: "10.00")),
  Midnight(
    "a ride that was open is credited the share of the first ride after it",
    rules: modes + "transfers: [{name: t, within: 60 min, pays: 50%}]",
    rides: beforeTwo(metro: "15.00", tram: "10.00")),
  Midnight(
    "a ride that was open is held against the service of the first ride after it",
    rules: modes
      + "transfers: [{name: t, within: 60 min, pays: free, pairs: [{from: metro, to: [tram], pays: new}]}]",
    rides: beforeTwo(metro: "10.00", tram: "0")),
  Midnight(
    "a ride that was open is credited no supplement of a ride behind the first one after it",
    rules: modes
      + "transfers: [{name: t, within: 60 min, pays: free, pairs: [{from: bus, to: [tram], pays: {supplement: 3.00}}]}]",
    rides: beforeTwo(metro: "10.00", tram: "3.00")),
  Midnight(
    "a ride that was open is held against the route of the first ride after it",
    rules: fares + "transfers: [{name: t, within: 60 min, refuses: [same_route], pays: free}]",
    rides: beforeTwo(metro: "0", tram: "0")),
]

private let carnets = [
  Midnight(
    "a carnet pays no ride from before it was bought", rules: carnet,
    rides: """
        buys: [{product: ten, at: "2024-05-14 08:10"}]
        rides:
        - {on: "2024-05-14 08:00", mode: metro, pays: 25.00}
        - {at: "2024-05-14 08:20", mode: bus, pays: 0, because: "9 left"}
        - {at: "2024-05-15 19:00", mode: bus, pays: 0, because: "8 left"}
      """),
  Midnight(
    "a trip that a ride was open before is the trip of that ride", rules: carnet,
    rides: """
        buys: [{product: ten, at: "2024-05-14 07:00"}]
        rides:
        - {on: "2024-05-14 23:30", off: "2024-05-15 00:05", mode: metro, pays: 0, because: no trip used}
        - {at: "2024-05-14 23:50", mode: bus, pays: 0, because: "9 left"}
        - {at: "2024-05-15 00:15", mode: bus, pays: 0, because: "8 left"}
      """),
  Midnight(
    "whether two rides share a trip is asked of the second one",
    rules: fares
      + "products: [{name: ten, trips: 10, valid: {days: 30}, transfer: {within: 30 min, when: {mode: bus}}}]",
    rides: """
        buys: [{product: ten, at: "2024-05-14 07:00"}]
        rides:
        - {on: "2024-05-14 08:00", mode: metro, pays: 0, because: no trip used}
        - {at: "2024-05-14 08:20", mode: bus, pays: 0, because: "9 left"}
        - {at: "2024-05-15 19:00", mode: bus, pays: 0, because: "8 left"}
      """),
]

private let plain = "fares: [{name: ride, price: 10.00}]\n"
private let betweenArrivals = """
    rides:
    - {on: "2024-05-14 07:00", off: "2024-05-14 19:00", mode: metro, pays: 10.00}
    - {at: "2024-05-14 08:00", mode: bus, pays: 10.00}
    - {at: "2024-05-14 12:00", mode: bus, pays: 10.00}
  """

private let arrivals = [
  Midnight(
    "a chain that runs to an arrival is over for a ride that took too long",
    rules: fares + "chains: [{name: c, within: 60 min, to: arrival, joins: all, priced_by: ends}]",
    rides: """
        rides:
        - {at: "2024-05-14 21:30", mode: bus, pays: 10.00}
        - {on: "2024-05-14 21:40", off: "2024-05-15 00:05", mode: metro, pays: 10.00}
        - {at: "2024-05-14 22:20", mode: bus, pays: 0}
        - {at: "2024-05-14 22:40", mode: bus, pays: 0}
      """),
  Midnight(
    "buses while a ride was open are no transfers from its arrival",
    rules: plain + "transfers: [{name: t, within: 60 min, from: arrival, pays: free}]",
    rides: betweenArrivals),
  Midnight(
    "buses while a ride was open go on with no chain from its arrival",
    rules: plain
      + "chains: [{name: t, within: 60 min, from: arrival, joins: all, priced_by: ends}]",
    rides: betweenArrivals),
  Midnight(
    "buses while a ride was open are not on a ticket from its arrival",
    rules: "tickets: [{name: t, within: 60 min, from: arrival, price: 10.00}]",
    rides: betweenArrivals),
]

private let twice = """
    rides:
    - {on: "2024-05-14 23:00", off: "2024-05-15 00:10", mode: metro, pays: 0}
    - {at: "2024-05-14 23:30", mode: bus, pays: 2.80}
    - {on: "2024-05-15 00:15", off: "2024-05-16 00:30", mode: metro, pays: 2.80}
  """

private let tickets = [
  Midnight(
    "what was paid for a ticket is taken by one of two rides that were open",
    rules: "tickets: [{name: hour, within: 60 min, price: 2.80}]", rides: twice),
  Midnight(
    "what was paid for a ticket of two rides is taken by one of two that were open",
    rules: "tickets: [{name: two, within: 120 min, rides: 2, price: 2.80}]", rides: twice),
]

struct OpenRideTransferTests {
  @Test(arguments: tickets)
  private func whatWasPaidForATicketIsTakenOnce(_ worked: Midnight) { worked.expectGood() }

  @Test(arguments: evenings)
  private func whatARideThatWasOpenSharesOutlastsTheEvening(_ worked: Midnight) {
    worked.expectGood()
  }

  @Test(arguments: extended + arrivals)
  private func aTransferThatGoesOnIsOneForARideThatWasOpen(_ worked: Midnight) {
    worked.expectGood()
  }

  @Test(arguments: unpaid)
  private func aRideThatWasOpenIsCreditedWhatWasPaid(_ worked: Midnight) { worked.expectGood() }

  @Test(arguments: first)
  private func aRideThatWasOpenSharesATransferByItsFirstRide(_ worked: Midnight) {
    worked.expectGood()
  }

  @Test(arguments: carnets)
  private func aRideThatWasOpenSharesATripAsInItsTurn(_ worked: Midnight) { worked.expectGood() }

  @Test(arguments: [hour, chain, ""])
  private func whatAnOpenRideMayShareIsStored(_ rules: String) throws {
    let book = try openRideBook(rules.isEmpty ? carnet : fares + rules)
    let day = try #require(Day(year: 2024, month: 5, day: 14))
    let taps = try [
      ("07:50", TapKind.single), ("08:00", .on), ("08:20", .single), ("18:00", .single),
    ].map { time, kind in
      let at = try #require(Instant(iso8601: "2024-05-14T\(time):00Z"))
      return FareTap(ref: 0, at: at, kind: kind, medium: .card, category: "adult")
    }
    let bought = FarePurchase(
      product: "ten", at: try #require(Instant(iso8601: "2024-05-14T07:00:00Z")))
    let bytes = book.rate(day: day, state: .empty, taps: taps, purchases: [bought]).state.bytes
    #expect(bytes.first == 5)
    #expect(RiderState(bytes: bytes)?.bytes == bytes)
    for count in 0..<bytes.count {
      #expect(RiderState(bytes: Array(bytes.prefix(count))) == nil)
    }
  }

  @Test func aRideOfAnotherVersionKeepsTheTripThatItFoundBesideTickets() {
    func version(_ effective: String) -> String {
      """
      effective: \(effective)
      currency: UAH
      timezone: UTC
      categories: [adult]
      tapping: {limit: 30 h}
      tickets: [{name: hour, within: 60 min, price: 10.00}]
      products: [{name: ten, trips: 10, valid: {days: 30}, transfer: {within: 30 min}}]

      """
    }
    let text =
      "version: old\n" + version("{from: 2024-01-01, until: 2024-05-14}") + "---\nversion: new\n"
      + version("{from: 2024-05-15}")
    let worked = """
      - case: late
        buys: [{product: ten, at: "2024-05-14 07:00"}]
        rides:
        - {at: "2024-05-14 23:40", mode: bus, pays: 0, because: "9 left"}
        - {on: "2024-05-14 23:50", off: "2024-05-16 04:00", mode: metro, pays: 0, because: no trip used}
        - {at: "2024-05-15 10:00", mode: bus, pays: 0, because: "8 left"}
        - {at: "2024-05-16 10:00", mode: bus, pays: 0, because: "7 left"}
      """
    let check = TariffSource(
      folder: "open",
      files: [
        TariffFile(path: TariffSource.mainPath, text: text),
        TariffFile(path: "cases/case.yaml", text: worked),
      ]
    ).check()
    #expect(check.isGood, "\(check.text)")
  }
}
