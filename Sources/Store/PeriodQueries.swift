package import Basics
package import Ledger
import Postgres

extension StoreSession {
  /// Months of the books, and what is kept of those that are closed.
  package var periods: PeriodTables { PeriodTables(connection: connection) }
}

/// A month of the books, as its row says.
package struct PeriodRow: Sendable, Equatable {
  package let name: String
  package let first: Day
  package let last: Day
  package let state: AccountingPeriod.State
  package let closedAt: Instant?
  package let closedBy: String?
  /// JSON: what was left open when it was closed, by order.
  package let openItems: String
  /// 32 bytes; nil until it is closed.
  package let previousRoot: [UInt8]?
  package let root: [UInt8]?

  /// Makes a row.
  package init(
    name: String, first: Day, last: Day, state: AccountingPeriod.State, closedAt: Instant? = nil,
    closedBy: String? = nil, openItems: String = "[]", previousRoot: [UInt8]? = nil,
    root: [UInt8]? = nil
  ) {
    self.name = name
    self.first = first
    self.last = last
    self.state = state
    self.closedAt = closedAt
    self.closedBy = closedBy
    self.openItems = openItems
    self.previousRoot = previousRoot
    self.root = root
  }
}

/// A tree of a closed period as it is kept.
package struct PeriodTreeRow: Sendable, Equatable {
  package let tree: PeriodTree
  /// Hashes over each ``MerkleAccumulator/blockLeaves`` leaves.
  package let blocks: [[UInt8]]
  /// The first row of each of them.
  package let blockKeys: [String]

  /// Makes a row.
  package init(tree: PeriodTree, blocks: [[UInt8]], blockKeys: [String]) {
    self.tree = tree
    self.blocks = blocks
    self.blockKeys = blockKeys
  }
}

/// A report of a closed period as it is kept.
package struct PeriodReportRow: Sendable, Equatable {
  package let report: String
  /// JSON.
  package let content: [UInt8]
  /// SHA-256 of the content.
  package let digest: [UInt8]
  /// What programs that kept fewer tables made of it; none where all kept the same.
  package let earlier: [[UInt8]]

  /// Makes a row.
  package init(report: String, content: [UInt8], digest: [UInt8], earlier: [[UInt8]] = []) {
    self.report = report
    self.content = content
    self.digest = digest
    self.earlier = earlier
  }
}

/// Months of the books, and what is kept of those that are closed.
package struct PeriodTables {
  let connection: PostgresConnection

  /// The day on which something of a day is booked: that day, or the first of the next open month.
  ///
  /// The month stays open until the transaction ends: whoever begins to close it waits.
  package func bookingDate(_ wanted: Day) async throws -> Day {
    try await connection.query("select booking_date($1)", [.date(wanted)]).only().date(0)
  }

  /// All months that have a row, in order.
  package func list() async throws -> [PeriodRow] {
    let rows = try await connection.query(
      """
      select period, first_date, last_date, state, closed_at, closed_by, open_items,
        previous_root, root
      from accounting_period order by first_date
      """)
    return try rows.map { row in
      PeriodRow(
        name: try row.text("period"), first: try row.date("first_date"),
        last: try row.date("last_date"), state: try row.word("state"),
        closedAt: try row.timestamptzOrNil("closed_at"), closedBy: try row.textOrNil("closed_by"),
        openItems: try row.text("open_items"), previousRoot: try row.byteaOrNil("previous_root"),
        root: try row.byteaOrNil("root"))
    }
  }

  /// Makes the row of a month where there is none.
  package func ensure(_ period: AccountingPeriod) async throws {
    try await connection.execute(
      """
      insert into accounting_period (period, first_date, last_date, state)
      values ($1, $2, $3, 'open') on conflict do nothing
      """, [.text(period.name), .date(period.first), .date(period.last)])
  }

  /// Any number that nothing else locks: "KV" and then "mnth"; `held_period_state` knows it too.
  private static let monthsLock: Int64 = 0x4B56_6D6E_7468

  /// Holds a month and all before it for this transaction alone, but for those that are closed.
  ///
  /// What is booked in one of them without being committed is waited for, and nobody makes such a month
  /// meanwhile: what is asked after this holds until the transaction ends.
  package func lockAll(through period: AccountingPeriod) async throws {
    // Whoever books in a month that is there holds its row, and may go on to one that has to be made:
    // so the rows come first. They come again for what was made before the lock was had.
    let rows = PostgresStatement(
      """
      select 1 from accounting_period where first_date <= $1 and state <> 'closed'
      order by first_date for update
      """, [.date(period.first)])
    _ = try await connection.pipeline([
      rows, PostgresStatement("select pg_advisory_xact_lock($1)", [.int8(Self.monthsLock)]), rows,
    ])
  }

  /// When the closing of a month began, the month held for this transaction alone; nil unless it is
  /// closing.
  ///
  /// No two closings of a month began at the same moment: it tells whether somebody opened it meanwhile.
  package func lockClosing(_ name: String) async throws -> Instant? {
    let rows = try await connection.query(
      """
      select case when state = 'closing' then closing_at end
      from accounting_period where period = $1 for update
      """, [.text(name)])
    return try rows.onlyOrNil()?.timestamptzOrNil(0)
  }

  /// The state of a month, held for this transaction alone; nil when there is no row.
  package func lock(_ name: String) async throws -> AccountingPeriod.State? {
    let rows = try await connection.query(
      "select state from accounting_period where period = $1 for update", [.text(name)])
    return try rows.onlyOrNil()?.word("state")
  }

  /// Moves a month to closing or back to open; each closing has a later moment than the one before.
  package func move(
    _ name: String, to state: AccountingPeriod.State, by person: String, at now: Instant
  ) async throws {
    try await connection.execute(
      """
      update accounting_period set state = $2,
        closing_at = case when $2 = 'closing'
          then greatest($3::timestamptz, closing_at + interval '1 microsecond') else closing_at end,
        closing_by = case when $2 = 'closing' then $4 end
      where period = $1
      """, [.text(name), .text(state.rawValue), .timestamptz(now), .text(person)])
  }

  /// Closes a month for ever, with its trees and reports.
  package func close(
    _ proof: PeriodProof, trees: [PeriodTreeRow], reports: [PeriodReportRow], openItems: String,
    by person: String, at now: Instant
  ) async throws {
    try await connection.execute(
      """
      update accounting_period set state = 'closed', closed_at = $2, closed_by = $3,
        open_items = $4, previous_root = $5, root = $6
      where period = $1
      """,
      [
        .text(proof.period), .timestamptz(now), .text(person), .text(openItems),
        .bytea(proof.previousRoot), .bytea(proof.root),
      ])
    for row in trees {
      try await connection.execute(
        """
        insert into period_tree (period, table_name, leaves, root, blocks, block_keys)
        values ($1, $2, $3, $4, $5, $6)
        """,
        [
          .text(proof.period), .text(row.tree.table), .int8(row.tree.leaves),
          .bytea(row.tree.root), .bytea(Array(row.blocks.joined())),
          .texts(row.blockKeys.map(Optional.some)),
        ])
    }
    for row in reports {
      try await connection.execute(
        """
        insert into period_report (period, report, content, digest, made_at)
        values ($1, $2, $3, $4, $5)
        """,
        [
          .text(proof.period), .text(row.report), .bytea(row.content), .bytea(row.digest),
          .timestamptz(now),
        ])
    }
  }

  /// The trees of a closed month, by the names of their tables.
  package func trees(of name: String) async throws -> [PeriodTreeRow] {
    let rows = try await connection.query(
      """
      select table_name, leaves, root, blocks, block_keys from period_tree
      where period = $1 order by table_name
      """, [.text(name)])
    return try rows.map { row in
      let blocks = try row.bytea("blocks")
      return PeriodTreeRow(
        tree: PeriodTree(
          table: try row.text("table_name"), leaves: try row.int8("leaves"),
          root: try row.bytea("root")),
        blocks: stride(from: 0, to: blocks.count, by: MerkleHash.byteCount).map {
          Array(blocks[$0..<min($0 + MerkleHash.byteCount, blocks.count)])
        }, blockKeys: try row.texts("block_keys").compactMap { $0 })
    }
  }

  /// The kept reports of a month, by name.
  package func reports(of name: String) async throws -> [PeriodReportRow] {
    let rows = try await connection.query(
      "select report, content, digest from period_report where period = $1 order by report",
      [.text(name)])
    return try rows.map { row in
      PeriodReportRow(
        report: try row.text("report"), content: try row.bytea("content"),
        digest: try row.bytea("digest"))
    }
  }

  /// The kept report of a closed month; nil when there is none.
  package func report(_ report: String, of name: String) async throws -> PeriodReportRow? {
    try await reports(of: name).first { $0.report == report }
  }
}
