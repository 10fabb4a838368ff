import Postgres

/// A register as the caller takes it to be: what was decided about it holds only then.
package struct ExpectedRegister: Sendable, Equatable {
  package let register: RegisterKey
  /// Its edition, as it was when the group was decided.
  package let edition: Int64

  /// Makes an expectation.
  package init(register: RegisterKey, edition: Int64) {
    self.register = register
    self.edition = edition
  }
}

extension Store {
  /// Where transactions run without a change of threads: the loop of the connections.
  package var executor: any TaskExecutor { pool.executor }

  /// Writes a group in one round trip, when all of its registers stand as expected; false, and
  /// nothing is written, when any of them does not.
  ///
  /// The group holds new and possible taps only: what contradicts or is impossible needs a look into
  /// the journal first. Each change has its expectation, in the same order, which is that of the
  /// registers' keys, as in ``JournalQueries``. A deadlock with another process counts as "not as
  /// expected".
  package func append(
    _ group: JournalGroup, expecting registers: [ExpectedRegister]
  ) async throws -> Bool {
    precondition(
      group.conflicts.isEmpty && group.quarantined.isEmpty && group.repeats.isEmpty
        && group.checkpoints.isEmpty && group.batches.allSatisfy(\.isPlain),
      "what has to be compared goes through the journal's own transaction")
    precondition(
      group.changes.elementsEqual(registers) {
        $0.register == $1.register && $0.duplicates == 0 && $0.quarantined == 0
      }, "each change of a register has an expectation")
    guard !group.batches.isEmpty else { return true }
    do {
      return try await pool.session { connection in
        try await connection.query(
          Self.appendSQL,
          [.int8(Int64(registers.count))] + Self.changes.parameters(of: group.changes)
            + Self.expectations.parameters(of: registers)
            + Self.batches.parameters(of: group.batches)
        ).only().bool(0)
      }
    } catch let error as PostgresError {
      if error.isRetryable || error.isStalePlan || error.sqlState == Self.otherwise {
        return false
      }
      throw StoreFault(error)
    }
  }

  private static let changes = [ArrayColumn<RegisterChange>].ofPlainChange
  private static let expectations = [ArrayColumn<ExpectedRegister>].ofExpectation
  private static let batches = [ArrayColumn<JournalBatch>].ofPlainBatch

  /// What `registers_hold` says when a register stands otherwise.
  private static let otherwise = "KV001"

  /// One statement is one transaction of its own, and one round trip.
  ///
  /// Comparing, locking and changing a register is one step, which finds its row once. The
  /// statement fails as a whole when it found fewer registers than it was given.
  private static let appendSQL = """
    with changed as (
      update device_epoch e set \(JournalQueries.plainChangeSQL)
      from unnest(\(changes.arrays(from: 2)), \(expectations.arrays(from: 2 + changes.count)))
        as c (\(changes.names()), \(expectations.names()))
      where e.device_id = c.device_id and e.epoch = c.epoch and e.edition = c.expected_edition
      returning 1
    ), added as (
      insert into tap_batch (\(batches.names()), seqs)
      select b.*, b.fresh
      from unnest(\(batches.arrays(from: 2 + changes.count + expectations.count)))
        as b (\(batches.names()))
    )
    select registers_hold(count(*), $1::bigint) from changed
    """
}
