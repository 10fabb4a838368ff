import Basics
import Tariff
import Testing
import Transit

private let fares = """
  fares:
    - {name: metro, when: {mode: metro}, price: 9.00}
    - {name: tram, when: {mode: tram}, price: 6.00}
    - {name: bus, when: {mode: bus}, price: 4.00}

  """

private let hour = "transfers: [{name: t, within: 60 min, pays: free}]\n"

private let twoOfOneName = [
  Midnight(
    "two carnets that are sold from one moment have all their trips",
    rules: fares + "products: [{name: two, trips: 2, valid: {days: 30}}]",
    rides: """
        buys: [{product: two, at: "2024-05-14 07:00"}, {product: two, at: "2024-05-14 07:00"}]
        rides:
        - {at: "2024-05-14 23:20", mode: bus, pays: 0, because: "one trip of \\"two\\", 1 left"}
        - {on: "2024-05-14 23:30", off: "2024-05-15 00:10", mode: bus, pays: 0, because: one trip}
        - {at: "2024-05-14 23:50", mode: bus, pays: 0, because: "one trip of \\"two\\", 0 left"}
        - {at: "2024-05-15 09:00", mode: bus, pays: 0, because: "one trip of \\"two\\", 0 left"}
        - {at: "2024-05-15 18:00", mode: bus, pays: 4.00}
      """),
  Midnight(
    "of two carnets that the turn uses up each has as many trips as rides tell",
    rules: fares + "products: [{name: one, trips: 1, valid: {days: 30}}]",
    rides: """
        buys: [{product: one, at: "2024-05-14 07:00"}, {product: one, at: "2024-05-14 08:00"}]
        rides:
        - {on: "2024-05-14 23:30", off: "2024-05-15 00:10", mode: bus, pays: 0, because: one trip}
        - {at: "2024-05-14 23:50", mode: bus, pays: 0, because: one trip}
        - {at: "2024-05-15 09:00", mode: bus, pays: 4.00}
        - {at: "2024-05-15 18:00", mode: bus, pays: 4.00}
      """),
]

private let usedUp = [
  Midnight(
    "a cap of a carnet that is used up ends with its day, also beside an open ride",
    rules: fares + """
      products: [{name: s, trips: 1, valid: {days: 30}}]
      caps: [{name: c, per: {product: s}, amount: 3.00}]
      """,
    rides: """
        buys: [{product: s, at: "2024-05-14 07:00"}]
        rides:
        - {at: "2024-05-14 20:00", mode: bus, pays: 0, because: "one trip of \\"s\\", 0 left"}
        - {on: "2024-05-14 23:30", off: "2024-05-15 00:10", mode: bus, pays: 0, because: later rides}
        - {at: "2024-05-14 23:50", mode: bus, pays: 3.00}
        - {at: "2024-05-15 09:00", mode: bus, pays: 4.00}
        - {at: "2024-05-15 10:00", mode: bus, pays: 4.00}
      """)
]

private let endedByTram =
  "transfers: [{name: t, when: {mode: [bus, metro]}, ended_by: {mode: tram}, within: 60 min, pays: free}]\n"

private let tripsOfNoRide = [
  Midnight(
    "a carnet that no ride tells a trip of has not begun",
    rules: fares + endedByTram
      + "products: [{name: q, when: {mode: bus}, trips: 2, valid: {length: 60 min, from: first_use}}]",
    rides: """
        buys: [{product: q, at: "2024-05-14 07:00"}]
        rides:
        - {at: "2024-05-14 23:20", mode: metro, pays: 9.00}
        - {on: "2024-05-14 23:30", off: "2024-05-15 00:10", mode: tram, pays: 6.00}
        - {at: "2024-05-14 23:40", mode: bus, pays: 0, because: free transfer}
        - {at: "2024-05-15 00:50", mode: bus, pays: 0, because: "one trip of \\"q\\", 1 left"}
        - {at: "2024-05-15 08:00", mode: bus, pays: 4.00}
      """),
  Midnight(
    "no ride is a transfer on a carnet that no ride tells a trip of",
    rules: fares + endedByTram
      + "products: [{name: q, when: {mode: bus}, trips: 3, valid: {days: 9}, transfer: {within: 90 min}}]",
    rides: """
        buys: [{product: q, at: "2024-05-14 07:00"}]
        rides:
        - {at: "2024-05-14 23:10", mode: metro, pays: 9.00}
        - {on: "2024-05-14 23:20", off: "2024-05-15 00:05", mode: tram, pays: 6.00}
        - {at: "2024-05-14 23:50", mode: bus, pays: 0, because: free transfer}
        - {at: "2024-05-15 01:00", mode: bus, pays: 0, because: "one trip of \\"q\\", 2 left"}
        - {at: "2024-05-15 02:20", mode: bus, pays: 0, because: "transfer on \\"q\\""}
      """),
]

private let taken = "later rides (1) that were paid before it ended are counted behind it: "

/// A ride that is open over midnight, and the whole of what its reason says.
private struct OpenRideReason: CustomTestStringConvertible {
  var worked: Midnight
  var says: String
  var testDescription: String { worked.testDescription }
}

private let reasons = [
  OpenRideReason(
    worked: Midnight(
      "a ride that gives nothing back uses no trip",
      rules: fares + hour
        + "products: [{name: ten, when: {mode: tram}, trips: 3, valid: {days: 30}}]",
      rides: """
          buys: [{product: ten, at: "2024-05-14 07:00"}]
          rides:
          - {on: "2024-05-14 23:30", off: "2024-05-15 00:10", mode: tram, pays: 0}
          - {at: "2024-05-14 23:50", mode: bus, pays: 4.00}
          - {at: "2024-05-15 09:00", mode: tram, pays: 0, because: "one trip of \\"ten\\", 2 left"}
        """), says: "price \"tram\" 6.00 UAH; \(taken)-6.00 UAH"),
  OpenRideReason(
    worked: Midnight(
      "a ride that gives nothing back begins no pass",
      rules: fares + hour
        + "products: [{name: pass, when: {mode: tram}, valid: {length: 60 min, from: first_use}}]",
      rides: """
          buys: [{product: pass, at: "2024-05-14 07:00"}]
          rides:
          - {on: "2024-05-14 23:30", off: "2024-05-15 00:10", mode: tram, pays: 0}
          - {at: "2024-05-14 23:50", mode: bus, pays: 4.00}
          - {at: "2024-05-15 09:00", mode: tram, pays: 0, because: "carried by \\"pass\\""}
        """), says: "price \"tram\" 6.00 UAH; \(taken)-6.00 UAH"),
  OpenRideReason(
    worked: Midnight(
      "a ride that gives nothing back begins no pass that pays a part",
      rules: fares + hour
        + "products: [{name: part, when: {mode: tram}, covers: 5.00, valid: {length: 60 min, from: first_use}}]",
      rides: """
          buys: [{product: part, at: "2024-05-14 07:00"}]
          rides:
          - {on: "2024-05-14 23:30", off: "2024-05-15 00:10", mode: tram, pays: 0}
          - {at: "2024-05-14 23:50", mode: metro, pays: 9.00}
          - {at: "2024-05-15 09:00", mode: tram, pays: 1.00, because: "\\"part\\" pays 5.00 UAH of it"}
        """), says: "price \"tram\" 6.00 UAH; \(taken)-6.00 UAH"),
  OpenRideReason(
    worked: Midnight(
      "a ride that gives nothing back opens no transfer and counts for no discount",
      rules: fares + "transfers: [{name: t, when: {mode: bus}, within: 60 min, pays: free}]\n"
        + "repeats: [{name: second, per: week, every: 2, pays: 0%}]",
      rides: """
          rides:
          - {on: "2024-05-14 23:30", off: "2024-05-15 00:10", mode: bus, pays: 0}
          - {at: "2024-05-14 23:50", mode: metro, pays: 9.00}
          - {at: "2024-05-15 00:15", mode: metro, pays: 0, because: "discount \\"second\\" on ride 2"}
          - {at: "2024-05-15 00:20", mode: bus, pays: 4.00, because: "opens \\"t\\""}
        """), says: "price \"bus\" 4.00 UAH; \(taken)-4.00 UAH"),
  OpenRideReason(
    worked: Midnight(
      "a discount on a ride that gives nothing back is not that of a numbered ride",
      rules: fares + hour + "repeats: [{name: half, per: week, every: 2, pays: 50%}]",
      rides: """
          rides:
          - {at: "2024-05-14 09:00", mode: metro, pays: 9.00}
          - {on: "2024-05-14 23:30", off: "2024-05-15 00:10", mode: bus, pays: 0}
          - {at: "2024-05-14 23:50", mode: metro, pays: 4.50, because: "discount \\"half\\" on ride 2"}
        """),
    says: "price \"bus\" 4.00 UAH; discount \"half\": 2.00 UAH; \(taken)-2.00 UAH "
      + "(transfer \"t\" ended 810 min before)"),
  OpenRideReason(
    worked: Midnight(
      "a ride that pays for a dearer one, and leaves it the trip, tells its own price and the rest",
      rules: fares + "products: [{name: one, trips: 1, valid: {days: 30}}]",
      rides: """
          buys: [{product: one, at: "2024-05-14 07:00"}]
          rides:
          - {on: "2024-05-14 23:30", off: "2024-05-15 00:10", mode: bus, pays: 9.00}
          - {at: "2024-05-14 23:50", mode: metro, pays: 0, because: "one trip of \\"one\\", 0 left"}
        """), says: "price \"bus\" 4.00 UAH; \(taken)5.00 UAH"),
]

private let tripsLeft = [
  Midnight(
    "a ride on a second carnet tells what is left of it",
    rules: fares + "products: [{name: two, trips: 2, valid: {days: 30}}]",
    rides: """
        buys: [{product: two, at: "2024-05-14 07:00"}, {product: two, at: "2024-05-14 08:00"}]
        rides:
        - {at: "2024-05-14 20:00", mode: bus, pays: 0, because: "one trip of \\"two\\", 1 left"}
        - {on: "2024-05-14 23:30", off: "2024-05-15 00:10", mode: bus, pays: 0, because: "\\"two\\", 1 left"}
        - {at: "2024-05-14 23:40", mode: bus, pays: 0, because: "one trip of \\"two\\", 0 left"}
        - {at: "2024-05-15 09:00", mode: bus, pays: 0, because: "one trip of \\"two\\", 0 left"}
        - {at: "2024-05-15 10:00", mode: bus, pays: 4.00}
      """),
  Midnight(
    "a ride tells what is left of the carnet that it uses where the turn would use more of both",
    rules: fares + endedByTram + "products: [{name: two, trips: 2, valid: {days: 30}}]",
    rides: """
        buys: [{product: two, at: "2024-05-14 07:00"}, {product: two, at: "2024-05-14 08:00"}]
        rides:
        - {at: "2024-05-14 23:20", mode: bus, pays: 0, because: "one trip of \\"two\\", 1 left"}
        - {on: "2024-05-14 23:30", off: "2024-05-15 00:10", mode: tram, pays: 0, because: "\\"two\\", 0 left"}
        - {at: "2024-05-14 23:40", mode: bus, pays: 0, because: free transfer}
        - {at: "2024-05-15 09:00", mode: bus, pays: 0, because: "one trip of \\"two\\", 1 left"}
        - {at: "2024-05-15 18:00", mode: bus, pays: 0, because: "one trip of \\"two\\", 0 left"}
        - {at: "2024-05-16 09:00", mode: bus, pays: 4.00}
      """),
]

struct OpenRideProductTests {
  @Test(arguments: twoOfOneName)
  private func twoProductsOfOneNameAreTwo(_ worked: Midnight) { worked.expectGood() }

  @Test(arguments: usedUp)
  private func whatIsUsedUpIsLetGoOfWithItsDay(_ worked: Midnight) { worked.expectGood() }

  @Test(arguments: tripsOfNoRide)
  private func aTripThatNoRideTellsBeginsNothing(_ worked: Midnight) { worked.expectGood() }

  /// In its turn the bus behind the tram would use a trip; no ride tells it, so none is used.
  @Test func aRideThatAPassCarriesUsesNoTripOfACarnet() {
    let rules = """
      products:
        - {name: ten, when: {mode: bus}, trips: 3, valid: {days: 30}}
        - {name: pass, when: {mode: tram}, valid: {length: 9 h, from: first_use}}

      """
    let worked = Midnight(
      "a pass and a carnet", rules: fares + endedByTram + rules,
      rides: """
          buys: [{product: ten, at: "2024-05-14 07:00"}, {product: pass, at: "2024-05-14 07:00"}]
          rides:
          - {at: "2024-05-14 23:20", mode: metro, pays: 9.00}
          - {on: "2024-05-14 23:30", off: "2024-05-15 00:10", mode: tram, pays: 0, because: "carried by \\"pass\\""}
          - {at: "2024-05-14 23:40", mode: bus, pays: 0, because: free transfer}
          - {at: "2024-05-15 09:00", mode: bus, pays: 0, because: "one trip of \\"ten\\", 2 left"}
        """)
    worked.expectGood()
    let rides = worked.check().cases.flatMap(\.rides)
    #expect(rides.map(\.product) == ["metro", "pass", "bus", "ten"])
  }

  @Test(arguments: reasons)
  private func theReasonOfAnOpenRideIsTrue(_ ride: OpenRideReason) throws {
    ride.worked.expectGood()
    let rides = ride.worked.check().cases.flatMap(\.rides)
    let open = try #require(rides.first { $0.alightRef != nil })
    #expect(open.reason.sentence(in: .english) == ride.says)
  }

  @Test func aCarnetThatATripHasBegunDoesNotBeginAnew() {
    let worked = Midnight(
      "a carnet of 90 minutes",
      rules: fares + hour
        + "products: [{name: q, when: {mode: bus}, trips: 2, valid: {length: 90 min, from: first_use}}]",
      rides: """
          buys: [{product: q, at: "2024-05-14 07:00"}]
          rides:
          - {on: "2024-05-14 23:14", off: "2024-05-15 00:17", mode: metro, pays: 9.00}
          - {at: "2024-05-14 23:36", mode: bus, pays: 0, because: "one trip of \\"q\\", 1 left"}
          - {at: "2024-05-15 21:28", mode: bus, pays: 4.00}
        """)
    worked.expectGood()
  }

  @Test(arguments: tripsLeft)
  private func aRideTellsWhatIsLeftOfTheCarnetThatItUses(_ worked: Midnight) {
    worked.expectGood()
  }

  @Test func whoGivesBackOneOfTwoCarnetsKeepsTheOther() throws {
    let book = try openRideBook(
      "fares: [{name: ride, price: 10.00}]\nproducts: [{name: two, trips: 2, valid: {days: 30}}]")
    let day = try #require(Day(year: 2024, month: 5, day: 14))
    let bought = FarePurchase(product: "two", at: book.cityClock.start(of: day))
    func ride(_ number: Int64) -> FareTap {
      FareTap(
        ref: 0, at: Instant(microseconds: bought.at.microseconds + number * 3_600_000_000),
        kind: .single, medium: .card, category: "adult", mode: .bus)
    }
    let first = book.rate(
      day: day, state: .empty, taps: [ride(8)], purchases: [bought, bought])
    var state = first.state
    state.giveBack([bought])
    let next = book.rate(
      day: day.adding(days: 1), state: state, taps: [ride(32), ride(33)])
    #expect(first.rides.map(\.chargedMinor) == [0])
    #expect(next.rides.map(\.chargedMinor) == [0, 1000])
    state.giveBack([bought, bought])
    let none = book.rate(day: day.adding(days: 1), state: state, taps: [ride(32)])
    #expect(none.rides.map(\.chargedMinor) == [1000])
  }
}
