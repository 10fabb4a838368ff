import Basics
import Ledger
import Testing

@Suite struct MerkleTests {
  /// The leaves and roots that the reference implementation of RFC 6962 is tested with.
  private static let leaves: [[UInt8]] = [
    [], [0x00], [0x10], [0x20, 0x21], [0x30, 0x31], [0x40, 0x41, 0x42, 0x43],
    [0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
    Array(0x60...0x6f),
  ]
  private static let roots = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
  ]

  @Test func theRootsAreThoseOfTheReference() {
    var tree = MerkleAccumulator()
    #expect(hexText(tree.root) == Self.roots[0])
    for (leaf, root) in zip(Self.leaves, Self.roots.dropFirst()) {
      tree.add(leafHash: MerkleHash.leaf(leaf))
      #expect(hexText(tree.root) == root)
    }
  }

  @Test(arguments: [1, 2, 3, 7, 8, 9, 100, 257]) func everyLeafHasAPathAndNoOtherLeafFitsIt(
    _ count: Int
  ) {
    let hashes = (0..<count).map { MerkleHash.leaf([UInt8($0 & 255), UInt8($0 >> 8)]) }
    var tree = MerkleAccumulator()
    for hash in hashes { tree.add(leafHash: hash) }
    let stranger = MerkleHash.leaf([1, 2, 3])
    for index in hashes.indices {
      let path = MerklePath(of: index, among: hashes)
      #expect(path?.root(leafHash: hashes[index]) == tree.root)
      #expect(path?.root(leafHash: stranger) != tree.root)
      let moved = MerklePath(
        index: (index + 1) % count, count: count, hashes: path?.hashes ?? [])
      if count > 1 { #expect(moved.root(leafHash: hashes[index]) != tree.root) }
    }
    #expect(MerklePath(of: count, among: hashes) == nil)
    let short = MerklePath(index: 0, count: count, hashes: [])
    if count > 1 { #expect(short.root(leafHash: hashes[0]) == nil) }
  }

  @Test func theBlocksAreNodesOfTheTreeAndTellWhereTwoDiffer() {
    let size = MerkleAccumulator.blockLeaves
    func tree(_ changed: Int?) -> MerkleAccumulator {
      var tree = MerkleAccumulator()
      for index in 0..<(2 * size + 5) {
        let salt: UInt8 = index == changed ? 1 : 0
        tree.add(leafHash: MerkleHash.leaf([UInt8(index & 255), UInt8(index >> 8), salt]))
      }
      return tree
    }
    let sound = tree(nil)
    #expect(sound.blocks.count == 3)
    #expect(
      MerkleHash.node(MerkleHash.node(sound.blocks[0], sound.blocks[1]), sound.blocks[2])
        == sound.root)
    for changed in [0, size - 1, size, 2 * size + 4] {
      let other = tree(changed)
      #expect(other.root != sound.root)
      let differing = zip(sound.blocks, other.blocks).map { $0 != $1 }
      #expect(differing.firstIndex(of: true) == changed / size)
      #expect(differing.count(where: { $0 }) == 1)
    }
  }
}

@Suite struct PeriodProofTests {
  private static func books() throws -> [RecordedEntry] {
    try (1...9).map { number in
      RecordedEntry(
        try entry(["1200 \(number * 100) |", "2100/north | \(number * 100)"]),
        number: Int64(number * 2), after: .empty)
    }
  }

  private static func inclusion(of index: Int) throws -> EntryInclusion {
    let entries = try books()
    let leaves = try entries.map { try #require($0.leafHash) }
    var tree = MerkleAccumulator()
    for leaf in leaves { tree.add(leafHash: leaf) }
    let ride = PeriodTree(table: "ride", leaves: 0, root: MerkleHash.empty)
    return EntryInclusion(
      entry: entries[index], path: try #require(MerklePath(of: index, among: leaves)),
      proof: PeriodProof(
        period: "2026-10", previousRoot: PeriodProof.first,
        trees: [
          ride, PeriodTree(table: "entry", leaves: Int64(tree.count), root: tree.root),
        ]))
  }

  @Test(arguments: 0..<9) func anEntryIsShownToBeInItsPeriodFromAFileAlone(_ index: Int) throws {
    let inclusion = try Self.inclusion(of: index)
    #expect(inclusion.fault == nil)
    let read = try EntryInclusion(json: inclusion.json)
    #expect(read.fault == nil)
    #expect(read.proof.root == inclusion.proof.root)
    #expect(read.json == inclusion.json)
  }

  @Test func whoeverChangesTheFileIsFound() throws {
    let inclusion = try Self.inclusion(of: 4)
    let text = String(decoding: inclusion.json, as: UTF8.self)
    func fault(_ old: String, _ new: String) throws -> Bool {
      #expect(text.contains(old))
      let changed = text.replacing(old, with: new)
      let read = try EntryInclusion(json: Array(changed.utf8))
      return read.fault != nil || read.proof.root != inclusion.proof.root
    }
    #expect(try fault("\"debit_minor\":500", "\"debit_minor\":501"))
    #expect(try fault(":500", ":501"))
    #expect(try fault("\"number\":10", "\"number\":12"))
    #expect(try fault("\"index\":4", "\"index\":5"))
    #expect(try fault("\"operator\":\"north\"", "\"operator\":\"south\""))
    #expect(try fault("\"period\":\"2026-10\"", "\"period\":\"2026-11\""))
    #expect(throws: JSONFault.self) { try EntryInclusion(json: Array("{}".utf8)) }
  }

  @Test func aRootDependsOnTheOneBefore() {
    let tree = PeriodTree(table: "entry", leaves: 1, root: MerkleHash.leaf([1]))
    let first = PeriodProof(period: "2026-10", previousRoot: PeriodProof.first, trees: [tree])
    let next = PeriodProof(period: "2026-11", previousRoot: first.root, trees: [tree])
    let other = PeriodProof(period: "2026-11", previousRoot: PeriodProof.first, trees: [tree])
    #expect(next.root != other.root)
  }

  @Test func aSealTakenOutPutInOrMovedBreaksTheChain() {
    var chain = SealChain()
    let seals = (1...6).map { number in
      chain.seal(entryNumber: Int64(number * 3), leafHash: MerkleHash.leaf([UInt8(number)]))
    }
    func fault(_ seals: [EntrySeal]) -> String? {
      var proof = SealChain()
      for seal in seals { if let fault = proof.check(seal) { return fault } }
      return nil
    }
    #expect(fault(seals) == nil)
    for index in seals.indices.dropLast() {
      var fewer = seals
      fewer.remove(at: index)
      #expect(fault(fewer)?.contains("hole") == true)
      var swapped = seals
      swapped.swapAt(index, index + 1)
      #expect(fault(swapped) != nil)
    }
    var again = seals
    again.insert(seals[2], at: 3)
    #expect(fault(again) != nil)
  }
}
