import Basics
import Intake
import Store
import Tapping
import Testing

extension IntakeSuite {
  @Suite struct Life {
    private static let random = [UInt8](0..<24)
    private static let olha = DeviceActor("olha", reason: "as ordered")

    private static func later(_ days: Int64) -> Instant { noon.adding(seconds: days * 86_400) }

    /// The newest words of a device's life, the oldest first.
    private static func life(_ world: World) async throws -> [String] {
      try await world.store.read { try await $0.deviceLives.events(of: "V-1") }.reversed()
        .map { "\($0.event.rawValue) by \($0.by)" }
    }

    @Test func anOldKeyVerifiesUntilTheOverlapEnds() async throws {
      try await World.with { world in
        let old = try await world.validator("V-1")
        let new = try Validator("V-1", seed: "another")
        // Signed before the rotation, sent after it.
        let held = old.body([tap(1)])
        let signature = old.keys.sign(held)
        _ = try await world.desk.orderRotation("V-1", overlapDays: 7, by: Self.olha, at: noon)
        let outcome = try await world.desk.rotate(
          "V-1", publicKey: new.keys.publicKey, by: .device, at: noon)
        #expect(outcome == .done())
        let late = try await world.post(
          held, from: old, signature: signature, at: Self.later(6)
        ).answer()
        #expect(late.accepted == 1)
        #expect(try await world.post(new.body([tap(2)]), from: new).answer().accepted == 1)
        let refusal = try await world.post(
          old.body([tap(3)]), from: old, at: Self.later(7)
        ).refusal()
        #expect(refusal.code == "key_ended")
        // The same again is the answer that got lost; a key of before is not taken again.
        let again = try await world.desk.rotate(
          "V-1", publicKey: new.keys.publicKey, by: .device, at: noon)
        #expect(again == .already)
        let back = try await world.desk.rotate(
          "V-1", publicKey: old.keys.publicKey, by: .device, at: noon)
        #expect(back == .refused(.keyUsedBefore))
        #expect(
          try await Self.life(world)
            == [
              "enroll by kvytok", "activate by device", "order_rotation by olha",
              "rotate by device",
            ])
      }
    }

    @Test func replacedHardwareSendsWhatItHoldsUnderItsOwnKey() async throws {
      try await World.with { world in
        let old = try await world.validator("V-1")
        _ = try await world.send([tap(1)], epoch: 3, from: old)
        let outcome = try await world.desk.orderReplacement(
          "V-1", random: Self.random, by: Self.olha, at: noon)
        guard case .done(let secret?, _) = outcome else { throw World.NotActive() }
        // Until the new hardware comes, the old one goes on.
        #expect(try await world.send([tap(2)], epoch: 3, from: old).accepted == 1)
        let new = try Validator("V-1", seed: "new hardware")
        guard
          case .activated(let device) = await world.desk.activate(
            "V-1", secret: secret, publicKey: new.keys.publicKey, at: noon)
        else { throw World.NotActive() }
        let epoch = try #require(device.keys.first { $0.publicKey == new.keys.publicKey })
          .epochsFrom
        #expect(epoch == 3 + DeviceDesk.epochRoom)
        #expect(try await world.send([tap(1, route: "7")], epoch: epoch, from: new).accepted == 1)
        #expect(try await world.send([tap(3)], epoch: 3, from: old).accepted == 1)
        for (validator, foreign) in [(old, epoch), (new, 3)] {
          let refusal = try await world.post(
            validator.body([tap(9)], epoch: foreign), from: validator
          ).refusal()
          #expect(refusal.code == "epoch_of_other_hardware")
          #expect(refusal.pointer == "/epoch")
        }
        // The secret opened once.
        let thief = try Validator("thief").keys.publicKey
        guard
          case .refusal(let used) = await world.desk.activate(
            "V-1", secret: secret, publicKey: thief, at: noon)
        else { throw World.NotActive() }
        #expect(used.code == "secret_used")
        let ended = try await world.desk.step(.endOldKeys, "V-1", by: Self.olha, at: noon)
        #expect(ended == .done())
        let refusal = try await world.post(old.body([tap(4)]), from: old).refusal()
        #expect(refusal.code == "key_ended")
        #expect(try await world.send([tap(2, route: "7")], epoch: epoch, from: new).accepted == 1)
      }
    }

    /// Lets other hardware take the place of V-1; the first epoch it may use.
    static func replace(
      in world: World, by new: Validator, beforeActivating: () async throws -> Void = {}
    ) async throws -> Int64 {
      let random = Array(SHA256Digest.hash(new.keys.publicKey).prefix(24))
      let ordered = try await world.desk.orderReplacement("V-1", random: random, by: olha, at: noon)
      guard case .done(let secret?, _) = ordered else { throw World.NotActive() }
      try await beforeActivating()
      let outcome = await world.desk.activate(
        "V-1", secret: secret, publicKey: new.keys.publicKey, at: noon)
      guard case .activated(let device) = outcome else { throw World.NotActive() }
      return try #require(device.keys.first { $0.publicKey == new.keys.publicKey }).epochsFrom
    }

    /// It holds taps that nobody has heard of: their epochs are not given to the next one.
    @Test func hardwareThatIsReplacedBeforeItPostedKeepsItsEpochs() async throws {
      try await World.with { world in
        let first = try await world.validator("V-1")
        _ = try await world.send([tap(1)], epoch: 3, from: first)
        let second = try Validator("V-1", seed: "second")
        let third = try Validator("V-1", seed: "third")
        let epochs = [
          try await Self.replace(in: world, by: second),
          try await Self.replace(in: world, by: third),
        ]
        #expect(epochs == [3 + DeviceDesk.epochRoom, 3 + 2 * DeviceDesk.epochRoom])
        #expect(try await world.send([tap(1)], epoch: epochs[1], from: third).accepted == 1)
        #expect(try await world.send([tap(1)], epoch: epochs[0], from: second).accepted == 1)
        #expect(try await world.send([tap(2)], epoch: 3, from: first).accepted == 1)
      }
    }

    @Test func aRotationLeavesAReplacementThatWaits() async throws {
      try await World.with { world in
        let old = try await world.validator("V-1")
        let rotated = try Validator("V-1", seed: "rotated")
        let new = try Validator("V-1", seed: "new hardware")
        let epoch = try await Self.replace(in: world, by: new) {
          let outcome = try await world.desk.rotate(
            "V-1", publicKey: rotated.keys.publicKey, by: .device, at: noon)
          #expect(outcome == .done())
        }
        #expect(try await world.send([tap(1)], epoch: epoch, from: new).accepted == 1)
        // What the old hardware holds comes in under either of its keys, in its epochs only.
        for (seq, validator) in [(Int64(1), old), (2, rotated)] {
          #expect(try await world.send([tap(seq)], epoch: 3, from: validator).accepted == 1)
          let refusal = try await world.post(
            validator.body([tap(9)], epoch: epoch), from: validator
          ).refusal()
          #expect(refusal.code == "epoch_of_other_hardware")
        }
      }
    }

    @Test func aClockThatIsSetBackBringsNoEndedKeyBack() async throws {
      try await World.with { world in
        let old = try await world.validator("V-1")
        let new = try Validator("V-1", seed: "new")
        _ = try await world.desk.rotate(
          "V-1", publicKey: new.keys.publicKey, by: .device, at: noon)
        let ended = try await world.desk.step(
          .endOldKeys, "V-1", by: Self.olha, at: noon.adding(seconds: 3600))
        #expect(ended == .done())
        let refusal = try await world.post(old.body([tap(1)]), from: old).refusal()
        #expect(refusal.code == "key_ended")
        #expect(try await world.post(new.body([tap(1)]), from: new).answer().accepted == 1)
      }
    }

    @Test func aClockThatIsSetBackKeepsNoOldAnswerAlive() async throws {
      try await World.with { world in
        let other = try World(pool: world.pool)
        let later = noon.adding(seconds: 86_400)
        let validator = try Validator("V-1")
        let unknown = try await other.post(
          validator.body([tap(1)]), from: validator, at: later
        ).refusal()
        #expect(unknown.code == "device_unknown")
        _ = try await world.validator("V-1")
        let answer = try await other.post(validator.body([tap(1)]), from: validator).answer()
        #expect(answer.accepted == 1)
      }
    }

    @Test func aSuspendedDeviceStoresNothingUntilItIsResumed() async throws {
      try await World.with { world in
        let validator = try await world.validator("V-1")
        #expect(try await world.desk.step(.suspend, "V-1", by: Self.olha, at: noon) == .done())
        #expect(try await world.desk.step(.suspend, "V-1", by: Self.olha, at: noon) == .already)
        let refusal = try await world.post(validator.body([tap(1)]), from: validator).refusal()
        #expect(refusal.code == "device_suspended")
        #expect(try await world.desk.step(.resume, "V-1", by: Self.olha, at: noon) == .done())
        #expect(try await world.send([tap(1)], from: validator).accepted == 1)
        let nobody = try await world.desk.step(.suspend, "V-9", by: Self.olha, at: noon)
        #expect(nobody == .refused(.deviceUnknown))
      }
    }

    @Test func aRevokedKeyDoesNotComeBackWithTheDevice() async throws {
      try await World.with { world in
        let validator = try await world.validator("V-1")
        _ = try await world.desk.revoke("V-1", at: noon)
        let enrolled = try await world.desk.enroll(
          "V-1", vehicle: nil, random: Self.random, at: noon)
        guard case .enrolled(let secret) = enrolled else { throw World.NotActive() }
        guard
          case .refusal(let refusal) = await world.desk.activate(
            "V-1", secret: secret, publicKey: validator.keys.publicKey, at: noon)
        else { throw World.NotActive() }
        #expect(refusal.code == "key_used_before")
        let new = try Validator("V-1", seed: "new")
        guard
          case .activated = await world.desk.activate(
            "V-1", secret: secret, publicKey: new.keys.publicKey, at: noon)
        else { throw World.NotActive() }
        #expect(try await world.send([tap(1)], from: new).accepted == 1)
        let old = try await world.post(validator.body([tap(2)]), from: validator).refusal()
        #expect(old.code == "key_ended")
      }
    }

    /// Who comes after a thief may be other hardware, whose counter begins anew, or the same, which still
    /// holds taps.
    @Test func afterARevocationNumbersBeginWhereNobodyUsedAny() async throws {
      try await World.with { world in
        let stolen = try await world.validator("V-1")
        _ = try await world.send([tap(1), tap(2)], epoch: 0, from: stolen)
        let second = try Validator("V-1", seed: "second")
        let first = try await Self.comeAgain(second, in: world)
        #expect(first.epochFirst == DeviceDesk.epochRoom && first.epochsFrom == 0)
        // Other contents under numbers that are used up: as if nothing had been there.
        let other = try await world.send([tap(1, route: "22")], epoch: 10, from: second)
        #expect(other.accepted == 1 && other.conflicts.isEmpty)
        // What the same hardware never got away is taken in.
        let held = try await world.send([tap(2), tap(3)], epoch: 0, from: second)
        #expect(held.accepted == 1 && held.duplicates == 1)
        // Another key of the same hardware goes on where it is.
        let rotated = try Validator("V-1", seed: "rotated")
        _ = try await world.desk.rotate(
          "V-1", publicKey: rotated.keys.publicKey, by: Self.olha, at: noon.adding(seconds: 1))
        let file = try #require(try await world.desk.file(of: "V-1", at: noon))
        #expect(file.standing.device.keys.first?.epochFirst == DeviceDesk.epochRoom)
        let third = try await Self.comeAgain(try Validator("V-1", seed: "third"), in: world)
        #expect(third.epochFirst == 2 * DeviceDesk.epochRoom && third.epochsFrom == 0)
        // Hardware in its place has epochs of its own, and the next to come after a thief signs those alone.
        let replaced = try await world.desk.orderReplacement(
          "V-1", random: Self.random, by: Self.olha, at: noon)
        guard case .done(let secret?, _) = replaced else { throw World.NotActive() }
        let new = try Validator("V-1", seed: "new")
        guard
          case .activated = await world.desk.activate(
            "V-1", secret: secret, publicKey: new.keys.publicKey, at: noon)
        else { throw World.NotActive() }
        let last = try await Self.comeAgain(try Validator("V-1", seed: "last"), in: world)
        #expect(last.epochsFrom == 3 * DeviceDesk.epochRoom)
        #expect(last.epochFirst == 4 * DeviceDesk.epochRoom)
      }
    }

    /// A device chooses its epochs: the largest must not leave whoever comes after it without an answer.
    @Test func whereNoEpochIsLeftTheNextHardwareIsToldSo() async throws {
      try await World.with { world in
        let odd = try await world.validator("V-1")
        #expect(try await world.send([tap(1)], epoch: TapLimits.epochMax, from: odd).accepted == 1)
        _ = try await world.desk.revoke("V-1", at: noon)
        let enrolled = try await world.desk.enroll(
          "V-1", vehicle: nil, random: Self.random, at: noon)
        guard case .enrolled(let secret) = enrolled else { throw World.NotActive() }
        let next = try Validator("V-1", seed: "next")
        guard
          case .refusal(let refusal) = await world.desk.activate(
            "V-1", secret: secret, publicKey: next.keys.publicKey, at: noon)
        else { throw World.NotActive() }
        #expect(refusal.code == "epochs_used_up")
        let plain = try await world.validator("V-2")
        let largest = TapLimits.epochMax - DeviceDesk.epochRoom
        _ = try await world.send([tap(1)], epoch: largest, from: plain)
        let last = try await Self.comeAgain(try Validator("V-2", seed: "last"), in: world)
        #expect(last.epochFirst == TapLimits.epochMax)
      }
    }

    /// The key of hardware that comes with it after its device was revoked.
    private static func comeAgain(
      _ validator: Validator, in world: World
    ) async throws -> DeviceKeyRecord {
      _ = try await world.desk.revoke(validator.id, at: noon)
      let enrolled = try await world.desk.enroll(
        validator.id, vehicle: nil, random: random, at: noon)
      guard case .enrolled(let secret) = enrolled,
        case .activated(let device) = await world.desk.activate(
          validator.id, secret: secret, publicKey: validator.keys.publicKey, at: noon),
        let key = device.keys.first(where: { $0.publicKey == validator.keys.publicKey })
      else { throw World.NotActive() }
      return key
    }

    @Test(arguments: ["self", "keys", "enroll", "heartbeat"])
    func aWordOfThePathsIsNoID(_ id: String) async throws {
      #expect(!DeviceID.isGood(id))
    }

    @Test func aFileTellsAllThatIsKnown() async throws {
      try await World.with { world in
        let validator = try await world.validator("V-1")
        _ = try await world.desk.assign(
          "V-1", to: .vehicle("1603"), from: noon,
          days: { _, _ in Day(number: 0)...Day(number: 1) },
          through: PlaceGate(ridersMax: 0) { _, _, change in try await change() },
          by: Self.olha, at: noon)
        _ = try await world.send([tap(1)], from: validator)
        let file = try #require(try await world.desk.file(of: "V-1", at: noon))
        #expect(file.standing.place == .vehicle("1603"))
        #expect(file.standing.device.keys.map(\.publicKey) == [validator.keys.publicKey])
        #expect(file.events.first?.event == .assign && file.events.first?.reason == "as ordered")
        #expect(file.clock.map(\.microseconds) == [0])
        let nobody = try await world.desk.file(of: "V-9", at: noon)
        #expect(nobody?.standing == nil)
      }
    }
  }
}
