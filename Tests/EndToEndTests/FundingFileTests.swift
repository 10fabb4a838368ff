import Basics
import Charging
import Foundation
import Postgres
import ServiceClient
import Testing

@Suite(.enabled(if: PrivateCluster.isPossible, "skipped: no PostgreSQL"), .serialized)
struct FundingFileTests {
  /// A funding file of one deposit that matches nothing here: 8.00 less a fee of 0.12.
  private static func file(number: Int64 = 1, _ code: String = "UAH") throws -> Data {
    let uah = try #require(Currency(code))
    let day = try #require(Day("2026-11-20"))
    let record = FundingRecord(
      line: 2, kind: .capture, reference: "P-unknown", key: nil, grossMinor: 800, feeMinor: 12,
      currency: uah, valueDate: day)
    return Data(
      FundingFile(number: number, date: day, merchant: "city", currency: uah, records: [record])
        .bytes)
  }

  @Test func aFileInTheFolderIsBookedOnceAndABrokenOneIsSetAsideWithTheReason() async throws {
    let data = try TemporaryFolder.make("data")
    let incoming = try TemporaryFolder.make("funding")
    defer {
      try? FileManager.default.removeItem(at: data)
      try? FileManager.default.removeItem(at: incoming)
    }
    let whole = try Self.file()
    try whole.write(to: incoming.appendingPathComponent("funding-1.csv"))
    let broken = incoming.appendingPathComponent("funding-2.csv")
    try whole.dropLast(40).write(to: broken)
    // It came long ago, so nobody is writing it any more.
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSinceNow: -3600)], ofItemAtPath: broken.path)
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
}
