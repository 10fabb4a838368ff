package import Basics

/// Fare days on which a rider is proven to be of a category.
package struct ProvenDays: Hashable, Sendable {
  package var category: String
  package var first: Day
  /// Last fare day, inclusive; nil is for good.
  package var last: Day?

  /// Makes a stretch of days.
  package init(category: String, first: Day, last: Day?) {
    self.category = category
    self.first = first
    self.last = last
  }

  /// Whether two stretches share a day.
  package func overlaps(_ other: ProvenDays) -> Bool {
    (last.map { other.first <= $0 } ?? true) && (other.last.map { first <= $0 } ?? true)
  }
}

/// Why a proof of a category is not taken.
package enum ProofRefusal: Error, Hashable, Sendable {
  /// The last day lies before the first.
  case days
  /// No version of the tariff has such a category.
  case unknownCategory(known: [String])
  /// Another category is proven for some of the days.
  case contradicts(ProvenDays)
  /// The same paper proves the category of another rider.
  case paperOfAnother
  /// No such category is proven from that day on.
  case unknown(category: String, first: Day)
}

/// What a new proof does to those that stand.
package enum ProofCheck {
  /// Whether a proof fits to those that stand; a proof of the same category may overlap them.
  ///
  /// A rider has one category on a day: a second one is contradicted, unless it is said to take the
  /// place of the first (`isReplacing`). What then stands is cut: given back are the proofs that
  /// have to end the day before, each with that day; one that begins no earlier has no day left, and goes.
  package static func endings(
    for proof: ProvenDays, among standing: [ProvenDays], isReplacing: Bool
  ) throws(ProofRefusal) -> [(proof: ProvenDays, lastDay: Day?)] {
    guard proof.last.map({ $0 >= proof.first }) ?? true else { throw .days }
    var endings: [(ProvenDays, Day?)] = []
    for other in standing where other.category != proof.category && other.overlaps(proof) {
      guard isReplacing else { throw .contradicts(other) }
      endings.append((other, other.first < proof.first ? proof.first.adding(days: -1) : nil))
    }
    return endings
  }
}
