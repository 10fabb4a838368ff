import Basics
import DatabaseSupport
import EventLoop
import Foundation
import Postgres
import Programs
import ServiceClient
import Tapping
import Testing
import Transit

/// The books by command: what is refused, in which words, and what a change by hand looks like.
@Suite(
  .enabled(if: PrivateCluster.isPossible, "skipped: no PostgreSQL"), .serialized, .serverTurn)
struct LedgerCommandTests {
  /// Runs statements on the database of a service, as whoever owns it.
  static func asOwner(_ service: KvytokService, _ sql: String) async throws {
    try await asOwner(service) { pool in
      _ = try await pool.session { db in try await db.script(sql) }
    }
  }

  /// Does something with connections of the owner of a service's database.
  static func asOwner(
    _ service: KvytokService, _ body: (PostgresPool) async throws -> Void
  ) async throws {
    let folder = service.data.appendingPathComponent("postgres").path
    let configuration = try #require(PrivateCluster.running(folder: folder))
    let loop = EventLoop.start(name: "owner")
    let pool = PostgresPool(configuration: configuration.patient, loop: loop)
    do {
      try await body(pool)
    } catch {
      await pool.close()
      await loop.shutdown()
      throw error
    }
    await pool.close()
    await loop.shutdown()
  }

  @Test func aMonthWithQuarantinedTapsIsNotClosedWithoutAnOrder() async throws {
    try await KvytokService.with { service in
      let device = SignedDevice(id: "V-7", secret: "a test")
      #expect(try await device.enroll(vehicle: "101", with: service.client))
      let now = Instant(seconds: Int64(Date().timeIntervalSince1970))
      let taps = [
        Tap(
          seq: 1, at: now.adding(seconds: 86_400), kind: .single, medium: .card,
          token: Array("held".utf8))
      ]
      _ = try await device.postTaps(
        body: TapBatchJSON.encode(TapBatch(device: "V-7", epoch: 1, sentAt: now, taps: taps)),
        with: service.client)
      try await Self.asOwner(
        service,
        "update tap_quarantine set received_at = received_at - interval '70 days'")
      let month = try CityToday.lastMonth
      let olena = try await service.person("olena")
      let refused = try await service.run(["ledger", "close", month, "--as", olena])
      #expect(refused.exitCode == 1)
      #expect(
        refused.output.contains("open: 1 taps in quarantine: release or discard them"),
        "\(refused.output)\(refused.errors)")
      #expect(
        refused.errors.contains(
          "\(month) is not closed: settle what is open, or order --with-open-items."),
        "\(refused.errors)")
      let ordered = try await service.run([
        "ledger", "close", month, "--as", olena, "--with-open-items",
      ])
      #expect(
        ordered.exitCode == 0 && ordered.output.contains("left open: 1 taps in quarantine"),
        "\(ordered.output)\(ordered.errors)")
      let again = try await service.run(["ledger", "close", month, "--as", olena])
      #expect(again.exitCode == 0 && again.output.contains("was closed before"))
    }
  }

  @Test func nobodyApprovesTheirOwnAdjustmentAndAChangeByHandIsNamed() async throws {
    try await KvytokService.with { service in
      let (olena, taras) = (
        try await service.person("olena"), try await service.person("taras")
      )
      let nobody = try await service.run(["ledger", "adjust", "approve", "1"])
      #expect(nobody.exitCode == 2 && nobody.errors.contains("Say who gives the order"))
      let desk = try await service.person("desk 1", role: "cashier")
      let cashier = try await service.run(["ledger", "adjust", "approve", "1", "--as", desk])
      #expect(cashier.exitCode == 1 && cashier.errors.contains("may not do this"))
      let asked = try await service.run([
        "ledger", "adjust", "request", "--line", "1110:debit:500", "--line", "2290:credit:500",
        "--currency", "UAH", "--reason", "found in the safe", "--as", olena,
      ])
      #expect(asked.exitCode == 0, "\(asked.errors)")
      // A second token of the same person is no second person.
      for own in [olena, try await service.person("Olena")] {
        let refused = try await service.run(["ledger", "adjust", "approve", "1", "--as", own])
        #expect(refused.exitCode == 1 && refused.errors.contains("another person"))
      }
      let before = try await service.run(["ledger", "trial-balance"])
      #expect(before.output.contains("nothing is booked yet"), "\(before.output)")
      let then = try await service.run(["ledger", "trial-balance", "--date", "2026-11-01"])
      #expect(
        then.output.contains("nothing is booked through 2026-11-01"), "\(then.output)")

      // Whoever owns the database has not the key of the service.
      await #expect(throws: PostgresError.self) {
        try await Self.asOwner(
          service, "update adjustment set requested_by = 'taras' where adjustment_id = 1")
      }
      let other = try await service.run(["ledger", "adjust", "approve", "1", "--as", taras])
      #expect(other.exitCode == 0, "\(other.errors)")
      let sound = try await service.run(["ledger", "verify"])
      #expect(sound.exitCode == 0, "\(sound.output)")
      try await Self.asOwner(
        service,
        """
        begin; set local kvytok.seal_key = '';
        insert into wallet_rule values ('UAH', 0, 100000, now(), 'nobody'); commit
        """)
      let found = try await service.run(["ledger", "verify"])
      #expect(found.exitCode == 1)
      #expect(
        found.output.contains("fault: wallet_rule UAH was written by hand"), "\(found.output)")
    }
  }

  @Test func withoutTheFolderOfTheServiceNothingIsWrittenAndTheProofSaysWhatItLeftOut() async throws
  {
    try await KvytokService.with { service in
      let folder = service.data.appendingPathComponent("postgres").path
      let place = try #require(PrivateCluster.running(folder: folder)).place
      let olena = try await service.person("olena")
      // user@host:port/database, the host a folder.
      let user = place.prefix { $0 != "@" }
      let database = place.split(separator: "/").last ?? ""
      let host = place.dropFirst(user.count + 1).prefix { $0 != ":" }
      let empty = try TemporaryFolder.make("elsewhere")
      defer { try? FileManager.default.removeItem(at: empty) }
      let elsewhere = [
        "--database-url", "host=\(host) user=\(user) dbname=\(database)", "--data", empty.path,
      ]
      let verified = try await Command.run(["ledger", "verify"] + elsewhere)
      #expect(verified.exitCode == 0, "\(verified.output)\(verified.errors)")
      #expect(verified.output.contains("stamps of rows not checked"))
      let asked = try await Command.run(
        [
          "ledger", "adjust", "request", "--line", "1110:debit:500", "--line", "2290:credit:500",
          "--currency", "UAH", "--reason", "x", "--as", olena,
        ] + elsewhere)
      #expect(asked.exitCode != 0)
      #expect(asked.errors.contains("adjustment is written by kvytok alone"), "\(asked.errors)")
    }
  }
}
