import Postgres

/// A register as the caller takes it to be: what was decided about it holds only then.
package struct ExpectedRegister: Sendable, Equatable {
  package let register: RegisterKey
  /// Numbers seen, as sorted disjoint ranges.
  package let seen: [Range<Int64>]
  /// The key that the batches of the group were signed with.
  package let publicKey: [UInt8]
  /// The session of its newest request.
  package let session: SessionStanding?

  /// Makes an expectation.
  package init(
    register: RegisterKey, seen: [Range<Int64>], publicKey: [UInt8], session: SessionStanding?
  ) {
    self.register = register
    self.seen = seen
    self.publicKey = publicKey
    self.session = session
  }
}

extension Store {
  /// Where transactions run without a change of threads: the loop of the connections.
  package var executor: any TaskExecutor { pool.executor }

  /// Writes a group in one round trip, when all of its registers stand as expected; false, and
  /// nothing is written, when any of them does not.
  ///
  /// The group holds batches and changes only: what contradicts or is impossible needs a look into
  /// the journal first. Registers are locked in the order of their keys, as ``JournalQueries`` does.
  /// A deadlock with another process counts as "not as expected".
  package func append(
    _ group: JournalGroup, expecting registers: [ExpectedRegister]
  ) async throws -> Bool {
    precondition(
      group.conflicts.isEmpty && group.quarantined.isEmpty && group.repeats.isEmpty
        && group.checkpoints.isEmpty,
      "what has to be compared goes through the journal's own transaction")
    guard !group.batches.isEmpty else { return true }
    do {
      return try await pool.session { connection in
        try await connection.query(
          Self.appendSQL, Self.appendParameters(group, expecting: registers)
        ).only().bool(0)
      }
    } catch let error as PostgresError {
      if error.isRetryable || error.isStalePlan { return false }
      throw StoreFault(error)
    }
  }

  /// One statement is one transaction of its own, and one round trip.
  private static let appendSQL = """
    with locked as (
      select 1
      from unnest($1::text[], $2::bigint[], $3::int8multirange[], $4::bytea[],
          $5::bytea[]) as k (device_id, epoch, seen, public_key, chain)
      join device_epoch e on e.device_id = k.device_id and e.epoch = k.epoch
      join device d on d.device_id = k.device_id
      where d.state = 'active' and e.seen = k.seen
        and exists (
          select from device_key y
          where y.device_id = k.device_id and y.public_key = k.public_key
            and (y.accepted_until is null or y.accepted_until > $7) and k.epoch >= y.epochs_from
            and (y.epochs_before is null or k.epoch < y.epochs_before))
        and e.session_chain is not distinct from k.chain
      order by k.device_id, k.epoch for update of e
    ), judged as (select count(*) = $6 as holds from locked),
    changed as (
      \(JournalQueries.updateSQL(parameter: 8)) and (select holds from judged)
    ), added as (
      \(JournalQueries.insertSQL(parameter: 8 + JournalQueries.changeColumnsCount))
      where (select holds from judged)
    )
    select holds from judged
    """

  private static func appendParameters(
    _ group: JournalGroup, expecting registers: [ExpectedRegister]
  ) -> [PostgresValue] {
    JournalQueries.arrays(registers.map(\.register)) + [
      .int8multiranges(registers.map(\.seen)), .byteas(registers.map(\.publicKey)),
      .byteas(registers.map(\.session?.hash)), .int8(Int64(registers.count)),
      .orNull(group.batches.first?.receivedAt, PostgresValue.timestamptz),
    ] + JournalQueries.columns(of: group.changes) + JournalQueries.columns(of: group.batches)
  }
}
