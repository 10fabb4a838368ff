import ArgumentParser
import Basics
import Foundation
import LoadMeasures
import ServiceClient
import Tapping

/// How a batch is written on the wire.
enum BatchEncoding: String, ExpressibleByArgument, CaseIterable {
  case json
}

/// Measures how many taps the service acknowledges in a second.
struct TapsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "taps",
    abstract: "Posts signed batches from many devices and measures the acknowledgements.",
    discussion: """
      Without --rate each connection posts as soon as its last answer came (closed loop). With it, \
      batches are due at fixed times and latency counts from then (open loop). Encoding and signing \
      happen before the measured time. The ceiling is COPY of the same bodies, one row per batch, \
      in transactions as large as the service's own were, into the same database in the same run.
      """)

  @OptionGroup var service: ServiceChoice

  @Option(help: "How batches are written: json.")
  var encoding = BatchEncoding.json

  @Option(help: "Taps in a batch.")
  var batch = 100

  @Option(help: "Devices that post.")
  var devices = 200

  @Option(help: "Connections that post at the same time.")
  var connections = 32

  @Option(help: "Seconds to measure.")
  var seconds = 10.0

  @Option(help: "Taps per second to offer; as many as are acknowledged when left out.")
  var rate: Double?

  @Option(help: "Seed of the taps.")
  var seed: UInt64 = 1

  @Flag(help: "Prints one JSON object instead of a table.")
  var json = false

  func validate() throws {
    guard (1...TapLimits.tapsPerBatchMax).contains(batch) else {
      throw ValidationError("--batch is 1 to \(TapLimits.tapsPerBatchMax)")
    }
    guard devices > 0, connections > 0, seconds > 0, rate.map({ $0 > 0 }) ?? true else {
      throw ValidationError("--devices, --connections, --seconds and --rate are above zero")
    }
  }

  func run() async throws {
    let subject = try await ServiceUnderTest(service)
    do {
      let report = try await measure(subject)
      await subject.stop()
      print(json ? String(decoding: report.json, as: UTF8.self) : report.text)
      guard report.isSound else { throw ExitCode(1) }
    } catch {
      await subject.stop()
      throw error
    }
  }

  private func measure(_ subject: ServiceUnderTest) async throws -> TapsReport {
    let workers = min(connections, devices)
    let client = ServiceClient(
      base: subject.url, adminToken: subject.adminToken, connectionsMax: workers)
    defer { Task { try? await client.close() } }
    let signed = try await enroll(subject, client)
    let now = Instant(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
    let preparation = BatchPreparation(
      devices: signed,
      taps: LoadTaps(batchSize: batch, seed: seed, start: now.adding(seconds: -3600)),
      sentAt: now)
    let runner = LoadRunner(client: client)

    // A second of load opens the connections and tells how many batches will be needed.
    let warmup = await preparation.prepare(
      batchCount: max(devices, 400), firstOfDevice: 0, workers: workers)
    let before = try await runner.run(warmup, seconds: 1, batchesPerSecond: nil)
    let bytesPerBatch = warmup.first?.first?.body.count ?? 1
    let offered = rate.map { $0 / Double(batch) }
    let wanted = (offered ?? Double(before.sentBatches) / before.seconds * 1.5) * seconds
    let fitting = BatchPreparation.bytesMax / max(bytesPerBatch, 1)
    let batchCount = max(workers, min(Int(wanted), fitting))
    ProgressBar.write("encoding and signing \(batchCount) batches …\n")
    let rounds = warmup.map(\.count).reduce(0, +) / devices
    let prepared = await preparation.prepare(
      batchCount: batchCount, firstOfDevice: rounds, workers: workers)

    let metrics = try await groupSizes(client)
    let usage = ProcessorUsage(server: subject.processID)
    ProgressBar.write("posting for \(seconds) s over \(workers) connections …\n")
    let outcome = try await runner.run(prepared, seconds: seconds, batchesPerSecond: offered)
    if let refusal = outcome.firstRefusal {
      ProgressBar.write("the first refusal: \(refusal)\n")
    }
    var report = self.report(outcome, bytesPerBatch: bytesPerBatch)
    usage.measure(into: &report)
    report.batchesPerCommit = try await groupSizes(client).map { after in
      (after.sum - (metrics?.sum ?? 0)) / max(after.count - (metrics?.count ?? 0), 1)
    }
    let stored = try await DeviceTotals.tapsStored(
      devices: Set(signed.map(\.id)), with: client)
    report.stored = stored.map { $0 - before.acknowledgedTaps }
    if let database = subject.database {
      ProgressBar.write("measuring COPY of the same batches …\n")
      let ceiling = CopyCeiling(
        database: database,
        batchesPerCommit: max(1, Int((report.batchesPerCommit ?? 1).rounded())))
      let posted = Self.interleaved(prepared, count: max(outcome.sentBatches, 1))
      report.ceilingTapsPerSecond = try await ceiling.tapsPerSecond(posted, tapsPerBatch: batch)
    }
    return report
  }

  /// Names of devices differ from run to run, so that their counters start anew.
  private func enroll(
    _ subject: ServiceUnderTest, _ client: ServiceClient
  ) async throws -> [SignedDevice] {
    let run = Int64(Date().timeIntervalSince1970)
    let signed = (1...devices).map {
      SignedDevice(id: "L-\(run)-\($0)", secret: subject.adminToken)
    }
    var bar = ProgressBar("enrolling \(devices) devices", total: devices)
    for (index, device) in signed.enumerated() {
      _ = try await device.enroll(vehicle: device.id, with: client)
      bar.show(index + 1)
    }
    bar.finish()
    return signed
  }

  private func report(_ outcome: LoadOutcome, bytesPerBatch: Int) -> TapsReport {
    var report = TapsReport()
    report.encoding = encoding.rawValue
    report.seconds = outcome.seconds
    report.sent = outcome.sentBatches * batch
    report.acknowledged = outcome.acknowledgedTaps
    report.refusedBatches = outcome.refusedBatches
    report.latency = LatencySummary(microseconds: outcome.latencies)
    report.bytesPerTap = Double(bytesPerBatch) / Double(batch)
    report.batchSize = batch
    report.devices = devices
    return report
  }

  /// Batches that the service put into transactions so far, and the transactions.
  private func groupSizes(
    _ client: ServiceClient
  ) async throws -> (sum: Double, count: Double)? {
    guard let page = try await client.json("/metrics") else { return nil }
    let name = "kvytok_intake_group_size"
    let label = "kind=\"taps\""
    guard let sum = MetricsText.value(name + "_sum", label: label, in: page),
      let count = MetricsText.value(name + "_count", label: label, in: page)
    else { return nil }
    return (sum, count)
  }

  /// Batches in about the order in which they were posted: the workers side by side.
  private static func interleaved(_ workers: [[PreparedBatch]], count: Int) -> [PreparedBatch] {
    var batches: [PreparedBatch] = []
    var round = 0
    while batches.count < count {
      let row = workers.compactMap { round < $0.count ? $0[round] : nil }
      guard !row.isEmpty else { break }
      batches += row.prefix(count - batches.count)
      round += 1
    }
    return batches
  }
}

/// Processor time used from one moment to another.
struct ProcessorUsage {
  private let server: Int32?
  private let own = ProcessInfo.processInfo.processIdentifier
  private let serverStart: Int64?
  private let databaseStart: Int64?
  private let ownStart: Int64

  /// Notes what was used until now.
  init(server: Int32?) {
    self.server = server
    serverStart = server.flatMap { ProcessorTime.microseconds(of: $0) }
    databaseStart = server.map { ProcessorTime.microsecondsOfDescendants(of: $0) }
    ownStart = ProcessorTime.microseconds(of: own) ?? 0
  }

  /// Puts what was used since then into a report, per acknowledged tap.
  func measure(into report: inout TapsReport) {
    let taps = Double(max(report.acknowledged, 1))
    report.clientProcessorMicrosecondsPerTap =
      Double((ProcessorTime.microseconds(of: own) ?? 0) - ownStart) / taps
    guard let server, let serverStart, let databaseStart else { return }
    report.serverProcessorMicrosecondsPerTap = ProcessorTime.microseconds(of: server).map {
      Double($0 - serverStart) / taps
    }
    let database = ProcessorTime.microsecondsOfDescendants(of: server)
    if database > 0 {
      report.databaseProcessorMicrosecondsPerTap = Double(database - databaseStart) / taps
    }
  }
}
