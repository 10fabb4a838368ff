import Basics
import Intake
import Metrics
import Store
import Tapping
import Testing
import Tracking
import Transit

extension IntakeSuite {
  /// Other hardware is in place, and the old one is powered on again in the workshop.
  @Suite struct ReplacedHardware {
    private static func beat(
      _ validator: Validator, battery: Int, sent: Int64, in world: World
    ) async -> HeartbeatOutcome {
      var beat = DeviceHeartbeat(device: validator.id, sentAt: noon.adding(seconds: sent))
      beat.batteryPercent = battery
      beat.denyListVersion = 1
      let intake = HeartbeatIntake(
        store: world.store, gate: world.gate, factory: NOOPMetricsHandler.instance, log: quiet)
      return await intake.accept(
        body: beat.json, deviceHeader: validator.id,
        signatureHeader: Base64.encode(validator.keys.sign(beat.json), .standard),
        receivedAt: noon.adding(seconds: sent))
    }

    private static func code(_ outcome: HeartbeatOutcome) -> String? {
      guard case .refusal(let refusal) = outcome else { return nil }
      #expect(refusal.kind == .forbidden && refusal.message.contains("tap batches"))
      return refusal.code
    }

    private static func isAnswer(_ outcome: HeartbeatOutcome) -> Bool {
      guard case .answer = outcome else { return false }
      return true
    }

    /// Orders other hardware in the place of V-1: the secret for it.
    private static func order(in world: World) async throws -> String {
      let ordered = try await world.desk.orderReplacement(
        "V-1", random: [UInt8](repeating: 8, count: 24), by: .unnamed, at: noon)
      guard case .done(let secret?, _) = ordered else { throw World.NotActive() }
      return secret
    }

    private static func postPosition(
      of validator: Validator, to world: World
    ) async -> PositionOutcome {
      let position = Position(
        vehicle: "1603", at: noon, coordinate: Coordinate(latitude: 56.95, longitude: 24.11))
      let body = PositionReportJSON.encode(
        PositionReport(device: validator.id, sentAt: noon, positions: [position]))
      let intake = PositionIntake(
        store: world.store, gate: world.gate, log: quiet,
        fareDay: { CityClock(zone: .utc, fareDayStartSeconds: 4 * 3600).fareDay(of: $0) },
        now: { noon })
      return await intake.accept(
        body: body, deviceHeader: validator.id,
        signatureHeader: Base64.encode(validator.keys.sign(body), .standard), receivedAt: noon)
    }

    private static func standing(in world: World) async throws -> DeviceStanding {
      try #require(try await world.desk.list().first)
    }

    @Test func itsHeartbeatsAndPositionsAreNotThoseOfTheNewOne() async throws {
      try await World.with { world in
        try await world.run(
          "insert into deny_list_version (version, made_at, added, removed) values (1, now(), 1, 0)"
        )
        let old = try await world.validator("V-1")
        _ = try await world.send([tap(1)], epoch: 3, from: old)
        let new = try Validator("V-1", seed: "new hardware")
        let epoch = try await IntakeSuite.Life.replace(in: world, by: new)
        #expect(
          Self.code(await Self.beat(old, battery: 7, sent: 60, in: world)) == "hardware_replaced")
        guard case .refusal(let refusal) = await Self.postPosition(of: old, to: world) else {
          Issue.record("a position of the old hardware was taken")
          return
        }
        #expect(refusal.code == "hardware_replaced" && refusal.kind == .forbidden)
        #expect(try await Self.standing(in: world).heartbeat == nil)
        #expect(try await world.number("select count(*) from position") == 0)
        #expect(try await world.number("select count(*) from device_deny_list") == 0)
        // What it holds is taken, and says nothing of the one that is in place.
        let held = try await world.post(
          old.body([tap(2)]), from: old, at: noon.adding(seconds: 120)
        ).answer()
        #expect(held.accepted == 1)
        #expect(try await Self.standing(in: world).lastSeenAt == nil)
        // The new one tells of itself.
        guard case .answer = await Self.beat(new, battery: 90, sent: 30, in: world),
          case .answer = await Self.postPosition(of: new, to: world)
        else {
          Issue.record("the new hardware was refused")
          return
        }
        #expect(try await world.send([tap(1)], epoch: epoch, from: new).accepted == 1)
        let standing = try await Self.standing(in: world)
        #expect(standing.heartbeat?.beat.batteryPercent == 90)
        #expect(standing.lastSeenAt == noon.adding(seconds: 30))
        #expect(try await world.number("select count(*) from device_deny_list") == 1)
      }
    }

    /// Nobody assigned it, and it never sent a tap.
    @Test func aValidatorThatTellsOnlyPositionsIsHeardOf() async throws {
      try await World.with { world in
        let validator = try await world.validator("V-1")
        #expect(try await Self.standing(in: world).lastSeenAt == nil)
        guard case .answer = await Self.postPosition(of: validator, to: world) else {
          Issue.record("the position was refused")
          return
        }
        #expect(try await Self.standing(in: world).lastSeenAt == noon)
        let file = try await world.desk.file(of: "V-1", at: noon.adding(seconds: 90_000))
        #expect(file?.standing.lastSeenAt == noon)
      }
    }

    /// Another process has not heard of the replacement yet.
    @Test func whatIsRememberedOfADeviceLetsNoOldHardwareIn() async throws {
      try await World.with { world in
        let old = try await world.validator("V-1")
        let other = try World(pool: world.pool)
        guard case .answer = await Self.beat(old, battery: 50, sent: 0, in: other),
          case .answer = await Self.postPosition(of: old, to: other)
        else {
          Issue.record("the device was refused before it was replaced")
          return
        }
        let new = try Validator("V-1", seed: "new hardware")
        _ = try await IntakeSuite.Life.replace(in: world, by: new)
        #expect(
          Self.code(await Self.beat(old, battery: 7, sent: 10, in: other)) == "hardware_replaced")
        // Nor does what it told before stand for the one that is in place.
        let standing = try await Self.standing(in: world)
        #expect(standing.heartbeat == nil && standing.lastSeenAt == nil)
        #expect(standing.isUnheardReplacement)
        guard case .answer = await Self.beat(new, battery: 90, sent: 20, in: other) else {
          Issue.record("the new hardware was refused")
          return
        }
        let heard = try await Self.standing(in: world)
        #expect(heard.lastSeenAt == noon.adding(seconds: 20) && !heard.isUnheardReplacement)
      }
      try await World.with { world in
        let old = try await world.validator("V-1")
        let other = try World(pool: world.pool)
        _ = try await other.send([tap(1)], from: old)
        _ = try await IntakeSuite.Life.replace(
          in: world, by: try Validator("V-1", seed: "new hardware"))
        guard case .refusal(let refusal) = await Self.postPosition(of: old, to: other) else {
          Issue.record("a position of the old hardware was taken")
          return
        }
        #expect(refusal.code == "hardware_replaced")
        #expect(try await world.number("select count(*) from position") == 0)
      }
    }

    /// The replacement stands before its last word while the old hardware tells of itself.
    @Test(arguments: [false, true])
    func aHeartbeatThatWasUnderWayDoesNotStandForTheNewHardware(hasBeaten: Bool) async throws {
      try await World.with { world in
        let old = try await world.validator("V-1")
        if hasBeaten {
          let first = await Self.beat(old, battery: 50, sent: 0, in: world)
          #expect(Self.isAnswer(first))
        }
        let new = try Validator("V-1", seed: "new hardware")
        _ = try await Self.order(in: world)
        let beating = try await world.store.write { db in
          _ = try await db.devices.findForUpdate("V-1")
          try await db.devices.takeKey(
            "V-1", new.keys.publicKey, epochsFrom: 1000, epochFirst: 1000, at: noon)
          try await db.devices.confineOldKeys("V-1", epochsBefore: 1000)
          try await db.deviceLives.forgetContact(of: "V-1")
          let beating = Task { await Self.beat(old, battery: 7, sent: 10, in: world) }
          let isWaiting = try await world.isWaited()
          #expect(isWaiting)
          return beating
        }
        let outcome = await beating.value
        #expect(Self.code(outcome) == "hardware_replaced")
        let standing = try await Self.standing(in: world)
        #expect(standing.heartbeat == nil && standing.isUnheardReplacement)
      }
    }

    /// The heartbeat stands before its last word while the new hardware comes.
    @Test func aReplacementWaitsForAHeartbeatThatIsUnderWayAndForgetsIt() async throws {
      try await World.with { world in
        let old = try await world.validator("V-1")
        let new = try Validator("V-1", seed: "new hardware")
        let secret = try await Self.order(in: world)
        let (keys, activating) = try await world.store.write { db in
          try await db.devices.holdHardware(of: ["V-1"])
          let keys = try await db.devices.keysInPlace(of: ["V-1"], at: noon)
          let activating = Task {
            await world.desk.activate(
              "V-1", secret: secret, publicKey: new.keys.publicKey, at: noon)
          }
          let isWaiting = try await world.isWaited()
          #expect(isWaiting)
          try await db.deviceLives.save([
            HeartbeatRecord(beat: DeviceHeartbeat(device: "V-1", sentAt: noon), receivedAt: noon)
          ])
          return (keys, activating)
        }
        #expect(keys == ["V-1": [old.keys.publicKey]])
        guard case .activated = await activating.value else { throw World.NotActive() }
        let standing = try await Self.standing(in: world)
        #expect(standing.heartbeat == nil && standing.isUnheardReplacement)
      }
    }

    /// A step that holds a device for long, such as one that moves its taps, keeps nobody waiting.
    @Test func aHeartbeatDoesNotWaitForADeviceThatIsNotReplaced() async throws {
      try await World.with { world in
        let validator = try await world.validator("V-1")
        let first = await Self.beat(validator, battery: 50, sent: 0, in: world)
        #expect(Self.isAnswer(first))
        let second = try await world.store.write { db in
          _ = try await db.devices.findForUpdate("V-1")
          return await Self.beat(validator, battery: 40, sent: 10, in: world)
        }
        #expect(Self.isAnswer(second))
      }
    }

    @Test func aKeyInOverlapIsOfTheSameHardware() async throws {
      try await World.with { world in
        let old = try await world.validator("V-1")
        let rotated = try Validator("V-1", seed: "rotated")
        let outcome = try await world.desk.rotate(
          "V-1", publicKey: rotated.keys.publicKey, by: .device, at: noon)
        #expect(outcome == .done())
        for (validator, battery) in [(old, 50), (rotated, 60)] {
          guard
            case .answer = await Self.beat(
              validator, battery: battery, sent: Int64(battery), in: world)
          else {
            Issue.record("a key of the hardware in place was refused")
            return
          }
        }
        #expect(try await Self.standing(in: world).heartbeat?.beat.batteryPercent == 60)
      }
    }
  }
}

extension IntakeSuite {
  @Suite struct Misnumbered {
    /// One tap with the largest number there is leaves a hole of nearly all of them.
    @Test func theMissingNumbersOfADeviceAreCountedAsFarAs64BitsGo() async throws {
      try await World.with { world in
        let validator = try await world.validator("V-1")
        let largest = TapLimits.seqMax
        _ = try await world.send([tap(largest, at: noon)], epoch: 1, from: validator)
        var standing = try #require(try await world.desk.list().first)
        #expect(standing.numbersMissing == largest - 1)
        _ = try await world.send(
          [tap(1), tap(6), tap(largest, at: noon)], epoch: 2, from: validator)
        standing = try #require(try await world.desk.list().first)
        #expect(standing.numbersMissing == .max && standing.gaps.count == 3)
      }
    }
  }
}
