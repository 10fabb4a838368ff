package import Basics
package import Ledger
import Postgres

extension StoreSession {
  /// The chain of all entries.
  package var seals: EntrySealTables { EntrySealTables(connection: connection) }
}

/// The chain of all entries.
package struct EntrySealTables {
  /// Most entries sealed in one transaction, and most seals read at once.
  package static let pageMax = 10_000
  /// How far behind the newest sealed entry the sealer looks for one that was committed later; at the
  /// close of a period it looks at all of them.
  package static let lookBackMax: Int64 = 100_000

  /// Any number that nothing else locks: "KV" and then "seal".
  private static let lockKey: Int64 = 0x4B56_7365_616C

  let connection: PostgresConnection

  /// Seals the entries that have no place yet, at most a page; their number.
  ///
  /// One at a time: nothing when another process is sealing, unless told to wait.
  package func sealNext(isComplete: Bool, at now: Instant) async throws -> Int {
    if isComplete {
      try await connection.execute(
        "select pg_advisory_xact_lock($1)", [.int8(Self.lockKey)])
    } else {
      let rows = try await connection.query(
        "select pg_try_advisory_xact_lock($1)", [.int8(Self.lockKey)])
      guard try rows.only().bool(0) else { return 0 }
    }
    let rows = try await connection.query(
      """
      select entry_id, digest from entry e
      where entry_id > case when $2 then 0
          else (select coalesce(max(entry_id), 0) from entry_seal) - $3 end
        and not exists (select from entry_seal s where s.entry_id = e.entry_id)
      order by entry_id limit $1
      """, [.int8(Int64(Self.pageMax)), .bool(isComplete), .int8(Self.lookBackMax)])
    guard !rows.isEmpty else { return 0 }
    var chain = SealChain(after: try await head())
    let seals = try rows.map { row in
      let number = try row.int8("entry_id")
      return chain.seal(
        entryNumber: number,
        leafHash: Entry.leafHash(number: number, digest: try row.bytea("digest")))
    }
    try await connection.execute(
      """
      insert into entry_seal (seq, entry_id, leaf_hash, chain_hash, sealed_at)
      select s, e, l, c, $5 from unnest($1::int8[], $2::int8[], $3::bytea[], $4::bytea[])
        as t(s, e, l, c)
      """,
      [
        .int8s(seals.map(\.seq)), .int8s(seals.map(\.entryNumber)),
        .byteas(seals.map { Optional($0.leafHash) }),
        .byteas(seals.map { Optional($0.chainHash) }), .timestamptz(now),
      ])
    return seals.count
  }

  /// Where the chain ends.
  package func head() async throws -> LedgerHead {
    let rows = try await connection.query(
      "select seq, chain_hash from entry_seal order by seq desc limit 1")
    guard let row = try rows.onlyOrNil() else { return .empty }
    return LedgerHead(number: try row.int8("seq"), hash: try row.bytea("chain_hash"))
  }

  /// The next seals after a place, each with the leaf of the entry as it stands now; nil where the
  /// entry is gone.
  package func page(after seq: Int64) async throws -> [(seal: EntrySeal, leafNow: [UInt8]?)] {
    let rows = try await connection.query(
      """
      select s.seq, s.entry_id, s.leaf_hash, s.chain_hash, e.digest
      from entry_seal s left join entry e using (entry_id)
      where s.seq > $1 order by s.seq limit $2
      """, [.int8(seq), .int8(Int64(Self.pageMax))])
    return try rows.map { row in
      let number = try row.int8("entry_id")
      return (
        EntrySeal(
          seq: try row.int8("seq"), entryNumber: number, leafHash: try row.bytea("leaf_hash"),
          chainHash: try row.bytea("chain_hash")),
        try row.byteaOrNil("digest").map { Entry.leafHash(number: number, digest: $0) }
      )
    }
  }
}
