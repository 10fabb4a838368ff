import Basics
import DatabaseSupport
import EventLoop
import Foundation
import Postgres
import Programs
import ServiceClient
import Synchronization
import Tapping
import Testing
import Transit

/// Taps do not stand in line behind what people ask for.
@Suite(.enabled(if: PrivateCluster.isPossible, "skipped: no PostgreSQL"), .serverTurn)
struct WayInTests {
  private final class Count: Sendable {
    let value = Mutex(0)
  }

  private static let start = Instant(microseconds: 1_763_632_800_000_000)

  private static func body(_ seq: Int64) -> [UInt8] {
    TapBatchJSON.encode(
      TapBatch(
        device: "V-1", epoch: 1, sentAt: start.adding(seconds: 5000),
        taps: [
          Tap(
            seq: seq, at: start.adding(seconds: seq), kind: .single, medium: .card,
            token: Array("a card".utf8))
        ]))
  }

  /// More reads than there are connections, each of which waits for a table that somebody holds.
  @Test func readsThatHoldAllConnectionsDelayNoTap() async throws {
    try await ApartDatabase.with { service, database in
      let device = SignedDevice(id: "V-1", secret: "a test")
      _ = try await device.enroll(vehicle: nil, with: service.client)
      let pool = PostgresPool(
        configuration: database.cluster.configuration().patient, loop: database.loop)
      let ended = Count()
      let client = service.client
      @Sendable func read(_ path: String) -> Task<Void, any Error> {
        Task {
          _ = try await client.administer("GET", path)
          ended.value.withLock { $0 += 1 }
        }
      }
      let reads = try await pool.transaction { db in
        _ = try await db.execute("lock table charge_window, vehicle_now in access exclusive mode")
        let reads = (1...12).map { read($0 % 3 == 0 ? "/v1/debts" : "/v1/vehicles") }
        let waiting = try await eventually { () -> Bool? in
          let count = try await pool.session { other in
            try await other.query(
              """
              select count(*) from pg_stat_activity
              where application_name = 'kvytok serve' and wait_event_type = 'Lock'
              """
            ).only().int8(0)
          }
          return count >= 8 ? true : nil
        }
        #expect(waiting == true)
        for seq in 1...3 {
          let body = Self.body(Int64(seq))
          var status = 503
          // A machine that was too busy is asked again, for as long as the reads hold what they hold.
          while status == 503, ended.value.withLock({ $0 }) == 0 {
            status = try await client.sendOnce(
              "POST", "/v1/tap-batches", headers: device.headers(for: body), body: body
            ).answer.status
          }
          #expect(status == 200)
        }
        #expect(ended.value.withLock { $0 } == 0)
        return reads
      }
      // Some were told that the service is busy, and gave up.
      for read in reads { _ = await read.result }
      await pool.close()
    }
  }
}
