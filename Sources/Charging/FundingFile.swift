package import Basics

/// Why a funding file is not taken; nothing of it is then.
package struct FundingFault: Error, Hashable, Sendable, CustomStringConvertible {
  /// Line of the file, from 1; nil where it is the file as a whole.
  package let line: Int?
  /// What is wrong, and what to do.
  package let message: String

  package var description: String { line.map { "line \($0): \(message)" } ?? message }
}

/// What the acquirer says it paid, in lines of comma-separated values.
///
/// `H,KVYTOK-FUNDING,1,<number>,<date>,<merchant>,<currency>`; then lines
/// `<kind>,<reference>,<key>,<gross>,<fee>,<currency>,<value date>[,<case>,<stage>,<reason>]` with
/// kind `D` deposit, `R` refund, `C` chargeback, `N` capture not honoured, `B` billing; then
/// `T,<lines between>,<sum of gross>,<sum of fees>,<SHA-256 of all bytes before>`. Amounts are minor
/// units, none below zero, and neither one nor a sum above ``Money/outsideMinorMax``.
package struct FundingFile: Sendable, Hashable {
  /// Most bytes of a file: 64 MiB.
  package static let bytesMax = 64 << 20
  /// Most lines between the first and the last.
  package static let linesMax = 500_000
  /// Most bytes of a reference, a key and a case.
  package static let wordBytesMax = 64
  /// Most bytes of what a line says in words.
  package static let noteBytesMax = 1024

  package let number: Int64
  package let date: Day
  package let merchant: String
  package let currency: Currency
  package let records: [FundingRecord]

  /// Makes a file.
  package init(
    number: Int64, date: Day, merchant: String, currency: Currency, records: [FundingRecord]
  ) {
    self.number = number
    self.date = date
    self.merchant = merchant
    self.currency = currency
    self.records = records
  }
}

/// A line of a funding file.
package struct FundingRecord: Sendable, Hashable {
  /// What a line is about.
  package enum Kind: Sendable, Hashable {
    /// The acquirer paid a capture.
    case capture
    /// The acquirer kept what went back to a card.
    case refund
    /// A rider's bank took money back, or gave it back.
    case chargeback(caseID: String, stage: ChargebackStage)
    /// The acquirer will not pay a capture.
    case decline(code: String)
    /// A fee that belongs to no payment.
    case billing
  }

  /// Line in the file, from 1.
  package let line: Int
  package let kind: Kind
  /// The acquirer's name of the payment.
  package let reference: String
  /// Our key, when the line carries it.
  package let key: String?
  package let grossMinor: Int64
  package let feeMinor: Int64
  package let currency: Currency
  package let valueDate: Day
  package let note: String?

  /// Makes a record.
  package init(
    line: Int, kind: Kind, reference: String, key: String?, grossMinor: Int64, feeMinor: Int64,
    currency: Currency, valueDate: Day, note: String? = nil
  ) {
    self.line = line
    self.kind = kind
    self.reference = reference
    self.key = key
    self.grossMinor = grossMinor
    self.feeMinor = feeMinor
    self.currency = currency
    self.valueDate = valueDate
    self.note = note
  }
}

/// How far a dispute is.
package enum ChargebackStage: String, Sendable, CaseIterable, Hashable {
  case opened, won, lost
}

extension FundingFile {
  /// Reads a file whole, or says why it is none: a cut, changed or foreign file books nothing.
  package static func read(_ bytes: [UInt8]) throws(FundingFault) -> FundingFile {
    guard bytes.count <= bytesMax else {
      throw FundingFault(
        line: nil, message: "the file is larger than \(bytesMax) bytes; ask for it in several files"
      )
    }
    if let fault = FundingShape.fault(bytes) { throw fault }
    guard bytes.last == 10 else {
      throw FundingFault(
        line: bytes.count { $0 == 10 } + 1,
        message: "the last line does not end: the file is cut off; ask for it again")
    }
    if let zero = bytes.firstIndex(of: 0) {
      throw FundingFault(
        line: bytes[..<zero].count { $0 == 10 } + 1,
        message: "a zero byte, which no text has; ask for the file again")
    }
    let body = bytes.dropLast()
    let trailerStart = (body.lastIndex(of: 10) ?? -1) + 1
    var reader = CSVReader(bytes)
    guard reader.next(), reader.fault == nil else {
      throw FundingFault(line: 1, message: "the file is empty or its first line cannot be read")
    }
    let head = try Head(reader)
    var records: [FundingRecord] = []
    while reader.next() {
      if let fault = reader.fault { throw FundingFault(line: reader.line, message: "\(fault)") }
      if reader.text(0) == "T" {
        try checkTrailer(reader, records)
        guard reader.text(4) == hexText(FileDigest.of(bytes[..<trailerStart])) else {
          throw changed(bytes, line: reader.line)
        }
        guard !reader.next() else {
          throw FundingFault(line: reader.line, message: "a line follows the last one")
        }
        return FundingFile(
          number: head.number, date: head.date, merchant: head.merchant,
          currency: head.currency, records: records)
      }
      guard records.count < linesMax else {
        throw FundingFault(line: reader.line, message: "more than \(linesMax) lines")
      }
      records.append(try record(reader))
    }
    throw FundingFault(
      line: reader.line, message: "the last line (T) is missing: the file is cut off")
  }

  private struct Head {
    let number: Int64
    let date: Day
    let merchant: String
    let currency: Currency

    init(_ reader: CSVReader) throws(FundingFault) {
      guard reader.text(0) == "H", reader.text(1) == "KVYTOK-FUNDING", reader.text(2) == "1" else {
        throw FundingFault(
          line: reader.line, message: "the first line is not that of a funding file, version 1")
      }
      guard let number = Int64(reader.text(3)), number > 0 else {
        throw FundingFault(line: reader.line, message: "the number of the file is missing")
      }
      guard let date = Day(reader.text(4)) else {
        throw FundingFault(line: reader.line, message: "the date is not one such as 2026-11-22")
      }
      guard reader.text(5).utf8.count <= wordBytesMax else {
        throw FundingFault(
          line: reader.line, message: "the merchant is longer than \(wordBytesMax) bytes")
      }
      guard let currency = Currency(reader.text(6)) else {
        throw FundingFault(line: reader.line, message: "the currency is three capitals such as UAH")
      }
      self.number = number
      self.date = date
      merchant = reader.text(5)
      self.currency = currency
    }
  }

  private static func checkTrailer(
    _ reader: CSVReader, _ records: [FundingRecord]
  ) throws(FundingFault) {
    func fault(_ message: String) -> FundingFault {
      FundingFault(line: reader.line, message: message + "; ask for the file again")
    }
    guard reader.text(1) == String(records.count) else {
      throw fault(
        "the file should have \(reader.text(1).quoted(bytesMax: wordBytesMax)) lines and has \(records.count)"
      )
    }
    // Each is far below what 64 bits hold, and so are both together on one account.
    var sums: (gross: Int64, fees: Int64) = (0, 0)
    for record in records {
      sums = (sums.gross + record.grossMinor, sums.fees + record.feeMinor)
      guard max(sums.gross, sums.fees) <= Money.outsideMinorMax else {
        throw FundingFault(
          line: record.line,
          message:
            "up to this line the file comes to more than \(Money.outsideMinorMax) minor units; "
            + "ask for it in several files")
      }
    }
    guard reader.text(2) == String(sums.gross), reader.text(3) == String(sums.fees) else {
      throw fault("the sums of the last line are not those of the lines")
    }
  }

  /// The SHA-256 is another one: the acquirer's fault, or that of a program in between.
  private static func changed(_ bytes: [UInt8], line: Int) -> FundingFault {
    let what = "the file was changed: its SHA-256 is not that of the last line"
    guard let signs = FundingShape.savedBy(bytes) else {
      return FundingFault(line: line, message: what + "; ask for the file again")
    }
    return FundingFault(
      line: line,
      message: what
        + ". A spreadsheet or an editor saved it, for \(signs): hand in the file as the acquirer gave it"
    )
  }

  private static func record(_ reader: CSVReader) throws(FundingFault) -> FundingRecord {
    func fault(_ message: String) -> FundingFault {
      FundingFault(line: reader.line, message: message)
    }
    let kind: FundingRecord.Kind
    switch reader.text(0) {
    case "D": kind = .capture
    case "R": kind = .refund
    case "N": kind = .decline(code: reader.text(9))
    case "B": kind = .billing
    case "C":
      guard let stage = ChargebackStage(rawValue: reader.text(8)), !reader.text(7).isEmpty else {
        throw fault("a chargeback names its case and opened, won or lost")
      }
      kind = .chargeback(caseID: reader.text(7), stage: stage)
    default:
      throw fault(
        "no kind \(reader.text(0).quoted(bytesMax: wordBytesMax)); it is D, R, C, N, B or T")
    }
    guard let gross = Int64(reader.text(3)), gross >= 0, let fee = Int64(reader.text(4)), fee >= 0
    else { throw fault("gross and fee are whole minor units, none below zero") }
    guard max(gross, fee) <= Money.outsideMinorMax else {
      throw fault(
        "gross and fee are at most \(Money.outsideMinorMax) minor units; ask for the file again")
    }
    guard gross > 0 || kind == .billing else { throw fault("gross is zero") }
    guard let currency = Currency(reader.text(5)) else {
      throw fault("the currency is three capitals such as UAH")
    }
    guard let date = Day(reader.text(6)) else {
      throw fault("the value date is not one such as 2026-11-22")
    }
    guard !reader.text(1).isEmpty, reader.text(1).utf8.count <= wordBytesMax else {
      throw fault("the reference is missing or longer than \(wordBytesMax) bytes")
    }
    guard reader.text(2).utf8.count <= wordBytesMax, reader.text(7).utf8.count <= wordBytesMax
    else {
      throw fault("our key, or the case, is longer than \(wordBytesMax) bytes")
    }
    guard reader.text(9).utf8.count <= noteBytesMax else {
      throw fault("the reason is longer than \(noteBytesMax) bytes")
    }
    return FundingRecord(
      line: reader.line, kind: kind, reference: reader.text(1),
      key: reader.text(2).isEmpty ? nil : reader.text(2), grossMinor: gross, feeMinor: fee,
      currency: currency, valueDate: date,
      note: reader.text(9).isEmpty ? nil : reader.text(9))
  }

  /// The bytes of the file, as an acquirer writes it.
  package var bytes: [UInt8] {
    var writer = CSVWriter()
    writer.row([
      "H", "KVYTOK-FUNDING", "1", String(number), date.description, merchant, currency.code,
    ])
    for record in records {
      let (letter, caseID, stage) = record.kind.columns
      writer.row([
        letter, record.reference, record.key ?? "", String(record.grossMinor),
        String(record.feeMinor), record.currency.code, record.valueDate.description, caseID,
        stage, record.note ?? "",
      ])
    }
    let digest = hexText(FileDigest.of(writer.bytes))
    writer.row([
      "T", String(records.count), String(records.reduce(0) { $0 + $1.grossMinor }),
      String(records.reduce(0) { $0 + $1.feeMinor }), digest,
    ])
    return writer.bytes
  }
}

extension FundingRecord.Kind {
  fileprivate var columns: (letter: String, caseID: String, stage: String) {
    switch self {
    case .capture: ("D", "", "")
    case .refund: ("R", "", "")
    case .chargeback(let caseID, let stage): ("C", caseID, stage.rawValue)
    case .decline: ("N", "", "")
    case .billing: ("B", "", "")
    }
  }
}
