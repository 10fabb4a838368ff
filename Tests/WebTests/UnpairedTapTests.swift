import Basics
import DatabaseSupport
import HTTPTypes
import Ledger
import Postgres
import Store
import Tapping
import Testing
import Transit
import Web

/// "What about this tap?": a tap off that ended no ride says why wherever a rider or an inspector looks.
@Suite(.enabled(if: LeasedDatabase.isAvailable, "skipped: no PostgreSQL"))
struct UnpairedTapTests {
  private static let tariff = """
    tariff: test
    version: first
    effective: {from: 2026-01-01}
    currency: UAH
    timezone: Europe/Kyiv
    day_start: "04:00"
    categories: [adult]
    fares: [{name: ride, price: 8.00}]
    tapping: {limit: 1 h, same_vehicle: yes}
    """

  /// A tap of 22 November 2026 by the clock of Kyiv.
  private func tap(
    _ seq: Int64, _ kind: TapKind, _ time: String, vehicle: String = "101"
  ) throws -> Tap {
    Tap(
      seq: seq, at: try #require(Instant(iso8601: "2026-11-22T\(time):00+02:00")), kind: kind,
      medium: .card, token: Array("a card".utf8), vehicle: vehicle, route: "15")
  }

  /// A service in which one rider has rides, and taps off that ended none.
  private func withTaps(
    _ body: @Sendable (TestService, Validator, String) async throws -> Void
  ) async throws {
    try await TestService.with { service in
      try await service.store.write { db in try await db.books.save(.standard) }
      let validator = try await Validator(service)
      let published = await service.send(
        .post, "/v1/tariffs", token: try await service.token(.admin),
        headers: [.contentType: "application/yaml"], body: Array(Self.tariff.utf8))
      try #require(published.status == .created, "\(published.text)")
      let answer = try await validator.post([
        try tap(1, .off, "06:00"),  // nobody got on
        try tap(2, .on, "06:10"), try tap(3, .off, "06:30"),
        try tap(4, .on, "07:00"), try tap(5, .off, "07:05", vehicle: "202"),
        try tap(6, .off, "07:20"),
        try tap(7, .on, "08:00"), try tap(8, .off, "09:30"),
      ])
      try #require(answer.status == .ok, "\(answer.text)")
      try await service.settle()
      try await body(service, validator, try await service.token(.inspector))
    }
  }

  private func rides(
    _ service: TestService, _ token: String, language: String = "en"
  ) async -> Answer {
    let card = Base64.encode(Array("a card".utf8), .url)
    return await service.send(
      .get, "/v1/riders/-/rides?medium=card&token=\(card)", token: token,
      headers: [.acceptLanguage: language])
  }

  @Test func theRiderIsToldOfEachTapOffWithoutARide() async throws {
    try await withTaps { service, _, token in
      let answer = await rides(service, token)
      try #require(answer.status == .ok, "\(answer.text)")
      let after = try #require(answer.text.split(separator: "\"taps_without_ride\":").last)
      let alone = try #require(after.split(separator: "}}]").first) + "}}"
      for (seq, reason, why) in [
        (1, "no_boarding", "no ride: no tap on is open before it"),
        (5, "other_vehicle", "no ride: the tap on was on another vehicle"),
        (8, "too_late", "no ride: too long after the tap on, whose ride is incomplete"),
      ] {
        #expect(
          alone.contains(
            #""why":"\#(why)","reason":"\#(reason)","tap":{"device":"V-1","epoch":1,"seq":\#(seq)}}"#
          ), "\(alone)")
      }
      #expect(alone.split(separator: "\"why\"").count == 4, "the rides' own taps are not in it")
      // Three rides were made of the other five taps, and only they are charged.
      #expect(answer.text.contains(#""charged":[{"currency":"UAH","minor":2400}]"#))
      let ukrainian = await rides(service, token, language: "uk")
      #expect(ukrainian.text.contains("поїздки немає: вхід був в іншому транспорті"))
    }
  }

  @Test func theRidersPageShowsThem() async throws {
    try await withTaps { service, _, token in
      let card = Base64.encode(Array("a card".utf8), .url)
      let page = await service.send(
        .get, "/rider?medium=card&token=\(card)&date=2026-11-22", token: token,
        headers: [.acceptLanguage: "en"])
      try #require(page.status == .ok, "\(page.text)")
      #expect(page.text.contains("Taps off that ended no ride"))
      #expect(page.text.contains("no ride: no tap on is open before it"))
      #expect(page.text.contains("no ride: too long after the tap on"))
      let before = await service.send(
        .get, "/rider?medium=card&token=\(card)&date=2026-11-21", token: token,
        headers: [.acceptLanguage: "en"])
      #expect(!before.text.contains("Taps off that ended no ride"))
      #expect(!page.text.contains("is still being rated"))
      _ = try await service.pool.session { db in
        try await db.script(
          """
          update fare_day set stale_since = now(), stale_cause = 'order'
          where fare_day = '2026-11-22'
          """)
      }
      let waiting = await service.send(
        .get, "/rider?medium=card&token=\(card)&date=2026-11-22", token: token,
        headers: [.acceptLanguage: "en"])
      #expect(waiting.text.contains("the day 2026-11-22 is still being rated ("))
      let other = await service.send(
        .get, "/rider?medium=card&token=\(card)&date=2026-11-21", token: token,
        headers: [.acceptLanguage: "en"])
      #expect(!other.text.contains("is still being rated"))
    }
  }

  @Test func theAuditNamesTheReasonAndTheStatesAddUp() async throws {
    try await withTaps { service, _, _ in
      let admin = try await service.token(.admin)
      let audit = await service.send(
        .get, "/v1/audit/taps?device=V-1&epoch=1", token: admin)
      let reasons = audit.text.split(separator: "\n").map { line in
        line.split(separator: "\"no_ride\":\"").dropFirst().first?.prefix { $0 != "\"" } ?? "-"
      }
      #expect(
        reasons == ["no_boarding", "-", "-", "-", "other_vehicle", "-", "-", "too_late"])
      let unknown = await service.send(
        .get, "/v1/audit/taps?device=NOPE&epoch=1", token: admin)
      #expect(unknown.status == .notFound && unknown.problemCode == "device_unknown")
      let none = await service.send(.get, "/v1/audit/taps?device=V-1&epoch=2", token: admin)
      #expect(none.status == .ok && none.text.isEmpty)
      let counts = try await service.store.read { db in try await db.tapStates.counts() }
      #expect(counts.journalled == 8 && counts.counts[.rated] == 8 && counts.missing == 0)
    }
  }

  @Test func aTapOnThatComesLateEndsTheStory() async throws {
    try await withTaps { service, validator, token in
      _ = try await validator.post([try tap(9, .on, "05:50")])
      let admin = try await service.token(.admin)
      try await service.settle()
      let answer = await rides(service, token)
      #expect(!answer.text.contains("no_boarding"))
      #expect(answer.text.contains("other_vehicle") && answer.text.contains("too_late"))
      #expect(answer.text.contains(#""charged":[{"currency":"UAH","minor":3200}]"#))
      let audit = await service.send(
        .get, "/v1/audit/taps?device=V-1&epoch=1", token: admin)
      #expect(!audit.text.contains("no_boarding"))
      let counts = try await service.store.read { db in try await db.tapStates.counts() }
      #expect(counts.counts[.rated] == 9 && counts.missing == 0)
    }
  }
}
