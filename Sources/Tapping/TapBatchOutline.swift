package import Basics
import Transit

/// What storing a batch needs to know of it, found without making its taps.
///
/// Nearly every batch is new and possible from its first tap to its last: it goes into the journal as
/// the bytes that it came in, so that texts and tokens of its taps are checked but never kept.
package struct TapBatchOutline: Hashable, Sendable {
  package var device: String
  package var epoch: Int64
  package var sentAt: Instant
  package private(set) var tapsCount = 0
  /// Number of the first tap; 0 without taps.
  private var firstSeq: Int64 = 0
  /// Whether each number is one above the one before.
  private var isInRow = true
  private var earliest = Instant(microseconds: .max)
  private var latest = Instant(microseconds: .min)
  private var ridersLeast = Int.max
  private var ridersMost = Int.min
  /// Whether some direction or place is none.
  private var holdsImpossible = false

  /// Begins with what a batch says beside its taps.
  init(device: String, epoch: Int64, sentAt: Instant) {
    self.device = device
    self.epoch = epoch
    self.sentAt = sentAt
  }

  /// The outline of a batch whose taps are made already.
  package init(_ batch: TapBatch) {
    self.init(device: batch.device, epoch: batch.epoch, sentAt: batch.sentAt)
    for index in batch.taps.indices {
      // Fields one by one: a copy of a tap would count references to all of its texts.
      note(
        seq: batch.taps[index].seq, at: batch.taps[index].at, riders: batch.taps[index].riders,
        direction: batch.taps[index].direction, coordinate: batch.taps[index].coordinate)
    }
  }

  /// Takes the next tap into account; its texts and its token do not matter.
  @inline(__always) mutating func note(
    seq: Int64, at moment: Instant, riders: Int, direction: Int?, coordinate: Coordinate?
  ) {
    if tapsCount == 0 { firstSeq = seq }
    if seq &- firstSeq != Int64(tapsCount) { isInRow = false }
    tapsCount += 1
    earliest = min(earliest, moment)
    latest = max(latest, moment)
    ridersLeast = min(ridersLeast, riders)
    ridersMost = max(ridersMost, riders)
    if let direction, direction < 0 || direction > 1 { holdsImpossible = true }
    if let coordinate, abs(coordinate.latitude) > 90 || abs(coordinate.longitude) > 180 {
      holdsImpossible = true
    }
  }

  /// The numbers of the batch, where they follow each other without holes and every tap is
  /// possible; nil for any other batch.
  package func plainSeqs(
    receivedAt: Instant, limits: AdmissionLimits = AdmissionLimits()
  ) -> Range<Int64>? {
    let clock = ClockOffset(sentAt: sentAt, receivedAt: receivedAt)
    let latestPossible = receivedAt.adding(
      seconds: limits.futureSecondsMax + clock.correctionSeconds)
    guard tapsCount > 0, isInRow, !holdsImpossible, firstSeq > 0,
      firstSeq < .max - Int64(tapsCount), latest <= latestPossible,
      earliest >= limits.earliest(receivedAt: receivedAt),
      ridersLeast >= 1, ridersMost <= limits.ridersMax
    else { return nil }
    return firstSeq..<firstSeq + Int64(tapsCount)
  }
}
