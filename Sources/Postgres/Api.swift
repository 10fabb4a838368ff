package import Basics
package import EventLoop

/// Names a column: by its name, or by its place from 0.
package protocol PostgresColumnKey: Sendable {}
extension String: PostgresColumnKey {}
extension Int: PostgresColumnKey {}

package struct PostgresRow: Sendable {
  package func isNull(_ column: some PostgresColumnKey) throws(PostgresError) -> Bool { fatalError() }
  package func bool(_ column: some PostgresColumnKey) throws(PostgresError) -> Bool { fatalError() }
  package func int2(_ column: some PostgresColumnKey) throws(PostgresError) -> Int16 { fatalError() }
  package func int4(_ column: some PostgresColumnKey) throws(PostgresError) -> Int32 { fatalError() }
  package func int8(_ column: some PostgresColumnKey) throws(PostgresError) -> Int64 { fatalError() }
  /// An int2, int4 or int8 as Int.
  package func int(_ column: some PostgresColumnKey) throws(PostgresError) -> Int { fatalError() }
  package func float8(_ column: some PostgresColumnKey) throws(PostgresError) -> Double { fatalError() }
  package func numeric(_ column: some PostgresColumnKey) throws(PostgresError) -> String { fatalError() }
  package func text(_ column: some PostgresColumnKey) throws(PostgresError) -> String { fatalError() }
  package func bytea(_ column: some PostgresColumnKey) throws(PostgresError) -> [UInt8] { fatalError() }
  package func timestamptz(_ column: some PostgresColumnKey) throws(PostgresError) -> Instant { fatalError() }
  package func date(_ column: some PostgresColumnKey) throws(PostgresError) -> Day { fatalError() }
  package func uuid(_ column: some PostgresColumnKey) throws(PostgresError) -> PostgresUUID { fatalError() }
  package func identifier<Kind>(_ column: some PostgresColumnKey, of kind: Kind.Type = Kind.self) throws(PostgresError) -> Identifier<Kind> { fatalError() }
  package func jsonb(_ column: some PostgresColumnKey) throws(PostgresError) -> String { fatalError() }
  package func int8multirange(_ column: some PostgresColumnKey) throws(PostgresError) -> [Range<Int64>] { fatalError() }

  package func boolOrNil(_ column: some PostgresColumnKey) throws(PostgresError) -> Bool? { fatalError() }
  package func int2OrNil(_ column: some PostgresColumnKey) throws(PostgresError) -> Int16? { fatalError() }
  package func int4OrNil(_ column: some PostgresColumnKey) throws(PostgresError) -> Int32? { fatalError() }
  package func int8OrNil(_ column: some PostgresColumnKey) throws(PostgresError) -> Int64? { fatalError() }
  package func intOrNil(_ column: some PostgresColumnKey) throws(PostgresError) -> Int? { fatalError() }
  package func float8OrNil(_ column: some PostgresColumnKey) throws(PostgresError) -> Double? { fatalError() }
  package func numericOrNil(_ column: some PostgresColumnKey) throws(PostgresError) -> String? { fatalError() }
  package func textOrNil(_ column: some PostgresColumnKey) throws(PostgresError) -> String? { fatalError() }
  package func byteaOrNil(_ column: some PostgresColumnKey) throws(PostgresError) -> [UInt8]? { fatalError() }
  package func timestamptzOrNil(_ column: some PostgresColumnKey) throws(PostgresError) -> Instant? { fatalError() }
  package func dateOrNil(_ column: some PostgresColumnKey) throws(PostgresError) -> Day? { fatalError() }
  package func uuidOrNil(_ column: some PostgresColumnKey) throws(PostgresError) -> PostgresUUID? { fatalError() }
  package func identifierOrNil<Kind>(_ column: some PostgresColumnKey, of kind: Kind.Type = Kind.self) throws(PostgresError) -> Identifier<Kind>? { fatalError() }
  package func jsonbOrNil(_ column: some PostgresColumnKey) throws(PostgresError) -> String? { fatalError() }
  package func int8multirangeOrNil(_ column: some PostgresColumnKey) throws(PostgresError) -> [Range<Int64>]? { fatalError() }

  package func bools(_ column: some PostgresColumnKey) throws(PostgresError) -> [Bool?] { fatalError() }
  package func int2s(_ column: some PostgresColumnKey) throws(PostgresError) -> [Int16?] { fatalError() }
  package func int4s(_ column: some PostgresColumnKey) throws(PostgresError) -> [Int32?] { fatalError() }
  package func int8s(_ column: some PostgresColumnKey) throws(PostgresError) -> [Int64?] { fatalError() }
  package func float8s(_ column: some PostgresColumnKey) throws(PostgresError) -> [Double?] { fatalError() }
  package func texts(_ column: some PostgresColumnKey) throws(PostgresError) -> [String?] { fatalError() }
  package func byteas(_ column: some PostgresColumnKey) throws(PostgresError) -> [[UInt8]?] { fatalError() }
  package func timestamptzs(_ column: some PostgresColumnKey) throws(PostgresError) -> [Instant?] { fatalError() }
  package func dates(_ column: some PostgresColumnKey) throws(PostgresError) -> [Day?] { fatalError() }
  package func uuids(_ column: some PostgresColumnKey) throws(PostgresError) -> [PostgresUUID?] { fatalError() }
}

package struct PostgresRows: RandomAccessCollection, Sendable {
  package var columnNames: [String] { fatalError() }
  /// Rows a statement changed or gave, as the server counts them.
  package var affectedCount: Int { fatalError() }
  package var startIndex: Int { 0 }
  package var endIndex: Int { fatalError() }
  package subscript(index: Int) -> PostgresRow { fatalError() }
  /// The only row; an error when there is none or more.
  package func only() throws(PostgresError) -> PostgresRow { fatalError() }
  /// The only row, or nil when there is none; an error when there are more.
  package func onlyOrNil() throws(PostgresError) -> PostgresRow? { fatalError() }
}

/// Rows in the binary format of COPY.
package struct CopyRows: Sendable {
  /// Starts without rows.
  package init(columnCount: Int) { fatalError() }
  package private(set) var rowCount: Int = 0
  /// Adds a row; as many values as there are columns.
  package mutating func append(_ values: [PostgresValue]) throws(PostgresError) { fatalError() }
}

package final class PostgresConnection: Sendable {
  package func query(_ sql: String, _ parameters: [PostgresValue] = []) async throws -> PostgresRows { fatalError() }
  @discardableResult
  package func execute(_ sql: String, _ parameters: [PostgresValue] = []) async throws -> Int { fatalError() }
  @discardableResult
  package func pipeline(_ statements: [PostgresStatement]) async throws -> [PostgresRows] { fatalError() }
  @discardableResult
  package func copyIn(_ sql: String, _ rows: CopyRows) async throws -> Int { fatalError() }
  /// COPY of any length in bounded memory: the closure fills a chunk, and says false after the last.
  @discardableResult
  package func copyIn(_ sql: String, columnCount: Int, chunks: @Sendable (inout CopyRows) async throws -> Bool) async throws -> Int { fatalError() }
  /// Statements without parameters, separated by semicolons.
  package func script(_ sql: String) async throws { fatalError() }
  /// Another time limit for the statements that follow in this lease; nil is none.
  package func limitStatements(milliseconds: Int?) async throws { fatalError() }
}

package final class PostgresPool: Sendable {
  package let configuration: PostgresConfiguration
  package init(configuration: PostgresConfiguration, loop: EventLoop) { fatalError() }
  package func transaction<Result: Sendable>(
    _ isolation: PostgresIsolation = .readCommitted, readOnly: Bool = false, attemptsMax: Int = 5,
    _ body: @Sendable (PostgresConnection) async throws -> Result
  ) async throws -> Result { fatalError() }
  package func session<Result: Sendable>(
    _ body: @Sendable (PostgresConnection) async throws -> Result
  ) async throws -> Result { fatalError() }
  package func listen(_ channel: String) -> AsyncStream<PostgresNotification> { fatalError() }
  package func isReachable() async -> Bool { fatalError() }
  package func close() async { fatalError() }
}

package struct PostgresConfiguration: Sendable {
  package var connectionsMax = 8
  package var acquireSecondsMax = 5.0
  package var connectSecondsMax = 5.0
  package var statementMillisecondsMax = 30_000
  package var applicationName = "kvytok"
  package init(url: String) throws(PostgresError) { fatalError() }
  package init(socketFolder: String, port: Int = 5432, user: String, database: String) { fatalError() }
}

package struct Migration: Sendable, Equatable {
  package let name: String
  package let sql: String
  package init(name: String, sql: String) { self.name = name; self.sql = sql }
}

package struct Migrator: Sendable {
  package let migrations: [Migration]
  package init(migrations: [Migration]) { self.migrations = migrations }
  /// Applies what is missing; the names of the applied ones, in order.
  @discardableResult
  package func run(_ pool: PostgresPool) async throws -> [String] { fatalError() }
  /// Names of the migrations not applied yet; an error when the database is newer or changed.
  package func pending(_ pool: PostgresPool) async throws -> [String] { fatalError() }
}

package struct PrivateCluster: Sendable {
  /// Makes the cluster when the folder is empty, and starts it; it ends with this process.
  package static func start(folder: String, loop: EventLoop) async throws -> PrivateCluster { fatalError() }
  package func configuration(database: String = "kvytok") -> PostgresConfiguration { fatalError() }
  package func stop() async { fatalError() }
}
