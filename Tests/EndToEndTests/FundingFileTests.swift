import Basics
import Charging
import Foundation
import Postgres
import Programs
import ServiceClient
import Testing

@Suite(
  .enabled(if: PrivateCluster.isPossible, "skipped: no PostgreSQL"), .serialized, .serverTurn)
struct FundingFileTests {
  /// A funding file of one deposit that matches nothing here: 8.00 less a fee of 0.12.
  static func file(
    number: Int64 = 1, _ code: String = "UAH", merchant: String = "city"
  ) throws -> Data {
    let uah = try #require(Currency(code))
    let day = try #require(Day("2026-11-20"))
    let record = FundingRecord(
      line: 2, kind: .capture, reference: "P-unknown", key: nil, grossMinor: 800, feeMinor: 12,
      currency: uah, valueDate: day)
    return Data(
      FundingFile(number: number, date: day, merchant: merchant, currency: uah, records: [record])
        .bytes)
  }

  @Test func aFileInTheFolderIsBookedOnceAndABrokenOneIsSetAsideWithTheReason() async throws {
    let data = try await KvytokService.preparedData()
    let incoming = try TemporaryFolder.make("funding")
    defer {
      try? FileManager.default.removeItem(at: data)
      try? FileManager.default.removeItem(at: incoming)
    }
    let whole = try Self.file()
    try whole.write(to: incoming.appendingPathComponent("funding-1.csv"))
    let broken = incoming.appendingPathComponent("funding-2.csv")
    try whole.dropLast(40).write(to: broken)
    // The longest name that a folder takes, and a byte that no table does.
    let long = String(repeating: "a", count: 251) + ".csv"
    let odd = incoming.appendingPathComponent(long)
    try (whole.prefix(50) + Data([0]) + whole.dropFirst(50)).write(to: odd)
    // They came long ago, so nobody is writing them any more.
    for file in [broken, odd] {
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSinceNow: -3600)], ofItemAtPath: file.path)
    }
    let settings = data.appendingPathComponent("settings.json")
    try Data(#"{"acquirer_files": true, "acquirer_in": "\#(incoming.path)"}"#.utf8)
      .write(to: settings)
    let service = try await KvytokService(data: data, arguments: ["--config", settings.path])
    func isThere(_ name: String) -> Bool? {
      FileManager.default.fileExists(atPath: incoming.appendingPathComponent(name).path)
        ? true : nil
    }
    #expect(try await eventually { isThere("taken/funding-1.csv") } == true)
    #expect(try await eventually { isThere("refused/funding-2.csv") } == true)
    let reason = try String(
      contentsOf: incoming.appendingPathComponent("refused/funding-2.csv.reason.txt"),
      encoding: .utf8)
    #expect(!reason.isEmpty)
    let cut = String(repeating: "a", count: 200)
    #expect(try await eventually { isThere("refused/\(cut).reason.txt") } == true)
    #expect(isThere(long) == nil)
    // The very same file again changes nothing.
    try whole.write(to: incoming.appendingPathComponent("again.csv"))
    #expect(try await eventually { isThere("taken/again.csv") } == true)
    // Money in a currency that nobody was charged in waits for a person too, in that currency.
    try Self.file(number: 2, "EUR").write(to: incoming.appendingPathComponent("euro.csv"))
    #expect(try await eventually { isThere("taken/euro.csv") } == true)
    let balance = try await service.run(["ledger", "trial-balance"])
    let line = try #require(
      balance.output.split(separator: "\n").first {
        $0.contains("2290") && $0.contains("UAH")
      })
    #expect(line.contains("8.00") && !line.contains("16.00"), "\(balance.output)")
    let euro = balance.output.split(separator: "\n").first {
      $0.contains("2290") && $0.contains("EUR")
    }
    #expect(euro?.contains("8.00") == true, "\(balance.output)")
    try await service.stop()
  }
  @Test func aTopUpByBankCardIsPaidByTheLineWithItsReference() async throws {
    try await KvytokService.with { service in
      let card = ["YW5uYQ", "--currency", "UAH", "--channel", "acquirer", "--reason", "test"]
      func run(_ arguments: [String]) async throws -> (exitCode: Int32, text: String) {
        let done = try await service.run(arguments)
        return (done.exitCode, done.output + done.errors)
      }
      _ = try await run(["rider", "register", "YW5uYQ", "--reason", "test"])
      let nameless = try await run(["wallet", "top-up"] + card + ["--key", "k1", "800"])
      #expect(
        nameless.exitCode == 1 && nameless.text.contains("acquirer's reference is missing"),
        "\(nameless.text)")
      let top = try await run(
        ["wallet", "top-up"] + card + ["--key", "k1", "--receipt", "P-unknown", "800"])
      #expect(top.exitCode == 0, "\(top.text)")
      let back = try await run(
        ["wallet", "refund"] + card
          + ["--key", "k2", "--receipt", "R1", "--payment", "P-unknown", "--minor", "300"])
      #expect(back.exitCode == 0, "\(back.text)")
      let more = try await run(
        ["wallet", "refund"] + card
          + ["--key", "k3", "--receipt", "R2", "--payment", "P-other", "--minor", "300"])
      #expect(
        more.exitCode == 1 && more.text.contains("has the acquirer's reference P-other"),
        "\(more.text)")
      let days = ["--date", "2020-01-01", "--to", "2099-12-31", "--lag", "0"]
      let missing = try await run(["acquirer", "reconcile"] + days)
      #expect(
        missing.exitCode == 1
          && missing.text.contains("missing_there: P-unknown 8.00 UAH (in) of ")
          && missing.text.contains("missing_there: R1 3.00 UAH (out) of "), "\(missing.text)")
      let folder = try TemporaryFolder.make("funding")
      defer { try? FileManager.default.removeItem(at: folder) }
      let path = folder.appendingPathComponent("f.csv")
      try Self.file().write(to: path)
      let taken = try await run(["acquirer", "import", path.path])
      #expect(taken.exitCode == 0 && taken.text.contains("matched"), "\(taken.text)")
      let rest = try await run(["acquirer", "reconcile"] + days)
      #expect(
        !rest.text.contains("P-unknown") && rest.text.contains("missing_there: R1 3.00 UAH"),
        "\(rest.text)")
      let sound = try await run(["ledger", "verify"])
      #expect(sound.exitCode == 0, "\(sound.text)")
    }
  }

  /// Another merchant's file, and one with amounts past all limits, are set aside with the reason; the
  /// service goes on, also after it was started anew.
  @Test func aFileOfAnotherMerchantAndOneOfTheLargestAmountsAreSetAside() async throws {
    let data = try await KvytokService.preparedData()
    defer { try? FileManager.default.removeItem(at: data) }
    let settings = data.appendingPathComponent("settings.json")
    try Data(#"{"merchant": "kyiv"}"#.utf8).write(to: settings)
    let service = try await KvytokService(data: data, arguments: ["--config", settings.path])
    let incoming = data.appendingPathComponent("acquirer/in")
    try FileManager.default.createDirectory(at: incoming, withIntermediateDirectories: true)
    func isThere(_ name: String) -> Bool? {
      FileManager.default.fileExists(atPath: incoming.appendingPathComponent(name).path)
        ? true : nil
    }
    let most = Int64.max
    let body = Array(
      "H,KVYTOK-FUNDING,1,3,2026-11-20,kyiv,UAH\nB,x,,\(most),\(most),UAH,2026-11-20\n".utf8)
    let last = "T,1,\(most),\(most),\(hexText(FileDigest.of(body)))\n"
    let large = incoming.appendingPathComponent("large.csv")
    try Data(body + Array(last.utf8)).write(to: large)
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSinceNow: -3600)], ofItemAtPath: large.path)
    try Self.file().write(to: incoming.appendingPathComponent("city.csv"))
    try Self.file(number: 2, merchant: "kyiv").write(
      to: incoming.appendingPathComponent("own.csv"))
    #expect(try await eventually { isThere("refused/city.csv") } == true)
    #expect(try await eventually { isThere("refused/large.csv") } == true)
    #expect(try await eventually { isThere("taken/own.csv") } == true)
    let reason = try String(
      contentsOf: incoming.appendingPathComponent("refused/city.csv.reason.txt"), encoding: .utf8)
    #expect(reason.contains("of merchant city, and the house is kyiv"), "\(reason)")
    // By command the house is who the command says, and `city` where nobody says.
    let refused = incoming.appendingPathComponent("refused/city.csv").path
    let foreign = try await service.run(["acquirer", "import", refused, "--merchant", "kyiv"])
    #expect(foreign.exitCode == 1 && foreign.output.contains("set merchant"), "\(foreign)")
    let taken = try await service.run(["acquirer", "import", refused])
    #expect(taken.exitCode == 0, "\(taken)")
    let balance = try await service.run(["ledger", "trial-balance"])
    #expect(
      balance.output.split(separator: "\n").contains {
        $0.contains("2290") && $0.contains("16.00")
      },
      "\(balance.output)")
    try await service.stop()
  }
}
