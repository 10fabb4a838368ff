import Basics
import DatabaseSupport
import Foundation
import Intake
import Logging
import Postgres
import Store
import Tapping
import Transit

/// A bug put into the way of the taps on purpose: the checker has to find each of them.
enum PlantedBug: String, CaseIterable, Sendable {
  /// A group is committed and acknowledged without the rows of some of its batches.
  case losesRows
  /// The device is told that its taps are kept before they are, and they are not.
  case acknowledgesUnstored
  /// The device is told of no hole, so that it may forget what never came.
  case saysNothingIsMissing
  /// A repeat is stored once more.
  case storesRepeats
  /// The register forgets numbers.
  case forgetsNumbers
  /// A contradiction is taken for a repeat.
  case dropsConflicts
  /// Impossible taps are let in.
  case emptiesQuarantine
  /// One amount of riders is changed on the way in.
  case changesContent
  /// A signed checkpoint that was acknowledged is not kept.
  case losesCheckpoints
  /// A request of a session that brought nothing new is not kept.
  case forgetsRequests
  /// The keys of swapped hardware sign the epochs of its successor, and the other way round.
  case confinesNoKeys

  /// The bug that is built in with `PLANTED_BUG`: `make canary` plays it, and has to fail.
  ///
  /// It is in the commit of the intake itself, while the fleet posts.
  static var built: PlantedBug? {
    #if PLANTED_BUG
      .losesRows
    #else
      nil
    #endif
  }
}

/// Plays the fleet of a seed against the intake on a real PostgreSQL, with faults between them.
struct FleetSimulation {
  /// What may go wrong around one post.
  enum Fault: CaseIterable, Sendable {
    case none, answerLost, requestLost, connectionKilled, serviceRestarted, twoAtOnce, cancelled
  }

  static let faultShare = 0.35
  /// Posts after which a fleet that is still not done has a fault of its own.
  static let postsMax = 5000

  let plan: FleetPlan
  let pool: PostgresPool
  let bug: PlantedBug?
  private let store: Store

  init(seed: UInt64, start: Instant, pool: PostgresPool, bug: PlantedBug? = nil) {
    plan = FleetPlan(seed: seed, start: start)
    self.pool = pool
    self.bug = bug ?? PlantedBug.built
    store = Store(pool: pool)
  }

  struct NotDone: Error { let seed: UInt64 }
  struct NotEnrolled: Error { let device: String }
  struct NotRotated: Error { let device: String }

  /// Plays until every device is heard to its last tap; the faults that the checker finds.
  func run() async throws -> [String] {
    var chance = SeededGenerator(seed: plan.seed ^ 0x5EED)
    var devices = plan.devices.flatMap { device in
      device.hardware.indices.map {
        SimulatedDevice(device, number: $0, chance: chance.fork())
      }
    }
    var services = [try service(), try service()]
    var workshop = Workshop(pool: pool, bug: bug)
    try await enroll(devices, services[0])
    if bug == .losesRows { try await plantInCommit() }
    var now = plan.start.adding(seconds: 60_000)
    for _ in 0..<Self.postsMax {
      let open = devices.indices.filter { !devices[$0].isDone }
      guard !open.isEmpty else {
        try await plant(&chance)
        return try await check(devices)
      }
      let index = open[chance.integer(in: 0...open.count - 1)]
      now = now.adding(seconds: Int64(chance.integer(in: 0...40)))
      let service = services[chance.integer(in: 0...1)]
      switch devices[index].place {
      case .gone: break
      case .crate: try await workshop.unpack(index, of: &devices, by: service, at: now, &chance)
      case .workshop: if chance.chance(0.1) { devices[index].isFound() }
      case .mounted:
        try await administer(index, of: &devices, workshop, service, at: now, &chance)
        try await act(index, of: &devices, &services, at: now, &chance)
      }
    }
    throw NotDone(seed: plan.seed)
  }

  /// What people do about hardware that is mounted, and what it tries against the rules.
  private func administer(
    _ index: Int, of devices: inout [SimulatedDevice], _ workshop: Workshop,
    _ service: SimulatedService, at now: Instant, _ chance: inout SeededGenerator
  ) async throws {
    let device = devices[index]
    let isReplaced = Workshop.isReplaced(index, in: devices)
    if !isReplaced, !device.areKeysEnded, chance.chance(0.02) {
      try await rotate(&devices[index], service, at: now)
    }
    // Somebody took it for stolen, and it was not.
    if device.plan.hardware.count == 1, chance.chance(0.01) {
      try await workshop.readmit(&devices[index], by: service, at: now)
    }
    if isReplaced, device.hardware.fate == .keysEnd, !device.areKeysEnded, chance.chance(0.1) {
      try await workshop.endOldKeys(of: device.plan.id, in: &devices, by: service, at: now)
    }
    let foreign = devices.filter {
      $0.plan.id == device.plan.id && $0.number != device.number && !device.maySign(epochsOf: $0)
    }.flatMap(\.epochs)
    guard !foreign.isEmpty, chance.chance(0.1) else { return }
    let epoch = foreign[chance.integer(in: 0...foreign.count - 1)]
    let reply = await service.intake.accept(
      devices[index].trespass(into: epoch, at: now).signed(at: now))
    switch reply.outcome {
    case .answer: devices[index].hear(trespass: nil)
    case .refusal(let refusal): devices[index].hear(trespass: refusal.code)
    }
  }

  /// Lets a device do its next step, with a fault around it now and then.
  private func act(
    _ index: Int, of devices: inout [SimulatedDevice], _ services: inout [SimulatedService],
    at now: Instant, _ chance: inout SeededGenerator
  ) async throws {
    let fault =
      chance.chance(Self.faultShare)
      ? Fault.allCases[chance.integer(in: 1...Fault.allCases.count - 1)] : .none
    if fault == .serviceRestarted { services[chance.integer(in: 0...1)] = try service() }
    // The clock of the server may be set back or forth by hours.
    let heardAt = now.adding(
      seconds: chance.chance(0.05) ? Int64(chance.integer(in: -3...3)) * 3600 : 0)
    switch devices[index].next(at: now) {
    case nil: break
    case .propose(let proposal):
      await self.open(
        proposal, of: &devices[index], services[chance.integer(in: 0...1)], at: heardAt,
        isHeard: fault != .answerLost && fault != .requestLost)
    case .post(let post):
      let delivery = Delivery(
        post: post, device: devices[index], at: heardAt, fault: fault, bug: bug)
      switch await delivery.carry(to: services, pool: pool, &chance) {
      case .answer(let answer): devices[index].hear(answer, of: post)
      case .refusal(let code): devices[index].hear(refusal: code, of: post)
      case .nothing: break
      }
    }
  }

  /// Opens a session; its answer may get lost, and the same proposal then comes again.
  private func open(
    _ proposal: SimulatedProposal, of device: inout SimulatedDevice, _ service: SimulatedService,
    at moment: Instant, isHeard: Bool
  ) async {
    do throws(IntakeRefusal) {
      let granted = try await service.intake.openSession(
        proposal.body, deviceHeader: device.plan.id,
        signatureHeader: Base64.encode(proposal.keys.sign(proposal.body), .standard), at: moment)
      guard isHeard,
        let line = proposal.line(
          grant: granted.body, signature: granted.signature,
          servicePublicKey: service.servicePublicKey)
      else { return }
      device.hear(line, of: proposal)
    } catch {
      device.hear(proposalRefusal: error.code)
    }
  }

  /// Gives a device another key; the old one verifies for a while.
  private func rotate(
    _ device: inout SimulatedDevice, _ service: SimulatedService, at moment: Instant
  ) async throws {
    let outcome = try await service.desk.rotate(
      device.plan.id, publicKey: device.nextKeys.publicKey, by: .device, at: moment)
    guard case .done = outcome else { throw NotRotated(device: device.plan.id) }
    device.takeNextKeys()
  }

  /// A service as after a start: it knows nothing but the database.
  private func service() throws -> SimulatedService { try SimulatedService(store: store) }

  private func enroll(_ devices: [SimulatedDevice], _ service: SimulatedService) async throws {
    for device in devices where device.number == 0 {
      let enrolled = try await service.desk.enroll(
        device.plan.id, vehicle: nil, random: [UInt8](repeating: 9, count: 24), at: plan.start)
      guard case .enrolled(let secret) = enrolled,
        case .activated = await service.desk.activate(
          device.plan.id, secret: secret, publicKey: device.keys.publicKey, at: plan.start)
      else { throw NotEnrolled(device: device.plan.id) }
    }
  }

  /// Lets the statement that commits a group lose a row of the journal now and then: the registers say that
  /// the taps are there, and so does the answer.
  private func plantInCommit() async throws {
    try await pool.patiently {
      _ = try await $0.script(
        """
        create sequence if not exists row_on_its_way;
        create or replace function lose_row() returns trigger language plpgsql as $$
        begin
          if nextval('row_on_its_way') % 8 = 5 then return null; end if;
          return new;
        end $$;
        create or replace trigger lose_row before insert on tap_batch
          for each row execute function lose_row();
        """)
    }
  }

  /// Bugs of what is stored, as a wrong statement would leave them.
  private func plant(_ chance: inout SeededGenerator) async throws {
    let mine = "device_id like 'S\(plan.seed)-%'"
    let statement: String? =
      switch bug {
      case .storesRepeats:
        """
        insert into tap_batch (lane, device_id, epoch, seqs, fresh, quarantined, received_at, sent_at,
          format, body, signature, body_digest, session_id, request_count, mac, chain)
        select lane, device_id, epoch, seqs, fresh, quarantined, received_at, sent_at, format, body,
          signature, body_digest, session_id, request_count, mac, chain from tap_batch where \(mine) order by batch_id limit 1
        """
      case .forgetsNumbers:
        "update device_epoch set seen = seen - int8multirange(int8range(1, 2)) where \(mine)"
      case .dropsConflicts: "delete from tap_conflict where \(mine)"
      case .emptiesQuarantine: "delete from tap_quarantine where \(mine)"
      case .losesCheckpoints:
        """
        delete from session_checkpoint c using device_session d
        where d.session_id = c.session_id and d.\(mine)
        """
      case .forgetsRequests:
        """
        delete from session_repeat r using device_session d, session_checkpoint c
        where d.session_id = r.session_id and d.\(mine) and c.session_id = r.session_id
          and c.request_count >= r.request_count
        """
      case .losesRows, .acknowledgesUnstored, .saysNothingIsMissing, .changesContent,
        .confinesNoKeys, nil:
        nil
      }
    if let statement { try await pool.patiently { _ = try await $0.script(statement) } }
  }

  /// Writes the holes in the registers down, as the service does now and then; another fleet may be at it.
  private func writeGapsDown() async throws {
    let store = Store(pool: pool)
    for _ in 0..<1000 {
      let isDone = try? await store.write { try await $0.fleet.reconcileGaps(at: plan.start) }
      if isDone == true { return }
      try await Task.sleep(for: .milliseconds(10))
    }
    throw GapsNotWritten()
  }

  private struct GapsNotWritten: Error {}

  private func check(_ devices: [SimulatedDevice]) async throws -> [String] {
    var checker = FleetChecker()
    var keys: [FleetChecker.Life: [[UInt8]]] = [:]
    var doubled: [String] = []
    for device in devices {
      for (epoch, life) in zip(device.epochs, device.hardware.lives) {
        let name = FleetChecker.Life(device: device.plan.id, epoch: epoch)
        if keys.updateValue(device.publicKeys, forKey: name) != nil {
          doubled.append("\(name.device) has epoch \(epoch) twice")
        }
        note(life, of: device, name, in: &checker)
      }
    }
    try await writeGapsDown()
    let rows = try await StoredFleet(of: plan.seed, pool: pool)
    try checker.check(
      journal: rows.journal, seen: rows.seen, conflicts: rows.conflicts,
      quarantine: rows.quarantine, gaps: rows.gaps)
    let sessions = SessionChecker(
      publicKeys: keys,
      covered: devices.reduce(into: [:]) { all, device in
        for (session, count) in device.covered { all[session.description] = count }
      })
    return checker.faults + sessions.faults(in: try await StoredSessions(of: plan.seed, pool: pool))
      + doubled + devices.flatMap(\.wrongOutcomes)
  }

  /// Tells the checker what was recorded in a life, and what of it has to be there.
  private func note(
    _ life: FleetPlan.Life, of device: SimulatedDevice, _ name: FleetChecker.Life,
    in checker: inout FleetChecker
  ) {
    func key(_ seq: Int64) -> FleetChecker.Key {
      .init(device: name.device, epoch: name.epoch, seq: seq)
    }
    let acknowledged = Set(device.acknowledged(name.epoch))
    for tap in life.taps + life.contradictions {
      checker.recorded[key(tap.seq), default: .init()].contents.insert(.init(tap))
      guard device.comesHome || acknowledged.contains(tap) else { continue }
      checker.recorded[key(tap.seq)]?.owed.insert(.init(tap))
    }
    for seq in life.impossible { checker.recorded[key(seq)]?.isImpossible = true }
    if device.comesHome {
      checker.lost.formUnion(life.lost.map(key))
    } else {
      checker.brokenOff.insert(name)
    }
  }
}

/// One process of the service.
struct SimulatedService: Sendable {
  let desk: DeviceDesk
  let intake: IntakeService
  let servicePublicKey: [UInt8]

  struct NoKey: Error {}

  init(store: Store) throws {
    let quiet = Logger(label: "simulation") { _ in SwiftLogNoOpLogHandler() }
    let gate = DeviceGate(store: store, log: quiet)
    desk = DeviceDesk(store: store, gate: gate, log: quiet)
    guard let tokenKey = TokenKey([UInt8](repeating: 5, count: 32)),
      let secret = SessionSecret([UInt8](repeating: 6, count: SessionSecret.byteCount))
    else { throw NoKey() }
    let sessions = SessionDesk(store: store, secret: secret, log: quiet)
    servicePublicKey = sessions.servicePublicKey
    intake = IntakeService(
      store: store, gate: gate, tokenKey: tokenKey, sessions: sessions, log: quiet,
      facts: { AnswerFacts(serverTime: Instant(seconds: 0)) })
  }
}

extension FleetChecker.Content {
  fileprivate init(_ tap: Tap) {
    self.init(
      seq: tap.seq, at: Double(tap.at.microseconds) / 1_000_000, kind: tap.kind.rawValue,
      medium: tap.medium.rawValue, token: Base64.encode(tap.token, .url), riders: tap.riders,
      route: tap.route, direction: tap.direction)
  }
}
