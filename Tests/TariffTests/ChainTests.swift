import Basics
import Tariff
import Testing
import Transit

/// Chains whose rides lie on two days: what a stored state of one day tells the next process.
struct ChainTests {
  private static let stops = ["A", "B", "C", "D", "E", "F", "G", "H"]

  private static func book(fares: String) throws -> TariffBook {
    let text = """
      version: "1"
      effective: {from: 2024-01-01}
      currency: UAH
      timezone: Europe/Kyiv
      categories: [adult]
      chains: [{name: c, within: 24 h, joins: all, priced_by: ends}]
      fares:
      \(fares)
      """
    let reading = TariffSource(
      folder: "chain", files: [TariffFile(path: "tariff.yaml", text: text)]
    ).load()
    return try #require(reading.book, "\(reading.faults)")
  }

  @Test func theNumberOfAStopInAStoredStateFollowsFromTheTariffAlone() throws {
    // The stops as one set, whose order is another in each process, and one by one in order.
    let together = try Self.book(
      fares: "- {name: f, when: {stop: [\(Self.stops.joined(separator: ", "))]}, price: 5}")
    let single = try Self.book(
      fares: Self.stops.map { "- {name: f\($0), when: {stop: \($0)}, price: 5}" }
        .joined(separator: "\n"))
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
}
