import Basics

/// The place of an entry in the chain of all entries: 1, 2, 3 and so on, without holes.
///
/// Entries are sealed shortly after they are booked, in one place after another. Whoever takes an
/// entry away leaves its seal; whoever takes both leaves a hole, or a chain that does not follow.
package struct EntrySeal: Hashable, Sendable {
  /// Its place, from 1.
  package let seq: Int64
  /// Number of the entry in the books.
  package let entryNumber: Int64
  /// The leaf of the entry when it was sealed.
  package let leafHash: [UInt8]
  /// 32 bytes that depend on this seal and all before it.
  package let chainHash: [UInt8]

  /// Makes a seal that was kept elsewhere.
  package init(seq: Int64, entryNumber: Int64, leafHash: [UInt8], chainHash: [UInt8]) {
    self.seq = seq
    self.entryNumber = entryNumber
    self.leafHash = leafHash
    self.chainHash = chainHash
  }
}

/// Where the chain of seals ends; the next entry is sealed onto it.
package struct SealChain: Sendable {
  /// The last seal's place and hash.
  package private(set) var head: LedgerHead

  /// Goes on after a head, the empty one at the beginning.
  package init(after head: LedgerHead = .empty) { self.head = head }

  /// Seals the next entry.
  package mutating func seal(entryNumber: Int64, leafHash: [UInt8]) -> EntrySeal {
    head = head.adding(number: head.number + 1, digest: leafHash)
    return EntrySeal(
      seq: head.number, entryNumber: entryNumber, leafHash: leafHash, chainHash: head.hash)
  }

  /// Proves that a seal is the next of the chain; says what is wrong, or nil.
  package mutating func check(_ seal: EntrySeal) -> String? {
    guard seal.seq == head.number + 1 else {
      return
        "the chain of entries has a hole: after seal \(head.number) comes seal \(seal.seq)"
    }
    let before = head
    head = before.adding(number: seal.seq, digest: seal.leafHash)
    guard head.hash == seal.chainHash else {
      return
        "seal \(seal.seq) of entry \(seal.entryNumber) does not follow seal \(before.number)"
    }
    return nil
  }
}

extension RecordedEntry {
  /// The leaf of the entry in the tree of its period: its number, and the digest of what it says now.
  ///
  /// Nil when what stands there is no entry.
  package var leafHash: [UInt8]? {
    guard let kind = EntryKind(rawValue: kind),
      let entry = try? Entry(
        kind: kind, runID: runID, accountingDate: accountingDate, fareDay: fareDay,
        currency: currency, memo: memo, postings: postings)
    else { return nil }
    return entry.leafHash(number: number)
  }
}

extension Entry {
  /// The leaf of the entry under its number.
  package func leafHash(number: Int64) -> [UInt8] {
    Entry.leafHash(number: number, digest: digest)
  }

  /// The leaf of an entry of some digest under its number: what the trees of periods are made of.
  package static func leafHash(number: Int64, digest: [UInt8]) -> [UInt8] {
    MerkleHash.leaf(withUnsafeBytes(of: number.bigEndian) { Array($0) } + digest)
  }
}
