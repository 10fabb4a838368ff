package import Basics

/// What is known of how often the bank of a card was asked about a window at somebody's wish.
package struct AskedByHand: Hashable, Sendable {
  /// The moments, the newest first.
  package var moments: [Instant]
  /// Whether the last decline said that trying again is of no use or not allowed.
  package var isLastDeclineFinal: Bool

  /// Puts together what is known.
  package init(moments: [Instant], isLastDeclineFinal: Bool) {
    self.moments = moments
    self.isLastDeclineFinal = isLastDeclineFinal
  }
}

/// How often a rider may have the bank asked about a debt with nobody of the house between: each question
/// is an authorisation in the house's name, and card schemes fine those who try a declined card again and again.
package enum AskingAlone {
  /// Shortest pause between two questions about a window.
  package static let pauseSeconds: Int64 = 3600
  /// Most questions about a window within a day.
  package static let perDayMax = 4
  /// A day, in seconds.
  static let daySeconds: Int64 = 86_400

  /// Why the bank is not asked now; nil when it may be.
  package static func refusal(_ asked: AskedByHand, at now: Instant) -> String? {
    guard !asked.isLastDeclineFinal else {
      return "the bank of the card declined for good; pay at a desk"
    }
    if let last = asked.moments.first, now < last.adding(seconds: pauseSeconds) {
      return "the bank of the card was asked less than an hour ago; try again later, or pay "
        + "at a desk"
    }
    let day = now.adding(seconds: -daySeconds)
    guard asked.moments.count(where: { $0 > day }) < perDayMax else {
      return "the bank of the card was asked \(perDayMax) times within a day; pay at a desk"
    }
    return nil
  }
}
