/// Sums that may be larger than 64 bits hold.
///
/// A validator that misnumbers one tap opens a hole of up to 2⁶³ numbers; a few more holes and the sum of
/// them is no `bigint`. Whoever asks is told the largest number then, and not that the statement failed.
enum WideSums {
  /// A sum of bigints as a bigint: the largest one where it is more, and 0 of nothing.
  ///
  /// `least` leaves out what is null: the sum of no rows would be the largest one.
  static func held(_ sum: String) -> String { "least(coalesce(\(sum), 0), \(Int64.max))::int8" }
}
