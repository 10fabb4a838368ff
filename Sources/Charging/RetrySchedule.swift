package import Basics

/// The days on which the house asks again by itself after a decline.
package enum RetrySchedule {
  /// Days after the first decline, growing.
  ///
  /// Card schemes allow a few tries within a month after a transit debt.
  package static let days = [1, 4, 8, 15, 22, 30]

  /// When to ask again after so many declined tries; nil when there is no further try.
  ///
  /// Days that have passed, because nobody was there to ask, are made up for by the one question that was just
  /// declined: asked again within seconds the card's bank would say the same, and the tries be used up.
  package static func next(after moment: Instant, firstDecline: Instant, tries: Int32) -> Instant? {
    guard tries >= 0 else { return nil }
    return days.dropFirst(Int(tries)).lazy
      .map { firstDecline.adding(seconds: Int64($0) * 86_400) }
      .first { $0 > moment }
  }
}
