import Basics
import DatabaseSupport
import HTTPTypes
import Ledger
import Postgres
import Store
import Testing
import Web

@Suite(.enabled(if: LeasedDatabase.isAvailable, "skipped: no PostgreSQL"))
struct LedgerEndpointTests {
  private static let correction = """
    {"currency": "UAH", "fare_day": "2026-11-20", "reason": "the bank rounds otherwise", "lines": [
      {"account": "4900", "debit_minor": 150},
      {"account": "2100", "operator": "bus", "credit_minor": 150}]}
    """

  static let ofRiders = """
    "lines": [{"account": "2220", "debit_minor": 5}, {"account": "1110", "credit_minor": 5}]
    """

  /// Who keeps the books needs neither the folder of the service nor its database for it.
  @Test func theBooksAreCorrectedByTwoPeople() async throws {
    try await TestService.with { service in
      try await service.store.write { db in try await db.books.save(.standard) }
      let olena = try await service.token(.accountant, label: "Olena")
      let taras = try await service.token(.accountant, label: "Taras")
      let asked = await service.post(
        "/v1/ledger/adjustments", token: olena, json: Self.correction)
      #expect(asked.status == .created && asked.text == #"{"adjustment":1}"#, "\(asked.text)")
      let list = await service.send(.get, "/v1/ledger/adjustments", token: taras)
      #expect(list.text.contains(#""reason":"the bank rounds otherwise""#), "\(list.text)")
      #expect(
        list.text.contains(
          #"{"account":"2100","operator":"bus","debit_minor":0,"credit_minor":150}"#))
      let decision = "/v1/ledger/adjustments/1/decision"
      let own = await service.post(decision, token: olena, json: #"{"approve": true}"#)
      #expect(own.status == .conflict && own.problemCode == "second_person_needed")
      let booked = await service.post(decision, token: taras, json: #"{"approve": true}"#)
      #expect(booked.status == .ok && booked.text.contains(#""entry":1"#), "\(booked.text)")
      let again = await service.post(decision, token: taras, json: #"{"approve": true}"#)
      #expect(again.status == .conflict && again.problemCode == "decided_before")
      #expect(await service.send(.get, "/v1/ledger/adjustments", token: olena).text == "[]")
      let all = await service.send(.get, "/v1/ledger/adjustments?all=true", token: olena)
      #expect(
        all.text.contains(#""state":"approved""#) && all.text.contains(#""decided_by":"Taras""#))
      let balance = await service.send(.get, "/v1/ledger/trial-balance", token: olena)
      #expect(
        balance.text.contains(#""operator":"bus""#) && balance.text.contains(#""balanced":true"#))
      let periods = await service.send(.get, "/v1/ledger/periods", token: olena)
      #expect(periods.text.contains(#""state":"open""#), "\(periods.text)")
    }
  }

  /// Whoever sends again what was stored books it twice.
  @Test func ofWhatMayBeStoredNobodyIsToldThatItIsNot() async throws {
    try await TestService.with { service in
      try await service.store.write { db in try await db.books.save(.standard) }
      _ = try await service.pool.session { db in
        try await db.script(
          """
          create function go_away() returns trigger language plpgsql as
          $$ begin perform pg_terminate_backend(pg_backend_pid()); return null; end $$;
          create constraint trigger go_away after insert on adjustment deferrable initially deferred
            for each row execute function go_away();
          """)
      }
      let answer = await service.post(
        "/v1/ledger/adjustments", token: try await service.token(.accountant, label: "Olena"),
        json: Self.correction)
      #expect(answer.status == .serviceUnavailable && answer.problemCode == "outcome_unknown")
      #expect(answer.text.contains("Look for it before you send it again"), "\(answer.text)")
    }
  }

  @Test func aCorrectionIsRefusedWithAReasonOnly() async throws {
    try await TestService.with { service in
      try await service.store.write { db in try await db.books.save(.standard) }
      let olena = try await service.token(.accountant, label: "Olena")
      let taras = try await service.token(.accountant, label: "Taras")
      _ = await service.post("/v1/ledger/adjustments", token: olena, json: Self.correction)
      let decision = "/v1/ledger/adjustments/1/decision"
      let silent = await service.post(decision, token: taras, json: #"{"approve": false}"#)
      #expect(silent.status == .badRequest)
      let refused = await service.post(
        decision, token: taras, json: #"{"approve": false, "reason": "not ours"}"#)
      #expect(refused.text == #"{"decided":"refused"}"#, "\(refused.text)")
      let balance = await service.send(.get, "/v1/ledger/trial-balance", token: olena)
      #expect(balance.text.contains(#""accounts":[]"#))
    }
  }

  @Test(
    arguments: [
      (#"{"currency":"UAH","reason":"x","lines":[]}"#, 422, "/lines"),
      (#"{"currency":"UAH","reason":"x"}"#, 422, "/lines"),
      (
        #"{"currency":"UAH","reason":"x","pays":["anna"],\#(LedgerEndpointTests.ofRiders)}"#, 422,
        "/pays"
      ),
      (
        #"{"currency":"UAH","reason":"x","pays":["KVYTOK-T9"],\#(LedgerEndpointTests.ofRiders)}"#,
        422, "/pays"
      ),
      // What riders are owed is paid by a name only.
      (#"{"currency":"UAH","reason":"x",\#(LedgerEndpointTests.ofRiders)}"#, 422, "/pays"),
      (
        #"{"currency":"UAH","reason":"x","lines":[{"account":"1110","debit_minor":5},{"account":"4900","credit_minor":4}]}"#,
        422, "/lines"
      ),
      (
        #"{"currency":"UAH","reason":"x","lines":[{"account":"1110","debit_minor":9223372036854775807},{"account":"1110","debit_minor":9223372036854775807},{"account":"4900","credit_minor":1}]}"#,
        422, "/lines"
      ),
      (
        #"{"currency":"UAH","reason":"x","lines":[{"account":"nine","debit_minor":5},{"account":"4900","credit_minor":5}]}"#,
        422, "/lines"
      ),
      // No card moves with it, so the books would not prove.
      (
        #"{"currency":"UAH","reason":"x","lines":[{"account":"2200","debit_minor":5},{"account":"4900","credit_minor":5}]}"#,
        422, "/lines"
      ),
      (#"{"currency":"hryvnia","reason":"x","lines":[]}"#, 400, "/currency"),
      (#"{"currency":"UAH","reason":"","lines":[]}"#, 400, "/reason"),
      (#"{"currency":"UAH","reason":"x","lines":[{"sum":5}]}"#, 400, "/lines/0/sum"),
      (#"{"currency":"UAH","reason":"x","lines":{}}"#, 400, "/lines"),
    ] as [(String, Int, String)])
  func whatIsNoEntryIsRefusedAndSaysWhere(
    _ json: String, _ status: Int, _ pointer: String
  ) async throws {
    try await TestService.with { service in
      let olena = try await service.token(.accountant, label: "Olena")
      let answer = await service.post("/v1/ledger/adjustments", token: olena, json: json)
      #expect(answer.status.code == status, "\(answer.text)")
      #expect(answer.text.contains("\"pointer\":\"\(pointer)\""), "\(answer.text)")
      #expect(await service.send(.get, "/v1/ledger/adjustments", token: olena).text == "[]")
    }
  }
}
