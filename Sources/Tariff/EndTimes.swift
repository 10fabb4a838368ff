import Basics

extension FareMeter {
  /// One bit for each named time that the tap off lies in; none where no tap off is known.
  mutating func endTimes(_ ride: borrowing Ride) -> UInt64 {
    guard ride.status == .complete, !ride.isCompletedByHabit else { return 0 }
    let day = tariff.tables.clock.fareDay(of: Instant(microseconds: ride.off.at)).number
    let facts = facts(of: day)
    let clock = facts.wallClock(at: ride.off.at, tariff)
    var bits: UInt64 = 0
    for index in tariff.tables.times.indices {
      for span in tariff.tables.times[index].spans {
        // The ride is borrowed, so that it cannot stand behind "and".
        guard span.isOn(day, facts.dayBit), span.contains(clock) else { continue }
        guard span.condition.holds(ride) else { continue }
        bits |= 1 << UInt64(index)
        break
      }
    }
    return bits
  }
}
