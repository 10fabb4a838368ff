import Foundation
import Postgres
import Tapping

/// What lies in the database of one fleet, as plain rows.
struct StoredFleet: Sendable {
  let journal: [FleetChecker.JournalRow]
  let seen: [(device: String, epoch: Int64, ranges: String)]
  let conflicts: [(key: FleetChecker.Key, content: Data)]
  let quarantine: [FleetChecker.Key]
  /// Numbers that are written down as missing.
  let gaps: [FleetChecker.Key]

  init(of seed: UInt64, pool: PostgresPool) async throws {
    let mine = "device_id like 'S\(seed)-%'"
    journal = try await pool.patiently { connection in
      try await connection.query(
        """
        select device_id, epoch, fresh::text, quarantined::text, body, format from tap_batch
        where \(mine)
        """
      ).map { row in
        let format = try row.text(5)
        let bytes = try row.bytea(4)
        return FleetChecker.JournalRow(
          device: try row.text(0), epoch: try row.int8(1), fresh: try row.text(2),
          quarantined: try row.text(3),
          body: Data(
            format.hasSuffix("+gzip") ? try Gzip.unpack(bytes, bytesMax: 1 << 20) : bytes),
          isProtobuf: format.hasPrefix("protobuf"))
      }
    }
    seen = try await pool.patiently { connection in
      try await connection.query(
        "select device_id, epoch, seen::text from device_epoch where \(mine)"
      ).map { (try $0.text(0), try $0.int8(1), try $0.text(2)) }
    }
    conflicts = try await pool.patiently { connection in
      try await connection.query(
        "select device_id, epoch, seq, other_content from tap_conflict where \(mine)"
      ).map { row in
        (
          FleetChecker.Key(
            device: try row.text(0), epoch: try row.int8(1), seq: try row.int8(2)),
          Data(try row.text(3).utf8)
        )
      }
    }
    quarantine = try await pool.patiently { connection in
      try await connection.query(
        "select device_id, epoch, seq from tap_quarantine where \(mine)"
      ).map {
        FleetChecker.Key(device: try $0.text(0), epoch: try $0.int8(1), seq: try $0.int8(2))
      }
    }
    gaps = try await pool.patiently { connection in
      try await connection.query(
        """
        select device_id, epoch, generate_series(first_seq, last_seq) from device_gap
        where closed_at is null and \(mine)
        """
      ).map {
        FleetChecker.Key(device: try $0.text(0), epoch: try $0.int8(1), seq: try $0.int8(2))
      }
    }
  }
}
