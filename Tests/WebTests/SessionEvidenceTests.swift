import Basics
import Clearing
import DatabaseSupport
import HTTPTypes
import Intake
import Logging
import Postgres
import Store
import Tapping
import Testing
import Transit
import Web

/// A validator with an open session, over the store of a service.
private struct OnlineValidator {
  let service: TestService
  let validator: Validator
  let intake: IntakeService
  private var session: DeviceSession

  init(_ service: TestService) async throws {
    self.service = service
    validator = try await Validator(service)
    let log = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
    let secret = try #require(SessionSecret([UInt8](repeating: 3, count: 32)))
    intake = IntakeService(
      store: service.store, gate: DeviceGate(store: service.store, log: log),
      tokenKey: service.services.tokenKey,
      sessions: SessionDesk(store: service.store, secret: secret, log: log), log: log,
      facts: { AnswerFacts(serverTime: TestService.now) })
    let exchange = try #require(ExchangeKeyPair(seed: [UInt8](repeating: 4, count: 32)))
    let proposal =
      SessionProposal(
        device: validator.id, exchangeKey: exchange.publicKey,
        nonce: [UInt8](repeating: 4, count: 16), at: TestService.now
      ).body
    let granted = try await intake.openSession(
      proposal, deviceHeader: validator.id,
      signatureHeader: Base64.encode(validator.keys.sign(proposal), .standard),
      at: TestService.now)
    let accepted = try SessionHandshake.accept(
      grant: granted.body, signature: granted.signature,
      servicePublicKey: secret.identity.publicKey, proposal: proposal, exchange: exchange)
    session = DeviceSession(keys: accepted.keys, chain: accepted.chain)
  }

  /// Posts the next request, and expects so many new taps of it.
  mutating func post(
    _ seqs: [Int64], _ format: BatchFormat = .protobuf, isCheckpoint: Bool = false,
    isNew: Bool = true
  ) async throws {
    let taps = seqs.map {
      Tap(
        seq: $0, at: TestService.now.adding(seconds: -60 + $0), kind: .single, medium: .card,
        token: [1, 2, 3], route: "15")
    }
    let body = TapBatchWire.encode(
      TapBatch(device: validator.id, epoch: 1, sentAt: TestService.now, taps: taps), format)
    let reply = await intake.accept(
      TapPost(
        body: body, format: format, device: nil, signature: nil,
        session: session.headers(
          for: body, format, signing: isCheckpoint ? validator.keys : nil),
        receivedAt: TestService.now))
    guard case .answer(let answer) = reply.outcome else {
      Issue.record("\(reply.outcome)")
      return
    }
    #expect(answer.accepted == (isNew ? taps.count : 0))
  }

  /// Six requests: checkpoints at the third, which brings nothing new, and at the fifth.
  mutating func postSix() async throws {
    try await post([1, 2], .json)
    try await post([3], BatchFormat(.json, isGzipped: true))
    try await post([3], isCheckpoint: true, isNew: false)
    try await post([4], BatchFormat(.protobuf, isGzipped: true))
    try await post([5], isCheckpoint: true)
    try await post([6])
  }

  /// The evidence of a tap, read from the file that an inspector gets.
  func evidence(_ seq: Int64) async throws -> TapEvidence {
    let file = await service.send(
      .get, "/v1/evidence?device=\(validator.id)&epoch=1&seq=\(seq)",
      token: try await service.token(.inspector))
    return try TapEvidence(json: file.body)
  }

  func audit() async throws -> LedgerAudit {
    try await LedgerAuditor(
      store: service.store, city: service.services.city.current,
      tokenKey: service.services.tokenKey
    ).run(.journal)
  }
}

extension TestService {
  fileprivate func run(_ sql: String) async throws {
    _ = try await pool.session { try await $0.script(sql) }
  }
}

@Suite(.enabled(if: LeasedDatabase.isAvailable, "skipped: no PostgreSQL"))
struct SessionEvidenceTests {
  private static func failing(_ evidence: TapEvidence) -> [String] {
    evidence.checks().filter { !$0.isGood }.map(\.name)
  }

  @Test func everyTapOfASessionHasEvidenceOnceACheckpointCame() async throws {
    try await TestService.with { service in
      var online = try await OnlineValidator(service)
      try await online.postSix()
      for seq in Int64(1)...5 {
        let evidence = try await online.evidence(seq)
        let checks = evidence.checks(
          trusting: online.validator.keys.publicKey, service: online.intake.servicePublicKey)
        #expect(checks.allSatisfy { $0.isGood }, "\(seq): \(checks)")
        #expect(evidence.tap?.seq == seq)
      }
      // A batch with a signature of its own between those of the session.
      _ = try await online.validator.post([
        Tap(
          seq: 7, at: TestService.now.adding(seconds: -5), kind: .single, medium: .card,
          token: [1, 2, 3])
      ])
      #expect(try await Self.failing(online.evidence(6)) == ["checkpoint"])
      #expect(try await Self.failing(online.evidence(7)).isEmpty)
      let waiting = try await online.audit()
      #expect(waiting.isSound, "\(waiting.findings)")
      #expect(waiting.batchesWithoutSignature == 1 && waiting.batches == 6)
      try await online.post([], isCheckpoint: true)
      #expect(try await Self.failing(online.evidence(6)).isEmpty)
      #expect(try await online.audit().batchesWithoutSignature == 0)
    }
  }

  @Test func aByteThatWasChangedInTheDatabaseIsFound() async throws {
    try await TestService.with { service in
      var online = try await OnlineValidator(service)
      try await online.postSix()
      let flip = { (column: String) in
        "\(column) = set_byte(\(column), 20, get_byte(\(column), 20) # 1)"
      }
      let changes:
        [(table: String, column: String, row: String, tap: Int64, failing: Set<String>)] = [
          ("tap_batch", "body", "request_count = 5", 5, ["digest", "content", "chain"]),
          ("tap_batch", "body_digest", "request_count = 4", 5, ["chain"]),
          // The hash of another request is worked out anew: only the audit compares it.
          ("tap_batch", "chain", "request_count = 4", 5, []),
          ("tap_batch", "chain", "request_count = 5", 5, ["chain"]),
          ("session_repeat", "body_digest", "request_count = 3", 1, ["chain"]),
          ("session_checkpoint", "signature", "request_count = 3", 1, ["checkpoint"]),
          ("session_checkpoint", "chain", "request_count = 5", 5, ["chain", "checkpoint"]),
          ("device_session", "proposal", "true", 5, ["proposal", "handshake"]),
          ("device_session", "proposal_signature", "true", 5, ["proposal"]),
          (
            "device_session", "grant_body", "true", 5,
            ["grant", "handshake", "start", "checkpoint"]
          ),
          ("device_session", "grant_signature", "true", 5, ["grant"]),
          ("device_session", "service_key", "true", 5, ["grant"]),
          (
            "device_session", "public_key", "true", 5,
            ["proposal", "validity", "start", "checkpoint"]
          ),
        ]
      for change in changes {
        let statement =
          "update \(change.table) set \(flip(change.column)) where \(change.row)"
          + (change.table == "tap_batch" ? " and session_id is not null" : "")
        try await service.run(statement)
        let failing = Set(try await Self.failing(online.evidence(change.tap)))
        #expect(
          failing.isEmpty == change.failing.isEmpty && failing.isSubset(of: change.failing),
          "\(change): \(failing)")
        #expect(try await !online.audit().isSound, "not found by the audit: \(change)")
        // The same once more puts it back.
        try await service.run(statement)
      }
      let sound = try await online.audit()
      #expect(sound.isSound, "\(sound.findings)")
      try await service.run("delete from session_repeat")
      #expect(try await !online.audit().isSound)
      #expect(try await Self.failing(online.evidence(2)) == ["chain"])
    }
  }

  @Test func aSessionOfBeforeNeedsTheServicesKeyByName() async throws {
    try await TestService.with { service in
      var online = try await OnlineValidator(service)
      try await online.postSix()
      try await service.run("update device_session set service_key = null")
      let evidence = try await online.evidence(1)
      #expect(Self.failing(evidence) == ["grant"])
      let checks = evidence.checks(service: online.intake.servicePublicKey)
      #expect(checks.allSatisfy { $0.isGood }, "\(checks)")
      #expect(try await online.audit().isSound)
    }
  }
}
