import Metrics
import Tapping

/// Counts what becomes of taps.
struct TapMeters: Sendable {
  private let batches = Counter(label: "kvytok_tap_batches_total")
  private let accepted = taps("accepted")
  private let duplicates = taps("duplicate")
  private let conflicts = taps("conflict")
  private let quarantined = taps("quarantined")

  private static func taps(_ outcome: String) -> Counter {
    Counter(label: "kvytok_taps_total", dimensions: [("outcome", outcome)])
  }

  func count(_ outcome: AdmissionOutcome) {
    batches.increment()
    accepted.increment(by: outcome.acceptedCount)
    duplicates.increment(by: outcome.duplicateCount)
    if !outcome.conflicts.isEmpty {
      conflicts.increment(by: outcome.verdicts.count { $0 == .conflict })
    }
    quarantined.increment(by: outcome.rejected.count)
  }

  func count(_ refusal: IntakeRefusal) { countRefusal(refusal, kind: "taps") }
}

/// Counts what becomes of positions.
struct PositionMeters: Sendable {
  private let reports = Counter(label: "kvytok_position_reports_total")
  private let accepted = positions("accepted")
  private let duplicates = positions("duplicate")
  private let rejected = positions("rejected")

  private static func positions(_ outcome: String) -> Counter {
    Counter(label: "kvytok_positions_total", dimensions: [("outcome", outcome)])
  }

  func count(accepted: Int, duplicates: Int, rejected: Int) {
    reports.increment()
    self.accepted.increment(by: accepted)
    self.duplicates.increment(by: duplicates)
    self.rejected.increment(by: rejected)
  }

  func count(_ refusal: IntakeRefusal) { countRefusal(refusal, kind: "positions") }
}

private func countRefusal(_ refusal: IntakeRefusal, kind: String) {
  let dimensions = [("kind", kind), ("code", refusal.code)]
  Counter(label: "kvytok_intake_refusals_total", dimensions: dimensions).increment()
}

/// Measures the transactions of a committer.
struct CommitMeter: Sendable {
  private let timer: Timer
  private let sizes: Recorder

  init(kind: String) {
    timer = Timer(label: "kvytok_intake_commit_seconds", dimensions: [("kind", kind)])
    sizes = Recorder(label: "kvytok_intake_group_size", dimensions: [("kind", kind)])
  }

  func measure<Result>(
    itemsCount: Int, _ body: () async throws -> Result
  ) async rethrows -> Result {
    let start = ContinuousClock.now
    let result = try await body()
    let (seconds, attoseconds) = start.duration(to: .now).components
    timer.recordNanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    sizes.record(itemsCount)
    return result
  }
}
