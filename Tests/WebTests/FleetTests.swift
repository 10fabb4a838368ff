import Basics
import Clearing
import DatabaseSupport
import HTTPTypes
import Intake
import Logging
import Store
import Tapping
import Testing
import Transit
import Web

/// A validator that talks to the service as the documents say.
private struct WebValidator: Sendable {
  let id: String
  let keys: Ed25519KeyPair

  init(_ id: String, seed: String) throws {
    self.id = id
    keys = try #require(Ed25519KeyPair(seed: SHA256Digest.hash(Array(seed.utf8))))
  }

  func post(_ path: String, _ body: [UInt8], to service: TestService) async -> Answer {
    await service.send(
      .post, path, headers: headers(body).merging([.contentType: "application/json"]) { $1 },
      body: body)
  }

  func get(
    _ target: String, accept: String = "*/*", tag: String? = nil, from service: TestService
  ) async -> Answer {
    let time = service.clock.now.description
    var fields = headers(SignedQuestion.message(device: id, time: time, target: target))
    fields[HTTPField.Name(SignedQuestion.timeField) ?? .origin] = time
    fields[.accept] = accept
    if let tag { fields[.ifNoneMatch] = tag }
    return await service.send(.get, target, headers: fields)
  }

  private func headers(_ signed: [UInt8]) -> [HTTPField.Name: String] {
    let device = HTTPField.Name("Kvytok-Device") ?? .origin
    let signature = HTTPField.Name("Kvytok-Signature") ?? .origin
    return [device: id, signature: Base64.encode(keys.sign(signed), .standard)]
  }

  func batch(_ taps: [Tap], epoch: Int64 = 3, version: Int64? = nil) -> [UInt8] {
    TapBatchJSON.encode(
      TapBatch(
        device: id, epoch: epoch, sentAt: TestService.now, denyListVersion: version, taps: taps))
  }
}

private func tap(_ seq: Int64, route: String = "15", seconds: Int64 = -600) -> Tap {
  Tap(
    seq: seq, at: TestService.now.adding(seconds: seconds), kind: .single, medium: .card,
    token: Array("04a1b2c3".utf8), route: route)
}

extension TestService {
  /// Registers and activates a validator over HTTP; its answer to the activation beside it.
  fileprivate func validator(
    _ id: String, seed: String, secret: String
  ) async throws -> (WebValidator, Answer) {
    let validator = try WebValidator(id, seed: seed)
    let key = Base64.encode(validator.keys.publicKey, .standard)
    let answer = await post(
      "/v1/devices/enroll",
      json: #"{"device": "\#(id)", "secret": "\#(secret)", "public_key": "\#(key)"}"#)
    #expect(answer.status == .ok, "\(answer.text)")
    return (validator, answer)
  }

  fileprivate func validator(_ token: String) async throws -> WebValidator {
    let added = await post(
      "/v1/devices", token: token, json: #"{"device": "V-1", "vehicle": "1603"}"#)
    let secret = try #require(added.member("secret"))
    return try await validator("V-1", seed: "one", secret: secret).0
  }

  fileprivate func prepareDenyList() async throws {
    try await services.denyList.prepare(store) { [UInt8](repeating: 9, count: $0) }
  }
}

@Suite(.enabled(if: LeasedDatabase.isAvailable, "skipped: no PostgreSQL"))
struct FleetTests {
  @Test func aDeviceIsLedThroughItsLife() async throws {
    try await TestService.with { service in
      let admin = try await service.token(.admin)
      let dispatcher = try await service.token(.dispatcher)
      let validator = try await service.validator(admin)
      let own = await validator.get("/v1/devices/self", from: service)
      #expect(own.member("vehicle") == "1603" && own.text.contains(#""wants_key":false"#))
      let moved = await service.post(
        "/v1/devices/V-1/assign", token: dispatcher,
        json: #"{"stop": "S-7", "from": "2026-11-22T07:00:00Z", "reason": "moved"}"#)
      #expect(moved.status == .ok, "\(moved.text)")
      #expect(await validator.get("/v1/devices/self", from: service).member("stop") == "S-7")
      for (step, state) in [("suspend", "suspended"), ("resume", "active")] {
        let answer = await service.send(
          .post, "/v1/devices/V-1/\(step)?reason=works", token: dispatcher)
        #expect(answer.member("state") == state, "\(answer.text)")
      }
      _ = await service.send(.post, "/v1/devices/V-1/rotate?overlap_days=3", token: admin)
      #expect(
        await validator.get("/v1/devices/self", from: service).text
          .contains(#""wants_key":true"#))
      let shown = await service.send(.get, "/v1/devices/V-1", token: dispatcher)
      for word in ["enroll", "activate", "assign", "suspend", "resume", "order_rotation"] {
        #expect(shown.text.contains(#""event":"\#(word)""#), "\(word)")
      }
      #expect(shown.text.contains(#""by":"test (dispatcher)","reason":"moved""#), "\(shown.text)")
      let replaced = await service.send(.post, "/v1/devices/V-1/replace", token: admin)
      let secret = try #require(replaced.member("secret"))
      let (_, activated) = try await service.validator("V-1", seed: "two", secret: secret)
      #expect(activated.text.contains(#""epoch_from":10"#), "\(activated.text)")
      let revoked = await service.send(.post, "/v1/devices/V-1/revoke", token: admin)
      #expect(revoked.member("state") == "revoked")
      let again = await service.send(.post, "/v1/devices/V-1/resume", token: dispatcher)
      #expect(again.status == .conflict && again.problemCode == "device_revoked")
    }
  }

  @Test(arguments: [
    (#"{"vehicle": "1", "stop": "2"}"#, 422, "two_places"),
    (#"{"vehicle": ""}"#, 422, "bad_name"), (#"{"vehicel": "1"}"#, 400, "malformed"),
    (#"{"vehicle": 7}"#, 400, "malformed"),
    (#"{"vehicle": "1", "from": "today"}"#, 400, "malformed"),
    (
      #"{"vehicle": "1", "from": "2026-11-22T08:00:00Z", "until": "2026-11-22T08:00:00Z"}"#, 422,
      "span_empty"
    ),
    (#"{"vehicle": "1"}"#, 404, "device_unknown"),
  ])
  func aPlaceThatIsNoneIsRefused(_ json: String, _ status: Int, _ code: String) async throws {
    try await TestService.with { service in
      let token = try await service.token(.dispatcher)
      let answer = await service.post("/v1/devices/V-9/assign", token: token, json: json)
      #expect(answer.status.code == status && answer.problemCode == code, "\(answer.text)")
    }
  }

  @Test func aDeviceGivesAnotherKey() async throws {
    try await TestService.with { service in
      let validator = try await service.validator(try await service.token(.admin))
      let next = try WebValidator("V-1", seed: "next")
      let key = Base64.encode(next.keys.publicKey, .standard)
      func body(proof: [UInt8], device: String = "V-1") -> [UInt8] {
        let text = Base64.encode(proof, .standard)
        return Array(
          #"{"device": "\#(device)", "public_key": "\#(key)", "proof": "\#(text)"}"#.utf8)
      }
      let message = KeyRotationProof.message(device: "V-1", publicKey: next.keys.publicKey)
      let good = body(proof: next.keys.sign(message))
      let stolen = await validator.post(
        "/v1/devices/keys", body(proof: validator.keys.sign(message)), to: service)
      #expect(stolen.problemCode == "proof_wrong")
      let foreign = await validator.post(
        "/v1/devices/keys", body(proof: next.keys.sign(message), device: "V-2"), to: service)
      #expect(foreign.problemCode == "device_mismatch")
      let unsigned = await next.post("/v1/devices/keys", good, to: service)
      #expect(unsigned.problemCode == "signature_wrong")
      let answer = await validator.post("/v1/devices/keys", good, to: service)
      #expect(answer.status == .ok && answer.text.contains(#""changed":true"#), "\(answer.text)")
      // The answer that got lost is asked for again, with the old key.
      let again = await validator.post("/v1/devices/keys", good, to: service)
      #expect(again.text.contains(#""changed":false"#), "\(again.text)")
      for sender in [validator, next] {
        let seq: Int64 = sender.keys.publicKey == next.keys.publicKey ? 1 : 2
        let taken = await sender.post("/v1/tap-batches", sender.batch([tap(seq)]), to: service)
        #expect(taken.status == .ok, "\(taken.text)")
      }
      let third = try WebValidator("V-1", seed: "third")
      let proof = third.keys.sign(
        KeyRotationProof.message(device: "V-1", publicKey: third.keys.publicKey))
      let text = Base64.encode(third.keys.publicKey, .standard)
      let late = await validator.post(
        "/v1/devices/keys",
        Array(
          #"{"device":"V-1","public_key":"\#(text)","proof":"\#(Base64.encode(proof, .standard))"}"#
            .utf8), to: service)
      #expect(late.problemCode == "key_not_current", "\(late.text)")
    }
  }

  @Test func aHeartbeatIsKeptAndShown() async throws {
    try await TestService.with { service in
      let admin = try await service.token(.admin)
      let validator = try await service.validator(admin)
      var beat = DeviceHeartbeat(device: "V-1", sentAt: TestService.now.adding(seconds: -2))
      beat.software = "4.2.1"
      beat.batteryPercent = 81
      beat.lastEpoch = 3
      beat.lastSeq = 1201
      let answer = await validator.post("/v1/devices/heartbeat", beat.json, to: service)
      #expect(answer.status == .ok, "\(answer.text)")
      #expect(answer.member("vehicle") == "1603")
      let list = await service.send(.get, "/v1/devices", token: admin)
      #expect(list.text.contains(#""software":"4.2.1""#))
      #expect(list.text.contains(#""offset_ms":2000"#))
      #expect(list.text.contains(#""last_epoch":3,"last_seq":1201"#), "\(list.text)")
      beat.device = "V-2"
      let foreign = await validator.post("/v1/devices/heartbeat", beat.json, to: service)
      #expect(foreign.problemCode == "device_mismatch")
      let bad = await validator.post("/v1/devices/heartbeat", Array("{".utf8), to: service)
      #expect(bad.status == .badRequest)
      let large = await validator.post(
        "/v1/devices/heartbeat", [UInt8](repeating: 32, count: 20_000), to: service)
      #expect(large.status == .contentTooLarge)
    }
  }

  @Test func eachContentOfAConflictNamesTheDenyListOfItsBatch() async throws {
    try await TestService.with { service in
      let validator = try await service.validator(try await service.token(.admin))
      for (taps, version) in [
        ([tap(5)], 17), ([tap(5, route: "22")], nil), ([tap(5, route: "7")], 18),
      ]
        as [([Tap], Int64?)]
      {
        _ = await validator.post(
          "/v1/tap-batches", validator.batch(taps, version: version), to: service)
      }
      let conflicts = await service.send(
        .get, "/v1/fleet/conflicts", token: try await service.token(.dispatcher)
      ).text
      func told(_ name: String) -> [String] {
        conflicts.split(separator: "\"\(name)\":").dropFirst().map { rest in
          String(rest.prefix { $0 != "," && $0 != "}" })
        }
      }
      #expect(told("kept_deny_list_version") == ["17", "17"], "\(conflicts)")
      #expect(told("other_deny_list_version") == ["18", "null"], "\(conflicts)")
      try await service.settle()
      let listing = await service.send(
        .get, "/v1/taps/deny-list?device=V-1&epoch=3&seq=5",
        token: try await service.token(.dispatcher)
      ).text
      let lists = #""used":{"version":17,"made_at":null,"listed":null},"newest":null}"#
      #expect(listing.hasSuffix(lists), "\(listing)")
    }
  }

  @Test func gapsConflictsAndEvidenceAreShown() async throws {
    try await TestService.with { service in
      let token = try await service.token(.dispatcher)
      let validator = try await service.validator(try await service.token(.admin))
      _ = await validator.post(
        "/v1/tap-batches", validator.batch([tap(1), tap(5)]), to: service)
      _ = await validator.post(
        "/v1/tap-batches", validator.batch([tap(5, route: "22")]), to: service)
      let gaps = await service.send(.get, "/v1/fleet/gaps", token: token)
      #expect(gaps.text.contains(#""epoch":3,"first":2,"last":4"#), "\(gaps.text)")
      _ = await validator.post(
        "/v1/tap-batches", validator.batch([tap(2), tap(3), tap(4)]), to: service)
      let filled = await service.send(.get, "/v1/fleet/gaps?device=V-1", token: token)
      #expect(filled.text == #"{"gaps":[],"next":null}"#)
      let closed = await service.send(.get, "/v1/fleet/gaps?closed_days=1", token: token)
      #expect(closed.text.contains(#""first":2,"last":4"#), "\(closed.text)")
      let conflicts = await service.send(.get, "/v1/fleet/conflicts", token: token).text
      let kept = try #require(conflicts.firstRange(of: #""kept":{"seq":5"#))
      let other = try #require(conflicts.firstRange(of: #""other":{"seq":5"#))
      #expect(conflicts[kept.upperBound..<other.lowerBound].contains(#""route":"15""#))
      #expect(conflicts[other.upperBound...].contains(#""route":"22""#))
      #expect(!conflicts.contains("04a1b2c3"))
      let inspector = try await service.token(.inspector)
      let file = await service.send(
        .get, "/v1/evidence?device=V-1&epoch=3&seq=5", token: inspector)
      let evidence = try TapEvidence(json: file.body)
      #expect(evidence.checks(trusting: validator.keys.publicKey).allSatisfy { $0.isGood })
      #expect(evidence.tap?.route == "15")
      // What came second is proven as well, by the batch that brought nothing else.
      let number = try #require(conflicts.firstMatch(of: /"conflict":([0-9]+)/)?.output.1)
      let second = await service.send(
        .get, "/v1/evidence?device=V-1&epoch=3&seq=5&conflict=\(number)", token: inspector)
      let contradiction = try TapEvidence(json: second.body)
      #expect(contradiction.checks(trusting: validator.keys.publicKey).allSatisfy { $0.isGood })
      #expect(contradiction.tap?.route == "22")
      for (query, status) in [
        ("?device=V-1&epoch=3&seq=5&conflict=99999", 404),
        ("?device=V-1&epoch=3&seq=4&conflict=\(number)", 404),
        ("?device=V-1&epoch=3&seq=5&conflict=x", 400), ("?device=V-1&epoch=3&seq=6", 404),
        ("?device=V-1&epoch=3", 400),
        ("?device=V-1&epoch=x&seq=5", 400), ("?epoch=3&seq=5", 400),
      ] {
        let answer = await service.send(.get, "/v1/evidence\(query)", token: inspector)
        #expect(answer.status.code == status, "\(query)")
      }
    }
  }

  @Test func evidenceHoldsAfterTheKeyIsGone() async throws {
    try await TestService.with { service in
      let admin = try await service.token(.admin)
      let validator = try await service.validator(admin)
      _ = await validator.post("/v1/tap-batches", validator.batch([tap(1)]), to: service)
      let later = TestService.now.adding(seconds: 60)
      _ = try await service.services.desk.revoke("V-1", at: later)
      let added = await service.post("/v1/devices", token: admin, json: #"{"device": "V-1"}"#)
      _ = try await service.validator(
        "V-1", seed: "two", secret: try #require(added.member("secret")))
      let file = await service.send(
        .get, "/v1/evidence?device=V-1&epoch=3&seq=1", token: admin)
      let evidence = try TapEvidence(json: file.body)
      let checks = evidence.checks(trusting: validator.keys.publicKey)
      #expect(checks.allSatisfy { $0.isGood }, "\(checks)")
      guard case .ed25519(_, let key) = evidence.proof else {
        Issue.record("another kind of proof")
        return
      }
      #expect(key.endReason == "revoked" && key.publicKey == validator.keys.publicKey)
    }
  }

  /// What was taken in came before the end of the key, whatever the clock of the revocation says.
  @Test func evidenceHoldsWhereTheKeyWasRevokedByAClockSetBack() async throws {
    try await TestService.with { service in
      let admin = try await service.token(.admin)
      let validator = try await service.validator(admin)
      _ = await validator.post("/v1/tap-batches", validator.batch([tap(1)]), to: service)
      let before = TestService.now.adding(seconds: -3600)
      _ = try await service.services.desk.revoke("V-1", at: before)
      let file = await service.send(
        .get, "/v1/evidence?device=V-1&epoch=3&seq=1", token: admin)
      let checks = try TapEvidence(json: file.body).checks(trusting: validator.keys.publicKey)
      #expect(!checks.isEmpty && checks.allSatisfy { $0.isGood }, "\(checks)")
      let refused = await validator.post(
        "/v1/tap-batches", validator.batch([tap(2)]), to: service)
      #expect(refused.status == .forbidden)
    }
  }

  @Test(arguments: [
    "/v1/fleet/silent?seconds=x", "/v1/fleet/silent?seconds=1", "/v1/fleet/gaps?closed_days=0",
    "/v1/fleet/gaps?after=7", "/v1/fleet/conflicts?limit=0",
    "/v1/quarantine?state=gone", "/v1/quarantine?after=x",
    "/v1/quarantine?limit=0", "/v1/deny-list/entries?medium=x", "/v1/deny-list/versions?limit=0",
    "/v1/deny-list/entries?history=maybe",
  ])
  func aQueryThatIsNoneIsRefused(_ target: String) async throws {
    try await TestService.with { service in
      let answer = await service.send(.get, target, token: try await service.token(.admin))
      #expect(answer.status == .badRequest && answer.problemCode == "bad_parameter", "\(target)")
    }
  }

  @Test func nobodyIsSilentInAnEmptyCity() async throws {
    try await TestService.with { service in
      let token = try await service.token(.dispatcher)
      let answer = await service.send(.get, "/v1/fleet/silent", token: token)
      #expect(answer.text == #"{"devices":[],"next":null}"#)
    }
  }
}

@Suite(.enabled(if: LeasedDatabase.isAvailable, "skipped: no PostgreSQL"))
struct QuarantineEndpointTests {
  @Test func aTapIsReleasedOnceWithWhoAndWhy() async throws {
    try await TestService.with { service in
      let token = try await service.token(.accountant)
      let validator = try await service.validator(try await service.token(.admin))
      _ = await validator.post(
        "/v1/tap-batches", validator.batch([tap(1, seconds: 86_400), tap(2, seconds: 86_400)]),
        to: service)
      let held = await service.send(.get, "/v1/quarantine?limit=1", token: token)
      #expect(held.member("code") == "tap_in_future" && held.member("next") == "V-1/3/1")
      let rest = await service.send(.get, "/v1/quarantine?after=V-1/3/1", token: token)
      #expect(rest.text.contains(#""seq":2"#) && !rest.text.contains(#""seq":1,"#))
      func decide(_ path: String, _ json: String) async -> Answer {
        await service.post("/v1/quarantine/\(path)", token: token, json: json)
      }
      let name = #""device": "V-1", "epoch": 3, "seq": 1"#
      let cases = [
        ("release", "{\(name)}", 400, "member_missing"),
        ("release", #"{\#(name), "reason": "clock"}"#, 422, "time_needed"),
        (
          "release", #"{\#(name), "reason": " ", "at": "2026-11-22T07:00:00Z"}"#, 422,
          "reason_missing"
        ),
        (
          "release", #"{\#(name), "reason": "clock", "at": "2026-11-22T09:00:00Z"}"#, 422,
          "time_in_future"
        ),
        ("discard", #"{\#(name), "reason": "x", "riders": 1}"#, 422, "nothing_to_correct"),
        (
          "discard", #"{"device": "V-1", "epoch": 3, "seq": 7, "reason": "x"}"#, 404,
          "not_in_quarantine"
        ),
        ("discard", #"{\#(name), "why": "x"}"#, 400, "malformed"),
      ]
      for (path, json, status, code) in cases {
        let answer = await decide(path, json)
        #expect(
          answer.status.code == status && answer.problemCode == code, "\(json) \(answer.text)")
      }
      let release = #"{\#(name), "reason": "its clock", "at": "2026-11-22T07:00:00Z"}"#
      let released = await decide("release", release)
      #expect(released.member("decided_by") == "test (accountant)", "\(released.text)")
      #expect(await decide("release", release).problemCode == "released_before")
      let other = name.replacing(#""seq": 1"#, with: #""seq": 2"#)
      let discarded = await decide("discard", #"{\#(other), "reason": "a test card"}"#)
      #expect(discarded.member("state") == "discarded", "\(discarded.text)")
      #expect(
        await decide("discard", #"{\#(other), "reason": "x"}"#).problemCode == "discarded_before")
      let all = await service.send(.get, "/v1/quarantine?state=all", token: token)
      #expect(all.text.contains("a test card") && all.text.contains("its clock"))
      try await service.settle()
      let taps = try await service.store.read { db in
        try await db.tapAudit.sorted(device: "V-1", epoch: 3, after: 0, countMax: 10)
      }
      #expect(taps.map(\.tap.name.seq) == [1])
      #expect(taps.first?.tap.at == TestService.now.adding(seconds: -3600))
    }
  }
}

@Suite(.enabled(if: LeasedDatabase.isAvailable, "skipped: no PostgreSQL"))
struct DenyListEndpointTests {
  @Test func theListReachesAValidatorWholeThenByDifference() async throws {
    try await TestService.with { service in
      try await service.prepareDenyList()
      let token = try await service.token(.accountant)
      let validator = try await service.validator(try await service.token(.admin))
      _ = await validator.post("/v1/tap-batches", validator.batch([tap(1)]), to: service)
      try await service.settle()
      let medium = service.services.tokenKey.mediumID(
        kind: .card, token: Array("04a1b2c3".utf8))
      let added = await service.post(
        "/v1/deny-list/entries", token: token,
        json: #"{"media": ["\#(medium)"], "reason": "lost", "note": "call of 22 November"}"#)
      #expect(added.text == #"{"version":1}"#)
      let bytes = await validator.get(
        "/v1/deny-list", accept: "application/octet-stream", from: service)
      let whole = try #require(DenyListFile(binary: bytes.body))
      #expect(whole.version == 1 && whole.since == nil && whole.addedCount == 1)
      let print = TokenFingerprint.of(
        kind: .card, token: Array("04a1b2c3".utf8), salt: whole.salt)
      #expect(whole.denies(print))
      let tag = try #require(bytes.headers[.eTag])
      let same = await validator.get(
        "/v1/deny-list", accept: "application/octet-stream", tag: tag, from: service)
      #expect(same.status == .notModified && same.headers[.eTag] == tag && same.body.isEmpty)
      #expect(await validator.get("/v1/deny-list?since=1", from: service).status == .notModified)
      let lifted = await service.post(
        "/v1/deny-list/lift", token: token, json: #"{"media": ["\#(medium)"]}"#)
      #expect(lifted.text == #"{"version":2}"#)
      let json = await validator.get("/v1/deny-list?since=1", from: service)
      #expect(json.contentType == "application/json" && json.text.contains(#""version":2"#))
      let own = await validator.get("/v1/devices/self", from: service)
      #expect(own.text.contains(#""deny_list_version":2"#))
      let versions = await service.send(.get, "/v1/deny-list/versions", token: token)
      #expect(versions.text.contains(#""version":2"#))
      #expect(versions.text.contains(#""devices_reached":1,"devices_active":1"#))
      #expect(versions.text.contains(#""devices_reached":0,"devices_active":1"#), "not named yet")
      let behind = await service.send(
        .get, "/v1/deny-list/behind", token: try await service.token(.dispatcher))
      #expect(
        behind.text.hasPrefix(#"{"version":2,"devices":[{"device":"V-1","held_version":1,"#),
        "\(behind.text)")
      let history = await service.send(
        .get, "/v1/deny-list/entries?history=true&medium=\(medium)", token: token)
      #expect(history.text.contains("call of 22 November"), "\(history.text)")
    }
  }

  @Test func whatCannotBeDeniedIsRefused() async throws {
    try await TestService.with { service in
      try await service.prepareDenyList()
      let token = try await service.token(.accountant)
      let nobody = MediumID(high: 1, low: 2)
      for (json, status, code) in [
        (#"{"media": [], "reason": "lost"}"#, 422, "media_count"),
        (#"{"media": ["\#(nobody)"]}"#, 400, "member_missing"),
        (#"{"media": ["\#(nobody)"], "reason": "Lost it"}"#, 422, "bad_reason"),
        (#"{"media": ["card"], "reason": "lost"}"#, 400, "malformed"),
        (#"{"media": ["\#(nobody)"], "reason": "lost"}"#, 404, "medium_unknown"),
      ] {
        let answer = await service.post("/v1/deny-list/entries", token: token, json: json)
        #expect(
          answer.status.code == status && answer.problemCode == code, "\(json) \(answer.text)")
      }
    }
  }

  @Test func whoIsNoValidatorGetsNoList() async throws {
    try await TestService.with { service in
      try await service.prepareDenyList()
      let answer = await service.send(.get, "/v1/deny-list")
      #expect(answer.status == .unauthorized)
      let validator = try await service.validator(try await service.token(.admin))
      let odd = await validator.get("/v1/deny-list", accept: "text/html", from: service)
      #expect(odd.status == .notAcceptable)
      let bad = await validator.get("/v1/deny-list?since=x", from: service)
      #expect(bad.problemCode == "bad_parameter")
      let ahead = await validator.get("/v1/deny-list?since=99", from: service)
      #expect(ahead.text.contains(#""since":null"#), "a list of another city is replaced whole")
    }
  }
}
