package import Basics
package import Logging
package import Store
import Tapping

/// Checks that a body comes from a device that may post, by its signature over the raw bytes.
package final class DeviceGate: Sendable {
  private let directory: DeviceDirectory
  private let store: Store
  private let log: Logger

  /// Makes a gate over the devices of a store.
  package init(store: Store, log: Logger) {
    self.store = store
    self.log = log
    directory = DeviceDirectory(store: store)
  }

  /// Hears of devices that change, until the task is cancelled; without it news take a minute.
  package func run() async {
    for await id in store.announcements(.devices) {
      if id.isEmpty { directory.forgetAll() } else { directory.forget(id) }
    }
  }

  /// Forgets what is known of a device that was changed by this process.
  package func forget(_ id: String) { directory.forget(id) }

  /// A body whose sender is proven.
  package struct Admitted: Sendable {
    package let device: DeviceRecord
    package let signature: [UInt8]
    /// The key that the signature was checked with.
    package let key: DeviceKeyRecord
    package var publicKey: [UInt8] { key.publicKey }
  }

  /// Most keys of a device that a signature is tried with, the newest first.
  static let keysTriedMax = 8

  /// The sender of a body; who cannot be proven is refused.
  ///
  /// A signature takes a tenth of a millisecond of this thread, which is no event loop's.
  package func admit(
    _ body: [UInt8], deviceHeader: String?, signatureHeader: String?, at moment: Instant
  ) async throws(IntakeRefusal) -> Admitted {
    guard let id = deviceHeader, !id.isEmpty else {
      throw IntakeRefusal(
        .unknown, code: "device_missing", message: "the header Kvytok-Device is missing")
    }
    guard let text = signatureHeader, !text.isEmpty else {
      throw IntakeRefusal(
        .unknown, code: "signature_missing", message: "the header Kvytok-Signature is missing")
    }
    guard let signature = Base64.decode(text, .standard),
      signature.count == Ed25519.signatureByteCount
    else {
      throw IntakeRefusal(
        .unknown, code: "signature_malformed",
        message: "Kvytok-Signature is not the base64 of the 64 bytes of an Ed25519 signature")
    }
    guard let device = try await find(id, at: moment), device.publicKey != nil else {
      throw IntakeRefusal(
        .unknown, code: "device_unknown",
        message: "no active device has this id; enroll it, then activate it with its secret")
    }
    let key = device.keysToTry.prefix(Self.keysTriedMax).first {
      Ed25519.verify(publicKey: $0.publicKey, signature: signature, message: body)
    }
    guard let key else {
      log.notice("a signature does not match", metadata: ["device": "\(id)"])
      throw IntakeRefusal(
        .unknown, code: "signature_wrong",
        message: "the signature is not one of this device's key over these bytes")
    }
    // Only who holds the key learns that the device was stopped.
    guard device.state == .active else { throw DeviceGate.mayNotPost(device.state) }
    guard key.isAccepted(at: moment) else { throw DeviceGate.keyEnded(key) }
    return Admitted(device: device, signature: signature, key: key)
  }

  static func keyEnded(_ key: DeviceKeyRecord) -> IntakeRefusal {
    IntakeRefusal(
      .forbidden, code: "key_ended",
      message: "this key ended (\(key.endReason ?? "replaced")); sign the same body again with the "
        + "device's key of now")
  }

  static func otherEpoch(_ key: DeviceKeyRecord) -> IntakeRefusal {
    IntakeRefusal(
      .impossible, code: "epoch_of_other_hardware", pointer: "/epoch",
      message: "this key signs epochs from \(key.epochsFrom)"
        + (key.epochsBefore.map { " and below \($0)" } ?? "")
        + ": the hardware was replaced, and each has its own epochs")
  }

  /// What a device is told whose right or key changed while its post waited: that, or to try again.
  func changedMeanwhile(_ id: String, at moment: Instant) async throws(IntakeRefusal) -> Never {
    directory.forget(id)
    let state = try await find(id, at: moment)?.state
    if state == .active {
      throw IntakeRefusal(
        .unknown, code: "signature_wrong",
        message: "the device has another key by now; sign with that one")
    }
    throw DeviceGate.mayNotPost(state)
  }

  static func mayNotPost(_ state: DeviceState?) -> IntakeRefusal {
    switch state {
    case .suspended:
      IntakeRefusal(
        .forbidden, code: "device_suspended", message: "the device was stopped for a while")
    case .enrolled:
      IntakeRefusal(
        .forbidden, code: "device_not_active",
        message: "the device was enrolled anew; activate it with its new secret")
    case .revoked, .active, nil:
      IntakeRefusal(
        .forbidden, code: "device_revoked",
        message: "the device was revoked; enroll it again to let it post")
    }
  }

  private func find(_ id: String, at moment: Instant) async throws(IntakeRefusal) -> DeviceRecord? {
    guard id.utf8.count <= DeviceID.bytesMax else { return nil }
    do {
      return try await directory.find(id, at: moment)
    } catch {
      log.warning(
        "a device could not be looked up", metadata: ["device": "\(id)", "error": "\(error)"])
      throw .databaseAway
    }
  }
}

extension DeviceRecord {
  /// Keys that a signature may be of: the one in use first, then those accepted for longest.
  fileprivate var keysToTry: [DeviceKeyRecord] {
    keys.filter { $0.publicKey == publicKey } + keys.filter { $0.publicKey != publicKey }
  }
}

/// What an id of a device looks like.
package enum DeviceID {
  /// Most bytes of an id.
  package static let bytesMax = 64
  /// Words that stand in paths where an id could stand.
  static let reserved: Set<String> = ["self", "enroll", "heartbeat", "keys"]

  /// Whether a text may name a device: letters, digits, and `-`, `_`, `.`, `:`, so that it fits
  /// into a header and a file name.
  package static func isGood(_ text: String) -> Bool {
    (1...bytesMax).contains(text.utf8.count) && !reserved.contains(text)
      && text.utf8.allSatisfy { byte in
        switch byte {
        case 48...57, 65...90, 97...122, 0x2D, 0x2E, 0x3A, 0x5F: true
        default: false
        }
      }
  }
}
