import Basics
import Intake
import Store
import Tapping
import Testing

extension IntakeSuite {
  /// A one-time secret is a slip of paper that lies about.
  @Suite struct OneTimeSecrets {
    private static let random = [UInt8](0..<24)
    private static let olha = DeviceActor("olha", reason: "as ordered")

    private static func later(_ days: Int64) -> Instant { noon.adding(seconds: days * 86_400) }

    private static func order(_ world: World, at moment: Instant) async throws -> String {
      let ordered = try await world.desk.orderReplacement(
        "V-1", random: random.map { $0 &+ UInt8(moment.seconds / 86_400 % 256) }, by: olha,
        at: moment)
      guard case .done(let secret?, _) = ordered else { throw World.NotActive() }
      return secret
    }

    /// What comes of hardware that activates with a secret; nil when it is let in.
    private static func activate(
      _ world: World, _ secret: String, seed: String = "new hardware", at moment: Instant
    ) async throws -> String? {
      let outcome = await world.desk.activate(
        "V-1", secret: secret, publicKey: try Validator("V-1", seed: seed).keys.publicKey,
        at: moment)
      guard case .refusal(let refusal) = outcome else { return nil }
      return refusal.code
    }

    @Test func aSecretOpensForSevenDays() async throws {
      try await World.with { world in
        let enrolled = try await world.desk.enroll(
          "V-1", vehicle: nil, random: Self.random, at: noon)
        guard case .enrolled(let secret) = enrolled else { throw World.NotActive() }
        #expect(try await Self.activate(world, secret, at: Self.later(7)) == "secret_expired")
        #expect(try await Self.activate(world, secret, at: Self.later(8)) == "secret_expired")
        let last = Self.later(7).adding(seconds: -1)
        #expect(try await Self.activate(world, secret, at: last) == nil)
        // The answer that got lost is given again, whenever it is asked for.
        #expect(try await Self.activate(world, secret, at: Self.later(9)) == nil)
        #expect(
          try await Self.activate(world, secret, seed: "thief", at: Self.later(9)) == "secret_used")
      }
    }

    @Test func hardwareThatComesTooLateReplacesNothing() async throws {
      try await World.with { world in
        let old = try await world.validator("V-1")
        let secret = try await Self.order(world, at: noon)
        #expect(try await Self.activate(world, secret, at: Self.later(8)) == "secret_expired")
        #expect(try await world.send([tap(1)], from: old).accepted == 1)
        // Ordered again, it holds from then on.
        let second = try await Self.order(world, at: Self.later(8))
        #expect(try await Self.activate(world, secret, at: Self.later(9)) == "secret_wrong")
        #expect(try await Self.activate(world, second, at: Self.later(14)) == nil)
      }
    }

    @Test func aReplacementIsTakenBack() async throws {
      try await World.with { world in
        let old = try await world.validator("V-1")
        let secret = try await Self.order(world, at: noon)
        let step = { @Sendable in
          try await world.desk.step(.cancelReplacement, "V-1", by: Self.olha, at: noon)
        }
        #expect(try await step() == .done())
        #expect(try await step() == .already)
        #expect(try await Self.activate(world, secret, at: noon) == "secret_wrong")
        #expect(try await world.send([tap(1)], from: old).accepted == 1)
        let device = try await world.store.read { try await $0.devices.find("V-1") }
        #expect(device?.replacingSince == nil && device?.secretDigest == nil)
        let events = try await world.store.read { try await $0.deviceLives.events(of: "V-1") }
        #expect(events.first?.event == .cancelReplacement && events.first?.by == "olha")
        let second = try await Self.order(world, at: Self.later(1))
        #expect(try await Self.activate(world, second, at: Self.later(1)) == nil)
      }
    }
  }
}
