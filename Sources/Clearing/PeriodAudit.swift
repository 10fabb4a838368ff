import Basics
package import Ledger
package import Store
import Tapping

/// The chain of entries, and the closed periods: what was sealed has to be there still.
extension LedgerAuditor {
  /// Proves that every entry that was sealed is there, unchanged, each in one place.
  func proveSeals(_ audit: inout LedgerAudit) async throws {
    var chain = SealChain()
    while true {
      let last = chain.head.number
      let page = try await read { db in try await db.seals.page(after: last) }
      guard !page.isEmpty else { break }
      for (seal, leafNow) in page {
        if let fault = chain.check(seal) {
          audit.find(fault)
          return
        }
        guard let leafNow else {
          audit.find("entry \(seal.entryNumber), sealed as \(seal.seq), was taken away")
          continue
        }
        if leafNow != seal.leafHash {
          audit.find("entry \(seal.entryNumber) was changed after it was sealed as \(seal.seq)")
        }
      }
      audit.seals += Int64(page.count)
    }
  }

  /// Proves each closed period: its trees from the rows, its root from the trees and the one before.
  func provePeriods(_ audit: inout LedgerAudit) async throws {
    let rows = try await read { db in try await db.periods.list() }
    var previous = PeriodProof.first
    for row in rows where row.state == .closed {
      guard row.previousRoot == previous else {
        audit.find("period \(row.name) does not follow the root of the period before it")
        return
      }
      previous = row.root ?? PeriodProof.first
      for fault in try await faults(of: row) { audit.find(fault) }
      audit.periods += 1
    }
  }

  private func faults(of row: PeriodRow) async throws -> [String] {
    guard let period = AccountingPeriod(row), (period.first, period.last) == (row.first, row.last)
    else { return ["period \(row.name) is no month, or has not its days"] }
    return try await read { db in
      var faults: [String] = []
      let kept = try await db.periods.trees(of: row.name)
      let proof = PeriodProof(
        period: row.name, previousRoot: row.previousRoot ?? PeriodProof.first,
        trees: kept.map(\.tree))
      if proof.root != row.root {
        faults.append("period \(row.name): its root is not that of its trees and the root before")
      }
      let names = Set(kept.map(\.tree.table))
      for name in names.subtracting(Self.tables).sorted() {
        faults.append("period \(row.name): the tree of \(name) is not known")
      }
      for name in Self.tables.subtracting(names).sorted() {
        // A month that was closed before a table left digests has no tree of it, and no leaves.
        let fresh = try await Self.tree(name, of: period, in: db)
        if SealedTable(rawValue: name) != nil || fresh?.tree.leaves != 0 {
          faults.append("period \(row.name): the tree of \(name) is missing")
        }
      }
      for tree in kept {
        guard let fresh = try await Self.tree(tree.tree.table, of: period, in: db) else { continue }
        if let fault = Self.fault(of: tree, fresh: fresh) {
          faults.append("period \(row.name): \(fault)")
        }
      }
      return faults + (try await self.reportFaults(of: row, in: db))
    }
  }

  /// The tables of which a closed period has trees.
  private static let tables = Set(
    SealedTable.allCases.map(\.rawValue) + MoneyTable.allCases.map(\.rawValue))

  /// A tree from the rows as they are now; nil for a table that is not known.
  private static func tree(
    _ name: String, of period: AccountingPeriod, in db: StoreSession
  ) async throws -> PeriodTreeRow? {
    if let table = SealedTable(rawValue: name) {
      return try await db.periods.tree(table, of: period)
    }
    guard let table = MoneyTable(rawValue: name) else { return nil }
    return try await db.periods.tree(table, of: period.name)
  }

  /// Proves that the rows of stored value, charging and prices are as the program wrote them last.
  func proveRows(_ audit: inout LedgerAudit) async throws {
    for table in MoneyTable.allCases {
      for finding in try await read({ db in
        try await db.rowSeals.rowsThatDiffer(in: table, countMax: LedgerAudit.findingsMax)
      }) {
        audit.find(finding)
      }
    }
    for finding in try await read({ db in
      try await db.rowSeals.foreign(countMax: LedgerAudit.findingsMax)
        + db.rowSeals.unstamped(countMax: LedgerAudit.findingsMax)
        + db.rowSeals.sharesThatDiffer(countMax: LedgerAudit.findingsMax)
    }) {
      audit.find(finding)
    }
    audit.stampsUnchecked = try await read { db in
      try await db.rowSeals.unchecked()
    }
  }

  /// Where a tree is not what its rows come to; nil when it is.
  static func fault(of kept: PeriodTreeRow, fresh: PeriodTreeRow) -> String? {
    guard kept != fresh else { return nil }
    let table = kept.tree.table
    let sizes =
      kept.tree.leaves == fresh.tree.leaves
      ? "" : "; it was closed with \(kept.tree.leaves) rows and has \(fresh.tree.leaves) now"
    let count = max(kept.blocks.count, fresh.blocks.count)
    let block = (0..<count).first { index in
      !kept.blocks.indices.contains(index) || !fresh.blocks.indices.contains(index)
        || kept.blocks[index] != fresh.blocks[index]
    }
    let key = block.flatMap { block in
      [kept.blockKeys, fresh.blockKeys].first { $0.indices.contains(block) }?[block]
    }
    // A block that is of no row was put into the tree itself.
    guard let key else { return "the tree of \(table) was changed after it was closed\(sizes)" }
    return
      "a row of \(table) was changed after it was closed, among the \(MerkleAccumulator.blockLeaves) from \(key) on\(sizes)"
  }

  /// Kept reports whose bytes are not those of their digest, or that come out otherwise now.
  private func reportFaults(of row: PeriodRow, in db: StoreSession) async throws -> [String] {
    let kept = try await db.periods.reports(of: row.name)
    var faults = kept.filter { SHA256Digest.hash($0.content) != $0.digest }.map {
      "period \(row.name): the kept report \($0.report) was changed after it was made"
    }
    guard let reporting else { return faults }
    let fresh = try await reporting(row, db)
    let names = Set(kept.map(\.report))
    if names == Self.firstReports {
      // A month that was closed by a program that kept these alone: what has other figures by now is
      // as its digest says.
      return faults
        + fresh.filter { Self.sameReports.contains($0.report) }
        .compactMap { Self.fault(of: kept, fresh: $0, in: row) }
    }
    for name in names.symmetricDifference(fresh.map(\.report)).sorted() {
      faults.append("period \(row.name): the kept report \(name) is missing, or not known")
    }
    return faults + fresh.compactMap { Self.fault(of: kept, fresh: $0, in: row) }
  }

  private static func fault(
    of kept: [PeriodReportRow], fresh: PeriodReportRow, in row: PeriodRow
  ) -> String? {
    guard let same = kept.first(where: { $0.report == fresh.report }),
      same.content != fresh.content, !fresh.earlier.contains(same.content)
    else { return nil }
    return "period \(row.name): the report \(fresh.report) comes out otherwise now"
  }

  /// The reports that the first program to close months kept, and those of them that are the same now.
  private static let firstReports = sameReports.union(["subsidy", "trial-balance"])
  private static let sameReports: Set = [
    "operators", "late-taps", "refunds", "revenue-without-caps",
  ]
}

extension AccountingPeriod {
  /// The month of a row; nil when its name is none.
  package init?(_ row: PeriodRow) {
    self.init(name: row.name, state: row.state)
  }
}
