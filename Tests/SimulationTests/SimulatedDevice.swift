import Basics
import Intake
import Tapping
import Transit

/// What one hardware of a validator knows of its own taps, and what it decides to post next; no I/O.
///
/// It keeps a tap until it is acknowledged, posts parts in any order, repeats itself, and may post
/// after other hardware took its place. Some post in sessions, some with a signature
/// each, some both ways; a session is forgotten in a restart, repeated, closed or left lying, and the
/// device takes another key over it.
struct SimulatedDevice: Sendable {
  /// Where the hardware is.
  enum Place: Sendable {
    /// Not yet in use: it has no key that the service knows, and no epochs.
    case crate
    case mounted
    /// Taken out, and nobody has connected it yet.
    case workshop
    /// Never seen again.
    case gone
  }

  /// A batch that is to be posted.
  struct Post: Sendable {
    let device: String
    let epoch: Int64
    let taps: [Tap]
    var body: [UInt8]
    let format: BatchFormat
    /// The key that signs it, or that opened its session.
    let keys: Ed25519KeyPair
    /// Nil with a signature of its own.
    var session: SessionHeaders?

    /// The post as it arrives, signed when it comes in no session.
    func signed(at moment: Instant) -> TapPost {
      TapPost(
        body: body, format: format, device: session == nil ? device : nil,
        signature: session == nil ? Base64.encode(keys.sign(body), .standard) : nil,
        session: session, receivedAt: moment)
    }
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

  /// Codes that any device may be refused with for a moment.
  static let passingCodes: Set<String> = [
    "too_many_requests", "store_unavailable", "could_not_store", "intake_full",
  ]
  /// Codes that hardware may be refused with whose keys a person ended, or whose device was revoked.
  static let endedCodes: Set<String> = [
    "key_ended", "signature_wrong", "session_unknown", "device_revoked", "device_not_active",
    "device_unknown",
  ]
  /// Refusals after which hardware without a key gives up.
  static let refusalsMax = 3

  let plan: FleetPlan.Device
  /// Which hardware of its validator, from 0.
  let number: Int
  private(set) var place: Place
  /// First of its epochs; its lives follow one after the other.
  private(set) var epochFrom: Int64 = 1
  /// Whether a person ended all its keys.
  private(set) var areKeysEnded = false
  private var refusalsCount = 0
  /// Whether the service opens sessions for it, as far as it knows.
  private var opensSessions = true
  /// The key in use.
  private(set) var keys: Ed25519KeyPair
  /// Every key it ever had.
  private(set) var publicKeys: [[UInt8]]
  /// Requests that acknowledged checkpoints cover, by session.
  private(set) var covered: [SessionID: Int64] = [:]
  /// Answers and refusals that should not have been.
  private(set) var wrongOutcomes: [String] = []
  private let sessionShare: Double
  private var lines: [Int64: SimulatedLine] = [:]
  private var proposal: SimulatedProposal?
  private var isCheckpointDue = false
  private var unacknowledged: [Int64: [Tap]] = [:]
  private var acknowledged: [Int64: [Tap]] = [:]
  private var chance: SeededGenerator

  /// Makes the first hardware of a validator, which is mounted, or a later one in its crate.
  init(_ plan: FleetPlan.Device, number: Int, chance: SeededGenerator) {
    self.plan = plan
    self.number = number
    self.chance = chance
    keys = Self.keys("\(plan.id) \(number) 1")
    publicKeys = [keys.publicKey]
    sessionShare = [0, 0.5, 1][self.chance.integer(in: 0...2)]
    place = .crate
    if number == 0 { mount(epochFrom: 1) }
  }

  var hardware: FleetPlan.Hardware { plan.hardware[number] }

  /// Whether its key signs the epochs of an earlier hardware too.
  ///
  /// Who comes after a thief may be the same machine, and hold taps of then.
  func maySign(epochsOf other: SimulatedDevice) -> Bool {
    other.number < number
      && plan.hardware[other.number..<number].allSatisfy { $0.fate == .isStolen }
  }
  /// The epoch of each of its lives; empty in the crate.
  var epochs: [Int64] {
    place == .crate ? [] : hardware.lives.indices.map { epochFrom + Int64($0) }
  }
  /// Whether all that it recorded has to come in, and not only what was acknowledged.
  var comesHome: Bool { place != .gone && !areKeysEnded }

  /// Taps of an epoch that were acknowledged.
  func acknowledged(_ epoch: Int64) -> [Tap] { acknowledged[epoch] ?? [] }

  /// Puts it to use with the epochs that the service named.
  mutating func mount(epochFrom: Int64) {
    place = .mounted
    self.epochFrom = epochFrom
    unacknowledged = Dictionary(
      uniqueKeysWithValues: zip(epochs, hardware.lives).map { ($0, $1.taps + $1.contradictions) })
  }

  /// Other hardware took its place.
  mutating func yieldPlace() {
    switch hardware.fate {
    case .postsOn, .keysEnd, .isStolen: break
    case .isFoundLater: place = .workshop
    case .isLost: place = .gone
    }
  }

  /// Somebody found it and connected it.
  mutating func isFound() { place = .mounted }

  /// A person ended its keys.
  mutating func loseKeys() { areKeysEnded = true }

  /// Whether every tap is acknowledged, and what went in sessions that still stand is signed for; or
  /// nobody hears of it any more.
  var isDone: Bool {
    switch place {
    case .gone: true
    case .crate, .workshop: false
    case .mounted:
      refusalsCount >= Self.refusalsMax
        || unacknowledged.values.allSatisfy(\.isEmpty) && lines.values.allSatisfy(\.isCovered)
    }
  }

  /// The next step; nil when there is nothing to do.
  mutating func next(at now: Instant) -> Step? {
    let waiting = unacknowledged.filter { !$0.value.isEmpty }.keys.sorted()
    guard let newest = waiting.last else { return closing(at: now).map { .post($0) } }
    let epoch = chance.chance(0.7) ? newest : waiting[chance.integer(in: 0...waiting.count - 1)]
    // A restart: the session's key was in memory only.
    if chance.chance(0.04) { lines[epoch] = nil }
    guard chance.chance(sessionShare), opensSessions || lines[epoch] != nil else {
      let batch = batch(epoch, at: now)
      return .post(signed(batch))
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
      device: plan.id, epoch: epoch, sentAt: now.adding(seconds: hardware.clockAheadSeconds),
      taps: [])
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
    let sentAt = now.adding(seconds: hardware.clockAheadSeconds)
    return TapBatch(device: plan.id, epoch: epoch, sentAt: sentAt, taps: taps)
  }

  /// Notes what the service said it has: the device forgets these, and by them it may be told of more.
  mutating func hear(_ answer: TapBatchAnswer, of post: Post) {
    if areKeysEnded { wrongOutcomes.append("\(plan.id) \(number): heard with an ended key") }
    let heard = Set(post.taps)
    let stored = (unacknowledged[post.epoch] ?? []).filter { isStored($0, in: post.epoch, answer) }
    for tap in post.taps + stored where acknowledged[post.epoch]?.contains(tap) != true {
      acknowledged[post.epoch, default: []].append(tap)
    }
    let gone = Set(stored)
    let own = unacknowledged[post.epoch] ?? []
    unacknowledged[post.epoch] = own.filter { tap in
      let isForgotten = heard.contains(tap) && (!isStrict || isTwofold(tap.seq, in: post.epoch))
      return !gone.contains(tap) && !isForgotten
    }
    guard let headers = post.session else { return }
    isCheckpointDue = false
    if headers.checkpoint != nil { covered[headers.session] = headers.count }
    if lines[post.epoch]?.id == headers.session { lines[post.epoch]?.hear(headers) }
  }

  /// Whether an answer says that a tap may be forgotten, though it may have gone in a post that was never
  /// answered: by the protocol's page all up to `ack_through` that is not missing.
  ///
  /// Of two contents under one number it says only that one is there.
  private func isStored(_ tap: Tap, in epoch: Int64, _ answer: TapBatchAnswer) -> Bool {
    tap.seq <= answer.ackThrough && !answer.missing.contains { $0.contains(tap.seq) }
      && !isTwofold(tap.seq, in: epoch)
  }

  private func isTwofold(_ seq: Int64, in epoch: Int64) -> Bool {
    hardware.lives[Int(epoch - epochFrom)].contradictions.contains { $0.seq == seq }
  }

  /// Whether it keeps what was answered until `ack_through` has passed it.
  private var isStrict: Bool { stableHash("\(plan.id) \(number)") % 2 == 0 }

  /// Notes that a post was refused: what was proven stays, a session that broke is left.
  mutating func hear(refusal code: String, of post: Post) {
    note(refusal: code, isInSession: post.session != nil)
    if areKeysEnded, !Self.passingCodes.contains(code) { refusalsCount += 1 }
    guard let headers = post.session else { return }
    switch code {
    case "checkpoint_due": isCheckpointDue = true
    case let code where Self.passingCodes.contains(code): break
    default:
      isCheckpointDue = false
      if lines[post.epoch]?.id == headers.session { lines[post.epoch] = nil }
    }
  }

  private mutating func note(refusal code: String, isInSession: Bool) {
    var expected = isInSession ? Self.expectedCodes : Self.passingCodes
    if areKeysEnded { expected.formUnion(Self.endedCodes) }
    // A service that has not heard of its newest key yet.
    if number > 0 || publicKeys.count > 1 { expected.insert("signature_wrong") }
    if !expected.contains(code) {
      wrongOutcomes.append("\(plan.id) \(number): refused with \(code)")
    }
  }

  /// A batch under an epoch of other hardware, which no service may take.
  mutating func trespass(into epoch: Int64, at now: Instant) -> Post {
    let tap = Tap(
      seq: Int64(chance.integer(in: 1...60)), at: now.adding(seconds: -60), kind: .single,
      medium: .card, token: Array("trespasser".utf8))
    let batch = TapBatch(device: plan.id, epoch: epoch, sentAt: now, taps: [tap])
    return signed(batch)
  }

  /// A batch with a signature of its own.
  private func signed(_ batch: TapBatch) -> Post {
    let format = Self.format(of: batch)
    return Post(
      device: plan.id, epoch: batch.epoch, taps: batch.taps,
      body: TapBatchWire.encode(batch, format), format: format, keys: keys, session: nil)
  }

  /// Each format in turn, by what is in the batch.
  static func format(of batch: TapBatch) -> BatchFormat {
    let name = "\(batch.device) \(batch.epoch) \(batch.taps.first?.seq ?? 0)"
    return BatchFormat.allCases[Int(stableHash(name) % UInt64(BatchFormat.allCases.count))]
  }

  /// Notes what came of a trespass; nil is an answer.
  mutating func hear(trespass code: String?) {
    let expected = Self.passingCodes.union(Self.endedCodes).union(["epoch_of_other_hardware"])
    guard let code else {
      return wrongOutcomes.append("\(plan.id) \(number): was let into foreign epochs")
    }
    if !expected.contains(code) {
      wrongOutcomes.append("\(plan.id) \(number): a trespass was refused with \(code)")
    }
  }

  /// Notes the grant that answers a proposal.
  mutating func hear(_ line: SimulatedLine, of answered: SimulatedProposal) {
    lines[answered.epoch] = line
    proposal = nil
  }

  /// Forgets a proposal that was refused; who is told that its key opens none any more posts with
  /// signatures from then on.
  mutating func hear(proposalRefusal code: String) {
    proposal = nil
    if code == "handshake_signature_wrong" || areKeysEnded { opensSessions = false }
  }

  /// The next key; sessions go on with the one that opened them.
  var nextKeys: Ed25519KeyPair { Self.keys("\(plan.id) \(number) \(publicKeys.count + 1)") }

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
