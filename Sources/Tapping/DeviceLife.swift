/// Where a validator stands.
package enum DeviceState: String, Sendable, CaseIterable {
  /// Registered, waiting for its key.
  case enrolled
  /// May post.
  case active
  /// Stopped for a while by a person.
  case suspended
  /// May never post again with the keys it had.
  case revoked
}

/// What happens to a validator in its life; the raw values are the words of the list that shows it.
package enum DeviceEvent: String, Sendable, CaseIterable {
  /// A person registers it.
  case enroll
  /// It comes with its one-time secret and a key it made.
  case activate
  /// A person says in which vehicle or at which stop it is, and from when to when.
  case assign
  case suspend
  case resume
  /// A person ends its right to post, for good.
  case revoke
  /// A person asks it for another key.
  case orderRotation = "order_rotation"
  /// It gives another key, signed with the one it has.
  case rotate
  /// A person lets other hardware take its place, under the same id.
  case orderReplacement = "order_replacement"
  /// A person takes back the secret that waits for other hardware.
  case cancelReplacement = "cancel_replacement"
  /// A person ends all keys but the one in use: those of old hardware, those in overlap.
  case endOldKeys = "end_old_keys"
}

/// What is known of a key that a validator brings.
package enum DeviceKeyKnowledge: Sendable, CaseIterable {
  /// Never seen on this device.
  case fresh
  /// It signs with it now.
  case current
  /// It signed with it earlier, or still may for a while.
  case earlier
}

/// What is to be done for a step of a validator's life.
package enum DeviceAction: Sendable, Hashable, CaseIterable {
  /// Make a one-time secret and show it.
  case makeSecret
  /// The key it brings is its key from now on.
  case takeKey
  /// Keys it had go on to verify until the overlap ends.
  case overlapOldKeys
  /// Keys it had go on to verify, in the epochs of the old hardware only.
  case confineOldKeys
  case endOldKeys
  case endAllKeys
  case writeAssignment
  /// The secret that waits opens nothing any more.
  case dropSecret
}

/// Why something cannot happen to a validator now.
package enum DeviceLifeRefusal: String, Error, Sendable, CaseIterable {
  case deviceUnknown = "device_unknown"
  case deviceIsActive = "device_is_active"
  case deviceNotActive = "device_not_active"
  case deviceNotSuspended = "device_not_suspended"
  case deviceSuspended = "device_suspended"
  case deviceRevoked = "device_revoked"
  case secretUsed = "secret_used"
  case secretExpired = "secret_expired"
  case keyUsedBefore = "key_used_before"
  case epochsUsedUp = "epochs_used_up"

  /// What is wrong, and what to do.
  package var message: String {
    switch self {
    case .deviceUnknown: "There is no device of this id; enroll it."
    case .deviceIsActive:
      "The device works with a key already; revoke it before it is enrolled again, or replace its "
        + "hardware."
    case .deviceNotActive:
      "The device waits for its key: it has to come with its secret first, or is enrolled again."
    case .deviceNotSuspended: "The device was not suspended."
    case .deviceSuspended: "The device was stopped for a while; resume it first."
    case .deviceRevoked: "The device was revoked; enroll it again to let it post."
    case .secretUsed:
      "the secret was used before; enroll the device again for another one"
    case .secretExpired:
      "the secret was made too long ago; enroll the device again, or order its replacement again, for another one"
    case .keyUsedBefore:
      "this device had this key before; make a new key pair, so that no key returns from the dead"
    case .epochsUsedUp:
      "the device posted so large an epoch that none is left for other hardware; enroll it under another id"
    }
  }
}

/// The life of a validator as a state machine: events in, actions or a refusal out.
///
/// It knows nothing of secrets, times and tables; whoever runs it proves the secret first.
package struct DeviceLife: Hashable, Sendable {
  package var state: DeviceState
  /// A secret waits for hardware that takes this one's place.
  package var isReplacing: Bool
  /// It was asked for another key.
  package var owesKey: Bool

  /// Makes a standing.
  package init(_ state: DeviceState, isReplacing: Bool = false, owesKey: Bool = false) {
    self.state = state
    self.isReplacing = isReplacing
    self.owesKey = owesKey
  }

  /// What comes of an event.
  package enum Outcome: Hashable, Sendable {
    /// It stands so from now on, once the actions are done.
    case step(DeviceLife, Set<DeviceAction>)
    /// It stands so already: nothing to do, and no harm.
    case already
    case refused(DeviceLifeRefusal)
  }

  /// What comes of an event; `life` is nil when there is no such device.
  ///
  /// `key` is what is known of the key that `activate` and `rotate` bring.
  package static func decide(
    _ event: DeviceEvent, on life: DeviceLife?, key: DeviceKeyKnowledge = .fresh
  ) -> Outcome {
    guard let life else {
      return event == .enroll
        ? .step(DeviceLife(.enrolled), [.makeSecret]) : .refused(.deviceUnknown)
    }
    switch event {
    case .enroll: return life.enroll()
    case .activate: return life.activate(key)
    case .assign:
      return life.state == .revoked
        ? .refused(.deviceRevoked) : .step(life, [.writeAssignment])
    case .suspend: return life.suspend()
    case .resume: return life.resume()
    case .revoke:
      return life.state == .revoked ? .already : .step(DeviceLife(.revoked), [.endAllKeys])
    case .orderRotation: return life.orderRotation()
    case .rotate: return life.rotate(key)
    case .orderReplacement: return life.orderReplacement()
    case .cancelReplacement: return life.cancelReplacement()
    case .endOldKeys: return life.endOldKeys()
    }
  }

  private func enroll() -> Outcome {
    switch state {
    case .enrolled, .revoked: .step(DeviceLife(.enrolled), [.makeSecret])
    case .active, .suspended: .refused(.deviceIsActive)
    }
  }

  private func activate(_ key: DeviceKeyKnowledge) -> Outcome {
    switch (state, key) {
    case (.revoked, _): return .refused(.deviceRevoked)
    case (.suspended, _): return .refused(.deviceSuspended)
    // The answer got lost and the device asks again: harmless.
    case (.active, .current) where !isReplacing: return .already
    case (.active, _) where !isReplacing: return .refused(.secretUsed)
    case (_, .current), (_, .earlier): return .refused(.keyUsedBefore)
    case (.active, .fresh): return .step(DeviceLife(.active), [.takeKey, .confineOldKeys])
    case (.enrolled, .fresh): return .step(DeviceLife(.active), [.takeKey])
    }
  }

  private func suspend() -> Outcome {
    var next = self
    next.state = .suspended
    return switch state {
    case .active: .step(next, [])
    case .suspended: .already
    case .enrolled: .refused(.deviceNotActive)
    case .revoked: .refused(.deviceRevoked)
    }
  }

  private func resume() -> Outcome {
    var next = self
    next.state = .active
    return switch state {
    case .suspended: .step(next, [])
    case .active: .already
    case .enrolled: .refused(.deviceNotSuspended)
    case .revoked: .refused(.deviceRevoked)
    }
  }

  private func orderRotation() -> Outcome {
    var next = self
    next.owesKey = true
    return switch state {
    case .active, .suspended: .step(next, [])
    case .enrolled: .refused(.deviceNotActive)
    case .revoked: .refused(.deviceRevoked)
    }
  }

  private func rotate(_ key: DeviceKeyKnowledge) -> Outcome {
    var next = self
    next.owesKey = false
    return switch (state, key) {
    case (.enrolled, _): .refused(.deviceNotActive)
    case (.revoked, _): .refused(.deviceRevoked)
    case (.suspended, _): .refused(.deviceSuspended)
    case (.active, .current): .already
    case (.active, .earlier): .refused(.keyUsedBefore)
    case (.active, .fresh): .step(next, [.takeKey, .overlapOldKeys])
    }
  }

  private func orderReplacement() -> Outcome {
    var next = self
    next.isReplacing = true
    return switch state {
    case .active, .suspended: .step(next, [.makeSecret])
    case .enrolled: .refused(.deviceNotActive)
    case .revoked: .refused(.deviceRevoked)
    }
  }

  private func cancelReplacement() -> Outcome {
    var next = self
    next.isReplacing = false
    return switch state {
    case .active, .suspended: isReplacing ? .step(next, [.dropSecret]) : .already
    case .enrolled: .refused(.deviceNotActive)
    case .revoked: .refused(.deviceRevoked)
    }
  }

  private func endOldKeys() -> Outcome {
    switch state {
    case .active, .suspended: .step(self, [.endOldKeys])
    case .enrolled: .refused(.deviceNotActive)
    case .revoked: .already
    }
  }
}
