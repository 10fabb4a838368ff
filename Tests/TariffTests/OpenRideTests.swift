import Basics
import Tariff
import Testing
import Transit

/// A ride that is open over midnight is priced when rides that began behind it are paid; what is paid in all
/// is what would be paid if it had ended on the day of its beginning.
private let fares = """
  fares: [{name: ride, price: 10.00}]
  tapping: {incomplete: 25.00}

  """
private let hour = fares + "transfers: [{name: hour, within: 60 min, pays: free}]"
private let chain = fares + "chains: [{name: c, within: 60 min, joins: all, priced_by: ends}]"

private let transfers = [
  Midnight(
    "a ride without a tap off is no transfer of a bus ten hours later", rules: hour,
    rides: """
        rides:
        - {on: "2024-05-14 08:00", mode: metro, pays: 25.00}
        - {at: "2024-05-14 18:00", mode: bus, pays: 10.00}
        - {on: "2024-05-15 08:00", off: "2024-05-15 08:20", mode: metro, pays: 10.00}
      """),
  Midnight(
    "a ride without a tap off that the next day gives up is none either", rules: hour,
    rides: """
        rides:
        - {on: "2024-05-14 08:00", mode: metro, pays: 25.00}
        - {at: "2024-05-14 18:00", mode: bus, pays: 10.00}
        - {on: "2024-05-16 08:00", off: "2024-05-16 08:20", mode: metro, pays: 10.00}
      """),
  Midnight(
    "a ride without a tap off stays the transfer of the bus before it", rules: hour,
    rides: """
        rides:
        - {at: "2024-05-14 07:50", mode: bus, pays: 10.00}
        - {on: "2024-05-14 08:00", mode: metro, pays: 0, because: free transfer}
        - {at: "2024-05-14 18:00", mode: bus, pays: 10.00}
        - {on: "2024-05-15 08:00", off: "2024-05-15 08:20", mode: metro, pays: 10.00}
      """),
  Midnight(
    "a ride that was open leaves the transfer of a later one running", rules: hour,
    rides: """
        rides:
        - {on: "2024-05-14 20:00", off: "2024-05-15 00:30", mode: bus, pays: 10.00}
        - {at: "2024-05-14 23:55", mode: bus, pays: 10.00}
        - {at: "2024-05-15 00:40", mode: bus, pays: 0, because: free transfer}
      """),
  Midnight(
    "a ride that a bus soon followed shares the transfer with it", rules: hour,
    rides: """
        rides:
        - {on: "2024-05-14 23:30", off: "2024-05-15 00:20", mode: metro, pays: 0, because: "later rides (1)"}
        - {at: "2024-05-14 23:50", mode: bus, pays: 10.00}
        - {at: "2024-05-15 00:30", mode: bus, pays: 0, because: free transfer}
        - {at: "2024-05-15 00:31", mode: bus, pays: 10.00}
      """),
  Midnight(
    "a ride without a tap off pays what it costs more than the bus that soon followed it",
    rules: hour,
    rides: """
        rides:
        - {on: "2024-05-14 23:30", mode: metro, pays: 15.00, because: "behind it: -10.00 UAH"}
        - {at: "2024-05-14 23:50", mode: bus, pays: 10.00}
        - {on: "2024-05-15 08:00", off: "2024-05-15 08:20", mode: metro, pays: 10.00}
      """),
  Midnight(
    "a window that each ride extends is that of the boarding for a ride that was open",
    rules: fares + "transfers: [{name: t, within: 30 min, extends: always, pays: free}]",
    rides: """
        rides:
        - {at: "2024-05-14 21:50", mode: bus, pays: 10.00}
        - {on: "2024-05-14 22:00", off: "2024-05-15 00:05", mode: metro, pays: 0}
        - {at: "2024-05-14 22:15", mode: bus, pays: 0}
        - {at: "2024-05-14 22:40", mode: bus, pays: 0}
        - {at: "2024-05-14 23:05", mode: bus, pays: 0}
        - {at: "2024-05-14 23:30", mode: bus, pays: 0}
        - {at: "2024-05-14 23:55", mode: bus, pays: 0}
        - {at: "2024-05-15 00:20", mode: bus, pays: 0}
      """),
  Midnight(
    "a ride that ends the transfer ends it for those after it only",
    rules: fares
      + "transfers: [{name: t, when: {not: {mode: taxi}}, ended_by: {mode: taxi}, within: 60 min, pays: free}]",
    rides: """
        rides:
        - {at: "2024-05-14 23:20", mode: bus, pays: 10.00}
        - {on: "2024-05-14 23:30", off: "2024-05-15 00:05", mode: metro, pays: 0}
        - {at: "2024-05-14 23:40", mode: taxi, pays: 10.00}
        - {at: "2024-05-15 00:10", mode: bus, pays: 10.00}
      """),
]

private let chains = [
  Midnight(
    "a ride that was open is in no chain that began hours after it", rules: chain,
    rides: """
        rides:
        - {on: "2024-05-14 20:00", off: "2024-05-15 00:30", mode: bus, pays: 10.00}
        - {at: "2024-05-14 23:55", mode: bus, pays: 10.00}
        - {at: "2024-05-15 00:40", mode: bus, pays: 0}
      """),
  Midnight(
    "a ride that was open does not set the chain back", rules: chain,
    rides: """
        rides:
        - {on: "2024-05-14 23:45", off: "2024-05-15 00:05", mode: metro, pays: 0}
        - {at: "2024-05-14 23:48", mode: bus, pays: 10.00}
        - {at: "2024-05-15 00:46", mode: bus, pays: 0}
        total: 10.00
      """),
  Midnight(
    "a ride that was open is in a chain between two of its rides", rules: chain,
    rides: """
        rides:
        - {at: "2024-05-14 21:30", mode: bus, pays: 10.00}
        - {on: "2024-05-14 21:40", off: "2024-05-15 00:05", mode: metro, pays: 0}
        - {at: "2024-05-14 22:20", mode: bus, pays: 0}
        - {at: "2024-05-14 23:15", mode: bus, pays: 0}
      """),
  Midnight(
    "a ride without a tap off stays in the chain of the bus before it", rules: chain,
    rides: """
        rides:
        - {at: "2024-05-14 07:50", mode: bus, pays: 10.00}
        - {on: "2024-05-14 08:00", mode: metro, pays: 0}
        - {at: "2024-05-14 18:00", mode: bus, pays: 10.00}
        - {at: "2024-05-16 18:00", mode: bus, pays: 10.00}
      """),
  Midnight(
    "a ride without a tap off pays its whole price before the chain that it begins", rules: chain,
    rides: """
        rides:
        - {on: "2024-05-14 23:30", mode: metro, pays: 15.00}
        - {at: "2024-05-14 23:50", mode: bus, pays: 10.00}
        - {at: "2024-05-16 18:00", mode: bus, pays: 10.00}
      """),
]

private let carnet =
  fares + "products: [{name: ten, trips: 10, valid: {days: 30}, transfer: {within: 30 min}}]"

private let trips = [
  Midnight(
    "a ride without a tap off uses a trip of its own", rules: carnet,
    rides: """
        buys: [{product: ten, at: "2024-05-14 07:00"}]
        rides:
        - {on: "2024-05-14 08:00", mode: metro, pays: 0, because: "one trip of \\"ten\\", 8 left"}
        - {at: "2024-05-14 18:00", mode: bus, pays: 0, because: "9 left"}
        - {at: "2024-05-15 09:00", mode: bus, pays: 0, because: "7 left"}
      """),
  Midnight(
    "a ride without a tap off goes on with the trip of the bus before it", rules: carnet,
    rides: """
        buys: [{product: ten, at: "2024-05-14 07:00"}]
        rides:
        - {at: "2024-05-14 07:50", mode: bus, pays: 0, because: "9 left"}
        - {on: "2024-05-14 08:00", mode: metro, pays: 0, because: no trip used}
        - {at: "2024-05-14 18:00", mode: bus, pays: 0, because: "8 left"}
        - {at: "2024-05-15 19:00", mode: bus, pays: 0, because: "7 left"}
      """),
  Midnight(
    "a ride that was open does not set the trip back", rules: carnet,
    rides: """
        buys: [{product: ten, at: "2024-05-14 07:00"}]
        rides:
        - {on: "2024-05-14 23:20", off: "2024-05-15 00:05", mode: metro, pays: 0, because: "8 left"}
        - {at: "2024-05-14 23:55", mode: bus, pays: 0, because: "9 left"}
        - {at: "2024-05-15 00:20", mode: bus, pays: 0, because: no trip used}
      """),
]

private let hourTicket = "tickets: [{name: hour, when: {mode: bus}, within: 60 min, price: 2.80}]"

private let tickets = [
  Midnight(
    "what was paid for a ticket stays with the ride behind that is still on it",
    rules: hourTicket,
    rides: """
        rides:
        - {on: "2024-05-14 22:00", off: "2024-05-15 00:30", mode: bus, pays: 2.80}
        - {at: "2024-05-14 22:40", mode: bus, pays: 2.80}
        - {at: "2024-05-14 23:35", mode: bus, pays: 0}
        total: 5.60
      """),
  Midnight(
    "three rides are not on one ticket of two",
    rules: "tickets: [{name: two, when: {mode: bus}, within: 120 min, rides: 2, price: 2.80}]",
    rides: """
        rides:
        - {on: "2024-05-14 22:00", off: "2024-05-15 00:30", mode: bus, pays: 2.80}
        - {at: "2024-05-14 22:40", mode: bus, pays: 2.80}
        - {at: "2024-05-14 23:35", mode: bus, pays: 0}
        total: 5.60
      """),
  Midnight(
    "two tickets of the evening are paid once, and hold after midnight",
    rules: hourTicket,
    rides: """
        rides:
        - {on: "2024-05-14 22:00", off: "2024-05-15 00:30", mode: bus, pays: 2.80}
        - {at: "2024-05-14 22:40", mode: bus, pays: 2.80}
        - {at: "2024-05-14 23:35", mode: bus, pays: 0}
        - {at: "2024-05-15 00:35", mode: bus, pays: 0}
        total: 5.60
      """),
  Midnight(
    "three tickets of the evening stay three",
    rules: "tickets: [{name: hour, within: 60 min, price: 2.80}]",
    rides: """
        rides:
        - {on: "2024-05-14 21:04", off: "2024-05-15 00:30", mode: bus, pays: 2.80}
        - {at: "2024-05-14 21:45", mode: bus, pays: 2.80}
        - {at: "2024-05-14 22:19", mode: metro, pays: 0}
        - {at: "2024-05-14 23:09", mode: bus, pays: 2.80}
        - {at: "2024-05-14 23:38", mode: metro, pays: 0}
        total: 8.40
      """),
]

private let card = "products: [{name: card, when: {mode: none}, valid: {length: 24 h}}]\n"
private let boughtCap =
  "fares: [{name: ride, price: 10.00}]\n" + card
  + "caps: [{name: cap, per: {product: card}, amount: 25.00}]"

private let bought = [
  Midnight(
    "a ride on the card of before leaves what was paid under the next one", rules: boughtCap,
    rides: """
        buys: [{product: card, at: "2024-06-13 10:00"}, {product: card, at: "2024-06-14 11:00"}]
        rides:
        - {on: "2024-06-14 09:00", mode: metro, pays: 10.00}
        - {at: "2024-06-14 12:00", mode: bus, pays: 10.00}
        - {at: "2024-06-14 13:00", mode: bus, pays: 10.00}
        - {on: "2024-06-15 08:00", off: "2024-06-15 08:20", mode: metro, pays: 5.00}
        - {at: "2024-06-15 10:00", mode: bus, pays: 0}
      """),
  Midnight(
    "a ride on the card of before is held by what was paid under that one", rules: boughtCap,
    rides: """
        buys: [{product: card, at: "2024-06-13 10:00"}, {product: card, at: "2024-06-14 11:00"}]
        rides:
        - {at: "2024-06-14 07:00", mode: bus, pays: 10.00}
        - {at: "2024-06-14 08:00", mode: bus, pays: 10.00}
        - {on: "2024-06-14 09:00", mode: metro, pays: 5.00}
        - {at: "2024-06-14 12:00", mode: bus, pays: 10.00}
        - {at: "2024-06-14 13:00", mode: bus, pays: 10.00}
        - {on: "2024-06-15 08:00", off: "2024-06-15 08:20", mode: metro, pays: 5.00}
        - {at: "2024-06-15 10:00", mode: bus, pays: 0}
      """),
  Midnight(
    "a ride of more than a day leaves what was paid under the next card",
    rules: """
      fares: [{name: ride, price: 10.00}]
      tapping: {limit: 30 h}
      products: [{name: card, when: {mode: none}, valid: {days: 2}}]
      caps: [{name: cap, per: {product: card}, amount: 25.00}]
      """,
    rides: """
        buys: [{product: card, at: "2024-06-13 07:00"}, {product: card, at: "2024-06-15 07:00"}]
        rides:
        - {on: "2024-06-14 23:50", off: "2024-06-16 04:00", mode: metro, pays: 10.00}
        - {at: "2024-06-15 10:00", mode: bus, pays: 10.00}
        - {at: "2024-06-15 12:00", mode: bus, pays: 10.00}
        - {at: "2024-06-16 08:00", mode: bus, pays: 5.00}
        - {at: "2024-06-16 09:00", mode: bus, pays: 0}
      """),
]

private let passBack = """
  fares: [{name: ride, price: 10.00}]
  tapping: {pass_back: {within: 5 min}}
  """

private let doubled = [
  Midnight(
    "a ride that was open is no second tap of one hours later",
    rules: passBack,
    rides: """
        rides:
        - {on: "2024-05-14 20:00", off: "2024-05-15 00:30", mode: bus, vehicle: V, pays: 10.00}
        - {at: "2024-05-14 23:55", mode: bus, vehicle: V, pays: 10.00}
      """),
  Midnight(
    "a ride that was open does not make a second tap a first one",
    rules: passBack,
    rides: """
        rides:
        - {on: "2024-05-14 23:40", off: "2024-05-15 00:10", mode: bus, vehicle: W, pays: 10.00}
        - {at: "2024-05-14 23:58", mode: bus, vehicle: V, pays: 10.00}
        - {at: "2024-05-15 00:01", mode: bus, vehicle: V, pays: 0, because: second tap}
      """),
  Midnight(
    "a pass carries a ride that was open on the vehicle of a later one",
    rules: fares + "products: [{name: pass, valid: {days: 30}, pass_back: 10 min}]",
    rides: """
        buys: [{product: pass, at: "2024-05-14 07:00"}]
        rides:
        - {on: "2024-05-14 20:00", off: "2024-05-15 00:30", mode: bus, vehicle: V, pays: 0}
        - {at: "2024-05-14 23:55", mode: bus, vehicle: V, pays: 0}
        - {at: "2024-05-15 00:04", mode: bus, vehicle: V, pays: 10.00}
      """),
]

struct OpenRideTests {
  @Test(arguments: transfers + chains)
  private func aRideThatWasOpenTakesItsTurnInTransfersAndChains(_ worked: Midnight) {
    worked.expectGood()
  }

  @Test(arguments: trips)
  private func aRideThatWasOpenUsesATripInItsTurn(_ worked: Midnight) { worked.expectGood() }

  @Test(arguments: tickets)
  private func aRideThatWasOpenTakesWhatWasPaidForATicketOnce(_ worked: Midnight) {
    worked.expectGood()
  }

  @Test(arguments: bought)
  private func aRideThatWasOpenCountsToThePurchaseThatHeldWhenItBegan(_ worked: Midnight) {
    worked.expectGood()
  }

  @Test(arguments: doubled)
  private func aRideThatWasOpenIsDoubledByNoneOfHoursLater(_ worked: Midnight) {
    worked.expectGood()
  }
}

/// The versions of these rules, in a city of adults by the clock of UTC.
func openRideBook(_ rules: String, categories: String = "[adult]") throws -> TariffBook {
  let head = """
    effective: {from: 2024-01-01}
    currency: UAH
    timezone: UTC
    categories: \(categories)

    """
  let source = TariffSource(
    folder: "open", files: [TariffFile(path: TariffSource.mainPath, text: head + rules)])
  let reading = source.load()
  return try #require(reading.book, "\(reading.faults)")
}
