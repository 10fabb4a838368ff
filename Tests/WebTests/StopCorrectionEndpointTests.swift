import Basics
import Clearing
import DatabaseSupport
import HTTPTypes
import Ledger
import Store
import Tapping
import Testing
import Transit
import Web

/// The stop of a tap is corrected over HTTP, and the rider reads why they were charged so.
@Suite(.enabled(if: LeasedDatabase.isAvailable, "skipped: no PostgreSQL"))
struct StopCorrectionEndpointTests {
  private static let tariff = """
    tariff: test
    version: first
    effective: {from: 2026-01-01}
    currency: UAH
    timezone: Europe/Kyiv
    day_start: "04:00"
    categories: [adult]
    fares:
      - {name: far, when: {stop: [b]}, price: 12.00}
      - {name: ride, price: 8.00}
    """

  /// A service with a network of the stops a and b, and one ride from a; its device.
  private func withRide(
    _ body: @Sendable (TestService, String) async throws -> Void
  ) async throws {
    try await TestService.with { service in
      try await service.store.write { db in try await db.books.save(.standard) }
      let validator = try await Validator(service)
      let admin = try await service.token(.admin)
      for (path, type, bytes) in [
        ("/v1/network", "application/zip", NetworkImportTests.feed()),
        ("/v1/tariffs", "application/yaml", Array(Self.tariff.utf8)),
      ] {
        let answer = await service.send(
          .post, path, token: admin, headers: [.contentType: type], body: bytes)
        try #require(answer.status == .created, "\(answer.text)")
      }
      let tap = Tap(
        seq: 1, at: try #require(Instant(iso8601: "2026-11-22T08:00:00+02:00")), kind: .single,
        medium: .card, token: Array("a card".utf8), vehicle: "101", route: "1", stop: "a")
      let answer = try await validator.post([tap])
      try #require(answer.status == .ok, "\(answer.text)")
      try await service.settle()
      try await body(service, validator.id)
    }
  }

  private func rides(_ service: TestService, language: String = "en") async throws -> Answer {
    let card = Base64.encode(Array("a card".utf8), .url)
    return await service.send(
      .get, "/v1/riders/-/rides?medium=card&token=\(card)",
      token: try await service.token(.inspector), headers: [.acceptLanguage: language])
  }

  @Test func aDispatcherCorrectsAStopAndTheRiderReadsIt() async throws {
    try await withRide { service, device in
      let dispatcher = try await service.token(.dispatcher)
      let path = "/v1/taps/stop-corrections"
      let tap = #""device": "\#(device)", "epoch": 1, "seq": 1, "reason": "told us""#
      let answer = await service.post(
        path, token: dispatcher, json: "{\(tap), \"stop\": \"b\"}")
      #expect(answer.status == .ok && answer.member("state") == "standing", "\(answer.text)")
      #expect(answer.text.contains(#""change_minor":400"#), "\(answer.text)")
      try await service.settle()
      let after = try await rides(service)
      #expect(after.text.contains(#""charged_minor":1200"#), "\(after.text)")
      #expect(
        after.text.contains(#""corrections":[{"end":"boarding","from":"Rynok","stop":"b","#),
        "\(after.text)")
      let card = Base64.encode(Array("a card".utf8), .url)
      let page = await service.send(
        .get, "/rider?medium=card&token=\(card)&date=2026-11-22",
        token: try await service.token(.inspector), headers: [.acceptLanguage: "uk"])
      #expect(page.text.contains("зупинку посадки виправлено: Rynok → Vokzal"), "\(page.text)")
      let list = await service.send(.get, path + "?state=standing", token: dispatcher)
      #expect(list.text.contains(#""from_stop":"a","stop":"b""#), "\(list.text)")
      let back = await service.post(path + "/withdraw", token: dispatcher, json: "{\(tap)}")
      #expect(back.status == .ok && back.text.contains(#""stop":null"#), "\(back.text)")
      try await service.settle()
      #expect(try await rides(service).text.contains(#""charged_minor":800"#))
    }
  }

  @Test func aboveTheLimitAnotherPersonDecidesOverHTTP() async throws {
    try await withRide { service, device in
      try await service.store.write { db in
        try await db.settings.set(Rerating.limitSetting, to: "0")
      }
      let dispatcher = try await service.token(.dispatcher)
      let path = "/v1/taps/stop-corrections"
      let asked = await service.post(
        path, token: dispatcher,
        json: #"{"device": "\#(device)", "epoch": 1, "seq": 1, "reason": "x", "stop": "b"}"#)
      #expect(asked.status == .accepted && asked.member("state") == "requested")
      let own = await service.send(.post, path + "/1/approve", token: dispatcher)
      #expect(own.status == .forbidden)
      let accountant = try await RatingTests.token("Petro", service)
      let done = await service.send(.post, path + "/1/approve", token: accountant)
      #expect(done.status == .ok && done.member("decided_by") == "Petro", "\(done.text)")
      let again = await service.send(.post, path + "/1/refuse", token: accountant)
      #expect(again.status == .conflict && again.problemCode == "correction_decided")
      for id in ["9", "x"] {
        let none = await service.send(.post, path + "/\(id)/approve", token: accountant)
        #expect(none.status == .notFound && none.problemCode == "correction_unknown", "\(id)")
      }
    }
  }

  @Test func whatIsWrongAboutACorrectionIsNamed() async throws {
    try await withRide { service, device in
      let token = try await service.token(.accountant)
      let path = "/v1/taps/stop-corrections"
      func code(_ body: String, _ target: String = path) async -> String? {
        await service.post(target, token: token, json: body).problemCode
      }
      let known = #""device": "\#(device)", "epoch": 1, "seq": 1"#
      #expect(await code("{\(known), \"reason\": \"x\"}") == "member_missing")
      #expect(await code("{\(known), \"stop\": \"b\"}") == "member_missing")
      #expect(
        await code(#"{"device": "none", "epoch": 1, "seq": 1, "stop": "b", "reason": "x"}"#)
          == "tap_unknown")
      #expect(await code("{\(known), \"stop\": \"z\", \"reason\": \"x\"}") == "stop_unknown")
      #expect(await code("{\(known), \"stop\": \"b\", \"reason\": \"\"}") == "reason_missing")
      #expect(await code("{\(known), \"reason\": \"x\"}", path + "/withdraw") == "not_corrected")
      for query in ["?state=gone", "?limit=0", "?before=x"] {
        let answer = await service.send(.get, path + query, token: token)
        #expect(answer.problemCode == "bad_parameter", "\(query)")
      }
    }
  }
}
