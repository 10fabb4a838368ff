package import Basics

/// What is known of a bank card as a means to pay.
package struct CardStanding: Hashable, Sendable {
  /// How far a card is.
  package enum State: String, Sendable, CaseIterable, Hashable {
    /// Seen, and not checked yet.
    case unknown
    /// The acquirer was asked whether the card is good, and has not answered.
    case checking
    case good
    /// On the deny list.
    case denied
  }

  package private(set) var state: State
  /// When it came into this state.
  package private(set) var since: Instant
  /// First-use checks asked so far; part of the idempotency key.
  package private(set) var attempt: Int32
  /// When the acquirer was first asked what it has not answered.
  package private(set) var askedAt: Instant?
  /// When to ask the acquirer; nil when nothing has to be asked.
  package private(set) var nextAt: Instant?

  /// Makes a standing from its columns.
  package init(
    state: State, since: Instant, attempt: Int32 = 0, askedAt: Instant? = nil,
    nextAt: Instant? = nil
  ) {
    self.state = state
    self.since = since
    self.attempt = attempt
    self.askedAt = askedAt
    self.nextAt = nextAt
  }

  /// Shortest and longest pause between two looks for the first tap of a card that was registered before it.
  package static let firstTapPauseSeconds: ClosedRange<Int64> = 60...3600

  /// What a card's standing is told.
  package enum Event: Hashable, Sendable {
    /// It is time to check, or to ask again what was not answered.
    case ask
    /// The first-use check of an attempt: the card is good, or is not.
    case checked(attempt: Int32, isGood: Bool)
    /// A window of the card was declined.
    case declined
    /// The card was tapped while it was denied and owes nothing: it is checked anew.
    case tapped
    /// Nothing declined is owed any more.
    case recovered
  }

  /// What has to be done because of an event.
  package enum Action: Hashable, Sendable {
    case check(attempt: Int32)
    case deny
    /// Take it off the deny list; it was on it for so many seconds.
    case allow(deniedSeconds: Double)
  }

  /// Takes an event and tells what has to be done because of it.
  ///
  /// Events that change nothing do nothing.
  package mutating func apply(_ event: Event, at moment: Instant) -> [Action] {
    switch (event, state) {
    case (.ask, .unknown), (.ask, .checking), (.ask, .denied):
      // What was asked and not answered is asked again with the same key.
      if askedAt == nil { attempt += 1 }
      let first = askedAt ?? moment
      askedAt = first
      nextAt = ChargeWindow.nextAsking(firstAskedAt: first, now: moment)
      if state == .unknown { move(to: .checking, at: moment) }
      return [.check(attempt: attempt)]
    case (.checked(let answered, let isGood), _) where answered == attempt && askedAt != nil:
      askedAt = nil
      nextAt = nil
      switch (isGood, state) {
      case (true, .checking): move(to: .good, at: moment)
      case (true, .denied): return allow(at: moment)
      case (false, .checking):
        move(to: .denied, at: moment)
        return [.deny]
      default: break
      }
      return []
    case (.declined, .unknown), (.declined, .checking), (.declined, .good):
      move(to: .denied, at: moment)
      nextAt = nil
      askedAt = nil
      return [.deny]
    case (.declined, .denied):
      // A check that is on its way would say that the card is good, and not that it owes.
      nextAt = nil
      askedAt = nil
      return []
    case (.tapped, .denied) where askedAt == nil && nextAt == nil:
      nextAt = moment
      return []
    case (.recovered, .denied): return allow(at: moment)
    default: return []
    }
  }

  /// Puts the question off while the card has no tap: its token stands in taps alone.
  ///
  /// It is looked for again after as long as the card has waited already, within limits.
  package mutating func awaitFirstTap(at moment: Instant) {
    let limits = Self.firstTapPauseSeconds
    let waited = max(0, Int64(moment.secondsSince(since)))
    nextAt = moment.adding(seconds: min(max(waited, limits.lowerBound), limits.upperBound))
  }

  private mutating func allow(at moment: Instant) -> [Action] {
    let seconds = moment.secondsSince(since)
    move(to: .good, at: moment)
    nextAt = nil
    askedAt = nil
    return [.allow(deniedSeconds: seconds)]
  }

  private mutating func move(to state: State, at moment: Instant) {
    self.state = state
    since = moment
  }
}
