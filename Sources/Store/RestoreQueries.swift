package import Basics
import Postgres

extension StoreSession {
  /// What a database needs that was restored from a backup.
  package var restores: RestoreQueries { RestoreQueries(connection: connection) }
}

/// What a restored database still knows, beside which people look for what is missing.
package struct RestoredState: Sendable, Equatable {
  /// Receipt of the newest batch of taps; nil when there is none.
  package let newestBatchAt: Instant?
  /// When a charge window last changed; nil when none did.
  package let newestChargeAt: Instant?
  /// Bearer tokens that hold.
  package let tokensHolding: Int
  /// When the newest token was made; nil when there is none.
  package let newestTokenAt: Instant?
  package let devicesActive: Int
  /// The last fare day whose windows are closed; nil when none is.
  package let closedThrough: Day?
  /// Charge windows of which the acquirer is to be asked, or was asked without an answer, or may be again.
  package let windowsToAsk: Int
  /// Of these: what the acquirer authorised, and is to take.
  package let windowsAuthorised: Int
  /// Refunds of which it is to be asked, or was asked without an answer.
  package let refundsToAsk: Int
}

/// What a database needs that was restored from a backup: others remember what it forgot.
///
/// The acquirer, the bank and the validators know numbers that were given after the backup. None of them may be given
/// a second time.
package struct RestoreQueries {
  /// How far numbers move ahead: more than are given between two backups.
  package static let aheadStandard: Int64 = 1_000_000
  /// Furthest that numbers move ahead at once.
  package static let aheadMax: Int64 = 1_000_000_000_000
  /// Name of the setting that says who began anew after a restore, when and how far.
  package static let setting = "restored"
  /// Name of the setting that holds the number after which clearing files go on.
  package static let fileBaseSetting = "clearing_file_base"

  /// A column that the database numbers by itself.
  package typealias NumberedColumn = (table: String, column: String)

  /// The identities that are known outside: keys by which an acquirer knows what it was asked before (windows,
  /// refunds), names at the bank (`KVYTOK-P17`), files, entries that exports and proofs name, and what people
  /// wrote down to decide it by its number.
  package static let identities: [NumberedColumn] = [
    ("charge_window", "window_id"), ("charge_refund", "refund_id"), ("payout", "payout_id"),
    ("subsidy_claim", "claim_id"), ("wallet_movement", "movement_id"),
    ("product_holding", "holding_id"), ("acquirer_file", "file_id"), ("money_order", "order_id"),
    ("rerating_order", "order_id"), ("adjustment", "adjustment_id"), ("past_change", "change_id"),
    ("stop_correction", "correction_id"), ("accepted_finding", "acceptance_id"),
    ("statement_line", "line_id"), ("entry", "entry_id"), ("tap_conflict", "conflict_id"),
  ]

  /// The identities that nobody outside goes by, each with the reason: they do not move.
  package static let internalIdentities: [(table: String, column: String, why: String)] = [
    ("tap_batch", "batch_id", "a batch is known by its device, epoch and numbers"),
    ("tap_parcel", "parcel_id", "gone when its riders are rated"),
    ("clearing_run", "run_id", "known by its entry"),
    ("ride", "ride_id", "a ride is known by its taps"),
    ("posting_sum", "sum_id", "a sum, not named"),
    ("network_feed", "feed_id", "a network is known by the digest of its file"),
    ("card_denial", "denial_id", "known by its card"),
    ("charge_event", "event_id", "known by its window, or the key of whoever paid"),
    ("acquirer_file_refused", "refusal_id", "known by the name of the file"),
    ("acquirer_record", "record_id", "known by its file and reference"),
    ("rider_event", "event_id", "known by its rider"),
    ("wallet_account", "account_id", "known by its rider and currency"),
    ("device_event", "event_id", "known by its device"),
    ("device_gap", "gap_id", "known by its device, epoch and numbers"),
    ("deny_cause", "cause_id", "known by its medium and cause"),
    ("row_seal", "seal_id", "found by its row"),
    ("charge_sum", "sum_id", "a sum, not named"),
    ("acquirer_sum", "sum_id", "a sum, not named"),
    ("capture_sum", "sum_id", "a sum, not named"),
    ("ride_day_sum", "sum_id", "a sum, not named"),
    ("bank_account", "bank_account_id", "known by its IBAN"),
    ("bank_statement", "statement_id", "known by the bank's number"),
    ("acquirer_sale", "sale_id", "known by the acquirer's reference"),
    ("erased_fare", "erased_fare_id", "nobody's fare, not named"),
  ]

  let connection: PostgresConnection

  /// Moves all numbers that are known outside ahead, holds what the acquirer would be asked, and begins another
  /// line of the deny list; its first version.
  ///
  /// Again moves them again: what is restored twice from one backup needs another distance the second time.
  @discardableResult
  package func begin(
    by person: String, ahead: Int64 = aheadStandard, at moment: Instant
  ) async throws -> Int64 {
    precondition((1...Self.aheadMax).contains(ahead), "\(ahead) numbers ahead")
    for (table, column) in Self.identities {
      let sequence = "pg_get_serial_sequence('\(table)', '\(column)')"
      try await connection.query(
        """
        select setval(\(sequence), greatest(nextval(\(sequence)),
          (select coalesce(max(\(column)), 0) from \(table))) + $1)
        """, [.int8(ahead)])
    }
    let settings = SettingQueries(connection: connection)
    let file = try await AcquirerFileTables(connection: connection).nextNumber() - 1
    try await settings.set(Self.fileBaseSetting, to: String(file + ahead))
    try await settings.set(
      Self.setting, to: "\(moment) by \(person), numbers moved ahead by \(ahead)")
    try await hold(by: person, at: moment)
    return try await DenyListQueries(connection: connection).startLine(at: moment)
  }

  /// What the database still knows at a moment.
  package func state(at moment: Instant) async throws -> RestoredState {
    let row = try await connection.query(
      """
      select (select max(received_at) from tap_batch), (select max(at) from charge_event),
        (select count(*) from access_token where revoked_at is null
          and (expires_at is null or expires_at > $1)),
        (select max(created_at) from access_token),
        (select count(*) from device where state = 'active'),
        (select max(fare_day) from charge_day),
        (select count(*) from charge_window where state in
          ('closed', 'authorising', 'authorised', 'capturing', 'retrying', 'debt')),
        (select count(*) from charge_refund where state in ('approved', 'asking')),
        (select count(*) from charge_window where state = 'authorised')
      """, [.timestamptz(moment)]
    ).only()
    return RestoredState(
      newestBatchAt: try row.timestamptzOrNil(0), newestChargeAt: try row.timestamptzOrNil(1),
      tokensHolding: try row.int(2), newestTokenAt: try row.timestamptzOrNil(3),
      devicesActive: try row.int(4), closedThrough: try row.dateOrNil(5),
      windowsToAsk: try row.int(6), windowsAuthorised: try row.int(8),
      refundsToAsk: try row.int(7))
  }

  /// Whether `kvytok serve` is connected with the database now.
  package func isServed() async throws -> Bool {
    try await connection.query(
      """
      select exists (select from pg_stat_activity
        where datname = current_database() and application_name like 'kvytok serve%')
      """
    ).only().bool(0)
  }
}
