import Basics
import Clearing
import DatabaseSupport
import HTTPTypes
import Logging
import Postgres
import Store
import Tapping
import Testing
import Transit
import Web

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

  init(seed: UInt64) { chance = SeededGenerator(seed: seed) }

  /// Posts some batches of a validator, each at a moment of its own on both clocks.
  mutating func post(_ count: Int, from validator: Validator) async throws {
    var earlier: [UInt8]?
    for _ in 0..<count {
      now = now.adding(seconds: 30)
      let before = lead
      if chance.chance(0.3) {
        lead = Self.deviceLeads[chance.integer(in: 0...Self.deviceLeads.count - 1)]
      }
      let server = Self.serverLeads[chance.integer(in: 0...Self.serverLeads.count - 1)]
      let received = now.adding(seconds: server)
      validator.service.clock.set(received)
      if let body = earlier, chance.chance(0.3) {
        let answer = try await validator.post(body)
        #expect(answer.text.contains(#""accepted":0"#), "\(answer.text)")
        repeats += 1
      }
      let sent = now.adding(seconds: lead)
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
      let answer = try await validator.post(body)
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
  @Test(arguments: UInt64(1)...3)
  func whateverTheClocksDoEachTapIsKeptOnceAtItsTime(_ seed: UInt64) async throws {
    try await TestService.with { service in
      var clocks = JumpingClocks(seed: seed)
      try await clocks.post(120, from: try await Validator(service))
      #expect(clocks.repeats > 10)
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
