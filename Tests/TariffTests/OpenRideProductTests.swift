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

struct OpenRideProductTests {
  @Test(arguments: twoOfOneName)
  private func twoProductsOfOneNameAreTwo(_ worked: Midnight) { worked.expectGood() }

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
}
