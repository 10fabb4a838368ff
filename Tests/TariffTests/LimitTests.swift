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
}
