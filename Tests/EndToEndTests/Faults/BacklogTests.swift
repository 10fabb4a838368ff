import Basics
import EventLoop
import Foundation
import Glibc
import Postgres
import Programs
import ServiceClient
import Tapping
import Testing
import Transit

/// Taps that the journal took and nobody has sorted yet: signed batches of validators, as a fleet
/// leaves them while the workers stand still.
struct Backlog {
  /// Taps of the backlog: a tenth of a million, a whole one by `make faults`.
  static let tapsWanted =
    ProcessInfo.processInfo.environment["KVYTOK_BACKLOG_TAPS"].flatMap(Int.init) ?? 100_000
  /// Longest time of a test of faults; a backlog of a million taps takes its own.
  static let minutesMax = 40 + tapsWanted / 50_000

  static let tapsPerBatch = 100
  static let batchesPerStatement = 100
  /// Taps that are posted; more than these are put into the journal, where a test may not take an hour.
  static let tapsPostedMax = 100_000

  let devices: [SignedDevice]
  let tapsPerDevice: Int
  let riders: Int
  let start: Instant

  var tapsCount: Int { devices.count * tapsPerDevice }

  /// Spreads taps over validators and riders; riders have 20 taps each.
  init(taps: Int, start: Instant) {
    devices = (1...20).map { SignedDevice(id: "B-\($0)", secret: "backlog") }
    tapsPerDevice = taps / devices.count / Self.tapsPerBatch * Self.tapsPerBatch
    riders = max(1, taps / 20)
    self.start = start
  }

  private func tap(_ seq: Int64, _ device: Int) -> Tap {
    let number = Int(seq) * devices.count + device
    return Tap(
      seq: seq, at: start.adding(seconds: seq % 43_200), kind: .single, medium: .card,
      token: Array("rider \(number % riders)".utf8), riders: 1, route: "\(1 + number % 5)",
      direction: number % 2)
  }

  /// One batch of a device; the first of it is the hundred from 1.
  func batch(_ number: Int, of device: Int) -> TapBatch {
    let first = Int64(number * Self.tapsPerBatch) + 1
    return TapBatch(
      device: devices[device].id, epoch: 1, sentAt: start.adding(seconds: 50_000),
      taps: (first..<first + Int64(Self.tapsPerBatch)).map { tap($0, device) })
  }

  /// Batches of each device.
  var batchesPerDevice: Int { tapsPerDevice / Self.tapsPerBatch }
  /// Those that are posted, the first ones.
  var postedPerDevice: Int {
    min(batchesPerDevice, Self.tapsPostedMax / Self.tapsPerBatch / devices.count)
  }

  /// Posts the first batches of all devices, each device its own one after the other.
  func post(with client: ServiceClient) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (index, device) in devices.enumerated() {
        group.addTask {
          for number in 0..<postedPerDevice {
            let body = TapBatchWire.encode(batch(number, of: index), .protobuf)
            let answer = try await device.postTaps(body: body, .protobuf, with: client).answer
            #expect(answer.accepted == Self.tapsPerBatch)
          }
        }
      }
      try await group.waitForAll()
    }
  }

  /// Puts the batches that are not posted into the journal, as Intake would have.
  ///
  /// The posted ones name the lanes of their devices.
  func fill(_ pool: PostgresPool) async throws {
    guard postedPerDevice < batchesPerDevice else { return }
    for (index, device) in devices.enumerated() {
      for first in stride(
        from: postedPerDevice, to: batchesPerDevice, by: Self.batchesPerStatement)
      {
        let numbers = first..<min(first + Self.batchesPerStatement, batchesPerDevice)
        let bodies = numbers.map { TapBatchWire.encode(batch($0, of: index), .protobuf) }
        try await insert(bodies, numbers, device, pool)
      }
    }
    try await pool.session { connection in
      _ = try await connection.execute(
        """
        update device_epoch set seen = int8multirange(int8range(1, $1)), taps_stored = $1 - 1
        where device_id like 'B-%'
        """, [.int8(Int64(tapsPerDevice) + 1)])
    }
  }

  private func insert(
    _ bodies: [[UInt8]], _ numbers: Range<Int>, _ device: SignedDevice, _ pool: PostgresPool
  ) async throws {
    let firsts = numbers.map { Int64($0 * Self.tapsPerBatch) + 1 }
    try await pool.session { connection in
      _ = try await connection.execute(
        """
        insert into tap_batch (lane, device_id, epoch, seqs, fresh, received_at, sent_at, body,
          signature, body_digest, format)
        select l.lane, $1, 1, r.seqs, r.seqs, l.received_at, $2, b.body, b.signature, b.digest,
          'protobuf'
        from unnest($3::bigint[], $4::bytea[], $5::bytea[], $6::bytea[])
          as b (first, body, signature, digest)
        cross join lateral (
          select int8multirange(int8range(b.first, b.first + $7)) as seqs) r
        cross join (
          select lane, received_at from tap_batch where device_id = $1
          order by batch_id limit 1) l
        """,
        [
          .text(device.id), .timestamptz(start.adding(seconds: 50_000)),
          .int8s(firsts.map(Optional.some)), .byteas(bodies.map(Optional.some)),
          .byteas(bodies.map { device.sign($0) }),
          .byteas(bodies.map { SHA256Digest.hash($0) }), .int8(Int64(Self.tapsPerBatch)),
        ])
    }
  }
}

extension FaultTests {
  /// Longest wait for the workers; a thousand taps a second are far less than they do.
  private static var backlogSecondsMax: Double { 600 + Double(Backlog.tapsWanted) / 1000 }

  private struct WorkersStandStill: Error {}

  /// Batches that are sorted, and all of them.
  private static func progress(_ pool: PostgresPool) async throws -> (sorted: Int64, all: Int64) {
    try await pool.session { connection in
      let row = try await connection.query(
        "select count(sorted_at), count(*) from tap_batch"
      ).only()
      return (try row.int8(0), try row.int8(1))
    }
  }

  /// Waits until some share of the batches is sorted; true when it is not all of them yet.
  private static func isAmid(_ share: Double, _ pool: PostgresPool) async throws -> Bool {
    let amid = try await eventually(withinSeconds: backlogSecondsMax) { () -> Bool? in
      let progress = try await progress(pool)
      guard Double(progress.sorted) >= share * Double(progress.all) else { return nil }
      return progress.sorted < progress.all
    }
    guard let amid else { throw WorkersStandStill() }
    return amid
  }

  @Test func aRestartAmidABacklogSortsEveryTapOnce() async throws {
    let data = try TemporaryFolder.make("backlog")
    let folder = try TemporaryFolder.make("backlog-database")
    let loop = EventLoop.start(name: "backlog")
    let cluster = try await PrivateCluster.start(folder: folder.path + "/cluster", loop: loop)
    let url =
      "host=\(cluster.socketFolder) port=5432 user=\(PrivateCluster.userName) "
      + "dbname=\(PrivateCluster.databaseName)"
    let pool = PostgresPool(
      configuration: cluster.configuration(database: PrivateCluster.databaseName), loop: loop)
    do {
      try await Self.breakAmid(data: data, databaseURL: url, pool)
    } catch {
      await pool.close()
      await cluster.stop()
      await loop.shutdown()
      throw error
    }
    await pool.close()
    await cluster.stop()
    await loop.shutdown()
    for place in [data, folder] { try? FileManager.default.removeItem(at: place) }
  }

  private static func breakAmid(data: URL, databaseURL: String, _ pool: PostgresPool) async throws {
    let yesterday = Int64(Date().timeIntervalSince1970) - 86_400
    let backlog = Backlog(
      taps: Backlog.tapsWanted, start: Instant(microseconds: yesterday * 1_000_000))
    // Taken in by a service without workers.
    let door = try await KvytokService(
      data: data, databaseURL: databaseURL, arguments: ["--roles", "intake,web"])
    for device in backlog.devices {
      _ = try await device.enroll(vehicle: device.id, with: door.client)
    }
    try await backlog.post(with: door.client)
    try await door.stop()
    try await backlog.fill(pool)
    let phoenix = try await Phoenix(data: data, databaseURL: databaseURL)
    do {
      for share in [0.1, 0.5] {
        #expect(try await isAmid(share, pool), "all was sorted before the service was killed")
        try await phoenix.killAndStart()
      }
      try await expectAllOnce(backlog, phoenix, pool)
    } catch {
      _ = try? await phoenix.service.stop()
      throw error
    }
    try await phoenix.service.stop()
  }

  /// Every tap of the journal lies under its rider once and has its ride, and the sums agree.
  private static func expectAllOnce(
    _ backlog: Backlog, _ phoenix: Phoenix, _ pool: PostgresPool
  ) async throws {
    let states = try await eventually(withinSeconds: backlogSecondsMax) { () -> String? in
      let told = try await phoenix.service.run(["taps", "states"])
      #expect(told.exitCode == 0, "\(told.output) \(told.errors)")
      return count(of: "rated", in: told.output) == backlog.tapsCount ? told.output : nil
    }
    let told = try #require(states, "not all taps are rated")
    #expect(count(of: "journalled", in: told) == backlog.tapsCount)
    let (taps, names) = try await pool.session { connection in
      let row = try await connection.query(
        """
        select count(*), count(distinct (device_id, epoch, seq)) from tap
        where device_id like 'B-%'
        """
      ).only()
      return (try row.int8(0), try row.int8(1))
    }
    #expect(taps == Int64(backlog.tapsCount) && names == taps)
    // Each tap is a boarding, and each boarding a ride that stands.
    let (rides, boardings) = try await pool.session { connection in
      let row = try await connection.query(
        """
        select count(*), count(distinct (device_id, epoch, seq)) from ride
        where reversed_run_id is null and device_id like 'B-%'
        """
      ).only()
      return (try row.int8(0), try row.int8(1))
    }
    #expect(rides == taps && boardings == taps)
  }

  /// The number that `kvytok taps states` tells beside a word.
  private static func count(of word: String, in output: String) -> Int? {
    for line in output.split(separator: "\n") {
      let words = line.split(separator: " ")
      if words.first == word[...], let last = words.last { return Int(last) }
    }
    return nil
  }
}
