package import Basics
package import Logging
package import Store
import Synchronization
import Tapping

/// Checks that a body comes from a device that may post, by its signature over the raw bytes.
package final class DeviceGate: Sendable {
  private let directory: DeviceDirectory
  private let store: Store
  /// Gives those who are not proven yet their turns.
  package let proofs: ProofDesk
  private let brake = Mutex(NoticeBrake())
  private let log: Logger

  /// Makes a gate over the devices of a store.
  package init(
    store: Store, proofs: ProofDesk = ProofDesk(), remembering: DirectoryLimits = DirectoryLimits(),
    log: Logger
  ) {
    self.store = store
    self.proofs = proofs
    self.log = log
    directory = DeviceDirectory(store: store, limits: remembering)
  }

  /// Hears of devices that change, until the task is cancelled; without it news take a minute.
  ///
  /// Says where news may have been missed: what rests on the database beside the devices is to be forgotten as well.
  package func run(onMissed: @Sendable () -> Void = {}) async {
    for await id in store.announcements(.devices) {
      if id.isEmpty {
        directory.forgetAll()
        onMissed()
      } else {
        directory.forget(id)
      }
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
  package func admit(
    _ body: [UInt8], deviceHeader: String?, signatureHeader: String?, at moment: Instant
  ) async throws(IntakeRefusal) -> Admitted {
    let claim = try self.claim(device: deviceHeader, signature: signatureHeader)
    let device: DeviceRecord?
    switch known(claim.device, at: moment) {
    case .device(let known): device = known
    case .nobody: device = nil
    case .nothing:
      device = try await proofs.lookUp(claim.device) { () async throws(IntakeRefusal) in
        try await find(claim.device, at: moment)
      }
    }
    guard let device else { throw .deviceUnknown }
    return try await proofs.prove(claim.device) {
      Result { () throws(IntakeRefusal) in
        try self.admit(body, claim, device: device, at: moment)
      }
    }
  }

  /// The sender of what is told of now, or asks for it: hardware in whose place is other hardware is
  /// refused, of which only the taps that it holds are taken.
  package func admitInPlace(
    _ body: [UInt8], deviceHeader: String?, signatureHeader: String?, at moment: Instant
  ) async throws(IntakeRefusal) -> Admitted {
    let admitted = try await admit(
      body, deviceHeader: deviceHeader, signatureHeader: signatureHeader, at: moment)
    guard admitted.key.isInPlace else { throw DeviceGate.hardwareReplaced }
    return admitted
  }

  /// The sender of a request without a body, who signs where it goes together with the time.
  ///
  /// A time that is not of now is refused and told the time here: what was signed once opens nothing later.
  package func admitQuestion(
    _ target: String, timeHeader: String?, deviceHeader: String?, signatureHeader: String?,
    at moment: Instant
  ) async throws(IntakeRefusal) -> Admitted {
    let claim = try self.claim(device: deviceHeader, signature: signatureHeader)
    guard let text = timeHeader, !text.isEmpty else { throw .timeMissing(now: moment) }
    guard let time = Instant(iso8601: text) else { throw .timeMalformed(now: moment) }
    guard SignedQuestion.isOfNow(time, at: moment) else {
      throw .timeWrong(time, now: moment)
    }
    return try await admitInPlace(
      SignedQuestion.message(device: claim.device, time: text, target: target),
      deviceHeader: deviceHeader, signatureHeader: signatureHeader, at: moment)
  }

  /// Who a request says it is from, and the signature that is to prove it.
  struct Claim: Sendable {
    let device: String
    let signature: [UInt8]
  }

  /// Reads the headers of a signed request.
  func claim(
    device: String?, signature: String?
  ) throws(IntakeRefusal) -> Claim {
    guard let device, !device.isEmpty else {
      throw IntakeRefusal(
        .unknown, code: "device_missing", message: "the header Kvytok-Device is missing")
    }
    guard let text = signature, !text.isEmpty else {
      throw IntakeRefusal(
        .unknown, code: "signature_missing", message: "the header Kvytok-Signature is missing")
    }
    guard let bytes = Base64.decode(text, .standard), bytes.count == Ed25519.signatureByteCount
    else {
      throw IntakeRefusal(
        .unknown, code: "signature_malformed",
        message: "Kvytok-Signature is not the base64 of the 64 bytes of an Ed25519 signature")
    }
    return Claim(device: device, signature: bytes)
  }

  /// Checks a claim against what is known of the device.
  func admit(
    _ body: [UInt8], _ claim: Claim, device: DeviceRecord?, at moment: Instant
  ) throws(IntakeRefusal) -> Admitted {
    guard let device, device.publicKey != nil else { throw .deviceUnknown }
    let key = device.keysToTry.prefix(Self.keysTriedMax).first {
      Ed25519.verify(publicKey: $0.publicKey, signature: claim.signature, message: body)
    }
    guard let key else {
      if brake.withLock({ $0.lets(claim.device, at: moment) }) {
        log.notice("a signature does not match", metadata: ["device": "\(claim.device)"])
      }
      throw IntakeRefusal(
        .unknown, code: "signature_wrong",
        message: "the signature is not one of this device's key over these bytes")
    }
    // Only who holds the key learns that the device was stopped.
    guard device.state == .active else { throw DeviceGate.mayNotPost(device.state) }
    guard key.isAccepted(at: moment) else { throw DeviceGate.keyEnded(key) }
    return Admitted(device: device, signature: claim.signature, key: key)
  }

  /// What is remembered of a device, without a look into the database.
  func known(_ id: String, at moment: Instant) -> DeviceDirectory.Memory {
    DeviceID.isGood(id) ? directory.known(id, at: moment) : .nobody
  }

  static func keyEnded(_ key: DeviceKeyRecord) -> IntakeRefusal {
    IntakeRefusal(
      .forbidden, code: "key_ended",
      message: "this key ended (\(key.endReason ?? "replaced")); sign the same body again with the "
        + "device's key of now")
  }

  static let hardwareReplaced = IntakeRefusal(
    .forbidden, code: "hardware_replaced",
    message:
      "other hardware took the place of this one: post the tap batches that are still held, and "
      + "nothing else")

  static func otherEpoch(_ key: DeviceKeyRecord) -> IntakeRefusal {
    IntakeRefusal(
      .impossible, code: "epoch_of_other_hardware", pointer: "/epoch",
      message: "this key signs epochs from \(key.epochsFrom)"
        + (key.epochsBefore.map { " and below \($0)" } ?? "")
        + ": the hardware was replaced, and each has its own epochs")
  }

  /// What a device is told whose right or key changed while its post waited: that, or to try again.
  func changedMeanwhile(
    _ id: String, publicKey: [UInt8]? = nil, at moment: Instant
  ) async throws(IntakeRefusal) -> Never {
    directory.forget(id)
    let device = try await find(id, at: moment)
    let state = device?.state
    if state == .active {
      if let key = device?.keys.first(where: { $0.publicKey == publicKey }), !key.isInPlace {
        throw DeviceGate.hardwareReplaced
      }
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

  func find(_ id: String, at moment: Instant) async throws(IntakeRefusal) -> DeviceRecord? {
    guard DeviceID.isGood(id) else { return nil }
    do {
      return try await directory.find(id, at: moment)
    } catch {
      log.warning(
        "a device could not be looked up", metadata: ["device": "\(id)", "error": "\(error)"])
      throw .databaseAway
    }
  }
}

extension IntakeRefusal {
  static let deviceUnknown = IntakeRefusal(
    .unknown, code: "device_unknown",
    message: "no active device has this id; enroll it, then activate it with its secret")
}

extension IntakeRefusal {
  fileprivate static func timeMissing(now: Instant) -> IntakeRefusal {
    IntakeRefusal(
      .unknown, code: "time_missing",
      message: "the header \(SignedQuestion.timeField) is missing: sign the time together with the "
        + "target; it is \(now) here")
  }

  fileprivate static func timeMalformed(now: Instant) -> IntakeRefusal {
    IntakeRefusal(
      .unknown, code: "time_malformed",
      message:
        "\(SignedQuestion.timeField) is not a time in ISO 8601 with an offset; it is \(now) here")
  }

  fileprivate static func timeWrong(_ time: Instant, now: Instant) -> IntakeRefusal {
    IntakeRefusal(
      .unknown, code: "time_wrong",
      message:
        "\(SignedQuestion.timeField) is \(time), and it is \(now) here: sign anew with the time "
        + "of here, at most \(SignedQuestion.clockSecondsMax) s from it")
  }
}

/// Holds back notices about a device of which one was given lately: anybody can cause them.
package struct NoticeBrake: Sendable {
  /// Most devices remembered; past it all are forgotten.
  package static let devicesMax = 1000
  /// Seconds until the next notice about a device.
  package static let pauseSeconds: Int64 = 60
  private var last: [String: Instant] = [:]

  /// Makes a brake that remembers no device.
  package init() {}

  /// Whether a notice about a device is to be given now.
  package mutating func lets(_ device: String, at moment: Instant) -> Bool {
    // One from the future does not count: the clock was set back since.
    if let before = last[device], before <= moment,
      moment < before.adding(seconds: Self.pauseSeconds)
    {
      return false
    }
    if last.count >= Self.devicesMax { last = [:] }
    last[device] = moment
    return true
  }
}

extension DeviceRecord {
  /// Keys that a signature may be of: the one in use first, then those accepted for longest.
  var keysToTry: [DeviceKeyRecord] {
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
