import Basics
import Charging
import Testing

private func funding() throws -> FundingFile {
  let uah = try #require(Currency("UAH"))
  let day = try #require(Day("2026-11-25"))
  func record(
    _ line: Int, _ kind: FundingRecord.Kind, _ reference: String, _ key: String?, _ gross: Int64,
    _ fee: Int64
  ) -> FundingRecord {
    FundingRecord(
      line: line, kind: kind, reference: reference, key: key, grossMinor: gross, feeMinor: fee,
      currency: uah, valueDate: day)
  }
  return FundingFile(
    number: 7, date: day, merchant: "city, \"1\"", currency: uah,
    records: [
      record(2, .capture, "P1", "w1-1", 2400, 36), record(3, .refund, "P1", "r1", 800, 0),
      record(4, .chargeback(caseID: "CB1", stage: .opened), "P1", nil, 500, 100),
      record(5, .billing, "B1", nil, 0, 250),
    ])
}

@Suite struct AcquirerFileTests {
  @Test func aFundingFileReadsAsItWasWritten() throws {
    let file = try funding()
    #expect(try FundingFile.read(file.bytes) == file)
  }

  @Test func aCutFileIsRefusedWhereverItIsCut() throws {
    let bytes = try funding().bytes
    for length in 0..<bytes.count {
      #expect(throws: FundingFault.self) { try FundingFile.read(Array(bytes.prefix(length))) }
    }
  }

  @Test func aFileInWhichAnyByteWasChangedIsRefused() throws {
    let bytes = try funding().bytes
    for place in bytes.indices {
      var changed = bytes
      changed[place] ^= 1
      #expect(throws: FundingFault.self) { try FundingFile.read(changed) }
    }
  }

  @Test(arguments: 1...200 as ClosedRange<UInt64>) func noiseIsRefusedAndHarmless(
    seed: UInt64
  ) throws {
    var chance = SeededGenerator(seed: seed)
    var bytes = try funding().bytes
    for _ in 0..<chance.integer(in: 1...20) {
      let place = chance.integer(in: 0...(bytes.count - 1))
      switch chance.integer(in: 0...2) {
      case 0: bytes[place] = UInt8(chance.integer(in: 0...255))
      case 1: bytes.insert(UInt8(chance.integer(in: 0...255)), at: place)
      default: bytes.remove(at: place)
      }
    }
    guard bytes != (try funding().bytes) else { return }
    #expect(throws: FundingFault.self) { try FundingFile.read(bytes) }
  }

  /// What another program made of a whole file is told as that: the acquirer would send the same one again.
  @Test func aFileThatWasSavedInAnotherWayIsToldByWhatBecameOfIt() throws {
    let bytes = try funding().bytes
    func told(_ bytes: [UInt8]) -> String {
      let fault = #expect(throws: FundingFault.self) { try FundingFile.read(bytes) }
      return fault?.description ?? ""
    }
    let low: [UInt8] = bytes.flatMap { [$0, 0] }
    let high: [UInt8] = bytes.flatMap { [0, $0] }
    let lowMark: [UInt8] = [0xFF, 0xFE]
    let highMark: [UInt8] = [0xFE, 0xFF]
    for text in [low, high, lowMark + low, highMark + high] {
      #expect(told(text).hasPrefix("the file is written in UTF-16, and a funding file is UTF-8: "))
    }
    #expect(told([]) == "the file is empty: nothing of it was written; fetch it again")
    let zeros = [UInt8](repeating: 0, count: 100_000)
    #expect(told(zeros).hasPrefix("the file is nothing but zero bytes: "))
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    let lines: [UInt8] = bytes.flatMap { $0 == 10 ? [13, 10] : [$0] }
    let saved =
      "line 6: the file was changed: its SHA-256 is not that of the last line. "
      + "A spreadsheet or an editor saved it, for "
    let asGiven = ": hand in the file as the acquirer gave it"
    #expect(told(mark + bytes) == saved + "it begins with a byte order mark" + asGiven)
    #expect(told(lines) == saved + "its lines end in CRLF" + asGiven)
    #expect(
      told(mark + lines) == saved + "it begins with a byte order mark and its lines end in CRLF"
        + asGiven)
  }

  /// An acquirer may write so itself: what the last line vouches for is taken.
  @Test func aMarkAndOtherLineEndsAreTakenWhereTheLastLineVouchesForThem() throws {
    let head = Array("\u{FEFF}H,KVYTOK-FUNDING,1,7,2026-11-25,city,UAH\r\n".utf8)
    let last = "T,0,0,0,\(hexText(FileDigest.of(head)))\r\n"
    #expect(try FundingFile.read(head + Array(last.utf8)).number == 7)
  }

  @Test func aFaultNamesItsLine() {
    let text = """
      H,KVYTOK-FUNDING,1,7,2026-11-25,city,UAH
      D,P1,w1-1,-5,0,UAH,2026-11-25

      """
    let fault = #expect(throws: FundingFault.self) { try FundingFile.read(Array(text.utf8)) }
    #expect(
      fault?.description == "line 2: gross and fee are whole minor units, none below zero")
  }

  /// No table keeps a zero byte, and no index a long word: what cannot be kept is refused with its line.
  @Test(arguments: [
    ("D,P1\0,w1-1,5,0,UAH,2026-11-25", "a zero byte, which no text has; ask for the file again"),
    ("Z\u{1B}[2J,P1,,5,0,UAH,2026-11-25", "no kind Z\u{FFFD}[2J; it is D, R, C, N, B or T"),
    (
      "C,P1,,5,0,UAH,2026-11-25,\(String(repeating: "c", count: 65)),opened",
      "our key, or the case, is longer than 64 bytes"
    ),
    (
      "D,P1,\(String(repeating: "k", count: 65)),5,0,UAH,2026-11-25",
      "our key, or the case, is longer than 64 bytes"
    ),
    (
      "D,P1,,5,0,UAH,2026-11-25,,,\(String(repeating: "n", count: 1025))",
      "the reason is longer than 1024 bytes"
    ),
  ]) func whatNoTableKeepsIsRefusedWithItsLine(_ line: String, _ message: String) {
    let text = "H,KVYTOK-FUNDING,1,7,2026-11-25,city,UAH\n\(line)\n"
    let fault = #expect(throws: FundingFault.self) { try FundingFile.read(Array(text.utf8)) }
    #expect(fault?.description == "line 2: \(message)")
  }

  /// A page of an error may be packed: what is told of it can be written down.
  @Test func whatAnAcquirerSaysIsToldWithoutControls() {
    let answer = AcquirerWire.answer(status: 404, body: [0x1F, 0x8B, 8, 0, 0, 0x41])
    #expect(answer == .refused("answered 404: \u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}A"))
  }

  @Test func aClearingFileIsTheSameInWhateverOrderItsLinesCame() throws {
    let lines = (1...5).map { number in
      ClearingFile.Line(
        key: .window(Int64(number), attempt: 1), reference: "P\(number)", cardToken: [1, 2],
        minor: 100, isRefund: number == 5)
    }
    let uah = try #require(Currency("UAH"))
    let day = try #require(Day("2026-11-25"))
    func file(_ lines: [ClearingFile.Line]) -> ClearingFile {
      ClearingFile(number: 3, date: day, merchant: "city", currency: uah, lines: lines)
    }
    #expect(file(lines).bytes == file(lines.reversed()).bytes)
    #expect(file(lines).netMinor == 300)
    #expect(file(lines).name == "clearing-000003.csv")
  }
}

@Suite struct MatchingTests {
  private let uah: Currency

  init() throws { uah = try #require(Currency("UAH")) }

  private func match(
    _ records: [(String, String?, Int64, String)], captured: Int64 = 2400,
    isDeclined: Bool = false, isRefundAsked: Bool = false
  ) -> [AcquirerMatch] {
    var matcher = AcquirerMatcher(
      payments: [
        KnownPayment(
          windowID: 1, currency: uah, reference: "P1", openMinor: isDeclined ? 0 : captured,
          settledMinor: 0, isDeclined: isDeclined)
      ],
      refunds: [
        KnownRefund(refundID: 5, windowID: 1, currency: uah, minor: 800, isAsked: isRefundAsked)
      ],
      sales: [
        KnownSale(saleID: 7, kind: .payment, reference: "T1", currency: uah, minor: 5000),
        KnownSale(saleID: 8, kind: .refund, reference: "T1", currency: uah, minor: 1000),
        KnownSale(saleID: 9, kind: .payment, reference: "P1", currency: uah, minor: 2400),
      ])
    return records.enumerated().map { index, record in
      matcher.match(
        FundingRecord(
          line: index + 2, kind: kind(of: record.1),
          reference: record.0, key: record.1 == "sale" ? nil : record.1, grossMinor: record.2,
          feeMinor: 0,
          currency: Currency(record.3) ?? uah, valueDate: Day(number: 0)))
    }
  }

  /// Of a refund by its key or as one of a sale; `b` is a bill, everything else a deposit.
  private func kind(of key: String?) -> FundingRecord.Kind {
    switch key?.first {
    case "r", "s": .refund
    case "b": .billing
    default: .capture
    }
  }

  @Test(
    arguments: [
      ("P1", "w1-1", 2400, "UAH", MatchCategory.matched, 2400, 0),
      ("P9", "w1-1", 2400, "UAH", .matched, 2400, 0),
      ("P1", "w1-1", 2300, "UAH", .amountDiffers, 2300, 0),
      ("P1", "w1-1", 2500, "UAH", .amountDiffers, 2400, 100),
      ("P1", "w1-1", 2400, "EUR", .unknown, 0, 2400),
      ("P9", "w9-1", 700, "UAH", .missingHere, 0, 700),
      ("P9", nil, 700, "UAH", .unknown, 0, 700),
      ("P9", "x", 700, "UAH", .unknown, 0, 700),
      ("R", "r5", 800, "UAH", .matched, 800, 0),
      ("R", "r5", 900, "UAH", .amountDiffers, 800, 100),
      ("R", "r6", 900, "UAH", .missingHere, 0, 900),
      // A window and a sale have the reference, and no key says which is meant.
      ("P1", nil, 2400, "UAH", .unknown, 0, 2400),
      ("T1", nil, 5000, "UAH", .matched, 5000, 0),
      ("T1", nil, 4900, "UAH", .amountDiffers, 4900, 0),
      ("T1", nil, 5100, "UAH", .amountDiffers, 5000, 100),
      ("T1", nil, 5000, "EUR", .unknown, 0, 5000),
      ("T1", "sale", 1000, "UAH", .matched, 1000, 0),
      ("T1", "sale", 1100, "UAH", .amountDiffers, 1000, 100),
      ("T2", "sale", 1000, "UAH", .unknown, 0, 1000),
      ("B1", "b", 0, "UAH", .matched, 0, 0),
      ("B1", "b", 300, "UAH", .unknown, 0, 300),
    ] as [(String, String?, Int64, String, MatchCategory, Int64, Int64)])
  func aRecordIsOfOneCategory(
    _ reference: String, _ key: String?, _ gross: Int64, _ currency: String,
    _ category: MatchCategory, _ settled: Int64, _ unmatched: Int64
  ) {
    let match = match([(reference, key, gross, currency)])[0]
    #expect(match.category == category)
    #expect(match.settledMinor == settled)
    #expect(match.unmatchedMinor == unmatched)
  }

  @Test func thePaymentThatIsPaidTwiceIsSeen() {
    let matches = match([("P1", "w1-1", 2400, "UAH"), ("P1", "w1-1", 2400, "UAH")])
    #expect(matches.map(\.category) == [.matched, .twice])
    #expect(matches[1].unmatchedMinor == 2400)
  }

  @Test func thePaymentThatIsPaidInTwoPartsIsWhole() {
    let matches = match([("P1", "w1-1", 2000, "UAH"), ("P1", "w1-1", 400, "UAH")])
    #expect(matches.map(\.settledMinor) == [2000, 400])
    #expect(matches[1].category == .matched)
  }

  @Test func theRefundThatIsKeptInTwoPartsIsWholeAndToldOnce() {
    let matches = match(
      [("R", "r5", 500, "UAH"), ("R", "r5", 300, "UAH"), ("R", "r5", 300, "UAH")],
      isRefundAsked: true)
    #expect(matches.map(\.category) == [.amountDiffers, .matched, .twice])
    #expect(matches.map(\.settledMinor) == [500, 300, 0])
    // What the first line tells is that the refund was given, whole: the second tells it not again.
    #expect(matches.map(\.newsMinor) == [800, nil, nil])
    #expect(matches.map(\.note) == ["given back 800, kept 500", nil, "kept before"])
  }

  @Test func theTopUpThatIsPaidInTwoPartsIsWholeAndNoMore() {
    let matches = match(
      [("T1", nil, 3000, "UAH"), ("T1", nil, 2000, "UAH"), ("T1", nil, 1, "UAH")])
    #expect(matches.map(\.category) == [.amountDiffers, .matched, .twice])
    #expect(matches.map(\.settledMinor) == [3000, 2000, 0])
    #expect(matches.map(\.unmatchedMinor) == [0, 0, 1])
    #expect(matches.allSatisfy { $0.saleID == 7 && $0.windowID == nil })
  }

  @Test func aPaymentThatIsDeclinedHereWaitsForAPerson() {
    let match = match([("P1", "w1-1", 2400, "UAH")], isDeclined: true)[0]
    #expect(match.category == .declined)
    #expect(match.unmatchedMinor == 2400)
  }
}
