import BankSupport
import Basics
import Charging
import Testing

private let limit = Money.outsideMinorMax

/// Amounts that only a slip or an attack has: each is refused in words where it is read.
@Suite struct LargeAmountTests {
  /// A funding file of lines, with a right last one.
  private func fundingFile(_ lines: [String], gross: Int64, fees: Int64) -> [UInt8] {
    let head = "H,KVYTOK-FUNDING,1,7,2026-11-25,city,UAH\n"
    let body = Array((head + lines.map { $0 + "\n" }.joined()).utf8)
    let digest = hexText(FileDigest.of(body))
    return body + Array("T,\(lines.count),\(gross),\(fees),\(digest)\n".utf8)
  }

  private func funding(_ amounts: [(gross: Int64, fee: Int64)]) -> [UInt8] {
    fundingFile(
      amounts.enumerated().map { index, amount in
        "B,X\(index),,\(amount.gross),\(amount.fee),UAH,2026-11-25"
      },
      gross: amounts.reduce(0) { $0 &+ $1.gross }, fees: amounts.reduce(0) { $0 &+ $1.fee })
  }

  private static let tooLarge: [(Int64, Int64)] = [
    (Int64.max, Int64.max), (Int64.max, 0), (0, Int64.max), (Int64.max - 1, 1), (limit + 1, 0),
    (0, limit + 1),
  ]

  @Test(arguments: tooLarge)
  func aLineOfAFundingFileHasALimit(gross: Int64, fee: Int64) {
    let fault = #expect(throws: FundingFault.self) {
      try FundingFile.read(funding([(1, 1), (gross, fee)]))
    }
    #expect(
      fault?.description
        == "line 3: gross and fee are at most 1000000000000000 minor units; ask for the file again")
  }

  @Test func aFundingFileHasALimitForItsSums() throws {
    #expect(try FundingFile.read(funding([(limit, limit)])).records.count == 1)
    for amounts in [[(limit, 0), (1, 0)], [(1, 1), (1, limit)]] as [[(Int64, Int64)]] {
      let fault = #expect(throws: FundingFault.self) {
        try FundingFile.read(funding(amounts.map { (gross: $0.0, fee: $0.1) }))
      }
      #expect(
        fault?.description
          == "line 3: up to this line the file comes to more than 1000000000000000 minor units; "
          + "ask for it in several files")
    }
  }

  @Test(arguments: [limit + 1, .max - 1, .max]) func aDisputeByMessageHasALimit(minor: Int64) {
    func message(_ minor: Int64) -> [UInt8] {
      Array(
        """
        {"id":"M1","type":"chargeback","case":"CB1","reference":"P1","amount_minor":\(minor),\
        "currency":"UAH","stage":"opened"}
        """.utf8)
    }
    let fault = #expect(throws: JSONFault.self) { try AcquirerMessage(json: message(minor)) }
    #expect(fault?.pointer == "/amount_minor" && fault?.message == "is at most \(limit)")
    #expect((try? AcquirerMessage(json: message(limit))) != nil)
  }

  @Test(arguments: [limit + 1, .max - 1, .max]) func anAmountOfAStatementHasALimit(
    minor: Int64
  ) throws {
    let day = try #require(Day("2026-11-22"))
    func fault(opening: Int64, _ lines: [Int64]) -> String? {
      var file = StatementFile("1", opening: 0, from: day, to: day, [])
      file.openingMinor = opening
      file.closingMinor = lines.reduce(opening) { $0 &+ $1 }
      file.entries = lines.enumerated().map { StatementFile.Entry("E\($0)", $1, on: day) }
      do throws(StatementFault) {
        _ = try BankStatement.readAll(file.bytes)
        return nil
      } catch {
        return error.message
      }
    }
    #expect(fault(opening: limit, [-limit, -limit, limit]) == nil)
    let words = "the amount is above \(limit) minor units: ask the bank for the file again"
    #expect(fault(opening: minor, []) == words)
    #expect(fault(opening: 0 - minor, [minor]) == words)
    // What comes and goes again leaves the balances small.
    #expect(fault(opening: 0, [minor, -minor]) == words)
    #expect(fault(opening: limit, [1, -1])?.contains("with E0 the balance is past") == true)
    #expect(fault(opening: -limit, [-1, 1])?.contains("with E0 the balance is past") == true)
  }
}
