package import Basics
import Postgres
package import Tapping

extension StoreSession {
  /// Impossible taps, and what persons decide about them.
  package var quarantine: QuarantineQueries { QuarantineQueries(connection: connection) }
}

/// An impossible tap with what was decided about it.
package struct QuarantineRecord: Sendable, Equatable {
  package let name: TapName
  /// Why it is impossible, in a word.
  package let code: String
  package let message: String
  /// What it says, as JSON without its token.
  package let content: String
  /// How many ride on it, as it says.
  package let riders: Int?
  package let receivedAt: Instant
  package let state: QuarantineState
  package let decidedAt: Instant?
  package let decidedBy: String?
  package let reason: String?
  package let correction: TapCorrection
  /// When a released tap reached its rider.
  package let sortedAt: Instant?
}

/// A released tap that waits for the sorter, with the batch that holds it.
package struct ReleasedTap: Sendable {
  package let name: TapName
  package let correction: TapCorrection
  package let batch: UnsortedBatch
}

/// Impossible taps, and what persons decide about them.
package struct QuarantineQueries {
  /// Most taps of a page.
  package static let pageMax = 1000

  let connection: PostgresConnection

  private static let columns = """
    device_id, epoch, seq, code, message, content, received_at, state, decided_at, decided_by,
    decision_reason, corrected_at, corrected_riders, sorted_at, (content::json ->> 'riders')::int8
    """

  /// A tap, locked until the end of the transaction; nil when it is not in quarantine.
  package func findForUpdate(_ name: TapName) async throws -> QuarantineRecord? {
    let rows = try await connection.query(
      """
      select \(Self.columns) from tap_quarantine
      where device_id = $1 and epoch = $2 and seq = $3 for update
      """, [.text(name.device), .int8(name.epoch), .int8(name.seq)])
    return try rows.onlyOrNil().map(Self.record)
  }

  /// Taps by name after one, in a state or in any, of a device or of all; at most ``pageMax``.
  package func list(
    state: QuarantineState?, device: String?, after name: TapName?, limit: Int = pageMax
  ) async throws -> [QuarantineRecord] {
    let rows = try await connection.query(
      """
      select \(Self.columns) from tap_quarantine
      where ($1::text is null or state = $1) and ($2::text is null or device_id = $2)
        and ($3::text is null or (device_id, epoch, seq) > ($3, $4, $5))
      order by device_id, epoch, seq limit $6
      """,
      [
        .orNull(state) { .text($0.rawValue) }, .orNull(device, PostgresValue.text),
        .orNull(name) { .text($0.device) }, .int8(name?.epoch ?? 0), .int8(name?.seq ?? 0),
        .int8(Int64(min(limit, Self.pageMax))),
      ])
    return try rows.map(Self.record)
  }

  /// How many wait for a person, at most so many, and since when the oldest of them.
  package func standing(
    countMax: Int = QueueQueries.countMax
  ) async throws -> (held: Int, oldestAt: Instant?) {
    let row = try await connection.query(Self.standingSQL, [.int8(Int64(countMax))]).only()
    return (try row.int(0), try row.timestamptzOrNil(1))
  }

  /// By an index that holds nothing else, the oldest first.
  static let standingSQL = """
    select count(*), min(received_at)
    from (select received_at from tap_quarantine where state = 'held' order by received_at limit $1) q
    """

  /// Writes down what a person decided; the caller holds the tap.
  package func decide(
    _ name: TapName, _ state: QuarantineState, correction: TapCorrection, by: String,
    reason: String, at moment: Instant
  ) async throws {
    try await connection.execute(
      """
      update tap_quarantine set state = $4, decided_at = $5, decided_by = $6,
        decision_reason = $7, corrected_at = $8, corrected_riders = $9
      where device_id = $1 and epoch = $2 and seq = $3 and state = 'held'
      """,
      [
        .text(name.device), .int8(name.epoch), .int8(name.seq), .text(state.rawValue),
        .timestamptz(moment), .text(by), .text(reason),
        .orNull(correction.at, PostgresValue.timestamptz),
        .orNull(correction.riders) { .int2(Int16($0)) },
      ])
    if state == .released { try await StoreSession(connection: connection).announce(.journal) }
  }

  /// Devices whose released taps wait for the sorter.
  package func devicesWaiting() async throws -> [String] {
    try await connection.query(
      """
      select distinct device_id from tap_quarantine
      where state = 'released' and sorted_at is null order by 1
      """
    ).map { try $0.text(0) }
  }

  /// Released taps of a device that wait for the sorter, with their batches; at most so many.
  package func waiting(device: String, countMax: Int) async throws -> [ReleasedTap] {
    try await released(of: device, isSorted: false, after: (-1, -1), countMax: countMax)
  }

  /// Devices of which released taps were sorted.
  package func devicesReleased() async throws -> [String] {
    try await connection.query(
      """
      select distinct device_id from tap_quarantine
      where state = 'released' and sorted_at is not null order by 1
      """
    ).map { try $0.text(0) }
  }

  /// Released taps of a device that reached their riders, with their batches, in the order of their
  /// names after an epoch and number; at most ``pageMax``.
  package func sortedReleased(
    of device: String, after name: (epoch: Int64, seq: Int64)
  ) async throws -> [ReleasedTap] {
    try await released(of: device, isSorted: true, after: name, countMax: Self.pageMax)
  }

  private func released(
    of device: String, isSorted: Bool, after name: (epoch: Int64, seq: Int64), countMax: Int
  ) async throws -> [ReleasedTap] {
    let rows = try await connection.query(
      """
      select q.epoch, q.seq, q.corrected_at, q.corrected_riders, b.batch_id, b.sent_at,
        b.received_at, b.body, b.quarantined, b.format
      from (select * from tap_quarantine where device_id = $2 and state = 'released'
        and (sorted_at is not null) = $4 and (epoch, seq) > ($5, $6)
        order by epoch, seq limit $3) q
      join tap_batch b on b.lane = $1 and b.device_id = q.device_id and b.epoch = q.epoch
        and b.quarantined @> q.seq
      order by q.epoch, q.seq
      """,
      [
        .int2(Lane.of(name: device)), .text(device), .int8(Int64(countMax)), .bool(isSorted),
        .int8(name.epoch), .int8(name.seq),
      ])
    return try rows.map { row in
      let name = TapName(device: device, epoch: try row.int8(0), seq: try row.int8(1))
      return ReleasedTap(
        name: name,
        correction: TapCorrection(
          at: try row.timestamptzOrNil(2), riders: try row.intOrNil(3)),
        batch: UnsortedBatch(
          batchID: try row.int8(4), device: device, epoch: name.epoch,
          seqs: try row.int8multirange(8), sentAt: try row.timestamptz(5),
          receivedAt: try row.timestamptz(6),
          body: StoredBody(bytes: try row.bytea(7), format: try row.text(9))))
    }
  }

  /// Marks released taps of a device as sorted.
  package func markSorted(_ names: [TapName], at moment: Instant) async throws {
    try await connection.execute(
      """
      update tap_quarantine q set sorted_at = $4
      from unnest($1::text[], $2::bigint[], $3::bigint[]) as n (d, e, s)
      where q.device_id = n.d and q.epoch = n.e and q.seq = n.s
      """,
      [
        .texts(names.map(\.device)), .int8s(names.map(\.epoch)), .int8s(names.map(\.seq)),
        .timestamptz(moment),
      ])
  }

  private static func record(_ row: PostgresRow) throws -> QuarantineRecord {
    QuarantineRecord(
      name: TapName(device: try row.text(0), epoch: try row.int8(1), seq: try row.int8(2)),
      code: try row.text(3), message: try row.text(4), content: try row.text(5),
      riders: try row.int8OrNil(14).map { Int($0) }, receivedAt: try row.timestamptz(6),
      state: try row.word("state"),
      decidedAt: try row.timestamptzOrNil(8), decidedBy: try row.textOrNil(9),
      reason: try row.textOrNil(10),
      correction: TapCorrection(at: try row.timestamptzOrNil(11), riders: try row.intOrNil(12)),
      sortedAt: try row.timestamptzOrNil(13))
  }
}
