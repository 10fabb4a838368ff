import Basics
import DatabaseSupport
import HTTPTypes
import Intake
import Postgres
import Store
import Tapping
import Testing
import Transit
import Web

/// Requests of validators without a body: what opens them, and what they say of the device.
@Suite(.enabled(if: LeasedDatabase.isAvailable, "skipped: no PostgreSQL"))
struct SignedQuestionTests {
  private static let list = "/v1/deny-list"
  private static let own = "/v1/devices/self"

  private static func prepare(_ service: TestService) async throws -> Validator {
    try await service.services.denyList.prepare(service.store) { [UInt8](repeating: 9, count: $0) }
    return try await Validator(service)
  }

  /// Makes another version of the deny list.
  private static func publish(_ version: Int64, in service: TestService) async throws {
    _ = try await service.pool.session { db in
      try await db.script(
        """
        insert into deny_list_version (version, made_at, added, removed)
        values (\(version), '\(service.clock.now)', 1, 0);
        insert into deny_list (fingerprint, is_denied, version)
        values (decode(lpad('\(version)', 16, '0'), 'hex'), true, \(version));
        """)
    }
    service.services.denyList.invalidate()
  }

  private static func held(_ service: TestService) async throws -> [DenyListSighting] {
    try await service.store.read { try await $0.denyList.sightings(of: "V-1", limit: 9) }
  }

  @Test(arguments: [list, own, "/v1/deny-list?since=0"])
  func whatWasSeenOnceOpensNothingLater(_ target: String) async throws {
    try await TestService.with { service in
      let validator = try await Self.prepare(service)
      let seen = try validator.headers(of: target, time: service.clock.now.description)
      func again() async -> Answer { await service.send(.get, target, headers: seen) }
      #expect(await again().status == .ok)
      for (seconds, isTaken) in [(600, true), (-600, true), (601, false), (-601, false)] {
        service.clock.set(TestService.now.adding(seconds: Int64(seconds)))
        let answer = await again()
        #expect((answer.status == .ok) == isTaken, "\(seconds): \(answer.text)")
        guard !isTaken else { continue }
        #expect(answer.status == .unauthorized && answer.problemCode == "time_wrong")
        // A validator has no sure clock: the refusal tells it the time.
        let told = try #require(answer.member("detail"))
        #expect(told.contains("it is \(service.clock.now) here"), "\(told)")
        let anew = try await validator.get(target)
        #expect(anew.status == .ok, "\(anew.text)")
      }
    }
  }

  @Test func theTimeAndTheTargetAreWhatIsSigned() async throws {
    try await TestService.with { service in
      let validator = try await Self.prepare(service)
      let now = service.clock.now.description
      let time = try #require(HTTPField.Name("Kvytok-Time"))
      let sign = try #require(HTTPField.Name("Kvytok-Signature"))
      func code(_ target: String, _ headers: [HTTPField.Name: String]) async -> String? {
        let answer = await service.send(.get, target, headers: headers)
        #expect(answer.status == .unauthorized || answer.status == .ok, "\(answer.text)")
        return answer.problemCode
      }
      let good = try validator.headers(of: Self.list, time: now)
      #expect(await code(Self.list, good) == nil)
      #expect(await code(Self.list + "?since=1", good) == "signature_wrong")
      #expect(await code(Self.own, good) == "signature_wrong")
      let other = good.merging([time: TestService.now.adding(seconds: 1).description]) { $1 }
      #expect(await code(Self.list, other) == "signature_wrong")
      #expect(await code(Self.list, good.filter { $0.key != time }) == "time_missing")
      for text in ["now", "2026-11-22T08:00:00", "1795334400", "99999-01-01T00:00:00Z"] {
        let odd = try validator.headers(of: Self.list, time: text)
        #expect(await code(Self.list, odd) == "time_malformed", "\(text)")
      }
      for text in ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"] {
        let far = try validator.headers(of: Self.list, time: text)
        #expect(await code(Self.list, far) == "time_wrong", "\(text)")
      }
      let offset = try validator.headers(of: Self.list, time: "2026-11-22T10:00:00.5+02:00")
      #expect(await code(Self.list, offset) == nil)
      // The path alone is what was signed before.
      var old = good.filter { $0.key != time }
      old[sign] = Base64.encode(validator.keys.sign(Array(Self.list.utf8)), .standard)
      #expect(await code(Self.list, old) == "time_missing")
      old[time] = now
      #expect(await code(Self.list, old) == "signature_wrong")
    }
  }

  @Test func aVersionIsHeldOnceTheDeviceNamesIt() async throws {
    try await TestService.with { service in
      let validator = try await Self.prepare(service)
      try await Self.publish(1, in: service)
      // The answer may never arrive.
      let first = try await validator.get(Self.list)
      let tag = try #require(first.headers[.eTag])
      #expect(first.status == .ok && tag == #""1-0-json""#)
      #expect(try await Self.held(service).isEmpty)
      service.clock.set(TestService.now.adding(seconds: 30))
      #expect(try await validator.get(Self.list + "?since=1").status == .notModified)
      #expect(try await Self.held(service).map(\.version) == [1])
      #expect(try await Self.held(service).map(\.at) == [TestService.now.adding(seconds: 30)])
      // Another version comes while it asks with the one it has.
      try await Self.publish(2, in: service)
      service.clock.set(TestService.now.adding(seconds: 60))
      let second = try await validator.get(Self.list + "?since=1")
      #expect(second.text.contains(#""version":2"#), "\(second.text)")
      #expect(try await Self.held(service).map(\.version) == [1])
      service.clock.set(TestService.now.adding(seconds: 90))
      let known = try #require(second.headers[.eTag])
      let same = try await validator.get(Self.list + "?since=1", tags: "W/\"x\", \(known)")
      // Against 1 it is the same answer: the device has it.
      #expect(same.status == .notModified)
      #expect(try await Self.held(service).map(\.version) == [2, 1])
      #expect(try await Self.held(service).map(\.source) == [.fetch, .fetch])
      let newest = try await service.store.read { try await $0.denyList.versions(limit: 1) }
      #expect(newest.map(\.devicesReached) == [1] && newest.map(\.latencyMax) == [60])
      // What was never made is held by nobody, whatever a device says.
      for words in ["?since=99", "?since=9223372036854775807"] {
        #expect(try await validator.get(Self.list + words).status == .ok)
      }
      for tags in ["\"77-0-json\"", "*", "\"\"", "\"-1--1-json\"", "\"1-0-json", "\"1-0\",,"] {
        #expect(try await validator.get(Self.list, tags: tags).status == .ok, "\(tags)")
      }
      #expect(try await Self.held(service).map(\.version) == [2, 1])
    }
  }

  /// Lets other hardware take the place of V-1; its key.
  private static func replaceHardware(_ service: TestService) async throws -> Ed25519KeyPair {
    let admin = try await service.token(.admin)
    let replaced = await service.send(.post, "/v1/devices/V-1/replace", token: admin)
    let secret = try #require(replaced.member("secret"))
    let new = try #require(Ed25519KeyPair(seed: SHA256Digest.hash([1, 2, 3])))
    let key = Base64.encode(new.publicKey, .standard)
    let activated = await service.post(
      "/v1/devices/enroll",
      json: #"{"device": "V-1", "secret": "\#(secret)", "public_key": "\#(key)"}"#)
    try #require(activated.status == .ok, "\(activated.text)")
    return new
  }

  /// The old one named the newest list in the morning; the new one has none, and lets denied cards on.
  @Test func whatReplacedHardwareHeldIsNotHeldByTheNewOne() async throws {
    try await TestService.with { service in
      let validator = try await Self.prepare(service)
      try await Self.publish(1, in: service)
      #expect(try await validator.get(Self.list + "?since=1").status == .notModified)
      func reached() async throws -> [Int] {
        try await service.store.read { try await $0.denyList.versions(limit: 1) }
          .map(\.devicesReached)
      }
      #expect(try await reached() == [1])
      service.clock.set(TestService.now.adding(seconds: 7200))
      let new = try await Self.replaceHardware(service)
      #expect(try await reached() == [0])
      #expect(try await Self.held(service).isEmpty)
      service.clock.set(TestService.now.adding(seconds: 7230))
      let headers = try validator.headers(
        of: Self.list + "?since=1", time: service.clock.now.description, keys: new)
      let own = await service.send(.get, Self.list + "?since=1", headers: headers)
      #expect(own.status == .notModified)
      #expect(try await reached() == [1])
      let shown = await service.send(
        .get, "/v1/devices/V-1", token: try await service.token(.dispatcher))
      #expect(shown.text.contains(#""source":"fetch","seconds":30"#), "\(shown.text)")
    }
  }

  @Test func replacedHardwareAsksForNothing() async throws {
    try await TestService.with { service in
      let validator = try await Self.prepare(service)
      try await Self.publish(1, in: service)
      let admin = try await service.token(.admin)
      let replaced = await service.send(.post, "/v1/devices/V-1/replace", token: admin)
      let secret = try #require(replaced.member("secret"))
      // Until the new hardware comes, the old one goes on.
      #expect(try await validator.askAboutItself().status == .ok)
      let new = try #require(Ed25519KeyPair(seed: SHA256Digest.hash([1, 2, 3])))
      let key = Base64.encode(new.publicKey, .standard)
      let activated = await service.post(
        "/v1/devices/enroll",
        json: #"{"device": "V-1", "secret": "\#(secret)", "public_key": "\#(key)"}"#)
      #expect(activated.status == .ok, "\(activated.text)")
      for target in [Self.own, Self.list, Self.list + "?since=1"] {
        let answer = try await validator.get(target)
        #expect(answer.status == .forbidden && answer.problemCode == "hardware_replaced")
        let headers = try validator.headers(
          of: target, time: service.clock.now.description, keys: new)
        let own = await service.send(.get, target, headers: headers)
        #expect(own.status == .ok || own.status == .notModified, "\(own.text)")
        if target != Self.list + "?since=1" { #expect(try await Self.held(service).isEmpty) }
      }
      #expect(try await Self.held(service).map(\.version) == [1])
      let beat = DeviceHeartbeat(device: "V-1", sentAt: service.clock.now)
      let told = try await validator.post(beat.json, to: "/v1/devices/heartbeat")
      #expect(told.status == .forbidden && told.problemCode == "hardware_replaced")
      // Its taps are taken.
      let held = try await validator.post([
        Tap(
          seq: 1, at: TestService.now.adding(seconds: -60), kind: .single, medium: .card,
          token: [1, 2, 3])
      ])
      #expect(held.status == .ok, "\(held.text)")
    }
  }
}

@Suite(.enabled(if: LeasedDatabase.isAvailable, "skipped: no PostgreSQL"))
struct ClockSetBackTests {
  private static func tap(_ seq: Int64, at moment: Instant) -> Tap {
    Tap(
      seq: seq, at: moment.adding(seconds: -60), kind: .single, medium: .card, token: [1, 2, 3])
  }

  private static func failing(_ seq: Int64, _ service: TestService) async throws -> [String] {
    let token = try await service.token(.inspector)
    let file = await service.send(
      .get, "/v1/evidence?device=V-1&epoch=1&seq=\(seq)", token: token)
    try #require(file.status == .ok, "\(file.text)")
    return try TapEvidence(json: file.body).checks().filter { !$0.isGood }.map(\.name)
  }

  /// The service's clock was ahead when the device was enrolled, and is set right afterwards.
  @Test func whatWasTakenInBeforeTheKeysOwnTimeIsProven() async throws {
    try await TestService.with { service in
      let validator = try await Validator(service)
      service.clock.set(TestService.now.adding(seconds: -3600))
      let early = try await validator.post([Self.tap(1, at: service.clock.now)])
      #expect(early.status == .ok && early.text.contains(#""ack_through":1"#), "\(early.text)")
      #expect(try await Self.failing(1, service) == [])
      service.clock.set(TestService.now.adding(seconds: 3600))
      #expect(try await validator.post([Self.tap(2, at: service.clock.now)]).status == .ok)
      #expect(try await Self.failing(2, service) == [])
    }
  }

  /// The end of a key is judged on both sides.
  @Test func whatAKeySignedAfterItsEndIsNotProven() async throws {
    try await TestService.with { service in
      let validator = try await Validator(service)
      #expect(try await validator.post([Self.tap(1, at: service.clock.now)]).status == .ok)
      _ = try await service.services.desk.revoke("V-1", at: TestService.now.adding(seconds: 60))
      #expect(try await Self.failing(1, service) == [])
      let refused = try await validator.post([Self.tap(2, at: service.clock.now)])
      #expect(refused.problemCode == "device_revoked")
      _ = try await service.pool.session { db in
        try await db.script("update tap_batch set received_at = '2026-11-22T09:00Z'")
      }
      #expect(try await Self.failing(1, service) == ["validity"])
    }
  }
}

@Suite(.enabled(if: LeasedDatabase.isAvailable, "skipped: no PostgreSQL"))
struct MisnumberedTapTests {
  /// One tap with the largest number there is, and a few numbers missing elsewhere.
  @Test func statusOverviewReportsAndListsAnswer() async throws {
    try await TestService.with { service in
      let odd = try await Validator(service, id: "V-1")
      let plain = try await Validator(service, id: "V-2")
      let moment = TestService.now.adding(seconds: -60)
      func tap(_ seq: Int64) -> Tap {
        Tap(seq: seq, at: moment, kind: .single, medium: .card, token: [1, 2, 3])
      }
      for (validator, seqs) in [(odd, [TapLimits.seqMax]), (plain, [1, 6])] {
        let answer = try await validator.post(seqs.map(tap))
        #expect(answer.status == .ok, "\(answer.text)")
      }
      let token = try await service.token(.admin)
      let status = await service.send(.get, "/v1/status", token: token)
      #expect(status.status == .ok)
      #expect(status.text.contains(#""numbers":9223372036854775807"#), "\(status.text)")
      for target in [
        "/", "/v1/devices", "/v1/fleet/gaps", "/v1/fleet/silent",
        "/v1/reports/devices?date=2026-11-22", "/v1/reports/devices?date=2026-11-22&format=csv",
        "/v1/reports/devices?date=2026-11-22&format=xlsx", "/v1/reports/daily?date=2026-11-22",
      ] {
        let answer = await service.send(
          .get, target, headers: [HTTPField.Name.cookie: "kvytok_token=\(token)"])
        #expect(answer.status == .ok, "\(target) \(answer.text.prefix(300))")
      }
      for validator in [odd, plain] {
        #expect(try await validator.askAboutItself().status == .ok)
      }
    }
  }
}
