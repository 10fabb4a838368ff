import Basics
import Tapping

/// What a validator knows of its own taps, and what it decides to post next; no I/O.
///
/// It keeps a tap until it is acknowledged, posts parts in any order, repeats itself, and a hardware
/// that was swapped out may post after its successor.
struct SimulatedDevice: Sendable {
  /// A batch that is to be posted.
  struct Post: Sendable {
    let epoch: Int64
    let taps: [Tap]
    let body: [UInt8]
  }

  let plan: FleetPlan.Device
  let keys: Ed25519KeyPair
  private var unacknowledged: [Int64: [Tap]]
  private var acknowledged: [Int64: [Tap]] = [:]
  private var chance: SeededGenerator

  init(_ plan: FleetPlan.Device, chance: SeededGenerator) {
    self.plan = plan
    self.chance = chance
    guard let keys = Ed25519KeyPair(seed: SHA256Digest.hash(Array(plan.id.utf8))) else {
      preconditionFailure("a digest of 32 bytes is a seed")
    }
    self.keys = keys
    unacknowledged = Dictionary(
      uniqueKeysWithValues: plan.lives.map { ($0.epoch, $0.taps + $0.contradictions) })
  }

  var isDone: Bool { unacknowledged.values.allSatisfy(\.isEmpty) }

  /// The next batch; nil when all is acknowledged.
  mutating func next(at now: Instant) -> Post? {
    let waiting = unacknowledged.filter { !$0.value.isEmpty }.keys.sorted()
    guard let newest = waiting.last else { return nil }
    let epoch = chance.chance(0.7) ? newest : waiting[chance.integer(in: 0...waiting.count - 1)]
    let own = unacknowledged[epoch] ?? []
    // Mostly the oldest first; now and then a part from the middle, as after a mended file.
    let first = chance.chance(0.8) ? 0 : chance.integer(in: 0...own.count - 1)
    var taps = Array(own[first...].prefix(chance.integer(in: 1...20)))
    if chance.chance(0.3), let known = acknowledged[epoch], !known.isEmpty {
      taps = known.suffix(chance.integer(in: 1...5)) + taps
    }
    if chance.chance(0.1) { taps.shuffle(using: &chance) }
    let sentAt = now.adding(seconds: plan.clockAheadSeconds)
    let batch = TapBatch(device: plan.id, epoch: epoch, sentAt: sentAt, taps: taps)
    return Post(epoch: epoch, taps: taps, body: TapBatchJSON.encode(batch))
  }

  /// Notes what the service said it has: the device forgets these.
  mutating func hear(_ answer: TapBatchAnswer, of post: Post) {
    let heard = Set(post.taps)
    unacknowledged[post.epoch]?.removeAll { heard.contains($0) }
    for tap in post.taps where acknowledged[post.epoch]?.contains(tap) != true {
      acknowledged[post.epoch, default: []].append(tap)
    }
  }
}
