package import Basics
package import Charging
import Postgres

/// A payment by card that a rider's bank took back.
package struct DisputeRow: Sendable, Hashable {
  /// What was paid.
  package enum Subject: Sendable, Hashable {
    /// The number of a charge window.
    case window(Int64)
    /// The number of a top-up by bank card.
    case topUp(Int64)
  }

  package let subject: Subject
  package let minor: Int64
  package let stage: ChargebackStage

  /// Makes a row.
  package init(_ subject: Subject, minor: Int64, stage: ChargebackStage) {
    self.subject = subject
    self.minor = minor
    self.stage = stage
  }
}

extension DisputeRow.Subject: CustomStringConvertible {
  package var description: String {
    switch self {
    case .window(let id): "window \(id)"
    case .topUp(let id): "top-up \(id) by bank card"
    }
  }
}

extension ChargingTables {
  /// Writes a dispute down.
  ///
  /// A stage that was reached stays: a message that comes late changes nothing.
  package func setChargeback(
    _ caseID: String, _ row: DisputeRow, reason: String?, at now: Instant
  ) async throws {
    var window: Int64?
    var sale: Int64?
    switch row.subject {
    case .window(let id): window = id
    case .topUp(let id): sale = id
    }
    try await connection.execute(
      """
      insert into chargeback (case_id, window_id, sale_id, minor, reason, stage, opened_at, decided_at)
      values ($1, $2, $3, $4, $5, $6, $7::timestamptz,
        case when $6 <> 'opened' then $7::timestamptz end)
      on conflict (case_id) do update set stage = excluded.stage, decided_at = excluded.decided_at
      """,
      [
        .text(caseID), .orNull(window, PostgresValue.int8), .orNull(sale, PostgresValue.int8),
        .int8(row.minor), .orNull(reason, PostgresValue.text), .text(row.stage.rawValue),
        .timestamptz(now),
      ])
  }

  /// A dispute, locked; nil when it is not known.
  package func lockChargeback(_ caseID: String) async throws -> DisputeRow? {
    let row = try await connection.query(
      "select window_id, sale_id, minor, stage from chargeback where case_id = $1 for update",
      [.text(caseID)]
    ).onlyOrNil()
    return try row.map { row in
      let subject: DisputeRow.Subject =
        if let window = try row.int8OrNil("window_id") {
          .window(window)
        } else {
          .topUp(try row.int8("sale_id"))
        }
      return DisputeRow(subject, minor: try row.int8("minor"), stage: try row.word("stage"))
    }
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
