import Basics
import Intake
import Postgres
import Store
import Synchronization
import Tapping
import Testing

/// Hands that look at proofs one by one, when they are told to; before that, at once.
private final class Hands: Sendable {
  private let held = Mutex<(isHolding: Bool, work: [@Sendable () -> Void])>((false, []))

  func run(_ work: @escaping @Sendable () -> Void) {
    let isHeld = held.withLock { held in
      if held.isHolding { held.work.append(work) }
      return held.isHolding
    }
    if !isHeld { Task { work() } }
  }

  func hold() { held.withLock { $0.isHolding = true } }

  var heldCount: Int { held.withLock { $0.work.count } }

  /// Looks at the oldest proof; false when none is under way.
  func step() -> Bool {
    guard let work = held.withLock({ $0.work.isEmpty ? nil : $0.work.removeFirst() }) else {
      return false
    }
    work()
    return true
  }
}

/// Answers as they come.
private final class Answers: Sendable {
  private let kept = Mutex<[IntakeOutcome]>([])
  var all: [IntakeOutcome] { kept.withLock { $0 } }
  var codes: [String] { all.compactMap { try? $0.refusal().code } }
  func take(_ reply: IntakeReply) { kept.withLock { $0.append(reply.outcome) } }
}

extension Validator {
  fileprivate func post(_ taps: [Tap], isForged: Bool = false) -> TapPost {
    let body = body(taps)
    let signature = keys.sign(isForged ? body + [0x20] : body)
    return TapPost(
      body: body, device: id, signature: Base64.encode(signature, .standard), receivedAt: noon)
  }
}

extension IntakeSuite {
  /// Who cannot sign delays nobody under another name, and locks nobody out.
  ///
  /// Nothing here depends on time: proofs are looked at when the test says so.
  @Suite(.timeLimit(.minutes(60))) struct ProofTurns {
    private static func with(
      waitingMax: Int, parallelMax: Int = 1,
      _ body: @Sendable (World, Hands) async throws -> Void
    ) async throws {
      var limits = ProofLimits()
      limits.parallelMax = parallelMax
      limits.waitingMax = waitingMax
      let hands = Hands()
      try await World.with(proofs: ProofDesk(limits: limits, run: hands.run)) { world in
        try await body(world, hands)
      }
    }

    /// A validator that the service remembers.
    private static func known(_ id: String, _ world: World) async throws -> Validator {
      let validator = try await world.validator(id)
      _ = try await world.send([tap(1)], from: validator)
      return validator
    }

    @Test func aFloodOfBadSignaturesDelaysAnotherDeviceByOneProof() async throws {
      try await Self.with(waitingMax: 200) { world, hands in
        let flooded = try await Self.known("V-A", world)
        let other = try await Self.known("V-B", world)
        hands.hold()
        let forged = Answers()
        for _ in 0..<100 {
          world.service.accept(flooded.post([tap(2)], isForged: true), forged.take)
        }
        async let answer = world.service.accept(other.post([tap(2)]))
        while world.gate.proofs.waitingCount < 100 { await Task.yield() }
        // The one that was begun before it came, and its own.
        #expect(hands.step())
        #expect(hands.step())
        #expect(try await answer.outcome.answer().accepted == 1)
        #expect(forged.codes == ["signature_wrong"])
        while hands.step() {}
        #expect(forged.codes == Array(repeating: "signature_wrong", count: 100))
        #expect(try await world.number("select count(*) from tap_batch") == 3)
      }
    }

    @Test func aNameWhoseSignaturesAreBadHasNeverAllHands() async throws {
      try await Self.with(waitingMax: 200, parallelMax: 2) { world, hands in
        let flooded = try await Self.known("V-A", world)
        let other = try await Self.known("V-B", world)
        hands.hold()
        for _ in 0..<100 {
          world.service.accept(flooded.post([tap(2)], isForged: true)) { _ in }
        }
        #expect(hands.heldCount == 1)
        world.service.accept(other.post([tap(2)])) { _ in }
        #expect(hands.heldCount == 2)
        while hands.step() {}
      }
    }

    /// Each time that a proof was looked at, two more of the bad ones come.
    @Test func aFloodInADevicesNameDoesNotLockItOut() async throws {
      let waitingMax = 8
      try await Self.with(waitingMax: waitingMax) { world, hands in
        let flooded = try await Self.known("V-A", world)
        hands.hold()
        let forged = Answers()
        let isOver = Mutex(false)
        for _ in 0..<waitingMax {
          world.service.accept(flooded.post([tap(2)], isForged: true), forged.take)
        }
        world.service.accept(flooded.post([tap(2)])) { reply in
          #expect((try? reply.outcome.answer().accepted) == 1)
          isOver.withLock { $0 = true }
        }
        // Those before it, and its own.
        for _ in 0..<waitingMax + 1 {
          #expect(hands.step())
          for _ in 0..<2 {
            world.service.accept(flooded.post([tap(2)], isForged: true), forged.take)
          }
        }
        while !isOver.withLock({ $0 }) { await Task.yield() }
        #expect(Set(forged.codes) == ["signature_wrong", "too_much_to_prove"])
        while hands.step() {}
      }
    }

    @Test func pastTheRoomForProofsTheAnswerSaysWhenToComeBack() async throws {
      try await Self.with(waitingMax: 4) { world, hands in
        let flooded = try await Self.known("V-A", world)
        let other = try await Self.known("V-B", world)
        hands.hold()
        let forged = Answers()
        for _ in 0..<6 {
          world.service.accept(flooded.post([tap(2)], isForged: true), forged.take)
        }
        let refusal = try #require(forged.all.first).refusal()
        #expect(refusal.kind == .unavailable && refusal.code == "too_much_to_prove")
        #expect(refusal.retryAfterSeconds == 2)
        // Another device comes in all the same: one of the flood gives way.
        async let answer = world.service.accept(other.post([tap(2)]))
        while forged.codes.count < 2 { try await Task.sleep(for: .milliseconds(5)) }
        #expect(forged.codes == ["too_much_to_prove", "too_much_to_prove"])
        while hands.step() {}
        #expect(try await answer.outcome.answer().accepted == 1)
      }
    }

    @Test func aDeviceWithItsShareInTheQueueIsToldSoBeforeItsSignatureIsLookedAt() async throws {
      var queue = CommitLimits()
      queue.perDeviceMax = 1
      try await World.with(queue: queue) { world in
        let validator = try await Self.known("V-A", world)
        try await world.pool.transaction { db in
          _ = try await db.execute("lock table tap_batch in share mode")
          world.service.accept(validator.post([tap(2)])) { _ in }
          while world.service.heldCount < 1 {
            try await Task.sleep(for: .milliseconds(5))
          }
          let bad = await world.service.accept(validator.post([tap(3)], isForged: true))
          #expect(try bad.outcome.refusal().code == "too_many_requests")
        }
        while world.service.heldCount > 0 { try await Task.sleep(for: .milliseconds(5)) }
        let bad = await world.service.accept(validator.post([tap(3)], isForged: true))
        #expect(try bad.outcome.refusal().code == "signature_wrong")
      }
    }

    @Test func namesThatAreNobodysTakeNoTurn() async throws {
      try await Self.with(waitingMax: 4) { world, hands in
        let nobody = try Validator("V-NOBODY")
        let first = await world.service.accept(nobody.post([tap(1)]))
        #expect(try first.outcome.refusal().code == "device_unknown")
        hands.hold()
        for id in ["V-NOBODY", "no name of a device", ""] {
          var post = nobody.post([tap(1)])
          post.device = id
          let refusal = try await world.service.accept(post).outcome.refusal()
          #expect(refusal.code == (id.isEmpty ? "device_missing" : "device_unknown"))
        }
        #expect(hands.heldCount == 0)
      }
    }
  }
}
