import Basics
import Tariff
import Testing
import Transit

private let modes = """
  fares: [{name: metro, when: {mode: metro}, price: 50.00}, {name: bus, price: 10.00}]

  """
private let doubled = "tapping: {limit: 60 h, incomplete: 70.00, pass_back: {within: 5 min}}\n"
private let hour = "transfers: [{name: t, within: 60 min, pays: free}]\n"

private let taps = [
  Midnight(
    "a second tap after midnight begins no ride of its own when the evening is rated anew",
    rules: modes + doubled,
    rides: """
        rides:
        - {on: "2024-05-14 23:58", off: "2024-05-16 08:00", vehicle: V, mode: metro, pays: 50.00}
        - {at: "2024-05-14 23:59", vehicle: W, pays: 10.00}
        - {on: "2024-05-15 00:01", vehicle: V, mode: metro, pays: 0, because: second tap}
        - {on: "2024-05-17 08:00", off: "2024-05-17 08:10", vehicle: Z, pays: 10.00}
        total: 70.00
      """),
  Midnight(
    "a tap off of days later ends no ride that no limit ends, whatever rides are behind it",
    rules: modes + "tapping: {incomplete: 70.00}",
    rides: """
        rides:
        - {on: "2024-05-14 23:30", mode: metro, pays: 70.00}
        - {at: "2024-05-14 23:50", pays: 10.00}
        - {at: "2024-05-20 08:00", pays: 10.00}
      """),
  Midnight(
    "a ride is completed from habit whatever rides are behind it",
    rules: modes + "tapping: {limit: 20 h, incomplete: 70.00, habit: 3}",
    rides: """
        rides:
        - {on: "2024-05-12 08:00", off: "2024-05-12 08:20", stop: A, to_stop: B, pays: 10.00}
        - {on: "2024-05-13 08:00", off: "2024-05-13 08:20", stop: A, to_stop: B, pays: 10.00}
        - {on: "2024-05-14 08:00", off: "2024-05-14 08:20", stop: A, to_stop: B, pays: 10.00}
        - {on: "2024-05-14 23:30", stop: A, pays: 10.00, because: usual stop}
        - {at: "2024-05-14 23:50", stop: C, pays: 10.00}
        - {at: "2024-05-17 08:00", stop: A, pays: 10.00}
      """),
  Midnight(
    "a ride that doubles the one before it is a second tap whatever rides are behind it",
    rules: modes + "tapping: {pass_back: {within: 5 min}}",
    rides: """
        rides:
        - {at: "2024-05-14 23:28", vehicle: V, mode: metro, pays: 50.00}
        - {on: "2024-05-14 23:30", off: "2024-05-15 00:10", vehicle: V, mode: metro, pays: 0, because: second tap}
        - {at: "2024-05-14 23:50", vehicle: W, pays: 10.00}
      """),
]

private let sums = [
  Midnight(
    "a ride that gives nothing back leaves the transfer of the one behind it",
    rules: modes + hour,
    rides: """
        rides:
        - {on: "2024-05-14 23:30", off: "2024-05-15 00:10", pays: 0}
        - {at: "2024-05-14 23:50", mode: metro, pays: 50.00}
        - {at: "2024-05-15 00:40", mode: metro, pays: 0, because: free transfer}
        total: 50.00
      """),
  Midnight(
    "a cap of hours holds what was paid where the ride gives nothing back",
    rules: modes + hour + "caps: [{name: hours, per: {length: 20 h}, amount: 60.00}]",
    rides: """
        rides:
        - {on: "2024-05-14 23:30", off: "2024-05-15 00:10", pays: 0}
        - {at: "2024-05-14 23:50", mode: metro, pays: 50.00}
        - {at: "2024-05-15 12:00", mode: metro, pays: 10.00}
        total: 60.00
      """),
  Midnight(
    "a carnet that the turn uses up is used as far as rides have told",
    rules: modes
      + "transfers: [{name: t, when: {not: {mode: tram}}, ended_by: {mode: tram}, within: 60 min, pays: free}]\n"
      + "products: [{name: two, when: {mode: bus}, trips: 2, valid: {days: 30}}]",
    rides: """
        buys: [{product: two, at: "2024-05-14 07:00"}]
        rides:
        - {at: "2024-05-14 23:20", mode: metro, pays: 50.00}
        - {on: "2024-05-14 23:30", off: "2024-05-15 00:10", mode: tram, pays: 10.00}
        - {at: "2024-05-14 23:40", mode: bus, pays: 0, because: free transfer}
        - {at: "2024-05-14 23:50", mode: bus, pays: 0, because: free transfer}
        - {at: "2024-05-15 09:00", mode: bus, pays: 0, because: "one trip of \\"two\\", 1 left"}
        - {at: "2024-05-15 18:00", mode: bus, pays: 0, because: "one trip of \\"two\\", 0 left"}
        - {at: "2024-05-16 18:00", mode: bus, pays: 10.00}
      """),
  Midnight(
    "a ride without a known fare leaves the transfer of the one behind it",
    rules: """
      fares: [{name: bus, when: {mode: bus}, price: 10.00}]
      tapping: {pass_back: {within: 20 min}}

      """ + hour,
    rides: """
        rides:
        - {on: "2024-05-14 23:30", off: "2024-05-15 00:10", mode: tram, vehicle: V, pays: unknown}
        - {at: "2024-05-14 23:40", mode: bus, vehicle: V, pays: 10.00}
        - {at: "2024-05-15 00:20", mode: bus, vehicle: W, pays: 0, because: free transfer}
      """),
  Midnight(
    "a cap counts what was paid where the ride gives nothing back",
    rules: modes + hour + "caps: [{name: week, per: week, amount: 60.00}]",
    rides: """
        rides:
        - {on: "2024-05-14 23:30", off: "2024-05-15 00:10", pays: 0}
        - {at: "2024-05-14 23:50", mode: metro, pays: 50.00}
        - {at: "2024-05-15 12:00", mode: metro, pays: 10.00}
        total: 60.00
      """),
  Midnight(
    "one trip of a carnet is used where one more is used in all",
    rules: modes + hour
      + "products: [{name: two, when: {mode: bus}, trips: 2, valid: {days: 30}}]",
    rides: """
        buys: [{product: two, at: "2024-05-14 07:00"}]
        rides:
        - {on: "2024-05-14 23:30", off: "2024-05-15 00:10", mode: metro, pays: 50.00}
        - {at: "2024-05-14 23:50", mode: bus, pays: 0, because: "one trip of \\"two\\", 1 left"}
        - {at: "2024-05-15 08:00", mode: bus, pays: 0, because: "one trip of \\"two\\", 0 left"}
        - {at: "2024-05-15 18:00", mode: bus, pays: 10.00}
      """),
  Midnight(
    "a ride that pays for a dearer one is carried by no carnet",
    rules: modes + "products: [{name: one, trips: 1, valid: {days: 30}}]",
    rides: """
        buys: [{product: one, at: "2024-05-14 07:00"}]
        rides:
        - {on: "2024-05-14 23:30", off: "2024-05-15 00:10", mode: bus, pays: 50.00, because: "later rides (1)"}
        - {at: "2024-05-14 23:50", mode: metro, pays: 0, because: "one trip of \\"one\\", 0 left"}
      """),
]

struct OpenRideTurnTests {
  @Test(arguments: taps)
  private func tapsOfAnOpenRideAreItsOwnInTheEveningToo(_ worked: Midnight) {
    worked.expectGood()
  }

  @Test(arguments: sums)
  private func whatRidesUsedAndPaidIsWhatTheStateKnows(_ worked: Midnight) { worked.expectGood() }

  /// Two equal taps on are two rides, of which the first is given up on its own day.
  @Test func equalTapsOnAreToldOnceEach() throws {
    let book = try openRideBook(modes + "tapping: {limit: 30 h, incomplete: 70.00}")
    let tap = try OpenRideTap(book)
    let evening = book.rate(
      day: tap.day, state: .empty,
      taps: [
        try tap("14T23:30", .on, .metro, ref: 0), try tap("14T23:30", .on, .metro, ref: 1),
        try tap("14T23:50", .single, .bus, ref: 2),
      ])
    let night = book.rate(
      day: tap.day.adding(days: 1), state: evening.state,
      taps: [try tap("15T00:10", .off, .metro, ref: 0)])
    #expect(evening.rides.map(\.chargedMinor) == [7000, 1000])
    #expect(night.rides.map(\.chargedMinor) == [5000])
  }

  /// Half the price for a category, of which the city pays the other half.
  @Test func whatACategoryTakesOffIsToldOnce() throws {
    let book = try openRideBook(
      """
      fares: [{name: ride, price: 10.00}]
      """ + "\n" + hour, categories: "{full: {}, half: {pays: 50%}}")
    let tap = try OpenRideTap(book, category: "half")
    let evening = book.rate(
      day: tap.day, state: .empty,
      taps: [try tap("14T23:30", .on, .bus), try tap("14T23:50", .single, .bus)])
    let night = book.rate(
      day: tap.day.adding(days: 1), state: evening.state, taps: [try tap("15T00:10", .off, .bus)])
    let rides = evening.rides + night.rides
    #expect(rides.map(\.chargedMinor) == [500, 0])
    let told = rides.flatMap(\.reason.steps).filter { $0.code == .reducedCategory }
    #expect(told.map(\.minor) == [500])
  }

  @Test func aProductThatIsGivenBackCarriesNoRideThatIsStillOpen() throws {
    let book = try openRideBook(
      "fares: [{name: ride, price: 10.00}]\nproducts: [{name: pass, valid: {days: 30}}]")
    let tap = try OpenRideTap(book)
    let bought = FarePurchase(
      product: "pass", at: try #require(Instant(iso8601: "2024-05-14T07:00:00Z")))
    let evening = book.rate(
      day: tap.day, state: .empty,
      taps: [try tap("14T23:30", .on, .bus), try tap("14T23:50", .single, .bus)],
      purchases: [bought])
    var returned = try #require(RiderState(bytes: evening.state.bytes))
    returned.giveBack([bought])
    let night = book.rate(
      day: tap.day.adding(days: 1), state: try #require(RiderState(bytes: returned.bytes)),
      taps: [try tap("15T00:10", .off, .bus), try tap("15T08:00", .single, .bus)])
    #expect(evening.rides.map(\.chargedMinor) == [0])
    #expect(night.rides.map(\.chargedMinor) == [1000, 1000])
  }
}

/// Taps of one rider in May 2024.
private struct OpenRideTap {
  let category: String
  let day: Day

  init(_ book: TariffBook, category: String = "adult") throws {
    self.category = category
    day = try #require(Day(year: 2024, month: 5, day: 14))
  }

  func callAsFunction(
    _ at: String, _ kind: TapKind, _ mode: Mode, ref: Int = 0
  ) throws -> FareTap {
    FareTap(
      ref: ref, at: try #require(Instant(iso8601: "2024-05-\(at):00Z")), kind: kind, medium: .card,
      category: category, mode: mode)
  }
}
