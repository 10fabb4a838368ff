import Basics
import Tariff
import Testing

/// What a rider holds on the day after a change of version, on which a ride of before is still to end.
///
/// The old version holds to Saturday, 29 June 2024; Sunday the 30th is the last day of the week and of the
/// month.
struct VersionChange: Sendable, CustomTestStringConvertible {
  var testDescription: String
  var old: String
  var new: String
  var rides: String
  var limit: String

  init(_ name: String, limit: String = "3 h", rules: String, rides: String) {
    self.init(name, limit: limit, old: rules, new: rules, rides: rides)
  }

  init(_ name: String, limit: String = "3 h", old: String, new: String, rides: String) {
    testDescription = name
    self.limit = limit
    self.old = old
    self.new = new
    self.rides = rides
  }

  func check() -> TariffCheck {
    func version(_ name: String, _ effective: String, _ rules: String) -> String {
      """
      version: \(name)
      effective: \(effective)
      currency: UAH
      timezone: Europe/Kyiv
      categories: [adult]
      tapping: {limit: \(limit), incomplete: 12.00}

      """ + rules
    }
    let text =
      version("old", "{from: 2024-01-01, until: 2024-06-29}", old) + "\n---\n"
      + version("new", "{from: 2024-06-30}", new)
    return TariffSource(
      folder: "change",
      files: [
        TariffFile(path: TariffSource.mainPath, text: text),
        TariffFile(path: "cases/case.yaml", text: "- case: \(testDescription)\n" + rides),
      ]
    ).check()
  }
}

/// A cap of 25.00, all of whose period is over by the end of Sunday.
private func capped(_ name: String, per period: String) -> VersionChange {
  VersionChange(
    name, rules: flat + "caps: [{name: cap, per: \(period), amount: 25.00}]",
    rides: """
        rides:
        - {at: "2024-06-28 08:00", mode: bus, pays: 10.00}
        - {on: "2024-06-29 23:50", off: "2024-06-30 00:10", mode: metro, pays: 10.00}
        - {at: "2024-06-30 08:00", mode: bus, pays: 5.00}
        - {at: "2024-06-30 09:00", mode: bus, pays: 0}
        - {at: "2024-07-01 08:00", mode: bus, pays: 10.00}
        total: 35.00
      """)
}

private let pass = "products: [{name: two days, when: {mode: bus}, valid: {days: 2}}]\n"
private let metroPass = "products: [{name: two days, when: {mode: metro}, valid: {days: 2}}]\n"
private let ticket = "tickets: [{name: hour, within: 80 min, price: 2.80}]"

private let changes = [
  VersionChange(
    "a pass holds on its last day", rules: pass + flat,
    rides: """
        buys: [{product: two days, at: "2024-06-29 07:00"}]
        rides:
        - {on: "2024-06-29 23:50", off: "2024-06-30 00:10", mode: metro, pays: 10.00}
        - {at: "2024-06-30 08:00", mode: bus, pays: 0, because: two days}
        - {at: "2024-07-01 08:00", mode: bus, pays: 10.00}
      """),
  VersionChange(
    "a pass holds on its last day after a ride that nobody ended", rules: pass + flat,
    rides: """
        buys: [{product: two days, at: "2024-06-29 07:00"}]
        rides:
        - {on: "2024-06-29 23:50", mode: metro, pays: 12.00, because: incomplete}
        - {at: "2024-06-30 08:00", mode: bus, pays: 0, because: two days}
      """),
  // The transfer is opened at 23:50 by the old version and used at 00:40 by the new one.
  VersionChange(
    "a transfer goes on", rules: flat + "transfers: [{name: hour, within: 60 min, pays: free}]",
    rides: """
        rides:
        - {on: "2024-06-29 23:50", off: "2024-06-30 00:10", mode: metro, pays: 10.00}
        - {at: "2024-06-30 00:40", mode: bus, pays: 0}
        - {at: "2024-06-30 00:51", mode: bus, pays: 10.00}
      """),
  capped("a cap of the week goes on", per: "week"),
  capped("a cap of the month goes on", per: "month"),
  capped("a cap of three days goes on", per: "{days: 3}"),
  VersionChange(
    "a ticket of the evening goes on", rules: ticket,
    rides: """
        rides:
        - {at: "2024-06-29 23:40", mode: bus, pays: 2.80}
        - {on: "2024-06-29 23:50", off: "2024-06-30 00:10", mode: metro, pays: 0}
        - {at: "2024-06-30 00:50", mode: bus, pays: 0}
        - {at: "2024-06-30 01:10", mode: bus, pays: 2.80}
        total: 5.60
      """),
  VersionChange(
    "a ticket of the ride itself goes on", rules: ticket,
    rides: """
        rides:
        - {on: "2024-06-29 23:50", off: "2024-06-30 00:10", mode: metro, pays: 2.80}
        - {at: "2024-06-30 00:40", mode: bus, pays: 0}
        - {at: "2024-06-30 02:10", mode: bus, pays: 2.80}
        total: 5.60
      """),
  // The ride of Saturday is open over the whole of Sunday, which the new version rates beside it.
  VersionChange(
    "a pass that ends with Sunday pays the ride of Saturday on Monday", limit: "30 h",
    rules: metroPass + ticket,
    rides: """
        buys: [{product: two days, at: "2024-06-29 07:00"}]
        rides:
        - {on: "2024-06-29 23:50", off: "2024-07-01 04:00", mode: metro, pays: 0, because: two days}
        - {at: "2024-06-30 08:00", mode: bus, pays: 2.80}
      """),
  VersionChange(
    "a ticket of Saturday goes on for a ride of Saturday that ends on Monday", limit: "30 h",
    rules: ticket,
    rides: """
        rides:
        - {at: "2024-06-29 22:35", mode: bus, pays: 2.80}
        - {on: "2024-06-29 23:50", off: "2024-07-01 04:00", mode: metro, pays: 0}
        - {at: "2024-06-30 08:00", mode: bus, pays: 2.80}
        - {at: "2024-07-01 08:00", mode: bus, pays: 2.80}
      """),
  VersionChange(
    "a ticket of Sunday pays nothing of a ride of Saturday that ends on Monday", limit: "30 h",
    rules: ticket,
    rides: """
        rides:
        - {on: "2024-06-29 23:50", off: "2024-07-01 04:00", mode: metro, pays: 2.80}
        - {at: "2024-06-30 08:00", mode: bus, pays: 2.80}
        - {at: "2024-06-30 23:30", mode: bus, pays: 2.80}
        - {at: "2024-07-01 00:10", mode: bus, pays: 0}
      """),
]

/// A cap of 25.00 that keeps its name and gets another period, which begins with Sunday and ends before a day.
private func capped(_ name: String, from old: String, to new: String, endsBefore next: String)
  -> VersionChange
{
  let card = "products: [{name: card, when: {mode: none}, valid: {days: 30}}]\n"
  return VersionChange(
    name, old: card + flat + "caps: [{name: cap, per: \(old), amount: 25.00}]",
    new: card + flat + "caps: [{name: cap, per: \(new), amount: 25.00}]",
    rides: """
        buys: [{product: card, at: "2024-06-28 07:00"}]
        rides:
        - {at: "2024-06-28 08:00", mode: bus, pays: 10.00}
        - {at: "2024-06-29 22:00", mode: bus, pays: 10.00}
        - {at: "2024-06-30 08:00", mode: bus, pays: 10.00}
        - {at: "2024-06-30 09:00", mode: bus, pays: 10.00}
        - {at: "2024-06-30 10:00", mode: bus, pays: 5.00}
        - {at: "2024-06-30 11:00", mode: bus, pays: 0}
        - {at: "\(next) 08:00", mode: bus, pays: 10.00}
      """)
}

private let periods = [
  capped(
    "from seven days of 24 hours to the week", from: "{length: 7 days}", to: "week",
    endsBefore: "2024-07-01"),
  capped(
    "from seven days of 24 hours to the month", from: "{length: 7 days}", to: "month",
    endsBefore: "2024-07-01"),
  capped(
    "from seven days of 24 hours to the year", from: "{length: 7 days}", to: "year",
    endsBefore: "2025-01-01"),
  capped(
    "from seven days of 24 hours to the day", from: "{length: 7 days}", to: "day",
    endsBefore: "2024-07-01"),
  capped(
    "from seven days of 24 hours to three fare days", from: "{length: 7 days}", to: "{days: 3}",
    endsBefore: "2024-07-03"),
  capped(
    "from a product to a month from the first ride", from: "{product: card}", to: "{months: 1}",
    endsBefore: "2024-07-30"),
  capped(
    "from a product to the week", from: "{product: card}", to: "week", endsBefore: "2024-07-01"),
  capped(
    "from the month to 48 hours", from: "month", to: "{length: 48 h}", endsBefore: "2024-07-02"),
  VersionChange(
    "a discount of repeated riding from seven days of 24 hours to the week",
    old: flat + "repeats: [{name: frequent, after: 2, per: {length: 7 days}, pays: 50%}]",
    new: flat + "repeats: [{name: frequent, after: 2, per: week, pays: 50%}]",
    rides: """
        rides:
        - {at: "2024-06-28 08:00", mode: bus, pays: 10.00}
        - {at: "2024-06-29 08:00", mode: bus, pays: 10.00}
        - {at: "2024-06-30 08:00", mode: bus, pays: 10.00}
        - {at: "2024-06-30 09:00", mode: bus, pays: 10.00}
        - {at: "2024-06-30 10:00", mode: bus, pays: 5.00}
        - {at: "2024-07-01 08:00", mode: bus, pays: 10.00}
      """),
]

struct VersionChangeTests {
  @Test(arguments: periods)
  func aPeriodThatIsCountedInOtherUnitsBeginsAnew(_ change: VersionChange) {
    let check = change.check()
    #expect(check.isGood, "\(check.text)")
  }

  @Test(arguments: changes)
  func aRideOverAChangeOfVersionTakesNothingFromTheDayAfterIt(_ change: VersionChange) {
    let check = change.check()
    #expect(check.isGood, "\(check.text)")
  }

  /// The proof holds on the first day only: of its free ride nothing is credited to the ticket of the second.
  @Test func aFreeRideOfTheEveningPaysNothingOfTheTicketAfterMidnight() {
    let text = """
      effective: {from: 2024-01-01}
      currency: UAH
      timezone: Europe/Kyiv
      categories:
        adult: {}
        pensioner: {free: true, as: adult, proof: card, without_proof: adult}
      products: [{name: card, when: {mode: none}, valid: {days: 1}}]
      \(ticket)
      """
    let worked = """
      - case: free in the evening
        category: pensioner
        buys: [{product: card, at: "2024-05-14 07:00"}]
        rides:
        - {at: "2024-05-14 23:40", mode: bus, pays: 0}
        - {at: "2024-05-15 00:10", mode: bus, pays: 2.80}
      """
    let check = TariffSource(
      folder: "free",
      files: [
        TariffFile(path: TariffSource.mainPath, text: text),
        TariffFile(path: "cases/case.yaml", text: worked),
      ]
    ).check()
    #expect(check.isGood, "\(check.text)")
  }
}
