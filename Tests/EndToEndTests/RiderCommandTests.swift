import BankSupport
import Basics
import Foundation
import Postgres
import Programs
import ServiceClient
import Testing

/// Riders, their money and their proofs by command: who did it, and how much, in words that a person reads.
@Suite(
  .enabled(if: PrivateCluster.isPossible, "skipped: no PostgreSQL"), .serialized, .serverTurn)
struct RiderCommandTests {
  /// A rider of the token `YW5uYQ`.
  private static let anna = "YW5uYQ"

  private static func register(with service: KvytokService) async throws {
    let made = try await service.run(["rider", "register", anna, "--reason", "test"])
    #expect(made.exitCode == 0, "\(made.errors)")
  }

  @Test func thePersonOfATokenStandsInTheFileOfTheRider() async throws {
    try await KvytokService.with { service in
      let olena = try await service.person("olena")
      try await Self.register(with: service)
      let today = try CityToday.day
      let proof = ["rider", "add-entitlement", Self.anna, "pupil", "--reason", "school"]
      let added = try await service.run(proof + ["--from", "\(today)", "--as", olena])
      #expect(added.exitCode == 0, "\(added.errors)")
      let withdrawn = try await service.run([
        "rider", "withdraw-entitlement", Self.anna, "pupil", "--from", "\(today)", "--reason",
        "wrong rider", "--as", olena, "--by", "desk 3",
      ])
      #expect(withdrawn.exitCode == 0, "\(withdrawn.errors)")
      let nobody = try await service.run(proof + ["--from", "\(today)"])
      #expect(nobody.exitCode == 0, "\(nobody.errors)")
      let file = try await service.run(["rider", "media", Self.anna]).output
      #expect(file.contains(" olena: proof pupil"), "\(file)")
      #expect(file.contains(" olena (desk 3): "), "\(file)")
      #expect(file.contains(" command line, "), "\(file)")
    }
  }

  /// One rule for all commands: whoever gives a token is known by it, where none is asked for too.
  @Test func aTokenNamesWhoActsWhereverItIsGiven() async throws {
    try await KvytokService.with { service in
      let olena = try await service.person("olena", role: "cashier")
      let token = try String(contentsOfFile: olena, encoding: .utf8)
      try await Self.register(with: service)
      let block = ["rider", "block", Self.anna, "--reason", "lost"]
      #expect(try await service.run(block + ["--as", olena]).exitCode == 0)
      let undone = try await service.run(
        block + ["--undo", "--by", "desk 3"], environment: ["KVYTOK_TOKEN": token])
      #expect(undone.exitCode == 0, "\(undone.errors)")
      let file = try await service.run(["rider", "media", Self.anna]).output
      #expect(file.contains(" olena: ") && file.contains(" olena (desk 3): "), "\(file)")

      let environment = ["KVYTOK_TOKEN": token]
      let enrolled = try await service.run(["device", "enroll", "V-1"], environment: environment)
      #expect(enrolled.exitCode == 0, "\(enrolled.errors)")
      #expect(try await service.run(["device", "revoke", "V-1", "--by", "workshop"]).exitCode == 0)
      let shown = try await service.run(["device", "show", "V-1"]).output
      #expect(shown.contains("by olena") && shown.contains("by workshop"), "\(shown)")

      let unknown = try await service.run(block, environment: ["KVYTOK_TOKEN": "none of ours"])
      #expect(unknown.exitCode == 1, "\(unknown.output)")
      #expect(
        unknown.errors.contains("The token of KVYTOK_TOKEN is not known"), "\(unknown.errors)")
      #expect(
        unknown.errors.contains("Without KVYTOK_TOKEN this machine's user may do it"),
        "\(unknown.errors)")
    }
  }

  @Test func amountsAreToldInTheirCurrencyAndATariffWithoutProductsIsNamed() async throws {
    try await KvytokService.with { service in
      let rule = try await service.run([
        "wallet", "rule", "--currency", "UAH", "--negative", "2000", "--reason", "test",
      ])
      #expect(
        rule.output == "UAH: denied below 0.00 UAH, at most 20.00 UAH below nothing\n",
        "\(rule.output)\(rule.errors)")
      try await Self.register(with: service)
      let sold = try await service.run([
        "product", "sell", Self.anna, "month", "--from", "\(try CityToday.day)", "--currency",
        "UAH", "--channel", "cash", "--desk", "3", "--receipt", "1", "--key", "k", "--reason",
        "test",
      ])
      #expect(sold.exitCode == 1)
      #expect(sold.errors.contains("The tariff sells no products."), "\(sold.errors)")
    }
  }

  @Test func aHoleBetweenStatementsIsToldInItsCurrency() async throws {
    try await KvytokService.with { service in
      let olena = try await service.person("olena")
      let account = try await service.run(["bank", "account", StatementFile.iban, "--as", olena])
      #expect(account.exitCode == 0, "\(account.errors)")
      let day = try CityToday.day
      let path = service.data.appendingPathComponent("statement.xml").path
      var said = ""
      for (name, opening, from) in [("1", Int64(0), -3), ("2", Int64(-2_236_174), -1)] {
        let file = StatementFile(
          name, opening: opening, from: day.adding(days: from), to: day.adding(days: from), [])
        try Data(file.bytes).write(to: URL(fileURLWithPath: path))
        let taken = try await service.run(["bank", "take", path, "--as", olena])
        #expect(taken.exitCode == 0, "\(taken.errors)")
        said = taken.output
      }
      #expect(said.contains("between 1 and 2, and the account moved by -22361.74 UAH"), "\(said)")
    }
  }

  @Test func whatCannotBeIsToldWithWhatCanBe() async throws {
    try await KvytokService.with { service in
      let device = SignedDevice(id: "V-7", secret: "a test")
      #expect(try await device.enroll(vehicle: "101", with: service.client))
      let twofold = try await service.run(["device", "enroll", "V-7"])
      #expect(twofold.exitCode == 1)
      #expect(twofold.errors.contains("kvytok device replace V-7"), "\(twofold.errors)")
      let month = try await service.run(["report", "reconciliation", "--period", "2026-13"])
      #expect(month.exitCode == 2)
      #expect(month.errors.contains("2026-13 is no month"), "\(month.errors)")
    }
  }
}
