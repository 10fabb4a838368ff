package import Basics
package import Tapping

/// A validator.
package struct DeviceRecord: Sendable, Equatable {
  package let id: String
  package let state: DeviceState
  /// SHA-256 of the one-time secret; nil when it has none.
  package let secretDigest: [UInt8]?
  /// The key it signs with now, 32 bytes of Ed25519; nil until the device is activated.
  package let publicKey: [UInt8]?
  package let enrolledAt: Instant
  package let activatedAt: Instant?
  package let revokedAt: Instant?
  /// Since when a secret waits for hardware that takes this one's place; nil when none does.
  package let replacingSince: Instant?
  /// Since when it is asked for another key; nil when it is not.
  package let rotationDueSince: Instant?
  /// Days that its old key goes on to verify once it gives another one; nil when not asked for.
  package let rotationOverlapDays: Int?
  /// First epoch of the hardware that is in place: what came in older ones is of hardware before it.
  package let epochsFrom: Int64
  /// Every key it ever had, the newest first.
  package var keys: [DeviceKeyRecord] = []

  /// Where it stands in its life.
  package var life: DeviceLife {
    DeviceLife(state, isReplacing: replacingSince != nil, owesKey: rotationDueSince != nil)
  }

  /// When its one-time secret was made that still waits: with its enrolment, or for other hardware.
  package var secretSince: Instant { replacingSince ?? enrolledAt }

  /// What is known of a key that it brings.
  package func knowledge(of key: [UInt8]) -> DeviceKeyKnowledge {
    if publicKey == key { return .current }
    return keys.contains { $0.publicKey == key } ? .earlier : .fresh
  }
}

/// A key of a validator, with the time and the epochs in which it verifies.
package struct DeviceKeyRecord: Sendable, Equatable {
  package let device: String
  package let publicKey: [UInt8]
  package let validFrom: Instant
  /// First moment at which it verifies nothing new; nil is for good.
  package let acceptedUntil: Instant?
  /// First epoch that it signs.
  package let epochsFrom: Int64
  /// First epoch that it does not sign: that of the hardware that took its place.
  package let epochsBefore: Int64?
  /// Epoch at which the counter of its hardware begins; above ``epochsFrom`` where a device was revoked and came
  /// again: it may be other hardware, and may be the same, which still holds taps of earlier epochs.
  package let epochFirst: Int64
  package let endReason: String?

  /// Whether it verifies what arrives at a moment; a key that a person ended does not come back with a clock
  /// that is set back.
  package func isAccepted(at moment: Instant) -> Bool {
    endReason != Self.revoked && acceptedUntil.map { moment < $0 } ?? true
  }

  /// Whether it is of the hardware that is in place: no other took that place since.
  package var isInPlace: Bool { epochsBefore == nil }

  /// The reason of an end by a person.
  static let revoked = "revoked"

  /// Whether it signs taps of an epoch.
  package func signs(epoch: Int64) -> Bool {
    epoch >= epochsFrom && (epochsBefore.map { epoch < $0 } ?? true)
  }
}

/// The register of one life of a device's counter.
package struct EpochRegister: Sendable, Equatable {
  package let device: String
  package let epoch: Int64
  /// Numbers seen, as sorted disjoint ranges.
  package let seen: [Range<Int64>]
  /// Taps in the journal, quarantined ones included.
  package let tapsStored: Int64
  package let duplicates: Int64
  package let conflicts: Int64
  package let quarantined: Int64
  package let lastReceivedAt: Instant
  package let lastSentAt: Instant
}

/// One line of a validator's life: what happened, who did it, when and why.
package struct DeviceEventRecord: Sendable, Equatable {
  package var device: String
  package var at: Instant
  package var event: DeviceEvent
  package var by: String
  package var reason: String?
  package var detail: String?

  /// Makes a line.
  package init(
    device: String, at: Instant, event: DeviceEvent, by: String, reason: String? = nil,
    detail: String? = nil
  ) {
    self.device = device
    self.at = at
    self.event = event
    self.by = by
    self.reason = reason
    self.detail = detail
  }
}
