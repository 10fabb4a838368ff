import Basics
import Clearing
import DatabaseSupport
import HTTPTypes
import Ledger
import Store
import Tariff
import Testing
import Web

/// Riders' money over HTTP: what is refused, how, and that nothing moved.
@Suite(.enabled(if: LeasedDatabase.isAvailable, "skipped: no PostgreSQL"))
struct RiderDeskEndpointTests {
  private static let tariff = """
    tariff: test
    version: test-1
    effective: {from: 2026-01-01}
    currency: UAH
    timezone: Europe/Kyiv
    categories:
      adult: {title: {uk: дорослий, en: adult}}
    fares:
      - {name: ride, price: {adult: 8.00}}
    products:
      - {name: month, valid: {days: 30}, price: {adult: 300.00}}
    """

  /// A service with a tariff, the chart of accounts, a token of an accountant and one of an admin.
  static func with(
    _ body: @Sendable (TestService, _ token: String, _ admin: String) async throws -> Void
  ) async throws {
    try await TestService.with { service in
      try await service.store.write { db in try await db.books.save(.standard) }
      let source = TariffSource(
        folder: "test", files: [TariffFile(path: TariffSource.mainPath, text: tariff)])
      _ = try await TariffPublishing(store: service.store).publish(
        source, at: TestService.now)
      try await service.services.city.reload(from: service.store)
      try await body(
        service, try await service.token(.accountant), try await service.token(.admin))
    }
  }

  static func register(
    _ service: TestService, _ token: String, card: String = "YW5uYQ"
  ) async throws -> String {
    let answer = await service.post(
      "/v1/riders", token: token, json: #"{"medium": "card", "token": "\#(card)"}"#)
    #expect(answer.status == .created, "\(answer.text)")
    return try #require(answer.member("rider"))
  }

  static func order(_ minor: Int64, key: String, currency: String = "UAH") -> String {
    """
    {"amount_minor": \(minor), "currency": "\(currency)", "channel": "cash", "desk": "d1",
     "receipt": "\(key)", "key": "\(key)"}
    """
  }

  @Test func moneyGoesOnAndComesOffAgain() async throws {
    try await Self.with { service, token, _ in
      let rider = try await Self.register(service, token)
      let cashier = try await service.token(.cashier)
      let path = "/v1/riders/\(rider)/wallet"
      let first = await service.post(
        path + "/top-ups", token: cashier, json: Self.order(5000, key: "k1"))
      #expect(first.status == .created, "\(first.text)")
      let same = await service.post(
        path + "/top-ups", token: cashier, json: Self.order(5000, key: "k1"))
      #expect(same.status == .ok && same.text.contains("\"repeated\":true"))
      let other = await service.post(
        path + "/top-ups", token: cashier, json: Self.order(1, key: "k1"))
      #expect(other.status == .conflict && other.problemCode == "key_reused")
      let large = await service.post(
        path + "/refunds", token: cashier, json: Self.order(5001, key: "r1"))
      #expect(large.status == .unprocessableContent && large.problemCode == "insufficient")
      let back = await service.post(
        path + "/refunds", token: cashier, json: Self.order(2000, key: "r2"))
      #expect(back.status == .created)
      let twice = await service.post(
        path + "/refunds", token: cashier, json: Self.order(2000, key: "r2"))
      #expect(twice.status == .ok && twice.text.contains("\"repeated\":true"))
      let shown = await service.send(.get, path, token: token)
      #expect(shown.text.contains("\"balance_minor\":3000"), "\(shown.text)")
      let before = await service.send(.get, path + "?at=2026-11-22T07:59:59Z", token: token)
      #expect(before.text.contains("\"balance_minor\":0"), "\(before.text)")
    }
  }

  @Test func badOrdersSayWhatIsWrong() async throws {
    try await Self.with { service, token, _ in
      let rider = try await Self.register(service, token)
      let cashier = try await service.token(.cashier)
      let path = "/v1/riders/\(rider)/wallet/top-ups"
      let cases: [(String, Int, String)] = [
        (Self.order(0, key: "k"), 422, "amount"),
        (Self.order(-5, key: "k"), 422, "amount"),
        (Self.order(Int64.max, key: "k"), 422, "amount"),
        (Self.order(100, key: ""), 400, "missing"),
        (Self.order(100, key: String(repeating: "k", count: 129)), 400, "missing"),
        (Self.order(100, key: "k", currency: "EUR"), 422, "currency_unknown"),
        (Self.order(100, key: "k", currency: "hryvnia"), 400, "malformed"),
        (#"{"currency": "UAH", "channel": "cash", "key": "k", "amount_minor": 1}"#, 400, "missing"),
        (
          #"{"currency": "UAH", "channel": "acquirer", "key": "k", "amount_minor": 1}"#, 400,
          "missing"
        ),
        (
          #"{"currency": "UAH", "channel": "wallet", "key": "k", "amount_minor": 1}"#, 422,
          "channel"
        ),
        (#"{"currency": "UAH", "channel": "gold", "key": "k"}"#, 400, "malformed"),
        (#"{"currency": "UAH", "channel": "bank", "key": "k", "amount": 1}"#, 400, "malformed"),
        (
          #"{"currency": "UAH", "channel": "bank", "key": "k", "amount_minor": 1.5}"#, 400,
          "malformed"
        ),
        (#"{"amount_minor": 1e99}"#, 400, "malformed"),
        ("[]", 400, "malformed"), ("", 400, "malformed"),
      ]
      for (json, status, code) in cases {
        let answer = await service.post(path, token: cashier, json: json)
        #expect(answer.status.code == status, "\(json): \(answer.text)")
        #expect(answer.problemCode == code, "\(json): \(answer.text)")
      }
      let movements = try await service.store.read { db in
        try await db.wallets.find(key: "k")
      }
      #expect(movements == nil)
      let unknown = await service.post(
        "/v1/riders/00000000-0000-0000-0000-000000000009/wallet/top-ups", token: cashier,
        json: Self.order(1, key: "k"))
      #expect(unknown.status == .notFound && unknown.problemCode == "rider_unknown")
      let none = await service.send(.get, "/v1/riders/\(rider)/wallet", token: token)
      #expect(none.problemCode == "no_account")
    }
  }

  @Test func aBalanceIsPutRightAndADebtGivenUpByTwoPeople() async throws {
    try await Self.with { service, token, _ in
      let rider = try await Self.register(service, token)
      let cashier = try await service.token(.cashier)
      let (olena, taras) = (
        try await service.token(.accountant, label: "olena"),
        try await service.token(.accountant, label: "taras")
      )
      let path = "/v1/riders/\(rider)/wallet"
      _ = await service.post(
        path + "/top-ups", token: cashier, json: Self.order(500, key: "k1"))
      let correction = #"{"amount_minor": -200, "currency": "UAH", "reason": "typing error"}"#
      for (json, code) in [
        (#"{"amount_minor": -200, "currency": "UAH"}"#, "missing"),
        (#"{"amount_minor": -501, "currency": "UAH", "reason": "x"}"#, "insufficient"),
        (#"{"amount_minor": -200, "currency": "UAH", "reason": "x", "key": "k"}"#, "malformed"),
      ] {
        let answer = await service.post(path + "/corrections", token: olena, json: json)
        #expect(answer.problemCode == code, "\(json): \(answer.text)")
      }
      #expect(
        await service.post(path + "/corrections", token: cashier, json: correction).status
          == .forbidden)
      let proposed = await service.post(path + "/corrections", token: olena, json: correction)
      #expect(proposed.status == .created && proposed.text == #"{"order":1}"#, "\(proposed.text)")
      let waiting = await service.send(.get, "/v1/money-orders", token: taras)
      #expect(
        waiting.text.contains(
          #""kind":"account_debit","subject":"1","rider":"\#(rider)","amount_minor":200"#),
        "\(waiting.text)")
      let before = await service.send(.get, path, token: taras)
      #expect(before.text.contains("\"balance_minor\":500,\"from\""), "\(before.text)")
      let decision = "/v1/money-orders/1/decision"
      let own = await service.post(decision, token: olena, json: #"{"approve": true}"#)
      #expect(own.status == .conflict && own.problemCode == "second_person_needed")
      let decided = await service.post(decision, token: taras, json: #"{"approve": true}"#)
      #expect(decided.status == .ok, "\(decided.text)")
      let after = await service.send(.get, path, token: taras)
      #expect(after.text.contains("\"balance_minor\":300,\"from\""), "\(after.text)")
      let none = await service.post(
        path + "/write-offs", token: olena, json: #"{"currency": "UAH", "reason": "x"}"#)
      #expect(none.status == .unprocessableContent, "\(none.text)")
      #expect(none.member("detail") == "the account owes nothing.")
    }
  }

  @Test func whatStoredValueOwesStandsBesideTheDebtsOfWindows() async throws {
    try await Self.with { service, token, _ in
      let rider = try await Self.register(service, token)
      let owed = await service.send(.get, "/v1/debts", token: token)
      #expect(owed.text == "[]")
      try await service.store.write { db in
        let currency = try #require(Currency("UAH"))
        let id = try #require(RiderID(rider))
        _ = try await db.wallets.open(of: id, in: currency, at: TestService.now)
        var account = try #require(try await db.wallets.list(of: id).first)
        account.balanceMinor = -300
        account.deniedSince = TestService.now
        try await db.wallets.save([account])
      }
      let answer = await service.send(.get, "/v1/debts", token: token)
      for part in [
        #""kind":"stored_value","rider":"\#(rider)","account":1,"media":[""#,
        #""unpaid_since":null,"denied_since":"\#(TestService.now)","days":0"#,
        #""balance_minor":-300,"unpaid_minor":0,"due_minor":300"#,
      ] {
        #expect(answer.text.contains(part), "\(answer.text)")
      }
    }
  }

  @Test func aWrongProofIsTakenBack() async throws {
    try await Self.with { service, token, _ in
      let rider = try await Self.register(service, token)
      let path = "/v1/riders/\(rider)/entitlements"
      let proof = #"{"category": "adult", "valid_from": "2026-11-01", "reason": "shown"}"#
      let recorded = await service.post(path, token: token, json: proof)
      #expect(recorded.status == .created, "\(recorded.text)")
      for (body, status, code) in [
        (#"{"valid_from": "2026-11-01", "reason": "x"}"#, 400, "missing"),
        (#"{"category": "adult", "reason": "x"}"#, 400, "missing"),
        (
          #"{"category": "adult", "valid_from": "2026-11-02", "reason": "x"}"#, 404, "proof_unknown"
        ),
      ] {
        let refused = await service.post(path + "/withdraw", token: token, json: body)
        #expect(refused.status.code == status && refused.problemCode == code, "\(refused.text)")
      }
      let withdrawn = await service.post(path + "/withdraw", token: token, json: proof)
      #expect(withdrawn.status == .ok, "\(withdrawn.text)")
      #expect(withdrawn.text.contains("\"rider_days_to_rate_anew\":0"), "\(withdrawn.text)")
      let shown = await service.send(.get, "/v1/riders/\(rider)", token: token)
      #expect(shown.text.contains("\"entitlements\":[]"), "\(shown.text)")
      #expect(shown.text.contains("proof_withdrawn"), "\(shown.text)")
      let cashier = await service.post(
        path + "/withdraw", token: try await service.token(.cashier), json: proof)
      #expect(cashier.status == .forbidden)
    }
  }

  @Test func aBlockedCardAndAnErasedRiderTakeNothing() async throws {
    try await Self.with { service, token, admin in
      let rider = try await Self.register(service, token)
      let cashier = try await service.token(.cashier)
      let path = "/v1/riders/\(rider)"
      let blocked = await service.post(path + "/block", token: token, json: #"{"reason": "lost"}"#)
      #expect(blocked.status == .ok && blocked.text.contains("\"state\":\"blocked\""))
      let refused = await service.post(
        path + "/wallet/top-ups", token: cashier, json: Self.order(100, key: "k1"))
      #expect(refused.status == .conflict && refused.problemCode == "blocked")
      let sale = await service.post(
        path + "/products", token: cashier,
        json: #"{"product": "month", "currency": "UAH", "channel": "bank", "key": "s1"}"#)
      #expect(sale.status == .conflict && sale.problemCode == "blocked")
      let notAdmin = await service.post(path + "/erase", token: token, json: "{}")
      #expect(notAdmin.status == .forbidden)
      for body in [
        #"{"reason": "asked", "forfeit": 1}"#, #"{"reason": "asked", "forfeits": true}"#,
      ] {
        let malformed = await service.post(path + "/erase", token: admin, json: body)
        #expect(malformed.status == .badRequest, "\(malformed.text)")
      }
      let erased = await service.post(
        path + "/erase", token: admin, json: #"{"reason": "asked", "forfeit": true}"#)
      #expect(erased.status == .ok, "\(erased.text)")
      let gone = await service.post(
        path + "/wallet/top-ups", token: cashier, json: Self.order(100, key: "k2"))
      #expect(gone.status == .notFound)
      let nobody = try #require(erased.member("now_nobody"))
      let dead = await service.post(
        "/v1/riders/\(nobody)/wallet/top-ups", token: cashier, json: Self.order(100, key: "k3"))
      #expect(dead.status == .gone && dead.problemCode == "rider_erased")
    }
  }

  @Test func aPassIsSoldShownAndGivenBack() async throws {
    try await Self.with { service, token, _ in
      let rider = try await Self.register(service, token)
      let cashier = try await service.token(.cashier)
      let path = "/v1/riders/\(rider)/products"
      let json = #"{"product": "month", "currency": "UAH", "channel": "bank", "key": "s1"}"#
      let sold = await service.post(path, token: cashier, json: json)
      #expect(
        sold.status == .created && sold.text.contains("\"price_minor\":30000"), "\(sold.text)")
      // The word of desks for the same: it is the same order.
      let told = #"{"product": "month", "currency": "UAH", "channel": "transfer", "key": "s1"}"#
      #expect(await service.post(path, token: cashier, json: told).status == .ok)
      let wrong = await service.post(
        path, token: cashier,
        json: #"{"product": "year", "currency": "UAH", "channel": "bank", "key": "s2"}"#)
      #expect(wrong.status == .unprocessableContent && wrong.problemCode == "product_unknown")
      let list = await service.send(.get, path, token: cashier)
      #expect(list.text.contains("\"state\":\"activated\""), "\(list.text)")
      let missing = await service.post(
        path + "/refund", token: cashier, json: #"{"holding": 77, "channel": "bank"}"#)
      #expect(missing.status == .notFound && missing.problemCode == "holding_unknown")
      // The sale has the rider's day wait for a rating: what is left is not known yet.
      let waiting = await service.post(
        path + "/refund", token: cashier, json: #"{"holding": 1, "channel": "bank"}"#)
      #expect(waiting.status == .conflict && waiting.problemCode == "rides_wait")
    }
  }

  @Test func aRiderLooksAtTheirOwnMoneyOnly() async throws {
    try await Self.with { service, token, _ in
      let rider = try await Self.register(service, token)
      let other = try await Self.register(service, token, card: "b2xoYQ")
      let own = try await service.token(.rider, rider: RiderID(rider))
      for path in ["", "/products"] {
        #expect(await service.send(.get, "/v1/riders/\(rider)\(path)", token: own).status == .ok)
        #expect(
          await service.send(.get, "/v1/riders/\(other)\(path)", token: own).status == .forbidden)
      }
      let shown = await service.send(.get, "/v1/riders/\(rider)", token: own)
      #expect(!shown.text.contains("events"))
      let moved = await service.post(
        "/v1/riders/\(rider)/wallet/top-ups", token: own, json: Self.order(100, key: "k1"))
      #expect(moved.status == .forbidden)
    }
  }

  /// Also one that was made for the old number after the merge.
  @Test func aTokenOfANumberThatWasMergedShowsTheOther() async throws {
    try await Self.with { service, token, _ in
      let old = try await Self.register(service, token)
      let kept = try await Self.register(service, token, card: "b2xoYQ")
      let admin = try await service.token(.admin)
      let merged = await service.post(
        "/v1/riders/\(old)/merge", token: admin, json: #"{"into": "\#(kept)", "reason": "x"}"#)
      #expect(merged.status == .ok)
      let own = try await service.token(.rider, rider: RiderID(old))
      for path in ["", "/rides"] {
        let answer = await service.send(.get, "/v1/riders/\(old)\(path)", token: own)
        #expect(answer.status == .ok && answer.text.contains(kept))
      }
    }
  }

  @Test func aTokenThatIsACardNumberIsRefused() async throws {
    try await Self.with { service, token, _ in
      // 4111111111111111 in base64url.
      let answer = await service.post(
        "/v1/riders", token: token,
        json: #"{"medium": "bank", "token": "NDExMTExMTExMTExMTExMQ"}"#)
      #expect(answer.status == .badRequest && answer.problemCode == "malformed")
      #expect(!answer.text.contains("4111"))
      // The same as its chip has it, packed; and the number in a reason.
      let packed = await service.post(
        "/v1/riders", token: token, json: #"{"medium": "bank", "token": "QRERERERERE"}"#)
      #expect(packed.status == .badRequest && packed.problemCode == "malformed")
      let told = await service.post(
        "/v1/riders", token: token,
        json: #"{"medium": "card", "token": "YW5uYQ", "reason": "lost 4111 1111 1111 1111"}"#)
      #expect(told.status == .unprocessableContent && told.problemCode == "card_number")
      #expect(!told.text.contains("4111"))
    }
  }
}
