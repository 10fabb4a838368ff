import Basics
import Clearing
import DatabaseSupport
import HTTPTypes
import Store
import Testing
import Web

@Suite(.enabled(if: LeasedDatabase.isAvailable, "skipped: no PostgreSQL"))
struct CardTests {
  private static let secret: [UInt8] = Array("shared".utf8)
  private static let foreign = #"{"id":"M1","type":"captured","key":"w5-1","reference":"P"}"#

  private func message(
    _ service: TestService, _ body: String, secret: [UInt8] = CardTests.secret, seconds: Int64 = 0
  ) async throws -> Answer {
    let name = try #require(HTTPField.Name("Acquirer-Signature"))
    let moment = TestService.now.adding(seconds: seconds)
    let signature = MessageSignature.sign(Array(body.utf8), secret: secret, at: moment)
    return await service.send(
      .post, "/v1/acquirer/events",
      headers: [.contentType: "application/json", name: signature], body: Array(body.utf8))
  }

  @Test func aMessageIsKnownByItsSignature() async throws {
    try await TestService.with(acquirerSecret: Self.secret) { service in
      let right = try await message(service, Self.foreign)
      #expect(right.status == .ok)
      // There is no window 5: it is kept for a person.
      #expect(right.member("outcome") == "kept")
      #expect(try await message(service, Self.foreign).member("outcome") == "known")
      let wrong = try await message(service, Self.foreign, secret: [1])
      #expect(wrong.status == .unauthorized)
      #expect(wrong.problemCode == "signature_wrong")
      let old = try await message(service, Self.foreign, seconds: -301)
      #expect(old.status == .unauthorized)
      let none = await service.post("/v1/acquirer/events", json: Self.foreign)
      #expect(none.status == .unauthorized)
      let malformed = try await message(service, "{\"id\":1}")
      #expect(malformed.status == .badRequest)
      #expect(malformed.member("pointer") == "/id")
    }
  }

  @Test func aMessageThatFitsNothingIsListedUntilSomebodyLookedIntoIt() async throws {
    try await TestService.with(acquirerSecret: Self.secret) { service in
      _ = try await message(service, Self.foreign)
      let olena = try await service.token(.accountant)
      let path = "/v1/acquirer/messages"
      let list = await service.send(.get, path + "?open=true", token: olena)
      #expect(list.text.contains(#""id":"M1""#) && list.text.contains("there is no window 5"))
      let decision = path + "/M1/decision"
      let empty = await service.post(decision, token: olena, json: "{}")
      #expect(empty.status == .badRequest)
      #expect(empty.member("pointer") == "/reason")
      let reason = #"{"reason":"of another merchant"}"#
      let decided = await service.post(decision, token: olena, json: reason)
      #expect(decided.status == .ok)
      #expect(decided.text == "[]")
      let again = await service.post(decision, token: olena, json: reason)
      #expect(again.status == .notFound)
      let all = await service.send(.get, path, token: olena)
      #expect(all.text.contains(#""decision":"of another merchant""#))
    }
  }

  @Test func withoutAnAcquirerNoMessageIsTaken() async throws {
    try await TestService.with { service in
      let answer = try await message(service, Self.foreign)
      #expect(answer.status == .notFound)
      #expect(answer.problemCode == "no_acquirer")
    }
  }

  @Test func ordersOfWhatIsNotThereAreRefusedInWords() async throws {
    try await TestService.with { service in
      let token = try await service.token(.accountant)
      let pay = await service.post(
        "/v1/charges/7/payments", token: token, json: "{\"channel\":\"cash\"}")
      #expect(pay.status == .notFound)
      #expect(pay.member("detail") == "There is no window 7.")
      let channel = await service.post(
        "/v1/charges/7/payments", token: token, json: "{\"channel\":\"gold\"}")
      #expect(channel.status == .badRequest)
      #expect(channel.member("pointer") == "/channel")
      let reason = await service.post("/v1/charges/7/write-off", token: token, json: "{}")
      #expect(reason.member("pointer") == "/reason")
      let amount = await service.post(
        "/v1/charges/7/refunds", token: token, json: "{\"reason\":\"x\"}")
      #expect(amount.member("pointer") == "/amount_minor")
      let decision = await service.post(
        "/v1/money-orders/9/decision", token: token, json: "{\"approve\":true}")
      #expect(decision.status == .notFound)
      let show = await service.send(.get, "/v1/charges/x", token: token)
      #expect(show.status == .badRequest)
      let windows = await service.send(.get, "/v1/charges", token: token)
      #expect(windows.status == .badRequest)
    }
  }

  @Test func anOperatorsAccountantSeesThatOperatorOnly() async throws {
    try await TestService.with { service in
      let day = try #require(Day("2026-11-22"))
      try await service.addFares(on: day, ["bus": 500, "tram": 700])
      let all = try await service.token(.accountant)
      let own = try await service.token(.accountant, operatorID: "bus")
      let seen = await service.send(.get, "/v1/operators/claims", token: all)
      #expect(seen.text.contains("\"operator\":\"tram\""))
      #expect(seen.text.contains("\"owed_minor\":500"))
      let scoped = await service.send(.get, "/v1/operators/claims?operator=tram", token: own)
      #expect(scoped.status == .ok)
      #expect(!scoped.text.contains("tram"))
      #expect(scoped.text.contains("\"owed_minor\":500"))
    }
  }
}
