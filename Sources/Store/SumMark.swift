/// Compares the sums of many parts without adding each part up by itself.
///
/// The mark of a group of rows is the sum of their amounts, each times a number made of the part that the row is
/// of, modulo a prime. Two sides of which every part comes to the same have the same mark. Where a part does not,
/// they have it once in two thousand million times. So a proof groups millions of rows by few keys, not by their
/// riders, and looks at the parts of those groups alone whose marks differ.
enum SumMark {
  /// The largest prime of 31 bits: two numbers below it have a product of 62, however large the amount was.
  private static let modulus = "2147483647"

  /// The mark of rows, of a whole number for each of their amounts and parts.
  static func of(_ minor: String, number: String) -> String {
    "sum((\(minor)) % \(modulus) * ((\(number)) % \(modulus)))"
  }

  /// Whether two marks differ; that of no rows is null.
  static func differ(_ mark: String, _ other: String) -> String {
    "(coalesce(\(mark), 0) - coalesce(\(other), 0)) % \(modulus) <> 0"
  }

  /// The number of a rider.
  static func number(ofRider rider: String) -> String { "uuid_hash_extended(\(rider), 0)" }

  /// The number of a name on a day.
  static func number(ofName name: String, on day: String) -> String {
    "hashtextextended(\(name), timestamp_hash(\(day)::timestamp))"
  }
}
