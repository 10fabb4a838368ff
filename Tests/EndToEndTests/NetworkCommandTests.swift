import Basics
import Foundation
import Postgres
import Programs
import ServiceClient
import Tapping
import Testing
import Transit

/// `kvytok network import` while days were rated before, on a service that runs.
@Suite(
  .enabled(if: PrivateCluster.isPossible, "skipped: no PostgreSQL"), .serialized, .serverTurn)
struct NetworkCommandTests {
  /// 8.00 a ride, and 900.00 from zone 2.
  private func tariff(_ service: KvytokService) throws -> String {
    let folder = service.data.appendingPathComponent("zones/zelenohrad")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try """
    tariff: zelenohrad
    version: zones
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
      - {name: far, when: {zone: 2}, price: 900.00}
      - {name: ride, price: 8.00}
    """.write(
      to: folder.appendingPathComponent("tariff.yaml"), atomically: true, encoding: .utf8)
    return folder.path
  }

  /// A feed of the stops A, in a zone, and B in zone 2 on line 1, as a file.
  private func feed(_ name: String, zone: String, _ service: KvytokService) throws -> String {
    let files = [
      "agency.txt":
        "agency_id,agency_name,agency_url,agency_timezone\nt,Tram,https://t.example,Europe/Kyiv\n",
      "stops.txt": "stop_id,stop_name,stop_lat,stop_lon,zone_id\n"
        + "A,Rynok,49.23,28.46,\(zone)\nB,Vokzal,49.24,28.47,2\n",
      "routes.txt": "route_id,agency_id,route_short_name,route_long_name,route_type\nr1,t,1,,3\n",
      "trips.txt": "route_id,service_id,trip_id\nr1,all,t1\n",
      "calendar.txt":
        "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n"
        + "all,1,1,1,1,1,1,1,20260101,20261231\n",
      "stop_times.txt": "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
        + "t1,08:00:00,08:00:00,A,1\nt1,08:05:00,08:05:00,B,2\n",
    ]
    let file = service.data.appendingPathComponent(name)
    let archive = ZipArchive.make(
      files: files.sorted { $0.key < $1.key }.map { ($0.key, Array($0.value.utf8)) })
    try Data(archive).write(to: file)
    return file.path
  }

  /// Three rides of 8.00 from A, once they are rated.
  private func ride(_ service: KvytokService) async throws {
    let device = SignedDevice(id: "V-1", secret: "a test")
    #expect(try await device.enroll(vehicle: "101", with: service.client))
    let noon = try #require(Instant(iso8601: "2026-11-20T12:00:00+02:00"))
    let taps = (1...3).map { number in
      Tap(
        seq: Int64(number), at: noon.adding(seconds: Int64(number) * 7200), kind: .single,
        medium: .card, token: Array("a card".utf8), route: "1", stop: "A")
    }
    let body = TapBatchJSON.encode(
      TapBatch(device: "V-1", epoch: 1, sentAt: noon.adding(seconds: 40_000), taps: taps))
    #expect(try await device.postTaps(body: body, with: service.client).answer.accepted == 3)
    _ = try await owed("24.00", service)
  }

  /// Waits until riders owe so much for rides; what the books say then.
  @discardableResult
  private func owed(_ amount: String, _ service: KvytokService) async throws -> String {
    let found = try await eventually { () -> String? in
      let sums = try await service.run(["ledger", "trial-balance"]).output
      let line = sums.split(separator: "\n").first { $0.hasPrefix("1200") }
      return line?.contains(" \(amount)") == true ? sums : nil
    }
    return try #require(found, "riders do not owe \(amount)")
  }

  /// A misspelt name is found out when it is written down, once there is a network to know it.
  @Test func operatorsAndStopsAreThoseOfTheNetwork() async throws {
    try await KvytokService.with { service in
      func token(_ id: String) async throws -> RunningProgram.End {
        try await service.run(["token", "create", id, "--role", "accountant", "--operator", id])
      }
      func assign(_ stop: String) async throws -> RunningProgram.End {
        try await service.run(["device", "assign", "V-9", "--stop", stop])
      }
      #expect(try await service.run(["device", "enroll", "V-9"]).exitCode == 0)
      for early in [try await token("tram"), try await assign("nowhere")] {
        #expect(early.exitCode == 0 && early.errors.contains("Not checked"), "\(early.errors)")
      }
      let imported = try await service.run([
        "network", "import", try feed("one.zip", zone: "1", service),
      ])
      #expect(imported.exitCode == 0, "\(imported.errors)")
      let wrong = try await token("T")
      #expect(
        wrong.exitCode == 1 && wrong.errors.contains("The network has t.") && wrong.output.isEmpty,
        "\(wrong.errors)")
      let right = try await token("t")
      #expect(right.exitCode == 0 && !right.errors.contains("Not checked"), "\(right.errors)")
      let report = try await service.run([
        "report", "daily", "--date", "2026-11-20", "--operator", "T",
      ])
      #expect(
        report.exitCode == 1 && report.errors.contains("has an operator T")
          && report.output.isEmpty, "\(report.errors)")
      let lost = try await assign("a")
      #expect(lost.exitCode == 1 && lost.errors.contains("has a stop a"), "\(lost.errors)")
      let found = try await assign("A")
      #expect(found.exitCode == 0 && !found.errors.contains("Not checked"), "\(found.errors)")
    }
  }

  @Test func aboveTheLimitTwoPeopleBringANetworkAndItIsBookedOnce() async throws {
    try await KvytokService.with { service in
      let (olena, taras) = (
        try await service.person("olena"), try await service.person("taras")
      )
      let first = try await service.run([
        "network", "import", try feed("one.zip", zone: "1", service),
      ])
      #expect(first.exitCode == 0, "nothing was rated before: \(first.errors)")
      let published = try await service.run([
        "tariff", "publish", try tariff(service), "--rerate", "--as", olena,
      ])
      #expect(published.exitCode == 0, "\(published.output)\(published.errors)")
      try await ride(service)

      let second = [
        "network", "import", try feed("two.zip", zone: "2", service), "--from", "2026-11-20",
      ]
      let nobody = try await service.run(second)
      #expect(nobody.exitCode == 2 && nobody.errors.contains("Nothing was imported"))
      #expect(try await service.run(["network", "show"]).output.contains("one.zip"))
      let waits = try await service.run(second + ["--as", olena])
      #expect(
        waits.exitCode == 0 && waits.output.contains("2700.00")
          && waits.output.contains("order 2 waits for another person: kvytok rate approve 2"),
        "\(waits.output)\(waits.errors)")
      #expect(try await service.run(["network", "show"]).output.contains("two.zip"))
      let shown = try await service.run(["rate", "show", "2"])
      #expect(shown.exitCode == 0 && shown.output.contains("2700.00"), "\(shown.errors)")

      let own = try await service.run(["rate", "approve", "2", "--as", olena])
      #expect(
        own.exitCode == 1 && own.errors.contains("somebody else has to approve it"), "\(own.errors)"
      )
      try await owed("24.00", service)
      let other = try await service.run(["rate", "approve", "2", "--as", taras])
      #expect(
        other.output.contains("order 2: 1 rider-days are being rated anew"),
        "\(other.output)\(other.errors)")
      try await owed("2700.00", service)
      for decision in ["approve", "refuse"] {
        let again = try await service.run(["rate", decision, "2", "--as", taras])
        #expect(again.exitCode == 1 && again.errors.contains("done already"), "\(again.errors)")
      }
      let proof = try await service.run(["ledger", "verify", "--from-taps"])
      #expect(proof.exitCode == 0, "\(proof.output)\(proof.errors)")
      try await owed("2700.00", service)
    }
  }
}
