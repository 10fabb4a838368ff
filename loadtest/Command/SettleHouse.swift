import Foundation
import LoadMeasures
import ServiceClient

/// A service's folder of our own, in which services are started one after the other.
final class SettleHouse: Sendable {
  let folder: URL
  private let program: URL
  private let data: String
  private let tariff: String

  /// Makes the folder.
  init(program: String?) throws {
    self.program = try StartedService.program(program)
    folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "kvytok-settle-\(ProcessInfo.processInfo.processIdentifier)")
    data = folder.appendingPathComponent("data").path
    tariff = folder.appendingPathComponent("loadtest").path
    try FileManager.default.createDirectory(
      atPath: tariff, withIntermediateDirectories: true)
    // The private PostgreSQL runs as another user when we are root.
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.path)
    try Self.tariffText.write(toFile: tariff + "/tariff.yaml", atomically: true, encoding: .utf8)
  }

  /// Removes the folder with all that was measured.
  func remove() { try? FileManager.default.removeItem(at: folder) }

  /// A running service on the folder's database.
  private struct Running {
    let service: StartedService
    let database: Psql

    func stop() async { await service.stop() }
  }

  /// Starts a service with some of its parts.
  private func start(roles: String, tariff: String?) async throws -> Running {
    let service = try await StartedService(
      program: program, roles: roles, folder: folder, isOurs: false,
      more: ["--tariff", tariff ?? self.tariff])
    guard let database = service.database else {
      await service.stop()
      throw ProgramFault("the service's database was not found in \(data)")
    }
    return Running(service: service, database: Psql(database: database))
  }

  /// Runs a body while a service with some of its parts runs.
  func withService(
    roles: String, tariff: String?, _ body: (Psql) async throws -> Void
  ) async throws {
    let running = try await start(roles: roles, tariff: tariff)
    do {
      try await body(running.database)
    } catch {
      await running.stop()
      throw error
    }
    await running.stop()
  }

  /// Publishes the network of the invented city in the running service's database.
  func importNetwork(_ archive: [UInt8]) async throws {
    let file = folder.appendingPathComponent("city.zip")
    try Data(archive).write(to: file)
    let process = Process()
    process.executableURL = program
    process.arguments = ["network", "import", file.path, "--data", data]
    process.standardOutput = FileHandle.nullDevice
    let status = try await withCheckedThrowingContinuation { continuation in
      process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
      do { try process.run() } catch { continuation.resume(throwing: error) }
    }
    guard status == 0 else { throw ProgramFault("kvytok network import ended with \(status)") }
  }

  /// Runs a service that only clears until nothing is left, and measures it.
  func clear(secondsMax: Double) async throws -> SettleReport.DayRun {
    let clock = ContinuousClock()
    let running = try await start(roles: "clearing", tariff: nil)
    let start = clock.now
    do {
      let process = running.service.processID
      // Work began a moment before the service said that it is ready; its start is in neither.
      let begin = Self.processorTimes(of: process)
      let wal = try await running.database.number(Self.walBytes)
      try await running.database.waitUntil(Self.isCleared, secondsMax: secondsMax)
      var run = SettleReport.DayRun()
      let cleared = clock.now
      run.seconds = (cleared - start).seconds
      let used = Self.processorTimes(of: process)
      run.serverProcessorMicroseconds = used.server - begin.server
      run.databaseProcessorMicroseconds = used.database - begin.database
      run.walBytes = try await running.database.number(Self.walBytes) - wal
      try await running.database.waitUntil(Self.areWindowsClosed, secondsMax: secondsMax)
      run.windowSeconds = (clock.now - cleared).seconds
      let end = Self.processorTimes(of: process)
      run.windowProcessorMicroseconds =
        end.server - used.server + end.database - used.database
      await running.stop()
      return run
    } catch {
      await running.stop()
      throw error
    }
  }

  /// Microseconds that the service and its database have used.
  private static func processorTimes(of process: Int32) -> (server: Int64, database: Int64) {
    (
      ProcessorTime.microseconds(of: process) ?? 0,
      ProcessorTime.microsecondsOfDescendants(of: process)
    )
  }

  /// Both days are over, so that their windows close as soon as their rides are there.
  private static let areWindowsClosed = """
    select exists (select from charge_day)
      and not exists (select from clearing_run where windowed_at is null);
    """

  private static let walBytes = "select (pg_current_wal_insert_lsn() - '0/0')::bigint"

  private static let isCleared = """
    select not exists (select from tap_batch where sorted_at is null and sort_fault is null)
      and not exists (select from tap_parcel)
      and not exists (select from fare_day where stale_since is not null);
    """

  /// 20.00 on anything, half for pupils, a free transfer for 60 minutes, at most 80.00 a day.
  private static let tariffText = """
    tariff: loadtest
    version: loadtest-1
    effective: {from: 2020-01-01}
    currency: UAH
    timezone: Europe/Kyiv
    day_start: "04:00"
    categories:
      adult: {title: {uk: дорослий, en: adult}}
      pupil: {title: {uk: учень, en: pupil}}
    fares:
      - {name: ride, price: {adult: 20.00, pupil: 10.00}}
    transfers:
      - name: transfer
        within: 60 min
        end: inside
        pays: free
    caps:
      - {name: day cap, per: day, amount: {adult: 80.00, pupil: 40.00}}

    """
}
