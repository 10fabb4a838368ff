import Basics
import Foundation
import Postgres
import Programs
import ServiceClient
import Tapping
import Testing
import Transit

/// `kvytok rate` and `kvytok taps` on a service that runs.
@Suite(
  .enabled(if: PrivateCluster.isPossible, "skipped: no PostgreSQL"), .serialized, .serverTurn)
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

  /// A feed of the stops A and B on line 1, as a file.
  private func feed(_ service: KvytokService) throws -> String {
    let files = [
      "agency.txt":
        "agency_id,agency_name,agency_url,agency_timezone\nt,Tram,https://t.example,Europe/Kyiv\n",
      "stops.txt": "stop_id,stop_name,stop_lat,stop_lon\nA,Rynok,49.23,28.46\n"
        + "B,Vokzal,49.24,28.47\n",
      "routes.txt": "route_id,agency_id,route_short_name,route_long_name,route_type\nr1,t,1,,3\n",
      "trips.txt": "route_id,service_id,trip_id\nr1,all,t1\n",
      "calendar.txt":
        "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n"
        + "all,1,1,1,1,1,1,1,20260101,20261231\n",
      "stop_times.txt": "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
        + "t1,08:00:00,08:00:00,A,1\nt1,08:05:00,08:05:00,B,2\n",
    ]
    let file = service.data.appendingPathComponent("two-stops.zip")
    let archive = ZipArchive.make(
      files: files.sorted { $0.key < $1.key }.map { ($0.key, Array($0.value.utf8)) })
    try Data(archive).write(to: file)
    return file.path
  }

  @Test func theStopOfATapIsCorrectedListedAndWithdrawn() async throws {
    try await KvytokService.with { service in
      let none = try await service.run(["taps", "corrections"])
      #expect(none.output == "No stop was corrected.\n", "\(none.errors)")
      try await post(1, service)
      let imported = try await service.run([
        "network", "import", try feed(service), "--as", try await service.person("iryna"),
      ])
      #expect(imported.exitCode == 0, "\(imported.errors)")
      _ = try await eventually { () -> Bool? in
        Self.counts(try await service.run(["taps", "states"]).output)["rated"] == "1" ? true : nil
      }
      let dispatcher = try await service.person("dana", role: "dispatcher")
      let planner = try await service.person("pavlo", role: "planner")
      func correct(_ arguments: String..., by person: String) async throws -> RunningProgram.End {
        try await service.run(
          ["taps", "correct", "V-1", "1", "1", "--reason", "told us", "--as", person] + arguments)
      }
      let neither = try await correct(by: dispatcher)
      #expect(neither.exitCode == 2 && neither.errors.contains("--withdraw"))
      let barred = try await correct("--stop", "A", by: planner)
      #expect(
        barred.exitCode == 1
          && barred.errors.contains("it takes an accountant or an admin or a dispatcher"),
        "\(barred.errors)")
      let nowhere = try await correct("--stop", "Moon", by: dispatcher)
      #expect(
        nowhere.exitCode == 1 && nowhere.errors.contains("the network has no stop Moon"),
        "\(nowhere.errors)")
      let done = try await correct("--stop", "A", by: dispatcher)
      #expect(
        done.output == "correction 1: no stop → A, no fare changes\n",
        "\(done.output)\(done.errors)")
      let listed = try await service.run(["taps", "corrections", "--state", "standing"])
      #expect(listed.output.contains("dana") && listed.output.contains("told us"))
      let late = try await service.run(["taps", "approve", "1", "--as", dispatcher])
      #expect(late.exitCode == 1, "\(late.errors)")
      let proof = try await service.run(["ledger", "verify", "--from-taps"])
      #expect(proof.exitCode == 0, "\(proof.output)\(proof.errors)")
      #expect(proof.output.contains("stops that persons corrected"))
      let back = try await correct("--withdraw", by: dispatcher)
      #expect(back.output.contains("A → as it was told"), "\(back.output)\(back.errors)")
    }
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
      let shown = try await service.run([
        "rider", "show", Base64.encode(Array("a card".utf8), .url), "--date", "2026-11-20",
        "--lang", "uk",
      ])
      #expect(shown.output.contains("разом 2700,00 UAH"), "\(shown.output)\(shown.errors)")
      #expect(!shown.output.contains("0.00"), "\(shown.output)")
      let small = try await service.run(["rate", "order", "--as", taras] + days)
      #expect(small.output.contains("order 2: 1 rider-days"), "\(small.output)\(small.errors)")
      let listed = try await service.run(["rate", "list"])
      #expect(listed.output.contains("270000"), "\(listed.output)")
      #expect(listed.output.contains("olena") && listed.output.contains("taras"))
      let proof = try await service.run(["ledger", "verify", "--from-taps"])
      #expect(proof.exitCode == 0, "\(proof.output)\(proof.errors)")
    }
  }

  @Test func theLimitOfOnePersonIsShownAndSetByTwo() async throws {
    try await KvytokService.with { service in
      let olena = try await service.person("olena")
      let taras = try await service.person("taras")
      let shown = try await service.run(["rate", "limit"])
      #expect(shown.exitCode == 0, "\(shown.errors)")
      #expect(shown.output.contains("may change 100000 minor units"), "\(shown.output)")
      let asked = try await service.run(["rate", "limit", "5000", "--as", olena])
      #expect(asked.exitCode == 1, "\(asked.output)")
      #expect(asked.errors.contains("change 1 waits for another person"), "\(asked.errors)")
      let done = try await service.run(["rate", "limit", "5000", "--as", taras])
      #expect(done.exitCode == 0, "\(done.errors)")
      #expect(done.output.contains("may change 5000 minor units"), "\(done.output)")
      #expect(done.output.contains("set by olena and taras, "), "\(done.output)")
      let listed = try await service.run(["rate", "changes"])
      #expect(listed.output.contains("5000 minor units"), "\(listed.output)")
    }
  }
}
