import Basics
import ServiceClient
import SimulatedCity
import Tapping

/// Plays a planned day against a running service, as fast as it answers.
struct DayPlayer {
  /// Seconds of the simulated day in which devices post side by side; slots follow one another.
  static let slotSeconds = 300
  /// Devices that post at the same time.
  static let devicesAtOnceMax = 16

  let bodies: DayBodies
  let devices: [SignedDevice]
  let client: ServiceClient
  /// What the devices hold beside their taps.
  let fleet: StandingFleet
  /// Formats of the devices' batches, dealt to them in turn.
  let formats: [BatchFormat]
  let now: @Sendable () -> Instant
  /// Sessions of those that have them; nil when the service names no key of its own.
  var online: OnlineLines?

  /// Posts every delivery; those of a device in their order.
  func play(_ plan: [Delivery]) async throws -> PostTally {
    var tally = PostTally()
    var bar = ProgressBar("playing the day", total: plan.count)
    var start = 0
    while start < plan.count {
      let slot = plan[start].atSeconds / Self.slotSeconds
      let end = plan[start...].firstIndex { $0.atSeconds / Self.slotSeconds != slot } ?? plan.count
      tally.add(try await play(slot: plan[start..<end]))
      start = end
      bar.show(start)
    }
    bar.finish()
    try await online?.close { batch(0..<0, of: $0) }
    return tally
  }

  private func play(slot: ArraySlice<Delivery>) async throws -> PostTally {
    let byDevice = Dictionary(grouping: slot, by: \.device).sorted { $0.key < $1.key }.map(\.value)
    return try await withThrowingTaskGroup(of: PostTally.self) { group in
      var tally = PostTally()
      for (index, deliveries) in byDevice.enumerated() {
        if index >= Self.devicesAtOnceMax, let done = try await group.next() { tally.add(done) }
        group.addTask { try await post(deliveries) }
      }
      for try await done in group { tally.add(done) }
      return tally
    }
  }

  private func post(_ deliveries: [Delivery]) async throws -> PostTally {
    var tally = PostTally()
    // What a device sends again, it sends right after the first time, byte for byte.
    var lastBody: [UInt8] = []
    for delivery in deliveries {
      switch delivery.content {
      case .taps(let taps):
        if delivery.cause != .again {
          lastBody = TapBatchWire.encode(
            batch(taps, of: delivery.device), format(of: delivery.device))
        }
        try await postTaps(taps, delivery, body: lastBody, &tally)
      case .positions(let window):
        let report = bodies.report(window, of: bodies.validators.days[delivery.device], now: now())
        guard let (body, count) = report else { continue }
        if delivery.cause != .again { lastBody = body }
        try await postPositions(count, delivery, body: lastBody, &tally)
      }
    }
    return tally
  }

  private func batch(_ taps: Range<Int>, of device: Int) -> TapBatch {
    bodies.batch(
      taps, of: bodies.validators.days[device], now: now(), denyList: fleet.denyList(of: device),
      tariffVersion: fleet.tariffVersion(of: device))
  }

  private func format(of device: Int) -> BatchFormat { formats[device % formats.count] }

  private func postTaps(
    _ taps: Range<Int>, _ delivery: Delivery, body: [UInt8], _ tally: inout PostTally
  ) async throws {
    let (answer, attempts) = try await send(body, delivery)
    tally.batches += 1
    tally.tapsSent += taps.count
    tally.retries += attempts - 1
    if delivery.cause == .again || delivery.cause == .recut {
      tally.tapsRepeated += taps.count
    } else {
      let rides = bodies.validators.days[delivery.device].rides
      let lateFrom = (delivery.atSeconds - Deliveries.lateSecondsMin) * 1000
      tally.tapsLate += taps.count { rides[$0].tappedMilliseconds <= lateFrom }
    }
    tally.accepted += answer.accepted
    tally.duplicates += answer.duplicates
    tally.conflicts += answer.conflicts.count
    tally.rejected += answer.rejected.count
  }

  private func send(
    _ body: [UInt8], _ delivery: Delivery
  ) async throws -> (answer: TapBatchAnswer, attempts: Int) {
    let format = format(of: delivery.device)
    if let online, online.has(delivery.device) {
      return try await online.post(
        body, format, of: delivery.device, isAgain: delivery.cause == .again)
    }
    return try await devices[delivery.device].postTaps(body: body, format, with: client)
  }

  private func postPositions(
    _ count: Int, _ delivery: Delivery, body: [UInt8], _ tally: inout PostTally
  ) async throws {
    let answer = try await devices[delivery.device].post(
      "/v1/positions", body: body, with: client)
    let counts = try PositionCounts(answer.body)
    tally.positionReports += 1
    tally.positionsSent += count
    tally.retries += answer.attempts - 1
    tally.positionsAccepted += counts.accepted
    tally.positionsDuplicate += counts.duplicates
    tally.positionsRejected += counts.rejected
  }
}
