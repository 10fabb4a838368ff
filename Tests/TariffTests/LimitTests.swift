import Tariff
import Testing

private let head = """
  effective: {from: 2024-01-01}
  currency: UAH
  timezone: Europe/Kyiv
  categories: {adult: {}}

  """

/// What a tariff may not have too much of: it is a fault with its line, and ends no program.
struct LimitTests {
  private func read(_ rules: [String], isPublished: Bool = false) -> TariffReading {
    let text = head + rules.joined(separator: "\n") + "\n"
    return TariffSource(folder: "t", files: [TariffFile(path: TariffSource.mainPath, text: text)])
      .load(isPublished: isPublished)
  }

  private static let setsFault = "more than 64 different sets of route in conditions"

  /// The fares that ask for the time as well take no whole route, so all of them are looked at.
  @Test func moreSetsOfValuesThanThereMayBeAreAFault() {
    let peak = (1...65).map { "- {name: p\($0), when: {route: R\($0), time: peak}, price: 9}" }
    let reading = read(
      ["times: {peak: [{from: \"07:00\", before: \"10:00\"}]}", "fares:"] + peak
        + ["- {name: o1, when: {route: R1}, price: 5}"])
    #expect(reading.book == nil)
    #expect(reading.faults.map(\.message) == [Self.setsFault])
    #expect(reading.faults.map(\.line) == [71])
  }

  /// All on one line, where the fault of the 66th is that of the 65th and is not told again.
  @Test func moreSetsOfValuesOnOneLineAreOneFault() {
    let fares = (1...66).map { "{name: f\($0), when: {route: R\($0)}, price: 9}" }
    let reading = read(["fares: [\(fares.joined(separator: ", "))]"])
    #expect(reading.faults.map(\.message) == [Self.setsFault])
  }

  @Test func moreSetsOfValuesInServicesAreAFault() {
    let fares = (1...64).map { "- {name: f\($0), when: {route: R\($0)}, price: 9}" }
    let services = (1...64).map { "s\($0): {route: [R\($0), X]}" }
    // A span of a time is read before services, and may ask for routes as well.
    let times = "times: {t: [{when: {route: Y}}]}"
    let reading = read(
      [times, "services: {\(services.joined(separator: ", "))}", "fares:"] + fares)
    #expect(reading.faults.contains { $0.line == 6 && $0.message == Self.setsFault })
    #expect(!reading.faults.contains { $0.line == 6 && $0.isWarning })
  }

  private func errors(_ reading: TariffReading) -> [String] {
    reading.faults.filter { !$0.isWarning }.map { "\($0.line): \($0.message)" }
  }

  private static let stepsFault =
    "a price takes more than 100000 steps to work out, since its parts use each other again and again; "
    + "give one of them an amount"

  /// Each name doubles the work, in one way or the other: 2^45 prices for one ride.
  @Test(arguments: [
    "{sum: [X, X]}", "{by: to_zone, 1: X, 2: X}", "{by: to_stop, A: X, others: X}",
    "{by: distance, bands: [{under: 5, price: X}, {price: X}]}",
    "{by: stops, pairs: [{from: A, to: B, price: X}, {from: A, to: C, price: X}]}",
    "{by: ends, look_up: [stop], table: [{from: {stop: A}, to: {stop: B}, price: X}, "
      + "{from: {stop: A}, to: {stop: C}, price: X}]}",
  ])
  func aPriceThatIsMoreWorkThanThereIsTimeForIsAFault(_ form: String) {
    let prices = (1...45).map { level in
      "  p\(level): \(form.split(separator: "X", omittingEmptySubsequences: false).joined(separator: "\"@p\(level - 1)\""))"
    }
    let rules = ["prices:", "  p0: free"] + prices + ["fares: [{name: f, price: \"@p45\"}]"]
    for isPublished in [false, true] {
      let reading = read(rules, isPublished: isPublished)
      #expect(reading.book == nil)
      // What stands on a price with a fault begins anew.
      #expect(errors(reading) == ["22: \(Self.stepsFault)", "39: \(Self.stepsFault)"])
    }
  }

  private static let depthFault =
    "prices stand in each other more than 100 deep; give one of them an amount"

  @Test func pricesThatNameEachOtherTooDeepAreAFault() {
    let prices = (0...198).map { "  p\($0): \"@p\($0 + 1)\"" }
    let reading = read(
      ["prices:"] + prices + ["  p199: 5", "fares: [{name: f, price: \"@p0\"}]"])
    #expect(errors(reading) == ["105: \(Self.depthFault)"])
  }

  /// Read piece by piece no piece is deep, but a ride asks for all of them in one.
  @Test func pricesThatStandInEachOtherTooDeepAreAFault() {
    let prices = (1...135).map { "  p\($0): {of: \"@p\($0 - 1)\", share: 50%}" }
    let fares = [45, 90, 135].map { "- {name: f\($0), when: {route: \($0)}, price: \"@p\($0)\"}" }
    let reading = read(["prices:", "  p0: 5"] + prices + ["fares:"] + fares)
    #expect(errors(reading) == ["106: \(Self.depthFault)"])
  }

  @Test func aTableOfAllStopsOfACityIsNotTooMuchWork() {
    let stops = (1...330).map { "S\($0)" }.joined(separator: ", ")
    let reading = read([
      "lists: {all: [\(stops)]}",
      "fares: [{name: f, price: {by: stops, pairs: [{from: \"@all\", to: \"@all\", price: 5}]}}]",
    ])
    #expect(reading.book != nil, "\(reading.faults)")
  }
}
