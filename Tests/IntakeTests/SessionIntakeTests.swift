import Basics
import Intake
import Postgres
import Store
import Tapping
import Testing

extension IntakeSuite {
  /// Posts in sessions, over a real database.
  @Suite struct Sessions {
    /// A validator with an open session.
    struct Online {
      let validator: Validator
      let proposal: [UInt8]
      var session: DeviceSession

      /// Opens a session.
      init(_ validator: Validator, at world: World, nonce: UInt8 = 1) async throws {
        self.validator = validator
        let exchange = try #require(ExchangeKeyPair(seed: [UInt8](repeating: nonce, count: 32)))
        proposal =
          SessionProposal(
            device: validator.id, exchangeKey: exchange.publicKey,
            nonce: [UInt8](repeating: nonce, count: 16), at: noon
          ).body
        let answer = try await world.open(proposal, from: validator)
        let accepted = try SessionHandshake.accept(
          grant: answer.body, signature: answer.signature,
          servicePublicKey: try #require(world.service.servicePublicKey), proposal: proposal,
          exchange: exchange)
        session = DeviceSession(keys: accepted.keys, chain: accepted.chain)
      }

      /// The next request.
      mutating func request(
        _ taps: [Tap], _ format: BatchFormat = .protobuf, isCheckpoint: Bool = false,
        epoch: Int64 = 3, receivedAt: Instant = noon
      ) -> TapPost {
        let body = TapBatchWire.encode(
          TapBatch(device: validator.id, epoch: epoch, sentAt: noon, taps: taps), format)
        let headers = session.headers(
          for: body, format, signing: isCheckpoint ? validator.keys : nil)
        return TapPost(
          body: body, format: format, device: nil, signature: nil, session: headers,
          receivedAt: receivedAt)
      }
    }

    @Test func aSessionCarriesBatchesAndProvesItsAnswers() async throws {
      try await World.with { world in
        var online = try await Online(try await world.validator(), at: world)
        for number in Int64(0)..<5 {
          let format = BatchFormat.allCases[Int(number) % 4]
          let post = online.request([tap(number * 2 + 1), tap(number * 2 + 2)], format)
          let reply = await world.service.accept(post)
          let answer = try reply.outcome.answer()
          #expect(answer.accepted == 2 && answer.ackThrough == number * 2 + 2)
          let body = answer.encode(.json)
          let code = try #require(reply.code(status: 200, body: body))
          #expect(online.session.isGood(answer: body, status: 200, mac: code))
        }
        #expect(try await world.register()?.seen == [1..<11])
        #expect(
          try await world.number("select count(*) from tap_batch where signature is null") == 5)
        let journal = try await world.journal()
        #expect(journal.values.allSatisfy { $0.count == 1 })
        let counts = try await world.texts(
          "select request_count || ':' || format from tap_batch order by batch_id")
        #expect(counts == ["1:json", "2:json+gzip", "3:protobuf", "4:protobuf+gzip", "5:json"])
      }
    }

    /// Its keys would be worked out anew for each device and minute.
    @Test func aSessionThatIsKnownIsNotLookedUpWhenItsDeviceIs() async throws {
      try await World.with { world in
        var online = try await Online(try await world.validator(), at: world)
        let first = online.request([tap(1)])
        #expect(try await world.service.accept(first).outcome.answer().accepted == 1)
        // Nobody would find it so.
        try await world.run("update device_session set grant_body = ''")
        let later = online.request([tap(2)], receivedAt: noon.adding(seconds: 70))
        #expect(try await world.service.accept(later).outcome.answer().accepted == 1)
        let elsewhere = online.request([tap(3)])
        let refusal = try await World(pool: world.pool).service.accept(elsewhere).outcome.refusal()
        #expect(refusal.code == "session_unknown")
        // A device that was stopped meanwhile is.
        let stopped = try await world.desk.step(
          .suspend, "V-0042", by: DeviceActor("olha", reason: "as ordered"), at: noon)
        #expect(stopped == .done())
        let last = online.request([tap(3)], receivedAt: noon.adding(seconds: 140))
        #expect(try await world.service.accept(last).outcome.refusal().code == "device_suspended")
      }
    }

    /// The server that took the place of a lost one may not have the newest sessions: evidence would miss their keys.
    @Test func aSessionThatIsGoneFromTheDatabaseIsForgottenWhereNewsWereMissed() async throws {
      try await World.with { world in
        var online = try await Online(try await world.validator(), at: world)
        try await world.run("delete from device_session")
        // What is heard first is that nothing was heard before.
        let (missed, isMissed) = AsyncStream<Void>.makeStream()
        let listening = Task {
          await world.gate.run {
            world.sessions.forgetAll()
            isMissed.yield()
          }
        }
        defer { listening.cancel() }
        for await _ in missed { break }
        let refusal = try await world.service.accept(online.request([tap(1)])).outcome.refusal()
        #expect(refusal.kind == .unknown && refusal.code == "session_unknown")
        #expect(try await world.number("select count(*) from tap_batch") == 0)
      }
    }

    @Test func theSameRequestAgainIsAnsweredAgainAndAnOldOneIsNot() async throws {
      try await World.with { world in
        var online = try await Online(try await world.validator(), at: world)
        let first = online.request([tap(1)])
        let second = online.request([tap(2)])
        #expect(try await world.service.accept(first).outcome.answer().accepted == 1)
        #expect(try await world.service.accept(first).outcome.answer().duplicates == 1)
        #expect(try await world.service.accept(second).outcome.answer().accepted == 1)
        let old = try await world.service.accept(first).outcome.refusal()
        #expect(old.kind == .outOfOrder && old.code == "count_behind")
        var ahead = online
        _ = ahead.request([tap(3)])
        let skipped = try await world.service.accept(ahead.request([tap(4)])).outcome.refusal()
        #expect(skipped.kind == .outOfOrder && skipped.code == "count_ahead")
        #expect(try await world.number("select count(*) from tap_batch") == 2)
      }
    }

    /// Also by a process that never saw a request of it.
    @Test func theRequestsOfASessionAreOfOneEpoch() async throws {
      try await World.with { world in
        var online = try await Online(try await world.validator(), at: world)
        let first = online.request([tap(1)])
        #expect(try await world.service.accept(first).outcome.answer().accepted == 1)
        var strayed = online
        let stray = strayed.request([tap(1)], epoch: 4)
        for service in [world.service, try World(pool: world.pool).service] {
          let refusal = try await service.accept(stray).outcome.refusal()
          #expect(refusal.kind == .outOfOrder && refusal.code == "session_epoch")
        }
        #expect(try await world.register(epoch: 4) == nil)
        let second = online.request([tap(2)])
        #expect(try await world.service.accept(second).outcome.answer().accepted == 1)
        // The epoch of a refused first request holds as little as its count.
        try await world.run(
          """
          insert into device_epoch (device_id, epoch, last_received_at, last_sent_at)
          select 'V-0042', n, now(), now() from generate_series(1000, 1999) n
          """)
        var next = try await Online(online.validator, at: world, nonce: 2)
        let tooMany = next.request([tap(1)], epoch: 9999)
        let refusal = try await world.service.accept(tooMany).outcome.refusal()
        #expect(refusal.code == "too_many_epochs")
        next.session.takeBack()
        let third = next.request([tap(3)])
        #expect(try await world.service.accept(third).outcome.answer().accepted == 1)
      }
    }

    /// As the page tells a firmware engineer.
    @Test func aRefusedRequestWasNotTakenAndTheNextHasItsCount() async throws {
      try await World.with { world in
        var online = try await Online(try await world.validator(), at: world)
        let first = online.request([tap(1)])
        #expect(try await world.service.accept(first).outcome.answer().accepted == 1)
        let stray = await world.service.accept(online.request([tap(1)], epoch: 4)).outcome
        #expect(try stray.refusal().code == "session_epoch")
        online.session.takeBack()
        let broken = Array("{\"taps\": ".utf8)
        let malformed = TapPost(
          body: broken, format: .json, device: nil, signature: nil,
          session: online.session.headers(for: broken, .json), receivedAt: noon)
        #expect(try await world.service.accept(malformed).outcome.refusal().kind == .malformed)
        online.session.takeBack()
        let tooMany = online.request((1...1001).map { tap(Int64($0)) })
        #expect(try await world.service.accept(tooMany).outcome.refusal().kind == .tooLarge)
        online.session.takeBack()
        let second = online.request([tap(2)])
        #expect(try await world.service.accept(second).outcome.answer().accepted == 1)
        #expect(online.session.chain.count == 2)
      }
    }

    @Test func twoFirstRequestsAtOnceAreNotOfTwoEpochs() async throws {
      try await World.with { world in
        let online = try await Online(try await world.validator(), at: world)
        let posts = [Int64(5), 6].map { epoch in
          var twin = online
          return twin.request([tap(1)], epoch: epoch)
        }
        async let one = world.service.accept(posts[0])
        async let other = world.service.accept(posts[1])
        let codes = [await one.outcome, await other.outcome].compactMap { outcome in
          if case .refusal(let refusal) = outcome { refusal.code } else { nil }
        }
        // The one that is looked at when the other is stored already is no repeat of it.
        #expect(codes.count == 1 && ["session_epoch", "count_reused"].contains(codes[0]))
        #expect(try await world.number("select count(*) from tap_batch") == 1)
      }
    }

    @Test func whatIsChangedOnTheWayIsRefused() async throws {
      try await World.with { world in
        var online = try await Online(try await world.validator(), at: world)
        let good = online.request([tap(1)])
        var body = good
        body.body[body.body.count - 1] ^= 1
        var format = good
        format.format = .json
        var code = good
        code.session?.mac[0] ^= 1
        for post in [body, format, code] {
          let refusal = try await world.service.accept(post).outcome.refusal()
          #expect(refusal.kind == .unknown && refusal.code == "mac_wrong")
        }
        var stranger = good
        stranger.session?.session = SessionID(high: 1, low: 1)
        #expect(
          try await world.service.accept(stranger).outcome.refusal().code == "session_unknown")
        #expect(try await world.number("select count(*) from tap_batch") == 0)
        #expect(try await world.service.accept(good).outcome.answer().accepted == 1)
      }
    }

    @Test func aSessionOutlivesARestartAndMovesBetweenProcesses() async throws {
      try await World.with { world in
        let other = try World(pool: world.pool)
        var online = try await Online(try await world.validator(), at: world)
        for number in Int64(1)...12 {
          let isCheckpoint = number == 6
          let post = online.request([tap(number)], isCheckpoint: isCheckpoint)
          let service = number % 3 == 0 ? other.service : world.service
          #expect(try await service.accept(post).outcome.answer().accepted == 1)
        }
        let fresh = try World(pool: world.pool)
        let post = online.request([tap(13)])
        #expect(try await fresh.service.accept(post).outcome.answer().accepted == 1)
        // Its answer was lost, and the next process gets it again.
        #expect(try await other.service.accept(post).outcome.answer().duplicates == 1)
        #expect(try await world.register()?.seen == [1..<14])
        #expect(try await world.number("select session_covered_count from device_epoch") == 6)
      }
    }

    @Test func theChainCanBeFollowedFromTheJournalToASignedCheckpoint() async throws {
      try await World.with { world in
        let validator = try await world.validator()
        var online = try await Online(validator, at: world)
        #expect(
          try await world.service.accept(online.request([tap(1)])).outcome.answer().accepted == 1)
        // Nothing new in it: no row of the journal, but a link of the chain all the same.
        #expect(
          try await world.service.accept(online.request([tap(1)])).outcome.answer().duplicates == 1)
        let last = online.request([], isCheckpoint: true)
        #expect(try await world.service.accept(last).outcome.answer().accepted == 0)
        let digests = try await world.pool.session { db in
          try await db.query(
            """
            select body_digest from (
              select request_count, body_digest from tap_batch
              union all select request_count, body_digest from session_repeat) l
            order by request_count
            """
          ).map { try $0.bytea(0) }
        }
        let grant = try await world.pool.session { db in
          try await db.query("select grant_body from device_session").only().bytea(0)
        }
        let hash = digests.reduce(SHA256Digest.hash(grant)) { SessionChain.link($0, $1) }
        let (chain, signature) = try await world.pool.session { db in
          let row = try await db.query("select chain, signature from session_checkpoint").only()
          return (try row.bytea(0), try row.bytea(1))
        }
        #expect(digests.count == 3 && hash == chain)
        let session = try #require(last.session?.session)
        let checkpoint = SessionCheckpoint(session: session, count: 3, hash: chain)
        let isSigned = checkpoint.isSigned(signature, publicKey: validator.keys.publicKey)
        #expect(isSigned)
      }
    }

    @Test func theSameProposalGetsTheSameGrantAndNoDeviceOpensTooMany() async throws {
      try await World.with { world in
        let validator = try await world.validator()
        let online = try await Online(validator, at: world)
        let again = try await world.open(online.proposal, from: validator)
        #expect(try await world.number("select count(*) from device_session") == 1)
        #expect(SHA256Digest.hash(again.body) == online.session.chain.hash)
        for nonce in UInt8(2)...UInt8(SessionDesk.openedPerHourMax) {
          _ = try await Online(validator, at: world, nonce: nonce)
        }
        let refusal = await #expect(throws: IntakeRefusal.self) {
          _ = try await Online(validator, at: world, nonce: 200)
        }
        #expect(refusal?.kind == .tooMany && refusal?.retryAfterSeconds != nil)
      }
    }

    @Test func aRevokedDeviceLosesItsSessions() async throws {
      try await World.with { world in
        var online = try await Online(try await world.validator(), at: world)
        #expect(
          try await world.service.accept(online.request([tap(1)])).outcome.answer().accepted == 1)
        // Another process revokes it: this one still remembers it as active.
        let other = try World(pool: world.pool)
        let isRevoked = try await other.desk.revoke("V-0042", at: noon)
        #expect(isRevoked)
        let refusal = try await world.service.accept(online.request([tap(2)])).outcome.refusal()
        #expect(refusal.kind == .forbidden && refusal.code == "device_revoked")
        #expect(try await world.number("select count(*) from tap_batch") == 1)
      }
    }
  }

  @Suite struct Fairness {
    @Test func aDeviceThatFloodsIsHeldBackAndDelaysNobody() async throws {
      var limits = CommitLimits()
      limits.perDeviceMax = 2
      try await World.with(queue: limits) { world in
        let noisy = try await world.validator("V-noisy")
        let quiet = try await world.validator("V-quiet")
        // Known to the gate, so that posts are decided on at once.
        _ = try await world.send([tap(1)], from: noisy)
        _ = try await world.send([tap(1)], from: quiet)
        let storedCount = try await withThrowingTaskGroup(of: Bool.self) { tasks in
          for number in Int64(2)...201 {
            tasks.addTask {
              switch await world.post(noisy.body([tap(number)]), from: noisy) {
              case .answer: return true
              case .refusal(let refusal):
                #expect(refusal.kind == .tooMany && refusal.retryAfterSeconds == 1)
                return false
              }
            }
          }
          let answer = try await world.send([tap(2)], from: quiet)
          #expect(answer.accepted == 1)
          return try await tasks.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(storedCount > 0 && storedCount < 200)
        #expect(
          try await world.register("V-noisy")?.tapsStored == Int64(storedCount) + 1)
      }
    }
  }

  /// Two services that write to the same registers at once.
  @Suite struct TwoServices {
    @Test func batchesOfOneDeviceOverTwoProcessesAreStoredOnce() async throws {
      try await World.with { world in
        let other = try World(pool: world.pool)
        let validator = try await world.validator()
        let bodies = (0..<60).map { number in
          validator.body([tap(Int64(number) * 2 + 1), tap(Int64(number) * 2 + 2)])
        }
        let services = [world, other]
        try await withThrowingTaskGroup(of: Void.self) { tasks in
          for (index, body) in (bodies + bodies).enumerated() {
            tasks.addTask {
              _ = try await services[index % 2].post(body, from: validator).answer()
            }
          }
          try await tasks.waitForAll()
        }
        #expect(try await world.register()?.seen == [1..<121])
        #expect(try await world.register()?.tapsStored == 120)
        #expect(try await world.register()?.duplicates == 120)
        let journal = try await world.journal()
        #expect(journal.count == 120)
        #expect(journal.values.allSatisfy { $0.count == 1 })
      }
    }
  }
}

extension World {
  /// Opens a session for a validator that signs a proposal.
  func open(_ proposal: [UInt8], from validator: Validator) async throws -> SessionAnswer {
    try await service.openSession(
      proposal, deviceHeader: validator.id,
      signatureHeader: Base64.encode(validator.keys.sign(proposal), .standard), at: noon)
  }
}
