package import Basics
package import Tariff
import Transit

/// A rider made up from a seed: days of taps, some of them missing, late at night or out of place.
package struct RandomRider {
  private let tariff: CompiledTariff
  private var generator: SeededGenerator
  private let category: String
  private let medium: MediumKind
  private var nextRef = 0

  /// Makes a rider; the same seed rides the same rides.
  package init(tariff: CompiledTariff, seed: UInt64) {
    self.tariff = tariff
    var generator = SeededGenerator(seed: seed)
    // Every second pupil is a student, who pays less still with the card and as a pupil without it.
    let pupil = seed.isMultiple(of: 2) ? "student" : "pupil"
    category = ["adult", "adult", pupil, "pensioner"][generator.integer(in: 0...3)]
    medium = generator.chance(0.5) ? .card : .bank
    self.generator = generator
  }

  /// The taps of a fare day, in order of time, each under a number of its own.
  package mutating func taps(on day: Day, ridesMax: Int = 9) -> [FareTap] {
    let start = tariff.cityClock.start(of: day)
    let end = tariff.cityClock.start(of: day.adding(days: 1))
    var taps: [FareTap] = []
    var at = start.adding(seconds: Int64(generator.integer(in: 0...40_000)))
    for _ in 0..<generator.integer(in: 0...ridesMax) {
      at = at.adding(seconds: Int64(generator.integer(in: 60...9000)))
      guard at < end else { break }
      var tap = boarding(at)
      guard tap.kind == .on else {
        taps.append(tap)
        continue
      }
      var off = alighting(of: &tap)
      // Now and then one of the two is missing.
      let missing = generator.integer(in: 0...19)
      if missing != 0 { taps.append(tap) }
      at = off.at
      if missing != 1, at < end { taps.append(off) }
      if missing == 2, at.adding(seconds: 30) < end {
        off.ref = number()
        off.at = at.adding(seconds: 30)
        taps.append(off)
      }
    }
    return taps
  }

  private mutating func number() -> Int {
    nextRef += 1
    return nextRef
  }

  private mutating func boarding(_ at: Instant) -> FareTap {
    let mode = ["bus", "bus", "tram", "rail", "rail", "ferry"][generator.integer(in: 0...5)]
    var tap = FareTap(
      ref: number(), at: at, kind: mode == "rail" ? .on : .single, medium: medium,
      category: category, mode: Mode(rawValue: mode))
    tap.modeName = mode
    tap.operatorID = ["A", "B", "C"][generator.integer(in: 0...2)]
    tap.route = String(generator.integer(in: 6...9))
    tap.vehicle = "v\(generator.integer(in: 1...4))"
    tap.direction = generator.integer(in: 0...1)
    if generator.chance(0.05) { tap.riders = generator.integer(in: 2...4) }
    if mode == "rail" || generator.chance(0.3) { place(&tap) }
    if mode == "tram", generator.chance(0.1) { tap.kind = .on }
    return tap
  }

  private mutating func place(_ tap: inout FareTap) {
    let number = generator.integer(in: 1...4)
    tap.stop = "S\(number)"
    tap.zone = String(number)
    tap.coordinate = Coordinate(latitude: 50 + Double(number) * 0.03, longitude: 30.5)
  }

  private mutating func alighting(of tap: inout FareTap) -> FareTap {
    var off = tap
    off.ref = number()
    off.kind = .off
    off.at = tap.at.adding(seconds: Int64(generator.integer(in: 30...5400)))
    place(&off)
    if generator.chance(0.5) { off.distanceMetres = generator.integer(in: 200...15_000) }
    off.stopCount = generator.integer(in: 1...12)
    return off
  }
}
