package import Basics

/// A statement of a bank as camt.053, of version 02 or 08, right or wrong as a test wants it.
package struct StatementFile: Sendable {
  /// An entry of it.
  package struct Entry: Sendable {
    package var reference: String
    /// Above zero it comes.
    package var minor: Int64
    package var day: Day
    package var endToEndID: String
    package var text: String
    package var currency: String?
    /// What the bank calls its kind: `PMNT/MDOP/CHRG`, or `own ` and a word.
    package var code: String?

    /// Makes an entry.
    package init(
      _ reference: String, _ minor: Int64, on day: Day, endToEndID: String = "NOTPROVIDED",
      _ text: String = "", currency: String? = nil, code: String? = nil
    ) {
      self.reference = reference
      self.minor = minor
      self.day = day
      self.endToEndID = endToEndID
      self.text = text
      self.currency = currency
      self.code = code
    }
  }

  package static let iban = "UA213223130000026007233566001"

  package var version = "08"
  package var iban = StatementFile.iban
  package var number: String
  package var currency = "UAH"
  package var openingMinor: Int64
  /// What the file says; the sum of all where nobody says otherwise.
  package var closingMinor: Int64
  package var openingDay: Day
  package var closingDay: Day
  package var entries: [Entry]

  /// Makes a statement whose sums are right.
  package init(
    _ number: String, opening: Int64, from openingDay: Day, to closingDay: Day,
    _ entries: [Entry]
  ) {
    self.number = number
    openingMinor = opening
    closingMinor = entries.reduce(opening) { $0 + $1.minor }
    self.openingDay = openingDay
    self.closingDay = closingDay
    self.entries = entries
  }

  /// The file.
  package var text: String { Self.text([self]) }

  /// A file of several statements; the first tells the version.
  package static func together(_ files: [StatementFile]) -> [UInt8] { Array(text(files).utf8) }

  private static func text(_ files: [StatementFile]) -> String {
    let first = files[0]
    return """
      <?xml version="1.0" encoding="UTF-8"?>
      <Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.\(first.version)">
      <BkToCstmrStmt>
      <GrpHdr><MsgId>M-\(first.number)</MsgId><CreDtTm>\(first.closingDay)T23:59:00</CreDtTm>
      </GrpHdr>
      \(files.map(\.statement).joined(separator: "\n"))</BkToCstmrStmt></Document>

      """
  }

  private var statement: String {
    let balances = [("OPBD", openingMinor, openingDay), ("CLBD", closingMinor, closingDay)]
    return """
      <Stmt><Id>\(number)</Id><CreDtTm>\(closingDay)T23:59:00</CreDtTm>
      <Acct><Id><IBAN>\(iban)</IBAN></Id><Ccy>\(currency)</Ccy></Acct>
      \(balances.map(balance).joined(separator: "\n"))
      \(entries.map(entry).joined(separator: "\n"))
      </Stmt>
      """
  }

  /// The bytes of the file.
  package var bytes: [UInt8] { Array(text.utf8) }

  private func code(_ code: String) -> String {
    if code.hasPrefix("own ") {
      return "<BkTxCd><Prtry><Cd>\(code.dropFirst(4))</Cd></Prtry></BkTxCd>"
    }
    let parts = code.split(separator: "/")
    return "<BkTxCd><Domn><Cd>\(parts[0])</Cd><Fmly><Cd>\(parts[1])</Cd>"
      + "<SubFmlyCd>\(parts[2])</SubFmlyCd></Fmly></Domn></BkTxCd>"
  }

  private func amount(_ minor: Int64, _ code: String) -> String {
    let size = minor.magnitude
    return "<Amt Ccy=\"\(code)\">\(size / 100).\(size % 100 < 10 ? "0" : "")\(size % 100)</Amt>"
      + "<CdtDbtInd>\(minor < 0 ? "DBIT" : "CRDT")</CdtDbtInd>"
  }

  private func balance(_ code: String, _ minor: Int64, _ day: Day) -> String {
    """
    <Bal><Tp><CdOrPrtry><Cd>\(code)</Cd></CdOrPrtry></Tp>\(amount(minor, currency))
    <Dt><Dt>\(day)</Dt></Dt></Bal>
    """
  }

  private func entry(_ entry: Entry) -> String {
    let other = entry.minor > 0 ? "Dbtr" : "Cdtr"
    let name = version == "02" ? "<Nm>Some one</Nm>" : "<Pty><Nm>Some one</Nm></Pty>"
    return """
      <Ntry>\(amount(entry.minor, entry.currency ?? currency))
      <Sts>\(version == "02" ? "BOOK" : "<Cd>BOOK</Cd>")</Sts>
      <BookgDt><Dt>\(entry.day)</Dt></BookgDt><AcctSvcrRef>\(entry.reference)</AcctSvcrRef>\
      \(entry.code.map(code) ?? "")
      <NtryDtls><TxDtls><Refs><EndToEndId>\(entry.endToEndID)</EndToEndId></Refs>
      <RltdPties><\(other)>\(name)</\(other)></RltdPties>
      <RmtInf><Ustrd>\(entry.text)</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>
      """
  }
}
