import Basics
import Tariff
import Testing

/// What a rider has paid in hryvnias, on the days after the city has taken the euro.
///
/// The old version holds to Tuesday, 25 June 2024; a ride costs 10.00 hryvnias, and 2.00 euros from
/// Wednesday on.
private struct CurrencyChange: Sendable, CustomTestStringConvertible {
  var testDescription: String
  var old: String
  var new: String
  var rides: String

  init(_ name: String, old: String, new: String, rides: String) {
    testDescription = name
    self.old = old
    self.new = new
    self.rides = rides
  }

  func check() -> TariffCheck {
    func version(_ name: String, _ effective: String, _ currency: String, _ rules: String) -> String
    {
      """
      version: \(name)
      effective: \(effective)
      currency: \(currency)
      timezone: Europe/Kyiv
      categories: [adult]
      tapping: {limit: 30 h, incomplete: 12.00}

      """ + rules
    }
    let text =
      version("old", "{from: 2024-01-01, until: 2024-06-25}", "UAH", old) + "\n---\n"
      + version("new", "{from: 2024-06-26}", "EUR", new)
    return TariffSource(
      folder: "change",
      files: [
        TariffFile(path: TariffSource.mainPath, text: text),
        TariffFile(path: "cases/case.yaml", text: "- case: \(testDescription)\n" + rides),
      ]
    ).check()
  }
}

private let hryvnias = "fares: [{name: ride, price: 10.00}]\n"
private let euros = "fares: [{name: ride, price: 2.00}]\n"
private let transfer = "transfers: [{name: hour, within: 60 min, from: arrival, pays: difference}]"
private let saver =
  "products: [{name: card, when: {mode: none}, valid: {days: 30}}]\n"
  + "caps: [{name: saver, per: {product: card}, amount: "
private let topUp = "stored_value: {top_up_fee: 10%}\n"
private let fourDays = saver.replacing("days: 30", with: "days: 4")

private let changes = [
  CurrencyChange(
    "a cap of the week begins anew, and its week ends when it always does",
    old: hryvnias + "caps: [{name: week, per: week, amount: 200.00}]",
    new: euros + "caps: [{name: week, per: week, amount: 5.00}]",
    rides: """
        rides:
        - {at: "2024-06-24 08:00", mode: bus, pays: 10.00}
        - {at: "2024-06-25 08:00", mode: bus, pays: 10.00}
        - {at: "2024-06-26 08:00", mode: bus, pays: 2.00}
        - {at: "2024-06-26 09:00", mode: bus, pays: 2.00}
        - {at: "2024-06-28 08:00", mode: bus, pays: 1.00}
        - {at: "2024-06-28 09:00", mode: bus, pays: 0}
        - {at: "2024-07-01 08:00", mode: bus, pays: 2.00}
      """),
  CurrencyChange(
    "a cap of seven days begins with the first ride in the new currency",
    old: hryvnias + "caps: [{name: days, per: {length: 7 days}, amount: 200.00}]",
    new: euros + "caps: [{name: days, per: {length: 7 days}, amount: 5.00}]",
    rides: """
        rides:
        - {at: "2024-06-25 23:50", mode: bus, pays: 10.00}
        - {at: "2024-06-26 08:00", mode: bus, pays: 2.00}
        - {at: "2024-06-26 09:00", mode: bus, pays: 2.00}
        - {at: "2024-07-03 07:59", mode: bus, pays: 1.00}
        - {at: "2024-07-03 08:00", mode: bus, pays: 2.00}
      """),
  CurrencyChange(
    "a cap that was bought in the old currency holds in the new one",
    old: hryvnias + saver + "200.00}]", new: euros + saver + "5.00}]",
    rides: """
        buys: [{product: card, at: "2024-06-24 07:00"}]
        rides:
        - {at: "2024-06-24 08:00", mode: bus, pays: 10.00}
        - {at: "2024-06-26 08:00", mode: bus, pays: 2.00}
        - {at: "2024-06-27 08:00", mode: bus, pays: 2.00}
        - {at: "2024-06-28 08:00", mode: bus, pays: 1.00}
        - {at: "2024-06-29 08:00", mode: bus, pays: 0}
      """),
  CurrencyChange(
    "two caps that were bought in the old currency one after the other are two in the new one",
    old: hryvnias + fourDays + "200.00}]", new: euros + fourDays + "5.00}]",
    rides: """
        buys: [{product: card, at: "2024-06-24 07:00"}, {product: card, at: "2024-06-25 07:00"}]
        rides:
        - {at: "2024-06-25 08:00", mode: bus, pays: 10.00}
        - {at: "2024-06-26 08:00", mode: bus, pays: 2.00}
        - {at: "2024-06-27 08:00", mode: bus, pays: 2.00}
        - {at: "2024-06-27 09:00", mode: bus, pays: 1.00}
        - {at: "2024-06-27 10:00", mode: bus, pays: 0}
        # The first card is over.
        - {at: "2024-06-28 08:00", mode: bus, pays: 2.00}
        - {at: "2024-06-28 09:00", mode: bus, pays: 2.00}
        - {at: "2024-06-28 10:00", mode: bus, pays: 1.00}
        - {at: "2024-06-28 11:00", mode: bus, pays: 0}
        - {at: "2024-06-29 08:00", mode: bus, pays: 2.00}
      """),
  CurrencyChange(
    "a ride over the change counts to no cap of the new currency",
    old: hryvnias + "caps: [{name: week, per: week, amount: 25.00}]",
    new: euros + "caps: [{name: week, per: week, amount: 5.00}]",
    rides: """
        rides:
        - {at: "2024-06-24 08:00", mode: bus, pays: 10.00}
        - {at: "2024-06-25 08:00", mode: bus, pays: 10.00}
        - {on: "2024-06-25 23:50", off: "2024-06-26 00:10", mode: metro, pays: 5.00}
        - {at: "2024-06-26 08:00", mode: bus, pays: 2.00}
        - {at: "2024-06-26 09:00", mode: bus, pays: 2.00}
        - {at: "2024-06-26 10:00", mode: bus, pays: 1.00}
      """),
  CurrencyChange(
    "a ride that stays open for a day is held by no cap of the new currency, and takes nothing from it",
    old: hryvnias + "caps: [{name: week, per: week, amount: 11.00}]",
    new: euros + "caps: [{name: week, per: week, amount: 5.00}]",
    rides: """
        rides:
        - {on: "2024-06-25 23:50", off: "2024-06-27 04:00", mode: metro, pays: 10.00}
        - {at: "2024-06-26 08:00", mode: bus, pays: 2.00}
        - {at: "2024-06-26 09:00", mode: bus, pays: 2.00}
        - {at: "2024-06-27 08:00", mode: bus, pays: 1.00}
      """),
  CurrencyChange(
    "a transfer ends with the old currency", old: hryvnias + transfer, new: euros + transfer,
    rides: """
        rides:
        - {at: "2024-06-25 23:50", mode: bus, pays: 10.00}
        - {at: "2024-06-26 00:20", mode: bus, pays: 2.00}
        - {at: "2024-06-26 00:40", mode: bus, pays: 0}
      """),
  CurrencyChange(
    "a ride over the change opens no transfer in the new currency", old: hryvnias + transfer,
    new: euros + transfer,
    rides: """
        rides:
        - {on: "2024-06-25 23:50", off: "2024-06-26 00:10", mode: metro, pays: 10.00}
        - {at: "2024-06-26 00:20", mode: bus, pays: 2.00}
        - {at: "2024-06-26 00:40", mode: bus, pays: 0}
      """),
  CurrencyChange(
    "stored value of the old currency is none of the new one", old: hryvnias + topUp,
    new: euros + topUp,
    rides: """
        balance: 15.00
        rides:
        - {at: "2024-06-25 08:00", mode: bus, pays: 10.00}
        - {at: "2024-06-25 09:00", mode: bus, pays: 10.50}
        - {at: "2024-06-26 08:00", mode: bus, pays: 2.00}
      """),
  CurrencyChange(
    "a ticket of the evening pays nothing of one in the new currency",
    old: "tickets: [{name: hour, within: 80 min, price: 10.00}]",
    new: "tickets: [{name: hour, within: 80 min, price: 2.80}]",
    rides: """
        rides:
        - {at: "2024-06-25 23:40", mode: bus, pays: 10.00}
        - {on: "2024-06-25 23:50", off: "2024-06-26 00:05", mode: metro, pays: 0}
        - {at: "2024-06-26 00:10", mode: bus, pays: 2.80}
        - {at: "2024-06-26 00:40", mode: bus, pays: 0}
      """),
]

struct CurrencyChangeTests {
  @Test(arguments: changes)
  private func moneyOfTheOldCurrencyCountsForNothingInTheNewOne(_ change: CurrencyChange) {
    let check = change.check()
    #expect(check.isGood, "\(check.text)")
  }
}
