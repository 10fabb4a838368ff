import Basics
import EventLoop
import Foundation
import Postgres
import Programs
import ServiceClient
import Tapping
import Testing
import Transit

@Suite(
  .enabled(if: PrivateCluster.isPossible, "skipped: no PostgreSQL"), .serialized, .serverTurn)
struct ServiceTests {
  @Test func theServiceSaysOnceWhenItIsReadyAndStopsWhenTold() async throws {
    let data = try TemporaryFolder.make("data")
    defer { try? FileManager.default.removeItem(at: data) }
    let service = try await KvytokService(data: data)
    let mark = data.appendingPathComponent("postgres/data/postmaster.pid")
    let server = try #require(
      Int32(try String(contentsOf: mark, encoding: .utf8).prefix { $0.isNumber }))
    let file = data.appendingPathComponent("admin-token").path
    let rights = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions]
    #expect(rights as? Int == 0o600)
    let ready = try await service.client.send("GET", "/readyz")
    // Taps are taken without a network; whoever looks is told that there is none.
    #expect(ready.status == 200)
    #expect(ready.text.contains(#""name":"network","ok":false"#), "\(ready.text)")
    #expect(ready.text.contains("kvytok network import"), "\(ready.text)")
    // The fleet is watched by the service itself, from its start on, also while nobody asks about it.
    let gauge = "\nkvytok_sequence_gap_age_seconds_max 0\n"
    let watched = try await eventually { () -> Bool? in
      try await service.client.send("GET", "/metrics").text.contains(gauge) ? true : nil
    }
    #expect(watched == true)
    let end = try await service.stop()
    #expect(end.exitCode == 0, "\(end.errors)")
    #expect(end.output == "kvytok ready \(service.url) data=\(data.path)\n")
    // What is no terminal is a log, and many read it.
    #expect(end.errors.contains(file) && !end.errors.contains(service.adminToken))
    #expect(kill(server, 0) != 0, "the private server outlived the service")
    // The second start keeps token and data.
    let again = try await KvytokService(data: data)
    #expect(again.adminToken == service.adminToken)
    #expect(!again.program.errors.contains(service.adminToken))
    let listed = try await again.client.administer("GET", "/v1/devices")
    #expect(listed.text.hasPrefix("{\"devices\":[]"))
    try await again.stop()
  }

  @Test func aTapGoesItsWholeWay() async throws {
    try await KvytokService.with { service in
      let secret = try await service.run(["device", "enroll", "V-1", "--vehicle", "101"])
      #expect(secret.exitCode == 0)
      let device = SignedDevice(id: "V-1", secret: "a test")
      #expect(try await device.enroll(vehicle: "101", with: service.client))
      let token: [UInt8] = Array("a card".utf8)
      let noon = try #require(Instant(iso8601: "2026-11-20T12:00:00+02:00"))
      let taps = (1...3).map { number in
        Tap(
          seq: Int64(number), at: noon.adding(seconds: Int64(number) * 7200), kind: .single,
          medium: .card, token: token, riders: 1, result: .accepted)
      }
      let batch = TapBatch(
        device: "V-1", epoch: 1, sentAt: noon.adding(seconds: 30_000), tariffVersion: nil,
        denyListVersion: nil, taps: taps)
      let body = TapBatchJSON.encode(batch)
      let first = try await device.postTaps(body: body, with: service.client)
      #expect(first.answer.accepted == 3 && first.answer.ackThrough == 3)
      let second = try await device.postTaps(body: body, with: service.client)
      #expect(second.answer.accepted == 0 && second.answer.duplicates == 3)
      let text = Base64.encode(token, .url)
      let shown = try await eventually { () -> RunningProgram.End? in
        let shown = try await service.run(["rider", "show", text, "--date", "2026-11-20"])
        return shown.output.components(separatedBy: "\n2026-11-20 ").count == 4 ? shown : nil
      }
      #expect(shown?.exitCode == 0)
      let ukrainian = try await service.run([
        "rider", "show", text, "--date", "2026-11-20", "--lang", "uk",
      ])
      #expect(ukrainian.output.hasPrefix("пасажир "), "\(ukrainian.output)")
      #expect(ukrainian.output.contains("\n  від ? до ?\n"), "\(ukrainian.output)")
      for word in ["from ", "route unknown", "fare unknown", "total "] {
        #expect(!ukrainian.output.contains(word), "\(word) in \(ukrainian.output)")
      }
      let balance = try await service.run(["ledger", "trial-balance"])
      #expect(balance.exitCode == 0 && balance.output.contains("difference 0"))
      let proof = try await service.run(["ledger", "verify", "--from-taps"])
      #expect(proof.exitCode == 0, "\(proof.output)\(proof.errors)")
      let report = try await service.run([
        "report", "operators", "--date", "2026-11-20", "--format", "csv",
      ])
      #expect(report.exitCode == 0 && report.output.hasPrefix("table,"))
      let audit = try await service.client.administer(
        "GET", "/v1/audit/taps?device=V-1&epoch=1")
      let lines = audit.text.split(separator: "\n")
      #expect(lines.count == 3 && lines.allSatisfy { $0.contains("\"state\":\"rated\"") })
    }
  }

  @Test func whatWasAcknowledgedSurvivesAKill() async throws {
    let data = try await KvytokService.preparedData()
    defer { try? FileManager.default.removeItem(at: data) }
    let service = try await KvytokService(data: data)
    let device = SignedDevice(id: "V-1", secret: "a test")
    _ = try await device.enroll(vehicle: nil, with: service.client)
    let start = try #require(Instant(iso8601: "2026-11-20T08:00:00+02:00"))
    let url = service.url
    // From the tenth answer on, so that the kill finds work, however slow the machine is.
    let (tenth, answered) = AsyncStream<Void>.makeStream()
    let killer = Task {
      for await _ in tenth {}
      try await Task.sleep(for: .milliseconds(50))
      service.program.signal(SIGKILL)
    }
    var acknowledged = 0
    let client = ServiceClient(base: url, adminToken: nil)
    for number in 0..<2000 {
      let taps = (1...20).map { index in
        Tap(
          seq: Int64(number * 20 + index), at: start.adding(seconds: Int64(number)),
          kind: .single, medium: .card, token: Array("card \(index)".utf8), riders: 1,
          result: .accepted)
      }
      let body = TapBatchJSON.encode(
        TapBatch(
          device: "V-1", epoch: 1, sentAt: start.adding(seconds: 5000), tariffVersion: nil,
          denyListVersion: nil, taps: taps))
      do {
        let (answer, _) = try await client.sendOnce(
          "POST", "/v1/tap-batches", headers: device.headers(for: body), body: body)
        guard answer.status == 200 else { break }
        acknowledged += 20
        if acknowledged == 200 { answered.finish() }
      } catch {
        break
      }
    }
    answered.finish()
    try await killer.value
    try await client.close()
    try await service.client.close()
    _ = await service.program.end()
    #expect(acknowledged >= 200)
    let again = try await KvytokService.afterKill(data: data)
    let stored = try await DeviceTotals.tapsStored(devices: ["V-1"], with: again.client)
    let kept = try #require(stored)
    #expect(kept >= acknowledged, "\(acknowledged) were acknowledged, \(kept) are there")
    try await again.stop()
  }
}

@Suite(.enabled(if: PrivateCluster.isPossible, "skipped: no PostgreSQL"), .serverTurn)
struct LostDatabaseTests {
  @Test func theServiceOutlivesItsDatabaseAndLosesNothing() async throws {
    try await ApartDatabase.with { service, database in
      let device = SignedDevice(id: "V-1", secret: "a test")
      _ = try await device.enroll(vehicle: nil, with: service.client)
      let bodies = try Self.bodies(count: 60)
      var acknowledged = 0
      for (index, body) in bodies.enumerated() {
        if index == 20 {
          await database.cluster.stop()
          let (away, _) = try await service.client.sendOnce(
            "POST", "/v1/tap-batches", headers: device.headers(for: body), body: body)
          #expect(away.status == 503)
          #expect(try await service.client.sendOnce("GET", "/healthz").answer.status == 200)
          #expect(try await service.client.sendOnce("GET", "/readyz").answer.status == 503)
          try await database.startAgain()
        }
        let (answer, _) = try await device.postTaps(body: body, with: service.client)
        acknowledged += answer.accepted + answer.duplicates
      }
      #expect(acknowledged == bodies.count)
      let stored = try await DeviceTotals.tapsStored(devices: ["V-1"], with: service.client)
      #expect(stored == bodies.count)
    }
  }

  private static func bodies(count: Int) throws -> [[UInt8]] {
    let start = try #require(Instant(iso8601: "2026-11-20T08:00:00+02:00"))
    return (1...count).map { number in
      TapBatchJSON.encode(
        TapBatch(
          device: "V-1", epoch: 1, sentAt: start.adding(seconds: 5000),
          taps: [
            Tap(
              seq: Int64(number), at: start.adding(seconds: Int64(number)), kind: .single,
              medium: .card, token: Array("a card".utf8))
          ]))
    }
  }
}
