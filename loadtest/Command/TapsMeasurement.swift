import Basics
import Foundation
import LoadMeasures
import ServiceClient
import Tapping

/// One run of `loadtest taps`.
struct TapsMeasurement {
  let subject: ServiceUnderTest
  let shape: LoadShape
  let format: BatchFormat
  let auth: LoadAuth
  /// Whether batches are encoded and proven before they are posted.
  let isAhead: Bool
  let hasCeiling: Bool

  func run() async throws -> TapsReport {
    let client = ServiceClient(
      base: subject.url, adminToken: subject.adminToken, connectionsMax: Enrolling.atOnce)
    defer { Task { try? await client.close() } }
    guard let place = URL(string: subject.url), let host = place.host, let port = place.port else {
      throw ProgramFault("\(subject.url) is no address with a host and a port")
    }
    let lean = LeanClient(host: host, port: port)
    var devices = try await enroll(client)
    let now = Instant(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
    let preparation = BatchPreparation(
      taps: LoadTaps(
        batchSize: shape.batch, seed: shape.seed, start: now.adding(seconds: -3600)),
      format: format, sentAt: now, host: host)

    // A round of all devices opens their registers, and tells how many batches will be needed.
    let warmup = await preparation.prepare(
      batchCount: shape.devices * 2, of: &devices, connections: shape.workers)
    let before = try await lean.run(
      warmup.map { BatchSupply($0) }, seconds: 30, batchesPerSecond: nil)
    let perBatch = warmup.first?.first?.bodyBytesCount ?? 1
    let offered = shape.rate.map { $0 / Double(shape.batch) }
    var prepared: [[PreparedBatch]] = []
    if isAhead {
      let perSecond = offered ?? Double(before.acknowledgedBatches) / before.seconds * 2.5
      let fitting = BatchPreparation.bytesMax / (perBatch + 400)
      let count = max(shape.devices, min(Int(perSecond * shape.seconds), fitting))
      ProgressBar.write("encoding and proving \(count) batches …\n")
      prepared = await preparation.prepare(
        batchCount: count, of: &devices, connections: shape.workers)
    }
    let supplies =
      isAhead
      ? prepared.map { BatchSupply($0) }
      : preparation.supplies(of: devices, connections: shape.workers)

    try await subject.readyLog()
    let sizes = try await groupSizes(client)
    var yardstick = MachineYardstick()
    try yardstick.look()
    let usage = ProcessorUsage(server: subject.processID)
    ProgressBar.write("posting for \(shape.seconds) s over \(shape.workers) connections …\n")
    let watch = MemoryWatch(process: subject.processID)
    let outcome = try await lean.run(
      supplies, seconds: shape.seconds, batchesPerSecond: offered)
    let memory = watch.end()
    if let refusal = before.firstRefusal ?? outcome.firstRefusal {
      ProgressBar.write("the first refusal: \(refusal)\n")
    }
    var report = self.report(outcome, bytesPerBatch: perBatch)
    usage.measure(into: &report)
    try yardstick.look()
    report.yardstickMicroseconds = yardstick.microseconds
    report.serverBytesByHalfMinute = memory
    report.batchesPerCommit = try await groupSizes(client).map { after in
      (after.sum - (sizes?.sum ?? 0)) / max(after.count - (sizes?.count ?? 0), 1)
    }
    let stored = try await DeviceTotals.tapsStored(
      devices: Set(devices.map(\.id)), with: client)
    report.stored = stored.map { $0 - before.acknowledgedBatches * shape.batch }
    if hasCeiling { try await measureCeiling(prepared, outcome, into: &report) }
    return report
  }

  private func measureCeiling(
    _ prepared: [[PreparedBatch]], _ outcome: LoadOutcome, into report: inout TapsReport
  ) async throws {
    guard let database = subject.database else { return }
    ProgressBar.write("measuring COPY of the same batches …\n")
    let ceiling = CopyCeiling(
      database: database,
      batchesPerCommit: max(1, Int((report.batchesPerCommit ?? 1).rounded())))
    let posted = Self.interleaved(prepared, count: max(outcome.sentBatches, 1))
    try await subject.readyLog()
    report.ceilingTapsPerSecond = try await ceiling.tapsPerSecond(
      posted, tapsPerBatch: shape.batch)
  }

  /// Names of devices differ from run to run, so that their counters start anew.
  private func enroll(_ client: ServiceClient) async throws -> [LoadDevice] {
    let run = Int64(Date().timeIntervalSince1970)
    let secret = subject.adminToken
    let auth = auth
    let devices = try await Enrolling.all(shape.devices) { number in
      try await Self.enroll(
        SignedDevice(id: "L-\(run)-\(number)", secret: secret), auth, client)
    }
    return devices.sorted { $0.id < $1.id }
  }

  private static func enroll(
    _ device: SignedDevice, _ auth: LoadAuth, _ client: ServiceClient
  ) async throws -> LoadDevice {
    let enrollment = try await device.enrollment(vehicle: device.id, with: client)
    switch auth {
    case .signature: return LoadDevice(id: device.id, proof: .signature(device))
    case .session:
      guard let key = enrollment.servicePublicKey else {
        throw ProgramFault("the service names no key of its own, so it opens no sessions")
      }
      let opening = OnlineDevice.Opening(
        device: device.id,
        now: Instant(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000)),
        nonce: SecureRandom.bytes(SessionLimits.nonceByteCount),
        exchangeSeed: SecureRandom.bytes(ExchangeKeyPair.byteCount))
      let online = try await OnlineDevice(device, opening, servicePublicKey: key, with: client)
      return LoadDevice(id: device.id, proof: .session(online))
    }
  }

  private func report(_ outcome: LoadOutcome, bytesPerBatch: Int) -> TapsReport {
    var report = TapsReport()
    report.encoding = format.encoding.rawValue
    report.proof = auth.rawValue
    report.seconds = outcome.seconds
    report.sent = outcome.sentBatches * shape.batch
    report.acknowledged = outcome.acknowledgedBatches * shape.batch
    report.refusedBatches = outcome.refusedBatches
    report.latency = LatencySummary(outcome.latency)
    report.bytesPerTap = Double(bytesPerBatch) / Double(shape.batch)
    report.batchSize = shape.batch
    report.devices = shape.devices
    report.connections = shape.workers
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

  /// Batches in about the order in which they were posted: the connections side by side.
  private static func interleaved(
    _ dealt: [[PreparedBatch]], count: Int
  ) -> [PreparedBatch] {
    var batches: [PreparedBatch] = []
    var round = 0
    while batches.count < count {
      let row = dealt.compactMap { round < $0.count ? $0[round] : nil }
      guard !row.isEmpty else { break }
      batches += row.prefix(count - batches.count)
      round += 1
    }
    return batches
  }
}
