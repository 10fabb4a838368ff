import Basics
import DatabaseSupport
import HTTPTypes
import Ledger
import Postgres
import Store
import Testing
import Web

/// The page of the books: what waits for a second person, the months, the trial balance.
@Suite(.enabled(if: LeasedDatabase.isAvailable, "skipped: no PostgreSQL"))
struct BooksPageTests {
  private static let adjustment = """
    {"currency": "UAH", "fare_day": "2026-11-20", "reason": "the bank <b>rounds</b>", "lines": [
      {"account": "4900", "debit_minor": 150},
      {"account": "2100", "operator": "bus", "credit_minor": 150}]}
    """

  /// An order that takes 2.00 off a rider's balance of 5.00, asked for by Olena; the rider's number.
  private func withOrder(
    _ body: @Sendable (TestService, _ rider: String, _ olena: String) async throws -> Void
  ) async throws {
    try await RiderDeskEndpointTests.with { service, token, _ in
      let rider = try await RiderDeskEndpointTests.register(service, token)
      let wallet = "/v1/riders/\(rider)/wallet"
      let paid = await service.post(
        wallet + "/top-ups", token: try await service.token(.cashier),
        json: RiderDeskEndpointTests.order(500, key: "k1"))
      try #require(paid.status == .created, "\(paid.text)")
      let olena = try await service.token(.accountant, label: "Olena")
      let asked = await service.post(
        wallet + "/corrections", token: olena,
        json: """
          {"amount_minor": -200, "currency": "UAH", "reason": "<script>alert(1)</script>"}
          """)
      try #require(asked.status == .created, "\(asked.text)")
      try await body(service, rider, olena)
    }
  }

  private func form(
    _ service: TestService, _ fields: String, site: String = "same-origin"
  ) async -> Answer {
    var headers: [HTTPField.Name: String] = [.contentType: "application/x-www-form-urlencoded"]
    if let name = HTTPField.Name("Sec-Fetch-Site") { headers[name] = site }
    return await service.send(.post, "/books", headers: headers, body: Array(fields.utf8))
  }

  private func script(_ sql: String, _ service: TestService) async throws {
    _ = try await service.pool.session { db in try await db.script(sql) }
  }

  @Test func anOrderThatWaitsIsShownInBothLanguagesAndItsReasonIsText() async throws {
    try await withOrder { service, rider, olena in
      let page = await service.send(.get, "/books?lang=en", token: olena)
      #expect(page.status == .ok)
      for text in [
        "<th scope=\"row\" class=\"nowrap\">№ 1</th>", "correction of a balance: take off",
        "<a href=\"/rider?id=\(rider)\">\(rider)</a>", "account of stored value № 1",
        "2.00\u{A0}UAH", "&lt;script&gt;alert(1)&lt;/script&gt;", "Olena", "22 Nov 2026",
        "name=\"order\" value=\"1\"", "value=\"approve\"", "value=\"refuse\"",
        "aria-current=\"page\">The books</a>",
      ] {
        #expect(page.text.contains(text), "\(text) in \(page.text)")
      }
      #expect(!page.text.contains("<script>"))
      let ukrainian = await service.send(.get, "/books?lang=uk", token: olena)
      for text in [
        ">Книги обліку</h1>", "Чекає на другу особу", "виправлення залишку: зняти",
        "рахунок картки № 1", "2,00\u{A0}UAH", "Облікові періоди", "Пробний баланс",
      ] {
        #expect(ukrainian.text.contains(text), "\(text) in \(ukrainian.text)")
      }
      // Why the program itself asks is told to each reader; what a person wrote stays.
      try await script(
        """
        insert into money_order (kind, subject, minor, currency, reason, proposed_by, proposed_at)
        values ('payout', 'bus', 700, 'UAH', 'owed up to 2026-11-21', 'Olena', now())
        """, service)
      let owed = await service.send(.get, "/books?lang=uk", token: olena)
      #expect(owed.text.contains("належне станом на 21.11.2026"), "\(owed.text)")
      #expect(!owed.text.contains("owed up to"))
      #expect(owed.text.contains("&lt;script&gt;alert(1)&lt;/script&gt;"))
    }
  }

  @Test func anotherPersonApprovesAnOrderThereWhichBooksIt() async throws {
    try await withOrder { service, rider, olena in
      let taras = try await service.token(.accountant, label: "Taras")
      let asked = "order=1&act=approve&token="
      #expect(await form(service, asked + "kvytok_x").status == .forbidden)
      #expect(await form(service, asked + taras, site: "cross-site").status == .forbidden)
      let planner = try await service.token(.planner)
      #expect(await form(service, asked + planner).status == .forbidden)
      for wrong in [
        "order=1&act=dance", "order=x&act=approve", "act=approve",
        "order=1&adjustment=1&act=approve",
      ] {
        let answer = await form(service, wrong + "&token=" + taras)
        #expect(answer.status == .badRequest, "\(wrong): \(answer.text)")
      }
      // Whoever asked for it decides nothing.
      for act in ["approve", "refuse"] {
        let own = await form(service, "order=1&act=\(act)&token=" + olena)
        #expect(own.status == .conflict, "\(own.text)")
        #expect(own.text.contains("Вирішити має інша особа, не та, що подала."), "\(own.text)")
        #expect(own.text.contains("<a href=\"/books\">"))
        #expect(
          own.text.contains("<p class=\"notice\">хто подав розпорядження, не вирішує про нього"))
      }
      let done = await form(service, asked + taras)
      #expect(done.status == .seeOther && done.headers[.location] == "/books", "\(done.text)")
      let wallet = await service.send(.get, "/v1/riders/\(rider)/wallet", token: taras)
      #expect(wallet.text.contains("\"balance_minor\":300"), "\(wallet.text)")
      let page = await service.send(.get, "/books?lang=en", token: taras)
      #expect(!page.text.contains("name=\"order\""), "\(page.text)")
      let again = await form(service, asked + taras)
      #expect(again.status == .unprocessableContent, "\(again.text)")
    }
  }

  @Test func anAdjustmentIsShownLineByLineAndDecidedThere() async throws {
    try await TestService.with { service in
      try await service.store.write { db in try await db.books.save(.standard) }
      let olena = try await service.token(.accountant, label: "Olena")
      let taras = try await service.token(.accountant, label: "Taras")
      for _ in 1...2 {
        let asked = await service.post(
          "/v1/ledger/adjustments", token: olena, json: Self.adjustment)
        try #require(asked.status == .created, "\(asked.text)")
      }
      let page = await service.send(.get, "/books?lang=en", token: taras)
      for text in [
        "Adjustment № 1</h3>", "the bank &lt;b&gt;rounds&lt;/b&gt;", "20 Nov 2026", ">4900 ",
        " (bus)</th><td class=\"n\"></td><td class=\"n\">1.50</td>",
        "<th scope=\"row\">Total</th><td class=\"n\">1.50\u{A0}UAH</td>",
        "name=\"adjustment\" value=\"1\"", "name=\"adjustment\" value=\"2\"",
      ] {
        #expect(page.text.contains(text), "\(text) in \(page.text)")
      }
      let own = await form(service, "adjustment=1&act=approve&token=" + olena)
      #expect(own.status == .conflict, "\(own.text)")
      let silent = await form(service, "adjustment=1&act=refuse&reason=+&token=" + taras)
      #expect(silent.status == .badRequest && silent.text.contains("Підстава має бути"))
      let done = await form(service, "adjustment=1&act=approve&reason=&token=" + taras)
      #expect(done.status == .seeOther, "\(done.text)")
      let refused = await form(service, "adjustment=2&act=refuse&reason=twice&token=" + taras)
      #expect(refused.status == .seeOther, "\(refused.text)")
      let all = await service.send(.get, "/v1/ledger/adjustments?all=true", token: olena)
      #expect(all.text.contains(#""decision_reason":"twice""#), "\(all.text)")
      let after = await service.send(.get, "/books?lang=en", token: olena)
      #expect(!after.text.contains("name=\"adjustment\""))
      #expect(after.text.contains(Self.totals("1.50")), "\(after.text)")
      let missing = await form(service, "adjustment=9&act=approve&token=" + taras)
      #expect(missing.status == .notFound)
    }
  }

  private static func totals(_ sum: String) -> String {
    let cell = "<td class=\"n\">\(sum)\u{A0}UAH</td>"
    return "<th scope=\"row\">Total</th>\(cell)\(cell)"
  }

  @Test func theTrialBalanceIsOfTheDayAskedForAndItsSidesAreTheSame() async throws {
    try await TestService.with { service in
      try await service.addFares(on: try #require(Day("2026-11-20")), ["bus": 500])
      try await service.addFares(on: try #require(Day("2026-11-21")), ["tram": 700])
      let olena = try await service.token(.accountant)
      let before = await service.send(.get, "/books?lang=en&date=2026-11-20", token: olena)
      #expect(before.text.contains(Self.totals("5.00")), "\(before.text)")
      #expect(before.text.contains("(bus)") && !before.text.contains("(tram)"))
      let today = await service.send(.get, "/books?lang=en", token: olena)
      #expect(today.text.contains(Self.totals("12.00")), "\(today.text)")
      #expect(today.text.contains("name=\"date\" value=\"2026-11-22\""))
      #expect(!today.text.contains("role=\"alert\""))
      let none = await service.send(.get, "/books?lang=en&date=2026-11-19", token: olena)
      #expect(none.status == .ok && !none.text.contains(">Total<"), "\(none.text)")
      let wrong = await service.send(.get, "/books?date=soon", token: olena)
      #expect(wrong.status == .badRequest)
    }
  }

  @Test func monthsSayWhatStandsInTheWayOfClosingTheNextOne() async throws {
    try await TestService.with { service in
      try await script(
        """
        insert into accounting_period (period, first_date, last_date, state, closed_at, closed_by,
          root) values ('2026-09', '2026-09-01', '2026-09-30', 'closed', '2026-10-02 08:00Z', 'Olena',
          sha256(''));
        """, service)
      let olena = try await service.token(.accountant)
      let none = await service.send(.get, "/books?lang=en", token: olena)
      for text in ["2026-09", "e3b0c44298fc…", "2 Oct 2026", "Olena"] {
        #expect(none.text.contains(text), "\(text) in \(none.text)")
      }
      #expect(!none.text.contains("ledger close"))
      try await service.addFares(on: try #require(Day("2026-10-20")), ["bus": 500])
      let free = await service.send(.get, "/books?lang=en", token: olena)
      #expect(free.text.contains("Nothing is open"), "\(free.text)")
      try await script(
        """
        insert into tap_quarantine (device_id, epoch, seq, code, message, content, received_at)
        values ('V-1', 1, 1, 'x', 'x', '{}', '2026-10-21 08:00Z');
        """, service)
      let held = await service.send(.get, "/books?lang=en", token: olena)
      for text in [
        "Taps in quarantine: <strong>1</strong>", "--with-open-items",
        "<code>kvytok ledger close 2026-10 --as FILE</code>",
      ] {
        #expect(held.text.contains(text), "\(text) in \(held.text)")
      }
      try await script(
        """
        update accounting_period set state = 'closed', closed_at = now(), closed_by = 'Olena',
          root = sha256('') where period = '2026-10';
        """, service)
      try await service.addFares(on: try #require(Day("2026-11-20")), ["bus": 500])
      let under = await service.send(.get, "/books?lang=en", token: olena)
      #expect(under.text.contains("This month is not over"), "\(under.text)")
      #expect(under.text.contains("kvytok ledger close 2026-11 --as FILE"))
    }
  }

  @Test func anOperatorsOwnAccountantSeesNothingOfTheBooks() async throws {
    try await withOrder { service, _, olena in
      let bus = try await service.token(.accountant, operatorID: "bus", label: "Bus")
      #expect(await service.send(.get, "/books", token: bus).status == .forbidden)
      #expect(await form(service, "order=1&act=approve&token=" + bus).status == .forbidden)
      let report = await service.send(.get, "/report", token: bus)
      #expect(report.text.contains("href=\"/report\""), "\(report.text)")
      #expect(!report.text.contains("href=\"/books\""))
      let overview = await service.send(.get, "/", token: olena)
      #expect(overview.text.contains("href=\"/books\""))
      let inspector = try await service.token(.inspector)
      let other = await service.send(.get, "/", token: inspector)
      #expect(other.status == .ok && !other.text.contains("href=\"/books\""))
    }
  }

  @Test func aListThatShowsTheNewestOnlySaysSo() async throws {
    try await TestService.with { service in
      func orders(_ first: Int, _ last: Int) -> String {
        """
        insert into money_order (kind, subject, minor, currency, reason, proposed_by, proposed_at)
        select 'refund', n::text, 100, 'UAH', 'x', 'Petro', now()
        from generate_series(\(first), \(last)) n
        """
      }
      let olena = try await service.token(.accountant)
      try await script(orders(1, 100), service)
      let whole = await service.send(.get, "/books?lang=en", token: olena)
      #expect(whole.text.contains("charge window № 1<") && !whole.text.contains("newest"))
      try await script(orders(101, 101), service)
      let more = await service.send(.get, "/books?lang=en", token: olena)
      #expect(more.text.contains("Shown are the newest 100; in all there are 101<"))
      #expect(!more.text.contains("charge window № 1<"))
      let next = try #require(
        more.text.firstMatch(of: /href="([^"]*orders_after=2#orders)"/)?.output.1)
      let rest = await service.send(
        .get, next.replacing("&amp;", with: "&").replacing("#orders", with: "") + "&lang=en",
        token: olena)
      #expect(rest.text.contains("charge window № 1<") && !rest.text.contains("№ 2<"))
      #expect(!rest.text.contains("newest") && !rest.text.contains("#orders\""))
      // The places of the other lists stay.
      let amid = await service.send(
        .get, "/books?lang=en&adjustments_after=7&periods_after=2026-10", token: olena)
      #expect(
        amid.text.contains(
          "&amp;orders_after=2&amp;adjustments_after=7&amp;periods_after=2026-10#orders"),
        "\(amid.text)")
      try await script(orders(102, 600), service)
      let cut = await service.send(.get, "/books?lang=en", token: olena)
      #expect(cut.text.contains("Shown are the newest 100; in all there are 500+"))
    }
  }

  @Test func whatIsDecidedElsewhereIsCountedAndOrdersToRateAnewAreNamed() async throws {
    try await NetworkOrderTests.withRide(limit: "0") { service, _ in
      _ = try await NetworkOrderTests.bring(NetworkOrderTests.feed(zone: "2"), to: service)
      try await NetworkOrderTests.settle(service)
      // The second waited longer than seven days.
      try await script(
        """
        insert into past_change (kind, wish, what, change_minor, state, requested_by,
          requested_digest, requested_at)
        values ('place', sha256('a'), 'x', 5, 'requested', 'Petro', sha256('p'), '2026-11-22 06:00Z'),
          ('place', sha256('b'), 'x', 5, 'requested', 'Petro', sha256('p'), '2026-11-01 06:00Z');
        """, service)
      let olena = try await service.token(.accountant, label: "Olena")
      let page = await service.send(.get, "/books?lang=en", token: olena)
      for text in [
        "Orders to rate anew: <strong>1</strong> <a href=\"/rating?order=1#order\">№ 1</a>",
        "Corrected stops: <strong>0</strong>", "Changes of the past: <strong>1</strong>",
        "<code>kvytok rate changes</code>",
      ] {
        #expect(page.text.contains(text), "\(text) in \(page.text)")
      }
    }
  }

  @Test func everyKindHasItsWords() {
    let names =
      MoneyOrderRow.Kind.allCases.map { "books_kind_\($0.rawValue)" }
      + OpenItemKind.allCases.map { "books_open_\($0.rawValue)" }
      + AccountingPeriod.State.allCases.map { "period_\($0.rawValue)" }
    for name in names { #expect(Texts.all[name] != nil, "\(name)") }
  }
}
