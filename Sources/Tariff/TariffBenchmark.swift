package import Basics

/// Rider-days with all texts looked up, rated again and again: what `loadtest tariff` measures.
package struct TariffBenchmark {
  /// What one run did.
  package struct Run: Sendable {
    package var taps: Int
    package var rides: Int
    package var chargedMinor: Int64
  }

  private var meter: FareMeter
  private var taps: [PreparedTap] = []
  /// For each rider the fare days with the places of their taps.
  private var riders: [[(day: Int, taps: Range<Int>)]] = []

  /// Makes up riders who ride a few times on each of some days.
  package init(
    _ tariff: CompiledTariff, riders count: Int, days: Int, ridesPerDay: Int, seed: UInt64
  ) {
    meter = FareMeter(tariff)
    for facts in Self.riderDays(
      tariff, riders: count, days: days, ridesPerDay: ridesPerDay, seed: seed)
    {
      var rider: [(day: Int, taps: Range<Int>)] = []
      for (day, dayTaps) in facts {
        let start = taps.count
        for (index, tap) in dayTaps.enumerated() {
          taps.append(tariff.prepare(tap, index: Int32(index)))
        }
        rider.append((day.number, start..<taps.count))
      }
      riders.append(rider)
    }
  }

  /// The same riders with the facts of their taps: for each rider the fare days with their taps.
  package static func riderDays(
    _ tariff: CompiledTariff, riders count: Int, days: Int, ridesPerDay: Int, seed: UInt64
  ) -> [[(day: Day, taps: [FareTap])]] {
    var world = TariffWorld(tariff: tariff, seed: seed)
    return (0..<count).map { _ in
      (0..<days).map { offset in
        let day = tariff.firstDay.adding(days: 30 + offset)
        return (day, world.taps(day: day, rides: ridesPerDay))
      }
    }
  }

  /// Rates every rider from the beginning, day after day, states carried in memory.
  package mutating func run() -> Run {
    var run = Run(taps: taps.count, rides: 0, chargedMinor: 0)
    for rider in riders {
      var state = RiderState.empty
      for part in rider {
        run.chargedMinor += meter.rate(day: part.day, state: &state, taps: taps[part.taps])
        run.rides += meter.outcomes.count
      }
    }
    return run
  }

  /// Mean bytes of a rider's stored state after all days.
  package mutating func bytesPerState() -> Double {
    var sum = 0
    for rider in riders {
      var state = RiderState.empty
      for part in rider { meter.rate(day: part.day, state: &state, taps: taps[part.taps]) }
      sum += state.bytes.count
    }
    return Double(sum) / Double(max(1, riders.count))
  }
}
