import Basics
import Foundation
import Programs
import Tapping
import Testing
import Transit

/// The vectors that docs/validator-protocol.md promises to firmware engineers.
private struct Vectors {
  let lines: [String]
  private let values: [String: String]

  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
  static let script = root.appendingPathComponent("Tests/Support/Vectors/vectors.py")
  /// A Python with the package `cryptography`; `make test` makes one.
  static let python = ProcessInfo.processInfo.environment["KVYTOK_PYTHON"].flatMap { path in
    FileManager.default.isExecutableFile(atPath: path) ? URL(fileURLWithPath: path) : nil
  }

  init() throws {
    let page = try String(
      contentsOf: Self.root.appendingPathComponent("docs/validator-protocol.md"), encoding: .utf8)
    let block = try #require(
      page.split(separator: "```vectors\n").last?.split(separator: "```").first)
    lines = block.split(separator: "\n").map(String.init)
    values = Dictionary(
      uniqueKeysWithValues: try lines.map { line in
        let colon = try #require(line.firstRange(of: ": "))
        return (String(line[..<colon.lowerBound]), String(line[colon.upperBound...]))
      })
  }

  func text(_ name: String) throws -> String { try #require(values[name], "no \(name)") }

  func bytes(_ name: String) throws -> [UInt8] {
    let digits = Array(try text(name).utf8)
    return try stride(from: 0, to: digits.count, by: 2).map { index in
      try #require(hexValue(digits[index])) << 4 | #require(hexValue(digits[index + 1]))
    }
  }
}

@Suite struct ProtocolVectorTests {
  private let vectors: Vectors
  private let device: Ed25519KeyPair
  private let service: Ed25519KeyPair

  init() throws {
    vectors = try Vectors()
    device = try #require(Ed25519KeyPair(seed: try vectors.bytes("device_seed")))
    service = try #require(Ed25519KeyPair(seed: try vectors.bytes("service_seed")))
  }

  @Test func keysFollowFromTheirSeeds() throws {
    #expect(try device.publicKey == vectors.bytes("device_public_key"))
    #expect(try service.publicKey == vectors.bytes("service_public_key"))
    for side in ["device", "service"] {
      let pair = ExchangeKeyPair(seed: try vectors.bytes("\(side)_exchange_seed"))
      #expect(try pair?.publicKey == vectors.bytes("\(side)_exchange_key"))
    }
  }

  @Test func theBodiesSayTheSameAndAreSigned() throws {
    let json = Array(try vectors.text("json_body").utf8)
    let protobuf = try vectors.bytes("protobuf_body")
    let packed = try vectors.bytes("protobuf_gzip_body")
    let batch = try TapBatchWire.decode(json, .json)
    #expect(batch.taps.count == 1)
    #expect(try TapBatchWire.decode(protobuf, .protobuf) == batch)
    #expect(try TapBatchWire.decode(packed, BatchFormat(.protobuf, isGzipped: true)) == batch)
    #expect(TapBatchWire.encode(batch, .json) == json)
    #expect(TapBatchWire.encode(batch, .protobuf) == protobuf)
    for (name, body) in [("json", json), ("protobuf", protobuf), ("protobuf_gzip", packed)] {
      let signature = try vectors.bytes("\(name)_signature")
      #expect(device.sign(body) == signature)
      #expect(
        Ed25519.verify(publicKey: device.publicKey, signature: signature, message: body))
    }
  }

  @Test func aRequestWithoutABodySignsWhereItGoesAndWhen() throws {
    let message = SignedQuestion.message(
      device: "V-0042", time: try vectors.text("get_time"), target: try vectors.text("get_target"))
    #expect(try message == vectors.bytes("get_message"))
    let signature = try vectors.bytes("get_signature")
    #expect(device.sign(message) == signature)
    #expect(Ed25519.verify(publicKey: device.publicKey, signature: signature, message: message))
    let time = try #require(Instant(iso8601: try vectors.text("get_time")))
    for (seconds, isOfNow) in [(-601, false), (-600, true), (0, true), (600, true), (601, false)] {
      let moment = time.adding(seconds: Int64(seconds))
      #expect(SignedQuestion.isOfNow(time, at: moment) == isOfNow, "\(seconds)")
    }
  }

  /// The new key signs the proof, the old one the body that carries it.
  @Test func anotherKeyIsProvenByItselfAndPostedByTheOldOne() throws {
    let other = try #require(Ed25519KeyPair(seed: try vectors.bytes("new_device_seed")))
    #expect(try other.publicKey == vectors.bytes("new_device_public_key"))
    let message = KeyRotationProof.message(device: "V-0042", publicKey: other.publicKey)
    #expect(try message == vectors.bytes("rotation_proof_message"))
    let proof = try vectors.bytes("rotation_proof")
    #expect(other.sign(message) == proof)
    #expect(Ed25519.verify(publicKey: other.publicKey, signature: proof, message: message))
    let key = Base64.encode(other.publicKey, .standard)
    let code = Base64.encode(proof, .standard)
    let body = try vectors.text("rotation_body")
    #expect(body == #"{"device":"V-0042","public_key":"\#(key)","proof":"\#(code)"}"#)
    #expect(try device.sign(Array(body.utf8)) == vectors.bytes("rotation_signature"))
  }

  @Test func theDenyListIsReadAndItsDifferenceLeadsOn() throws {
    let salt = try vectors.bytes("deny_list_salt")
    let media: [(name: String, kind: MediumKind, token: [UInt8], inWhole: Bool, inNew: Bool)] = [
      ("card", .card, Array("abc".utf8), true, false),
      ("bank", .bank, [0xFF, 0xEF], true, false),
      ("qr", .qr, [0, 1, 2, 3, 4], true, false),
      ("phone", .phone, Array("abc".utf8), false, true),
    ]
    let whole = try #require(DenyListFile(binary: try vectors.bytes("deny_list_whole")))
    let difference = try #require(DenyListFile(binary: try vectors.bytes("deny_list_difference")))
    for medium in media {
      let print = TokenFingerprint.of(kind: medium.kind, token: medium.token, salt: salt)
      #expect(try print == vectors.bytes("deny_list_\(medium.name)_fingerprint"))
      #expect(whole.denies(print) == medium.inWhole, "\(medium.name)")
      #expect(difference.denies(print) == medium.inNew, "\(medium.name)")
    }
    #expect(whole.version == 17 && whole.since == nil && whole.addedCount == 3)
    #expect(whole.removed.isEmpty && whole.salt == salt && difference.salt == salt)
    #expect(difference.version == 18 && difference.since == 17)
    #expect(try difference.removed == vectors.bytes("deny_list_bank_fingerprint"))
    for (name, file) in [("whole", whole), ("difference", difference)] {
      #expect(try file.binary == vectors.bytes("deny_list_\(name)"))
      let tag = "\"\(file.version)-\(file.since ?? 0)-bin\""
      #expect(try tag == vectors.text("deny_list_\(name)_etag"))
    }
  }

  @Test func theSessionIsOpenedAndCarriesItsRequests() throws {
    let proposal = try vectors.bytes("proposal_body")
    let asked = try SessionProposal(body: proposal)
    #expect(asked.nonce == Array(128..<144))
    let opened = try SessionHandshake.open(
      proposal: proposal, signature: try vectors.bytes("proposal_signature"),
      devicePublicKey: device.publicKey, identity: service,
      exchangeSeed: try vectors.bytes("service_exchange_seed"), session: SessionWorld.session,
      now: asked.at.adding(seconds: 1))
    #expect(try opened.body == vectors.bytes("grant_body"))
    #expect(try opened.signature == vectors.bytes("grant_signature"))
    #expect(try opened.keys.secret == vectors.bytes("root_secret"))
    #expect(try opened.chain.hash == vectors.bytes("chain_0"))
    for (name, purpose) in [("request_key", "requests"), ("answer_key", "answers")] {
      let key = HKDFSHA256.expand(
        key: opened.keys.secret, purpose: Array("kvytok-session 1 \(purpose)".utf8), byteCount: 32)
      #expect(try key == vectors.bytes(name))
    }

    var chain = opened.chain
    for number in 1...2 {
      let headers = SessionHeaders(
        session: SessionWorld.session, count: Int64(number),
        chain: try vectors.bytes("request_\(number)_chain"),
        mac: try vectors.bytes("request_\(number)_mac"),
        checkpoint: number == 2 ? try vectors.bytes("checkpoint_signature") : nil)
      let post = SessionPost(
        headers: headers, format: .protobuf, body: try vectors.bytes("request_\(number)_body"))
      let step = chain.receive(
        post, keys: opened.keys, devicePublicKey: device.publicKey, now: asked.at)
      guard case .next(let next) = step else {
        Issue.record("request \(number): \(step)")
        return
      }
      chain = next
    }
    #expect(chain.coveredCount == 2)
    #expect(try chain.checkpoint.message == vectors.bytes("checkpoint_message"))
    let answer = try vectors.bytes("answer_body")
    #expect(
      try opened.keys.answerCode(
        session: SessionWorld.session, count: 2, status: 200, body: answer)
        == vectors.bytes("answer_mac"))
    #expect(try TapBatchAnswer.decode(answer, .protobuf).ackThrough == 1202)
  }

  /// The device's side makes the same bytes.
  @Test func theDeviceMakesTheSameRequests() throws {
    var world = try SessionWorld()
    for number in 1...2 {
      let body = try vectors.bytes("request_\(number)_body")
      let headers = world.sender.headers(
        for: body, .protobuf, signing: number == 2 ? world.device : nil)
      #expect(try headers.chain == vectors.bytes("request_\(number)_chain"))
      #expect(try headers.mac == vectors.bytes("request_\(number)_mac"))
      #expect(
        try headers.checkpoint
          == (number == 2 ? vectors.bytes("checkpoint_signature") : nil))
    }
  }

  @Test func theEvidenceOfATapHoldsAndNoByteOfItMayBeAnother() throws {
    let evidence = try TapEvidence(json: Array(try vectors.text("evidence_file").utf8))
    let checks = evidence.checks(trusting: device.publicKey, service: service.publicKey)
    #expect(checks.allSatisfy { $0.isGood }, "\(checks)")
    #expect(
      checks.map(\.name) == [
        "digest", "deny_list", "content", "proposal", "grant", "handshake", "chain", "checkpoint",
        "validity", "key", "service_key",
      ])
    #expect(evidence.tap?.seq == 1201)
    guard case .session(let session) = evidence.proof else {
      Issue.record("another kind of proof")
      return
    }
    for index in session.handshake.grant.indices {
      var changed = session
      changed.handshake.grant[index] ^= 1
      var other = evidence
      other.proof = .session(changed)
      #expect(other.checks().contains { !$0.isGood }, "byte \(index) of the grant")
    }
    for index in evidence.body.indices {
      var other = evidence
      other.body[index] ^= 1
      #expect(other.checks().contains { !$0.isGood }, "byte \(index) of the body")
    }
  }

  @Test(.enabled(if: Vectors.python != nil, "`make test` installs cryptography for Python"))
  func otherHandsFindTheSame() async throws {
    let made = try await RunningProgram.run(
      try #require(Vectors.python), [Vectors.script.path])
    #expect(made.exitCode == 0, "\(made.errors)")
    #expect(made.output.split(separator: "\n").map(String.init) == vectors.lines)
  }
}
