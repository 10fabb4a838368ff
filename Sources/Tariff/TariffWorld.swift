package import Basics
import Transit

/// Taps made up from a tariff's own words, for load tests and properties.
package struct TariffWorld {
  private let tariff: CompiledTariff
  private let templates: [FareTap]
  private var generator: SeededGenerator

  /// Most people ride alone; this share of taps carries two.
  private static let companionShare = 0.02

  /// Makes a world; the same seed gives the same taps.
  package init(tariff: CompiledTariff, seed: UInt64) {
    self.tariff = tariff
    generator = SeededGenerator(seed: seed)
    templates = TariffWorld.templates(tariff)
  }

  /// The taps of one rider on one fare day, in order of time.
  package mutating func taps(day: Day, rides: Int, withCompanions: Bool = false) -> [FareTap] {
    let start = tariff.cityClock.start(of: day)
    let category = pick(tariff.categories) ?? ""
    var taps: [FareTap] = []
    var second = generator.integer(in: 3600...7200) * 2
    for _ in 0..<rides {
      second += generator.integer(in: 300...9000)
      guard second < 82_000 else { break }
      var tap = pick(templates) ?? templates[0]
      tap.ref = taps.count
      tap.category = category
      tap.at = start.adding(seconds: Int64(second))
      if withCompanions, generator.chance(TariffWorld.companionShare) { tap.riders = 2 }
      guard tariff.pricesByStop else {
        taps.append(tap)
        continue
      }
      let off = place(&tap, ref: taps.count + 1)
      taps.append(tap)
      guard tap.kind == .on, !generator.chance(0.01) else { continue }
      second += generator.integer(in: 120...2400)
      var alighted = off
      alighted.at = start.adding(seconds: Int64(second))
      taps.append(alighted)
    }
    return taps
  }

  /// Gives a boarding a place and returns the alighting that goes with it.
  private mutating func place(_ tap: inout FareTap, ref: Int) -> FareTap {
    let tables = tariff.tables
    if tap.kind == .single { tap.kind = .on }
    var off = tap
    off.ref = ref
    off.kind = .off
    if tap.stop == nil { tap.stop = pick(tables.symbols[.stop].names) }
    off.stop = pick(tables.symbols[.stop].names)
    if tap.zone == nil { tap.zone = pick(tables.symbols[.zone].names) }
    off.zone = pick(tables.symbols[.zone].names)
    tap.coordinate = point()
    off.coordinate = point()
    return off
  }

  private mutating func point() -> Coordinate {
    Coordinate(
      latitude: -33.8 + generator.fraction() * 0.3, longitude: 151 + generator.fraction() * 0.3)
  }

  private mutating func pick<T>(_ values: [T]) -> T? {
    values.isEmpty ? nil : values[generator.integer(in: 0...(values.count - 1))]
  }

  /// One tap for each clause of the conditions that services, or else fares, ask for.
  private static func templates(_ tariff: CompiledTariff) -> [FareTap] {
    let tables = tariff.tables
    var conditions = tables.services.map(\.condition)
    if conditions.isEmpty { conditions = tables.fares.map(\.condition) }
    let clauses = conditions.flatMap(\.clauses)
    let found = clauses.map { clause in
      var tap = FareTap(
        ref: 0, at: Instant(seconds: 0), kind: .single, medium: .card, category: "")
      for test in clause where !test.isNegated {
        guard let base = test.dimension.base, let value = value(base, test.mask, tables) else {
          continue
        }
        switch test.dimension {
        case .mode:
          tap.modeName = value
          tap.mode = Mode(rawValue: value)
        case .operatorID: tap.operatorID = value
        case .route: tap.route = value
        case .vehicle: tap.vehicle = value
        case .medium: tap.mediumName = value
        case .stop, .anyStop: tap.stop = value
        case .zone, .zones, .anyZone: tap.zone = value
        default: break
        }
      }
      return tap
    }
    let plain = FareTap(
      ref: 0, at: Instant(seconds: 0), kind: .single, medium: .card, category: "", mode: .bus)
    return found.isEmpty ? [plain] : found
  }

  /// A value that is in a set of the tariff's conditions.
  private static func value(
    _ base: Dimension, _ mask: UInt64, _ tables: TariffTables
  ) -> String? {
    let matcher = tables.symbols[base].matchers[mask.trailingZeroBitCount]
    if let name = matcher.names.min() { return name }
    return matcher.ranges.first.map { String($0.lowerBound) } ?? (matcher.matchesAny ? "1" : nil)
  }
}
