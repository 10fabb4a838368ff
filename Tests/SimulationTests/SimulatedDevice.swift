import Basics
import Tapping

/// What a validator knows of its own taps, and what it decides to post next; no I/O.
///
/// It keeps a tap until it is acknowledged, posts parts in any order, repeats itself, and a hardware
/// that was swapped out may post after its successor. Some post in sessions, some with a signature
/// each, some both ways; a session is forgotten in a restart, repeated, closed or left lying, and the
/// device takes another key over it.
struct SimulatedDevice: Sendable {
  /// A batch that is to be posted.
  struct Post: Sendable {
    let epoch: Int64
    let taps: [Tap]
    let body: [UInt8]
    /// The key that signs it, or that opened its session.
    let keys: Ed25519KeyPair
    /// Nil with a signature of its own.
    var session: SessionHeaders?
  }

  /// What the device does next.
  enum Step: Sendable {
    case post(Post)
    case propose(SimulatedProposal)
  }

  /// Codes that a device without a fault may be refused a request of a session with.
  static let expectedCodes: Set<String> = [
    "checkpoint_due", "session_expired", "session_unknown", "handshake_clock", "key_ended",
    "too_many_sessions", "too_many_requests", "store_unavailable", "could_not_store",
    "intake_full",
  ]

  let plan: FleetPlan.Device
  /// The key in use.
  private(set) var keys: Ed25519KeyPair
  /// Every key it ever had.
  private(set) var publicKeys: [[UInt8]]
  /// Requests that acknowledged checkpoints cover, by session.
  private(set) var covered: [SessionID: Int64] = [:]
  /// Refusals that should not have been.
  private(set) var wrongRefusals: [String] = []
  private let sessionShare: Double
  private var lines: [Int64: SimulatedLine] = [:]
  private var proposal: SimulatedProposal?
  private var isCheckpointDue = false
  private var unacknowledged: [Int64: [Tap]]
  private var acknowledged: [Int64: [Tap]] = [:]
  private var chance: SeededGenerator

  init(_ plan: FleetPlan.Device, chance: SeededGenerator) {
    self.plan = plan
    self.chance = chance
    keys = Self.keys("\(plan.id) 1")
    publicKeys = [keys.publicKey]
    sessionShare = [0, 0.5, 1][self.chance.integer(in: 0...2)]
    unacknowledged = Dictionary(
      uniqueKeysWithValues: plan.lives.map { ($0.epoch, $0.taps + $0.contradictions) })
  }

  /// Whether every tap is acknowledged, and what went in sessions that still stand is signed for.
  var isDone: Bool {
    unacknowledged.values.allSatisfy(\.isEmpty) && lines.values.allSatisfy(\.isCovered)
  }

  /// The next step; nil when there is nothing to do.
  mutating func next(at now: Instant) -> Step? {
    let waiting = unacknowledged.filter { !$0.value.isEmpty }.keys.sorted()
    guard let newest = waiting.last else { return closing(at: now).map { .post($0) } }
    let epoch = chance.chance(0.7) ? newest : waiting[chance.integer(in: 0...waiting.count - 1)]
    // A restart: the session's key was in memory only.
    if chance.chance(0.04) { lines[epoch] = nil }
    guard chance.chance(sessionShare) else {
      let batch = batch(epoch, at: now)
      return .post(
        Post(
          epoch: epoch, taps: batch.taps, body: TapBatchJSON.encode(batch), keys: keys,
          session: nil))
    }
    return inSession(epoch, at: now)
  }

  private mutating func inSession(_ epoch: Int64, at now: Instant) -> Step? {
    if let line = lines[epoch], line.until <= now, line.isCovered { lines[epoch] = nil }
    guard lines[epoch] != nil else {
      // Mostly the same proposal once more when its answer was lost.
      if let proposal, proposal.epoch == epoch, chance.chance(0.7) { return .propose(proposal) }
      let proposed = SimulatedProposal(
        device: plan.id, epoch: epoch, keys: keys, at: now, &chance)
      proposal = proposed
      return .propose(proposed)
    }
    let isCheckpoint = chance.chance(0.2) || isCheckpointDue
    if let post = lines[epoch]?.repeated(isCheckpoint: isCheckpoint) { return .post(post) }
    let batch = batch(epoch, at: now)
    return lines[epoch].map { line in
      var line = line
      let post = line.post(batch, isCheckpoint: isCheckpoint)
      lines[epoch] = line
      return .post(post)
    }
  }

  /// A last request with a checkpoint for a session that still stands open.
  private mutating func closing(at now: Instant) -> Post? {
    guard let epoch = lines.keys.sorted().first(where: { lines[$0]?.isCovered == false }) else {
      return nil
    }
    if let post = lines[epoch]?.repeated(isCheckpoint: true) { return post }
    let empty = TapBatch(
      device: plan.id, epoch: epoch, sentAt: now.adding(seconds: plan.clockAheadSeconds), taps: [])
    return lines[epoch]?.post(empty, isCheckpoint: true)
  }

  private mutating func batch(_ epoch: Int64, at now: Instant) -> TapBatch {
    let own = unacknowledged[epoch] ?? []
    // Mostly the oldest first; now and then a part from the middle, as after a mended file.
    let first = chance.chance(0.8) ? 0 : chance.integer(in: 0...own.count - 1)
    var taps = Array(own[first...].prefix(chance.integer(in: 1...20)))
    if chance.chance(0.3), let known = acknowledged[epoch], !known.isEmpty {
      taps = known.suffix(chance.integer(in: 1...5)) + taps
    }
    if chance.chance(0.1) { taps.shuffle(using: &chance) }
    let sentAt = now.adding(seconds: plan.clockAheadSeconds)
    return TapBatch(device: plan.id, epoch: epoch, sentAt: sentAt, taps: taps)
  }

  /// Notes what the service said it has: the device forgets these.
  mutating func hear(_ answer: TapBatchAnswer, of post: Post) {
    let heard = Set(post.taps)
    unacknowledged[post.epoch]?.removeAll { heard.contains($0) }
    for tap in post.taps where acknowledged[post.epoch]?.contains(tap) != true {
      acknowledged[post.epoch, default: []].append(tap)
    }
    guard let headers = post.session else { return }
    isCheckpointDue = false
    if headers.checkpoint != nil { covered[headers.session] = headers.count }
    if lines[post.epoch]?.id == headers.session { lines[post.epoch]?.hear(headers) }
  }

  /// Notes that a post was refused: what was proven stays, a session that broke is left.
  mutating func hear(refusal code: String, of post: Post) {
    guard let headers = post.session else { return }
    if !Self.expectedCodes.contains(code) {
      wrongRefusals.append("\(plan.id) request \(headers.count): \(code)")
    }
    switch code {
    case "checkpoint_due": isCheckpointDue = true
    case "too_many_requests", "store_unavailable", "could_not_store", "intake_full": break
    default:
      isCheckpointDue = false
      if lines[post.epoch]?.id == headers.session { lines[post.epoch] = nil }
    }
  }

  /// Notes the grant that answers a proposal.
  mutating func hear(_ line: SimulatedLine, of answered: SimulatedProposal) {
    lines[answered.epoch] = line
    proposal = nil
  }

  /// Forgets a proposal that was refused.
  mutating func forgetProposal() { proposal = nil }

  /// The next key; sessions go on with the one that opened them.
  var nextKeys: Ed25519KeyPair { Self.keys("\(plan.id) \(publicKeys.count + 1)") }

  /// Takes the next key.
  mutating func takeNextKeys() {
    keys = nextKeys
    publicKeys.append(keys.publicKey)
    proposal = nil
  }

  private static func keys(_ name: String) -> Ed25519KeyPair {
    guard let keys = Ed25519KeyPair(seed: SHA256Digest.hash(Array(name.utf8))) else {
      preconditionFailure("a digest of 32 bytes is a seed")
    }
    return keys
  }
}
