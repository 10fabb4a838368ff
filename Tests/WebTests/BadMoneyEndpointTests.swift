import Basics
import Clearing
import DatabaseSupport
import HTTPTypes
import Ledger
import Postgres
import Store
import Tariff
import Testing
import Web

/// Input about money that nobody should give, as it comes from outside.
@Suite(.enabled(if: LeasedDatabase.isAvailable, "skipped: no PostgreSQL"))
struct BadMoneyEndpointTests {
  private static let secret: [UInt8] = Array("shared".utf8)
  private static let tariff = """
    tariff: test
    version: test-1
    effective: {from: 2026-01-01}
    currency: UAH
    timezone: Europe/Kyiv
    categories:
      adult: {title: {uk: дорослий, en: adult}}
      pensioner: {title: {uk: пенсіонер, en: pensioner}, free: true, as: adult}
    fares:
      - {name: ride, price: {adult: 8.00}}
    """

  /// A payment of 8.00 that was captured.
  private func addPayment(_ service: TestService) async throws {
    try await service.store.write { db in try await db.books.save(.standard) }
    _ = try await service.pool.session { db in
      try await db.script(
        """
        insert into charge_window (lane, rider_id, medium_id, fare_day, number, currency, state,
          amount_minor, due_minor, captured_minor, attempt, reference, closed_at)
        values (0, gen_random_uuid(), gen_random_uuid(), '2026-11-20', 0, 'UAH', 'captured', 800, 0,
          800, 1, 'P1', now());
        """)
    }
  }

  @Test func aRefundLargerThanTheFareAndOnesOwnOrderAreRefusedInWords() async throws {
    try await TestService.with { service in
      try await addPayment(service)
      let olena = try await service.token(.accountant, label: "Olena")
      let path = "/v1/charges/1/refunds"
      let large = await service.post(
        path, token: olena, json: #"{"amount_minor": 801, "reason": "x"}"#)
      #expect(large.status == .unprocessableContent && large.problemCode == "not_possible")
      #expect(large.text.contains("at most what is left of the payment: 8.00 UAH"), "\(large.text)")
      let right = await service.post(
        path, token: olena, json: #"{"amount_minor": 300, "reason": "x"}"#)
      #expect(right.status == .ok, "\(right.text)")
      let own = await service.post(
        "/v1/money-orders/1/decision", token: olena, json: #"{"approve": true}"#)
      #expect(own.status == .conflict && own.problemCode == "second_person_needed")
      #expect(own.text.contains("ask a second person"), "\(own.text)")
    }
  }

  @Test func aTokenWithoutANameReadsAndDecidesNothing() async throws {
    try await TestService.with { service in
      try await addPayment(service)
      let olena = try await service.token(.accountant, label: "Olena")
      let nameless = try await service.token(.accountant, label: "")
      let right = await service.post(
        "/v1/charges/1/refunds", token: olena, json: #"{"amount_minor": 300, "reason": "x"}"#)
      #expect(right.status == .ok, "\(right.text)")
      let decided = await service.post(
        "/v1/money-orders/1/decision", token: nameless, json: #"{"approve": true}"#)
      #expect(decided.status == .forbidden && decided.problemCode == "token_nameless")
      #expect(decided.text.contains("This token has no name"), "\(decided.text)")
      #expect(decided.text.contains("token create NAME --role accountant"), "\(decided.text)")
      let form = await service.send(
        .post, "/books", headers: [.contentType: "application/x-www-form-urlencoded"],
        body: Array("token=\(nameless)&order=1&act=approve".utf8))
      #expect(form.status == .forbidden, "\(form.text)")
      let read = await service.send(.get, "/v1/charges/1", token: nameless)
      #expect(read.status == .ok, "\(read.text)")
    }
  }

  @Test func aChargebackOfAClosedMonthIsBookedInTheOpenOne() async throws {
    try await TestService.with(acquirerSecret: Self.secret) { service in
      try await addPayment(service)
      _ = try await service.pool.session { db in
        try await db.script(
          """
          insert into accounting_period (period, first_date, last_date, state, closed_at, closed_by,
            root) values ('2026-11', '2026-11-01', '2026-11-30', 'closed', now(), 'olena', sha256(''));
          """)
      }
      let body = """
        {"id":"M1","type":"chargeback","case":"CB1","reference":"P1","amount_minor":800,\
        "currency":"UAH","stage":"opened"}
        """
      let name = try #require(HTTPField.Name("Acquirer-Signature"))
      func send(_ secret: [UInt8]) async -> Answer {
        await service.send(
          .post, "/v1/acquirer/events",
          headers: [
            .contentType: "application/json",
            name: MessageSignature.sign(Array(body.utf8), secret: secret, at: TestService.now),
          ], body: Array(body.utf8))
      }
      let wrong = await send([1])
      #expect(wrong.status == .unauthorized && wrong.problemCode == "signature_wrong")
      let right = await send(Self.secret)
      #expect(right.status == .ok && right.member("outcome") == "applied", "\(right.text)")
      let entries = try await service.pool.session { db in
        try await db.query(
          "select concat_ws(' ', kind, accounting_date, fare_day) from entry order by entry_id"
        ).map { try $0.text(0) }
      }
      #expect(entries == ["chargeback 2026-12-01 2026-11-20"])
    }
  }

  /// Desks and people may not give amounts that no sum of the books has room for; nothing is booked.
  @Test(arguments: [Int64.min, .min + 1, .max - 1, .max])
  func anAmountAtTheEndOfItsNumbersIsRefused(minor: Int64) async throws {
    try await TestService.with { service in
      try await addPayment(service)
      let source = TariffSource(
        folder: "test", files: [TariffFile(path: TariffSource.mainPath, text: Self.tariff)])
      _ = try await TariffPublishing(store: service.store).publish(source, at: TestService.now)
      try await service.services.city.reload(from: service.store)
      let olena = try await service.token(.accountant, label: "Olena")
      let admin = try await service.token(.admin, label: "Ada")
      let register = await service.post(
        "/v1/riders", token: admin, json: #"{"medium": "card", "token": "YW5uYQ"}"#)
      let rider = try #require(register.member("rider"), "\(register.text)")
      let receipt = """
        "currency": "UAH", "channel": "cash", "desk": "3", "receipt": "1", "reason": "x"
        """
      let wallet = "/v1/riders/\(rider)/wallet"
      let amount = "\"amount_minor\": \(minor)"
      let first = await service.post(
        wallet + "/top-ups", token: admin,
        json: "{\"amount_minor\": 500, \"key\": \"k0\", \(receipt)}")
      #expect(first.status == .created, "\(first.text)")
      for (path, body) in [
        (wallet + "/top-ups", "{\(amount), \"key\": \"k1\", \(receipt)}"),
        (wallet + "/top-ups", "{\(amount), \"key\": \"k0\", \(receipt)}"),
        (wallet + "/refunds", "{\(amount), \"key\": \"k2\", \(receipt)}"),
        (wallet + "/corrections", "{\(amount), \"currency\": \"UAH\", \"reason\": \"x\"}"),
        ("/v1/charges/1/refunds", "{\(amount), \"reason\": \"x\"}"),
        (
          "/v1/charges/1/payments",
          "{\(amount), \"channel\": \"cash\", \"desk\": \"3\", \"receipt\": \"2\", \"key\": \"k3\"}"
        ),
        (
          "/v1/subsidies/rates",
          """
          {"category": "pensioner", "from": "2026-11-01", "currency": "UAH", "ride_minor": \(minor)}
          """
        ),
      ] {
        let answer = await service.post(path, token: admin, json: body)
        let isRefused = [.unprocessableContent, .conflict].contains(answer.status)
        #expect(isRefused, "\(path) \(answer.status) \(answer.text)")
      }
      #expect(await service.send(.get, "/v1/subsidies/rates", token: olena).text == "[]")
      let balance = await service.send(.get, wallet, token: admin)
      #expect(balance.text.contains("\"balance_minor\":500"), "\(balance.text)")
    }
  }
}
