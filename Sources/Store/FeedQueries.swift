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
    "feed_id, name, digest, octet_length(archive) as bytes_count, imported_at"

  /// Keeps a feed and makes it the newest, also when it was known already.
  ///
  /// What is published last holds, whatever the clocks said: it counts as imported after all others.
  package func save(
    name: String, digest: [UInt8], archive: [UInt8], at: Instant
  ) async throws -> FeedRecord {
    try await StoreSession(connection: connection).lockCity()
    let rows = try await connection.query(
      """
      insert into network_feed (name, digest, archive, imported_at) values ($1, $2, $3, greatest($4,
        (select max(imported_at) + interval '1 microsecond' from network_feed where digest <> $2)))
      on conflict (digest) do update set name = excluded.name, imported_at = excluded.imported_at
      returning \(Self.columns)
      """, [.text(name), .bytea(digest), .bytea(archive), .timestamptz(at)])
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
      bytesCount: try row.int(3), importedAt: try row.timestamptz(4))
  }
}
