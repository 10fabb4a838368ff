import Basics
import DatabaseSupport
import HTTPTypes
import Store
import Testing
import Web

/// Payouts to operators and claims against the city, over HTTP.
@Suite(.enabled(if: LeasedDatabase.isAvailable, "skipped: no PostgreSQL"))
struct OperatorMoneyEndpointTests {
  static let account = #"{"name": "Bus", "iban": "UA90 305299 2990004149123456789"}"#
  private static let payer =
    #"{"name": "Kvytok", "iban": "DE89370400440532013000", "currency": "UAH"}"#

  @Test func anOperatorIsPaidByTwoPeopleAndTheBank() async throws {
    try await TestService.with { service in
      let olena = try await service.token(.accountant, label: "Olena")
      let taras = try await service.token(.accountant, label: "Taras")
      let bus = try await service.token(.accountant, operatorID: "bus", label: "Bus")
      let tram = try await service.token(.accountant, operatorID: "tram", label: "Tram")
      let day = try #require(Day("2026-11-21"))
      try await service.addFares(on: day, ["bus": 500, "tram": 700])
      let account = await service.post(
        "/v1/operators/bus/account", token: olena, json: Self.account)
      #expect(account.status == .ok && account.member("iban")?.hasPrefix("UA90") == true)
      let proposed = await service.post(
        "/v1/payouts", token: olena, json: #"{"through": "2026-11-21"}"#)
      #expect(proposed.status == .created, "\(proposed.text)")
      #expect(proposed.text.contains("\"operator\":\"bus\",\"amount_minor\":500"))
      let payee = "\"name\":\"Bus\",\"iban\":\"UA903052992990004149123456789\""
      #expect(proposed.text.contains(payee), "\(proposed.text)")
      let orders = await service.send(.get, "/v1/money-orders", token: taras)
      #expect(orders.text.contains(payee), "\(orders.text)")
      #expect(orders.text.contains(#""rider":null"#), "\(orders.text)")
      #expect(proposed.text.contains("tram: its bank account is not known"))
      let early = await service.post("/v1/payment-files", token: olena, json: Self.payer)
      #expect(early.status == .conflict && early.problemCode == "nothing_approved")
      let decision = "/v1/money-orders/1/decision"
      let own = await service.post(decision, token: olena, json: #"{"approve": true}"#)
      #expect(own.status == .conflict && own.problemCode == "second_person_needed")
      let decided = await service.post(decision, token: taras, json: #"{"approve": true}"#)
      #expect(decided.status == .ok, "\(decided.text)")
      let file = await service.post("/v1/payment-files", token: taras, json: Self.payer)
      #expect(file.status == .created && file.contentType == "application/xml")
      #expect(file.text.contains("<InstdAmt Ccy=\"UAH\">5.00</InstdAmt>"))
      let place = try #require(file.headers[.location])
      #expect(await service.send(.get, place, token: olena).text == file.text)
      let list = await service.send(.get, "/v1/payouts", token: bus)
      #expect(list.text.contains("\"state\":\"sent\""))
      #expect(list.text.contains(payee))
      #expect(await service.send(.get, "/v1/payouts?operator=bus", token: tram).text == "[]")
      let paid = await service.post(
        place + "/confirmation", token: olena, json: #"{"paid": true}"#)
      #expect(paid.status == .ok && paid.text.contains("\"payouts\":1"))
      let again = await service.post(
        place + "/confirmation", token: olena, json: #"{"paid": true}"#)
      #expect(again.status == .notFound)
      let claims = await service.send(.get, "/v1/operators/claims", token: bus)
      #expect(claims.text.contains("\"owed_minor\":0") && claims.text.contains("-500"))
    }
  }

  @Test func operatorsAccountsAreListedWithWhoSetThemAndAnOperatorSeesItsOwn() async throws {
    try await TestService.with { service in
      let olena = try await service.token(.accountant, label: "Olena")
      let bus = try await service.token(.accountant, operatorID: "bus", label: "Bus")
      #expect(await service.send(.get, "/v1/operators/accounts", token: olena).text == "[]")
      for name in ["bus", "tram"] {
        let set = await service.post(
          "/v1/operators/\(name)/account", token: olena, json: Self.account)
        #expect(set.status == .ok, "\(set.text)")
      }
      func list(_ query: String, _ token: String) async -> String {
        await service.send(.get, "/v1/operators/accounts" + query, token: token).text
      }
      func row(_ name: String) -> String {
        """
        {"operator":"\(name)","name":"Bus","iban":"UA903052992990004149123456789",\
        "changed_by":"Olena","changed_at":"\(TestService.now)"}
        """
      }
      #expect(await list("", olena) == "[\(row("bus")),\(row("tram"))]")
      #expect(await list("?operator=tram", olena) == "[\(row("tram"))]")
      #expect(await list("", bus) == "[\(row("bus"))]")
      #expect(await list("?operator=tram", bus) == "[\(row("bus"))]")
      let own = await service.post("/v1/operators/bus/account", token: bus, json: Self.account)
      #expect(own.status == .forbidden)
    }
  }

  /// One person changes the account of a payout that two approved: no file is made, in words.
  @Test func aPayoutIsNotRedirectedByOnePerson() async throws {
    try await TestService.with { service in
      let olena = try await service.token(.accountant, label: "Olena")
      let taras = try await service.token(.accountant, label: "Taras")
      try await service.addFares(on: try #require(Day("2026-11-21")), ["bus": 500])
      _ = await service.post("/v1/operators/bus/account", token: taras, json: Self.account)
      _ = await service.post("/v1/payouts", token: olena, json: #"{"through": "2026-11-21"}"#)
      let decided = await service.post(
        "/v1/money-orders/1/decision", token: taras, json: #"{"approve": true}"#)
      #expect(decided.text.contains("UA903052992990004149123456789"), "\(decided.text)")
      _ = await service.post(
        "/v1/operators/bus/account", token: olena,
        json: #"{"name": "Olena", "iban": "UA213223130000026007233566001"}"#)
      let file = await service.post("/v1/payment-files", token: olena, json: Self.payer)
      #expect(file.status == .unprocessableContent && file.problemCode == "not_possible")
      #expect(
        file.text.contains("its account is UA213223130000026007233566001 by now: propose payouts"),
        "\(file.text)")
    }
  }

  @Test func ratesOfConcessionsAreKeptAndNothingIsClaimedWithoutARide() async throws {
    try await TestService.with { service in
      let token = try await service.token(.accountant)
      let rate = """
        {"category": "pensioner", "operator": "tram", "from": "2026-11-01", "to": "2026-11-30",
         "currency": "UAH", "ride_minor": 600}
        """
      let set = await service.post("/v1/subsidies/rates", token: token, json: rate)
      #expect(set.status == .ok && set.text.contains("\"ride_minor\":600"), "\(set.text)")
      #expect(await service.send(.get, "/v1/subsidies/rates", token: token).text == set.text)
      let claim = await service.post(
        "/v1/subsidies/claims", token: token,
        json: #"{"from": "2026-11-01", "to": "2026-11-20", "currency": "UAH"}"#)
      #expect(claim.status == .unprocessableContent && claim.problemCode == "not_possible")
      #expect(await service.send(.get, "/v1/subsidies/claims", token: token).text == "[]")
      for path in [
        "/v1/subsidies/claims/7", "/v1/subsidies/claims/7/evidence", "/v1/payment-files/KVYTOK-1",
      ] {
        #expect(await service.send(.get, path, token: token).status == .notFound)
      }
      let paid = await service.send(.post, "/v1/subsidies/claims/7/payment", token: token)
      #expect(paid.status == .notFound)
      for (from, to, words) in [
        ("2026-11-20", "2026-11-01", "the first day to claim, 2026-11-20, lies after the last"),
        ("2026-11-01", "2099-01-01", "2099-01-01 is not over yet"),
      ] {
        let refused = await service.post(
          "/v1/subsidies/claims", token: token,
          json: #"{"from": "\#(from)", "to": "\#(to)", "currency": "UAH"}"#)
        #expect(refused.status == .unprocessableContent && refused.text.contains(words))
      }
    }
  }

  @Test(arguments: [
    ("/v1/payouts", "{}", "/through"), ("/v1/payouts", #"{"through": "soon"}"#, "/through"),
    ("/v1/operators/bus/account", #"{"name": "Bus"}"#, "/iban"),
    (
      "/v1/operators/bus/account", #"{"name": "B", "iban": "DE1", "currency": "UAH"}"#,
      "/currency"
    ),
    ("/v1/payment-files", OperatorMoneyEndpointTests.account, "/currency"),
    ("/v1/payment-files/x/confirmation", "{}", "/paid"),
    ("/v1/subsidies/rates", #"{"category": "pupil"}"#, "/from"),
    ("/v1/subsidies/rates", #"{"category": "pupil", "currency": "hryvnia"}"#, "/currency"),
    ("/v1/subsidies/claims", #"{"from": "2026-11-01"}"#, "/to"),
  ])
  func aBodyThatIsWrongIsToldWhere(_ path: String, _ json: String, _ pointer: String) async throws {
    try await TestService.with { service in
      let token = try await service.token(.accountant)
      let answer = await service.post(path, token: token, json: json)
      #expect(answer.status == .badRequest, "\(answer.text)")
      #expect(answer.member("pointer") == pointer, "\(answer.text)")
    }
  }

  @Test func anAccountThatNoBankTakesIsRefused() async throws {
    try await TestService.with { service in
      let token = try await service.token(.accountant)
      let answer = await service.post(
        "/v1/operators/bus/account", token: token,
        json: #"{"name": "Bus", "iban": "UA903052992990004149123456780"}"#)
      #expect(answer.status == .unprocessableContent && answer.text.contains("IBAN"))
    }
  }
}
