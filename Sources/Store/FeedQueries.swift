package import Basics
import Postgres

/// A network as it was published, without its archive.
package struct FeedRecord: Sendable, Equatable {
  package let id: Int64
  /// Name of the file it came from.
  package let name: String
  /// SHA-256 of the archive.
  package let digest: [UInt8]
  /// Size of the archive.
  package let bytesCount: Int
  /// Later than that of whatever was published before it.
  package let importedAt: Instant
  /// The fare day from which on it holds; nil: it holds for all days.
  package let firstDay: Day?
}

/// From which fare day on a network holds.
package struct NetworkTerm: Hashable, Sendable {
  package let feedID: Int64
  /// Nil: for all days.
  package let firstDay: Day?

  /// Names a network and its first day.
  package init(feedID: Int64, firstDay: Day?) {
    self.feedID = feedID
    self.firstDay = firstDay
  }
}

extension StoreSession {
  /// Networks as they were published.
  package var feeds: FeedQueries { FeedQueries(connection: connection) }
}

/// Networks as they were published.
package struct FeedQueries {
  /// Most feeds in a list.
  package static let listMax = 100

  let connection: PostgresConnection

  private static let columns =
    "feed_id, name, digest, octet_length(archive) as bytes_count, imported_at, first_day"

  /// Takes the place of whatever came after it, so that nothing but it holds.
  private static let saveForAllDays = """
    insert into network_feed (name, digest, archive, first_day, imported_at)
    values ($1, $2, $3, $5, greatest($4, (
      select max(imported_at) + interval '1 microsecond' from network_feed
      where digest <> $2 or first_day is not null)))
    on conflict (digest) where first_day is null do update
      set name = excluded.name, imported_at = excluded.imported_at
    returning \(columns)
    """

  /// One that was replaced meanwhile comes anew: for the days between them the others hold.
  private static let saveFromADay = """
    with again as (
      update network_feed set name = $1, imported_at = greatest($4, imported_at)
      where digest = $2 and first_day = $5 and feed_id = (
        select feed_id from network_feed order by imported_at desc, feed_id desc limit 1)
      returning *),
    new as (
      insert into network_feed (name, digest, archive, first_day, imported_at)
      select $1::text, $2::bytea, $3::bytea, $5::date, greatest($4::timestamptz, (
        select max(imported_at) + interval '1 microsecond' from network_feed))
      where not exists (select from again) returning *)
    select \(columns) from (select * from again union all select * from new) f
    """

  /// Keeps a feed and makes it the newest, also when it was known already.
  ///
  /// What is published last holds, whatever the clocks said: it counts as imported after all others. It
  /// holds from `firstDay` on, without one for all days; the days before it keep the network of then.
  package func save(
    name: String, digest: [UInt8], archive: [UInt8], from firstDay: Day? = nil, at: Instant
  ) async throws -> FeedRecord {
    try await StoreSession(connection: connection).lockCity()
    let parameters: [PostgresValue] = [
      .text(name), .bytea(digest), .bytea(archive), .timestamptz(at),
      .orNull(firstDay, PostgresValue.date),
    ]
    let rows = try await connection.query(
      firstDay == nil ? Self.saveForAllDays : Self.saveFromADay, parameters)
    let record = try Self.record(try rows.only())
    try await StoreSession(connection: connection).announce(.network, String(record.id))
    return record
  }

  /// The feed imported last; nil when there is none.
  package func newest() async throws -> FeedRecord? {
    let rows = try await connection.query(
      "select \(Self.columns) from network_feed order by imported_at desc, feed_id desc limit 1")
    return try rows.onlyOrNil().map(Self.record)
  }

  /// A feed; nil when there is none of that id.
  package func find(_ id: Int64) async throws -> FeedRecord? {
    let rows = try await connection.query(
      "select \(Self.columns) from network_feed where feed_id = $1", [.int8(id)])
    return try rows.onlyOrNil().map(Self.record)
  }

  /// The networks that hold for any day, the newest first: each for the days before the first one of that
  /// which came after it.
  package func terms() async throws -> [NetworkTerm] {
    let rows = try await connection.query(
      """
      select feed_id, first_day from (
        select feed_id, first_day, imported_at, min(coalesce(first_day, '-infinity')) over (
          order by imported_at desc, feed_id desc
          rows between unbounded preceding and 1 preceding) as taken_from
        from network_feed) f
      where taken_from is null or coalesce(first_day, '-infinity') < taken_from
      order by imported_at desc, feed_id desc
      """)
    return try rows.map { row in
      NetworkTerm(feedID: try row.int8("feed_id"), firstDay: try row.dateOrNil("first_day"))
    }
  }

  /// The zip archive of a feed; nil when there is none of that id.
  package func archive(of id: Int64) async throws -> [UInt8]? {
    let rows = try await connection.query(
      "select archive from network_feed where feed_id = $1", [.int8(id)])
    return try rows.onlyOrNil()?.bytea(0)
  }

  /// Feeds, the newest first.
  package func list() async throws -> [FeedRecord] {
    let rows = try await connection.query(
      """
      select \(Self.columns) from network_feed
      order by imported_at desc, feed_id desc limit $1
      """, [.int8(Int64(Self.listMax))])
    return try rows.map(Self.record)
  }

  private static func record(_ row: PostgresRow) throws -> FeedRecord {
    FeedRecord(
      id: try row.int8(0), name: try row.text(1), digest: try row.bytea(2),
      bytesCount: try row.int(3), importedAt: try row.timestamptz(4),
      firstDay: try row.dateOrNil("first_day"))
  }
}
