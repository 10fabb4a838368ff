/// The hashes of a Merkle tree as RFC 6962 (section 2.1) defines them.
///
/// A leaf is hashed after a byte 0, a node after a byte 1, so that no node can be shown as a leaf.
package enum MerkleHash {
  /// Bytes of each hash.
  package static let byteCount = 32

  /// The root of a tree without leaves.
  package static let empty = sha256([])

  /// The hash of a leaf.
  package static func leaf(_ data: [UInt8]) -> [UInt8] { sha256([0] + data) }

  /// The hash of a node over two others.
  package static func node(_ left: [UInt8], _ right: [UInt8]) -> [UInt8] {
    sha256([1] + left + right)
  }
}

/// Works out the root of a tree leaf by leaf, without holding them.
///
/// The hashes of every full run of ``blockLeaves`` leaves are kept beside it: they are nodes of the
/// same tree, and tell where two trees begin to differ.
package struct MerkleAccumulator: Sendable {
  /// Leaves under each hash of ``blocks``; a power of two.
  package static let blockLeaves = 1024

  /// Leaves added so far.
  package private(set) var count = 0
  /// Hashes over the runs of ``blockLeaves`` leaves that are full.
  package private(set) var fullBlocks: [[UInt8]] = []
  /// Roots of full subtrees from the left, each of half the size of the one before or less.
  private var peaks: [(leaves: Int, hash: [UInt8])] = []

  /// Begins a tree without leaves.
  package init() {}

  /// Adds the hash of the next leaf.
  package mutating func add(leafHash: [UInt8]) {
    precondition(leafHash.count == MerkleHash.byteCount, "a leaf is added by its hash")
    count += 1
    var top = (leaves: 1, hash: leafHash)
    while let last = peaks.last, last.leaves == top.leaves {
      peaks.removeLast()
      top = (last.leaves * 2, MerkleHash.node(last.hash, top.hash))
      if top.leaves == Self.blockLeaves { fullBlocks.append(top.hash) }
    }
    peaks.append(top)
  }

  /// The root over all leaves so far.
  package var root: [UInt8] { Self.fold(peaks[...]) ?? MerkleHash.empty }

  /// The full runs, and a hash over the leaves after the last of them when there are any.
  package var blocks: [[UInt8]] {
    let rest = Self.fold(peaks.drop { $0.leaves >= Self.blockLeaves })
    return fullBlocks + (rest.map { [$0] } ?? [])
  }

  private static func fold(_ peaks: ArraySlice<(leaves: Int, hash: [UInt8])>) -> [UInt8]? {
    guard var hash = peaks.last?.hash else { return nil }
    for peak in peaks.dropLast().reversed() { hash = MerkleHash.node(peak.hash, hash) }
    return hash
  }
}

/// Shows that a leaf stands at its place in a tree of which only the root is known.
package struct MerklePath: Hashable, Sendable {
  /// Place of the leaf, from 0.
  package let index: Int
  /// Leaves of the tree.
  package let count: Int
  /// The hashes beside the way up, from the leaf to the root.
  package let hashes: [[UInt8]]

  /// Makes a path that was kept elsewhere.
  package init(index: Int, count: Int, hashes: [[UInt8]]) {
    self.index = index
    self.count = count
    self.hashes = hashes
  }

  /// The path of a leaf, from the hashes of all leaves; nil when there is no such place.
  package init?(of index: Int, among leaves: [[UInt8]]) {
    guard leaves.indices.contains(index) else { return nil }
    var hashes: [[UInt8]] = []
    var level = leaves
    var place = index
    // Level by level; the last one of an odd level goes up as it is.
    while level.count > 1 {
      if place ^ 1 < level.count { hashes.append(level[place ^ 1]) }
      level = stride(from: 0, to: level.count, by: 2).map { left in
        left + 1 < level.count ? MerkleHash.node(level[left], level[left + 1]) : level[left]
      }
      place /= 2
    }
    self.init(index: index, count: leaves.count, hashes: hashes)
  }

  /// The root that the tree has if the leaf stands there; nil when the path does not fit the tree.
  package func root(leafHash: [UInt8]) -> [UInt8]? {
    guard count > 0, (0..<count).contains(index) else { return nil }
    var hash = leafHash
    var place = index
    var last = count - 1
    var rest = hashes[...]
    while last > 0 {
      if place & 1 == 1 {
        guard let left = rest.popFirst() else { return nil }
        hash = MerkleHash.node(left, hash)
      } else if place < last {
        guard let right = rest.popFirst() else { return nil }
        hash = MerkleHash.node(hash, right)
      }
      place /= 2
      last /= 2
    }
    return rest.isEmpty ? hash : nil
  }
}
