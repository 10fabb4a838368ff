package import Basics
import Postgres

/// A tariff as it was published.
package struct TariffRecord: Sendable, Equatable {
  package let version: String
  /// First fare day on which it holds.
  package let effectiveFrom: Day
  /// The text as it was published.
  package let source: String
  package let publishedAt: Instant

  /// Makes a record.
  package init(version: String, effectiveFrom: Day, source: String, publishedAt: Instant) {
    self.version = version
    self.effectiveFrom = effectiveFrom
    self.source = source
    self.publishedAt = publishedAt
  }
}

/// What became of a tariff that was to be published.
package enum TariffSaving: Sendable, Equatable {
  case saved
  /// The same text was published before.
  case alreadySaved
  /// The version was published before with another text or date.
  case versionTaken
  /// Another version begins on that day.
  case dateTaken(version: String)
}

extension StoreSession {
  /// Tariffs as they were published.
  package var tariffs: TariffQueries { TariffQueries(connection: connection) }
}

/// Tariffs as they were published; none is ever changed.
package struct TariffQueries {
  let connection: PostgresConnection

  private static let columns = "version, effective_from, source, published_at"

  /// Publishes a tariff.
  package func save(_ tariff: TariffRecord) async throws -> TariffSaving {
    try await StoreSession(connection: connection).lockCity()
    let added = try await connection.execute(
      """
      insert into tariff_version (\(Self.columns)) values ($1, $2, $3, $4)
      on conflict do nothing
      """,
      [
        .text(tariff.version), .date(tariff.effectiveFrom), .text(tariff.source),
        .timestamptz(tariff.publishedAt),
      ])
    if added > 0 {
      try await StoreSession(connection: connection).announce(.tariffs, tariff.version)
      return .saved
    }
    let rows = try await connection.query(
      """
      select \(Self.columns) from tariff_version where version = $1 or effective_from = $2
      order by version = $1 desc limit 1
      """, [.text(tariff.version), .date(tariff.effectiveFrom)])
    let kept = try Self.record(try rows.only())
    guard kept.version == tariff.version else { return .dateTaken(version: kept.version) }
    let isSame = kept.source == tariff.source && kept.effectiveFrom == tariff.effectiveFrom
    return isSame ? .alreadySaved : .versionTaken
  }

  /// All tariffs in the order of the days from which they hold.
  package func list() async throws -> [TariffRecord] {
    let rows = try await connection.query(
      "select \(Self.columns) from tariff_version order by effective_from")
    return try rows.map(Self.record)
  }

  /// The tariff that begins last; nil when there is none.
  package func newest() async throws -> TariffRecord? {
    let rows = try await connection.query(
      "select \(Self.columns) from tariff_version order by effective_from desc limit 1")
    return try rows.onlyOrNil().map(Self.record)
  }

  private static func record(_ row: PostgresRow) throws -> TariffRecord {
    TariffRecord(
      version: try row.text(0), effectiveFrom: try row.date(1), source: try row.text(2),
      publishedAt: try row.timestamptz(3))
  }
}
