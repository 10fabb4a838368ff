import Basics
import RandomTariffs
import Tariff
import Transit

/// Counts what a cap has let through, by a reckoning of its own.
struct CapWatch {
  let cap: RandomCap
  let random: RandomTariff
  let amountMinor: Int64?
  private var start: Int64?
  private var spent: Int64 = 0
  private var paidRides = 0
  private(set) var faults: [String] = []

  init(_ cap: RandomCap, _ random: RandomTariff) {
    self.cap = cap
    self.random = random
    amountMinor = cap.amountMinor
  }

  /// Takes the next ride in order of rating.
  mutating func ride(_ ride: RatedRide) {
    guard let charged = ride.chargedMinor, counts(ride) else { return }
    begin(ride)
    let due = charged - outside(ride)
    if let ridesMax = cap.ridesMax, due > 0, paidRides >= ridesMax {
      faults.append("\(cap.name): ride at \(ride.at) pays \(due) after \(ridesMax) rides")
    }
    if let amountMinor, due > 0 {
      // The last ride may be whole; else what is let through ends at the amount.
      let before = cap.chargesLastWhole ? spent + 1 : spent + due
      if before > amountMinor {
        faults.append("\(cap.name): \(spent) and \(due) at \(ride.at) exceed \(amountMinor)")
      }
    }
    spent += due
    if due > 0 { paidRides += 1 }
  }

  /// Rides that cost nothing for another reason take no part.
  private func counts(_ ride: RatedRide) -> Bool {
    let others: Set<FareStepCode> = [
      .freeCategory, .pass, .trip, .tripTransfer, .cancelled, .passBack,
    ]
    guard ride.reason.steps.allSatisfy({ !others.contains($0.code) }) else { return false }
    // Of the later rides of a ticket only those with a fee do.
    let isLater = ride.reason.steps.contains { $0.code == .onTicket }
    guard !isLater || (ride.chargedMinor ?? 0) > outside(ride) else { return false }
    return cap.modes.map { $0.contains(ride.mode?.rawValue ?? "") } ?? true
  }

  /// What a charge holds that no cap holds: fees outside, companions, rounding, a top-up fee.
  private func outside(_ ride: RatedRide) -> Int64 {
    ride.reason.steps.reduce(0) { sum, step in
      switch step.code {
      case .surcharge: sum + (random.outsideFees.contains(step.rule) ? step.minor ?? 0 : 0)
      case .riders, .rounded, .topUpFee: sum + (step.minor ?? 0)
      default: sum
      }
    }
  }

  private mutating func begin(_ ride: RatedRide) {
    let clock = random.tariff.cityClock
    let day = clock.fareDay(of: ride.at)
    let micro = ride.at.microseconds
    let isRunning: Bool
    var first = Int64(day.number)
    switch cap.period {
    case .days(let length): isRunning = start.map { first < $0 + Int64(length) } ?? false
    case .months(let months):
      isRunning =
        start.map { day.number < Day(number: Int($0)).adding(months: months).number } ?? false
    case .hours(let hours):
      isRunning = start.map { micro < $0 + Int64(hours) * 3_600_000_000 } ?? false
      first = micro
    case .day, .week, .month, .year:
      first = calendarStart(day)
      // A ride that is given up later than its period counts to the one that is running.
      isRunning = start.map { $0 >= first } ?? false
    }
    guard !isRunning else { return }
    start = first
    spent = 0
    paidRides = 0
  }

  private func calendarStart(_ day: Day) -> Int64 {
    switch cap.period {
    case .week:
      let starts: [String: Int] = ["monday": 1, "thursday": 4, "sunday": 7]
      let word = starts.keys.first { random.text.contains("week_start: \($0)") } ?? "monday"
      return Int64(day.number - (day.weekday.rawValue - (starts[word] ?? 1) + 7) % 7)
    case .month: return Int64(day.number - day.civil.day + 1)
    case .year: return Int64(Day(year: day.civil.year, month: 1, day: 1)?.number ?? 0)
    default: return Int64(day.number)
    }
  }
}
