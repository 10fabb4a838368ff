import Basics
import EventLoop
import Foundation
import Glibc
import Postgres
import Programs
import ServiceClient
import Synchronization
import Testing

/// A service that is killed and started again: on the same folder, database and port.
final class Phoenix: Sendable {
  private let data: URL
  private let databaseURL: String?
  private let port: Int
  private let state: Mutex<KvytokService>

  /// Starts it for the first time.
  init(data: URL, databaseURL: String? = nil) async throws {
    self.data = data
    self.databaseURL = databaseURL
    let service = try await KvytokService(data: data, databaseURL: databaseURL)
    port = try #require(URL(string: service.url)?.port)
    state = Mutex(service)
  }

  var service: KvytokService { state.withLock { $0 } }
  var url: String { service.url }

  /// Ends the process at once, as a lost machine would, and starts another.
  func killAndStart() async throws {
    let killed = service
    killed.program.signal(SIGKILL)
    _ = await killed.program.end()
    try await killed.client.close()
    let service = try await KvytokService.afterKill(
      data: data, port: port, databaseURL: databaseURL)
    state.withLock { $0 = service }
  }

  /// The process of the private PostgreSQL.
  var serverProcess: Int32? {
    let mark = data.appendingPathComponent("postgres/data/postmaster.pid")
    return (try? String(contentsOf: mark, encoding: .utf8))
      .flatMap { Int32($0.prefix { $0.isNumber }) }
  }

  /// All processes of the private PostgreSQL.
  var serverProcesses: [Int32] {
    let folder = data.appendingPathComponent("postgres/data").path
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.compactMap(Int32.init).filter { process in
      let place = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process)/cwd")
      return place == folder
    }
  }
}

/// A world for one test of faults: folders, and a fleet with its services.
enum FaultWorld {
  /// Runs a body with a service on its own PostgreSQL and a fleet, then counts.
  static func with(
    seed: UInt64, devices: Int = 6, data given: URL? = nil,
    _ body: (Phoenix, StubbornFleet) async throws -> Void
  ) async throws {
    let data: URL
    if let given { data = given } else { data = try await KvytokService.preparedData("faults") }
    defer { if given == nil { try? FileManager.default.removeItem(at: data) } }
    try await run(try await Phoenix(data: data), seed: seed, devices: devices, body)
  }

  /// Runs a body with a service on a PostgreSQL that outlives it and a fleet, then counts.
  static func withDatabaseApart(
    seed: UInt64, devices: Int = 6,
    _ body: (Phoenix, StubbornFleet, String) async throws -> Void
  ) async throws {
    let data = try TemporaryFolder.make("faults")
    let folder = try TemporaryFolder.make("faults-database")
    let loop = EventLoop.start(name: "faults")
    let cluster = try await PrivateCluster.start(folder: folder.path + "/cluster", loop: loop)
    let url =
      "host=\(cluster.socketFolder) port=5432 user=\(PrivateCluster.userName) "
      + "dbname=\(PrivateCluster.databaseName)"
    do {
      let phoenix = try await Phoenix(data: data, databaseURL: url)
      try await run(phoenix, seed: seed, devices: devices) { phoenix, fleet in
        try await body(phoenix, fleet, url)
      }
    } catch {
      await cluster.stop()
      await loop.shutdown()
      throw error
    }
    await cluster.stop()
    await loop.shutdown()
    for place in [data, folder] { try? FileManager.default.removeItem(at: place) }
  }

  private static func run(
    _ phoenix: Phoenix, seed: UInt64, devices: Int,
    _ body: (Phoenix, StubbornFleet) async throws -> Void
  ) async throws {
    let start = try #require(
      Calendar(identifier: .gregorian).date(
        byAdding: .day, value: -1, to: Date()))
    let fleet = StubbornFleet(
      count: devices, seed: seed,
      start: .init(microseconds: Int64(start.timeIntervalSince1970) * 1_000_000))
    do {
      try await fleet.enroll(with: phoenix.service.client)
      try await body(phoenix, fleet)
      try await expectAllKept(fleet, phoenix)
    } catch {
      try? await fleet.close()
      _ = try? await phoenix.service.stop()
      throw error
    }
    try await fleet.close()
    try await phoenix.service.stop()
  }

  /// Each acknowledged tap is there once and comes into the fares once, and the books agree.
  private static func expectAllKept(_ fleet: StubbornFleet, _ phoenix: Phoenix) async throws {
    let client = phoenix.service.client
    let kept = try await eventually(withinSeconds: 600) { () -> KeptTaps? in
      let kept = try await KeptTaps(of: fleet, with: client)
      return kept.areExact && kept.waiting > 0 ? nil : kept
    }
    let last = try #require(kept, "taps are not rated after ten minutes")
    #expect(last.areExact, "\(last.faults)")
    #expect(last.count == fleet.acknowledgedCount)
    #expect(fleet.acknowledgedCount > 100, "the fleet was hardly heard: \(fleet.statuses)")
    let verified = try await phoenix.service.run(["ledger", "verify"])
    #expect(verified.exitCode == 0, "\(verified.output) \(verified.errors)")
  }
}
