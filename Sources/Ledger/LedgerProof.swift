package import Basics
import CLibCrypto

extension Entry {
  /// SHA-256 over all that the entry says; lines count in their order.
  package var digest: [UInt8] { sha256(canonicalBytes) }

  /// All fields in a fixed form: numbers as eight bytes, texts after their length.
  private var canonicalBytes: [UInt8] {
    var bytes = Array("kvytok entry 1\n".utf8)
    bytes.reserveCapacity(128 + postings.count * 64)
    bytes.appendCanonical(kind.rawValue)
    bytes.appendCanonical(runID)
    bytes.appendCanonical(Int64(accountingDate.number))
    bytes.appendCanonical(fareDay.map { Int64($0.number) })
    bytes.appendCanonical(currency.code)
    bytes.appendCanonical(memo)
    bytes.appendCanonical(Int64(postings.count))
    for posting in postings {
      bytes.appendCanonical(posting.account)
      bytes.appendCanonical(posting.operatorID)
      bytes.appendCanonical(posting.category)
      bytes.appendCanonical(posting.debitMinor)
      bytes.appendCanonical(posting.creditMinor)
    }
    return bytes
  }
}

/// Where a chain of entries ends: who knows it can prove that nothing before it was changed.
package struct LedgerHead: Hashable, Sendable {
  /// Number of the last entry; 0 before the first.
  package let number: Int64
  /// 32 bytes that depend on every entry up to here.
  package let hash: [UInt8]

  /// Makes a head that was kept elsewhere.
  package init(number: Int64, hash: [UInt8]) {
    self.number = number
    self.hash = hash
  }

  /// Where every chain begins.
  package static let empty = LedgerHead(number: 0, hash: [UInt8](repeating: 0, count: 32))

  /// The head after one more entry: SHA-256 over the hash before, the number and the digest.
  ///
  /// Numbers grow; they may leave some out, as a database does when a transaction fails.
  package func adding(number: Int64, digest: [UInt8]) -> LedgerHead {
    var bytes = hash
    bytes.appendCanonical(number)
    bytes += digest
    return LedgerHead(number: number, hash: sha256(bytes))
  }
}

/// An entry as it was found in the books, where anything may have happened to it.
package struct RecordedEntry: Hashable, Sendable {
  package var number: Int64
  package var kind: String
  package var runID: Int64?
  package var accountingDate: Day
  package var fareDay: Day?
  package var currency: Currency
  package var memo: String
  package var postings: [Posting]
  /// The digest that was written with it.
  package var digest: [UInt8]
  /// The chain's hash that was written with it; nil where none is kept.
  package var chainHash: [UInt8]?

  /// Makes a recorded entry from the columns of a database.
  package init(
    number: Int64, kind: String, runID: Int64?, accountingDate: Day, fareDay: Day?,
    currency: Currency, memo: String, postings: [Posting], digest: [UInt8],
    chainHash: [UInt8]? = nil
  ) {
    self.number = number
    self.kind = kind
    self.runID = runID
    self.accountingDate = accountingDate
    self.fareDay = fareDay
    self.currency = currency
    self.memo = memo
    self.postings = postings
    self.digest = digest
    self.chainHash = chainHash
  }

  /// Records an entry under a number, linked to the head before it.
  package init(_ entry: Entry, number: Int64, after head: LedgerHead) {
    let digest = entry.digest
    self.init(
      number: number, kind: entry.kind.rawValue, runID: entry.runID,
      accountingDate: entry.accountingDate, fareDay: entry.fareDay, currency: entry.currency,
      memo: entry.memo, postings: entry.postings, digest: digest,
      chainHash: head.adding(number: number, digest: digest).hash)
  }
}

/// The first thing found wrong in the books.
package struct LedgerFinding: Error, Hashable, Sendable, CustomStringConvertible {
  /// What is wrong.
  package enum Cause: Hashable, Sendable {
    /// The lines make no entry.
    case notAnEntry(EntryFault)
    /// The word for what it is for is not known.
    case unknownKind
    /// It says something else than when it was booked.
    case changed
    /// It does not follow the entry before it: one was put in, taken out or moved.
    case brokenChain
    /// Its number is not above that of the entry before it.
    case outOfOrder
    /// The chain passes a known head with another hash, or ends before it.
    case otherHead
  }

  /// Number of the entry.
  package let number: Int64
  package let cause: Cause

  package var description: String {
    switch cause {
    case .notAnEntry(let fault): "entry \(number): \(fault)"
    case .unknownKind: "entry \(number): its kind is not known to this program"
    case .changed: "entry \(number) was changed after it was booked"
    case .brokenChain: "entry \(number) does not follow the one before it"
    case .outOfOrder: "entry \(number) does not come after the one before it"
    case .otherHead: "the books up to entry \(number) are not those that were sealed"
    }
  }
}

/// Proves the books entry by entry, in the order of their numbers, without holding them all.
package struct LedgerProof: Sendable {
  /// Where the chain ends so far.
  package private(set) var head: LedgerHead
  /// The sums of what was proven so far.
  package private(set) var balance = TrialBalance()
  private var known: [LedgerHead]
  private let chart: ChartOfAccounts

  /// Begins a proof after a head, the empty one for all the books.
  ///
  /// `known` are heads that were written down before, on paper or elsewhere: the chain has to pass
  /// through each of them.
  package init(
    after head: LedgerHead = .empty, known: [LedgerHead] = [], chart: ChartOfAccounts = .standard
  ) {
    self.head = head
    self.known = known.filter { $0.number > head.number }.sorted { $0.number > $1.number }
    self.chart = chart
  }

  /// Proves the next entry.
  package mutating func check(_ recorded: RecordedEntry) throws(LedgerFinding) {
    func finding(_ cause: LedgerFinding.Cause) -> LedgerFinding {
      LedgerFinding(number: recorded.number, cause: cause)
    }
    guard recorded.number > head.number else { throw finding(.outOfOrder) }
    guard let kind = EntryKind(rawValue: recorded.kind) else { throw finding(.unknownKind) }
    let entry: Entry
    do throws(EntryFault) {
      entry = try Entry(
        kind: kind, runID: recorded.runID, accountingDate: recorded.accountingDate,
        fareDay: recorded.fareDay, currency: recorded.currency, memo: recorded.memo,
        postings: recorded.postings, chart: chart)
      try balance.add(entry)
    } catch {
      throw finding(.notAnEntry(error))
    }
    guard entry.digest == recorded.digest else { throw finding(.changed) }
    let next = head.adding(number: recorded.number, digest: recorded.digest)
    if let chainHash = recorded.chainHash, chainHash != next.hash { throw finding(.brokenChain) }
    while let mark = known.last, mark.number <= recorded.number {
      guard mark.number == next.number ? mark == next : mark == head else {
        throw LedgerFinding(number: mark.number, cause: .otherHead)
      }
      known.removeLast()
    }
    head = next
  }

  /// Ends the proof: every known head has to have been passed.
  package func finish() throws(LedgerFinding) {
    if let mark = known.last { throw LedgerFinding(number: mark.number, cause: .otherHead) }
  }

  /// Proves a list of entries; the first thing wrong, or nil.
  package static func verify(
    _ entries: some Sequence<RecordedEntry>, known: [LedgerHead] = []
  ) -> LedgerFinding? {
    var proof = LedgerProof(known: known)
    do throws(LedgerFinding) {
      for entry in entries { try proof.check(entry) }
      try proof.finish()
      return nil
    } catch {
      return error
    }
  }
}

/// The 32 bytes of SHA-256 (FIPS 180-4) by libcrypto.
func sha256(_ bytes: [UInt8]) -> [UInt8] {
  [UInt8](unsafeUninitializedCapacity: 32) { out, count in
    let done = EVP_Digest(bytes, bytes.count, out.baseAddress, nil, EVP_sha256(), nil)
    precondition(done == 1, "libcrypto has no SHA-256")
    count = 32
  }
}

extension [UInt8] {
  /// Eight bytes, big endian.
  mutating func appendCanonical(_ number: Int64) {
    Swift.withUnsafeBytes(of: number.bigEndian) { append(contentsOf: $0) }
  }

  /// A mark whether there is one, then the number.
  mutating func appendCanonical(_ number: Int64?) {
    append(number == nil ? 0 : 1)
    if let number { appendCanonical(number) }
  }

  /// Length, then UTF-8; -1 when there is none.
  mutating func appendCanonical(_ text: String?) {
    guard let text else { return appendCanonical(Int64(-1)) }
    appendCanonical(Int64(text.utf8.count))
    append(contentsOf: text.utf8)
  }
}
