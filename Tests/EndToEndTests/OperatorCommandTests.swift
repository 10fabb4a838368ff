import Basics
import Foundation
import Postgres
import Programs
import ServiceClient
import Testing

/// Paying operators by command: where the money goes is seen and decided by two people.
@Suite(
  .enabled(
    if: PrivateCluster.isPossible && ServiceClock.isPossible, "skipped: no PostgreSQL or no clang"),
  .serialized, .serverTurn)
struct OperatorCommandTests {
  private static let own = "UA903052992990004149123456789"
  private static let hers = "UA213223130000026007233566001"

  /// Two people at the desk of a service.
  private struct Desk {
    let service: KvytokService
    let olena: String
    let taras: String
    /// A day and an hour later: yesterday is what it was, or the day after.
    private let tomorrow: ServiceClock

    init(_ service: KvytokService) async throws {
      self.service = service
      tomorrow = try await ServiceClock(aheadSeconds: 25 * 3600)
      olena = try await service.person("olena")
      taras = try await service.person("taras")
    }

    func run(
      _ arguments: [String], as person: String? = nil
    ) async throws -> (Int32, String) {
      let done = try await service.run(arguments + (person.map { ["--as", $0] } ?? []))
      return (done.exitCode, done.output + done.errors)
    }

    /// Proposes to pay what is owed up to yesterday, tomorrow.
    func propose() async throws -> (Int32, String) {
      let done = try await Command.start(
        ["operator", "propose", "--as", olena, "--data", service.data.path], clock: tomorrow
      ).end(withinSeconds: 600)
      return (done.exitCode, done.output + done.errors)
    }

    func account(_ iban: String, _ person: String) async throws {
      let set = try await run(
        ["operator", "account", "tram", "--name", "Tram", "--iban", iban], as: person)
      #expect(set.0 == 0, "\(set)")
    }
  }

  @Test func anApprovedPayoutGoesWhereTwoPeopleSaid() async throws {
    try await KvytokService.with { service in
      let desk = try await Desk(service)
      try await Self.owe(at: desk)
      try await Self.propose(at: desk)
      try await Self.pay(at: desk)
      let sound = try await desk.run(["ledger", "verify"])
      #expect(sound.0 == 0, "\(sound)")
    }
  }

  /// An adjustment owes the tram 100.00.
  private static func owe(at desk: Desk) async throws {
    let none = try await desk.run(["operator", "accounts"])
    #expect(none.0 == 0 && none.1.contains("no account is known"), "\(none)")
    let evidence = try await desk.run(["subsidy", "evidence", "77"])
    #expect(evidence.0 == 1 && evidence.1.contains("claim 77"), "\(evidence)")
    _ = try await desk.run(
      [
        "ledger", "adjust", "request", "--line", "1110:debit:10000", "--line",
        "2100/tram:credit:10000", "--currency", "UAH", "--reason", "carried forward",
      ], as: desk.olena)
    // Whoever decides sees what is moved: accounts, sides and operators.
    let asked = try await desk.run(["ledger", "adjust", "list"])
    let lines = asked.1.split(separator: "\n").map {
      $0.split(separator: " ").joined(separator: " ")
    }
    #expect(lines.contains("1 requested olena 1110 100.00 UAH carried forward"), "\(asked)")
    #expect(lines.contains("2100/tram 100.00 UAH"), "\(asked)")
    let booked = try await desk.run(["ledger", "adjust", "approve", "1"], as: desk.taras)
    #expect(booked.0 == 0, "\(booked)")
  }

  /// What is owed is proposed to be paid to the tram's account of then.
  private static func propose(at desk: Desk) async throws {
    try await desk.account(Self.own, desk.taras)
    let before = try await desk.run(
      ["operator", "propose", "--date", "2026-01-31"], as: desk.olena)
    #expect(
      before.1.contains("nothing is owed by entries up to 2026-01-31 (--date)"), "\(before)")
    let today = try CityToday.day.description
    let early = try await desk.run(["operator", "propose", "--date", today], as: desk.olena)
    #expect(early.0 == 1 && early.1.contains("\(today) is not over yet"), "\(early)")
    let proposed = try await desk.propose()
    #expect(
      proposed.1.contains("order 1: 100.00 UAH to tram, \(Self.own) of Tram"), "\(proposed)")
    let list = try await desk.run(["order", "list"])
    #expect(list.1.contains("tram, \(Self.own) of Tram"), "\(list)")
    let approved = try await desk.run(["order", "approve", "1"], as: desk.taras)
    #expect(
      approved.1.contains("payout of 100.00 UAH to tram, \(Self.own) of Tram approved"),
      "\(approved)")
  }

  /// It is paid where the tram's account is by now, once, into one file.
  private static func pay(at desk: Desk) async throws {
    try await desk.account(Self.hers, desk.olena)
    let accounts = try await desk.run(["operator", "accounts", "--operator", "tram"])
    #expect(accounts.1.contains(Self.hers) && accounts.1.contains("olena"), "\(accounts)")
    let out = desk.service.data.appendingPathComponent("pay.xml").path
    let pay = [
      "operator", "pay", "--out", out, "--payer", "K", "--iban", "DE89370400440532013000",
    ]
    let refused = try await desk.run(pay, as: desk.olena)
    #expect(
      refused.0 == 1
        && refused.1.contains("pays tram to \(Self.own), and its account is \(Self.hers) by now"),
      "\(refused)")
    #expect(!FileManager.default.fileExists(atPath: out))
    let anew = try await desk.propose()
    #expect(anew.1.contains("left out: order 1 pays tram") && anew.1.contains("it is withdrawn"))
    #expect(anew.1.contains("order 2: 100.00 UAH to tram, \(Self.hers) of Tram"), "\(anew)")
    _ = try await desk.run(["order", "approve", "2"], as: desk.taras)
    // Where no file can be written nothing is sent: the next try finds it approved still.
    let nowhere = desk.service.data.appendingPathComponent("none/pay.xml").path
    let astray = try await desk.run(pay.map { $0 == out ? nowhere : $0 }, as: desk.olena)
    #expect(astray.0 == 3 && astray.1.contains("none/pay.xml cannot be written"), "\(astray)")
    let paid = try await desk.run(pay, as: desk.olena)
    #expect(paid.0 == 0, "\(paid)")
    let text = try String(contentsOfFile: out, encoding: .utf8)
    #expect(text.contains(Self.hers))
    // A file that is there stays, and one that got lost is had again by its name.
    let over = try await desk.run(pay, as: desk.olena)
    #expect(over.0 == 1 && over.1.contains("is there already, and is not replaced"), "\(over)")
    #expect(try String(contentsOfFile: out, encoding: .utf8) == text)
    let name = try #require(paid.1.split(separator: " ").first).description
    let files = try await desk.run(["operator", "files"])
    #expect(files.1.contains(name) && files.1.contains("sent"), "\(files)")
    let copy = desk.service.data.appendingPathComponent("again.xml").path
    let again = try await desk.run(["operator", "file", name, "--out", copy])
    #expect(again.0 == 0 && again.1.contains("\(name) written to"), "\(again)")
    #expect(try String(contentsOfFile: copy, encoding: .utf8) == text)
  }
}
