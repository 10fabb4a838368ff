import Basics
import DatabaseSupport
import HTTPTypes
import Ledger
import Postgres
import Store
import Testing
import Web

/// A claim against the city from the rides to the money, over HTTP.
@Suite(.enabled(if: LeasedDatabase.isAvailable, "skipped: no PostgreSQL"))
struct SubsidyClaimTests {
  private static let claim = #"{"from": "2026-11-01", "to": "2026-11-20", "currency": "UAH"}"#

  /// Rides on trams: of a pensioner with a companion who pays as an adult, of another pensioner and of
  /// an adult.
  private func addRides(_ service: TestService) async throws {
    _ = try await service.pool.session { db in
      try await db.script(
        """
        insert into clearing_run (lane, accounting_date, started_at, rider_days, taps, rides_added,
          rides_reversed) values (0, '2026-11-20', now(), 2, 3, 3, 0);
        insert into ride (fare_day, lane, rider_id, run_id, started_at, device_id, epoch, seq, riders,
          category, product, medium, operator_id, route, currency, nominal_minor, charged_minor,
          tariff_version, reason)
        select '2026-11-19', 0, '00000000-0000-0000-0000-000000000001', 1,
          '2026-11-19 08:00Z'::timestamptz + seq * interval '1 hour', 'V-1', 1, seq, riders, category,
          'ride', 'card', 'tram', 'T1', 'UAH', 800 * riders, charged, 'test-1',
          case category when 'adult' then '{"currency":"UAH","steps":[]}' else
            '{"currency":"UAH","steps":[{"code":"free_category","rule":"pensioner","minor":800}]}' end
        from (values (1, 2, 'pensioner', 800), (2, 1, 'pensioner', 0), (3, 1, 'adult', 800))
          as r (seq, riders, category, charged);
        """)
    }
  }

  @Test func theCityIsAskedForEachRideOnceAndPays() async throws {
    try await TestService.with { service in
      try await service.store.write { db in try await db.books.save(.standard) }
      let olena = try await service.token(.accountant, label: "Olena")
      let taras = try await service.token(.accountant, label: "Taras")
      try await addRides(service)
      let rate = """
        {"category": "pensioner", "operator": "tram", "from": "2026-11-01", "currency": "UAH",
         "ride_minor": 600}
        """
      #expect(await service.post("/v1/subsidies/rates", token: olena, json: rate).status == .ok)
      let made = await service.post("/v1/subsidies/claims", token: olena, json: Self.claim)
      #expect(made.status == .created, "\(made.text)")
      #expect(
        made.text.contains(
          #""operator":"tram","category":"pensioner","rides":2,"amount_minor":1200"#),
        "\(made.text)")
      #expect(made.member("state") == "awaiting" && made.text.contains(#""claim":1"#))

      // Before a claim is decided nobody makes the next.
      let next = await service.post("/v1/subsidies/claims", token: olena, json: Self.claim)
      #expect(next.status == .unprocessableContent && next.text.contains("have it decided first"))

      let decision = "/v1/money-orders/1/decision"
      let own = await service.post(decision, token: olena, json: #"{"approve": true}"#)
      #expect(own.status == .conflict && own.problemCode == "second_person_needed")
      let early = await service.send(.post, "/v1/subsidies/claims/1/payment", token: olena)
      #expect(early.status == .unprocessableContent, "\(early.text)")
      let other = await service.post(decision, token: taras, json: #"{"approve": true}"#)
      #expect(other.status == .ok && other.member("decided") == "approved", "\(other.text)")
      // What is claimed once is not claimed again.
      let again = await service.post("/v1/subsidies/claims", token: olena, json: Self.claim)
      #expect(again.status == .unprocessableContent && again.text.contains("all are claimed"))
      #expect(
        try await balances(service) == ["1300/tram/pensioner 1200", "2100/tram/pensioner -1200"])

      let evidence = await service.send(.get, "/v1/subsidies/claims/1/evidence", token: olena)
      #expect(evidence.contentType == "text/csv; charset=utf-8")
      let lines = evidence.text.split(whereSeparator: \.isNewline).map(String.init)
      #expect(lines.count == 3, "\(evidence.text)")
      #expect(
        lines.last == "2026-11-19,tram,pensioner,1,600,no,V-1,1,2,2026-11-19T10:00:00Z,T1",
        "\(evidence.text)")

      let paid = await service.send(.post, "/v1/subsidies/claims/1/payment", token: olena)
      #expect(paid.status == .ok && paid.member("state") == "paid", "\(paid.text)")
      #expect(try await balances(service) == ["1100// 1200", "2100/tram/pensioner -1200"])
      let twice = await service.send(.post, "/v1/subsidies/claims/1/payment", token: olena)
      #expect(twice.status == .unprocessableContent && twice.text.contains("is paid"))
      let shown = await service.send(.get, "/v1/subsidies/claims/1", token: olena)
      #expect(shown.text == paid.text)
      let list = await service.send(.get, "/v1/subsidies/claims", token: taras)
      #expect(list.text.contains(#""claim":1"#) && list.text.contains(#""state":"paid""#))
      let report = await service.send(
        .get, "/v1/reports/subsidy?date=2026-11-19", token: taras)
      #expect(report.status == .ok && report.text.contains("1200"), "\(report.text)")
    }
  }

  /// A service with a claim for the rides of pensioners, and the token of the accountant who made it.
  private func withClaim(
    _ body: @Sendable (TestService, String) async throws -> Void
  ) async throws {
    try await TestService.with { service in
      try await service.store.write { db in try await db.books.save(.standard) }
      let olena = try await service.token(.accountant, label: "Olena")
      try await addRides(service)
      let rate = """
        {"category": "pensioner", "from": "2026-11-01", "currency": "UAH", "ride_minor": 600}
        """
      #expect(await service.post("/v1/subsidies/rates", token: olena, json: rate).status == .ok)
      let made = await service.post("/v1/subsidies/claims", token: olena, json: Self.claim)
      #expect(made.status == .created, "\(made.text)")
      try await body(service, olena)
    }
  }

  @Test func aRideThatIsTakenBackIsToldAsOneAndNoCellIsWorkedOut() async throws {
    try await withClaim { service, olena in
      _ = try await service.pool.session { db in
        try await db.script(
          """
          insert into ride (fare_day, lane, rider_id, run_id, started_at, device_id, epoch, seq, riders,
            category, product, medium, operator_id, route, currency, nominal_minor, charged_minor,
            tariff_version, reason)
          values ('2026-11-19', 0, '00000000-0000-0000-0000-000000000001', 1, '2026-11-19 12:00Z',
            '=V-1', 1, 9, 1, 'pensioner', 'ride', 'card', 'tram', null, 'UAH', 800, 0, 'test-1',
            '{"currency":"UAH","steps":[]}');
          insert into subsidy_ride (claim_id, fare_day, lane, ride_id, operator_id, category, riders,
            minor, is_taken_back)
          select 1, fare_day, lane, ride_id, operator_id, category, riders, -600, true from ride
          where seq = 9;
          """)
      }
      let changed = await service.send(.get, "/v1/subsidies/claims/1/evidence", token: olena)
      let cells = changed.text.split(whereSeparator: \.isNewline).map(String.init)
      #expect(
        cells.contains(
          "2026-11-19,tram,pensioner,1,-600,yes,'=V-1,1,9,2026-11-19T12:00:00Z,"),
        "\(changed.text)")
    }
  }

  private func balances(_ service: TestService) async throws -> [String] {
    try await service.pool.session { db in
      try await db.query(
        """
        select concat_ws('/', account, coalesce(operator_id, ''), coalesce(category, '')) || ' '
          || sum(debit_minor - credit_minor)
        from posting group by account, operator_id, category
        having sum(debit_minor - credit_minor) <> 0 order by 1
        """
      ).map { try $0.text(0) }
    }
  }

  private func form(_ service: TestService, _ fields: String, site: String = "same-origin") async
    -> Answer
  {
    var headers: [HTTPField.Name: String] = [.contentType: "application/x-www-form-urlencoded"]
    if let name = HTTPField.Name("Sec-Fetch-Site") { headers[name] = site }
    return await service.send(.post, "/subsidies", headers: headers, body: Array(fields.utf8))
  }

  /// As many orders about other things as lists of them show.
  private func addOrders(_ service: TestService) async throws {
    _ = try await service.pool.session { db in
      try await db.script(
        """
        insert into money_order (kind, subject, minor, currency, reason, proposed_by, proposed_at)
        select 'refund', n::text, 100, 'UAH', 'x', 'Petro', now() from generate_series(1, 500) n
        """)
    }
  }

  /// The same on the page: each act carries the token of whoever does it.
  @Test func onThePageAClaimIsProposedLookedIntoAndDecidedByASecondPerson() async throws {
    try await TestService.with { service in
      try await service.store.write { db in try await db.books.save(.standard) }
      let olena = try await service.token(.accountant, label: "Olena")
      let taras = try await service.token(.accountant, label: "Taras")
      try await addRides(service)
      let rate = """
        {"category": "pensioner", "from": "2026-11-01", "currency": "UAH", "ride_minor": 600}
        """
      #expect(await service.post("/v1/subsidies/rates", token: olena, json: rate).status == .ok)
      let asked = "act=propose&from=2026-11-01&to=2026-11-20&currency=UAH&token="
      #expect(await form(service, asked + "kvytok_x").status == .forbidden)
      #expect(await form(service, asked + olena, site: "cross-site").status == .forbidden)
      let planner = try await service.token(.planner)
      #expect(await form(service, asked + planner).status == .forbidden)
      let made = await form(service, asked + olena)
      #expect(made.status == .seeOther && made.headers[.location] == "/subsidies?claim=1")

      // Newer orders push nobody's name and no amount off the page.
      try await addOrders(service)
      let list = await service.send(.get, "/subsidies?lang=en", token: olena)
      #expect(list.text.contains("Olena") && list.text.contains("12.00\u{A0}UAH"))
      let page = await service.send(.get, "/subsidies?claim=1&lang=en", token: olena)
      #expect(page.status == .ok, "\(page.text)")
      for text in [
        "waits for a second person", "proposed by Olena", "pensioner", "12.00\u{A0}UAH",
        "V-1 / 1 / 1", "V-1 / 1 / 2", "operator=tram&amp;category=pensioner", "value=\"approve\"",
      ] {
        #expect(page.text.contains(text), "\(text) in \(page.text)")
      }
      let other = await service.send(
        .get, "/subsidies?claim=1&operator=tram&category=pupil", token: olena)
      #expect(!other.text.contains("V-1 / 1 / 1"))

      let own = await form(service, "act=approve&claim=1&token=\(olena)")
      #expect(own.status == .conflict, "\(own.text)")
      #expect(own.text.contains("Вирішити має інша особа, не та, що подала."))
      let decided = await form(service, "act=approve&claim=1&token=\(taras)")
      #expect(decided.status == .seeOther)
      #expect(
        try await balances(service) == ["1300/tram/pensioner 1200", "2100/tram/pensioner -1200"])
      let after = await service.send(.get, "/subsidies?claim=1&lang=en", token: olena)
      #expect(after.text.contains("decided by Taras") && after.text.contains("value=\"paid\""))
      #expect(await form(service, "act=paid&claim=1&token=\(taras)").status == .seeOther)
      let paid = await service.send(.get, "/subsidies?claim=1&lang=en", token: olena)
      #expect(paid.text.contains("<strong>paid</strong>") && !paid.text.contains("value=\"paid\""))
      // Evidence that one file cannot hold has a link for each, and together they hold all.
      #expect(paid.text.contains("/evidence?page=0\"") && !paid.text.contains("page=1"))
      _ = try await service.pool.session { db in
        try await db.script(
          """
          insert into subsidy_ride (claim_id, fare_day, lane, ride_id, operator_id, category, riders,
            minor, is_taken_back)
          select claim_id, fare_day, lane, 1000 + n, operator_id, category, 1, 600, false
          from (select * from subsidy_ride limit 1) s, generate_series(1, 19999) n
          """)
      }
      let long = await service.send(.get, "/subsidies?claim=1&lang=en", token: olena)
      for text in ["/evidence?page=0\"", "/evidence?page=2\"", "download=\"claim-1-2.csv\""] {
        #expect(long.text.contains(text), "\(text) in \(long.text)")
      }
      #expect(!long.text.contains("/evidence?page=3"))
      #expect(await form(service, "act=dance&claim=1&token=\(taras)").status == .badRequest)
      #expect(await form(service, "act=approve&claim=9&token=\(taras)").status == .notFound)
    }
  }

  @Test func onThePageACategoryHasTheNameThatTheTariffGivesIt() async throws {
    try await withClaim { service, olena in
      // By the tariff a category has a name in each language; the link keeps the tariff's own.
      let tariff = """
        tariff: test
        version: first
        effective: {from: 2026-01-01}
        currency: UAH
        timezone: Europe/Kyiv
        categories:
          adult: {title: {uk: дорослий, en: adult}}
          pensioner: {title: {uk: пенсіонер, en: senior}}
        fares: [{name: ride, price: 8.00}]
        """
      let published = await service.send(
        .post, "/v1/tariffs", token: try await service.token(.admin),
        headers: [.contentType: "application/yaml"], body: Array(tariff.utf8))
      #expect(published.status == .created, "\(published.text)")
      let titled = await service.send(.get, "/subsidies?claim=1&lang=uk", token: olena)
      #expect(titled.text.contains("<td>пенсіонер</td>"), "\(titled.text)")
      #expect(titled.text.contains("category=pensioner") && !titled.text.contains(">pensioner<"))
    }
  }
}
