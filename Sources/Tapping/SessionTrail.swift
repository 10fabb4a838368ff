/// Follows the running hash of a session through the journal, from the grant to its last request: a
/// state machine that takes one batch after the other.
package struct SessionTrail: Sendable {
  package let session: SessionID
  private let publicKey: [UInt8]
  private var count: Int64 = 0
  private var hash: [UInt8]
  private var repeats: [Int64: SessionLink]
  private var checkpoints: [Int64: SignedCheckpoint]
  /// Batches since the last good checkpoint.
  package private(set) var uncoveredBatches = 0

  /// Begins at the grant; `repeats` are the requests that brought nothing new.
  package init(
    session: SessionID, grant: [UInt8], publicKey: [UInt8], repeats: [SessionLink],
    checkpoints: [SignedCheckpoint]
  ) {
    self.session = session
    self.publicKey = publicKey
    hash = SHA256Digest.hash(grant)
    self.repeats = Dictionary(repeats.map { ($0.count, $0) }) { first, _ in first }
    self.checkpoints = Dictionary(checkpoints.map { ($0.count, $0) }) { first, _ in first }
  }

  /// Takes the request of the next batch; what is wrong, each in a sentence.
  package mutating func take(_ link: SessionLink) -> [String] {
    // A request that came again after another session of the device is noted a second time.
    if repeats[link.count]?.chain == link.chain { repeats[link.count] = nil }
    var faults = takeRepeats()
    faults += step(link)
    uncoveredBatches += 1
    return faults + cover()
  }

  /// Ends after the last batch; what is wrong, each in a sentence.
  package mutating func finish() -> [String] {
    let faults = takeRepeats()
    let left = checkpoints.keys.sorted().map {
      "session \(session): the journal does not hold all requests up to the checkpoint at \($0)"
    }
    let apart = repeats.keys.sorted().map {
      "session \(session): request \($0) brought nothing new, and one before it is missing"
    }
    return faults + left + apart
  }

  private mutating func takeRepeats() -> [String] {
    var faults: [String] = []
    while let link = repeats.removeValue(forKey: count + 1) {
      faults += step(link)
      faults += cover()
    }
    return faults
  }

  /// Goes on behind a link, also where it does not follow: so that one fault is told once.
  private mutating func step(_ link: SessionLink) -> [String] {
    let follows =
      link.count == count + 1 && SessionChain.link(hash, link.bodyDigest) == link.chain
    defer {
      count = link.count
      hash = link.chain
    }
    return follows
      ? []
      : [
        "session \(session): the running hash of request \(link.count) does not follow from that of"
          + " request \(count)"
      ]
  }

  private mutating func cover() -> [String] {
    guard let checkpoint = checkpoints.removeValue(forKey: count) else { return [] }
    guard checkpoint.chain == hash, checkpoint.isSigned(in: session, publicKey: publicKey) else {
      return [
        "session \(session): the checkpoint at \(count) is not the device's signature over the"
          + " running hash"
      ]
    }
    uncoveredBatches = 0
    return []
  }
}
