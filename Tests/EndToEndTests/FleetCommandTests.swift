import Basics
import Foundation
import Postgres
import Programs
import ServiceClient
import Tapping
import Testing
import Transit

@Suite(
  .enabled(if: PrivateCluster.isPossible, "skipped: no PostgreSQL"), .serialized, .serverTurn)
struct FleetCommandTests {
  @Test func aDeviceItsTapsAndTheirProofAreLedByCommands() async throws {
    try await KvytokService.with { service in
      let device = SignedDevice(id: "V-7", secret: "a test")
      #expect(try await device.enroll(vehicle: "101", with: service.client))
      let now = Instant(seconds: Int64(Date(timeIntervalSinceNow: 0).timeIntervalSince1970))
      let token = Array("a lost card".utf8)
      func tap(_ seq: Int64, _ seconds: Int64) -> Tap {
        Tap(
          seq: seq, at: now.adding(seconds: seconds), kind: .single, medium: .card, token: token)
      }
      let taps = [tap(1, -3600), tap(4, 86_400)]
      let body = TapBatchJSON.encode(
        TapBatch(device: "V-7", epoch: 1, sentAt: now, taps: taps))
      _ = try await device.postTaps(body: body, with: service.client)
      _ = try await device.tell(Self.beat(of: device, at: now), with: service.client)

      let gaps = try await service.run(["device", "gaps"])
      #expect(gaps.exitCode == 0 && gaps.output.contains("V-7"), "\(gaps.errors)")
      try await Self.expectEnds(of: service)
      let held = try await service.run(["quarantine", "list"])
      #expect(held.output.contains("tap_in_future"), "\(held.output)\(held.errors)")
      let hasty = try await service.run([
        "quarantine", "release", "V-7", "1", "4", "--reason", "clock",
      ])
      #expect(hasty.exitCode == 1 && hasty.errors.contains("say when it really was"))
      let discard = ["quarantine", "discard", "V-7", "1", "4", "--reason", "a test card"]
      #expect(try await service.run(discard).exitCode == 0)
      let twice = try await service.run(discard)
      #expect(twice.exitCode == 1 && twice.errors.contains("discarded before"), "\(twice.errors)")

      let text = Base64.encode(token, .url)
      let denied = try await eventually { () -> RunningProgram.End? in
        let end = try await service.run([
          "deny-list", "add", text, "--cause", "lost", "--by", "olha",
        ])
        return end.exitCode == 0 ? end : nil
      }
      #expect(denied?.output == "denied in version 1, for lost\n")
      // A slip of the pen is seen at once, and again when the right cause is lifted.
      let slip = ["deny-list", "add", text, "--cause", "lots", "--by", "olha"]
      #expect(try await service.run(slip).output == "denied in version 1, for lost, lots\n")
      let lifted = try await service.run(["deny-list", "remove", text, "--cause", "lost"])
      #expect(lifted.output == "still denied for lots, version 1\n", "\(lifted.errors)")
      let list = try await service.run(["deny-list", "show"])
      #expect(list.output.hasPrefix("version 1, 1 media denied") && list.output.contains("olha"))
      // As the options of `add` are called.
      let heads = list.output.split(separator: "\n").first { $0.hasPrefix("medium") } ?? ""
      #expect(heads.split(separator: " ") == ["medium", "kind", "cause", "since", "by", "reason"])

      let file = service.data.appendingPathComponent("tap.json").path
      let exported = try await service.run(["evidence", "export", "V-7", "1", "1", "--out", file])
      #expect(exported.exitCode == 0, "\(exported.errors)")
      // It holds tokens: its owner alone may read it, also where files are readable by all.
      #expect(try Self.mode(of: file) == 0o600)
      let sheet = service.data.appendingPathComponent("daily.csv").path
      let report = try await service.run([
        "report", "daily", "--date", "2026-11-20", "--format", "csv", "--out", sheet,
      ])
      #expect(report.exitCode == 0, "\(report.errors)")
      #expect(try Self.mode(of: sheet) == 0o600)
      let suspended = try await service.run(["device", "suspend", "V-7", "--reason", "repair"])
      #expect(suspended.output == "V-7 suspended\n")
      let revoked = try await service.run(["device", "revoke", "V-7"])
      #expect(revoked.output == "V-7 revoked\n")
      try await Self.expectProof(in: file, of: device)

      try await Self.expectFile(of: device, told: now, in: service)
    }
  }

  /// The file of a validator that was revoked, with what it told of itself.
  private static func expectFile(
    of device: SignedDevice, told now: Instant, in service: KvytokService
  ) async throws {
    let shown = try await service.run(["device", "show", device.id])
    #expect(shown.output.contains("suspend by") && shown.output.contains("— repair"))
    let key = Base64.encode(device.publicKey, .standard)
    #expect(shown.output.contains("public key \(key)\n"), "\(shown.output)")
    #expect(shown.output.contains(hexText(SHA256Digest.hash(device.publicKey))))
    #expect(shown.output.contains("\n  service key "), "\(shown.output)")
    let facts = [
      "software 4.2.1", "configuration c-7", "tariff 2026-11", "deny list 18",
      "last tap \(now.adding(seconds: -9))", "epoch 3", "number 1299", "battery 81 %",
      "free 512 MiB", "clock by itself -120 ms",
    ]
    for fact in facts {
      #expect(shown.output.contains("\n  \(fact)\n"), "\(fact) in \(shown.output)")
    }
  }

  /// All that a validator can tell of itself.
  private static func beat(of device: SignedDevice, at now: Instant) -> DeviceHeartbeat {
    var beat = DeviceHeartbeat(device: device.id, sentAt: now)
    beat.software = "4.2.1"
    beat.configuration = "c-7"
    beat.tariffVersion = "2026-11"
    beat.denyListVersion = 18
    beat.lastEpoch = 3
    beat.lastSeq = 1299
    beat.lastTapAt = now.adding(seconds: -9)
    beat.batteryPercent = 81
    beat.freeBytes = 512 << 20
    beat.clockOffsetMilliseconds = -120
    return beat
  }

  /// Whoever reads on past the end of a list is not told that there is nothing at all.
  private static func expectEnds(of service: KvytokService) async throws {
    let places = [
      "gaps": "V-7/1/2/2099-01-01T00:00:00Z", "silent": "V-7/2099-01-01T00:00:00Z",
      "conflicts": "1",
    ]
    for (list, place) in places {
      let later = try await service.run(["device", list, "--after", place])
      #expect(later.output == "No more.\n", "\(list) \(later.output)\(later.errors)")
    }
  }

  /// A file of evidence holds by the key that somebody names, and one that was changed does not.
  private static func expectProof(in file: String, of device: SignedDevice) async throws {
    // No database: only the file.
    let proof = try await Command.run(["evidence", "verify", file])
    let fingerprint = hexText(SHA256Digest.hash(device.publicKey))
    #expect(
      proof.exitCode == 0 && proof.output.hasPrefix("key \(fingerprint)\n"), "\(proof.output)")
    #expect(proof.output.contains("compare it with `kvytok device show V-7`"))
    #expect(!proof.output.contains("The evidence holds."))
    let key = Base64.encode(device.publicKey, .standard)
    let known = try await Command.run(["evidence", "verify", file, "--public-key", key])
    #expect(known.exitCode == 0 && known.output.contains("The evidence holds."))
    let forged = try String(contentsOfFile: file, encoding: .utf8)
      .replacing("\"seq\":1,", with: "\"seq\":2,")
    try forged.write(toFile: file, atomically: true, encoding: .utf8)
    let refused = try await Command.run(["evidence", "verify", file])
    #expect(refused.exitCode == 1 && refused.output.contains("!!  content"))
  }

  private static func mode(of file: String) throws -> Int? {
    let attributes = try FileManager.default.attributesOfItem(atPath: file)
    return (attributes[.posixPermissions] as? NSNumber)?.intValue
  }

  /// A validator that gives taps the largest number there is lacks more numbers than 64 bits hold.
  @Test func misnumberedTapsLeaveTheListOfDevicesReadable() async throws {
    try await KvytokService.with { service in
      let device = SignedDevice(id: "V-8", secret: "a test")
      #expect(try await device.enroll(vehicle: "101", with: service.client))
      let now = Instant(seconds: Int64(Date(timeIntervalSinceNow: 0).timeIntervalSince1970))
      for epoch in [Int64(1), 2] {
        let tap = Tap(
          seq: TapLimits.seqMax, at: now.adding(seconds: -60), kind: .single, medium: .card,
          token: Array("a card".utf8))
        let body = TapBatchJSON.encode(
          TapBatch(device: "V-8", epoch: epoch, sentAt: now, taps: [tap]))
        _ = try await device.postTaps(body: body, with: service.client)
      }
      for command in [["device", "list"], ["device", "gaps"], ["device", "show", "V-8"]] {
        let end = try await service.run(command)
        #expect(end.exitCode == 0 && end.output.contains("V-8"), "\(command) \(end.errors)")
        if command[1] == "list" { #expect(end.output.contains(" 9223372036854775807 ")) }
      }
    }
  }

  @Test(arguments: [
    ["device", "assign", "V-1"], ["device", "assign", "V-1", "--vehicle", "1", "--stop", "2"],
    ["device", "assign", "V-1", "--vehicle", "1", "--from", "today"],
    ["device", "rotate", "V-1", "--overlap-days", "-1"], ["device", "gaps", "--closed-days", "0"],
    ["device", "conflicts", "--limit", "0"], ["device", "gaps", "--after", "V-1/never"],
    ["device", "silent", "--after", "V-1/1/2/2026-11-22T08:00:00Z"],
    ["device", "rotate", "V-1", "--public-key", "AAAA"], ["quarantine", "list", "--state", "gone"],
    ["quarantine", "release", "V-1", "1"], ["deny-list", "add", "x", "--cause", "Lost it"],
    ["evidence", "verify"],
  ])
  func aCommandWrittenWronglyEndsWithTwo(_ arguments: [String]) async throws {
    let end = try await Command.run(arguments)
    #expect(end.exitCode == 2, "\(arguments): \(end.errors)")
  }

  /// Anybody makes a pair of keys and signs what a validator never sent.
  @Test func aFileThatItsMakerSignedIsNotSaidToHold() async throws {
    let folder = try TemporaryFolder.make("evidence")
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent("x.json")
    let real = SignedDevice(id: "V-7", secret: "a test")
    let moment = Instant(seconds: 1_795_000_000)
    let body = TapBatchJSON.encode(
      TapBatch(
        device: "V-7", epoch: 1, sentAt: moment,
        taps: [Tap(seq: 1, at: moment, kind: .single, medium: .card, token: [7])]))
    let keys = try #require(Ed25519KeyPair(seed: [UInt8](repeating: 9, count: 32)))
    let evidence = TapEvidence(
      device: "V-7", epoch: 1, seq: 1, batchID: 1, receivedAt: moment, format: .json, body: body,
      bodyDigest: SHA256Digest.hash(body),
      proof: .ed25519(
        signature: keys.sign(body), key: EvidenceKey(publicKey: keys.publicKey, validFrom: moment)),
      register: SequenceRanges([1..<2]), exportedAt: moment)
    try Data(evidence.json).write(to: file)
    let end = try await Command.run(["evidence", "verify", file.path])
    #expect(end.output.hasPrefix("key \(evidence.proof.key.fingerprint)\n"), "\(end.output)")
    #expect(!end.output.contains("The evidence holds."))
    #expect(end.output.contains("It holds by the key in the file"))
    let named = try await Command.run([
      "evidence", "verify", file.path, "--public-key", Base64.encode(real.publicKey, .standard),
    ])
    #expect(named.exitCode == 1 && named.output.contains("!!  key"), "\(named.output)")
  }

  @Test func aFileThatIsNoEvidenceIsSaidToBeNone() async throws {
    let folder = try TemporaryFolder.make("evidence")
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent("x.json")
    #expect(try await Command.run(["evidence", "verify", file.path]).exitCode == 3)
    try "{\"kvytok_evidence\":9}".write(to: file, atomically: true, encoding: .utf8)
    let end = try await Command.run(["evidence", "verify", file.path])
    #expect(end.exitCode == 1 && end.errors.contains("/kvytok_evidence"), "\(end.errors)")
  }
}
