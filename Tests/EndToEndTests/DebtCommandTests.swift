import Basics
import Foundation
import Postgres
import Programs
import ServiceClient
import Tapping
import Testing
import Transit

/// What stored value did not pay, by command: it is listed, and two people give it up.
@Suite(
  .enabled(if: PrivateCluster.isPossible, "skipped: no PostgreSQL"), .serialized, .serverTurn)
struct DebtCommandTests {
  @Test func twoPeopleDecideAboutABalanceAndNobodyAlone() async throws {
    try await KvytokService.with { service in
      let (olena, taras) = (
        try await service.person("olena"), try await service.person("taras")
      )
      #expect(try await service.run(["debt", "list"]).output.contains("nobody owes anything"))
      let money = ["--currency", "UAH", "--reason", "test"]
      _ = try await service.run(["rider", "register", "YW5uYQ", "--reason", "test"])
      let topUp = try await service.run(
        ["wallet", "top-up", "YW5uYQ", "500", "--channel", "transfer", "--key", "k1"] + money)
      #expect(topUp.exitCode == 0, "\(topUp.errors)")
      let nothing = try await service.run(["wallet", "write-off", "YW5uYQ", "--as", olena] + money)
      #expect(nothing.exitCode == 1 && nothing.errors.contains("the account owes nothing"))
      let asked = try await service.run(
        ["wallet", "correct", "YW5uYQ", "--minor", "-200", "--as", olena] + money)
      #expect(
        asked.output.contains("order 1 waits: kvytok order approve 1 --as FILE"), "\(asked.errors)")
      // Whoever decides sees whose balance it is.
      let told = try await service.run(["order", "list"]).output
      #expect(told.contains("correction of a balance: take off"), "\(told)")
      #expect(told.contains("account 1 of rider "), "\(told)")
      let own = try await service.run(["order", "approve", "1", "--as", olena])
      #expect(own.exitCode == 1 && own.errors.contains("ask a second person"), "\(own.errors)")
      func balance() async throws -> String {
        try await service.run(["wallet", "balance", "YW5uYQ", "--currency", "UAH"]).output
      }
      #expect(try await balance().hasPrefix("5.00"))
      let other = try await service.run(["order", "approve", "1", "--as", taras])
      #expect(other.exitCode == 0, "\(other.errors)")
      #expect(other.output.contains("correction downwards of 2.00 UAH for account 1 of rider "))
      #expect(try await balance().hasPrefix("3.00"))
      let sound = try await service.run(["ledger", "verify"])
      #expect(sound.exitCode == 0, "\(sound.output)")
      // As if rides had taken it below nothing.
      try await LedgerCommandTests.asOwner(
        service,
        """
        begin; set local kvytok.seal_key = '';
        update wallet_account set balance_minor = -300, denied_since = '2026-11-22 08:00Z'; commit
        """)
      let list = try await service.run(["debt", "list"])
      let rows = list.output.split(separator: "\n")
      #expect(rows.count == 3, "\(list.output)\(list.errors)")
      #expect(
        rows.last?.contains("2026-11-22T08:00:00") == true
          && rows.last?.contains("-3.00 UAH") == true && rows.last?.contains(" 3.00 UAH") == true,
        "\(list.output)")
    }
  }

  @Test func aCommandThatListsTheFirstOfManySaysSo() async throws {
    try await KvytokService.with { service in
      try await LedgerCommandTests.asOwner(
        service,
        """
        begin; set local kvytok.seal_key = '';
        insert into charge_window (lane, rider_id, medium_id, fare_day, number, currency, state,
          amount_minor, due_minor, declined_at, closed_at)
        select 0, gen_random_uuid(), gen_random_uuid(), '2026-11-20', 0, 'UAH', 'debt', 800, 800,
          now(), now() from generate_series(1, 1001);
        insert into money_order (kind, subject, minor, currency, reason, proposed_by, proposed_at)
        select 'refund', n::text, 100, 'UAH', 'x', 'Petro', now() from generate_series(1, 501) n;
        insert into tap_quarantine (device_id, epoch, seq, code, message, content, received_at)
        select 'V-1', 1, n, 'x', 'x', '{}', now() from generate_series(1, 201) n;
        insert into acquirer_file (direction, name, number, digest, currency, records, gross_minor,
          fee_minor, at) values ('in', 'f', 1, '\\x00', 'UAH', 1, 100, 0, now());
        insert into acquirer_record (file_id, line, kind, reference, gross_minor, fee_minor, currency,
          value_date, category)
        select 1, n, 'capture', n::text, 100, 0, 'UAH', '2026-11-20', 'unknown'
        from generate_series(1, 1003) n;
        commit
        """)
      let debts = try await service.run(["debt", "list"]).output
      #expect(debts.contains("of charge windows the oldest are listed; there may be more"))
      #expect(!debts.contains("of stored value the oldest"))
      let place = try #require(
        debts.split(whereSeparator: \.isWhitespace).last.map(String.init), "\(debts)")
      let others = try await service.run(["debt", "list", "--after", place])
      #expect(
        others.output.split(separator: "\n").count { $0.contains(" debt ") } == 1,
        "\(others.output)\(others.errors)")
      #expect(!others.output.contains("there may be more"))
      let orders = try await service.run(["order", "list"]).output
      #expect(orders.contains("the newest 500 are listed; there may be more"))
      let tokens = try await service.run(["token", "list"]).output
      #expect(!tokens.contains("there may be more"))
      let stuck = try await service.run(["taps", "stuck", "--state", "quarantined"]).output
      #expect(stuck.contains("quarantined: the 200 that have waited longest; there may be more"))
      let rested = try await service.run([
        "taps", "stuck", "--state", "quarantined", "--after", "200",
      ]).output
      #expect(
        rested.split(separator: "\n").count { $0.hasPrefix("quarantined") } == 1, "\(rested)")
      let rest = try await service.run(["acquirer", "reconcile", "--date", "2026-11-20"])
      #expect(
        rest.output.contains("and 3 more, 1003 in all: ask for fewer days to see them"),
        "\(rest.errors)")
    }
  }
}
