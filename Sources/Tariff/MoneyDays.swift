import Basics

/// The fare days whose money is in the currency of a version: it has held since the first of them.
///
/// What a rider's state keeps of money names no currency, so what was paid before these days, or after them,
/// counts for nothing.
struct MoneyDays: Hashable, Sendable {
  /// First of the fare days.
  let first: Int
  /// Microseconds at which the first begins.
  let start: Int64
  /// First fare day of the next currency, and the microsecond at which it begins; the largest number where
  /// there is none.
  let next: Int
  let nextStart: Int64

  /// The days from a version on, up to another one.
  init(from first: CompiledTariff?, before next: CompiledTariff?) {
    self.first = first?.firstDay.number ?? .min
    start = first.map { $0.cityClock.start(of: $0.firstDay).microseconds } ?? .min
    self.next = next?.firstDay.number ?? .max
    nextStart = next.map { $0.cityClock.start(of: $0.firstDay).microseconds } ?? .max
  }

  func contains(day: Int64) -> Bool { Int64(first) <= day && day < Int64(next) }

  func contains(moment: Int64) -> Bool { start <= moment && moment < nextStart }

  /// The start of a cap's period, which is never before money counts.
  ///
  /// Those of products that were bought before stay apart: a microsecond behind the beginning for each second.
  func clipped(_ begin: Int64, _ period: CapPeriod) -> Int64 {
    guard case .product = period, begin < start else {
      return max(begin, period.startsAtMoment ? start : Int64(first))
    }
    return start + (start - begin) / 1_000_000
  }
}

extension CapPeriod {
  /// Whether the start of a cap's period is a microsecond, and not a fare day.
  var startsAtMoment: Bool {
    switch self {
    case .rollingTime, .product: true
    case .day, .week, .month, .year, .rollingDays, .rollingMonths: false
    }
  }

  /// Above the number of any fare day, and below the microsecond of any ride.
  private static let dayNumberMax: Int64 = 100_000_000

  /// Whether a start is a microsecond, and not a fare day.
  static func isMoment(_ start: Int64) -> Bool { start > dayNumberMax }

  /// Whether a start that a cap's count keeps may be one of this period.
  ///
  /// A new version of a tariff may give another period to a cap of the same name.
  func mayBegin(at start: Int64) -> Bool { startsAtMoment == CapPeriod.isMoment(start) }
}

extension TariffBook {
  /// The versions in order, each with the days whose money is in its currency.
  static func dividedByCurrency(_ versions: [CompiledTariff]) -> [CompiledTariff] {
    versions.indices.map { index in
      let own = versions[index]
      let before = versions[..<index].lastIndex { $0.currency != own.currency }
      let next = versions[index...].first { $0.currency != own.currency }
      var days: MoneyDays?
      if before != nil || next != nil {
        days = MoneyDays(from: before.map { versions[$0 + 1] }, before: next)
      }
      guard own.tables.moneyDays != days else { return own }
      var tables = own.tables
      tables.moneyDays = days
      return CompiledTariff(tables: tables, bound: own.bound)
    }
  }
}

extension CompiledTariff {
  /// A rider's state with no money in it but that of this currency.
  ///
  /// A chain names its version and needs no look here.
  func ownMoney(of state: RiderState) -> RiderState {
    guard let days = tables.moneyDays else { return state }
    var own = state
    own.caps.removeAll { count in
      guard let rule = tables.caps.first(where: { $0.tag == count.tag }) else { return false }
      guard rule.period.mayBegin(at: count.start) else { return true }
      return rule.period.startsAtMoment
        ? !days.contains(moment: count.start) : !days.contains(day: count.start)
    }
    own.windows.removeAll { !days.contains(moment: $0.startedAt) }
    own.recent.removeAll { !days.contains(moment: $0.on.at.microseconds) }
    return own
  }
}

extension RiderState {
  /// Takes back all that counts money as another state has it.
  mutating func takeMoney(of other: RiderState) {
    caps = other.caps
    windows = other.windows
    chain = other.chain
    recent = other.recent
  }
}
