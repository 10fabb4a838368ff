/// The tree over the rows of one table that belong to a period.
package struct PeriodTree: Hashable, Sendable {
  /// Name of the table: `ride`.
  package let table: String
  package let leaves: Int64
  package let root: [UInt8]

  /// Makes a tree that was worked out elsewhere.
  package init(table: String, leaves: Int64, root: [UInt8]) {
    self.table = table
    self.leaves = leaves
    self.root = root
  }
}

/// What a period comes to, in 32 bytes: its trees, and the period before it.
package struct PeriodProof: Hashable, Sendable {
  /// The root before the first period of all.
  package static let first = [UInt8](repeating: 0, count: MerkleHash.byteCount)

  package let period: String
  /// The root of the period before.
  package let previousRoot: [UInt8]
  /// The trees, in the order of their tables' names.
  package let trees: [PeriodTree]

  /// Makes a proof.
  package init(period: String, previousRoot: [UInt8], trees: [PeriodTree]) {
    self.period = period
    self.previousRoot = previousRoot
    self.trees = trees.sorted { $0.table < $1.table }
  }

  /// SHA-256 over the root before, the name of the period, and name, size and root of each tree.
  package var root: [UInt8] {
    var bytes = Array("kvytok period 1\n".utf8) + previousRoot
    bytes.appendCanonical(period)
    bytes.appendCanonical(Int64(trees.count))
    for tree in trees {
      bytes.appendCanonical(tree.table)
      bytes.appendCanonical(tree.leaves)
      bytes += tree.root
    }
    return sha256(bytes)
  }
}

/// Shows that an entry is in a closed period, to whoever knows the root of the period.
package struct EntryInclusion: Hashable, Sendable {
  /// Name of the tree in which entries are.
  package static let table = "entry"

  package let entry: RecordedEntry
  package let path: MerklePath
  package let proof: PeriodProof

  /// Puts together what shows it.
  package init(entry: RecordedEntry, path: MerklePath, proof: PeriodProof) {
    self.entry = entry
    self.path = path
    self.proof = proof
  }

  /// Why it does not hold; nil when it does.
  package var fault: String? {
    guard let leaf = entry.leafHash else { return "the lines are no balanced entry" }
    guard let tree = proof.trees.first(where: { $0.table == Self.table }) else {
      return "there is no tree of entries"
    }
    guard Int64(path.count) == tree.leaves else {
      return "the path is of \(path.count) entries, the tree of \(tree.leaves)"
    }
    guard path.root(leafHash: leaf) == tree.root else {
      return
        "the entry does not lead to the root of its tree: it says something else than was closed"
    }
    return nil
  }
}
