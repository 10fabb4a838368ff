import BankSupport
import Basics
import Foundation
import Postgres
import Programs
import ServiceClient
import Testing

/// What the bank says, by command: an account, a statement, a line that a person knows, the report.
@Suite(
  .enabled(if: PrivateCluster.isPossible, "skipped: no PostgreSQL"), .serialized, .serverTurn)
struct BankCommandTests {
  @Test func aStatementIsTakenMatchedAndHeldAgainstTheBooks() async throws {
    try await KvytokService.with { service in
      let olena = try await service.person("olena")
      let today = try CityToday.day
      let day = today.adding(days: -1)
      let file = StatementFile(
        "2026/329", opening: 0, from: day, to: day,
        [
          StatementFile.Entry("E1", 500, on: day, "from desk 3"),
          StatementFile.Entry("E2", 250, on: day, "top-up INV-7"),
        ])
      let path = service.data.appendingPathComponent("statement.xml").path
      func take(_ bytes: some Collection<UInt8>) async throws -> (Int32, String) {
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        let done = try await service.run(["bank", "take", path, "--as", olena])
        return (done.exitCode, done.output + done.errors)
      }
      let unknown = try await take(file.bytes)
      #expect(unknown.0 == 1 && unknown.1.contains("kvytok bank account"), "\(unknown)")
      let nobody = try await service.run(["bank", "account", StatementFile.iban])
      #expect(nobody.exitCode == 2 && nobody.errors.contains("Say who gives the order"))
      let account = try await service.run(["bank", "account", StatementFile.iban, "--as", olena])
      #expect(account.exitCode == 0, "\(account.errors)")
      let cut = try await take(file.bytes.dropLast(40))
      #expect(
        cut.0 == 1 && cut.1.contains("cut off") && cut.1.contains("nothing changed"), "\(cut)")

      let money = ["--currency", "UAH", "--reason", "test"]
      _ = try await service.run(["rider", "register", "YW5uYQ", "--reason", "test"])
      for order in [
        ["500", "--channel", "cash", "--desk", "3", "--receipt", "1", "--key", "k1"],
        ["250", "--channel", "bank", "--receipt", "INV-7", "--key", "k2"],
      ] {
        let topUp = try await service.run(["wallet", "top-up", "YW5uYQ"] + order + money)
        #expect(topUp.exitCode == 0, "\(topUp.errors)")
      }
      let taken = try await take(file.bytes)
      #expect(taken.0 == 0, "\(taken)")
      #expect(taken.1.contains("statement 2026/329 taken: 1 receipt, 1 unknown"), "\(taken)")
      let again = try await take(file.bytes)
      #expect(again.0 == 0 && again.1.contains("was taken before; nothing changed"), "\(again)")

      let open = try await service.run(["bank", "list", "--open"])
      #expect(open.output.contains("E1") && !open.output.contains("E2"), "\(open.output)")
      let ill = try await service.run(["doctor"])
      #expect(ill.output.contains("5.00 UAH of receipts match nothing"), "\(ill.output)")
      #expect(ill.output.contains("account 2290: Say what each line"), "\(ill.output)")
      let wrong = try await service.run(["bank", "match", "1", "payout", "7", "--as", olena])
      #expect(
        wrong.exitCode == 1 && wrong.errors.contains("there is no payout 7"), "\(wrong.errors)")
      let matched = try await service.run(["bank", "match", "1", "cash", "--as", olena])
      #expect(matched.exitCode == 0, "\(matched.errors)")
      let well = try await service.run(["doctor"])
      #expect(well.output.contains("no receipt is without a match"), "\(well.output)")
      let known = try await service.run(["bank", "list", "--open"])
      #expect(known.output.contains("every line is known"), "\(known.output)")

      let report = try await service.run([
        "report", "reconciliation", "--date", today.description, "--format", "csv",
      ])
      let lines = report.output.split(whereSeparator: \.isNewline)
      #expect(
        lines.contains { $0.contains("unexplained") && $0.contains(",0,0.00,") },
        "\(report.output)\(report.errors)")
      #expect(!report.output.contains("books only"), "\(report.output)")
      let sound = try await service.run(["ledger", "verify"])
      #expect(sound.exitCode == 0, "\(sound.output)")
    }
  }
}
