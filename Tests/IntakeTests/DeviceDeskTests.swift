import Basics
import Intake
import Postgres
import Store
import Tapping
import Testing

extension IntakeSuite {
  @Suite struct Desk {
    private static let random = [UInt8](0..<24)

    @Test func aSecretOpensOnce() async throws {
      try await World.with { world in
        let secret = try await enroll("V-1", world)
        let keys = try Validator("V-1").keys
        let first = await world.desk.activate(
          "V-1", secret: secret, publicKey: keys.publicKey, at: noon)
        #expect(try first.device().state == .active)
        // The answer got lost and the device asks again: harmless.
        let again = await world.desk.activate(
          "V-1", secret: secret, publicKey: keys.publicKey, at: noon)
        #expect(try again.device().publicKey == keys.publicKey)
        let thief = try Validator("thief").keys
        let refusal = try await world.desk.activate(
          "V-1", secret: secret, publicKey: thief.publicKey, at: noon
        ).refusal()
        #expect(refusal.kind == .forbidden)
        #expect(refusal.code == "secret_used")
        let device = try await world.store.read { try await $0.devices.find("V-1") }
        #expect(device?.publicKey == keys.publicKey)
      }
    }

    @Test func aWrongSecretAndABadKeyAreRefused() async throws {
      try await World.with { world in
        let secret = try await enroll("V-1", world)
        let key = try Validator("V-1").keys.publicKey
        let wrong = try await world.desk.activate(
          "V-1", secret: secret + "x", publicKey: key, at: noon
        ).refusal()
        #expect(wrong.kind == .unknown)
        #expect(wrong.code == "secret_wrong")
        let nobody = try await world.desk.activate(
          "V-2", secret: secret, publicKey: key, at: noon
        ).refusal()
        #expect(nobody == wrong)
        let short = try await world.desk.activate(
          "V-1", secret: secret, publicKey: [1, 2, 3], at: noon
        ).refusal()
        #expect(short.kind == .malformed)
        #expect(short.pointer == "/public_key")
      }
    }

    /// Whoever knows an id can try secrets: the device waits for none of that, and that for no device.
    @Test func aWrongSecretLocksNoDevice() async throws {
      try await World.with { world in
        let secret = try await enroll("V-1", world)
        let key = try Validator("V-1").keys.publicKey
        try await world.pool.transaction { db in
          _ = try await db.execute("select from device where device_id = 'V-1' for update")
          let wrong = await world.desk.activate(
            "V-1", secret: secret + "x", publicKey: key, at: noon)
          // One that asked for the lock would be here as `store_unavailable`, when its time is over.
          #expect(try wrong.refusal().code == "secret_wrong")
        }
        let right = await world.desk.activate("V-1", secret: secret, publicKey: key, at: noon)
        #expect(try right.device().state == .active)
      }
    }

    @Test func onlyTheDigestOfASecretIsStored() async throws {
      try await World.with { world in
        let secret = try await enroll("V-1", world)
        let rows = try await world.texts("select row_to_json(d)::text from device d")
        #expect(!rows.joined().contains(secret))
        let digest = try await world.store.read { try await $0.devices.find("V-1")?.secretDigest }
        #expect(digest == SHA256Digest.hash(Array(secret.utf8)))
      }
    }

    @Test func aDeviceAtWorkIsNotEnrolledAgainUntilItIsRevoked() async throws {
      try await World.with { world in
        let validator = try await world.validator("V-1")
        let refused = try await world.desk.enroll(
          "V-1", vehicle: nil, random: Self.random, at: noon)
        #expect(refused == .isActive)
        _ = try await world.desk.revoke("V-1", at: noon)
        _ = try await enroll("V-1", world)
        let refusal = try await world.post(validator.body([tap(1)]), from: validator).refusal()
        #expect(refusal.code == "device_unknown")
      }
    }

    @Test func aBadIDIsRefused() async throws {
      try await World.with { world in
        for id in ["", "a b", "V/1", "ключ", String(repeating: "x", count: 65)] {
          let outcome = try await world.desk.enroll(
            id, vehicle: nil, random: Self.random, at: noon)
          #expect(outcome == .badID, "\(id)")
        }
      }
    }

    @Test func theListTellsGapsConflictsAndWhenADeviceWasHeard() async throws {
      try await World.with { world in
        let validator = try await world.validator("V-1")
        _ = try await world.validator("V-2")
        _ = try await world.send([tap(1), tap(2), tap(6)], from: validator)
        _ = try await world.send([tap(2, route: "22")], from: validator)
        let list = try await world.desk.list()
        #expect(list.map(\.device.id) == ["V-1", "V-2"])
        #expect(list[0].tapsStored == 3)
        #expect(list[0].conflicts == 1)
        #expect(list[0].lastSeenAt == noon)
        #expect(list[1].lastSeenAt == nil)
        let gap = DeviceGap(device: "V-1", epoch: 3, seqs: 3...5)
        #expect(list[0].gaps == [gap])
        #expect(try await world.desk.gaps() == [gap])
      }
    }

    private func enroll(_ id: String, _ world: World) async throws -> String {
      let outcome = try await world.desk.enroll(id, vehicle: "7", random: Self.random, at: noon)
      guard case .enrolled(let secret) = outcome else { throw World.NotActive() }
      return secret
    }
  }
}

extension ActivationOutcome {
  fileprivate func device() throws -> DeviceRecord {
    switch self {
    case .activated(let device): return device
    case .refusal(let refusal): throw IntakeOutcome.Refused(refusal: refusal)
    }
  }

  fileprivate func refusal() throws -> IntakeRefusal {
    switch self {
    case .activated: throw World.NotActive()
    case .refusal(let refusal): return refusal
    }
  }
}
