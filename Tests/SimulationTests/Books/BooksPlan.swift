import Basics
import SimulatedAcquirer
import SimulatedCity
import Tariff
import Transit

/// A bug put into the books on purpose: the checker has to find each of them.
enum PlantedBookBug: String, CaseIterable, Sendable {
  /// Taps that come late are lost.
  case losesLateTaps
  /// Fares are a kopiyka off.
  case pricesOff
  /// What a day does not cost any more is not given back to the card.
  case keepsCredits
  /// Money put on a card counts twice.
  case doublesTopUps

  /// After how many weeks it has to be found.
  var weeks: Int { self == .losesLateTaps || self == .keepsCredits ? 2 : 1 }
}

/// A price of the simulated city: what an adult pays for a ride and at most for a day.
struct CityPrice: Sendable {
  let first: Day
  let adult: Int64
  let dayCap: Int64
}

/// What one seed makes: the tariff of a city, its people and what they hold to a validator.
struct BooksPlan: Sendable {
  /// Whose fares the checker works out by hand, without the tariff engine.
  let isByHand: Bool
  let seed: UInt64
  let prices: [CityPrice]
  let mood: AcquirerMood
  /// A card, plastic or phone, by a word.
  let media: [CityMedium]

  init(seed: UInt64, mood: AcquirerMood? = nil) {
    var chance = SeededGenerator(seed: seed &* 0x9E37)
    self.seed = seed
    isByHand = seed % 2 == 1
    let first = Int64(chance.integer(in: 6...12)) * 100
    prices = [
      CityPrice(first: CityCalendar.day(-400), adult: first, dayCap: first * 3),
      CityPrice(
        first: CityCalendar.day(chance.integer(in: 8...10)), adult: first + 150,
        dayCap: first * 2 + 250),
    ]
    self.mood =
      mood
      ?? AcquirerMood(
        declines: 0.2, silences: 0.15, repeats: 0.4, delays: 0.2, delaySecondsMax: 40_000)
    media =
      (0..<5).map { CityMedium(.card, "card-\($0)") }
      + (0..<4).map { CityMedium(.bank, "plastic-\($0)") }
      + (0..<2).map { CityMedium(.phone, "phone-\($0)") }
  }

  /// The tariff as it is published, of one version.
  func tariff(_ price: CityPrice, isOff: Bool = false) -> String {
    let adult = price.adult + (isOff ? 1 : 0)
    let rich =
      isByHand
      ? ""
      : """
        - {name: week cap, per: week, amount: {adult: \(price.adult * 8), student: \(price.adult * 4)}}
      products:
        - {name: ten rides, trips: 10, valid: {days: 40}, price: {adult: 7000}}
      """
    let hill =
      isByHand
      ? "" : "  - {name: hill, when: {stop: [HILL]}, price: \(price.adult + 400)}\n"
    return """
      tariff: simulated
      version: v\(price.first)
      effective: {from: \(price.first)}
      currency: UAH
      amounts: minor
      timezone: Europe/Kyiv
      day_start: "04:00"
      categories:
        adult: {title: {uk: дорослий, en: adult}}
        student: {title: {uk: студент, en: student}}
        pensioner: {title: {uk: пенсіонер, en: pensioner}, free: true, as: adult}
      fares:
      \(hill)  - {name: ride, price: {adult: \(adult), student: \(price.adult / 2)}}
      transfers:
        - {name: transfer, within: 30 min, end: inside, pays: free}
      caps:
        - {name: day cap, per: day, amount: {adult: \(price.dayCap), student: \(price.dayCap / 2)}}
      \(rich)
      """
  }
}

/// Something that is held to a validator, by its kind and the word that is its token.
struct CityMedium: Hashable, Sendable {
  let kind: MediumKind
  let word: String

  init(_ kind: MediumKind, _ word: String) {
    self.kind = kind
    self.word = word
  }

  /// Whether its rides are paid through the acquirer.
  var isCharged: Bool { kind == .bank || kind == .phone }
}
