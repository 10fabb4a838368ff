package import Basics

/// The days on which the house asks again by itself after a decline.
///
/// Card schemes allow a few tries within a month after a transit debt.
package struct RetrySchedule: Hashable, Sendable {
  /// Most tries that schemes leave to the house itself.
  package static let triesMax = 9
  /// Last day, from the first decline, on which a try is allowed.
  package static let dayMax = 30
  /// Days after the first decline, growing.
  package let days: [Int]

  /// Makes a schedule; nil when the days do not grow or pass the limits.
  package init?(days: [Int]) {
    guard days.count <= Self.triesMax, days.allSatisfy({ (1...Self.dayMax).contains($0) }),
      zip(days, days.dropFirst()).allSatisfy({ $0 < $1 })
    else { return nil }
    self.days = days
  }

  private init(standard days: [Int]) { self.days = days }

  /// Days 1, 4, 8, 15, 22 and 30.
  package static let standard = RetrySchedule(standard: [1, 4, 8, 15, 22, 30])

  /// When to ask again after so many declined tries; nil when there is no further try.
  ///
  /// Days that have passed, because nobody was there to ask, are made up for by the one question that was just
  /// declined: asked again within seconds the card's bank would say the same, and the tries be used up.
  package func next(after moment: Instant, firstDecline: Instant, tries: Int32) -> Instant? {
    guard tries >= 0 else { return nil }
    return days.dropFirst(Int(tries)).lazy
      .map { firstDecline.adding(seconds: Int64($0) * 86_400) }
      .first { $0 > moment }
  }
}
