package import Basics

/// Names one life of a device's counter; in this order registers are locked.
package struct RegisterKey: Hashable, Comparable, Sendable {
  package let device: String
  package let epoch: Int64

  /// Makes a name.
  package init(device: String, epoch: Int64) {
    self.device = device
    self.epoch = epoch
  }

  package static func < (left: RegisterKey, right: RegisterKey) -> Bool {
    (left.device, left.epoch) < (right.device, right.epoch)
  }
}

/// A batch that brought something new, as it goes into the journal.
package struct JournalBatch: Sendable {
  package var register: RegisterKey
  /// Numbers of the taps in the body.
  package var seqs: [Range<Int64>]
  /// Those that this batch brought first; not empty.
  package var fresh: [Range<Int64>]
  /// Those of `fresh` that are impossible.
  package var quarantined: [Range<Int64>]
  package var receivedAt: Instant
  package var sentAt: Instant
  /// The signed bytes as they came.
  package var body: [UInt8]
  package var signature: [UInt8]
  /// SHA-256 of the body.
  package var bodyDigest: [UInt8]

  /// Makes a batch.
  package init(
    register: RegisterKey, seqs: [Range<Int64>], fresh: [Range<Int64>],
    quarantined: [Range<Int64>], receivedAt: Instant, sentAt: Instant, body: [UInt8],
    signature: [UInt8], bodyDigest: [UInt8]
  ) {
    self.register = register
    self.seqs = seqs
    self.fresh = fresh
    self.quarantined = quarantined
    self.receivedAt = receivedAt
    self.sentAt = sentAt
    self.body = body
    self.signature = signature
    self.bodyDigest = bodyDigest
  }
}

/// A register that this transaction holds, and the keys its device may sign with by now.
package struct LockedRegister: Sendable, Equatable {
  /// Numbers seen, as sorted disjoint ranges.
  package let seen: [Range<Int64>]
  /// The key in use, and those that still verify: in overlap, or of hardware that was replaced.
  package let publicKeys: [[UInt8]]
}

/// What a group of batches adds to a register.
package struct RegisterChange: Sendable, Equatable {
  package var register: RegisterKey
  /// All numbers seen, the new ones included.
  package var seen: [Range<Int64>]
  package var tapsStored: Int64
  package var duplicates: Int64
  package var quarantined: Int64
  package var receivedAt: Instant
  package var sentAt: Instant

  /// Makes a change.
  package init(
    register: RegisterKey, seen: [Range<Int64>], tapsStored: Int64, duplicates: Int64,
    quarantined: Int64, receivedAt: Instant, sentAt: Instant
  ) {
    self.register = register
    self.seen = seen
    self.tapsStored = tapsStored
    self.duplicates = duplicates
    self.quarantined = quarantined
    self.receivedAt = receivedAt
    self.sentAt = sentAt
  }
}

/// A number that came again with other content; the content is without its token.
package struct TapConflict: Sendable, Equatable {
  package var register: RegisterKey
  package var seq: Int64
  package var keptDigest: [UInt8]
  package var otherDigest: [UInt8]
  package var otherContent: String
  package var receivedAt: Instant

  /// Makes a conflict.
  package init(
    register: RegisterKey, seq: Int64, keptDigest: [UInt8], otherDigest: [UInt8],
    otherContent: String, receivedAt: Instant
  ) {
    self.register = register
    self.seq = seq
    self.keptDigest = keptDigest
    self.otherDigest = otherDigest
    self.otherContent = otherContent
    self.receivedAt = receivedAt
  }
}

/// An impossible tap; the content is without its token.
package struct QuarantinedTap: Sendable, Equatable {
  package var register: RegisterKey
  package var seq: Int64
  /// Why, in a word: `tap_in_future`.
  package var code: String
  package var message: String
  package var content: String
  package var receivedAt: Instant

  /// Makes an impossible tap.
  package init(
    register: RegisterKey, seq: Int64, code: String, message: String, content: String,
    receivedAt: Instant
  ) {
    self.register = register
    self.seq = seq
    self.code = code
    self.message = message
    self.content = content
    self.receivedAt = receivedAt
  }
}

/// A batch of the journal that shares numbers with one that came now.
package struct EarlierBatch: Sendable, Equatable {
  /// Numbers that this batch brought first.
  package let fresh: [Range<Int64>]
  package let bodyDigest: [UInt8]
  /// The signed bytes; nil when their digest is the one asked about.
  package let body: [UInt8]?
}

/// All that one transaction of Intake writes.
package struct JournalGroup: Sendable {
  package var batches: [JournalBatch] = []
  package var changes: [RegisterChange] = []
  package var conflicts: [TapConflict] = []
  package var quarantined: [QuarantinedTap] = []

  /// Makes an empty group.
  package init() {}
}
