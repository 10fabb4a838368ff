package import Basics
import Postgres

/// Where a person's correction of a stop stands.
package enum StopCorrectionState: String, Sendable, CaseIterable {
  /// It changes more than one person may, and waits for another one.
  case requested
  /// It counts.
  case standing
  /// It counted until a later one took its place.
  case superseded
  /// Another person said no, or whoever asked took it back.
  case refused
}

/// What a person said about the stop of a tap: a row of `stop_correction`.
package struct StopCorrectionRow: Sendable, Equatable {
  package var id: Int64 = 0
  package let tap: TapName
  /// The fare day of the tap.
  package let fareDay: Day
  /// What counted until then: a correction, what the validator told, or what was inferred.
  package let fromStop: String?
  /// What counts from then on; nil withdraws a correction.
  package let stop: String?
  /// Whether the person insists on a stop that the tap's line does not serve.
  package let isOffRoute: Bool
  package let reason: String
  /// By how much the fares of the rider change, minor units without a sign.
  package let changeMinor: Int64
  package var state: StopCorrectionState
  package let requestedBy: Person
  package let requestedAt: Instant
  package var decidedBy: Person?
  package var decidedAt: Instant?

  /// Makes a row.
  package init(
    tap: TapName, fareDay: Day, fromStop: String?, stop: String?, isOffRoute: Bool,
    reason: String, changeMinor: Int64, state: StopCorrectionState, requestedBy: Person,
    requestedAt: Instant
  ) {
    self.tap = tap
    self.fareDay = fareDay
    self.fromStop = fromStop
    self.stop = stop
    self.isOffRoute = isOffRoute
    self.reason = reason
    self.changeMinor = changeMinor
    self.state = state
    self.requestedBy = requestedBy
    self.requestedAt = requestedAt
  }
}

/// A tap with what decides whether its stop may be corrected.
package struct CorrectableTap: Sendable {
  /// The tap as it was signed.
  package let tap: TapRow
  package let isAccepted: Bool
  /// Where Insight found that the rider boarded.
  package let inferredStop: String?
  /// Whether the rider was erased.
  package let isErased: Bool
}

/// A stop that a person corrected, and when.
package struct CorrectedStop: Sendable, Equatable {
  package let fromStop: String?
  package let stop: String
  package let at: Instant
}

extension StoreSession {
  /// What persons said about the stops of taps.
  package var stopCorrections: StopCorrectionTables {
    StopCorrectionTables(connection: connection)
  }
}

/// What persons said about the stops of taps.
package struct StopCorrectionTables {
  /// Most corrections of a page.
  package static let pageMax = 500

  let connection: PostgresConnection

  private static let columns = """
    correction_id, fare_day, device_id, epoch, seq, from_stop, stop, off_route, reason, change_minor,
    state, requested_by, requested_digest, requested_at, decided_by, decided_digest, decided_at
    """

  /// A tap that reached its rider, held until the transaction ends; nil when there is none.
  package func lockTap(_ name: TapName) async throws -> CorrectableTap? {
    let rows = try await connection.query(
      """
      select \(RatingTables.tapColumns), t.accepted, (
          select b.stop from boarding b where b.fare_day = t.fare_day and b.device_id = t.device_id
            and b.epoch = t.epoch and b.seq = t.seq and b.source <> 'corrected') as inferred, (
          select r.erased_at from rider r where r.rider_id = t.rider_id) as erased_at
      from tap t where t.device_id = $1 and t.epoch = $2 and t.seq = $3 for update
      """, [.text(name.device), .int8(name.epoch), .int8(name.seq)])
    return try rows.onlyOrNil().map { row in
      CorrectableTap(
        tap: try RatingTables.tap(row), isAccepted: try row.bool("accepted"),
        inferredStop: try row.textOrNil("inferred"),
        isErased: try row.timestamptzOrNil("erased_at") != nil)
    }
  }

  /// The correction of a tap in a state of which a tap has at most one; nil without it.
  package func find(
    of name: TapName, _ state: StopCorrectionState
  ) async throws -> StopCorrectionRow? {
    precondition(state == .standing || state == .requested, "there may be several \(state)")
    let rows = try await connection.query(
      """
      select \(Self.columns) from stop_correction
      where device_id = $1 and epoch = $2 and seq = $3 and state = $4
      """,
      [.text(name.device), .int8(name.epoch), .int8(name.seq), .text(state.rawValue)])
    return try rows.onlyOrNil().map(Self.record)
  }

  /// A correction, held until the transaction ends; nil when there is none of the number.
  package func lock(_ id: Int64) async throws -> StopCorrectionRow? {
    let rows = try await connection.query(
      "select \(Self.columns) from stop_correction where correction_id = $1 for update",
      [.int8(id)])
    return try rows.onlyOrNil().map(Self.record)
  }

  /// Corrections before a number, the newest first, in a state or in any, of a device or of all.
  package func list(
    state: StopCorrectionState?, device: String?, before id: Int64?, limit: Int = pageMax
  ) async throws -> [StopCorrectionRow] {
    let rows = try await connection.query(
      """
      select \(Self.columns) from stop_correction
      where ($1::text is null or state = $1) and ($2::text is null or device_id = $2)
        and ($3::int8 is null or correction_id < $3)
      order by correction_id desc limit $4
      """,
      [
        .orNull(state) { .text($0.rawValue) }, .orNull(device, PostgresValue.text),
        .orNull(id, PostgresValue.int8), .int8(Int64(min(max(limit, 1), Self.pageMax))),
      ])
    return try rows.map(Self.record)
  }

  /// Adds a correction, and gives its number; one that stands takes the place of what stood.
  package func add(_ row: StopCorrectionRow) async throws -> Int64 {
    if row.state == .standing { try await supersede(row.tap) }
    let rows = try await connection.query(
      """
      insert into stop_correction (fare_day, device_id, epoch, seq, from_stop, stop, off_route,
        reason, change_minor, state, requested_by, requested_digest, requested_at)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) returning correction_id
      """,
      [
        .date(row.fareDay), .text(row.tap.device), .int8(row.tap.epoch), .int8(row.tap.seq),
        .orNull(row.fromStop, PostgresValue.text), .orNull(row.stop, PostgresValue.text),
        .bool(row.isOffRoute), .text(row.reason), .int8(row.changeMinor),
        .text(row.state.rawValue), .text(row.requestedBy.label),
        .bytea(row.requestedBy.tokenDigest), .timestamptz(row.requestedAt),
      ])
    return try rows.only().int8(0)
  }

  /// Writes down what another person decided; one that stands takes the place of what stood.
  package func decide(_ row: StopCorrectionRow) async throws {
    if row.state == .standing { try await supersede(row.tap) }
    try await connection.execute(
      """
      update stop_correction set state = $2, decided_by = $3, decided_digest = $4, decided_at = $5
      where correction_id = $1
      """,
      [
        .int8(row.id), .text(row.state.rawValue),
        .orNull(row.decidedBy?.label, PostgresValue.text),
        .orNull(row.decidedBy?.tokenDigest, PostgresValue.bytea),
        .orNull(row.decidedAt, PostgresValue.timestamptz),
      ])
  }

  private func supersede(_ name: TapName) async throws {
    try await connection.execute(
      """
      update stop_correction set state = 'superseded'
      where device_id = $1 and epoch = $2 and seq = $3 and state = 'standing'
      """, [.text(name.device), .int8(name.epoch), .int8(name.seq)])
  }

  /// The stops of the taps of some fare days that persons corrected; they are few.
  package func stops(within days: ClosedRange<Day>) async throws -> [TapName: CorrectedStop] {
    let rows = try await connection.query(
      """
      select device_id, epoch, seq, from_stop, stop, coalesce(decided_at, requested_at)
      from stop_correction
      where state = 'standing' and stop is not null and fare_day between $1 and $2
      """, [.date(days.lowerBound), .date(days.upperBound)])
    var stops: [TapName: CorrectedStop] = [:]
    for row in rows {
      let name = TapName(
        device: try row.text(0), epoch: try row.int8(1), seq: try row.int8(2))
      stops[name] = CorrectedStop(
        fromStop: try row.textOrNil(3), stop: try row.text(4), at: try row.timestamptz(5))
    }
    return stops
  }

  /// Corrections that stand beside no tap of their fare day, each in a sentence.
  package func withoutTap(countMax: Int) async throws -> [String] {
    let rows = try await connection.query(
      """
      select correction_id, device_id, epoch, seq, fare_day from stop_correction c
      where state = 'standing' and not exists (
        select from tap t where t.device_id = c.device_id and t.epoch = c.epoch and t.seq = c.seq
          and t.fare_day = c.fare_day)
      order by correction_id limit $1
      """, [.int8(Int64(countMax))])
    return try rows.map { row in
      "stop_correction \(try row.int8(0)): there is no tap \(try row.text(1))/\(try row.int8(2))"
        + "/\(try row.int8(3)) on \(try row.date(4))"
    }
  }

  /// How many corrections count.
  package func standing() async throws -> Int {
    try await connection.query(
      "select count(*) from stop_correction where state = 'standing' and stop is not null"
    ).only().int(0)
  }

  private static func record(_ row: PostgresRow) throws -> StopCorrectionRow {
    var found = StopCorrectionRow(
      tap: TapName(
        device: try row.text("device_id"), epoch: try row.int8("epoch"),
        seq: try row.int8("seq")),
      fareDay: try row.date("fare_day"), fromStop: try row.textOrNil("from_stop"),
      stop: try row.textOrNil("stop"), isOffRoute: try row.bool("off_route"),
      reason: try row.text("reason"), changeMinor: try row.int8("change_minor"),
      state: try row.word("state"),
      requestedBy: try row.person("requested_by", "requested_digest"),
      requestedAt: try row.timestamptz("requested_at"))
    found.id = try row.int8("correction_id")
    found.decidedBy = try row.personOrNil("decided_by", "decided_digest")
    found.decidedAt = try row.timestamptzOrNil("decided_at")
    return found
  }
}
