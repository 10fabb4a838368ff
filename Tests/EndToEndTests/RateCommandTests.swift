import Basics
import Foundation
import Postgres
import ServiceClient
import Tapping
import Testing
import Transit

/// `kvytok rate` and `kvytok taps` on a service that runs.
@Suite(.enabled(if: PrivateCluster.isPossible, "skipped: no PostgreSQL"), .serialized)
struct RateCommandTests {
  /// The tariff of the city in which any ride costs so much.
  private func mended(_ price: String, _ service: KvytokService) throws -> String {
    let folder = service.data.appendingPathComponent("mended/zelenohrad")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try """
    tariff: zelenohrad
    version: mended-\(price)
    effective: {from: 2026-11-20}
    currency: UAH
    timezone: Europe/Kyiv
    day_start: "04:00"
    categories:
      adult: {title: {uk: дорослий, en: adult}}
      pupil: {title: {uk: учень, en: pupil}}
      student: {title: {uk: студент, en: student}}
      pensioner: {title: {uk: пенсіонер, en: pensioner}, free: true, as: adult}
    fares:
      - {name: ride, price: {adult: \(price), pupil: 4.00, student: 6.00}}
    """.write(
      to: folder.appendingPathComponent("tariff.yaml"), atomically: true, encoding: .utf8)
    return folder.path
  }

  private func post(_ count: Int, _ service: KvytokService) async throws {
    let device = SignedDevice(id: "V-1", secret: "a test")
    #expect(try await device.enroll(vehicle: "101", with: service.client))
    let noon = try #require(Instant(iso8601: "2026-11-20T12:00:00+02:00"))
    let taps = (1...count).map { number in
      Tap(
        seq: Int64(number), at: noon.adding(seconds: Int64(number) * 7200), kind: .single,
        medium: .card, token: Array("a card".utf8))
    }
    let body = TapBatchJSON.encode(
      TapBatch(device: "V-1", epoch: 1, sentAt: noon.adding(seconds: 40_000), taps: taps))
    #expect(try await device.postTaps(body: body, with: service.client).answer.accepted == count)
  }

  @Test func tapsAreCountedAndThoseThatAreStuckAreListed() async throws {
    try await KvytokService.with { service in
      let empty = try await service.run(["taps", "stuck"])
      #expect(empty.exitCode == 0 && empty.output == "no tap is stuck\n", "\(empty.errors)")
      try await post(3, service)
      let states = try await eventually { () -> RunningProgram.End? in
        let states = try await service.run(["taps", "states"])
        let counts = Self.counts(states.output)
        return counts["rated"] == "3" ? states : nil
      }
      #expect(states?.exitCode == 0)
      #expect(Self.counts(states?.output ?? "")["journalled"] == "3")
      let wrong = try await service.run(["taps", "stuck", "--state", "lost"])
      #expect(wrong.exitCode == 2 && wrong.errors.contains("There is no state lost"))
    }
  }

  private static func counts(_ text: String) -> [String: String] {
    var counts: [String: String] = [:]
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ")
      if words.count == 2 { counts[String(words[0])] = String(words[1]) }
    }
    return counts
  }

  @Test func anOrderIsSeenGivenAndAboveTheLimitApprovedByAnother() async throws {
    try await KvytokService.with { service in
      try await post(3, service)
      let (olena, taras) = (
        try await service.person("olena"), try await service.person("taras")
      )
      _ = try await eventually { () -> Bool? in
        Self.counts(try await service.run(["taps", "states"]).output)["rated"] == "3" ? true : nil
      }
      let days = ["--from", "2026-11-20", "--to", "2026-11-20"]
      let nobody = try await service.run(["rate", "order"] + days)
      #expect(nobody.exitCode == 2 && nobody.errors.contains("Say who gives the order"))
      let turned = try await service.run([
        "rate", "preview", "--from", "2026-11-21", "--to", "2026-11-20",
      ])
      #expect(turned.exitCode == 2 && turned.errors.contains("--from is after --to"))

      // Three rides of 900.00 are above the limit of 1,000.00: another person approves.
      let tariff = try mended("900.00", service)
      let seen = try await service.run(["rate", "preview", "--tariff", tariff] + days)
      #expect(
        seen.exitCode == 0 && seen.output.contains("2700.00"), "\(seen.output)\(seen.errors)")
      let waits = try await service.run(
        ["rate", "order", "--tariff", tariff, "--as", olena] + days)
      #expect(
        waits.output.contains("order 1 waits for another person: kvytok rate approve 1"),
        "\(waits.output)\(waits.errors)")
      let own = try await service.run(["rate", "approve", "1", "--as", olena])
      #expect(
        own.exitCode == 1 && own.errors.contains("somebody else has to approve it"), "\(own.errors)"
      )
      let other = try await service.run(["rate", "approve", "1", "--as", taras])
      #expect(
        other.output.contains("order 1: 1 rider-days are being rated anew"),
        "\(other.output)\(other.errors)")
      let again = try await service.run(["rate", "refuse", "1", "--as", olena])
      #expect(again.exitCode == 1 && again.errors.contains("already"), "\(again.errors)")

      // Once it is rated anew, the same order changes nothing and needs nobody else.
      let settled = try await eventually { () -> RunningProgram.End? in
        let seen = try await service.run(["rate", "preview"] + days)
        return seen.output.contains("2700.00") ? nil : seen
      }
      #expect(settled?.exitCode == 0)
      let small = try await service.run(["rate", "order", "--as", taras] + days)
      #expect(small.output.contains("order 2: 1 rider-days"), "\(small.output)\(small.errors)")
      let listed = try await service.run(["rate", "list"])
      #expect(listed.output.contains("270000"), "\(listed.output)")
      #expect(listed.output.contains("olena") && listed.output.contains("taras"))
      let proof = try await service.run(["ledger", "verify", "--from-taps"])
      #expect(proof.exitCode == 0, "\(proof.output)\(proof.errors)")
    }
  }
}
