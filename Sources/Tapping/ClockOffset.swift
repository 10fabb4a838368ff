package import Basics

/// How far a device's clock stands from the server's, measured once per batch.
///
/// The time a fare is made from is the device's own `at`. A clock that is behind cannot be told
/// from a body that waited (devices send again what they signed hours ago), so it is only recorded.
/// A clock that is *ahead* is proven when a body says it was sent after it arrived; then, and only
/// then, times are moved back by the lead, rounded to a quarter of an hour. The rounding makes the
/// result independent of seconds of network delay: a clock an hour ahead is moved by an hour, a
/// clock less than 7.5 minutes ahead not at all. The first accepted delivery fixes it: a repeat is
/// a duplicate.
package struct ClockOffset: Hashable, Sendable {
  /// A correction is a whole multiple of this: wrong zones are multiples of a quarter hour.
  package static let correctionStepSeconds: Int64 = 900
  /// A larger lead is a wrong date and no drift (26 h lie between the outermost time zones):
  /// nothing is corrected, and taps in the future go into quarantine.
  package static let correctionSecondsMax: Int64 = 26 * 3600

  /// Received minus sent, microseconds: delay on the way plus how far the clock is behind.
  package let microseconds: Int64
  /// Seconds to take off the device's times; a multiple of 900, mostly 0.
  package let correctionSeconds: Int64

  /// Measures the clock of a device by one batch.
  package init(sentAt: Instant, receivedAt: Instant) {
    microseconds = receivedAt.microseconds - sentAt.microseconds
    let step = ClockOffset.correctionStepSeconds * 1_000_000
    let steps = Rounding.halfUp.divide(max(0, -microseconds), by: step)
    let seconds = steps * ClockOffset.correctionStepSeconds
    correctionSeconds = seconds <= ClockOffset.correctionSecondsMax ? seconds : 0
  }

  /// A device's time by the server's clock.
  package func corrected(_ instant: Instant) -> Instant {
    instant.adding(seconds: -correctionSeconds)
  }
}
