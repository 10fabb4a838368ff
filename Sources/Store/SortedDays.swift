package import Basics
import Postgres

/// Which moments have taps under a fare day already.
extension SortingTables {
  /// Fare days from one on that have taps, in order.
  package func tappedDays(from first: Day) async throws -> [Day] {
    try await connection.query(
      "select distinct fare_day from tap_sum where fare_day >= $1 order by 1", [.date(first)]
    ).map { try $0.date(0) }
  }

  /// Whether a tap of some moments was sorted, which lie in these fare days.
  package func hasTaps(
    of moments: Range<Instant>, in days: ClosedRange<Day>
  ) async throws -> Bool {
    try await connection.query(
      """
      select exists (
        select from tap where fare_day between $1 and $2 and tapped_at >= $3 and tapped_at < $4)
      """,
      [
        .date(days.lowerBound), .date(days.upperBound), .timestamptz(moments.lowerBound),
        .timestamptz(moments.upperBound),
      ]
    ).only().bool(0)
  }
}
