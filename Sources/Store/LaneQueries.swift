package import Postgres

/// Work that several processes share by lanes.
package enum LanePurpose: Int32, Sendable, CaseIterable {
  /// Batches of the journal become taps.
  case sorting = 1
  /// Stale rider-days become rides.
  case rating = 2
  /// Positions become stop visits, and taps get their boarding stop.
  case placing = 3
  /// Boardings get their alighting stop.
  case alighting = 4
  /// Money of bank cards, operators and the city: see `ChargingTables.tryWork`.
  case charging = 20
  /// Passes and carnets become earnings.
  case recognising = 50
  /// Rides of passes and carnets are counted: one lane, which whoever changes such rides tries to share.
  case counting = 51
  /// Media and their riders are founded: a lane for each share of their numbers, see ``FoundingShare``.
  case founding = 5
  /// Riders are merged or erased: one lane, held by whoever does.
  case moving = 6
  /// Holes in the numbers of devices are compared with those that are written down.
  case watching = 21
}

extension PostgresConnection {
  /// Whether a commit is told only when it is on disk: what is acknowledged then outlives a loss of power.
  package func commitsDurably() async throws -> Bool {
    try await query("select current_setting('synchronous_commit') <> 'off'").only().bool(0)
  }
}

extension StoreSession {
  /// Whether the lane is this transaction's until it ends; false when another one works on it.
  ///
  /// Its commit does not wait for the disk: what is done under a lane is worked out from what is on
  /// disk already, and is taken back whole and done again after a crash.
  package func tryLane(_ purpose: LanePurpose, lane: Int16) async throws -> Bool {
    let rows = try await connection.query(
      """
      select pg_try_advisory_xact_lock($1, $2), set_config('synchronous_commit', 'off', true)
      """, [.int4(StoreSession.laneLockClass + purpose.rawValue), .int4(Int32(lane))])
    return try rows.only().bool(0)
  }

  /// Takes lanes for this transaction, waiting for whoever works on them; in order, so that two who
  /// do so never wait for each other.
  ///
  /// A worker only tries a lane and leaves it when it is taken: it never waits while it holds one.
  package func holdLanes(_ purpose: LanePurpose, _ lanes: some Sequence<Int16>) async throws {
    for lane in Set(lanes).sorted() {
      try await connection.execute(
        "select pg_advisory_xact_lock($1, $2)",
        [.int4(StoreSession.laneLockClass + purpose.rawValue), .int4(Int32(lane))])
    }
  }

  /// Waits for all who found media and riders, and keeps others from it until the transaction ends.
  package func holdFounding() async throws {
    try await holdLanes(.founding, 0..<FoundingShare.count)
  }

  /// Makes the statements of this transaction find rows by their keys, and never by reading tables.
  ///
  /// For passes that touch thousands of rows of tables with many millions. The planner does not know
  /// how many: a table that is filled faster than it is analysed looks small to it, and reading all
  /// of it for each pass would be the end of the speed.
  package func preferIndexes() async throws {
    try await connection.execute(
      """
      select set_config(name, 'off', true)
      from unnest(array['enable_seqscan', 'enable_bitmapscan', 'enable_hashjoin',
        'enable_mergejoin']) name
      union all select set_config('plan_cache_mode', 'force_generic_plan', true)
      """)
  }

  /// First of the numbers under which the locks of lanes are known to PostgreSQL: "KV", then 0.
  static let laneLockClass: Int32 = 0x4B56_0000
}
