package import Basics
package import Charging
import Postgres

extension ChargingTables {
  /// Writes a dispute down; the stage it was in before, nil when it is new.
  ///
  /// A stage that was reached stays: a message that comes late changes nothing.
  package func setChargeback(
    _ caseID: String, window: Int64, minor: Int64, reason: String?, stage: ChargebackStage,
    at now: Instant
  ) async throws {
    try await connection.execute(
      """
      insert into chargeback (case_id, window_id, minor, reason, stage, opened_at, decided_at)
      values ($1, $2, $3, $4, $5, $6::timestamptz,
        case when $5 <> 'opened' then $6::timestamptz end)
      on conflict (case_id) do update set stage = excluded.stage, decided_at = excluded.decided_at
      """,
      [
        .text(caseID), .int8(window), .int8(minor), .orNull(reason, PostgresValue.text),
        .text(stage.rawValue), .timestamptz(now),
      ])
  }

  /// A dispute, locked; nil when it is not known.
  package func lockChargeback(
    _ caseID: String
  ) async throws -> (window: Int64, minor: Int64, stage: ChargebackStage)? {
    let row = try await connection.query(
      "select window_id, minor, stage from chargeback where case_id = $1 for update",
      [.text(caseID)]
    ).onlyOrNil()
    return try row.map { (try $0.int8(0), try $0.int8(1), try $0.word("stage")) }
  }

  /// What the acquirer has still to keep for the opening of a dispute, or to pay for its winning.
  package func openMinor(of step: DisputeStep) async throws -> Int64 {
    try await connection.query(
      """
      select case $2 when 'opened' then minor - coalesce(kept_minor, 0)
        when stage then minor - coalesce(paid_minor, 0) else 0 end
      from chargeback where case_id = $1
      """, [.text(step.caseID), .text(step.stage.rawValue)]
    ).only().int8(0)
  }

  /// Adds what the acquirer kept for the opening of a dispute, or paid for its winning.
  package func settle(_ step: DisputeStep, minor: Int64) async throws {
    let column = step.stage == .won ? "paid_minor" : "kept_minor"
    try await connection.execute(
      "update chargeback set \(column) = coalesce(\(column), 0) + $2 where case_id = $1",
      [.text(step.caseID), .int8(minor)])
  }
}
