import Basics
import Tapping
import Testing

@Suite struct SessionChainTests {
  @Test func requestsInOrderAreTakenAndCovered() throws {
    var world = try SessionWorld()
    #expect(world.receive(world.post("one")) == .next)
    #expect(world.receive(world.post("two")) == .next)
    #expect(world.chain.count == 2)
    #expect(world.chain.coveredCount == 0)
    #expect(world.chain.uncoveredSince == world.start.adding(seconds: 10))
    #expect(world.receive(world.post("three", isCheckpoint: true)) == .next)
    #expect(world.chain.coveredCount == 3)
    #expect(world.chain.uncoveredSince == nil)
    #expect(world.chain.hash == world.sender.chain.hash)
  }

  @Test func theHashIsThatOfAllBodiesInTheirOrder() throws {
    var world = try SessionWorld()
    var hash = world.chain.hash
    for text in ["one", "two"] {
      #expect(world.receive(world.post(text)) == .next)
      hash = SHA256Digest.hash(hash + SHA256Digest.hash(Array(text.utf8)))
    }
    #expect(world.chain.hash == hash)
  }

  @Test func theLastRequestMayBeRepeated() throws {
    var world = try SessionWorld()
    let first = world.post("one")
    #expect(world.receive(first) == .next)
    let before = world.chain
    #expect(world.receive(first) == .repeated)
    #expect(world.chain == before)
    #expect(world.receive(world.post("two")) == .next)
    #expect(world.receive(first) == .refused(.countBehind))
  }

  @Test func aRepeatMayBringTheCheckpoint() throws {
    var world = try SessionWorld()
    var first = world.post("one")
    #expect(world.receive(first) == .next)
    first.headers.checkpoint = world.sender.chain.checkpoint.signed(by: world.device)
    #expect(world.receive(first) == .repeated)
    #expect(world.chain.coveredCount == 1)
  }

  @Test func anotherBodyUnderTheLastNumberIsRefused() throws {
    var world = try SessionWorld()
    var twin = world
    #expect(world.receive(world.post("one")) == .next)
    #expect(world.receive(twin.post("other")) == .refused(.countReused))
  }

  @Test func aGapIsRefused() throws {
    var world = try SessionWorld()
    _ = world.post("lost")
    #expect(world.receive(world.post("two")) == .refused(.countAhead))
    #expect(world.chain.count == 0)
  }

  @Test func everyBitOfARequestCounts() throws {
    var world = try SessionWorld()
    let good = world.post("one")
    for bit in 0..<256 {
      var post = good
      post.headers.mac[bit / 8] ^= 1 << UInt8(bit % 8)
      #expect(world.receive(post) == .refused(.macWrong))
      post = good
      post.headers.chain[bit / 8] ^= 1 << UInt8(bit % 8)
      #expect(world.receive(post) == .refused(.macWrong))
    }
    for index in good.body.indices {
      var post = good
      post.body[index] ^= 1
      #expect(world.receive(post) == .refused(.macWrong))
    }
    var post = good
    post.format = .json
    #expect(world.receive(post) == .refused(.macWrong))
    post = good
    post.headers.count = 2
    #expect(world.receive(post) == .refused(.macWrong))
    post = good
    post.headers.mac = []
    #expect(world.receive(post) == .refused(.macWrong))
    post = good
    post.headers.session = SessionID(high: 1, low: 2)
    #expect(world.receive(post) == .refused(.sessionUnknown))
    #expect(world.receive(good) == .next)
  }

  @Test func aChainThatIsNotTheServicesIsRefused() throws {
    var world = try SessionWorld()
    let body = Array("one".utf8)
    let chain = [UInt8](repeating: 7, count: 32)
    let mac = world.keys.requestCode(
      session: SessionWorld.session, count: 1, format: .protobuf, chain: chain, body: body)
    let headers = SessionHeaders(
      session: SessionWorld.session, count: 1, chain: chain, mac: mac)
    let post = SessionPost(headers: headers, format: .protobuf, body: body)
    #expect(world.receive(post) == .refused(.chainWrong))
  }

  @Test func aCheckpointOfAnotherKeyOrHashIsRefused() throws {
    var world = try SessionWorld()
    let good = world.post("one", isCheckpoint: true)
    for signature in [
      world.sender.chain.checkpoint.signed(by: world.service),
      SessionCheckpoint(
        session: SessionWorld.session, count: 2, hash: world.sender.chain.hash
      ).signed(by: world.device),
      [UInt8](repeating: 0, count: 64), [],
    ] {
      var post = good
      post.headers.checkpoint = signature
      #expect(world.receive(post) == .refused(.checkpointWrong))
    }
    #expect(world.chain.count == 0)
    #expect(world.receive(good) == .next)
  }

  @Test func anEndedSessionTakesOnlyWhatClosesIt() throws {
    var world = try SessionWorld(validSeconds: 60)
    let late = world.post("late")
    #expect(world.receive(late, afterSeconds: 60) == .next)
    #expect(world.receive(world.post("too late"), afterSeconds: 61) == .refused(.sessionExpired))
    world.sender = DeviceSession(keys: world.keys, chain: world.chain)
    let closing = world.post("closing", isCheckpoint: true)
    #expect(world.receive(closing, afterSeconds: 61 + 86_400) == .refused(.sessionExpired))
    #expect(world.receive(closing, afterSeconds: 60 + 86_400) == .next)
    #expect(world.chain.coveredCount == world.chain.count)
  }

  @Test func withoutCheckpointsASessionStops() throws {
    var world = try SessionWorld()
    #expect(world.receive(world.post("one"), afterSeconds: 100) == .next)
    #expect(world.receive(world.post("two"), afterSeconds: 999) == .next)
    var third = world.post("three")
    #expect(world.receive(third, afterSeconds: 1000) == .refused(.checkpointDue))
    third.headers.checkpoint = world.sender.chain.checkpoint.signed(by: world.device)
    #expect(world.receive(third, afterSeconds: 1000) == .next)

    for index in 1...SessionLimits.uncoveredCountMax {
      #expect(world.receive(world.post("\(index)"), afterSeconds: 1001) == .next)
    }
    #expect(world.receive(world.post("more"), afterSeconds: 1001) == .refused(.checkpointDue))
  }

  @Test func aClockThatIsSetBackPutsNoCheckpointOff() throws {
    var world = try SessionWorld()
    #expect(world.receive(world.post("one"), afterSeconds: 80_000) == .next)
    #expect(world.receive(world.post("two"), afterSeconds: 100) == .next)
    #expect(world.receive(world.post("three"), afterSeconds: 999) == .next)
    #expect(world.receive(world.post("four"), afterSeconds: 1000) == .refused(.checkpointDue))
  }

  @Test func itGoesOnWhereTheJournalStands() throws {
    var world = try SessionWorld()
    #expect(world.receive(world.post("one")) == .next)
    let chain = world.chain
    world.chain = SessionChain(
      session: chain.session, until: chain.until, count: chain.count, hash: chain.hash,
      lastDigest: chain.lastDigest, coveredCount: chain.coveredCount,
      uncoveredSince: chain.uncoveredSince)
    world.keys = try #require(SessionKeys(secret: world.keys.secret))
    #expect(world.chain == chain)
    #expect(world.receive(world.post("two")) == .next)
    #expect(SessionKeys(secret: [1]) == nil)
  }

  /// Whatever arrives, in whatever order and damaged, the chain is that of some prefix of what the
  /// device sent, each once.
  @Test(arguments: 1...20) func noOrderOfArrivalForgesAChain(_ seed: UInt64) throws {
    var world = try SessionWorld()
    var chance = SeededGenerator(seed: seed)
    var sent: [SessionPost] = []
    var hashes = [world.chain.hash]
    for index in 0..<12 {
      sent.append(world.post("tap \(index)", isCheckpoint: chance.chance(0.3)))
      hashes.append(world.sender.chain.hash)
    }
    for _ in 0..<300 {
      var post = sent[chance.integer(in: 0...sent.count - 1)]
      if chance.chance(0.3) { post.body.append(0) }
      if chance.chance(0.2) { post.headers.count += 1 }
      let before = world.chain
      let outcome = world.receive(post)
      #expect(world.chain.hash == hashes[Int(world.chain.count)])
      #expect(world.chain.count <= before.count + 1)
      if case .refused = outcome { #expect(world.chain == before) }
    }
    #expect(world.chain.count > 0)
  }
}

@Suite struct SessionSecretsTests {
  @Test func answersAreProvenToTheDevice() throws {
    var world = try SessionWorld()
    _ = world.receive(world.post("one"))
    let answer = Array("answer".utf8)
    let code = world.keys.answerCode(
      session: SessionWorld.session, count: 1, status: 200, body: answer)
    #expect(world.sender.isGood(answer: answer, status: 200, mac: code))
    #expect(!world.sender.isGood(answer: answer, status: 503, mac: code))
    #expect(!world.sender.isGood(answer: answer + [0], status: 200, mac: code))
    #expect(!world.sender.isGood(answer: answer, status: 200, mac: []))
  }

  @Test func noKeyIsSeenInADescription() throws {
    let world = try SessionWorld()
    let pair = try #require(Ed25519KeyPair(seed: Array(0..<32)))
    let token = try #require(TokenKey([UInt8](repeating: 0xA7, count: 32)))
    let secret = world.keys.secret
    let seen: [Any] = [
      world.keys, world.sender, world.exchange, pair, token, [pair], (world.keys, 1),
      Optional(world.keys) as Any, KeyedHMAC(key: Array(0..<32)),
    ]
    for thing in seen {
      var text = "\(thing) " + String(reflecting: thing)
      dump(thing, to: &text)
      for key in [secret, Array(0..<32), Array(64..<96), [UInt8](repeating: 0xA7, count: 32)] {
        for form in ["\(key)", hexText(key), Base64.encode(key, .standard)] {
          #expect(!text.contains(form.dropFirst().prefix(12)))
        }
        // A list shows one number a line.
        let list = key.prefix(4).map { "-\($0)" }.joined()
        #expect(!text.filter { !$0.isWhitespace }.contains(list))
      }
    }
  }
}
