import Basics
import Clearing
import DatabaseSupport
import HTTPTypes
import Ledger
import Postgres
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
      let desk = try await service.token(.cashier)
      let pay = await service.post(
        "/v1/charges/7/payments", token: desk, json: Self.payment)
      #expect(pay.status == .notFound)
      #expect(pay.member("detail") == "There is no window 7.")
      let channel = await service.post(
        "/v1/charges/7/payments", token: desk, json: "{\"channel\":\"gold\"}")
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

  private static let payment =
    #"{"amount_minor":300,"channel":"cash","desk":"3","receipt":"S7","key":"k1"}"#

  @Test func moneyForADebtIsTakenOnceByItsKey() async throws {
    try await TestService.with { service in
      try await service.store.write { db in try await db.books.save(.standard) }
      _ = try await service.pool.session { db in
        try await db.script(
          """
          insert into charge_window (lane, rider_id, medium_id, fare_day, number, currency, state,
            amount_minor, due_minor, declined_at, decline_code, closed_at)
          values (0, gen_random_uuid(), gen_random_uuid(), '2026-11-20', 0, 'UAH', 'debt', 800, 800,
            now(), '51', now());
          """)
      }
      let desk = try await service.token(.cashier)
      let path = "/v1/charges/1/payments"
      let taken = await service.post(path, token: desk, json: Self.payment)
      #expect(taken.status == .created, "\(taken.text)")
      #expect(taken.text.contains(#""due_minor":500"#) && taken.text.contains(#""repeated":false"#))
      // The answer got lost, and it is sent again.
      let again = await service.post(path, token: desk, json: Self.payment)
      #expect(again.status == .ok)
      #expect(again.text.contains(#""due_minor":500"#) && again.text.contains(#""repeated":true"#))
      #expect(
        again.text.contains(
          #""amount_minor":300,"channel":"cash","desk":"3","receipt":"S7","entry":1"#),
        "\(again.text)")
      let other = await service.post(
        path, token: desk, json: Self.payment.replacing("300", with: "301"))
      #expect(other.status == .conflict)
      #expect(other.problemCode == "key_reused")
      for part in [#","key":"k1""#, #","desk":"3""#, #","receipt":"S7""#, #","channel":"cash""#] {
        let json = Self.payment.replacing(part, with: "").replacing("k1", with: "k2")
        let answer = await service.post(path, token: desk, json: json)
        #expect(answer.status == .badRequest, "\(json): \(answer.text)")
        #expect(answer.problemCode == "missing")
      }
      // Whoever keeps the books takes no cash.
      let books = try await service.token(.accountant)
      let forbidden = await service.post(path, token: books, json: Self.payment)
      #expect(forbidden.status == .forbidden)
    }
  }

  @Test func aRefundIsPaidBackAtADeskOnceByItsKey() async throws {
    try await TestService.with { service in
      try await service.store.write { db in try await db.books.save(.standard) }
      _ = try await service.pool.session { db in
        try await db.script(
          """
          insert into charge_window (lane, rider_id, medium_id, fare_day, number, currency, state,
            amount_minor, due_minor, captured_minor, settled_minor, refunded_minor, closed_at)
          values (0, gen_random_uuid(), gen_random_uuid(), '2026-11-20', 0, 'UAH', 'settled', 800, 0,
            800, 800, 300, now());
          insert into charge_refund (window_id, minor, cause, state, created_at)
          values (1, 300, 'goodwill', 'failed', now());
          """)
      }
      let desk = try await service.token(.cashier)
      let path = "/v1/refunds/1/payments"
      let json = #"{"desk":"3","receipt":"S7","key":"k1"}"#
      let given = await service.post(path, token: desk, json: json)
      #expect(given.status == .created, "\(given.text)")
      #expect(given.text.contains(#""refund":1,"window":1,"currency":"UAH","repeated":false"#))
      let again = await service.post(path, token: desk, json: json)
      #expect(again.status == .ok)
      #expect(
        again.text.contains(
          #""amount_minor":300,"channel":"cash","desk":"3","receipt":"S7","entry":1"#),
        "\(again.text)")
      let other = await service.post(path, token: desk, json: json.replacing("k1", with: "k2"))
      #expect(other.status == .unprocessableContent, "\(other.text)")
      let reused = await service.post(path, token: desk, json: json.replacing("S7", with: "S8"))
      #expect(reused.problemCode == "key_reused")
      for part in [#","key":"k1""#, #""desk":"3","#, #","receipt":"S7""#] {
        let answer = await service.post(
          path, token: desk, json: json.replacing(part, with: "").replacing("k1", with: "k3"))
        #expect(answer.status == .badRequest, "\(part): \(answer.text)")
      }
      let nothing = await service.post("/v1/refunds/9/payments", token: desk, json: json)
      #expect(nothing.status == .notFound)
      let books = try await service.token(.accountant)
      #expect(await service.post(path, token: books, json: json).status == .forbidden)
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
