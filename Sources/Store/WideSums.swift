/// Sums that may be larger than 64 bits hold.
///
/// A validator that misnumbers one tap opens a hole of up to 2⁶³ numbers; a few more holes and the sum of
/// them is no `bigint`. Whoever asks is told the largest number then, and not that the statement failed.
enum WideSums {
  /// A sum of bigints as a bigint: the largest one where it is more.
  static func held(_ sum: String) -> String { "least(\(sum), \(Int64.max))::int8" }
}
