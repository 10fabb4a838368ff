import Basics
import Tariff
import Testing
import Transit

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

  /// A price of 99,999,999,900,000 minor units, and one that is hardly less than any may be.
  private static let large =
    "prices: {p0: 999999999.00, p1: {of: \"@p0\", share: 1000%}, p2: {of: \"@p1\", share: 1000%}, "
    + "p3: {of: \"@p2\", share: 1000%}, "
    + "p4: {sum: [\([String](repeating: "\"@p3\"", count: 10).joined(separator: ", "))]}}"

  private func charged(_ reading: TariffReading) throws -> [Int64?] {
    let book = try #require(reading.book, "\(reading.faults)")
    var rider = PricedRider(name: "x", category: "adult", balanceMinor: 0)
    for minute in ["00", "10"] {
      let at = try #require(Instant(iso8601: "2024-05-14T08:\(minute):00+03:00"))
      rider.taps.append(
        FareTap(
          ref: rider.taps.count, at: at, kind: .single, medium: .card, category: "adult", mode: .bus
        ))
    }
    return PriceTable.rides(of: rider, book: book).map(\.chargedMinor)
  }

  @Test(arguments: [
    ("repeats: [{name: r, every: 1, pays: 1000%}]", [nil, nil]),
    ("transfers: [{name: t, within: 1 h, pays: 1000%}]", [99_999_999_900_000, nil]),
    ("transfers: [{name: t, within: 1 h, pays: {share: 1000%}}]", [99_999_999_900_000, nil]),
    ("stored_value: {top_up_fee: 1000%}", [nil, nil]),
  ])
  func aShareOfMoreThanTheWholeIsAFaultAndWhereItWasPublishedEndsNoProgram(
    _ rule: String, _ minor: [Int64?]
  ) throws {
    let rules = [Self.large, "fares: [{name: f, price: \"@p3\"}]", rule]
    let drafted = read(rules)
    #expect(drafted.book == nil)
    #expect(errors(drafted) == ["7: the share is at most 100% here, not \"1000%\""])
    let published = read(rules, isPublished: true)
    #expect(published.faults.contains { $0.line == 7 && $0.isWarning })
    #expect(try charged(published) == minor)
  }

  @Test(arguments: [
    ("repeats: [{name: r, every: 1, pays: 110%}]", [1100, 1100]),
    ("transfers: [{name: t, within: 1 h, pays: 110%}]", [1000, 1000]),
    ("stored_value: {top_up_fee: 110%}", [2100, 2100]),
  ])
  func aShareOfMoreThanTheWholeThatWasPublishedIsPaidAsBefore(
    _ rule: String, _ minor: [Int64?]
  ) throws {
    let reading = read(["fares: [{name: f, price: 10}]", rule], isPublished: true)
    #expect(try charged(reading) == minor)
  }

  /// Of a price that is hardly less than any may be, even the whole is more than can be worked out.
  @Test(arguments: [
    ("repeats: [{name: r, every: 1, pays: 100%}]", [nil, nil]),
    ("transfers: [{name: t, within: 1 h, pays: 100%}]", [999_999_999_000_000, nil]),
    ("stored_value: {top_up_fee: 100%}", [nil, nil]),
  ])
  func aShareThatCannotBeWorkedOutLeavesNoFare(_ rule: String, _ minor: [Int64?]) throws {
    let reading = read([Self.large, "fares: [{name: f, price: \"@p4\"}]", rule])
    #expect(try charged(reading) == minor)
  }

  @Test func moreSurchargesOrLevelsOfACapThanThereMayBeAreAFault() throws {
    let surcharges = (0...2000).map { "- {name: s\($0), when: {mode: tram}, amount: 1}" }
    let levels = (0...2000).map { _ in "  - {when: {mode: tram}, amount: 1}" }
    let flat = "fares: [{name: f, price: 10}]"
    let fees = [flat, "surcharges:"] + surcharges
    let cap = [flat, "caps:", "- name: c", "  per: day", "  levels:"] + levels
    #expect(errors(read(fees)) == ["2007: a tariff has at most 2000 surcharges"])
    #expect(errors(read(cap)) == ["2010: a cap has at most 2000 levels"])
    #expect(try charged(read(fees, isPublished: true)) == [1000, 1000])
  }
}
