import Basics
import Foundation
import LoadMeasures
import ServiceClient
import SimulatedCity

/// One run of `loadtest positions`.
struct PositionsMeasurement {
  /// Longest first round, which opens what the service keeps of each device, seconds.
  private static let firstRoundSecondsMax = 60.0

  /// Fewer positions do not fill a file of the database's log.
  private static let positionsWithLogMin = 100_000.0

  let subject: ServiceUnderTest
  let shape: FleetShape
  /// Whether the service matches what it takes in.
  let isMatching: Bool

  func run() async throws -> PositionsReport {
    let client = ServiceClient(
      base: subject.url, adminToken: subject.adminToken, connectionsMax: Enrolling.atOnce)
    defer { Task { try? await client.close() } }
    guard let place = URL(string: subject.url), let host = place.host, let port = place.port else {
      throw ProgramFault("\(subject.url) is no address with a host and a port")
    }
    let city = try CityNetwork(feed: shape.feed, seed: shape.seed)
    if subject.isOurs { try await city.publish(to: client, adminToken: subject.adminToken) }
    let now = Instant(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
    // Names differ from run to run, so that no position is known.
    let prefix = "P-\(now.seconds)-"
    let fleet = try ReplayedFleet(
      city.network, vehicles: shape.vehicles, prefix: prefix, seed: shape.seed, now: now)
    let devices = try await enroll(fleet, client)
    let dealt = try await prepare(
      FleetReports(
        fleet: fleet, devices: devices, batchSize: shape.batch, sentAt: now, host: host))
    return try await post(dealt, prefix: prefix, with: LeanClient(host: host, port: port))
  }

  private func post(
    _ dealt: [FleetReports.Dealt], prefix: String, with lean: LeanClient
  ) async throws -> PositionsReport {
    let seconds = try secondsPrepared(dealt)
    let first = try await lean.run(
      dealt.map { BatchSupply($0.first) }, seconds: Self.firstRoundSecondsMax,
      batchesPerSecond: nil)
    if shape.rate * seconds >= Self.positionsWithLogMin { try await subject.readyLog() }
    let database = subject.database.map {
      MatchedPositions(database: Psql(database: $0), prefix: prefix)
    }
    let moment = try await database?.moment()
    let begin = processorTimes()
    ProgressBar.write("posting for \(seconds) s over \(shape.workers) connections …\n")
    let outcome = try await lean.run(
      dealt.map { BatchSupply($0.rest) }, seconds: seconds,
      batchesPerSecond: shape.rate / Double(shape.batch))
    if let refusal = first.firstRefusal ?? outcome.firstRefusal {
      ProgressBar.write("the first refusal: \(refusal)\n")
    }
    var report = self.report(outcome)
    if isMatching { report.catchUpSeconds = await database?.secondsUntilMatched(shape.secondsMax) }
    if let begin, let end = processorTimes() {
      report.serverProcessorMicroseconds = end.server - begin.server
      report.databaseProcessorMicroseconds = end.database - begin.database
    }
    report.serverPeakBytes = subject.processID.flatMap { ProcessorTime.peakBytes(of: $0) }
    if let database, let moment {
      report.stored = try await database.storedCount(since: moment)
      if isMatching {
        report.visits = try await database.visitsCount()
        report.matched = try await database.matchedCount(since: moment)
      }
    }
    return report
  }

  /// How long what is prepared lasts at the rate asked for, at most as long as asked for.
  private func secondsPrepared(_ dealt: [FleetReports.Dealt]) throws -> Double {
    let count = (dealt.map(\.rest.count).min() ?? 0) * shape.workers
    guard count > 0 else {
      throw ProgramFault(
        "the day of a vehicle has too few positions for two reports of \(shape.batch)")
    }
    let seconds = min(shape.seconds, Double(count * shape.batch) / shape.rate)
    if seconds < shape.seconds {
      ProgressBar.write("the reports last for \(seconds) s; those of more --vehicles last longer\n")
    }
    return seconds
  }

  private func enroll(
    _ fleet: ReplayedFleet, _ client: ServiceClient
  ) async throws -> [SignedDevice] {
    let names = fleet.vehicles.map(\.name)
    let secret = subject.adminToken
    let enrolled = try await Enrolling.all(names.count) { number in
      let name = names[number - 1]
      let device = SignedDevice(id: name, secret: secret)
      _ = try await device.enroll(vehicle: name, with: client)
      return (place: number - 1, device: device)
    }
    return enrolled.sorted { $0.place < $1.place }.map(\.device)
  }

  private func prepare(_ reports: FleetReports) async throws -> [FleetReports.Dealt] {
    let wanted = Int((shape.rate * shape.seconds / Double(shape.batch)).rounded(.up))
    let count = min(wanted, FleetReports.fittingCount(batchSize: shape.batch))
    ProgressBar.write("encoding and signing \(count) reports …\n")
    return await reports.prepare(
      countPerConnection: (count + shape.workers - 1) / shape.workers,
      connections: shape.workers)
  }

  private func report(_ outcome: LoadOutcome) -> PositionsReport {
    var report = PositionsReport()
    report.seconds = outcome.seconds
    report.sent = outcome.sentBatches * shape.batch
    report.acknowledged = outcome.acknowledgedBatches * shape.batch
    report.refusedReports = outcome.refusedBatches
    report.latency = LatencySummary(outcome.latency)
    report.vehicles = shape.vehicles
    report.batchSize = shape.batch
    report.connections = shape.workers
    report.offeredPerSecond = shape.rate
    return report
  }

  /// Microseconds that the service and its database have used; nil when its process is not known.
  private func processorTimes() -> (server: Int64, database: Int64)? {
    guard let process = subject.processID,
      let server = ProcessorTime.microseconds(of: process)
    else { return nil }
    return (server, ProcessorTime.microsecondsOfDescendants(of: process))
  }
}
