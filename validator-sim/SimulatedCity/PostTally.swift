/// What was posted and what the service answered, counted.
package struct PostTally: Sendable, Equatable {
  package var batches = 0
  /// Taps posted, repeats included.
  package var tapsSent = 0
  /// Of them, posted before.
  package var tapsRepeated = 0
  /// Taps posted for the first time an hour or more after they happened.
  package var tapsLate = 0
  package var positionReports = 0
  package var positionsSent = 0
  /// What the service said of the taps.
  package var accepted = 0
  package var duplicates = 0
  package var conflicts = 0
  package var rejected = 0
  /// What the service said of the positions.
  package var positionsAccepted = 0
  package var positionsDuplicate = 0
  package var positionsRejected = 0
  /// Requests sent once more because the service was busy or away.
  package var retries = 0

  /// Starts at nothing.
  package init() {}

  /// Adds what another tally counted.
  package mutating func add(_ other: PostTally) {
    batches += other.batches
    tapsSent += other.tapsSent
    tapsRepeated += other.tapsRepeated
    tapsLate += other.tapsLate
    positionReports += other.positionReports
    positionsSent += other.positionsSent
    accepted += other.accepted
    duplicates += other.duplicates
    conflicts += other.conflicts
    rejected += other.rejected
    positionsAccepted += other.positionsAccepted
    positionsDuplicate += other.positionsDuplicate
    positionsRejected += other.positionsRejected
    retries += other.retries
  }

  /// Whether the service took every tap, and no number twice with other content.
  package var isPlausible: Bool {
    accepted + duplicates == tapsSent && conflicts == 0 && rejected == 0
  }
}
