import Basics
import Foundation
import Tariff
import Testing
import Transit

/// A line of five stops a kilometre apart, with a branch that leaves the third, and a bus line back
/// that goes round.
private enum Line {
  static func stop(_ id: String, _ kilometres: Double, zone: String, east: Double = 0) -> Stop {
    Stop(
      id: id, name: id,
      coordinate: Coordinate(latitude: 50 + kilometres / 111.195, longitude: 30 + east), zone: zone)
  }

  static let network: Network = {
    var content = NetworkContent(timeZoneName: "Europe/Kyiv")
    content.operators = [Operator(id: "M", name: "M")]
    content.routes = [
      Route(id: "red", shortName: "1", longName: "", mode: .metro, operatorIndex: 0),
      Route(id: "round", shortName: "2", longName: "", mode: .bus, operatorIndex: 0),
    ]
    content.stops = [
      stop("A", 0, zone: "1"), stop("B", 1, zone: "1"), stop("C", 2, zone: "2"),
      stop("D", 3, zone: "3"), stop("E", 4, zone: "3"),
    ]
    func pattern(_ route: Int, _ direction: Int, _ stops: [Int32], _ metres: [Double]) -> Pattern {
      Pattern(
        routeIndex: route, direction: direction, stopIndexes: stops, tripCount: 10, shapeIndex: nil,
        stopMetres: metres)
    }
    content.patterns = [
      pattern(0, 0, [0, 1, 2, 3, 4], [0, 1100, 2200, 3300, 4400]),
      pattern(0, 1, [4, 3, 2, 1, 0], [0, 1100, 2200, 3300, 4400]),
      // Out of the way: from A to C by E.
      pattern(1, 0, [0, 4, 2], [0, 5000, 9000]),
    ]
    return Network(content)
  }()
  static let fares = FareNetwork(network)
}

private let head = """
  effective: {from: 2024-01-01}
  currency: UAH
  timezone: Europe/Kyiv
  categories: [adult]

  """

private func book(_ rules: String, bound: Bool = true) throws -> TariffBook {
  let reading = TariffSource(
    folder: "line", files: [TariffFile(path: "tariff.yaml", text: head + rules)]
  ).load()
  let book = try #require(reading.book, "\(reading.faults)")
  return bound ? book.bound(to: Line.fares) : book
}

private func ride(
  _ book: TariffBook, _ from: String, _ to: String?, route: String? = "red", direction: Int? = nil
) throws -> Int64? {
  let start = try #require(Instant(iso8601: "2024-05-14T08:00:00+03:00"))
  var taps = [
    FareTap(
      ref: 0, at: start, kind: .on, medium: .card, category: "adult", mode: .metro, route: route,
      stop: from)
  ]
  taps[0].direction = direction
  if let to {
    taps.append(
      FareTap(
        ref: 1, at: start.adding(seconds: 600), kind: .off, medium: .card, category: "adult",
        mode: .metro, route: route, stop: to))
  }
  let rider = PricedRider(name: "r", category: "adult", taps: taps)
  let rides = PriceTable.rides(of: rider, book: book)
  try #require(rides.count == 1)
  return rides[0].chargedMinor
}

private func fare(
  _ rules: String, bound: Bool = true, _ from: String, _ to: String?
) throws -> Int64? {
  try ride(try book(rules, bound: bound), from, to)
}

/// What a tariff knows from the network: zones of stops, lengths of lines, ends of lines.
struct NetworkTests {
  @Test func distanceIsMeasuredAlongTheLineOfTheRide() throws {
    let book = try book(
      """
      distance: {use: along_line}
      fares: [{name: a, price: {by: distance, bands: [{under: 2.2, price: 1}, {under: 9, price: 2}, {price: 3}]}}]
      """)
    // 1,100 metres; 2,200, whose band begins there; 9,000 round by bus; back along the other direction.
    #expect(try ride(book, "A", "B") == 100)
    #expect(try ride(book, "A", "C") == 200)
    #expect(try ride(book, "C", "A") == 200)
    // Behind the gates of a metro no route is tapped: the shortest line counts.
    #expect(try ride(book, "A", "C", route: nil) == 200)
    let bus = try self.bus(book, "A", "C")
    #expect(bus == 300)
  }

  private func bus(_ book: TariffBook, _ from: String, _ to: String) throws -> Int64? {
    let start = try #require(Instant(iso8601: "2024-05-14T08:00:00+03:00"))
    func tap(_ ref: Int, _ kind: TapKind, _ stop: String) -> FareTap {
      FareTap(
        ref: ref, at: start.adding(seconds: Int64(ref) * 600), kind: kind, medium: .card,
        category: "adult", mode: .bus, route: "2", stop: stop)
    }
    let rider = PricedRider(
      name: "r", category: "adult", taps: [tap(0, .on, from), tap(1, .off, to)])
    return PriceTable.rides(of: rider, book: book).first?.chargedMinor
  }

  /// 999.7 and 999.3 metres, on the sphere: the first is a kilometre.
  @Test(arguments: [(999.7, Int64(200)), (999.3, 100)])
  func aStraightLineIsRoundedToWholeMetres(_ metres: Double, _ minor: Int64) throws {
    let book = try book(
      """
      distance: {use: straight, earth: sphere}
      fares: [{name: a, price: {by: distance, bands: [{under: 1, price: 1}, {price: 2}]}}]
      """, bound: false)
    let start = try #require(Instant(iso8601: "2024-05-14T08:00:00+03:00"))
    let taps = [TapKind.on, .off].enumerated().map { place, kind in
      var tap = FareTap(
        ref: place, at: start.adding(seconds: Int64(place) * 600), kind: kind, medium: .card,
        category: "adult", mode: .bus)
      tap.coordinate = Coordinate(
        latitude: 50 + Double(place) * metres / 6_371_008.8 * 180 / Double.pi, longitude: 30)
      return tap
    }
    let rider = PricedRider(name: "r", category: "adult", taps: taps)
    #expect(PriceTable.rides(of: rider, book: book).map(\.chargedMinor) == [minor])
  }

  @Test func aDistanceThatNobodyKnowsHasNoFare() throws {
    let rules = """
      distance: {use: along_line}
      fares: [{name: a, price: {by: distance, bands: [{under: 2, price: 1}, {price: 2}]}}]
      """
    // The line does not run from the stop to itself, nor to a stop that the network lacks.
    #expect(try fare(rules, "A", "Nowhere") == nil)
    #expect(try fare(rules, "A", "A") == nil)
    #expect(try fare(rules, bound: false, "A", "B") == nil)
  }

  @Test func stopsAndZonesAreCountedAlongTheLine() throws {
    let stops = try book(
      "fares: [{name: a, price: {by: stop_count, bands: [{up_to: 2, price: 1}, {price: 2}]}}]")
    #expect(try ride(stops, "A", "C") == 100)
    #expect(try ride(stops, "A", "D") == 200)
    let zones = try book(
      "fares: [{name: a, price: {by: zones_passed, bands: [{up_to: 1, price: 1}, {up_to: 2, price: 2}, {price: 3}]}}]"
    )
    #expect(try ride(zones, "A", "B") == 100)
    #expect(try ride(zones, "B", "C") == 200)
    #expect(try ride(zones, "B", "D") == 300)
    #expect(try ride(zones, "D", "B") == 300)
  }

  @Test func zonesOnTheWayCountWhenTheTariffSaysSo() throws {
    let rules = """
      zones: [1, 2, 3]
      zones_of: line
      fares:
      - {name: inner, when: {zones: [1, 3]}, price: 1}
      - {name: through the second, when: {any_zone: 2}, price: 2}
      """
    #expect(try fare(rules, "A", "B") == 100)
    // From zone 1 to zone 3 by way of zone 2.
    #expect(try fare(rules, "A", "E") == 200)
    let ends = rules.replacingOccurrences(of: "line", with: "ends")
    #expect(try fare(ends, "A", "E") == 100)
    let farthest = try book(
      """
      zones: [1, 2, 3]
      fares: [{name: a, price: {by: farthest_zone, 1: 5, 2: 7, others: 9}}]
      """)
    #expect(try ride(farthest, "B", "A") == 500)
    #expect(try ride(farthest, "C", "A") == 700)
    #expect(try ride(farthest, "C", "E") == 900)
  }

  @Test func aRideThatNobodyEndsIsPricedToTheEndOfTheLine() throws {
    let rules = """
      zones: [1, 2, 3]
      tapping: {limit: 2 h, incomplete: end_of_line}
      fares:
      - name: a
        price:
          by: zones
          pairs:
          - {from: 1, to: 1, price: 5}
          - {from: 2, to: 1, price: 6}
          - {from: 2, to: 3, price: 7}
          - {from: 1, to: 3, price: 9}
      """
    let book = try book(rules)
    // From C: to E for 7, to A for 6; towards A when the direction is known.
    #expect(try ride(book, "C", nil) == 700)
    #expect(try ride(book, "C", nil, direction: 1) == 600)
    #expect(try ride(book, "B", nil, direction: 1) == 500)
    // At the end of the line only the way back is left.
    #expect(try ride(book, "E", nil, direction: nil) == 900)
    // On a route that nobody knows: the dearest price from there.
    #expect(try ride(book, "C", nil, route: "lost") == 700)
    #expect(try ride(book, "Nowhere", nil) == nil)
  }

  @Test func aTapWithOnlyAStopHasTheZoneOfTheNetwork() throws {
    let rules = "fares: [{name: a, price: {by: zones, pairs: [{from: 1, to: 2, price: 4}]}}]"
    #expect(try fare(rules, "A", "C") == 400)
    #expect(try fare(rules, bound: false, "A", "C") == nil)
  }

  @Test func aZoneThatNoStopHasIsAFaultWithItsLine() throws {
    let rules = """
      zones: [1, 2, 3, 9]
      fares:
      - {name: a, when: {zone: 1, stop: Gone, route: 77, operator: X}, price: 1}
      - {name: b, when: {zone: 1}, price: 2}
      """
    let source = TariffSource(
      folder: "line", files: [TariffFile(path: "tariff.yaml", text: head + rules)])
    let check = source.check(network: Line.fares)
    #expect(!check.isGood)
    let errors = check.faults.filter { !$0.isWarning }
    #expect(
      errors.map(\.description) == [
        "tariff.yaml:5: error: no stop of the network is in zone \"9\"; its zones: 1, 2, 3"
      ])
    let doubts = check.faults.filter { $0.isWarning && $0.line == 7 }.map(\.message)
    #expect(doubts.contains { $0.contains("no stop \"Gone\"") })
    #expect(doubts.contains { $0.contains("no route \"77\"") })
    #expect(doubts.contains { $0.contains("no operator \"X\"") })
    #expect(!source.check().faults.contains { !$0.isWarning })
  }
}
