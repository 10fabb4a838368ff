/// How the money of linked and capped rides is shared out among the operators that carried them.
package enum FareApportionment: String, Sendable, CaseIterable, Hashable {
  /// Each operator keeps what its own rides charged.
  case own
  /// The first ride's operator gets all.
  case firstRide = "first_ride"
  /// Each ride gets the same.
  case equal
  /// By what each ride costs by itself.
  case nominal
  /// By how far each ride went.
  case distance
}

extension TariffReader {
  /// Doubts caps that hold longer than a day where the money of capped rides is shared: a day is shared by itself, so
  /// whoever carried the rider after the cap was reached gets nothing for the days on which nothing is paid.
  func doubtSharedCaps() {
    let rule = tables.apportionment
    guard rule != .own else { return }
    for cap in tables.caps where cap.period != .day {
      faults.warn(
        cap.line,
        "cap \"\(cap.name)\" holds longer than a day, and \"apportionment: \(rule.rawValue)\" shares each fare "
          + "day by itself: rides of days on which nothing is left to pay bring their operators nothing; sell a "
          + "pass of that time instead, which earns on each day, or agree how operators settle it beside"
      )
    }
  }
}
