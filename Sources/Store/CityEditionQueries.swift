import Postgres

extension StoreSession {
  /// Any number that nothing else locks: "KV" and then "city".
  private static let cityLock: Int64 = 0x4B56_6369_7479

  /// What is published; nothing else is published until the transaction ends.
  package func cityEdition() async throws -> CityEdition {
    let results = try await connection.pipeline([
      PostgresStatement(
        "select pg_advisory_xact_lock_shared($1)", [.int8(Self.cityLock)]),
      PostgresStatement(
        """
        select (select feed_id from network_feed order by imported_at desc, feed_id desc limit 1)
            as feed_id,
          (select count(*) from tariff_version) as tariffs
        """),
    ])
    let row = try results[1].only()
    return CityEdition(feedID: try row.int8OrNil("feed_id"), tariffCount: try row.int("tariffs"))
  }

  /// Waits until nobody works on the city as it stands, and keeps others from beginning.
  ///
  /// So what is marked as stale together with a publication is all that was worked out before it.
  func lockCity() async throws {
    try await connection.execute(
      "select pg_advisory_xact_lock($1)", [.int8(Self.cityLock)])
  }
}
