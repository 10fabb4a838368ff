import Basics
import Tapping
import Testing
import Transit

@Suite struct DenyListFileTests {
  private static let salt = [UInt8](0..<16)

  @Test func aFingerprintIsTheHeadOfADigestThatAnyoneCanWorkOut() {
    // Python: hashlib.sha256(bytes(range(16)) + b'card\0abc').hexdigest()[:16]
    let token = Array("abc".utf8)
    let message = Self.salt + Array("card".utf8) + [0] + token
    let fingerprint = TokenFingerprint.of(kind: .card, token: token, salt: Self.salt)
    #expect(fingerprint == Array(SHA256Digest.hash(message).prefix(8)))
    #expect(hexText(fingerprint) == "959a51f9a711a8be")
    #expect(fingerprint != TokenFingerprint.of(kind: .qr, token: token, salt: Self.salt))
  }

  private static func file(_ count: Int, since: Int64? = nil, removed: Int = 0) -> DenyListFile {
    var chance = SeededGenerator(seed: UInt64(count))
    var prints = (0..<count + removed).map { _ in
      (0..<8).map { _ in UInt8(truncatingIfNeeded: chance.next()) }
    }
    let gone = prints.suffix(removed)
    prints = prints.dropLast(removed).sorted { $0.lexicographicallyPrecedes($1) }
    return DenyListFile(
      version: 18, since: since, salt: salt, added: prints.flatMap { $0 },
      removed: gone.flatMap { $0 })
  }

  @Test func theBytesAreReadBackAsTheyWereWritten() throws {
    for file in [Self.file(0), Self.file(3), Self.file(1000), Self.file(2, since: 17, removed: 1)] {
      #expect(DenyListFile(binary: file.binary) == file)
    }
    #expect(Self.file(100_000).binary.count == 800_080)
  }

  @Test func bytesDamagedOnTheWayAreNoList() {
    let bytes = Self.file(3, since: 4, removed: 2).binary
    for index in bytes.indices {
      var damaged = bytes
      damaged[index] ^= 0x10
      #expect(DenyListFile(binary: damaged) == nil, "byte \(index)")
    }
    for count in 0..<bytes.count {
      #expect(DenyListFile(binary: Array(bytes.prefix(count))) == nil)
    }
  }

  @Test func aValidatorFindsExactlyWhatIsDenied() {
    let file = Self.file(500)
    for index in 0..<500 { #expect(file.denies(Array(file.added[index * 8..<index * 8 + 8]))) }
    var chance = SeededGenerator(seed: 77)
    for _ in 0..<500 {
      #expect(!file.denies((0..<8).map { _ in UInt8(truncatingIfNeeded: chance.next()) }))
    }
  }

  @Test func theJSONHoldsTheSameBytes() throws {
    let file = Self.file(2, since: 17, removed: 1)
    var reader = JSONReader(file.json)
    var members: [String: String] = [:]
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "added", "removed", "salt", "algorithm": members[key] = try reader.string()
      default: try reader.skipValue()
      }
    }
    try reader.finish()
    #expect(members["added"].flatMap { Base64.decode($0, .standard) } == file.added)
    #expect(members["removed"].flatMap { Base64.decode($0, .standard) } == file.removed)
    #expect(members["salt"] == "AAECAwQFBgcICQoLDA0ODw==" && members["algorithm"] == "sha256-8")
  }
}

@Suite struct TapEvidenceTests {
  private static func evidence() throws -> (TapEvidence, Ed25519KeyPair) {
    let keys = try #require(Ed25519KeyPair(seed: SHA256Digest.hash([1])))
    let batch = TapBatch(
      device: "V-1", epoch: 3, sentAt: World.morning,
      taps: [Tap(seq: 7, at: World.morning, kind: .single, medium: .card, token: [1, 2, 3])])
    let body = TapBatchJSON.encode(batch)
    let evidence = TapEvidence(
      device: "V-1", epoch: 3, seq: 7, batchID: 12,
      receivedAt: World.morning.adding(seconds: 5), format: .json, body: body,
      bodyDigest: SHA256Digest.hash(body),
      proof: .ed25519(
        signature: keys.sign(body),
        key: EvidenceKey(
          publicKey: keys.publicKey, validFrom: World.morning,
          validTo: World.morning.adding(seconds: 86_400), endReason: "rotated")),
      register: SequenceRanges([1..<9]), exportedAt: World.morning.adding(seconds: 99))
    return (evidence, keys)
  }

  @Test func aFileIsReadBackAndHoldsYearsLater() throws {
    let (evidence, keys) = try Self.evidence()
    let read = try TapEvidence(json: evidence.json)
    #expect(read == evidence)
    let checks = read.checks(trusting: keys.publicKey)
    #expect(
      checks.map(\.name) == [
        "digest", "deny_list", "signature", "content", "validity", "key",
      ])
    #expect(checks.allSatisfy { $0.isGood })
    #expect(read.clock?.microseconds == 5_000_000)
    #expect(read.tap?.seq == 7)
  }

  private static func failing(_ change: (inout TapEvidence) -> Void) throws -> [String] {
    var (evidence, _) = try evidence()
    change(&evidence)
    return evidence.checks().filter { !$0.isGood }.map(\.name)
  }

  @Test func whateverIsChangedIsFound() throws {
    #expect(try Self.failing { $0.body[0] ^= 1 } == ["digest", "signature", "content"])
    #expect(try Self.failing { $0.bodyDigest[0] ^= 1 } == ["digest"])
    #expect(try Self.failing { $0.seq = 8 } == ["content"])
    #expect(try Self.failing { $0.device = "V-2" } == ["content"])
    #expect(try Self.failing { $0.epoch = 4 } == ["content"])
    let late = World.morning.adding(seconds: 86_400)
    #expect(try Self.failing { $0.receivedAt = late } == ["validity"])
    // The service's clock was set back after the key was written down.
    let early = World.morning.adding(seconds: -3600)
    #expect(try Self.failing { $0.receivedAt = early } == [])
    let other = try #require(Ed25519KeyPair(seed: SHA256Digest.hash([2])))
    let (evidence, _) = try Self.evidence()
    #expect(evidence.checks(trusting: other.publicKey).last?.isGood == false)
  }

  /// Which list the validator used is signed in the body; beside it, it is only told.
  @Test func aDenyListToldBesideTheBodyIsHeldAgainstIt() throws {
    let (first, keys) = try Self.evidence()
    var evidence = first
    for (own, told) in [(17, 18), (17, nil), (nil, 17)] as [(Int64?, Int64?)] {
      var batch = try #require(evidence.batch)
      batch.denyListVersion = own
      evidence.body = TapBatchJSON.encode(batch)
      evidence.bodyDigest = SHA256Digest.hash(evidence.body)
      guard case .ed25519(_, let key) = evidence.proof else { return }
      evidence.proof = .ed25519(signature: keys.sign(evidence.body), key: key)
      evidence.denyList = .version(own)
      let good = try TapEvidence(json: evidence.json)
      #expect(good == evidence)
      #expect(good.checks().allSatisfy { $0.isGood })
      evidence.denyList = .version(told)
      let bad = try TapEvidence(json: evidence.json).checks().filter { !$0.isGood }
      #expect(bad.map(\.name) == ["deny_list"])
    }
    // A file from before it was told says nothing that could be wrong.
    evidence.denyList = .unnamed
    let old = try TapEvidence(json: evidence.json)
    #expect(old == evidence && !old.checks().contains { $0.name == "deny_list" })
    let text = String(decoding: evidence.json, as: UTF8.self)
    #expect(!text.contains("deny_list_version\":"))
  }

  @Test(arguments: [
    "", "{}", "[]", #"{"kvytok_evidence":2}"#, #"{"kvytok_evidence":1,"device":"V-1"}"#,
    #"{"kvytok_evidence":1,"epoch":"x"}"#,
  ])
  func whatIsNoFileIsAFault(_ text: String) {
    #expect(throws: JSONFault.self) { try TapEvidence(json: Array(text.utf8)) }
  }

  @Test func aFileWithoutAnyOfItsMembersIsAFault() throws {
    let (evidence, _) = try Self.evidence()
    let text = String(decoding: evidence.json, as: UTF8.self)
    for name in [
      "device", "epoch", "seq", "batch", "received_at", "body", "body_sha256", "proof",
      "signature", "public_key", "register", "exported_at",
    ] {
      let without = text.replacing("\"\(name)\":", with: "\"x_\(name)\":")
      #expect(throws: JSONFault.self, "\(name)") { try TapEvidence(json: Array(without.utf8)) }
    }
  }
}

@Suite struct DeviceHeartbeatTests {
  @Test func whatADeviceWritesIsRead() throws {
    var beat = DeviceHeartbeat(device: "V-1", sentAt: World.morning)
    #expect(try DeviceHeartbeat(json: beat.json) == beat)
    beat.software = "4.2.1"
    beat.configuration = "c-7"
    beat.tariffVersion = "2026-11"
    beat.denyListVersion = 18
    beat.lastEpoch = 3
    beat.lastSeq = 1201
    beat.lastTapAt = World.morning.adding(seconds: -9)
    beat.batteryPercent = 81
    beat.freeBytes = 512 << 20
    beat.clockOffsetMilliseconds = -120
    #expect(try DeviceHeartbeat(json: beat.json) == beat)
  }

  @Test(arguments: [
    (#"{"sent_at":"2026-11-22T08:00:00Z"}"#, "/device"), (#"{"device":"V-1"}"#, "/sent_at"),
    (#"{"device":"V-1","sent_at":"yesterday"}"#, "/sent_at"),
    (#"{"device":1,"sent_at":"2026-11-22T08:00:00Z"}"#, "/device"),
    (#"{"device":"V","sent_at":"2026-11-22T08:00:00Z","battery_percent":101}"#, "/battery_percent"),
    (#"{"device":"V","sent_at":"2026-11-22T08:00:00Z","free_bytes":-1}"#, "/free_bytes"),
    (#"{"device":"V","sent_at":"2026-11-22T08:00:00Z","software":7}"#, "/software"),
    (#"{"device":"V","sent_at":"2026-11-22T08:00:00Z","taps":[]}"#, "/taps"),
    (#"{"device":"V","sent_at":"2026-11-22T08:00:00Z","epoch":1}"#, "/epoch"),
    (#"{"device":"V","sent_at":"2026-11-22T08:00:00Z","positions":[]}"#, "/positions"),
  ])
  func aFaultSaysWhere(_ text: String, _ pointer: String) {
    let fault = #expect(throws: JSONFault.self) {
      try DeviceHeartbeat(json: Array(text.utf8))
    }
    #expect(fault?.pointer == pointer)
  }

  @Test func whatIsNewerThanTheServiceIsSkipped() throws {
    let text = #"{"device":"V","sent_at":"2026-11-22T08:00:00Z","modem":{"dbm":-70}}"#
    #expect(try DeviceHeartbeat(json: Array(text.utf8)).device == "V")
  }
}
