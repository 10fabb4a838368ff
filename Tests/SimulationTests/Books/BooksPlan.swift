import Basics
import SimulatedAcquirer
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

  /// What finds it: days are looked at for its sake that nobody looks at otherwise, and whatever else is found on
  /// them finds no bug.
  func isFound(by finding: String) -> Bool {
    let classes =
      switch self {
      case .losesLateTaps, .pricesOff: ["a ride"]
      case .keepsCredits: ["windows of a day"]
      // Who owes has paid more by it, and the balance may be what it should be.
      case .doublesTopUps: ["a balance", "an account"]
      }
    return classes.contains { finding.hasPrefix($0 + ", ") }
  }
}

/// What one seed makes: the tariff of a city, its people and what they hold to a validator.
struct BooksPlan: Sendable {
  let seed: UInt64
  let prices: [SmallTariff.Version]
  let mood: AcquirerMood
  /// A card, plastic or phone, by a word.
  let media: [CityMedium]

  init(seed: UInt64, mood: AcquirerMood? = nil) {
    var chance = SeededGenerator(seed: seed &* 0x9E37)
    self.seed = seed
    let first = Int64(chance.integer(in: 6...12)) * 100
    func version(_ day: Int, _ price: Int64, dayCap: Int64) -> SmallTariff.Version {
      SmallTariff.Version(
        first: CityCalendar.day(day), tram: price, trolleybus: price, bus: price, dayCap: dayCap,
        weekCap: price * 8, hill: price + 400)
    }
    prices = [
      version(-400, first, dayCap: first * 3),
      version(chance.integer(in: 8...10), first + 150, dayCap: first * 2 + 250),
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
