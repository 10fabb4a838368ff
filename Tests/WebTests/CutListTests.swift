import Basics
import DatabaseSupport
import HTTPTypes
import Ledger
import Postgres
import Store
import Testing
import Web

/// A list of the first of many says that there are more.
@Suite(.enabled(if: LeasedDatabase.isAvailable, "skipped: no PostgreSQL"))
struct CutListTests {
  private static func script(_ sql: String, _ service: TestService) async throws {
    _ = try await service.pool.session { db in try await db.script(sql) }
  }

  /// Rows one below a limit, and then one that reaches or passes it.
  private static func told(
    _ path: String, _ service: TestService, as role: AccessRole = .accountant, adding sql: String
  ) async throws -> Answer {
    try await script(sql, service)
    let answer = await service.send(.get, path, token: try await service.token(role))
    try #require(answer.status == .ok, "\(answer.text.prefix(200))")
    return answer
  }

  @Test func stuckTaps() async throws {
    try await TestService.with { service in
      func quarantined(_ first: Int, _ last: Int) -> String {
        """
        insert into tap_quarantine (device_id, epoch, seq, code, message, content, received_at)
        select 'V-1', 1, n, 'x', 'x', '{}', now() from generate_series(\(first), \(last)) n
        """
      }
      let whole = try await Self.told("/v1/taps/stuck", service, adding: quarantined(1, 199))
      #expect(whole.text.hasSuffix(#""cut":[]}"#))
      let cut = try await Self.told("/v1/taps/stuck", service, adding: quarantined(200, 201))
      #expect(cut.text.hasSuffix(#""cut":["quarantined"]}"#))
    }
  }

  @Test func remaindersOfTheAcquirer() async throws {
    try await TestService.with { service in
      func lines(_ first: Int, _ last: Int) -> String {
        """
        insert into acquirer_record (file_id, line, kind, reference, gross_minor, fee_minor, currency,
          value_date, category)
        select 1, n, 'capture', n::text, 100, 0, 'UAH', '2026-11-20', 'unknown'
        from generate_series(\(first), \(last)) n
        """
      }
      let path = "/v1/acquirer/reconciliation?date=2026-11-20"
      let whole = try await Self.told(
        path, service,
        adding: """
          insert into acquirer_file (direction, name, number, digest, currency, records, gross_minor,
            fee_minor, at) values ('in', 'f', 1, '\\x00', 'UAH', 1, 100, 0, now());
          \(lines(1, 1000))
          """)
      #expect(whole.text.hasSuffix(#""remainders_in_all":1000,"cut":false}"#))
      let cut = try await Self.told(path, service, adding: lines(1001, 1003))
      #expect(cut.text.hasSuffix(#""remainders_in_all":1003,"cut":true}"#))
    }
  }

  @Test func debts() async throws {
    try await TestService.with { service in
      func windows(_ first: Int, _ last: Int) -> String {
        """
        insert into charge_window (lane, rider_id, medium_id, fare_day, number, currency, state,
          amount_minor, due_minor, declined_at, closed_at)
        select 0, gen_random_uuid(), gen_random_uuid(), '2026-11-20', 0, 'UAH', 'debt', 800, 800,
          now(), now() from generate_series(\(first), \(last))
        """
      }
      let name = try #require(HTTPField.Name("Kvytok-Cut"))
      let whole = try await Self.told("/v1/debts", service, adding: windows(1, 999))
      #expect(whole.headers[name] == nil)
      let cut = try await Self.told("/v1/debts", service, adding: windows(1000, 1001))
      #expect(cut.headers[name] == "charge_window")
    }
  }

  @Test func gaps() async throws {
    try await TestService.with { service in
      func gaps(_ first: Int, _ last: Int) -> String {
        """
        insert into device_gap (device_id, epoch, first_seq, last_seq, known_since)
        select 'V-1', n, 1, 1, '2026-11-20Z' from generate_series(\(first), \(last)) n
        """
      }
      let name = try #require(HTTPField.Name("Kvytok-Cut"))
      let path = "/v1/fleet/gaps"
      let whole = try await Self.told(path, service, as: .dispatcher, adding: gaps(1, 9999))
      #expect(whole.headers[name] == nil)
      let cut = try await Self.told(path, service, as: .dispatcher, adding: gaps(10_000, 10_001))
      #expect(cut.headers[name] == "gap")
      let place = "V-1/10000/1/2026-11-20T00:00:00Z"
      #expect(cut.text.hasSuffix(#""next":"\#(place)"}"#), "\(cut.text.suffix(200))")
      // It was filled before the next page is asked for.
      let rest = try await Self.told(
        "\(path)?after=\(place)", service, as: .dispatcher,
        adding: "delete from device_gap where epoch = 10000")
      #expect(rest.headers[name] == nil)
      #expect(rest.text.hasPrefix(#"{"gaps":[{"device":"V-1","epoch":10001,"#), "\(rest.text)")
      #expect(rest.text.hasSuffix(#""next":null}"#), "\(rest.text)")
    }
  }

  /// Old ones are reached page by page.
  @Test func conflicts() async throws {
    try await TestService.with { service in
      let path = "/v1/fleet/conflicts?limit=2"
      let first = try await Self.told(
        path, service, as: .dispatcher,
        adding: """
          insert into tap_conflict (device_id, epoch, seq, kept_digest, other_digest, other_content,
            received_at)
          select 'V-1', 1, n, '\\x00', '\\x01', '{}', now() from generate_series(1, 3) n
          """)
      #expect(first.text.hasSuffix(#""next":2}"#), "\(first.text)")
      let last = try await Self.told(
        path + "&after=2", service, as: .dispatcher, adding: "select 1")
      #expect(last.text.contains(#""conflict":1,"#) && !last.text.contains(#""conflict":2,"#))
      #expect(last.text.hasSuffix(#""next":null}"#), "\(last.text)")
    }
  }

  @Test func moneyOrders() async throws {
    try await TestService.with { service in
      func orders(_ first: Int, _ last: Int) -> String {
        """
        insert into money_order (kind, subject, minor, currency, reason, proposed_by, proposed_at)
        select 'refund', n::text, 100, 'UAH', 'x', 'Petro', now()
        from generate_series(\(first), \(last)) n
        """
      }
      let name = try #require(HTTPField.Name("Kvytok-Cut"))
      let whole = try await Self.told("/v1/money-orders", service, adding: orders(1, 499))
      #expect(whole.headers[name] == nil)
      let cut = try await Self.told("/v1/money-orders", service, adding: orders(500, 501))
      #expect(cut.headers[name] == "money_order")
    }
  }

  @Test func payouts() async throws {
    try await TestService.with { service in
      func payouts(_ first: Int, _ last: Int) -> String {
        """
        with o as (
          insert into money_order (kind, subject, minor, currency, reason, proposed_by, proposed_at,
            decision, decided_by, decided_at)
          values ('payout', 'bus', 100, 'UAH', 'x', 'Petro', now(), 'refused', 'Taras', now())
          returning order_id)
        insert into payout (operator_id, currency, minor, through_date, state, order_id)
        select 'bus', 'UAH', 100, '2026-11-20', 'refused', order_id
        from o, generate_series(\(first), \(last))
        """
      }
      let name = try #require(HTTPField.Name("Kvytok-Cut"))
      let whole = try await Self.told("/v1/payouts", service, adding: payouts(1, 999))
      #expect(whole.headers[name] == nil)
      let cut = try await Self.told("/v1/payouts", service, adding: payouts(1000, 1001))
      #expect(cut.headers[name] == "payout")
      let other = try await Self.told("/v1/payouts?operator=tram", service, adding: "select 1")
      #expect(other.text == "[]" && other.headers[name] == nil)
    }
  }

  @Test func claims() async throws {
    try await TestService.with { service in
      func claims(_ first: Int, _ last: Int) -> String {
        """
        insert into subsidy_claim (first_day, last_day, currency, state, created_by, created_at)
        select '2026-11-01', '2026-11-20', 'UAH', 'refused', 'Petro', now()
        from generate_series(\(first), \(last))
        """
      }
      let name = try #require(HTTPField.Name("Kvytok-Cut"))
      let path = "/v1/subsidies/claims"
      let whole = try await Self.told(path, service, adding: claims(1, 999))
      #expect(whole.headers[name] == nil)
      let cut = try await Self.told(path, service, adding: claims(1000, 1001))
      #expect(cut.headers[name] == "subsidy_claim")
    }
  }

  @Test func bankLines() async throws {
    try await TestService.with { service in
      let name = try #require(HTTPField.Name("Kvytok-Cut"))
      // An entry that stands for what the lines booked.
      try await service.addFares(on: try #require(Day("2026-11-20")), ["bus": 100])
      try await Self.script(
        """
        insert into bank_account (currency, iban, changed_by, changed_at)
        values ('UAH', 'UA903052992990004149123456789', 'Petro', now());
        insert into bank_statement (currency, number, opening_day, closing_day, opening_minor,
          closing_minor, name, digest, taken_by, taken_at, bank_account_id)
        select 'UAH', '1', '2026-11-20', '2026-11-20', 0, 100, 'f', '\\x00', 'Petro', now(),
          bank_account_id from bank_account
        """, service)
      func lines(_ first: Int, _ last: Int, _ subject: String) -> String {
        """
        insert into statement_line (statement_id, currency, reference, booked_on, minor, remittance,
          subject, entry_id, bank_account_id)
        select statement_id, 'UAH', '\(subject)' || n, '2026-11-20', 100, 'x', '\(subject)',
          (select max(entry_id) from entry), bank_account_id
        from bank_statement, generate_series(\(first), \(last)) n
        """
      }
      let whole = try await Self.told("/v1/bank/lines", service, adding: lines(1, 999, "cash"))
      #expect(whole.headers[name] == nil)
      let cut = try await Self.told("/v1/bank/lines", service, adding: lines(1000, 1001, "cash"))
      #expect(cut.headers[name] == "bank_line")
      let open = try await Self.told(
        "/v1/bank/lines?open=true", service, adding: lines(1, 2, "unknown"))
      #expect(open.headers[name] == nil)
    }
  }

  /// Those that wait are not pushed off the list by newer ones that are decided.
  @Test func adjustments() async throws {
    try await TestService.with { service in
      try await service.store.write { db in try await db.books.save(.standard) }
      func adjustments(_ count: Int, state: String) -> String {
        """
        with a as (
          insert into adjustment (requested_at, requested_by, reason, currency, state, decided_at,
            decided_by)
          select now(), 'Petro', 'x', 'UAH', '\(state)',
            case when '\(state)' = 'refused' then now() end,
            case when '\(state)' = 'refused' then 'Taras' end
          from generate_series(1, \(count)) returning adjustment_id)
        insert into adjustment_line (adjustment_id, line, account, debit_minor, credit_minor)
        select adjustment_id, line, account, debit, credit
        from a, (values (1, '1100', 5, 0), (2, '4900', 0, 5)) l (line, account, debit, credit)
        """
      }
      let name = try #require(HTTPField.Name("Kvytok-Cut"))
      let path = "/v1/ledger/adjustments"
      try await Self.script(adjustments(1, state: "requested"), service)
      let whole = try await Self.told(path, service, adding: adjustments(1000, state: "refused"))
      #expect(whole.headers[name] == nil)
      #expect(whole.text.contains(#""adjustment":1,"state":"requested""#), "\(whole.text)")
      let all = try await Self.told(path + "?all=true", service, adding: "select 1")
      #expect(all.headers[name] == "adjustment")
    }
  }
}
