import Basics

extension BankStatement {
  /// The versions of camt.053 that are read.
  private static let namespaces = ["camt.053.001.02", "camt.053.001.08"].map {
    "urn:iso:std:iso:20022:tech:xsd:" + $0
  }

  /// Most statements of a file: a year of days of an account, or a month of a dozen.
  package static let statementsMax = 400

  /// Reads a file whole, or says why it is none: a cut, changed or foreign file books nothing.
  ///
  /// A file may hold the statements of several accounts and days: they are given by their days.
  package static func readAll(_ bytes: [UInt8]) throws(StatementFault) -> [BankStatement] {
    let document = try StatementXML.read(bytes)
    guard document.name == "Document", namespaces.contains(document.namespace) else {
      throw StatementFault(
        line: document.line,
        "the file is no camt.053.001.02 or camt.053.001.08, but \(document.name) of "
          + "\"\(document.namespace)\"")
    }
    let message = try document.require("BkToCstmrStmt")
    _ = try message.require("Stmt")
    let elements = message.all("Stmt")
    guard elements.count <= statementsMax else {
      throw StatementFault(line: message.line, "more than \(statementsMax) statements")
    }
    for pages in [message.find("GrpHdr", "MsgPgntn")] + elements.map({ $0.find("StmtPgntn") }) {
      guard let last = pages?.find("LastPgInd"), last.trimmed == "false" else { continue }
      throw StatementFault(line: last.line, "more pages follow: ask the bank for all in one file")
    }
    var statements: [BankStatement] = []
    var linesLeft = linesMax
    for element in elements {
      let statement = try read(element, linesMax: linesLeft)
      linesLeft -= statement.lines.count
      statements.append(statement)
    }
    // Sorting is stable: statements of one day stay as the bank put them.
    return statements.sorted { ($0.closingDay, $0.openingDay) < ($1.closingDay, $1.openingDay) }
  }

  private static func read(
    _ statement: StatementElement, linesMax: Int
  ) throws(StatementFault) -> BankStatement {
    let account = try statement.require("Acct")
    let iban = try text(try account.require("Id", "IBAN"), bytesMax: 34).filter { $0 != " " }
    if let fault = PaymentRules.ibanFault(iban) {
      throw StatementFault(line: account.line, "the account \(iban): \(fault)")
    }
    let opening = try balance(statement, codes: ["OPBD", "PRCD"])
    let closing = try balance(statement, codes: ["CLBD"])
    let currency = opening.currency
    for told in [account.find("Ccy")?.trimmed, closing.currency.code] {
      guard let told, told != currency.code else { continue }
      throw StatementFault(
        line: account.line, "the statement is in two currencies, \(currency) and \(told)")
    }
    let entries = statement.all("Ntry")
    if let told = statement.find("TxsSummry", "TtlNtries", "NbOfNtries"),
      told.trimmed != String(entries.count)
    {
      throw StatementFault(
        line: told.line,
        "\(told.trimmed ?? "") entries are told, \(entries.count) are there: the file is not whole")
    }
    var lines: [StatementLine] = []
    for entry in entries {
      lines += try Self.lines(entry, currency)
      guard lines.count <= linesMax else {
        throw StatementFault(line: entry.line, "more than \(Self.linesMax) lines")
      }
    }
    return try BankStatement(
      iban: iban, number: try text(try statement.require("Id"), bytesMax: 140),
      currency: currency, openingDay: opening.day, closingDay: closing.day,
      openingMinor: opening.minor, closingMinor: closing.minor, lines: lines)
  }

  /// The balance of the first of some codes that is there.
  private static func balance(
    _ statement: StatementElement, codes: [String]
  ) throws(StatementFault) -> (minor: Int64, currency: Currency, day: Day) {
    let balances = statement.all("Bal")
    for code in codes {
      let found = balances.filter { $0.find("Tp", "CdOrPrtry", "Cd")?.trimmed == code }
      guard let balance = found.first else { continue }
      guard found.count == 1 else {
        throw StatementFault(line: found[1].line, "a second balance \(code)")
      }
      let amount = try balance.require("Amt")
      guard let currency = Currency(amount.currency ?? "") else {
        throw StatementFault(line: amount.line, "the amount has no currency such as UAH")
      }
      let size = try minorUnits(amount, currency)
      return (
        try isCredit(balance) ? size : 0 - size, currency, try day(try balance.require("Dt"))
      )
    }
    throw StatementFault(
      line: statement.line, "there is no balance \(codes.joined(separator: " or "))")
  }

  /// The lines of an entry: one, or one for each payment that the bank booked together.
  private static func lines(
    _ entry: StatementElement, _ currency: Currency
  ) throws(StatementFault) -> [StatementLine] {
    let status = entry.find("Sts", "Cd")?.trimmed ?? entry.find("Sts")?.trimmed
    guard status == "BOOK" else {
      throw StatementFault(
        line: entry.line, "an entry is \(status ?? "of no status"): only booked ones are taken")
    }
    let amount = try minorUnits(try entry.require("Amt"), currency)
    let isCredit = try isCredit(entry)
    let bookedOn = try day(try entry.require("BookgDt"))
    let details = entry.all("NtryDtls").flatMap { $0.all("TxDtls") }
    let named = entry.find("AcctSvcrRef") ?? details.first?.find("Refs", "AcctSvcrRef")
    guard let named = named ?? entry.find("NtryRef") else {
      throw StatementFault(line: entry.line, "the entry has no reference of the bank (AcctSvcrRef)")
    }
    let reference = try text(named, bytesMax: 140)
    guard amount > 0 else { throw StatementFault(line: entry.line, "the amount is zero") }
    guard details.count > 1 else {
      return [
        try line(
          reference, bookedOn, isCredit ? amount : 0 - amount, details.first, entry)
      ]
    }
    var sum: Int64 = 0
    var lines: [StatementLine] = []
    for (index, detail) in details.enumerated() {
      guard let told = detail.find("Amt") ?? detail.find("AmtDtls", "TxAmt", "Amt") else {
        throw StatementFault(line: detail.line, "a payment of several has no amount")
      }
      let size = try minorUnits(told, currency)
      let isIn = detail.find("CdtDbtInd") == nil ? isCredit : try Self.isCredit(detail)
      let minor = isIn ? size : 0 - size
      let added = sum.addingReportingOverflow(minor)
      guard size > 0, !added.overflow else {
        throw StatementFault(line: detail.line, "the amount of a payment is zero or too large")
      }
      sum = added.partialValue
      lines.append(
        try line("\(reference)/\(index + 1)", bookedOn, minor, detail, entry))
    }
    guard sum == (isCredit ? amount : 0 - amount) else {
      throw StatementFault(line: entry.line, "the payments of an entry do not come to its amount")
    }
    return lines
  }

  private static func line(
    _ reference: String, _ bookedOn: Day, _ minor: Int64, _ detail: StatementElement?,
    _ entry: StatementElement
  ) throws(StatementFault) -> StatementLine {
    let note = entry.find("AddtlNtryInf")
    let endToEndID = detail?.find("Refs", "EndToEndId")?.trimmed
    let parties = detail?.find("RltdPties")
    let other = minor > 0 ? "Dbtr" : "Cdtr"
    let name = parties?.find(other, "Nm") ?? parties?.find(other, "Pty", "Nm")
    let told = detail?.find("RmtInf")?.all("Ustrd").compactMap(\.trimmed) ?? []
    return StatementLine(
      reference: reference, bookedOn: bookedOn, minor: minor,
      endToEndID: endToEndID == "NOTPROVIDED" ? nil : endToEndID, counterparty: name?.trimmed,
      remittance: told.isEmpty ? note?.trimmed ?? "" : told.joined(separator: " "),
      bankCode: detail?.find("BkTxCd").flatMap(code) ?? entry.find("BkTxCd").flatMap(code))
  }

  /// What the bank calls the kind of a payment: by the standard's list, else by its own.
  private static func code(_ element: StatementElement) -> String? {
    let family = element.find("Domn", "Fmly")
    let parts = [element.find("Domn", "Cd"), family?.find("Cd"), family?.find("SubFmlyCd")]
      .compactMap { $0?.trimmed }
    if parts.count == 3 { return parts.joined(separator: "/") }
    return element.find("Prtry", "Cd")?.trimmed.map { StatementLine.ownCode + $0 }
  }

  private static func isCredit(_ element: StatementElement) throws(StatementFault) -> Bool {
    let word = try element.require("CdtDbtInd")
    switch word.trimmed {
    case "CRDT": return true
    case "DBIT": return false
    default: throw StatementFault(line: word.line, "CdtDbtInd is CRDT or DBIT")
    }
  }

  /// A date, or the date of a moment by the bank's clock.
  private static func day(_ element: StatementElement) throws(StatementFault) -> Day {
    let text = element.find("Dt")?.trimmed ?? element.find("DtTm")?.trimmed ?? ""
    guard let day = Day(text.prefix(10)) else {
      throw StatementFault(line: element.line, "\"\(text)\" is no date such as 2026-11-22")
    }
    return day
  }

  private static func text(
    _ element: StatementElement, bytesMax: Int
  ) throws(StatementFault) -> String {
    guard let text = element.trimmed, text.utf8.count <= bytesMax else {
      throw StatementFault(
        line: element.line, "\(element.name) is empty or longer than \(bytesMax) bytes")
    }
    return text
  }

  /// An amount of a currency: digits, and no more decimal places than the currency has.
  private static func minorUnits(
    _ element: StatementElement, _ currency: Currency
  ) throws(StatementFault) -> Int64 {
    guard element.currency == currency.code else {
      throw StatementFault(
        line: element.line,
        "an amount in \(element.currency ?? "no currency") on an account in \(currency)")
    }
    let parts = (element.trimmed ?? "").split(
      separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    let places = parts.count > 1 ? String(parts[1]) : ""
    let surplus = places.dropFirst(currency.minorDigits)
    let isNumber = { (text: String) in text.utf8.allSatisfy { (48...57).contains($0) } }
    guard let whole = parts.first.map(String.init), !whole.isEmpty, isNumber(whole),
      isNumber(places), parts.count == 1 || !places.isEmpty, surplus.allSatisfy({ $0 == "0" })
    else {
      throw StatementFault(
        line: element.line, "\"\(element.trimmed ?? "")\" is no amount such as 125.50")
    }
    let kept = String(places.prefix(currency.minorDigits))
    let digits = whole + kept + String(repeating: "0", count: currency.minorDigits - kept.count)
    guard let minor = Int64(digits), minor <= Money.outsideMinorMax else {
      throw StatementFault(
        line: element.line,
        "the amount is above \(Money.outsideMinorMax) minor units: ask the bank for the file again")
    }
    return minor
  }
}
