import Basics

extension FareMeter {
  /// One bit for each named time that the tap off lies in; none where no tap off is known.
  func endTimes(_ ride: borrowing Ride) -> UInt64 {
    guard ride.status == .complete, !ride.isCompletedByHabit else { return 0 }
    let moment = Instant(microseconds: ride.off.at)
    let day = tariff.tables.clock.fareDay(of: moment).number
    let fraction = ride.off.at - floorDivide(ride.off.at, 1_000_000) * 1_000_000
    let clock = Int64(tariff.tables.clock.zone.local(moment).secondOfDay) * 1_000_000 + fraction
    let weekday = Day(number: day).weekday.rawValue - 1
    let isHoliday = tariff.tables.holidays.contains(day)
    let dayBit = UInt16(1) << UInt16(weekday + (isHoliday ? 7 : 0))
    var bits: UInt64 = 0
    for index in tariff.tables.times.indices {
      for span in tariff.tables.times[index].spans {
        // The ride is borrowed, so that it cannot stand behind "and".
        guard span.isOn(day, dayBit), span.contains(clock) else { continue }
        guard span.condition.holds(ride) else { continue }
        bits |= 1 << UInt64(index)
        break
      }
    }
    return bits
  }
}
