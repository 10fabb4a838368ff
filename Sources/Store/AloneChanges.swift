package import Basics
import Postgres

extension StoreSession {
  /// What persons changed of the past without a second one.
  package var aloneChanges: AloneChangeTables { AloneChangeTables(connection: connection) }
}

/// What persons changed of the past without a second one: orders to rate anew, imports of networks,
/// corrected stops, places of validators, proofs of categories and merged riders.
package struct AloneChangeTables {
  /// Any number that nothing else locks: "KV" and then "alone".
  private static let lockNumber: Int64 = 0x4B56_616C_6F6E_65

  let connection: PostgresConnection

  /// What a person changed alone after a moment, in minor units, the largest currency of each change.
  ///
  /// Whoever else asks waits until the transaction ends: two changes at once would not see each other.
  package func lock(by person: Person, after moment: Instant) async throws -> Int64 {
    let results = try await connection.pipeline([
      PostgresStatement("select pg_advisory_xact_lock($1)", [.int8(Self.lockNumber)]),
      PostgresStatement(
        """
        select requested_by, requested_digest, sum(change_minor)::int8 as minor from (
          select requested_by, requested_digest, change_minor from rerating_order
          where coalesce(done_at, decided_at, requested_at) > $1 and not needs_approval
            and state not in ('refused', 'looking', 'previewed')
          union all
          select requested_by, requested_digest, change_minor from stop_correction
          where requested_at > $1 and decided_by is null and state <> 'requested'
          union all
          select requested_by, requested_digest, change_minor from past_change
          where requested_at > $1 and decided_by is null and state = 'done') c
        group by requested_by, requested_digest
        """, [.timestamptz(moment)]),
    ])
    var minor: Int64 = 0
    for row in results[1] {
      let other = try row.person("requested_by", "requested_digest")
      guard person.isSame(as: other) else { continue }
      minor = minor.addingOrMax(try row.int8("minor"))
    }
    return minor
  }
}

extension Int64 {
  /// The sum, or the largest number where it would be larger.
  fileprivate func addingOrMax(_ other: Int64) -> Int64 {
    let (sum, isTooMuch) = addingReportingOverflow(other)
    return isTooMuch ? .max : sum
  }
}
