/// A request of a session as the journal keeps it: a link of the running hash.
package struct SessionLink: Hashable, Sendable {
  package let count: Int64
  package let bodyDigest: [UInt8]
  /// The running hash after it.
  package let chain: [UInt8]

  /// Makes a link.
  package init(count: Int64, bodyDigest: [UInt8], chain: [UInt8]) {
    self.count = count
    self.bodyDigest = bodyDigest
    self.chain = chain
  }
}

/// The way of the running hash over one request: from what was signed before to what was signed
/// after it.
package struct SessionPath: Hashable, Sendable {
  /// Nil when it begins at the grant.
  package let start: SignedCheckpoint?
  /// From the start on, up to the checkpoint or as far as the links lead.
  package let bodyDigests: [[UInt8]]
  /// Nil when none has come that covers the request.
  package let checkpoint: SignedCheckpoint?

  /// Finds the way over a request among the links and checkpoints of its session.
  ///
  /// Each step back follows the hash, so that a device that made two requests of one number does not
  /// lead astray. Links that are missing leave the way short, and its check says so.
  package init(
    over request: SessionLink, links: [SessionLink], checkpoints: [SignedCheckpoint]
  ) {
    let byCount = Dictionary(grouping: links + [request], by: \.count)
    let before = checkpoints.filter { $0.count < request.count }.max { $0.count < $1.count }
    let covering = checkpoints.filter { $0.count >= request.count }.sorted { $0.count < $1.count }
    start = before
    let first = (before?.count ?? 0) + 1
    for checkpoint in covering {
      let way = Self.back(
        from: checkpoint.count, chain: checkpoint.chain, to: first, through: request, byCount)
      if let way {
        bodyDigests = way
        self.checkpoint = checkpoint
        return
      }
    }
    // A checkpoint that nothing leads to is shown all the same: what is damaged has to be seen.
    checkpoint = covering.first
    var digests =
      Self.back(
        from: request.count, chain: request.chain, to: first, through: request, byCount)
      ?? (first..<request.count).compactMap { byCount[$0]?.first?.bodyDigest }
      + [request.bodyDigest]
    var chain = request.chain
    var count = request.count
    while count < covering.first?.count ?? .max,
      let next = byCount[count + 1]?.first(where: {
        SessionChain.link(chain, $0.bodyDigest) == $0.chain
      })
    {
      digests.append(next.bodyDigest)
      chain = next.chain
      count += 1
    }
    bodyDigests = digests
  }

  /// The digests from `first` to `count`, followed backwards from a hash; nil when a link is missing,
  /// or the way does not lead over the request.
  private static func back(
    from count: Int64, chain: [UInt8], to first: Int64, through request: SessionLink,
    _ byCount: [Int64: [SessionLink]]
  ) -> [[UInt8]]? {
    var digests: [[UInt8]] = []
    var wanted = chain
    var number = count
    while number >= first {
      guard let link = byCount[number]?.first(where: { $0.chain == wanted }) else { return nil }
      if number == request.count, link != request { return nil }
      digests.append(link.bodyDigest)
      number -= 1
      guard number >= first else { break }
      guard
        let previous = byCount[number]?.first(where: {
          SessionChain.link($0.chain, link.bodyDigest) == link.chain
        })
      else { return nil }
      wanted = previous.chain
    }
    return digests.reversed()
  }
}
