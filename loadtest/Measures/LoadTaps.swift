package import Basics
package import Tapping
import Transit

/// Taps as a load generator makes them: cheap to make, and of the shape that validators send.
package struct LoadTaps: Sendable {
  /// Riders among whom the taps are dealt.
  static let riderCount = 50_000

  package let batchSize: Int
  private let seed: UInt64
  private let start: Instant

  /// Makes taps whose times follow a moment, a tap each half second and device.
  package init(batchSize: Int, seed: UInt64, start: Instant) {
    precondition((1...TapLimits.tapsPerBatchMax).contains(batchSize), "a batch has 1 to 1000 taps")
    self.batchSize = batchSize
    self.seed = seed
    self.start = start
  }

  /// The n-th batch of a device, n from 0; its numbers follow those of the batch before.
  package func batch(_ number: Int, device: String, vehicle: String, sentAt: Instant) -> TapBatch {
    var generator = SeededGenerator(
      seed: seed ^ stableHash("\(device) \(number)".utf8))
    let first = number * batchSize
    let taps = (0..<batchSize).map { index in
      let rider = generator.integer(in: 0...Self.riderCount - 1)
      return Tap(
        seq: Int64(first + index) + 1,
        at: start.adding(milliseconds: Int64(first + index) * 500 % 3_600_000),
        kind: .single, medium: .card, token: Self.token(rider), vehicle: vehicle,
        route: "bus-11", direction: (first + index) / 50 % 2)
    }
    return TapBatch(device: device, epoch: 1, sentAt: sentAt, taps: taps)
  }

  private static func token(_ rider: Int) -> [UInt8] {
    var generator = SeededGenerator(seed: UInt64(rider))
    return (0..<16).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
  }
}
