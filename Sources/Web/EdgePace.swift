package import NIOCore

/// How slowly bytes may pass between the edge and the other side.
///
/// Bytes earn the time that they take at the slowest pace, but none to be silent in later: so many of them
/// have the longest silence and their time at that pace, and not more, however they come.
package struct EdgePace: Sendable, Equatable {
  let bytesPerSecondMin: Int
  let silenceSecondsMax: Int64

  /// When what is under way has to go on at the latest, after so many bytes more at a moment.
  package func deadline(
    _ deadline: NIODeadline, after bytes: Int, at moment: NIODeadline
  ) -> NIODeadline {
    let earned = Int64(bytes) * 1_000_000_000 / Int64(bytesPerSecondMin)
    return min(deadline + .nanoseconds(earned), moment + .seconds(silenceSecondsMax))
  }
}

extension EdgeLimits {
  /// The pace of a body that comes.
  package var bodyPace: EdgePace {
    EdgePace(bytesPerSecondMin: bodyBytesPerSecondMin, silenceSecondsMax: bodySecondsMax)
  }

  /// The pace at which an answer is taken.
  package var answerPace: EdgePace {
    EdgePace(bytesPerSecondMin: answerBytesPerSecondMin, silenceSecondsMax: writeSecondsMax)
  }
}
