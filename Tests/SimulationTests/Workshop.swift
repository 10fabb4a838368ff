import Basics
import Intake
import Postgres
import Store
import Tapping

/// Where the hardware of a fleet is swapped: a secret for the new one, its first key and epochs, and what
/// becomes of the old one.
struct Workshop: Sendable {
  struct NotReplaced: Error { let device: String, outcome: String }

  /// Most tries while connections are cut.
  private static let triesMax = 20
  private static let fitter = DeviceActor("fitter", reason: "swapped")

  let pool: PostgresPool
  let bug: PlantedBug?
  /// Secrets that wait for hardware, by device.
  private var secrets: [String: String] = [:]

  init(pool: PostgresPool, bug: PlantedBug?) {
    self.pool = pool
    self.bug = bug
  }

  /// A step towards mounting hardware that lies in its crate: first the order, later its first key.
  ///
  /// Until then the old one goes on, and may even take another key.
  mutating func unpack(
    _ index: Int, of fleet: inout [SimulatedDevice], by service: SimulatedService,
    at now: Instant, _ chance: inout SeededGenerator
  ) async throws {
    let new = fleet[index]
    guard fleet[index - 1].place == .mounted, chance.chance(0.15) else { return }
    guard let secret = secrets[new.plan.id] else {
      guard fleet[index - 1].hardware.fate == .isStolen else {
        return try await order(new, by: service, at: now)
      }
      secrets[new.plan.id] = try await revoke(new, by: service, at: now)
      for old in fleet.indices where fleet[old].plan.id == new.plan.id && old < index {
        fleet[old].loseKeys()
      }
      return
    }
    // Its answer may get lost: the same again is answered the same.
    for _ in 0..<(chance.chance(0.3) ? 2 : 1) {
      let outcome = await service.desk.activate(
        new.plan.id, secret: secret, publicKey: new.keys.publicKey, at: now)
      switch outcome {
      case .refusal(let refusal):
        if SimulatedDevice.passingCodes.contains(refusal.code) { continue }
        throw NotReplaced(device: new.plan.id, outcome: refusal.code)
      case .activated(let device):
        guard let key = device.keys.first(where: { $0.publicKey == new.keys.publicKey }) else {
          throw NotReplaced(device: new.plan.id, outcome: "it has not this key")
        }
        guard fleet[index].place == .crate else { continue }
        secrets[new.plan.id] = nil
        fleet[index].mount(epochFrom: key.epochFirst)
        fleet[index - 1].yieldPlace()
        if bug == .confinesNoKeys { try await confineNone(new.plan.id) }
      }
    }
  }

  private mutating func order(
    _ new: SimulatedDevice, by service: SimulatedService, at now: Instant
  ) async throws {
    let random = SHA256Digest.hash(Array("\(new.plan.id) \(new.number)".utf8))
    do {
      let outcome = try await service.desk.orderReplacement(
        new.plan.id, random: Array(random.prefix(DeviceDesk.secretRandomBytesCount)),
        by: Self.fitter, at: now)
      guard case .done(let secret?, _) = outcome else {
        throw NotReplaced(device: new.plan.id, outcome: "\(outcome)")
      }
      secrets[new.plan.id] = secret
    } catch let fault as StoreFault where fault.kind == .unavailable {
      // The connection was cut before it began; whoever orders tries again.
    }
  }

  /// Ends a device's right to post, and lets it in again with another secret.
  private func revoke(
    _ device: SimulatedDevice, by service: SimulatedService, at now: Instant
  ) async throws -> String {
    let random = SHA256Digest.hash(Array("\(device.publicKeys.count) \(device.number) again".utf8))
    for _ in 0..<Self.triesMax {
      do {
        guard try await service.desk.revoke(device.plan.id, by: Self.fitter, at: now) else { break }
        let outcome = try await service.desk.enroll(
          device.plan.id, vehicle: nil,
          random: Array(random.prefix(DeviceDesk.secretRandomBytesCount)), by: Self.fitter, at: now)
        guard case .enrolled(let secret) = outcome else {
          throw NotReplaced(device: device.plan.id, outcome: "\(outcome)")
        }
        return secret
      } catch let fault as StoreFault where fault.kind == .unavailable {
        // The connection was cut; whoever does it tries again.
      }
    }
    throw NotReplaced(device: device.plan.id, outcome: "it could not be revoked")
  }

  /// Revokes a device and lets the same hardware in again: with another key it delivers what it holds.
  func readmit(
    _ device: inout SimulatedDevice, by service: SimulatedService, at now: Instant
  ) async throws {
    let secret = try await revoke(device, by: service, at: now)
    let key = device.nextKeys.publicKey
    for _ in 0..<Self.triesMax {
      switch await service.desk.activate(device.plan.id, secret: secret, publicKey: key, at: now) {
      case .activated: return device.takeNextKeys()
      case .refusal(let refusal):
        if SimulatedDevice.passingCodes.contains(refusal.code) { continue }
        throw NotReplaced(device: device.plan.id, outcome: refusal.code)
      }
    }
    throw NotReplaced(device: device.plan.id, outcome: "it could not be activated")
  }

  /// Ends the keys of all hardware of a device but the one in use.
  func endOldKeys(
    of device: String, in fleet: inout [SimulatedDevice], by service: SimulatedService,
    at now: Instant
  ) async throws {
    let outcome = try await service.desk.step(.endOldKeys, device, by: Self.fitter, at: now)
    guard case .done = outcome else { throw NotReplaced(device: device, outcome: "\(outcome)") }
    for index in fleet.indices
    where fleet[index].plan.id == device && Self.isReplaced(index, in: fleet) {
      fleet[index].loseKeys()
    }
  }

  /// Whether other hardware took the place of this one.
  static func isReplaced(_ index: Int, in fleet: [SimulatedDevice]) -> Bool {
    let next = index + 1
    return next < fleet.count && fleet[next].plan.id == fleet[index].plan.id
      && fleet[next].place != .crate
  }

  /// Lets every key of a device sign every epoch.
  private func confineNone(_ device: String) async throws {
    try await pool.patiently {
      _ = try await $0.script(
        "update device_key set epochs_from = 0, epochs_before = null where device_id = '\(device)'")
    }
  }
}
