import Basics
import Intake
import Metrics
import Store
import Tapping
import Testing

extension IntakeSuite {
  @Suite struct Heartbeats {
    private static func send(
      _ body: [UInt8], by validator: Validator, at moment: Instant, to world: World
    ) async -> String? {
      let intake = HeartbeatIntake(
        store: world.store, gate: world.gate, factory: NOOPMetricsHandler.instance, log: quiet)
      let outcome = await intake.accept(
        body: body, deviceHeader: validator.id,
        signatureHeader: Base64.encode(validator.keys.sign(body), .standard), receivedAt: moment)
      guard case .refusal(let refusal) = outcome else { return nil }
      return refusal.code
    }

    private static func kept(_ world: World) async throws -> HeartbeatRecord? {
      try await world.store.read { try await $0.deviceLives.heartbeats(of: ["V-1"]) }["V-1"]
    }

    /// Its clock fell back by an hour, or to where clocks without a battery begin; it is told the time.
    @Test(arguments: [-3600, -846_000_000, -601, 601])
    func aClockThatIsWrongIsToldAndNobodyTakesTheValidatorForDead(_ seconds: Int64) async throws {
      try await World.with { world in
        let validator = try await world.validator("V-1")
        var good = DeviceHeartbeat(device: "V-1", sentAt: noon)
        good.batteryPercent = 81
        #expect(await Self.send(good.json, by: validator, at: noon, to: world) == nil)
        for minute in 1...20 {
          let now = noon.adding(seconds: Int64(minute) * 60)
          var beat = DeviceHeartbeat(device: "V-1", sentAt: now.adding(seconds: seconds))
          beat.batteryPercent = 7
          #expect(await Self.send(beat.json, by: validator, at: now, to: world) == "time_wrong")
          // It beats anew by the time of the answer.
          beat.sentAt = now
          #expect(await Self.send(beat.json, by: validator, at: now, to: world) == nil)
          let kept = try #require(try await Self.kept(world))
          #expect(kept.receivedAt == now && kept.beat.batteryPercent == 7)
        }
      }
    }

    /// Set back by less than is refused: what comes later is newer, whatever the clocks say.
    @Test func aClockThatIsSetBackALittleSilencesNobody() async throws {
      try await World.with { world in
        let validator = try await world.validator("V-1")
        for minute in 0...30 {
          let now = noon.adding(seconds: Int64(minute) * 60)
          let beat = DeviceHeartbeat(
            device: "V-1", sentAt: now.adding(seconds: minute == 0 ? 299 : -600))
          #expect(await Self.send(beat.json, by: validator, at: now, to: world) == nil)
          let kept = try #require(try await Self.kept(world))
          #expect(now.secondsSince(kept.receivedAt) <= 300)
        }
      }
    }

    /// Whoever saw another body of a device, or an old heartbeat, could say that it lives.
    @Test func noOtherBodyThatADeviceSignedIsAHeartbeat() async throws {
      try await World.with { world in
        let validator = try await world.validator("V-1")
        for body in [
          validator.body([tap(1)]), validator.body([]),
          Array(#"{"device":"V-1","sent_at":"\#(noon)","positions":[]}"#.utf8),
          Array(#"{"device":"V-1","sent_at":"\#(noon)","public_key":"x","proof":"x"}"#.utf8),
        ] {
          #expect(await Self.send(body, by: validator, at: noon, to: world) == "malformed")
        }
        let old = DeviceHeartbeat(device: "V-1", sentAt: noon.adding(seconds: -3601)).json
        #expect(await Self.send(old, by: validator, at: noon, to: world) == "time_wrong")
        #expect(try await Self.kept(world) == nil)
      }
    }
  }
}
