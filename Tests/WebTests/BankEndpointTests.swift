import BankSupport
import Basics
import DatabaseSupport
import HTTPTypes
import Ledger
import Postgres
import Store
import Testing
import Web

/// Statements of the bank over HTTP, and on the page.
@Suite(.enabled(if: LeasedDatabase.isAvailable, "skipped: no PostgreSQL"))
struct BankEndpointTests {
  private static let second = "DE89370400440532013000"

  private static func file(
    _ number: String, opening: Int64 = 0, of iban: String = StatementFile.iban,
    _ entries: [(String, Int64, String)]
  ) throws -> StatementFile {
    let day = try #require(Day("2026-11-20"))
    var file = StatementFile(
      number, opening: opening, from: day, to: day,
      entries.map { StatementFile.Entry($0.0, $0.1, on: day, $0.2) })
    file.iban = iban
    return file
  }

  private func take(
    _ service: TestService, _ body: [UInt8], token: String, type: String = "application/xml"
  ) async -> Answer {
    await service.send(
      .post, "/v1/bank/statements?name=s.xml", token: token, headers: [.contentType: type],
      body: body)
  }

  private func with(_ body: @Sendable (TestService, String) async throws -> Void) async throws {
    try await TestService.with { service in
      try await service.store.write { db in try await db.books.save(.standard) }
      let olena = try await service.token(.accountant, label: "Olena")
      for iban in [StatementFile.iban, Self.second] {
        let made = await service.post(
          "/v1/bank/accounts", token: olena, json: #"{"iban": "\#(iban)", "currency": "UAH"}"#)
        #expect(made.status == .ok && made.text.contains(iban), "\(made.text)")
      }
      try await body(service, olena)
    }
  }

  @Test func anAccountantTakesAStatementAndSaysWhatALineIs() async throws {
    try await with { service, olena in
      let day = try #require(Day("2026-11-20"))
      try await service.store.write { db in
        try await db.books.add(
          [
            try Entry(
              kind: .topUp, accountingDate: day, currency: try #require(Currency("UAH")),
              memo: "test",
              postings: [
                Posting(.debit, account: AccountCode.cash, minor: 700),
                Posting(.credit, account: AccountCode.unmatchedReceipts, minor: 700),
              ])
          ], at: TestService.now)
      }
      let files = [
        try Self.file("1", [("E1", 500, "from desk 3"), ("E2", -30, "service")]),
        try Self.file("2", opening: 900, of: Self.second, [("E1", 5, "?")]),
      ]
      let bytes = StatementFile.together(files)
      let taken = await take(service, bytes, token: olena)
      #expect(taken.status == .created, "\(taken.text)")
      #expect(taken.text.contains(#""statement":"1","new":true,"lines":{"unknown":2}"#))
      let again = await take(service, bytes, token: olena, type: "text/xml; charset=utf-8")
      #expect(again.status == .ok && !again.text.contains(#""new":true"#), "\(again.text)")

      let list = await service.send(.get, "/v1/bank/statements", token: olena)
      #expect(list.text.contains(#""opening_minor":900,"closing_minor":905"#), "\(list.text)")
      #expect(list.text.contains(#""lines":2,"open_lines":2"#) && list.text.contains("Olena"))
      let open = await service.send(.get, "/v1/bank/lines?open=true", token: olena)
      #expect(open.text.contains(#""line":1,"account":"\#(StatementFile.iban)""#), "\(open.text)")
      #expect(open.text.contains(#""age_days":2,"amount_minor":500"#), "\(open.text)")

      let match = "/v1/bank/lines/1/match"
      let other = "/v1/bank/lines/2/match"
      let much = await service.post(other, token: olena, json: #"{"kind":"cash"}"#)
      #expect(much.status == .unprocessableContent && much.problemCode == "not_possible")
      let cash = await service.post(match, token: olena, json: #"{"kind": "cash"}"#)
      #expect(cash.status == .ok && cash.member("kind") == "cash", "\(cash.text)")
      #expect(cash.member("by") == "Olena")
      let fee = await service.post(other, token: olena, json: #"{"kind":"fee"}"#)
      #expect(fee.status == .ok, "\(fee.text)")
      let twice = await service.post(match, token: olena, json: #"{"kind": "cash"}"#)
      #expect(twice.status == .unprocessableContent && twice.text.contains("matched already"))
      let left = await service.send(.get, "/v1/bank/lines?open=true", token: olena)
      #expect(left.text.contains(#""line":3"#) && !left.text.contains(#""line":1"#))
      // Who did it stands in the books.
      #expect(
        try await texts(service, "select description from entry order by entry_id desc limit 2")
          == ["Statement 1, E2: fee, by Olena", "Statement 1, E1: cash, by Olena"])
    }
  }

  private func texts(_ service: TestService, _ sql: String) async throws -> [String] {
    try await service.pool.session { db in try await db.query(sql).map { try $0.text(0) } }
  }

  @Test func whatIsWrongIsToldAndLeavesNothing() async throws {
    try await with { service, olena in
      let good = try Self.file("1", [("E1", 500, "x")])
      var other = try Self.file("2", [("E2", 1, "y")])
      other.iban = "UA903052992990004149123456789"
      for (bytes, words) in [
        (Array(good.bytes.dropLast(40)), "cut off"), (Array("{}".utf8), "cut off"), ([], "cut off"),
        (StatementFile.together([good, other]), "statement 2 is of UA90"),
      ] as [([UInt8], String)] {
        let answer = await take(service, bytes, token: olena)
        #expect(answer.status == .unprocessableContent, "\(words): \(answer.text)")
        #expect(answer.problemCode == "statement_refused" && answer.text.contains(words))
      }
      // The script of the page names the language of its reader.
      let told = await service.send(
        .post, "/v1/bank/statements?name=s.xml&lang=uk", token: olena,
        headers: [.contentType: "application/xml"], body: Array("{}".utf8))
      #expect(told.problemCode == "statement_refused")
      #expect(told.text.contains("З файла нічого не прийнято: файл обрізано, або це не XML"))
      #expect(await service.send(.get, "/v1/bank/statements", token: olena).text == "[]")
      #expect(await take(service, good.bytes, token: olena, type: "text/csv").status.code == 415)
      let bus = try await service.token(.accountant, operatorID: "bus")
      #expect(await take(service, good.bytes, token: bus).status == .forbidden)
      for (path, json, pointer) in [
        ("/v1/bank/accounts", "{}", "/iban"),
        ("/v1/bank/accounts", #"{"iban": "x", "currency": "hryvnia"}"#, "/currency"),
        ("/v1/bank/lines/1/match", "{}", "/kind"),
        ("/v1/bank/lines/1/match", #"{"kind": "unknown"}"#, "/kind"),
        ("/v1/bank/lines/1/match", #"{"kind": "payout", "number": "1"}"#, "/number"),
      ] {
        let answer = await service.post(path, token: olena, json: json)
        #expect(answer.status == .badRequest, "\(answer.text)")
        #expect(answer.member("pointer") == pointer, "\(answer.text)")
      }
      let iban = await service.post(
        "/v1/bank/accounts", token: olena, json: #"{"iban": "DE1", "currency": "UAH"}"#)
      #expect(iban.status == .unprocessableContent && iban.text.contains("IBAN"))
      let nothing = await service.post(
        "/v1/bank/lines/9/match", token: olena, json: #"{"kind": "cash"}"#)
      #expect(nothing.status == .notFound)
    }
  }

  private func form(_ service: TestService, _ fields: String, site: String = "same-origin") async
    -> Answer
  {
    var headers: [HTTPField.Name: String] = [.contentType: "application/x-www-form-urlencoded"]
    if let name = HTTPField.Name("Sec-Fetch-Site") { headers[name] = site }
    return await service.send(.post, "/bank", headers: headers, body: Array(fields.utf8))
  }

  @Test func onThePageALineIsLookedAtAndSaidByWhoeverTypesATokenOfTheirOwn() async throws {
    try await with { service, olena in
      let empty = await service.send(.get, "/bank?lang=en", token: olena)
      #expect(empty.status == .ok && empty.text.contains("Nothing: of every line"))
      let late = try Self.file("2", opening: 100, [("E2", -70, "for &lt;the&gt; account")])
      _ = await take(service, try Self.file("1", [("E1", 50, "?")]).bytes, token: olena)
      _ = await take(service, late.bytes, token: olena)
      let page = await service.send(.get, "/bank?line=2&lang=en", token: olena)
      for text in [
        "for &lt;the&gt; account", "\u{2212}0.70\u{A0}UAH", "<td class=\"n\">2</td>",
        "value=\"fee\"", "UA21\u{A0}3223", "<strong class=\"bad\">0.50\u{A0}UAH</strong>",
        "/bank?line=1#line", "Some one",
      ] {
        #expect(page.text.contains(text), "\(text) in \(page.text)")
      }
      #expect(!page.text.contains("value=\"cash\""))
      let asked = "line=2&kind=fee&number=&token="
      #expect(await form(service, asked + "kvytok_x").status == .forbidden)
      #expect(await form(service, asked + olena, site: "cross-site").status == .forbidden)
      let planner = try await service.token(.planner)
      #expect(await form(service, asked + planner).status == .forbidden)
      #expect(await form(service, "line=2&kind=dance&token=" + olena).status == .badRequest)
      #expect(await form(service, "kind=fee&token=" + olena).status == .badRequest)
      #expect(
        await form(service, "line=2&kind=fee&number=x&token=" + olena).status == .badRequest)
      let done = await form(service, asked + olena)
      #expect(done.status == .seeOther && done.headers[.location] == "/bank?line=2")
      let after = await service.send(.get, "/bank?line=2&lang=en", token: olena)
      #expect(after.text.contains("fee of the bank, said by Olena"), "\(after.text)")
      #expect(!after.text.contains("value=\"fee\""))
      #expect(await service.send(.get, "/bank?line=9", token: olena).status == .notFound)
      #expect(await service.send(.get, "/bank", token: planner).status == .forbidden)
    }
  }
}
