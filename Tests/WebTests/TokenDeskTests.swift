import Basics
import DatabaseSupport
import HTTPTypes
import Postgres
import Store
import Tapping
import Testing
import Web

@Suite(
  .enabled(if: LeasedDatabase.isAvailable, "skipped: no PostgreSQL"), .timeLimit(.minutes(60)))
struct TokenDeskTests {
  private static func look(_ token: String, at service: TestService) async -> Int {
    await service.send(.get, "/v1/devices", token: token).status.code
  }

  private static func make(_ text: String, in service: TestService) async throws {
    let grant = AccessGrant(label: "late", role: .admin, createdAt: TestService.now)
    try await service.store.write { db in
      try await db.tokens.create(digest: AccessTokenText.digest(of: text), grant)
    }
  }

  @Test func aTokenThatIsNobodysCostsOneLook() async throws {
    try await TestService.with { service in
      let good = try await service.token(.admin)
      #expect(await Self.look("kvytok_nobodys", at: service) == 401)
      #expect(await Self.look(good, at: service) == 200)
      try await service.pool.session { db in
        try await db.script("alter table access_token rename to access_token_away")
      }
      for _ in 0..<3 { #expect(await Self.look("kvytok_nobodys", at: service) == 401) }
      // Any other is looked up: what holds may have been revoked, what was not asked may be there.
      #expect(await Self.look("kvytok_another", at: service) == 500)
      #expect(await Self.look(good, at: service) == 500)
    }
  }

  @Test func aTokenThatIsMadeAfterARefusedTryWorksWithinSeconds() async throws {
    try await TestService.with { service in
      #expect(await Self.look("kvytok_late", at: service) == 401)
      try await Self.make("kvytok_late", in: service)
      service.clock.set(TestService.now.adding(seconds: TokenDesk.nobodyAgeSecondsMax))
      #expect(await Self.look("kvytok_late", at: service) == 200)
      #expect(TokenDesk.nobodyAgeSecondsMax <= 5)
      // One that nobody tried before works at once.
      try await Self.make("kvytok_fresh", in: service)
      #expect(await Self.look("kvytok_fresh", at: service) == 200)
    }
  }

  /// The clock of the machine was ahead for a while.
  @Test func aClockThatIsSetBackKeepsNobodyOut() async throws {
    try await TestService.with { service in
      service.clock.set(TestService.now.adding(seconds: 86_400))
      #expect(await Self.look("kvytok_late", at: service) == 401)
      service.clock.set(TestService.now)
      try await Self.make("kvytok_late", in: service)
      #expect(await Self.look("kvytok_late", at: service) == 200)
    }
  }

  @Test func whoeverTriesTokensHasFewHandsOfTheDatabase() async throws {
    try await TestService.with { service in
      var limits = TokenLimits()
      limits.lookupsMax = 1
      limits.lookupsWaitingMax = 1
      let desk = TokenDesk(store: service.store, limits: limits)
      let good = try await service.token(.admin)
      let before = try await desk.grant(of: good, at: TestService.now)
      #expect(before?.role == .admin)
      let (known, tried) = try await service.pool.transaction { db in
        _ = try await db.execute("lock table access_token in access exclusive mode")
        let tried = (0..<4).map { number in
          Task { try await desk.grant(of: "kvytok_\(number)", at: TestService.now) == nil }
        }
        // One looks, one waits, and the others are told so while nothing is answered.
        let known = Task { try await desk.grant(of: good, at: TestService.now)?.role }
        while desk.refusedCount < 2 { try await Task.sleep(for: .milliseconds(5)) }
        return (known, tried)
      }
      let knownRole = try await known.value
      #expect(knownRole == .admin)
      var codes: [String] = []
      for task in tried {
        do { codes.append(try await task.value ? "nobodys" : "good") } catch {
          codes.append((error as? Problem)?.code ?? "\(error)")
        }
      }
      #expect(codes.sorted() == ["nobodys", "nobodys", "too_many_tokens", "too_many_tokens"])
    }
  }

  @Test func tokensAreRememberedUpToACount() async throws {
    try await TestService.with { service in
      var limits = TokenLimits()
      limits.rememberedMax = 3
      let desk = TokenDesk(store: service.store, limits: limits)
      for number in 0..<10 {
        let grant = try await desk.grant(of: "kvytok_\(number)", at: TestService.now)
        #expect(grant == nil)
        #expect(desk.rememberedCount <= 3)
      }
    }
  }
}
