import Basics
import Postgres

/// The table of locks of the database, beside what the partitions of all days need of it.
///
/// A statement that names no day locks every partition and every index of a table, and the table of locks is one
/// for all connections: where it is full, statements fail.
package struct LockRoom: Sendable, Equatable {
  /// Statements that lock all days at the same time: workers, and people who look.
  package static let statementsMax: Int64 = 8

  /// What doctor advises at least: five years of days with 100 connections.
  package static let locksAdvised: Int64 = 2_048

  /// Partitions of the days, with their indexes.
  package let objectsCount: Int64
  /// `max_locks_per_transaction`.
  package let locksPerConnection: Int64
  /// Connections and prepared transactions, each of which adds as many places.
  package let connectionsMax: Int64

  /// Names the room.
  package init(objectsCount: Int64, locksPerConnection: Int64, connectionsMax: Int64) {
    self.objectsCount = objectsCount
    self.locksPerConnection = locksPerConnection
    self.connectionsMax = connectionsMax
  }

  /// The smallest setting with which all of these statements have room.
  package var locksNeeded: Int64 {
    (objectsCount * Self.statementsMax + connectionsMax - 1) / max(connectionsMax, 1)
  }

  /// Whether they have room.
  package var isEnough: Bool { locksPerConnection >= locksNeeded }
}

extension PartitionQueries {
  /// The table of locks, and the partitions that there are.
  package func lockRoom() async throws -> LockRoom {
    let row = try await connection.query(
      """
      with parts as (
        select relid from unnest($1::text[]) t cross join lateral pg_partition_tree(t::regclass))
      select (select count(*) from parts)
          + (select count(*) from pg_index i join parts p on p.relid = i.indrelid) as objects,
        current_setting('max_locks_per_transaction')::int8 as locks,
        current_setting('max_connections')::int8
          + current_setting('max_prepared_transactions')::int8 as connections
      """, [.texts(DayTable.allCases.map { Optional($0.rawValue) })]
    ).only()
    return LockRoom(
      objectsCount: try row.int8("objects"), locksPerConnection: try row.int8("locks"),
      connectionsMax: try row.int8("connections"))
  }
}
