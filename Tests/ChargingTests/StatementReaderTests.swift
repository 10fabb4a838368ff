import BankSupport
import Basics
import Charging
import Testing

@Suite struct StatementReaderTests {
  private let first: Day
  private let last: Day
  private let uah: Currency

  init() throws {
    first = try #require(Day("2026-11-01"))
    last = try #require(Day("2026-11-23"))
    uah = try #require(Currency("UAH"))
  }

  private func file(_ version: String = "08") -> StatementFile {
    var file = StatementFile(
      "2026-11", opening: 100_000, from: first, to: last,
      [
        StatementFile.Entry(
          "E1", -10_000, on: last, endToEndID: "KVYTOK-P1", "Fares and compensations"),
        StatementFile.Entry("E2", 1_576, on: last, "Відшкодування &lt;еквайринг&gt;, реєстр 17"),
      ])
    file.version = version
    return file
  }

  /// The statement of a file that holds one.
  private func read(_ bytes: [UInt8]) throws(StatementFault) -> BankStatement {
    let statements = try BankStatement.readAll(bytes)
    guard statements.count == 1 else { throw StatementFault("\(statements.count) statements") }
    return statements[0]
  }

  private func fault(_ text: String) -> String {
    do throws(StatementFault) {
      let statement = try read(Array(text.utf8))
      return "read: \(statement.number)"
    } catch {
      return "\(error)"
    }
  }

  @Test(arguments: ["02", "08"])
  func aStatementIsReadWithAllThatAnAccountantNeeds(version: String) throws {
    let statement = try read(file(version).bytes)
    #expect(statement.iban == StatementFile.iban && statement.number == "2026-11")
    #expect(statement.currency == uah && statement.openingDay == first)
    #expect(statement.closingDay == last)
    #expect(statement.openingMinor == 100_000 && statement.closingMinor == 91_576)
    #expect(
      statement.lines == [
        StatementLine(
          reference: "E1", bookedOn: last, minor: -10_000, endToEndID: "KVYTOK-P1",
          counterparty: "Some one", remittance: "Fares and compensations"),
        StatementLine(
          reference: "E2", bookedOn: last, minor: 1_576, counterparty: "Some one",
          remittance: "Відшкодування <еквайринг>, реєстр 17"),
      ])
  }

  /// As Ukrainian and European banks write it: prefixes, moments, several payments in one entry, an
  /// overdrawn account, the previous closing balance for the opening one, amounts without places.
  @Test func aStatementOfAnotherBankIsReadTheSame() throws {
    let text = """
      <?xml version='1.0' encoding='utf-8' standalone='yes'?>
      <!-- printed by the bank -->
      <c:Document xmlns:c="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"
        xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
      <c:BkToCstmrStmt><c:GrpHdr><c:MsgId>1</c:MsgId>
      <c:MsgPgntn><c:PgNb>1</c:PgNb><c:LastPgInd>true</c:LastPgInd></c:MsgPgntn></c:GrpHdr>
      <c:Stmt><c:Id>329</c:Id><c:Acct><c:Id><c:IBAN>DE89370400440532013000</c:IBAN></c:Id></c:Acct>
      <c:Bal><c:Tp><c:CdOrPrtry><c:Cd>PRCD</c:Cd></c:CdOrPrtry></c:Tp><c:Amt Ccy="EUR">5.5</c:Amt>
      <c:CdtDbtInd>DBIT</c:CdtDbtInd><c:Dt><c:Dt>2026-11-20</c:Dt></c:Dt></c:Bal>
      <c:Bal><c:Tp><c:CdOrPrtry><c:Cd>CLBD</c:Cd></c:CdOrPrtry></c:Tp><c:Amt Ccy="EUR">4.50</c:Amt>
      <c:CdtDbtInd>CRDT</c:CdtDbtInd><c:Dt><c:DtTm>2026-11-23T18:00:00+02:00</c:DtTm></c:Dt></c:Bal>
      <c:Bal><c:Tp><c:CdOrPrtry><c:Cd>CLAV</c:Cd></c:CdOrPrtry></c:Tp><c:Amt Ccy="EUR">9</c:Amt>
      <c:CdtDbtInd>CRDT</c:CdtDbtInd><c:Dt><c:Dt>2026-11-23</c:Dt></c:Dt></c:Bal>
      <c:TxsSummry><c:TtlNtries><c:NbOfNtries>1</c:NbOfNtries></c:TtlNtries></c:TxsSummry>
      <c:Ntry><c:NtryRef>n</c:NtryRef><c:Amt Ccy="EUR">10</c:Amt><c:CdtDbtInd>CRDT</c:CdtDbtInd>
      <c:Sts>BOOK</c:Sts><c:BookgDt><c:DtTm>2026-11-23T09:30:00</c:DtTm></c:BookgDt>
      <c:AcctSvcrRef>B7</c:AcctSvcrRef><c:NtryDtls><c:Btch><c:NbOfTxs>2</c:NbOfTxs></c:Btch>
      <c:TxDtls><c:Refs><c:EndToEndId>a</c:EndToEndId></c:Refs><c:AmtDtls><c:TxAmt>
      <c:Amt Ccy="EUR">12.000</c:Amt></c:TxAmt></c:AmtDtls><c:RmtInf><c:Ustrd>one</c:Ustrd>
      <c:Ustrd><![CDATA[& two]]></c:Ustrd></c:RmtInf></c:TxDtls>
      <c:TxDtls><c:Amt Ccy="EUR">2</c:Amt><c:CdtDbtInd>DBIT</c:CdtDbtInd></c:TxDtls>
      </c:NtryDtls><c:AddtlNtryInf>fee</c:AddtlNtryInf></c:Ntry>
      </c:Stmt></c:BkToCstmrStmt></c:Document>
      """
    let statement = try read(Array(text.utf8))
    #expect(statement.openingMinor == -550 && statement.closingMinor == 450)
    #expect(
      statement.lines == [
        StatementLine(
          reference: "B7/1", bookedOn: last, minor: 1_200, endToEndID: "a", remittance: "one & two"),
        StatementLine(reference: "B7/2", bookedOn: last, minor: -200, remittance: "fee"),
      ])
  }

  @Test func aFileHoldsStatementsOfSeveralAccountsAndDaysAndGivesThemByTheirDays() throws {
    var later = file()
    later.number = "b"
    var earlier = StatementFile("a", opening: 0, from: first, to: first, [])
    earlier.iban = "DE89370400440532013000"
    let files = [later, earlier]
    let statements = try BankStatement.readAll(StatementFile.together(files))
    #expect(statements.map(\.number) == ["a", "b"])
    #expect(statements.map(\.iban) == ["DE89370400440532013000", StatementFile.iban])
    #expect(statements[1].lines == (try read(later.bytes)).lines)
    // One of them that is not right, and the file is refused.
    var wrong = earlier
    wrong.closingMinor = 1
    #expect(throws: StatementFault.self) {
      try BankStatement.readAll(StatementFile.together([later, wrong]))
    }
    let many = Array(repeating: earlier, count: BankStatement.statementsMax + 1)
    #expect(throws: StatementFault.self) { try BankStatement.readAll(StatementFile.together(many)) }
  }

  /// Domain, family and sub-family of the standard's list, of the payment before those of the entry.
  @Test(arguments: [
    ("PMNT/MDOP/CHRG", "PMNT/MDOP/CHRG", true), ("PMNT/CCRD/FEES", "PMNT/CCRD/FEES", true),
    ("ACMT/MDOP/COMM", "ACMT/MDOP/COMM", true), ("PMNT/ICDT/ESCT", "PMNT/ICDT/ESCT", false),
    ("PMNT/CHRG/OTHR", "PMNT/CHRG/OTHR", false), ("own CHRG", "own CHRG", false),
    ("own A/B/CHRG", "own A/B/CHRG", false), (nil, nil, false),
  ])
  func whatTheBankCallsALineIsReadAndAChargeIsKnownByIt(
    written: String?, code: String?, isFee: Bool
  ) throws {
    var changed = file()
    changed.entries[0].code = written
    let line = try #require(try read(changed.bytes).lines.first)
    #expect(line.bankCode == code && line.isFee == isFee)
    // What was taken when the code was not read is the same statement still.
    #expect(try read(changed.bytes).digest == read(file().bytes).digest)
  }

  @Test func theSameStatementInAnotherFileHasTheSameDigestAndAnotherOneHasNot() throws {
    let one = try read(file().bytes)
    let other = try read(file("02").bytes)
    #expect(one.digest == other.digest)
    var changed = file()
    changed.entries[1].text += "8"
    #expect(try read(changed.bytes).digest != one.digest)
  }

  @Test(arguments: [
    ("<Amt Ccy=\"UAH\">100.00</Amt>", "<Amt Ccy=\"UAH\">100.01</Amt>", "come to 915.75"),
    ("<Amt Ccy=\"UAH\">100.00</Amt>", "<Amt Ccy=\"EUR\">100.00</Amt>", "an amount in EUR"),
    ("<Amt Ccy=\"UAH\">100.00</Amt>", "<Amt Ccy=\"UAH\">-100.00</Amt>", "is no amount"),
    ("<Amt Ccy=\"UAH\">100.00</Amt>", "<Amt Ccy=\"UAH\">1e2</Amt>", "is no amount"),
    ("<Amt Ccy=\"UAH\">100.00</Amt>", "<Amt Ccy=\"UAH\">100.005</Amt>", "is no amount"),
    ("<Amt Ccy=\"UAH\">100.00</Amt>", "<Amt Ccy=\"UAH\">99999999999999999999</Amt>", "is above"),
    ("<Ccy>UAH</Ccy>", "<Ccy>USD</Ccy>", "two currencies"),
    ("<Cd>CLBD</Cd>", "<Cd>ITBD</Cd>", "there is no balance CLBD"),
    ("<Cd>CLBD</Cd>", "<Cd>OPBD</Cd>", "a second balance OPBD"),
    ("UA213223130000026007233566001", "UA213223130000026007233566002", "check digits"),
    ("<AcctSvcrRef>E2</AcctSvcrRef>", "<AcctSvcrRef>E1</AcctSvcrRef>", "E1 stands twice"),
    ("<AcctSvcrRef>E2</AcctSvcrRef>", "", "no reference of the bank"),
    ("<Sts><Cd>BOOK</Cd></Sts>", "<Sts><Cd>PDNG</Cd></Sts>", "an entry is PDNG"),
    ("<BookgDt><Dt>2026-11-23", "<BookgDt><Dt>2026-11-31", "is no date"),
    ("<BookgDt><Dt>2026-11-23", "<BookgDt><Dt>2026-11-24", "after the last day"),
    ("camt.053.001.08", "camt.052.001.08", "no camt.053.001.02"),
    ("encoding=\"UTF-8\"", "encoding=\"windows-1251\"", "written in windows-1251"),
    (
      "<Document ", "<!DOCTYPE a [<!ENTITY x \"xxxxxxxx\">]>\n<Document ",
      "declares a document type"
    ),
    ("Відшкодування", "&x;", "not read: no XML"), ("</Stmt>", "", "no XML"),
    ("</Stmt></BkToCstmrStmt></Document>", "", "cut off"),
    ("</Document>", "</Document><a/>", "well formed"),
    ("</Document>", "</Document>tail", "no XML"),
    ("<Stmt><Id>", "<StmtPgntn><LastPgInd>false</LastPgInd></StmtPgntn><Stmt><Id>", "read: "),
    ("<Stmt><Id>", "<Stmt><StmtPgntn><LastPgInd>false</LastPgInd></StmtPgntn><Id>", "more pages"),
    ("<Stmt><Id>", "<Stmt/><Stmt><Id>", "Stmt has no Acct"),
    (
      "</Ntry>\n</Stmt>",
      "</Ntry>\n<TxsSummry><TtlNtries><NbOfNtries>3</NbOfNtries></TtlNtries></TxsSummry></Stmt>",
      "3 entries are told"
    ),
  ])
  func whatIsWrongIsRefusedWithItsPlace(part: String, other: String, words: String) throws {
    let text = file().text
    let range = try #require(text.firstRange(of: part), "\(part)")
    let found = fault(text[..<range.lowerBound] + other + text[range.upperBound...])
    let wanted = words == "not read: no XML" ? "line" : words
    #expect(found.contains(wanted), "\(part) → \(other): \(found)")
    #expect(found.hasPrefix("read: ") == (words == "read: "), "\(found)")
  }

  @Test func aFileThatIsCutAnywhereIsRefused() throws {
    let text = file().text
    let whole = try read(Array(text.utf8))
    for count in stride(from: 0, to: text.utf8.count - 1, by: 7) {
      // Only what follows the last element may be missing.
      let cut = Array(text.utf8.prefix(count))
      let isRead = (try? read(cut)) != nil
      #expect(!isRead, "cut after \(count) bytes")
    }
    #expect(try read(Array(text.utf8.dropLast(1))) == whole)
  }

  @Test func otherEncodingsDeepElementsAndLongTextsAreRefused() throws {
    let text = file().text
    let wide = text.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
    #expect(throws: StatementFault.self) { try read(wide) }
    var cyrillic = file().bytes
    let place = try #require(cyrillic.firstIndex(of: 0xD0))
    cyrillic[place] = 0xC2
    cyrillic[place + 1] = 0xE8
    #expect(throws: StatementFault.self) { try read(cyrillic) }
    #expect(throws: StatementFault.self) {
      try read([UInt8](repeating: 32, count: BankStatement.bytesMax + 1))
    }
    let deep = String(repeating: "<a>", count: 30) + String(repeating: "</a>", count: 30)
    #expect(fault(deep).contains("stand in each other"))
    #expect(fault("<a>\(String(repeating: "x", count: 5000))</a>").contains("a text is longer"))
    #expect(fault("").contains("cut off"))
    #expect(fault("account;amount\n1;2\n").contains("cut off"))
    // Of a file as a whole no line is told.
    #expect(fault("{").hasPrefix("the file is cut off, or no XML: "))
    #expect(fault("").hasPrefix("the file is empty, "))
    #expect(fault("\0\0\0").hasPrefix("the file is nothing but zero bytes: "))
  }
}
