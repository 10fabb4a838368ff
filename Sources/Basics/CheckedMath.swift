/// Division that rounds towards minus infinity, so that moments before 1970 fall into the right day.
package func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
  let quotient = value / divisor
  return value % divisor < 0 ? quotient - 1 : quotient
}

/// A sum that stays at the largest or smallest number where it would pass it: for counts of what a device
/// may misname, never for money.
package func saturatingSum(_ one: Int64, _ other: Int64) -> Int64 {
  let (sum, isOverflow) = one.addingReportingOverflow(other)
  guard isOverflow else { return sum }
  return other < 0 ? .min : .max
}

/// A number with leading zeros to a width; a longer number is left whole.
package func padded(_ value: Int, _ width: Int) -> String {
  let digits = String(value)
  return digits.count >= width
    ? digits : String(repeating: "0", count: width - digits.count) + digits
}

/// Seconds of a day as `hh:mm:ss`; hours past 24 are left as they are.
package func clockText(seconds: Int) -> String {
  padded(seconds / 3600, 2) + ":" + padded(seconds / 60 % 60, 2) + ":" + padded(seconds % 60, 2)
}

/// How a quotient that does not come out even becomes a whole number of minor units.
package enum Rounding: String, Sendable, CaseIterable {
  /// To the nearest, a half away from zero: 2.5 becomes 3.
  case halfUp = "half-up"
  /// To the nearest, a half to the even neighbour: 2.5 becomes 2.
  case halfEven = "half-even"
  /// Towards minus infinity.
  case down
  /// Towards plus infinity.
  case up

  /// The quotient `numerator / denominator` rounded this way; the denominator is above zero.
  package func divide(_ numerator: Int64, by denominator: Int64) -> Int64 {
    precondition(denominator > 0, "a rounded quotient needs a divisor above zero")
    let floor = floorDivide(numerator, denominator)
    // The product may pass the smallest Int64, but the difference is below the divisor: it wraps.
    let remainder = numerator &- floor &* denominator
    guard remainder != 0 else { return floor }
    let twice = remainder.multipliedReportingOverflow(by: 2)
    let aboveHalf = twice.overflow || twice.partialValue > denominator
    let isHalf = !twice.overflow && twice.partialValue == denominator
    switch self {
    case .down: return floor
    case .up: return floor + 1
    case .halfUp: return aboveHalf || (isHalf && numerator > 0) ? floor + 1 : floor
    case .halfEven: return aboveHalf || (isHalf && floor % 2 != 0) ? floor + 1 : floor
    }
  }
}
