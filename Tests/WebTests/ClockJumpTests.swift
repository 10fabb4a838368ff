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

/// A validator's sessions: it opens another where one breaks, as the protocol says.
private struct JumpingSessions {
  /// A little more than the service's clock is ever ahead: a session ends by a jump now and then, and
  /// seldom enough for the limit of sessions in an hour.
  static let validSeconds: Int64 = 22_000

  private var session: DeviceSession?
  private(set) var openedCount = 0
  private(set) var refusals: [String: Int] = [:]

  struct NotHeard: Error { let answer: String }

  /// Posts a body until it is taken; every refusal on the way has to be one that the protocol names.
  mutating func post(_ body: [UInt8], at sent: Instant, from validator: Validator) async throws
    -> Answer
  {
    var last = ""
    for _ in 0..<3 {
      if session == nil { try await open(at: sent, by: validator) }
      guard var current = session else { throw NotHeard(answer: "no session: \(refusals)") }
      var headers = current.headers(for: body, .json)
      session = current
      var answer = try await send(headers, body, from: validator)
      if answer.problemCode == "checkpoint_due" {
        note(answer)
        headers.checkpoint = current.chain.checkpoint.signed(by: validator.keys)
        answer = try await send(headers, body, from: validator)
      }
      if answer.status == .ok { return answer }
      last = answer.text
      note(answer)
      session = nil
    }
    throw NotHeard(answer: last)
  }

  private func send(
    _ headers: SessionHeaders, _ body: [UInt8], from validator: Validator
  ) async throws -> Answer {
    var fields: [HTTPField.Name: String] = [.contentType: "application/json"]
    for (name, value) in headers.fields { fields[try #require(HTTPField.Name(name))] = value }
    return await validator.service.send(.post, "/v1/tap-batches", headers: fields, body: body)
  }

  /// Opens a session by the device's clock, and by the service's when that is too far away.
  private mutating func open(at sent: Instant, by validator: Validator) async throws {
    let service = validator.service
    for moment in [sent, service.clock.now] {
      openedCount += 1
      let seed = SHA256Digest.hash(Array("\(validator.id) \(openedCount)".utf8))
      let exchange = try #require(ExchangeKeyPair(seed: seed))
      let proposal =
        SessionProposal(
          device: validator.id, exchangeKey: exchange.publicKey, nonce: Array(seed.prefix(16)),
          at: Instant(seconds: moment.seconds), validSeconds: Self.validSeconds
        ).body
      let answer = try await propose(proposal, by: validator)
      guard answer.status == .created else {
        note(answer)
        continue
      }
      let name = try #require(HTTPField.Name("Kvytok-Signature"))
      let signature = try #require(answer.headers[name].flatMap { Base64.decode($0, .standard) })
      let accepted = try SessionHandshake.accept(
        grant: answer.body, signature: signature,
        servicePublicKey: try #require(service.services.intake.servicePublicKey),
        proposal: proposal, exchange: exchange)
      session = DeviceSession(keys: accepted.keys, chain: accepted.chain)
      return
    }
  }

  private func propose(_ proposal: [UInt8], by validator: Validator) async throws -> Answer {
    let device = try #require(HTTPField.Name("Kvytok-Device"))
    let sign = try #require(HTTPField.Name("Kvytok-Signature"))
    return await validator.service.send(
      .post, "/v1/sessions",
      headers: [
        .contentType: "text/plain", device: validator.id,
        sign: Base64.encode(validator.keys.sign(proposal), .standard),
      ], body: proposal)
  }

  private mutating func note(_ answer: Answer) {
    refusals[answer.problemCode ?? "none", default: 0] += 1
    #expect((answer.member("detail") ?? "").count > 10, "\(answer.text)")
  }
}

/// A validator whose clock is set by hand now and then, before a service whose clock is too.
///
/// What should become of each tap follows from the documents alone: the lead of `sent_at` over the
/// arrival, rounded to quarters of an hour up to 26 hours, and ten minutes of future.
private struct JumpingClocks {
  /// What the device's clock may differ by, seconds.
  static let deviceLeads: [Int64] = [
    -86_407, -7207, -893, -61, 0, 0, 397, 451, 907, 3607, 7193, 89_993, 108_007,
  ]
  /// What the service's clock may differ by, seconds.
  static let serverLeads: [Int64] = [-21_600, -3600, 0, 0, 0, 3600, 21_600]

  struct Expected: Equatable {
    let at: Instant
    let deviceAt: Instant
    let isImpossible: Bool
  }

  private var chance: SeededGenerator
  private var now = TestService.now
  private var lead: Int64 = 0
  private var nextSeq: Int64 = 1
  private(set) var expected: [Int64: Expected] = [:]
  private(set) var repeats = 0
  /// Nil when each batch has a signature of its own.
  private(set) var sessions: JumpingSessions?

  init(seed: UInt64, inSessions: Bool) {
    chance = SeededGenerator(seed: seed)
    sessions = inSessions ? JumpingSessions() : nil
  }

  private mutating func send(
    _ body: [UInt8], at sent: Instant, from validator: Validator
  ) async throws -> Answer {
    guard var sessions else { return try await validator.post(body) }
    let answer = try await sessions.post(body, at: sent, from: validator)
    self.sessions = sessions
    return answer
  }

  /// Posts some batches of a validator, each at a moment of its own on both clocks, or all with the
  /// service's clock as far ahead as is said.
  mutating func post(
    _ count: Int, from validator: Validator, serverLead: Int64? = nil
  ) async throws {
    var earlier: [UInt8]?
    for _ in 0..<count {
      now = now.adding(seconds: 30)
      let before = lead
      if chance.chance(0.3) {
        lead = Self.deviceLeads[chance.integer(in: 0...Self.deviceLeads.count - 1)]
      }
      let server =
        serverLead ?? Self.serverLeads[chance.integer(in: 0...Self.serverLeads.count - 1)]
      let received = now.adding(seconds: server)
      validator.service.clock.set(received)
      let sent = now.adding(seconds: lead)
      if let body = earlier, chance.chance(0.3) {
        let answer = try await send(body, at: sent, from: validator)
        #expect(answer.text.contains(#""accepted":0"#), "\(answer.text)")
        repeats += 1
      }
      let taps = (0..<Int64(chance.integer(in: 1...4))).map { index in
        // The clock may have been set between a tap and its post.
        let recorded = chance.chance(0.2) ? before : lead
        return Tap(
          seq: nextSeq + index, at: now.adding(seconds: recorded - 20 + index), kind: .single,
          medium: .card, token: Array("rider \(index)".utf8), route: "15")
      }
      nextSeq += Int64(taps.count)
      for tap in taps { note(tap, sent: sent, received: received) }
      let body = TapBatchJSON.encode(
        TapBatch(device: validator.id, epoch: 1, sentAt: sent, taps: taps))
      let answer = try await send(body, at: sent, from: validator)
      #expect(answer.status == .ok, "\(answer.text)")
      earlier = body
    }
    validator.service.clock.set(now)
  }

  private mutating func note(_ tap: Tap, sent: Instant, received: Instant) {
    let ahead = max(0, sent.seconds - received.seconds)
    let quarters = (ahead + 450) / 900
    let correction = quarters <= 26 * 4 ? quarters * 900 : 0
    let at = tap.at.adding(seconds: -correction)
    expected[tap.seq] = Expected(
      at: at, deviceAt: tap.at, isImpossible: at > received.adding(seconds: 600))
  }
}

@Suite(.enabled(if: LeasedDatabase.isAvailable, "skipped: no PostgreSQL"))
struct ClockJumpTests {
  @Test(arguments: UInt64(1)...3, [false, true])
  func whateverTheClocksDoEachTapIsKeptOnceAtItsTime(
    _ seed: UInt64, inSessions: Bool
  ) async throws {
    try await TestService.with { service in
      var clocks = JumpingClocks(seed: seed, inSessions: inSessions)
      let validator = try await Validator(service)
      try await clocks.post(120, from: validator)
      // Past the end of whatever session is open.
      try await clocks.post(3, from: validator, serverLead: 86_400)
      #expect(clocks.repeats > 10)
      if let sessions = clocks.sessions {
        #expect(
          Set(sessions.refusals.keys) == ["session_expired", "handshake_clock", "checkpoint_due"],
          "\(sessions.refusals)")
        #expect(sessions.openedCount > 1, "opened \(sessions.openedCount)")
      }
      let clock = service.clock
      let clearing = ClearingService(
        store: service.store, city: service.services.city, tokenKey: service.services.tokenKey,
        log: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
        now: { clock.now })
      try await clearing.drain()
      let rows = try await service.pool.session { db in
        try await db.query("select seq, tapped_at, device_at from tap").map {
          (try $0.int8(0), try $0.timestamptz(1), try $0.timestamptz(2))
        }
      }
      let held = try await service.pool.session { db in
        try await db.query("select seq from tap_quarantine").map { try $0.int8(0) }
      }
      let possible = clocks.expected.filter { !$0.value.isImpossible }
      let impossible = clocks.expected.filter(\.value.isImpossible)
      #expect(possible.count > 50 && impossible.count > 5)
      #expect(held.sorted() == impossible.keys.sorted())
      #expect(rows.map(\.0).sorted() == possible.keys.sorted())
      for (seq, at, deviceAt) in rows {
        let found = JumpingClocks.Expected(at: at, deviceAt: deviceAt, isImpossible: false)
        #expect(found == possible[seq], "tap \(seq)")
      }
      let states = try await service.store.read { db in try await db.tapStates.counts() }
      #expect(states.missing == 0 && states.journalled == Int64(clocks.expected.count))
      #expect(states.counts[.quarantined] == Int64(impossible.count))
      #expect(states.counts[.unsorted, default: 0] == 0)
    }
  }
}
