import Basics
import LoadMeasures
import ServiceClient
import Tapping

/// A batch that is encoded and signed, ready to be posted.
struct PreparedBatch: Sendable {
  let device: String
  /// Place among the device's batches, from 0.
  let number: Int
  let body: [UInt8]
  let signature: [UInt8]
  let headers: [(String, String)]
}

/// What happened while batches were posted.
struct LoadOutcome: Sendable {
  var seconds = 0.0
  /// Microseconds from when a batch was due to its answer, of batches answered with 200.
  var latencies: [Int64] = []
  var sentBatches = 0
  /// Taps that the service said it has.
  var acknowledgedTaps = 0
  var refusedBatches = 0
  /// What the first refusal said.
  var firstRefusal: String?

  mutating func add(_ other: LoadOutcome) {
    latencies += other.latencies
    sentBatches += other.sentBatches
    acknowledgedTaps += other.acknowledgedTaps
    refusedBatches += other.refusedBatches
    firstRefusal = firstRefusal ?? other.firstRefusal
  }
}

/// Posts prepared batches over many connections and times the answers.
struct LoadRunner {
  let client: ServiceClient

  /// Posts the batches of each worker in their order, until they or the seconds are used up.
  ///
  /// Closed loop: a worker posts when its last answer came. With a rate (batches per second over all
  /// workers) the load is open: a batch is due at its time whether or not the service keeps up, and
  /// its latency counts from then, so that waiting is not left out.
  func run(
    _ workers: [[PreparedBatch]], seconds: Double, batchesPerSecond: Double?
  ) async throws -> LoadOutcome {
    let clock = ContinuousClock()
    let start = clock.now
    let end = start + .seconds(seconds)
    var outcome = try await withThrowingTaskGroup(of: LoadOutcome.self) { group in
      for (index, batches) in workers.enumerated() {
        group.addTask {
          try await work(
            batches, end: end,
            due: { number in
              batchesPerSecond.map {
                start + .seconds(Double(number * workers.count + index) / $0)
              }
            })
        }
      }
      var outcome = LoadOutcome()
      for try await part in group { outcome.add(part) }
      return outcome
    }
    outcome.seconds = (clock.now - start).seconds
    return outcome
  }

  private func work(
    _ batches: [PreparedBatch], end: ContinuousClock.Instant,
    due: (Int) -> ContinuousClock.Instant?
  ) async throws -> LoadOutcome {
    let clock = ContinuousClock()
    var outcome = LoadOutcome()
    for (number, batch) in batches.enumerated() {
      var begin = clock.now
      if let due = due(number) {
        if due > begin { try await clock.sleep(until: due) }
        begin = due
      }
      guard begin < end else { break }
      outcome.sentBatches += 1
      do {
        let (answer, _) = try await client.sendOnce(
          "POST", "/v1/tap-batches", headers: batch.headers, body: batch.body)
        guard answer.status == 200 else {
          outcome.refuse("\(answer.status): \(answer.text.prefix(300))")
          continue
        }
        let told = try TapBatchAnswer.decode(answer.body)
        outcome.acknowledgedTaps += told.accepted + told.duplicates + told.rejected.count
        let (whole, atto) = (clock.now - begin).components
        outcome.latencies.append(whole * 1_000_000 + atto / 1_000_000_000_000)
      } catch {
        outcome.refuse("\(error)")
      }
    }
    return outcome
  }
}

extension LoadOutcome {
  fileprivate mutating func refuse(_ message: String) {
    refusedBatches += 1
    firstRefusal = firstRefusal ?? message
  }
}
