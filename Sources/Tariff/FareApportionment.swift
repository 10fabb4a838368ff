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
