import Basics
import Store
import Synchronization
import Tapping

/// A register while a group is decided.
struct RegisterState: Sendable {
  /// How often it, or what its device may do, was changed before.
  let edition: Int64
  /// Numbers seen when the register was locked.
  let lockedSeen: SequenceRanges
  /// The keys that its device may sign with.
  let publicKeys: [[UInt8]]
  /// When the first of them ends.
  let keysHoldUntil: Instant?
  /// How many registers its device has; 1 when that was not looked up.
  let devicesEpochs: Int
  /// Numbers seen by now.
  var seen: SequenceRanges
  /// Where the session of its newest request stands by now.
  var session: SessionStanding?
  /// What batches of this group brought.
  var batches: [(added: SequenceRanges, batch: TapBatch)] = []
  /// Contents of this group that contradict others.
  var conflicts: [(Int64, ContentHash)] = []
  private var sum: RegisterChange?

  init(_ register: LockedRegister) {
    lockedSeen = SequenceRanges(register.seen)
    seen = lockedSeen
    edition = register.edition
    publicKeys = register.publicKeys
    keysHoldUntil = register.keysHoldUntil
    devicesEpochs = register.devicesEpochs
    session = register.session
  }

  init(_ register: RegisterCache.Register) {
    lockedSeen = register.seen
    seen = register.seen
    edition = register.edition
    publicKeys = register.publicKeys
    keysHoldUntil = register.keysHoldUntil
    devicesEpochs = 1
    session = register.session
  }

  /// The register as it will stand after the group.
  var register: RegisterCache.Register {
    RegisterCache.Register(
      seen: seen, edition: sum == nil ? edition : edition + 1, publicKeys: publicKeys,
      keysHoldUntil: keysHoldUntil,
      session: session)
  }

  mutating func note(_ item: IncomingBatch, _ outcome: AdmissionOutcome) {
    seen = outcome.seen
    // A post with a signature of its own leaves the session where it stands.
    if let standing = item.proof.session?.standing { session = standing }
    var change =
      sum
      ?? RegisterChange(
        register: item.register, seen: [], tapsStored: 0, duplicates: 0, quarantined: 0,
        receivedAt: nil, sentAt: nil)
    change.tapsStored += Int64(outcome.acceptedCount + outcome.rejected.count)
    change.duplicates += Int64(outcome.duplicateCount)
    change.quarantined += Int64(outcome.rejected.count)
    if Self.isContact(item, outcome) {
      change.receivedAt = change.receivedAt.map { max($0, item.receivedAt) } ?? item.receivedAt
      change.sentAt = item.outline.sentAt
    }
    sum = change
  }

  /// Whether a batch shows that its device is there: whoever saw an old one can post it again.
  private static func isContact(_ item: IncomingBatch, _ outcome: AdmissionOutcome) -> Bool {
    !outcome.added.isEmpty || SignedQuestion.isOfNow(item.outline.sentAt, at: item.receivedAt)
  }

  /// Keeps what a batch says, for those after it in the group that may say otherwise.
  mutating func keepContents(of batch: TapBatch, _ outcome: AdmissionOutcome) {
    if !outcome.added.isEmpty { batches.append((outcome.added, batch)) }
    guard !outcome.conflicts.isEmpty else { return }
    for (tap, verdict) in zip(batch.taps, outcome.verdicts) where verdict == .conflict {
      conflicts.append((tap.seq, tap.contentHash))
    }
  }

  /// Whether a key signs for the device at a moment, as far as is known without a look.
  func holds(_ publicKey: [UInt8], at moment: Instant) -> Bool {
    keysHoldUntil.map { moment < $0 } ?? true && publicKeys.contains(publicKey)
  }

  /// What the group adds to the register; nil when it was only locked.
  func change() -> RegisterChange? {
    guard var change = sum else { return nil }
    change.seen = seen.ranges
    change.session = session
    return change
  }
}

/// Registers as this process last left them, so that most groups need no look before they write.
///
/// What it says may be out of date: another process may have written. It is only an expectation,
/// which the database compares with what stands in the very statement that writes.
final class RegisterCache: Sendable {
  /// Most registers remembered.
  static let registersMax = 40_000
  /// Ranges past which a register is not remembered: it would have to be sent with each batch.
  static let rangesMax = 64

  struct Register: Sendable {
    let seen: SequenceRanges
    let edition: Int64
    let publicKeys: [[UInt8]]
    let keysHoldUntil: Instant?
    let session: SessionStanding?
  }

  private let generations = Mutex(
    (young: [RegisterKey: Register](), old: [RegisterKey: Register]()))

  /// What is remembered of some registers, in their order.
  func registers(of keys: [RegisterKey]) -> [Register?] {
    generations.withLock { generations in
      keys.map { generations.young[$0] ?? generations.old[$0] }
    }
  }

  /// Remembers registers as a transaction left them.
  func keep(_ registers: some Sequence<(key: RegisterKey, value: Register)>) {
    generations.withLock { generations in
      for (key, register) in registers {
        guard register.seen.ranges.count <= Self.rangesMax else {
          generations.young[key] = nil
          generations.old[key] = nil
          continue
        }
        // Looked for once in the common case: that it is there already.
        if generations.young.updateValue(register, forKey: key) == nil,
          generations.young.count > Self.registersMax / 2
        {
          generations.old = generations.young
          generations.young = [key: register]
        }
      }
    }
  }

  /// Forgets registers that stand otherwise than was thought.
  func forget(_ keys: some Sequence<RegisterKey>) {
    generations.withLock { generations in
      for key in keys {
        generations.young[key] = nil
        generations.old[key] = nil
      }
    }
  }
}
