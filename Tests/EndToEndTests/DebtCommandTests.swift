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
        ["wallet", "top-up", "YW5uYQ", "500", "--channel", "bank", "--key", "k1"] + money)
      #expect(topUp.exitCode == 0, "\(topUp.errors)")
      let nothing = try await service.run(["wallet", "write-off", "YW5uYQ", "--as", olena] + money)
      #expect(nothing.exitCode == 1 && nothing.errors.contains("the account owes nothing"))
      let asked = try await service.run(
        ["wallet", "correct", "YW5uYQ", "--minor=-200", "--as", olena] + money)
      #expect(
        asked.output.contains("order 1 waits: kvytok order approve 1 --as FILE"), "\(asked.errors)")
      let own = try await service.run(["order", "approve", "1", "--as", olena])
      #expect(own.exitCode == 1 && own.errors.contains("ask a second person"), "\(own.errors)")
      func balance() async throws -> String {
        try await service.run(["wallet", "balance", "YW5uYQ", "--currency", "UAH"]).output
      }
      #expect(try await balance().hasPrefix("5.00"))
      let other = try await service.run(["order", "approve", "1", "--as", taras])
      #expect(other.exitCode == 0, "\(other.errors)")
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
}
