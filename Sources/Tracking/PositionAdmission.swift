package import Basics

/// A position that cannot be true; it is counted and named, and not kept as a position.
package struct RejectedPosition: Hashable, Sendable {
  /// Place in the report, from 0.
  package let index: Int
  /// Why: `impossible_coordinate`, `position_in_future`, `position_too_old`, `impossible_value`.
  package let code: String
  /// The reason for people.
  package let message: String
}

/// What became of the positions of a report.
package struct AdmittedPositions: Sendable {
  package let accepted: [Position]
  package let rejected: [RejectedPosition]
}

/// Tells the positions that can be true from those that cannot.
package enum PositionAdmission {
  /// How far a position may lie after the moment it was received, for clocks that run fast.
  package static let futureSecondsMax: Int64 = 300
  /// Fastest credible vehicle: a metro train at 45 m/s with room to spare.
  package static let speedMetresPerSecondMax = 60.0
  /// Most passengers of a vehicle: a long metro train.
  package static let passengersMax = 5000

  /// Sorts the positions of a report received at a moment; none may lie further before it than `pastSecondsMax`.
  package static func admit(
    _ report: PositionReport, receivedAt: Instant, pastSecondsMax: Int64
  ) -> AdmittedPositions {
    let earliest = receivedAt.adding(seconds: -pastSecondsMax)
    var accepted: [Position] = []
    accepted.reserveCapacity(report.positions.count)
    var rejected: [RejectedPosition] = []
    for (index, position) in report.positions.enumerated() {
      if let (code, message) = fault(of: position, from: earliest, receivedAt: receivedAt) {
        rejected.append(RejectedPosition(index: index, code: code, message: message))
      } else {
        accepted.append(position)
      }
    }
    return AdmittedPositions(accepted: accepted, rejected: rejected)
  }

  private static func fault(
    of position: Position, from earliest: Instant, receivedAt: Instant
  ) -> (code: String, message: String)? {
    guard position.coordinate.isPlausible else {
      return (
        "impossible_coordinate",
        "\(position.coordinate.latitude), \(position.coordinate.longitude) is no place; "
          + "(0, 0) is a receiver without a fix"
      )
    }
    guard position.at <= receivedAt.adding(seconds: futureSecondsMax) else {
      return ("position_in_future", "\(position.at) lies after \(receivedAt); set the clock")
    }
    guard position.at >= earliest else {
      return ("position_too_old", "\(position.at) lies before \(earliest); set the clock")
    }
    if let speed = position.speedMetresPerSecond,
      !(0...speedMetresPerSecondMax).contains(speed)
    {
      return ("impossible_value", "a speed of \(speed) m/s")
    }
    if let bearing = position.bearingDegrees, !(0...360).contains(bearing) {
      return ("impossible_value", "a bearing of \(bearing) degrees")
    }
    if let passengers = position.passengers, !(0...passengersMax).contains(passengers) {
      return ("impossible_value", "\(passengers) passengers")
    }
    return nil
  }
}
