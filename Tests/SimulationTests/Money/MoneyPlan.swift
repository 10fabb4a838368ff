import Basics
import SimulatedAcquirer
import SimulatedCity
import Transit
import Wallet

/// Something that people do about money on a simulated day; media are named by their place.
enum MoneyEvent: Sendable {
  case topUp(Int, minor: Int64, MoneyChannel)
  /// All that is left, or a part of it.
  case refundBalance(Int, part: Int64?, MoneyChannel)
  /// A balance put right by two people; some are decided days after they were proposed.
  case correct(Int, minor: Int64, isApproved: Bool, isLater: Bool)
  case giveUpAccount(Int, isApproved: Bool, isLater: Bool)
  case decideAccountOrders
  case sell(SoldProduct.Kind, Int, MoneyChannel, daysAhead: Int)
  case giveBack(Int, MoneyChannel)
  /// A proof of a category that began some days ago.
  case prove(Int, category: String, daysAgo: Int, days: Int)
  /// A further medium for whoever holds one.
  case hold(CityMedium, with: Int)
  case merge(Int, into: Int)
  case link(plastic: Int, phone: Int)
  /// Taking away who a rider was, after what is owed is settled or without.
  case erase(Int, isSettled: Bool)
  case payDebt(isPart: Bool, isTransfer: Bool)
  case askDebt
  case giveUpDebt(isApproved: Bool)
  case payGivenUp
  case refundPayment(minor: Int64, isApproved: Bool)
  case dispute(minor: Int64, isOpeningLost: Bool)
  case decideDispute(isWon: Bool)
  /// The acquirer's own file of disputes, with a line that stood in one before.
  case fundDisputes(isTwice: Bool)
  case fund(isTwice: Bool)
  case claim(daysAgo: Int)
  case decideClaim(isApproved: Bool)
  case payClaim
  case payouts(daysAgo: Int)
  case decidePayouts(isApproved: Bool)
  case sendPayouts
  case confirmPayouts(isPaid: Bool)
  /// A new price, from a day that has been.
  case publish(SmallTariff.Version)
  case decideTap(isReleased: Bool)
  /// The acquirer's own file of top-ups and sales by card.
  case fundSales(isTwice: Bool)
  /// A part of the cash goes to the bank.
  case handInCash(percent: Int)
  /// Somebody says what lines of the bank are.
  case matchLines
  case close(String)
}

/// A tap of a plan.
struct PlannedTap: Sendable {
  let medium: Int
  /// Seconds after the midnight at which its day begins.
  let second: Int
  let line: Int
  /// Days that its validator is offline.
  let daysLate: Int
  /// Its clock stands a year ahead: somebody has to release it, or discard it.
  let isImpossible: Bool
}

/// What one seed makes of some weeks: a list of what happens on which day, and nothing that happens
/// while it is played.
struct MoneyPlan: Sendable {
  /// A day of it.
  struct PlannedDay: Sendable {
    var morning: [PlannedTap] = []
    var events: [MoneyEvent] = []
    var evening: [PlannedTap] = []
  }

  let seed: UInt64
  let mood: AcquirerMood
  let media: [CityMedium]
  let firstPrices: SmallTariff.Version
  private(set) var days: [PlannedDay] = []

  /// Cards, then bank cards, then one phone, then codes.
  static let cards = 0..<7
  static let plastic = 7..<12
  static let phone = 12
  static let codes = 13..<15

  init(seed: UInt64, weeks: Int) {
    var chance = SeededGenerator(seed: seed &* 0x5DEE_CE66 &+ 11)
    self.seed = seed
    mood = AcquirerMood(
      declines: 0.25, silences: 0.15, repeats: 0.4, delays: 0.2, delaySecondsMax: 40_000)
    media =
      Self.cards.map { CityMedium(.card, "card-\($0)") }
      + Self.plastic.map { CityMedium(.bank, "plastic-\($0)") }
      + [CityMedium(.phone, "phone")] + Self.codes.map { CityMedium(.qr, "code-\($0)") }
    let tram = Int64(chance.integer(in: 6...9)) * 100 + 1
    firstPrices = SmallTariff.Version(
      first: CityCalendar.day(-400), tram: tram, trolleybus: tram + 150, bus: tram + 300,
      dayCap: tram * 3 + 50, weekCap: tram * 8 + 1,
      apportionment: SmallTariff.sharingRules[Int(seed % 5)])
    for day in 0..<7 * weeks { days.append(planned(day, &chance)) }
  }

  private func planned(_ day: Int, _ chance: inout SeededGenerator) -> PlannedDay {
    var planned = PlannedDay()
    planned.morning = taps(5 * 3600...14 * 3600, &chance)
    planned.evening = taps(14 * 3600 + 1...26 * 3600 + 1800, &chance)
    planned.events = moneyOfRiders(day, &chance) + moneyOfCards(&chance) + moneyOfOperators(&chance)
    planned.events.shuffle(using: &chance)
    planned.events += fixed(day, &chance)
    return planned
  }

  private func taps(
    _ seconds: ClosedRange<Int>, _ chance: inout SeededGenerator
  ) -> [PlannedTap] {
    var taps: [PlannedTap] = []
    let isOffline = chance.chance(0.4)
    for medium in media.indices where chance.chance(0.35) {
      func tap(_ second: Int) -> PlannedTap {
        PlannedTap(
          medium: medium, second: second,
          line: chance.integer(in: 0...CityPlan.lines.count - 1),
          daysLate: isOffline && chance.chance(0.4) ? chance.integer(in: 1...9) : 0,
          isImpossible: chance.chance(0.04))
      }
      let second = chance.integer(in: seconds)
      taps.append(tap(second))
      let again = second + chance.integer(in: 300...2400)
      if chance.chance(0.35), seconds.contains(again) { taps.append(tap(again)) }
    }
    return taps
  }

  private static let channels: [MoneyChannel] = [.cash, .bank, .acquirer]

  private func moneyOfRiders(_ day: Int, _ chance: inout SeededGenerator) -> [MoneyEvent] {
    func any<Element>(_ list: [Element]) -> Element {
      list[chance.integer(in: 0...list.count - 1)]
    }
    let paid = Array(Self.cards) + Array(Self.codes)
    var events: [MoneyEvent] = []
    for _ in 0..<2 where chance.chance(0.7) {
      events.append(
        .topUp(any(paid), minor: Int64(chance.integer(in: 3...150)) * 100, any(Self.channels)))
    }
    if chance.chance(0.25) {
      let part = chance.chance(0.6) ? Int64(chance.integer(in: 100...900)) : nil
      events.append(.refundBalance(any(paid), part: part, any(Self.channels)))
    }
    if chance.chance(0.3) {
      let minor = Int64(chance.integer(in: 1...700)) * (chance.chance(0.5) ? 1 : -1)
      events.append(
        .correct(
          any(paid), minor: minor, isApproved: chance.chance(0.8), isLater: chance.chance(0.4)))
    }
    if chance.chance(0.3) {
      events.append(
        .giveUpAccount(
          any(paid), isApproved: chance.chance(0.8), isLater: chance.chance(0.4)))
    }
    if chance.chance(0.4) { events.append(.decideAccountOrders) }
    for _ in 0..<2 where chance.chance(0.4) {
      events.append(
        .sell(
          any(SoldProduct.Kind.allCases), chance.integer(in: 0...media.count - 1),
          any([.cash, .bank, .acquirer, .wallet, .wallet, .wallet]),
          daysAhead: chance.chance(0.3) ? chance.integer(in: 1...4) : 0))
    }
    if chance.chance(0.3) {
      events.append(
        .giveBack(
          chance.integer(in: 0...media.count - 1), any([.cash, .bank, .acquirer, .wallet])))
    }
    if chance.chance(0.35) {
      events.append(
        .prove(
          chance.integer(in: 0...media.count - 1),
          category: chance.chance(0.5) ? "student" : "pensioner",
          daysAgo: chance.integer(in: -2...8), days: chance.integer(in: 1...12)))
    }
    if chance.chance(0.5) { events.append(.decideTap(isReleased: chance.chance(0.7))) }
    return events
  }

  private func moneyOfCards(_ chance: inout SeededGenerator) -> [MoneyEvent] {
    var events: [MoneyEvent] = []
    if chance.chance(0.35) {
      events.append(.payDebt(isPart: chance.chance(0.5), isTransfer: chance.chance(0.4)))
    }
    if chance.chance(0.15) { events.append(.askDebt) }
    if chance.chance(0.35) { events.append(.giveUpDebt(isApproved: chance.chance(0.8))) }
    if chance.chance(0.25) { events.append(.payGivenUp) }
    if chance.chance(0.25) {
      events.append(
        .refundPayment(
          minor: Int64(chance.integer(in: 1...700)), isApproved: chance.chance(0.8)))
    }
    if chance.chance(0.3) {
      events.append(
        .dispute(
          minor: Int64(chance.integer(in: 1...900)), isOpeningLost: chance.chance(0.2)))
    }
    if chance.chance(0.25) { events.append(.decideDispute(isWon: chance.chance(0.5))) }
    if chance.chance(0.2) { events.append(.fundDisputes(isTwice: chance.chance(0.2))) }
    if chance.chance(0.35) { events.append(.fund(isTwice: chance.chance(0.3))) }
    if chance.chance(0.4) { events.append(.fundSales(isTwice: chance.chance(0.3))) }
    if chance.chance(0.3) { events.append(.handInCash(percent: chance.integer(in: 20...100))) }
    if chance.chance(0.5) { events.append(.matchLines) }
    return events
  }

  private func moneyOfOperators(_ chance: inout SeededGenerator) -> [MoneyEvent] {
    var events: [MoneyEvent] = []
    if chance.chance(0.35) { events.append(.claim(daysAgo: chance.integer(in: 1...6))) }
    if chance.chance(0.3) { events.append(.decideClaim(isApproved: chance.chance(0.7))) }
    if chance.chance(0.4) { events.append(.payClaim) }
    if chance.chance(0.25) { events.append(.payouts(daysAgo: max(1, chance.integer(in: 0...2)))) }
    if chance.chance(0.35) { events.append(.decidePayouts(isApproved: chance.chance(0.75))) }
    if chance.chance(0.3) { events.append(.sendPayouts) }
    if chance.chance(0.3) { events.append(.confirmPayouts(isPaid: chance.chance(0.5))) }
    return events
  }

  /// Somebody buys a carnet and gives it back at once.
  private func thinksBetter(_ place: Int) -> [MoneyEvent] {
    [.sell(.carnet, place, .cash, daysAhead: 0), .giveBack(place, .cash)]
  }

  /// What happens once, on its day.
  private func fixed(_ day: Int, _ chance: inout SeededGenerator) -> [MoneyEvent] {
    switch day {
    case 3: return thinksBetter(Self.cards.lowerBound)
    case 6: return thinksBetter(Self.plastic.lowerBound)
    case 14: return thinksBetter(Self.codes.lowerBound)
    case 4: return [.hold(CityMedium(.qr, "second-code"), with: Self.cards.lowerBound)]
    case 8: return [.erase(5, isSettled: false)]
    case 9: return [.link(plastic: Self.plastic.lowerBound, phone: Self.phone)]
    case 10:
      let more = Int64(chance.integer(in: -1...2)) * 101
      return [
        .publish(
          SmallTariff.Version(
            first: CityCalendar.day(day - chance.integer(in: 1...6)), tram: firstPrices.tram + more,
            trolleybus: firstPrices.trolleybus - 50, bus: firstPrices.bus + more,
            dayCap: firstPrices.dayCap - 70, weekCap: firstPrices.weekCap - 90,
            apportionment: SmallTariff.sharingRules[chance.integer(in: 0...4)]))
      ]
    case 11, 19:
      return (Array(Self.cards) + Array(Self.codes)).map {
        .giveUpAccount($0, isApproved: true, isLater: false)
      }
    case 12: return [.merge(0, into: 1), .merge(2, into: Self.codes.lowerBound)]
    case 13: return [.merge(Self.plastic.lowerBound + 1, into: Self.plastic.lowerBound + 2)]
    case 15: return [.erase(3, isSettled: true)]
    case 16: return [.merge(Self.plastic.lowerBound + 3, into: 4)]
    case 17: return [.close("2026-10")]
    case 18: return [.erase(Self.plastic.lowerBound + 4, isSettled: false)]
    default: return []
    }
  }
}
