import Basics
import Tapping
import Testing
import Transit

/// Six requests of a session, one tap each; checkpoints at the second and the fifth.
private struct SixRequests {
  var world: SessionWorld
  private(set) var posts: [SessionPost] = []
  private(set) var links: [SessionLink] = []
  private(set) var checkpoints: [SignedCheckpoint] = []

  init() throws {
    world = try SessionWorld()
    for number in Int64(1)...6 { post(number, isCheckpoint: number == 2 || number == 5) }
  }

  private mutating func post(_ seq: Int64, isCheckpoint: Bool) {
    let body = TapBatchWire.encode(
      TapBatch(
        device: "V-0042", epoch: 3, sentAt: world.start,
        taps: [Tap(seq: seq, at: world.start, kind: .single, medium: .card, token: [7])]),
      .protobuf)
    let headers = world.sender.headers(
      for: body, .protobuf, signing: isCheckpoint ? world.device : nil)
    posts.append(SessionPost(headers: headers, format: .protobuf, body: body))
    links.append(
      SessionLink(
        count: headers.count, bodyDigest: SHA256Digest.hash(body), chain: headers.chain))
    if let signature = headers.checkpoint {
      checkpoints.append(
        SignedCheckpoint(
          count: headers.count, chain: headers.chain, signature: signature,
          receivedAt: world.start.adding(seconds: 60)))
    }
  }

  /// The evidence of the tap of a request, as the service finds it.
  func evidence(ofRequest number: Int) -> TapEvidence {
    let post = posts[number - 1]
    let path = SessionPath(
      over: links[number - 1], links: links.filter { $0.count != Int64(number) },
      checkpoints: checkpoints)
    return TapEvidence(
      device: "V-0042", epoch: 3, seq: Int64(number), batchID: Int64(number) + 100,
      receivedAt: world.start.adding(seconds: 5), format: .protobuf, body: post.body,
      bodyDigest: SHA256Digest.hash(post.body),
      proof: .session(
        SessionEvidence(
          key: EvidenceKey(publicKey: world.device.publicKey, validFrom: world.start),
          servicePublicKey: world.service.publicKey,
          handshake: SignedHandshake(
            proposal: world.proposal, proposalSignature: world.device.sign(world.proposal),
            grant: world.grant, grantSignature: world.service.sign(world.grant)),
          count: Int64(number), chain: post.headers.chain, mac: post.headers.mac,
          start: path.start, bodyDigests: path.bodyDigests, checkpoint: path.checkpoint)),
      register: SequenceRanges([1..<7]), exportedAt: world.start.adding(seconds: 99))
  }
}

extension TapEvidence {
  /// Names of the checks that fail.
  fileprivate var failing: [String] { checks().filter { !$0.isGood }.map(\.name) }

  /// The same evidence with its session changed.
  fileprivate func changed(_ change: (inout SessionEvidence) -> Void) -> TapEvidence {
    guard case .session(var session) = proof else { return self }
    change(&session)
    var other = self
    other.proof = .session(session)
    return other
  }

  fileprivate var session: SessionEvidence? {
    if case .session(let session) = proof { session } else { nil }
  }
}

@Suite struct SessionEvidenceTests {
  private let six: SixRequests

  init() throws { six = try SixRequests() }

  @Test func everyTapBeforeACheckpointIsProvenFromOneSignatureToTheNext() throws {
    for (number, start, digests, end) in [
      (1, nil, 2, Int64(2)), (2, nil, 2, 2), (3, 2, 3, 5), (4, 2, 3, 5), (5, 2, 3, 5),
    ] as [(Int, Int64?, Int, Int64)] {
      let evidence = six.evidence(ofRequest: number)
      #expect(evidence.failing.isEmpty, "\(number): \(evidence.checks())")
      let session = try #require(evidence.session)
      #expect(session.start?.count == start && session.checkpoint?.count == end)
      #expect(session.bodyDigests.count == digests)
      let trusted = evidence.checks(
        trusting: six.world.device.publicKey, service: six.world.service.publicKey)
      #expect(trusted.allSatisfy { $0.isGood })
      #expect(trusted.suffix(2).map(\.name) == ["key", "service_key"])
    }
  }

  @Test func afterTheLastCheckpointOnlyACodeSpeaksAndTheCheckSaysSo() throws {
    let evidence = six.evidence(ofRequest: 6)
    #expect(evidence.failing == ["checkpoint"])
    let told = try #require(evidence.checks().first { $0.name == "checkpoint" })
    #expect(told.found.contains("no signed checkpoint has come yet that covers request 6"))
    #expect(try #require(evidence.session).start?.count == 5)
  }

  @Test func aChangedByteIsFoundWhereItIs() throws {
    let good = six.evidence(ofRequest: 4)
    var body = good
    body.body[body.body.count - 1] ^= 1
    #expect(Set(body.failing).isSuperset(of: ["digest", "chain"]))
    #expect(!body.failing.contains("checkpoint"))
    let changes: [(String, [String], (inout SessionEvidence) -> Void)] = [
      ("proposal", ["proposal", "handshake"], { $0.handshake.proposal[40] ^= 1 }),
      ("its signature", ["proposal"], { $0.handshake.proposalSignature[3] ^= 1 }),
      ("grant's signature", ["grant"], { $0.handshake.grantSignature[63] ^= 1 }),
      ("service's key", ["grant"], { $0.servicePublicKey?[0] ^= 1 }),
      ("no service's key", ["grant"], { $0.servicePublicKey = nil }),
      ("start's signature", ["start"], { $0.start?.signature[0] ^= 1 }),
      ("start's hash", ["start", "chain"], { $0.start?.chain[0] ^= 1 }),
      ("first digest", ["chain"], { $0.bodyDigests[0][31] ^= 1 }),
      ("own digest", ["chain"], { $0.bodyDigests[1][31] ^= 1 }),
      ("last digest", ["chain"], { $0.bodyDigests[2][31] ^= 1 }),
      ("own hash", ["chain"], { $0.chain[9] ^= 1 }),
      ("own number", ["chain"], { $0.count = 5 }),
      ("number out of the way", ["chain"], { $0.count = .min }),
      ("checkpoint's signature", ["checkpoint"], { $0.checkpoint?.signature[7] ^= 1 }),
      ("checkpoint's hash", ["chain", "checkpoint"], { $0.checkpoint?.chain[7] ^= 1 }),
      ("checkpoint's number", ["chain", "checkpoint"], { $0.checkpoint?.count = 6 }),
      ("checkpoint's least number", ["chain", "checkpoint"], { $0.checkpoint?.count = .min }),
    ]
    for (what, failing, change) in changes {
      #expect(good.changed(change).failing == failing, "\(what)")
    }
  }

  @Test func theGrantIsBoundToTheRunningHashThatBeginsAtIt() throws {
    let first = six.evidence(ofRequest: 1)
    let cut = first.changed { $0.handshake.grant.removeLast() }
    #expect(cut.failing == ["grant", "handshake", "chain", "checkpoint"])
    let later = first.changed {
      $0.handshake.grant = Array(
        String(decoding: $0.handshake.grant, as: UTF8.self).replacing(
          "07:29:01Z", with: "07:29:02Z"
        )
        .utf8)
    }
    #expect(later.failing == ["grant", "chain"])
    var other = first
    other.device = "V-1"
    #expect(other.failing == ["content", "handshake"])
  }

  @Test func aKeyThatHadEndedProvesNothing() {
    let ended = six.world.start.adding(seconds: 30)
    #expect(
      six.evidence(ofRequest: 4).changed { $0.key.validTo = ended }.failing
        == ["start", "checkpoint"])
    let before = six.world.start.adding(seconds: 5)
    #expect(
      six.evidence(ofRequest: 1).changed { $0.key.validTo = before }.failing
        == ["checkpoint", "validity"])
  }

  @Test func aKeyThatWasWrittenDownByAClockAheadProvesWhatItSigned() {
    let later = six.world.start.adding(seconds: 86_400)
    for number in 1...5 {
      let evidence = six.evidence(ofRequest: number).changed { $0.key.validFrom = later }
      #expect(evidence.failing == [], "request \(number)")
    }
  }

  @Test func theFileIsReadBackAndWithoutAMemberItIsNone() throws {
    for number in 1...6 {
      let evidence = six.evidence(ofRequest: number)
      #expect(try TapEvidence(json: evidence.json) == evidence)
    }
    let text = String(decoding: six.evidence(ofRequest: 4).json, as: UTF8.self)
    for name in [
      "proposal", "proposal_signature", "grant", "grant_signature", "count", "chain", "mac",
      "body_digests", "signature", "public_key", "key_valid_from",
    ] {
      let without = text.replacing("\"\(name)\":", with: "\"x_\(name)\":")
      #expect(throws: JSONFault.self, "\(name)") { try TapEvidence(json: Array(without.utf8)) }
    }
    // What is there and cannot be read is not the same as nothing.
    for (good, bad) in [
      (#""key_valid_to":null"#, #""key_valid_to":"never""#),
      (#""service_key":""#, #""service_key":"!"#),
    ] {
      let changed = text.replacing(good, with: bad)
      #expect(changed != text)
      #expect(throws: JSONFault.self, "\(bad)") { try TapEvidence(json: Array(changed.utf8)) }
    }
    let broken = text.replacing("\"kind\":\"session\"", with: "\"kind\":\"ed25519\"")
    #expect(throws: JSONFault.self) { try TapEvidence(json: Array(broken.utf8)) }
  }

  @Test(arguments: BatchFormat.allCases)
  func aBodyOfEveryFormatIsReadAgain(_ format: BatchFormat) throws {
    var evidence = six.evidence(ofRequest: 4)
    let batch = try #require(evidence.batch)
    evidence.format = format
    evidence.body = TapBatchWire.encode(batch, format)
    let read = try TapEvidence(json: evidence.json)
    #expect(read.format == format && read.tap?.seq == 4)
  }
}

@Suite struct SessionPathTests {
  private let six: SixRequests

  init() throws { six = try SixRequests() }

  @Test func aMissingLinkLeavesTheWayShort() {
    let path = SessionPath(
      over: six.links[2], links: [six.links[4]], checkpoints: six.checkpoints)
    #expect(path.start?.count == 2 && path.checkpoint?.count == 5)
    #expect(path.bodyDigests == [six.links[2].bodyDigest])
  }

  @Test func aSecondRequestOfOneNumberDoesNotLeadAstray() {
    let digest = SHA256Digest.hash([1])
    let fork = SessionLink(
      count: 3, bodyDigest: digest, chain: SessionChain.link(six.links[1].chain, digest))
    let path = SessionPath(
      over: six.links[3], links: [fork] + six.links.filter { $0.count != 4 },
      checkpoints: six.checkpoints)
    #expect(path.bodyDigests == six.links[2...4].map(\.bodyDigest))
    // No signature of the device leads over the other one.
    let astray = SessionPath(over: fork, links: six.links, checkpoints: six.checkpoints)
    #expect(astray.bodyDigests == [digest] && astray.checkpoint?.count == 5)
  }
}

@Suite struct SessionTrailTests {
  private let six: SixRequests

  init() throws { six = try SixRequests() }

  private func trail(
    repeats: [SessionLink] = [], checkpoints: [SignedCheckpoint]? = nil
  ) -> SessionTrail {
    SessionTrail(
      session: SessionWorld.session, grant: six.world.grant, publicKey: six.world.device.publicKey,
      repeats: repeats, checkpoints: checkpoints ?? six.checkpoints)
  }

  private func faults(
    _ links: [SessionLink], repeats: [SessionLink] = [], checkpoints: [SignedCheckpoint]? = nil
  ) -> (faults: [String], uncovered: Int) {
    var trail = trail(repeats: repeats, checkpoints: checkpoints)
    var faults = links.flatMap { trail.take($0) }
    faults += trail.finish()
    return (faults, trail.uncoveredBatches)
  }

  @Test func aSessionIsFollowedToItsEnd() {
    let whole = faults(six.links)
    #expect(whole.faults.isEmpty && whole.uncovered == 1)
    // Requests that brought nothing new stand apart, also the one with the checkpoint.
    let apart = faults(
      [six.links[1], six.links[3], six.links[5]],
      repeats: [six.links[0], six.links[2], six.links[4]])
    #expect(apart.faults.isEmpty && apart.uncovered == 1)
    let twice = faults(six.links, repeats: [six.links[0], six.links[5]])
    #expect(twice.faults.isEmpty && twice.uncovered == 1)
    let bare = faults(six.links, checkpoints: [])
    #expect(bare.faults.isEmpty && bare.uncovered == 6)
  }

  @Test func whatIsMissingChangedOrForgedIsTold() {
    for index in six.links.indices.dropLast() {
      var links = six.links
      links.remove(at: index)
      let told = faults(links).faults
      #expect(told.contains { $0.contains("request \(index + 2) does not follow") }, "\(told)")
    }
    var changed = six.links
    changed[3] = SessionLink(
      count: 4, bodyDigest: SHA256Digest.hash([9]), chain: six.links[3].chain)
    #expect(faults(changed).faults.count == 1)
    var forged = six.checkpoints
    forged[1].signature[0] ^= 1
    let told = faults(six.links, checkpoints: forged)
    #expect(told.faults.count == 1 && told.faults[0].contains("the checkpoint at 5 is not"))
    #expect(told.uncovered == 4)
    let cut = faults(Array(six.links.prefix(3)))
    #expect(cut.faults.count == 1 && cut.faults[0].contains("up to the checkpoint at 5"))
    let lone = faults([six.links[0]], repeats: [six.links[3]], checkpoints: [])
    #expect(lone.faults.count == 1 && lone.faults[0].contains("request 4 brought nothing new"))
  }
}
