package import Basics
package import Tapping

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

/// What proves who sent a batch.
package enum BatchProof: Sendable, Equatable {
  /// The device's signature over the body.
  case signature([UInt8])
  /// A request of a session, whose running hash the device signs from time to time.
  case session(SessionRequest)

  /// The signature of its own; nil in a session.
  package var signature: [UInt8]? {
    if case .signature(let bytes) = self { bytes } else { nil }
  }

  /// The request of a session; nil with a signature of its own.
  package var session: SessionRequest? {
    if case .session(let request) = self { request } else { nil }
  }
}

/// A request of a session, as the journal keeps it.
package struct SessionRequest: Sendable, Equatable {
  package let session: SessionID
  /// From 1, one more with each request.
  package let count: Int64
  package let mac: [UInt8]
  /// Where the session stands after it.
  package let standing: SessionStanding
  /// The device's signature over the running hash; nil when the request carried none.
  package let checkpoint: [UInt8]?

  /// Makes a request.
  package init(
    session: SessionID, count: Int64, mac: [UInt8], standing: SessionStanding,
    checkpoint: [UInt8]?
  ) {
    self.session = session
    self.count = count
    self.mac = mac
    self.standing = standing
    self.checkpoint = checkpoint
  }
}

/// Where the running hash of a session stands.
package struct SessionStanding: Sendable, Equatable {
  package let session: SessionID
  package let count: Int64
  /// The running hash.
  package let hash: [UInt8]
  /// SHA-256 of the last body.
  package let lastDigest: [UInt8]
  /// Requests that signed checkpoints cover.
  package let coveredCount: Int64
  /// When the first request came that none covers.
  package let uncoveredSince: Instant?

  /// Makes a standing.
  package init(
    session: SessionID, count: Int64, hash: [UInt8], lastDigest: [UInt8], coveredCount: Int64,
    uncoveredSince: Instant?
  ) {
    self.session = session
    self.count = count
    self.hash = hash
    self.lastDigest = lastDigest
    self.coveredCount = coveredCount
    self.uncoveredSince = uncoveredSince
  }
}

/// A request of a session that left no row in the journal, or brought a checkpoint.
package struct SessionNote: Sendable, Equatable {
  package let request: SessionRequest
  package let receivedAt: Instant

  /// Makes a note.
  package init(request: SessionRequest, receivedAt: Instant) {
    self.request = request
    self.receivedAt = receivedAt
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
  /// How to read the body: `json`, `protobuf`, with `+gzip` when it is packed.
  package var format: String
  package var proof: BatchProof
  /// SHA-256 of the body.
  package var bodyDigest: [UInt8]

  /// Makes a batch.
  package init(
    register: RegisterKey, seqs: [Range<Int64>], fresh: [Range<Int64>],
    quarantined: [Range<Int64>], receivedAt: Instant, sentAt: Instant, body: [UInt8],
    format: String = "json", proof: BatchProof, bodyDigest: [UInt8]
  ) {
    self.register = register
    self.seqs = seqs
    self.fresh = fresh
    self.quarantined = quarantined
    self.receivedAt = receivedAt
    self.sentAt = sentAt
    self.body = body
    self.format = format
    self.proof = proof
    self.bodyDigest = bodyDigest
  }
}

extension JournalBatch {
  /// Whether all its taps are new and possible.
  package var isPlain: Bool { quarantined.isEmpty && seqs == fresh }
}

/// A register that this transaction holds, and the keys its device may sign with by now.
package struct LockedRegister: Sendable, Equatable {
  /// Numbers seen, as sorted disjoint ranges.
  package let seen: [Range<Int64>]
  /// Grows with each change of the register, and of what its device may do.
  package let edition: Int64
  /// The key in use, and those that still verify: in overlap, or of hardware that was replaced.
  package let publicKeys: [[UInt8]]
  /// When the first of them ends; nil when none does.
  package let keysHoldUntil: Instant?
  /// The session of its newest request; nil when that came with a signature of its own.
  package let session: SessionStanding?
  /// How many registers its device has; no more than one past the most it may make.
  package let devicesEpochs: Int
  /// Whether its device has more registers than it may make, from before there was a bound: what may be
  /// done with them is looked up with each batch, and never kept in mind.
  package let isCrowded: Bool
}

/// What a group of batches adds to a register.
package struct RegisterChange: Sendable, Equatable {
  package var register: RegisterKey
  /// All numbers seen, the new ones included.
  package var seen: [Range<Int64>]
  package var tapsStored: Int64
  package var duplicates: Int64
  package var quarantined: Int64
  /// When the device was last heard of; nil when nothing shows that it posted this itself, and now.
  package var receivedAt: Instant?
  /// What its clock said then.
  package var sentAt: Instant?
  /// Where the session of its newest request stands afterwards; nil when there is none.
  package var session: SessionStanding?

  /// Makes a change.
  package init(
    register: RegisterKey, seen: [Range<Int64>], tapsStored: Int64, duplicates: Int64,
    quarantined: Int64, receivedAt: Instant?, sentAt: Instant?, session: SessionStanding? = nil
  ) {
    self.register = register
    self.seen = seen
    self.tapsStored = tapsStored
    self.duplicates = duplicates
    self.quarantined = quarantined
    self.receivedAt = receivedAt
    self.sentAt = sentAt
    self.session = session
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
  /// How to read the body.
  package let format: String
}

/// All that one transaction of Intake writes.
package struct JournalGroup: Sendable {
  package var batches: [JournalBatch] = []
  package var changes: [RegisterChange] = []
  package var conflicts: [TapConflict] = []
  package var quarantined: [QuarantinedTap] = []
  /// Requests that brought nothing new.
  package var repeats: [SessionNote] = []
  /// Requests that carried a checkpoint.
  package var checkpoints: [SessionNote] = []

  /// Makes an empty group.
  package init() {}
}
