import Basics
import Intake
import Postgres
import Store
import Tapping
import Testing

extension Validator {
  /// A post of a tap whose signature is over other bytes.
  fileprivate func forged(_ seq: Int64) -> TapPost {
    let body = body([tap(seq)])
    return TapPost(
      body: body, device: id, signature: Base64.encode(keys.sign(body + [0x20]), .standard),
      receivedAt: noon)
  }
}

extension IntakeSuite {
  /// What the service remembers of devices, and of names that are nobody's.
  @Suite(.timeLimit(.minutes(60))) struct DeviceMemory {
    private static func limits(devices: Int, nobodies: Int) -> DirectoryLimits {
      var limits = DirectoryLimits()
      limits.devicesMax = devices
      limits.nobodiesMax = nobodies
      return limits
    }

    private static func code(_ post: TapPost, _ world: World) async throws -> String {
      try await world.service.accept(post).outcome.refusal().code
    }

    /// Anybody can think of more names than there are devices.
    @Test func namesThatAreNobodysPushNoDeviceOutOfMemory() async throws {
      try await World.with(remembering: Self.limits(devices: 4, nobodies: 3)) { world in
        let validator = try await world.validator("V-1")
        _ = try await world.send([tap(1)], from: validator)
        for number in 0..<20 {
          let nobody = try Validator("NOBODY-\(number)")
          #expect(try await Self.code(nobody.forged(1), world) == "device_unknown")
        }
        try await world.pool.transaction { db in
          _ = try await db.execute("lock table device in access exclusive mode")
          // A device that has to be looked up would be here as `store_unavailable`.
          #expect(try await Self.code(validator.forged(2), world) == "signature_wrong")
        }
      }
    }

    @Test func aNameThatIsNobodysCostsOneLook() async throws {
      try await World.with { world in
        let nobody = try Validator("NOBODY")
        #expect(try await Self.code(nobody.forged(1), world) == "device_unknown")
        try await world.pool.transaction { db in
          _ = try await db.execute("lock table device in access exclusive mode")
          #expect(try await Self.code(nobody.forged(2), world) == "device_unknown")
        }
      }
    }

    /// Another process enrolls it, of which this one hears nothing.
    @Test func namesThatAreNobodysAreRememberedUpToACountAndForSeconds() async throws {
      try await World.with(remembering: Self.limits(devices: 4, nobodies: 3)) { world in
        let late = try Validator("LATE")
        let desk = DeviceDesk(store: world.store, log: quiet)
        #expect(try await Self.code(late.forged(1), world) == "device_unknown")
        try await Self.enroll(late, desk)
        #expect(try await Self.code(late.forged(1), world) == "device_unknown")
        let soon = try await world.post(
          late.body([tap(1)]), from: late, at: noon.adding(seconds: 5)
        ).answer()
        #expect(soon.accepted == 1)
        let other = try Validator("OTHER")
        #expect(try await Self.code(other.forged(1), world) == "device_unknown")
        for number in 0..<3 {
          let nobody = try Validator("NOBODY-\(number)")
          #expect(try await Self.code(nobody.forged(1), world) == "device_unknown")
        }
        try await Self.enroll(other, desk)
        #expect(try await Self.code(other.forged(1), world) == "signature_wrong")
      }
    }

    private static func enroll(_ validator: Validator, _ desk: DeviceDesk) async throws {
      let enrolled = try await desk.enroll(
        validator.id, vehicle: nil, random: [UInt8](repeating: 9, count: 24), at: noon)
      guard case .enrolled(let secret) = enrolled,
        case .activated = await desk.activate(
          validator.id, secret: secret, publicKey: validator.keys.publicKey, at: noon)
      else { throw World.NotActive() }
    }
  }
}
