package import Basics
import Postgres

extension RatingTables {
  /// Marks the rider-days from a fare day to come on that were rated already as stale; the number marked.
  ///
  /// They are few, and found by their taps, which lie by fare days: so it takes no longer however many
  /// days were ever rated.
  package func markComing(from: Day, reason: String, at: Instant) async throws -> Int {
    try await connection.execute(
      Self.markComingSQL,
      [.date(from), .timestamptz(at), .text(reason), .text(StaleCause.tariff.rawValue)])
  }

  /// How the database finds what ``markComing(from:reason:at:)`` marks.
  package func planOfComing(from: Day) async throws -> [String] {
    try await connection.query(
      "explain (costs off) " + Self.markComingSQL,
      [.date(from), .timestamptz(Instant(seconds: 0)), .text(""), .text("")]
    ).map { try $0.text(0) }
  }

  private static let markComingSQL = """
    update fare_day f set stale_since = $2, stale_reason = $3, stale_cause = $4
    from (select distinct lane, rider_id, fare_day from tap where fare_day >= $1) d
    where f.lane = d.lane and f.rider_id = d.rider_id and f.fare_day = d.fare_day
      and f.stale_since is null
    """
}
