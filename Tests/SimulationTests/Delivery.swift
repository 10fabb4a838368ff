import Basics
import Intake
import Postgres
import Tapping

/// One post on its way to the services, and the answer on its way back, with a fault in between.
struct Delivery: Sendable {
  let post: SimulatedDevice.Post
  let device: SimulatedDevice
  let at: Instant
  let fault: FleetSimulation.Fault
  let bug: PlantedBug?

  /// What the device hears.
  enum Heard: Sendable {
    case answer(TapBatchAnswer)
    case refusal(String)
    /// Nothing that it could go by.
    case nothing

    var answer: TapBatchAnswer? { if case .answer(let answer) = self { answer } else { nil } }
  }

  /// Carries the post; what the device hears of it.
  func carry(
    to services: [SimulatedService], pool: PostgresPool, _ chance: inout SeededGenerator
  ) async -> Heard {
    let chosen = services[chance.integer(in: 0...services.count - 1)]
    if bug == .acknowledgesUnstored, chance.chance(0.1) { return .answer(Self.anyAnswer) }
    var body = post.body
    if bug == .changesContent, post.session == nil, chance.chance(0.1) { body = changedBody }
    switch fault {
    case .none, .serviceRestarted: return await accept(body, by: chosen)
    case .requestLost: return .nothing
    case .answerLost:
      _ = await accept(body, by: chosen)
      return .nothing
    case .connectionKilled:
      async let answer = accept(body, by: chosen)
      async let killed: Void = kill(pool)
      _ = await killed
      return await answer
    case .twoAtOnce:
      async let first = accept(body, by: services[0])
      async let second = accept(body, by: services[services.count - 1])
      let answers = await (first, second)
      return answers.0.answer == nil ? answers.1 : answers.0
    case .cancelled:
      // The connection goes away while the post waits; it may be stored all the same.
      let task = Task { await accept(body, by: chosen) }
      task.cancel()
      _ = await task.value
      return .nothing
    }
  }

  private func accept(_ body: [UInt8], by service: SimulatedService) async -> Heard {
    var sent = post
    sent.body = body
    let reply = await service.intake.accept(sent.signed(at: at))
    switch reply.outcome {
    case .answer(var answer):
      if bug == .saysNothingIsMissing { answer.missing = [] }
      return .answer(answer)
    case .refusal(let refusal): return .refusal(refusal.code)
    }
  }

  private func kill(_ pool: PostgresPool) async {
    _ = try? await pool.session {
      try await $0.script(
        """
        select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()
        """)
    }
  }

  /// The batch with one amount of riders changed.
  private var changedBody: [UInt8] {
    var taps = post.taps
    taps[taps.count - 1].riders += 10
    return TapBatchWire.encode(
      TapBatch(device: device.plan.id, epoch: post.epoch, sentAt: at, taps: taps), post.format)
  }

  private static let anyAnswer = TapBatchAnswer(
    accepted: 1, duplicates: 0, ackThrough: 1, serverTime: Instant(seconds: 0))
}
