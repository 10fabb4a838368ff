package import Tariff

/// A tariff made up from a seed out of nearly every construct of the language, and what is known of it.
package struct RandomTariff: Sendable {
  package var seed: UInt64
  /// The rules as YAML, for messages.
  package var text: String
  package var tariff: CompiledTariff
  package var caps: [RandomCap]
  /// Names of the fees that no cap holds.
  package var outsideFees: Set<String>
  /// Passes and carnets that a rider may buy.
  package var products: [String]
  /// Whether a rule is in it by which a rider who holds more may pay more: see "What never costs
  /// more" in docs/tariff-language.md.
  package var mayCostMore: Bool

  /// Makes the tariff of a seed; nil, with the faults, when the generator wrote what the reader refuses.
  package static func make(seed: UInt64, extraRules: String = "") -> Result<Self, RandomFault> {
    var rules = RandomRules(seed: seed)
    let text = rules.write() + extraRules
    let reading = TariffSource(
      folder: "random", files: [TariffFile(path: TariffSource.mainPath, text: text)]
    ).load()
    guard let tariff = reading.book?.versions.first else {
      return .failure(RandomFault(text: text, faults: reading.faults))
    }
    return .success(
      Self(
        seed: seed, text: text, tariff: tariff, caps: rules.caps, outsideFees: rules.outsideFees,
        products: rules.products, mayCostMore: rules.mayCostMore))
  }
}

/// What was wrong with a tariff that was made up.
package struct RandomFault: Error, CustomStringConvertible {
  package let text: String
  package let faults: [TariffFault]

  package var description: String {
    faults.map(\.description).joined(separator: "\n") + "\n" + text
  }
}

/// A cap of a made-up tariff, to hold the fares against.
package struct RandomCap: Sendable {
  package enum Period: Sendable {
    case day, week, month, year
    case days(Int)
    case hours(Int)
    case months(Int)
  }

  package var name: String
  /// Modes that count; nil for all.
  package var modes: Set<String>?
  package var period: Period
  /// The most that it can be in minor units; nil when it counts rides.
  package var amountMinor: Int64?
  package var ridesMax: Int?
  package var chargesLastWhole: Bool

  /// Whether one of two caps holds all rides that both hold, so that what one lets go the other may
  /// not charge twice.
  package func isNested(with other: Self) -> Bool {
    let mine = modes ?? Self.allModes
    let theirs = other.modes ?? Self.allModes
    if mine.isDisjoint(with: theirs) { return true }
    return (length <= other.length && mine.isSubset(of: theirs))
      || (other.length <= length && theirs.isSubset(of: mine))
  }

  private static let allModes: Set<String> = ["bus", "tram", "rail", "ferry"]

  private var length: Int {
    switch period {
    case .day: 1
    case .week: 7
    case .month: 31
    case .year: 366
    case .days(let days): days
    case .hours(let hours): hours / 24
    case .months(let months): 31 * months
    }
  }

  /// Whether its period begins with the first ride.
  package var isRolling: Bool {
    switch period {
    case .day, .week, .month, .year: false
    case .days, .hours, .months: true
    }
  }
}
