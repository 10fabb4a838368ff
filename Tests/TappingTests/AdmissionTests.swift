import Basics
import Tapping
import Testing
import Transit

/// A register with the contents behind it, as the database keeps them.
private struct Register {
  var seen = SequenceRanges()
  var contents: [Int64: [ContentHash]] = [:]
  var stored: [Tap] = []
  var quarantined: [Int64] = []
  var conflicting: [Tap] = []

  mutating func receive(
    _ batch: TapBatch, at receivedAt: Instant, limits: AdmissionLimits = AdmissionLimits()
  ) -> AdmissionOutcome {
    let known = Admission.known(in: batch, seen: seen)
    let earlier = Dictionary(uniqueKeysWithValues: known.map { ($0, contents[$0] ?? []) })
    let outcome = Admission.decide(
      batch, seen: seen, earlier: earlier, receivedAt: receivedAt, limits: limits)
    for (tap, verdict) in zip(batch.taps, outcome.verdicts) {
      switch verdict {
      case .accepted: stored.append(tap)
      case .quarantined: quarantined.append(tap.seq)
      case .conflict: conflicting.append(tap)
      case .duplicate: continue
      }
      contents[tap.seq, default: []].append(tap.contentHash)
    }
    seen = outcome.seen
    return outcome
  }
}

extension Register {
  /// What becomes of the taps of a batch that is the first one.
  fileprivate static func empty(
    _ batch: TapBatch, at moment: Instant, _ limits: AdmissionLimits
  ) -> [TapVerdict] {
    var register = Register()
    return register.receive(batch, at: moment, limits: limits).verdicts
  }
}

@Suite struct AdmissionTests {
  private let now = World.morning.adding(seconds: 30_000)

  private func tap(_ seq: Int64, route: String = "15") -> Tap {
    Tap(seq: seq, at: World.morning, kind: .single, medium: .card, token: [9], route: route)
  }

  private func batch(_ taps: [Tap]) -> TapBatch {
    TapBatch(device: "V", epoch: 1, sentAt: now, taps: taps)
  }

  @Test func theSameBatchAgainIsAllDuplicates() {
    var register = Register()
    var impossible = tap(3)
    impossible.riders = 0
    let batch = batch([tap(1), tap(2), impossible, tap(2, route: "16")])
    let first = register.receive(batch, at: now)
    #expect(first.acceptedCount == 2)
    #expect(first.conflicts == [2])
    #expect(first.rejected.map(\.code) == ["riders_out_of_range"])
    #expect(first.acknowledgement.ackThrough == 3)
    let second = register.receive(batch, at: now.adding(seconds: 7200))
    #expect(second.acceptedCount == 0)
    #expect(second.duplicateCount == 4)
    #expect(second.conflicts == [])
    #expect(second.rejected == [])
    #expect(second.seen == first.seen)
    #expect(second.acknowledgement == first.acknowledgement)
  }

  @Test func aNumberTwiceInABatchIsADuplicateOrAConflict() {
    var register = Register()
    let outcome = register.receive(
      batch([tap(5), tap(5), tap(5, route: "16"), tap(5, route: "16"), tap(5, route: "17")]),
      at: now)
    #expect(
      outcome.verdicts == [.accepted, .duplicate, .conflict, .duplicate, .conflict])
    #expect(outcome.conflicts == [5])
    #expect(outcome.acknowledgement.missing == [1...4])
  }

  @Test func aConflictKeepsBothAndOverwritesNothing() {
    var register = Register()
    _ = register.receive(batch([tap(1)]), at: now)
    let outcome = register.receive(batch([tap(1, route: "16")]), at: now)
    #expect(outcome.verdicts == [.conflict])
    #expect(register.stored == [tap(1)])
    #expect(register.conflicting == [tap(1, route: "16")])
  }

  @Test func aNumberWhoseContentIsGoneIsADuplicate() {
    let outcome = Admission.decide(
      batch([tap(1)]), seen: SequenceRanges([1..<2]), earlier: [:], receivedAt: now)
    #expect(outcome.verdicts == [.duplicate])
  }

  @Test func impossibleTapsGoIntoQuarantine() {
    var future = tap(1)
    future.at = now.adding(seconds: 601)
    var nearlyFuture = tap(2)
    nearlyFuture.at = now.adding(seconds: 600)
    var old = tap(3)
    old.at = now.adding(seconds: -400 * 86_400 - 1)
    var crowd = tap(4)
    crowd.riders = 100
    var sideways = tap(5)
    sideways.direction = 2
    var elsewhere = tap(6)
    elsewhere.coordinate = Coordinate(latitude: 91, longitude: 0)
    var longAgo = tap(7)
    longAgo.at = now.adding(seconds: -400 * 86_400)
    var register = Register()
    let outcome = register.receive(
      batch([future, nearlyFuture, old, crowd, sideways, elsewhere, longAgo]), at: now)
    #expect(
      outcome.rejected.map { "\($0.seq) \($0.code)" } == [
        "1 tap_in_future", "3 tap_too_old", "4 riders_out_of_range", "5 direction_out_of_range",
        "6 coordinate_impossible",
      ])
    #expect(register.stored == [nearlyFuture, longAgo])
    #expect(outcome.acknowledgement.ackThrough == 7)
    #expect(outcome.added == outcome.seen)
  }

  /// Where clocks without a battery begin, and one that a tariff of a city would still price.
  @Test(arguments: [
    "2000-01-01T00:00:00Z", "2000-01-01T00:07:00Z", "2010-01-01T00:07:00Z", "2020-06-01T08:00:00Z",
  ])
  func aClockThatFellBackMakesNoRide(_ text: String) throws {
    var tap = tap(1)
    tap.at = try #require(Instant(iso8601: text))
    var batch = batch([tap])
    batch.sentAt = tap.at.adding(seconds: 180)
    #expect(TapBatchOutline(batch).plainSeqs(receivedAt: now) == nil)
    var register = Register()
    #expect(register.receive(batch, at: now).rejected.map(\.code) == ["tap_too_old"])
    // A person may still say that it was so.
    let refusal = QuarantineDecision.refusesRelease(
      .held, code: "tap_too_old", riders: 1, correction: TapCorrection(at: tap.at, riders: nil),
      reason: "found in a drawer", now: now)
    #expect(refusal == nil)
    // A city that lets a day of long ago pass says so.
    var limits = AdmissionLimits()
    limits.pastSecondsMax = 36_500 * 86_400
    #expect(Register.empty(batch, at: now, limits) == [.accepted])
  }

  @Test func aTapFrom2040IsRejected() throws {
    var tap = tap(1)
    tap.at = try #require(Instant(iso8601: "2040-01-01T00:00:00Z"))
    var fromThen = batch([tap])
    fromThen.sentAt = tap.at
    for batch in [batch([tap]), fromThen] {
      var register = Register()
      #expect(register.receive(batch, at: now).rejected.map(\.code) == ["tap_in_future"])
    }
  }

  /// Cuts a stream of taps into batches with repeats, delays and conflicts, in any order.
  @Test(arguments: 1...25) func eachTapIsAcceptedOnceHoweverItComes(_ seed: UInt64) {
    var world = World(seed: seed)
    let count = Int64(world.chance.integer(in: 1...300))
    let lost = Set((1...count).filter { _ in world.chance.chance(0.03) })
    let taps = (1...count).map { world.tap(seq: $0) }
    let sent = taps.filter { !lost.contains($0.seq) }
    var pieces: [[Tap]] = []
    var rest = sent[...]
    while !rest.isEmpty {
      let piece = Array(rest.prefix(world.chance.integer(in: 1...40)))
      rest = rest.dropFirst(piece.count)
      for _ in 0..<world.chance.integer(in: 1...3) { pieces.append(piece) }
      if world.chance.chance(0.3) {
        pieces.append((0..<20).map { _ in world.pick(sent) }.shuffled(using: &world.chance))
      }
    }
    var liar = world.pick(sent)
    liar.token.append(7)
    liar.token = Array(liar.token.suffix(TapLimits.tokenBytesMax))
    liar.route = "forged"
    pieces.shuffle(using: &world.chance)
    var register = Register()
    for piece in pieces { _ = register.receive(batch(piece), at: now) }
    let lie = register.receive(batch([liar, liar]), at: now)
    #expect(lie.conflicts == [liar.seq])
    #expect(lie.verdicts == [.conflict, .duplicate])
    #expect(register.stored.sorted { $0.seq < $1.seq } == sent)
    #expect(register.conflicting == [liar])
    #expect(register.seen == SequenceRanges(sent.map { $0.seq..<$0.seq + 1 }))
    let missing = Set(lie.acknowledgement.missing.flatMap { Array($0) })
    #expect(missing == lost.filter { $0 <= lie.acknowledgement.ackThrough })
    #expect(lie.acknowledgement.ackThrough == sent.last?.seq)
  }

  @Test func aContentHashDependsOnEveryField() {
    var world = World(seed: 7)
    var base = world.tap(seq: 1)
    base.vehicle = nil
    base.coordinate = Coordinate(latitude: 1, longitude: 2)
    base.result = .denied(reason: nil)
    var variants = [base]
    func vary(_ change: (inout Tap) -> Void) {
      var other = base
      change(&other)
      variants.append(other)
    }
    vary { $0.seq += 1 }
    vary { $0.at.microseconds += 1 }
    vary { $0.kind = $0.kind == .on ? .off : .on }
    vary { $0.medium = $0.medium == .qr ? .card : .qr }
    vary { $0.token.append(0) }
    vary { $0.riders += 1 }
    vary { $0.result = .accepted }
    vary { $0.result = .denied(reason: "x") }
    vary { $0.vehicle = "x" }
    vary { $0.route = "other" }
    vary { $0.direction = 7 }
    vary { $0.trip = "other" }
    vary { $0.stop = "other" }
    vary { $0.zone = "other" }
    vary { $0.coordinate = nil }
    vary { $0.coordinate?.latitude = 2 }
    vary { $0.coordinate?.longitude = 1 }
    #expect(Set(variants.map(\.contentHash)).count == variants.count)
  }
}

@Suite struct ClockOffsetTests {
  @Test(arguments: [
    // seconds the body says it was sent before it came, and the correction
    (0, 0), (3600, 0), (8 * 365 * 86_400, 0), (-30, 0), (-449, 0), (-450, 900), (-900, 900),
    (-3600, 3600), (-3590, 3600), (-3300, 3600), (-7200, 7200), (-93_600, 93_600), (-94_100, 0),
    (-14 * 365 * 86_400, 0),
  ]) func onlyAProvenLeadIsTakenOff(_ secondsLate: Int, _ correction: Int) {
    let received = World.morning
    let offset = ClockOffset(
      sentAt: received.adding(seconds: -Int64(secondsLate)), receivedAt: received)
    #expect(offset.correctionSeconds == Int64(correction))
    #expect(offset.microseconds == Int64(secondsLate) * 1_000_000)
    #expect(offset.corrected(received) == received.adding(seconds: -Int64(correction)))
  }

  @Test func delayOnTheWayDoesNotMoveATap() {
    for lead in [0, 900, 3600, 7200] {
      let corrections = (0...440).map { delay in
        ClockOffset(
          sentAt: World.morning.adding(seconds: Int64(lead)),
          receivedAt: World.morning.adding(seconds: Int64(delay))
        ).correctionSeconds
      }
      #expect(Set(corrections) == [Int64(lead)])
    }
  }
}
