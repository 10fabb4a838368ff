import Basics

/// One test of a condition: the ride's value is, or is not, in a set.
struct RideTest: Hashable, Sendable {
  var dimension: RideDimension
  var mask: UInt64
  var isNegated: Bool
}

/// A condition on a ride: one of its clauses holds, and in a clause all tests do.
struct RideCondition: Hashable, Sendable {
  let clauses: [[RideTest]]
  /// The tests of all clauses one after the other, and where each clause ends.
  private let tests: [RideTest]
  private let ends: [Int]
  private let isAlways: Bool
  /// The only test of most conditions, kept beside the lists so that asking it touches no array.
  private let single: RideTest?

  init(clauses: [[RideTest]]) {
    self.clauses = clauses
    tests = clauses.flatMap { $0 }
    var end = 0
    ends = clauses.map { clause in
      end += clause.count
      return end
    }
    isAlways = clauses.contains { $0.isEmpty }
    single = tests.count == 1 && clauses.count == 1 ? tests[0] : nil
  }

  /// The condition that every ride fulfils.
  static let always = RideCondition(clauses: [[]])

  func holds(_ ride: borrowing Ride) -> Bool {
    if isAlways { return true }
    if let single {
      return (ride.mask(single.dimension) & single.mask != 0) != single.isNegated
    }
    return holdsOneClause(ride)
  }

  private func holdsOneClause(_ ride: borrowing Ride) -> Bool {
    var at = 0
    for end in ends {
      while at < end {
        let test = tests[at]
        if (ride.mask(test.dimension) & test.mask != 0) == test.isNegated { break }
        at += 1
      }
      if at == end { return true }
      at = end
    }
    return false
  }
}

/// A length of a ride by which bands are told apart.
enum Measure: String, Sendable, CaseIterable {
  /// Kilometres, in metres inside.
  case distance
  /// Stops passed.
  case stops
  /// Zones passed when zones are numbered: 2 to 5 are 4 zones.
  case zoneCount = "zone_count"
  /// Different zones of all stops on the way, both ends among them.
  case zonesPassed = "zones_passed"
  /// People on the tap.
  case riders
}

/// One band of a measure.
struct PriceBand: Hashable, Sendable {
  /// Where the band ends, in metres for distances.
  var limit: Double
  /// Whether a value equal to the limit is still inside.
  var isInclusive: Bool
  var node: Int32
}

/// A part of a price: the tables that `price:` in the tariff becomes.
enum PriceNode: Hashable, Sendable {
  case amount(Int64)
  case unknown
  /// By the number of a value; -1 in the table is "not in the list".
  case choice(RideDimension, table: [Int32], others: Int32)
  /// By the zone that lies farthest out of all that the ride touches; -1 is "not in the list".
  case farthestZone(table: [Int32], others: Int32)
  /// The first time that the boarding lies in.
  case times([TimeChoice], others: Int32)
  case bands(Measure, [PriceBand])
  /// By start and end, both ways when the tariff says so.
  case pairs(ofStops: Bool, [UInt64: Int32], others: Int32)
  case sum([Int32])
  /// A share of another price, rounded to a step.
  case share(of: Int32, PriceShare)
  /// By the date of the ride: up to and including a day.
  case dates([DateChoice])
  /// By the start and the end in several words, for tickets.
  case ends(EndsTable)
  /// A base and an amount for each unit of a measure.
  case perUnit(Measure, base: Int64, each: Int64, unit: Double, isStartedCharged: Bool)
}

/// One named time of a price.
struct TimeChoice: Hashable, Sendable {
  var mask: UInt64
  var node: Int32
}

/// One period of a price.
struct DateChoice: Hashable, Sendable {
  var lastDay: Int
  var node: Int32
}

/// A share of a price.
struct PriceShare: Hashable, Sendable {
  /// Hundredths of a percent: 5,000 is half.
  var basisPoints: Int64
  var rounding: Rounding
  /// Minor units to whose multiple it is rounded.
  var stepMinor: Int64

  /// The share; `unknownMinor` where it is larger than any price.
  func of(_ minor: Int64) -> Int64 {
    let (product, isPast) = minor.multipliedReportingOverflow(by: basisPoints)
    guard !isPast else { return unknownMinor }
    return priceOrUnknown(rounding.divide(product, by: 10_000 * stepMinor) * stepMinor)
  }
}

/// Prices by the two ends of a run of rides, looked up by one word after another.
struct EndsTable: Hashable, Sendable {
  /// What an end is looked up by, first hit wins.
  var words: [EndWord]
  /// Start (kind and number) and end to a price.
  var entries: [UInt64: Int32]

  static func key(_ from: EndWord, _ fromID: Int32, _ to: EndWord, _ toID: Int32) -> UInt64 {
    UInt64(from.rawValue) << 62 | UInt64(to.rawValue) << 60
      | UInt64(UInt32(bitPattern: fromID) & 0x3FFF_FFFF) << 30
      | UInt64(UInt32(bitPattern: toID) & 0x3FFF_FFFF)
  }

  /// The part of a key that is of its start.
  static func start(_ key: UInt64) -> UInt64 { key & 0xCFFF_FFFF_C000_0000 }

  /// What the end of a key is called by.
  static func endWord(_ key: UInt64) -> EndWord? { EndWord(rawValue: UInt8(key >> 60 & 3)) }
}

/// What an end of a run of rides is called by.
enum EndWord: UInt8, Hashable, Sendable {
  case stop
  /// The mode of the last ride, for both ends.
  case lastMode
  case zone
}

/// A rule that gives rides their price.
struct FareRule: Sendable {
  var name: String
  var condition: RideCondition
  var node: Int32
  var line: Int
}

/// A named time: one of its spans holds the boarding.
struct NamedTime: Sendable {
  var name: String
  var spans: [TimeSpan]
}

/// A span of the day on some days.
struct TimeSpan: Hashable, Sendable {
  /// Bits 0 to 6 are Monday to Sunday that are no holidays, 7 to 13 those that are.
  var days: UInt16
  /// Microseconds after midnight.
  var start: Int64
  var end: Int64
  var isStartInclusive: Bool
  var isEndInclusive: Bool
  /// What else must be true of the ride; time is not known yet here.
  var condition: RideCondition
  /// Fare days on which it holds, or does not, whatever their weekday.
  var exceptions: [Int: Bool] = [:]

  /// Whether the span holds on a fare day with the bit of its weekday.
  func isOn(_ day: Int, _ dayBit: UInt16) -> Bool {
    let isUsual = days & dayBit != 0
    return exceptions.isEmpty ? isUsual : exceptions[day] ?? isUsual
  }

  func contains(_ microsecond: Int64) -> Bool {
    func inside(_ value: Int64, afterStart: Bool, beforeEnd: Bool) -> Bool {
      if afterStart, isStartInclusive ? value < start : value <= start { return false }
      if beforeEnd, isEndInclusive ? value > end : value >= end { return false }
      return true
    }
    // A span over midnight is two: from its start on, and up to its end.
    if end < start {
      return inside(microsecond, afterStart: true, beforeEnd: false)
        || inside(microsecond, afterStart: false, beforeEnd: true)
    }
    return inside(microsecond, afterStart: true, beforeEnd: true)
  }
}
