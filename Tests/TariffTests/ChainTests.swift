import Basics
import Tariff
import Testing
import Transit

/// Chains whose rides lie on two days: what a stored state of one day tells the next process.
struct ChainTests {
  private static let stops = ["A", "B", "C", "D", "E", "F", "G", "H"]

  private static func book(fares: String) throws -> TariffBook {
    let reading = load("name: c, within: 24 h, joins: all, priced_by: ends", fares: fares)
    return try #require(reading.book, "\(reading.faults)")
  }

  private static func load(_ chain: String, fares: String, isPublished: Bool = false)
    -> TariffReading
  {
    let text = """
      version: "1"
      effective: {from: 2024-01-01}
      currency: UAH
      timezone: Europe/Kyiv
      categories: [adult]
      chains: [{\(chain)}]
      fares:
      \(fares)
      """
    return TariffSource(folder: "chain", files: [TariffFile(path: "tariff.yaml", text: text)])
      .load(isPublished: isPublished)
  }

  @Test func theNumberOfAStopInAStoredStateFollowsFromTheTariffAlone() throws {
    // The stops as one set, whose order is another in each process, and before it one by one in order.
    let set = "- {name: f, when: {stop: [\(Self.stops.joined(separator: ", "))]}, price: 5}"
    let together = try Self.book(fares: set)
    let prices = Self.stops.map { "\($0): 5" }.joined(separator: ", ")
    let single = try Self.book(
      fares: "- {name: tram, when: {mode: tram}, price: {by: stop, \(prices)}}\n" + set)
    let day = try #require(Day("2024-05-14"))
    for stop in Self.stops {
      let tap = FareTap(
        ref: 0, at: try #require(Instant(iso8601: "2024-05-14T08:00:00+03:00")), kind: .single,
        medium: .card, category: "adult", mode: .rail, stop: stop)
      let states = [together, single].map {
        $0.rate(day: day, state: .empty, taps: [tap], purchases: []).state
      }
      // The chain outlasts the day, or the states would tell nothing.
      #expect(states[0] != .empty)
      #expect(states[0].bytes == states[1].bytes)
    }
  }

  private static let byStops = "- {name: far, when: {stop: 500..599, to_stop: 7}, price: 9}"

  /// A ride by train on a day in May 2024.
  private func ride(_ day: Int, _ hours: (String, String), _ stops: (String, String)) throws
    -> [FareTap]
  {
    try [(hours.0, TapKind.on, stops.0), (hours.1, .off, stops.1)].map { time, kind, stop in
      FareTap(
        ref: 0, at: try #require(Instant(iso8601: "2024-05-\(day)T\(time):00+03:00")), kind: kind,
        medium: .card, category: "adult", mode: .rail, stop: stop)
    }
  }

  /// Stop 555 is in a range and has no number of its own: what conditions see of it goes over midnight.
  @Test func overMidnightAJourneyIsAskedForTheStopWhereItBegan() throws {
    let book = try Self.book(fares: Self.byStops + "\n- {name: ride, price: 5}")
    let day = try #require(Day("2024-05-14"))
    let evening = book.rate(
      day: day, state: .empty, taps: try ride(14, ("23:00", "23:20"), ("555", "8")))
    let bytes = evening.state.bytes
    #expect(bytes.first == 6)
    for count in bytes.indices { #expect(RiderState(bytes: Array(bytes.prefix(count))) == nil) }
    let stored = try #require(RiderState(bytes: bytes))
    #expect(stored == evening.state && stored.bytes == bytes)
    let night = try ride(15, ("00:10", "00:30"), ("8", "7"))
    func charged(_ state: RiderState) -> [Int64?] {
      book.rate(day: day.adding(days: 1), state: state, taps: night).rides.map(\.chargedMinor)
    }
    #expect(charged(stored) == [400])
    // What the program before wrote: format 2, without the two masks that stand before the last seven bytes.
    let old = [2] + bytes.dropFirst().dropLast(7 + 16) + bytes.suffix(7)
    let state = try #require(RiderState(bytes: old))
    #expect(state.bytes == old)
    #expect(charged(state) == [0])
  }

  private static let byKilometres = "- {name: ride, price: {per: km, amount: 1, base: 10}}"
  private static let allKilometres = "name: c, within: 24 h, joins: all, priced_by: sum"

  /// Each ride is of one kilometre: the first pays 11, each further kilometre of the journey 1.
  @Test(arguments: [allKilometres, allKilometres + ", count: 23", allKilometres + ", count: 30"])
  func aChainOfTwentyFourRidesIsWhole(_ chain: String) throws {
    let reading = Self.load(chain, fares: Self.byKilometres, isPublished: true)
    let book = try #require(reading.book, "\(reading.faults)")
    let day = try #require(Day("2024-05-14"))
    let start = book.cityClock.start(of: day).microseconds
    let taps = (0..<52).map { number in
      var tap = FareTap(
        ref: number, at: Instant(microseconds: start + Int64(number) * 600_000_000),
        kind: number.isMultiple(of: 2) ? .on : .off, medium: .card, category: "adult", mode: .rail)
      tap.distanceMetres = tap.kind == .off ? 1000 : nil
      return tap
    }
    let rides = book.rate(day: day, state: .empty, taps: taps).rides
    #expect(
      rides.map(\.chargedMinor) == [1100] + [Int64?](repeating: 100, count: 23) + [1100, 100])
  }

  @Test func aLongerCountOfAChainIsAFault() {
    let chain = Self.allKilometres + ", count: 24"
    let fault = "a chain has at most 24 rides, so \"count\" is at most 23"
    let drafted = Self.load(chain, fares: Self.byKilometres)
    #expect(drafted.book == nil)
    #expect(drafted.faults.contains { $0.line == 6 && !$0.isWarning && $0.message == fault })
    let published = Self.load(chain, fares: Self.byKilometres, isPublished: true)
    #expect(published.book != nil)
    #expect(published.faults.contains { $0.line == 6 && $0.isWarning && $0.message == fault })
  }

  @Test func aChainUnderATariffThatAsksForNoStopIsStoredAsBefore() throws {
    let book = try Self.book(
      fares: "- {name: ride, price: {by: stops, pairs: [{from: A, to: B, price: 5}]}}")
    let day = try #require(Day("2024-05-14"))
    let evening = book.rate(
      day: day, state: .empty, taps: try ride(14, ("23:00", "23:20"), ("A", "B")))
    #expect(evening.state != .empty)
    #expect(evening.state.bytes.first == 2)
  }

  /// The chain stands in a state that has an open ride and the days behind it as well.
  @Test func theBeginningOfAJourneyGoesOverMidnightBesideAnOpenRide() throws {
    let book = try Self.book(fares: Self.byStops + "\n- {name: ride, price: 5}")
    let day = try #require(Day("2024-05-14"))
    var taps = try ride(14, ("22:00", "22:20"), ("555", "8"))
    taps += try ride(14, ("23:00", "23:59"), ("8", "9")).prefix(1)
    taps.append(
      FareTap(
        ref: 0, at: try #require(Instant(iso8601: "2024-05-14T23:30:00+03:00")), kind: .single,
        medium: .card, category: "adult", mode: .bus, stop: "8"))
    let bytes = book.rate(day: day, state: .empty, taps: taps).state.bytes
    #expect(bytes.first == 7)
    let stored = try #require(RiderState(bytes: bytes))
    #expect(stored.bytes == bytes)
    for count in bytes.indices { #expect(RiderState(bytes: Array(bytes.prefix(count))) == nil) }
  }
}
