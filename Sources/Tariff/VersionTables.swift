import Basics

/// The tables of the dimensions, by dimension.
struct SymbolTables: Sendable {
  private var tables = Dimension.allCases.map { _ in SymbolTable() }
  /// Of each dimension, what a tap without a value is in.
  private var absentMasks = Dimension.allCases.map { _ in UInt64(0) }
  /// Of each dimension, whether the tariff tells any value apart.
  private var mentionsAny = Dimension.allCases.map { _ in false }

  subscript(dimension: Dimension) -> SymbolTable {
    get { tables[dimension.rawValue] }
    set {
      tables[dimension.rawValue] = newValue
      absentMasks[dimension.rawValue] = newValue.absentMask
      mentionsAny[dimension.rawValue] = newValue.mentionsAny
    }
  }

  /// A value of a tap as the engine sees it.
  func look(_ dimension: Dimension, _ text: String?) -> Seen {
    // Most taps leave most of them out, and most tariffs do not ask: then no table is touched, for its
    // arrays are counted up and down each time.
    guard let text else { return Seen(id: -1, hash: 0, mask: absentMasks[dimension.rawValue]) }
    guard mentionsAny[dimension.rawValue] else { return Seen(id: -1, hash: tag(text), mask: 0) }
    return tables[dimension.rawValue].look(text)
  }
}

/// Which distance of a ride counts.
enum DistanceUse: String, CaseIterable, Sendable {
  /// The operator's own kilometres where known, else the straight line.
  case givenFirst = "given_first"
  /// The operator's own kilometres where known, else along the line of the network.
  case alongLine = "along_line"
  case straight
}

/// A stop, zone, route or operator that a tariff names.
struct Mention: Hashable, Sendable {
  var dimension: Dimension
  var name: String
  var line: Int
}

/// All that a version of a tariff says, as tables.
struct TariffTables: Sendable {
  var name: String
  var title: Bilingual
  var version: String
  var versionTag: UInt32
  var currency: Currency
  var clock: CityClock
  var firstDay: Int
  var lastDay: Int
  /// The days whose money is in this currency; nil in a book that has only one.
  var moneyDays: MoneyDays?
  /// First day of the week, Monday 1.
  var weekStart = 1
  /// Fare days that are public holidays.
  var holidays: Set<Int> = []
  var symbols = SymbolTables()
  var stopZones: [String: String] = [:]
  var categories: [CategoryRule] = []
  /// Place of a category by the number of its name; -1 for names that are none.
  var categoryByID: [Int32] = []
  var unknownCategory: Int32 = -1
  var times: [NamedTime] = []
  var services: [ServiceRule] = []
  var nodes: [PriceNode] = []
  var fares: [FareRule] = []
  var tapping = TappingRules()
  var products: [ProductRule] = []
  var transfers: [TransferRule] = []
  var chains: [ChainRule] = []
  var repeats: [RepeatRule] = []
  var caps: [CapRule] = []
  var surcharges: [SurchargeRule] = []
  var tickets: [TicketRule] = []
  var storedValue: StoredValueRule?
  /// Price of a companion: the category it is taken from; -1 for the holder's own.
  var companionCategory: Int32 = -1
  var measuresOnEllipsoid = true
  var distanceUse = DistanceUse.givenFirst
  /// Whether some price or condition needs to know which way a ride went.
  var needsLine = false
  /// Whether a ride touches the zones all along its line, and not only those of its ends.
  var zonesAreOfLine = false
  /// For each zone its place in the tariff's list, which is how far out it lies; -1 when not listed.
  var zoneRanks: [Int32] = []
  /// Values of the network that the tariff names, with the line of the first mention.
  var mentions: [Mention] = []
  var rounding: PriceShare?
  var pricesByStop = false
  /// Whether the tariff and its cases are written in minor units.
  var countsInMinor = false
  var apportionment = FareApportionment.own
  /// Whether some condition asks when a ride ended.
  var asksEndTimes = false
  /// What the version says of itself to people; it changes no fare.
  var notes = VersionNotes()
}

/// A kind of service that the tariff tells apart.
struct ServiceRule: Sendable {
  var name: String
  var tag: UInt32
  var condition: RideCondition
}
