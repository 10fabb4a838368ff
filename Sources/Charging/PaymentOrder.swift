package import Basics

/// A bank account that pays or is paid.
package struct BankAccount: Hashable, Sendable {
  package let name: String
  /// Without spaces.
  package let iban: String
  /// Eight or eleven characters; nil when not known.
  package let bic: String?

  /// Makes an account; the spaces of a printed IBAN are taken out.
  package init(name: String, iban: String, bic: String?) {
    self.name = name
    self.iban = iban.filter { $0 != " " }.uppercased()
    self.bic = bic.flatMap { $0.isEmpty ? nil : $0.uppercased() }
  }

  /// Why the bank would not take it; nil when it would.
  package var fault: String? {
    if let fault = PaymentRules.textFault(name, charactersMax: 140) { return "name: \(fault)" }
    if let fault = PaymentRules.ibanFault(iban) { return "IBAN: \(fault)" }
    if let bic, !PaymentRules.isBIC(bic) { return "BIC: \(bic) is not of the form AAAABBCC[DDD]" }
    return nil
  }
}

/// A payment file for the bank: credit transfers in one currency, as ISO 20022 pain.001.001.09.
package struct PaymentOrder: Hashable, Sendable {
  /// Most transfers of a message.
  package static let transfersMax = 10_000

  /// One transfer.
  package struct Transfer: Hashable, Sendable {
    /// Unique in the message; the bank gives it back with the confirmation.
    package let endToEndID: String
    package let creditor: BankAccount
    /// Minor units above zero.
    package let minor: Int64
    /// What it is for, at most 140 characters.
    package let remittance: String

    /// Makes a transfer.
    package init(endToEndID: String, creditor: BankAccount, minor: Int64, remittance: String) {
      self.endToEndID = endToEndID
      self.creditor = creditor
      self.minor = minor
      self.remittance = remittance
    }
  }

  package let messageID: String
  package let createdAt: Instant
  package let executionDay: Day
  package let debtor: BankAccount
  package let currency: Currency
  package let transfers: [Transfer]

  /// Makes an order, or says what the schema or the bank would refuse.
  package init(
    messageID: String, createdAt: Instant, executionDay: Day, debtor: BankAccount,
    currency: Currency, transfers: [Transfer]
  ) throws(PaymentFault) {
    try PaymentRules.check(id: messageID, of: "message")
    if let fault = debtor.fault { throw PaymentFault(message: "payer: \(fault)") }
    guard (1...Self.transfersMax).contains(transfers.count) else {
      throw PaymentFault(message: "a message has 1 to \(Self.transfersMax) transfers")
    }
    var ids: Set<String> = []
    var sum: Int64 = 0
    for transfer in transfers {
      let name = transfer.endToEndID
      try PaymentRules.check(id: name, of: "transfer")
      guard ids.insert(name).inserted else {
        throw PaymentFault(message: "transfer \(name) stands twice")
      }
      if let fault = transfer.creditor.fault {
        throw PaymentFault(message: "transfer \(name): \(fault)")
      }
      guard transfer.minor > 0, transfer.minor < PaymentRules.minorEnd else {
        throw PaymentFault(message: "transfer \(name): the amount has 1 to 18 digits above zero")
      }
      if let fault = PaymentRules.textFault(transfer.remittance, charactersMax: 140) {
        throw PaymentFault(message: "transfer \(name): what it is for: \(fault)")
      }
      let added = sum.addingReportingOverflow(transfer.minor)
      guard !added.overflow, added.partialValue < PaymentRules.minorEnd else {
        throw PaymentFault(message: "the control sum has more than 18 digits")
      }
      sum = added.partialValue
    }
    self.messageID = messageID
    self.createdAt = createdAt
    self.executionDay = executionDay
    self.debtor = debtor
    self.currency = currency
    self.transfers = transfers
    controlSumMinor = sum
  }

  /// The sum of all transfers in minor units.
  package let controlSumMinor: Int64
}

/// Why a payment order cannot be given to a bank.
package struct PaymentFault: Error, Hashable, Sendable, CustomStringConvertible {
  /// Where it is wrong, and how.
  package let message: String

  package var description: String { message }
}

/// The rules of the schema and of the standards it refers to.
package enum PaymentRules {
  /// Amounts and control sums have at most 18 digits.
  static let minorEnd: Int64 = 1_000_000_000_000_000_000

  /// Lengths of IBANs by country (ISO 13616 register), of the countries that operators bank in.
  static let ibanLengths: [String: Int] = [
    "UA": 29, "PL": 28, "LV": 21, "LT": 20, "EE": 20, "DE": 22, "GB": 22, "FR": 27, "NL": 18,
    "AT": 20, "BE": 16, "CZ": 24, "SK": 24, "HU": 28, "RO": 24, "MD": 24, "FI": 18, "SE": 24,
    "NO": 15, "DK": 18, "ES": 24, "IT": 27, "CH": 21, "IE": 22, "PT": 25, "BG": 22, "HR": 21,
    "SI": 19, "GR": 27, "LU": 20,
  ]

  /// Why a text is no IBAN (ISO 13616): country, length, and 1 modulo 97; nil when it is one.
  package static func ibanFault(_ iban: String) -> String? {
    let bytes = Array(iban.utf8)
    let isLetter: (UInt8) -> Bool = { (65...90).contains($0) }
    let isDigit: (UInt8) -> Bool = { (48...57).contains($0) }
    guard (15...34).contains(bytes.count), bytes[..<2].allSatisfy(isLetter),
      bytes[2..<4].allSatisfy(isDigit), bytes.allSatisfy({ isLetter($0) || isDigit($0) })
    else { return "it is two letters, two digits and up to 30 letters and digits" }
    let country = String(decoding: bytes[..<2], as: UTF8.self)
    if let length = ibanLengths[country], length != bytes.count {
      return "one of \(country) has \(length) characters, this has \(bytes.count)"
    }
    var remainder = 0
    for byte in bytes[4...] + bytes[..<4] {
      remainder =
        isDigit(byte)
        ? (remainder * 10 + Int(byte) - 48) % 97 : (remainder * 100 + Int(byte) - 55) % 97
    }
    return remainder == 1 ? nil : "its check digits are wrong: was it mistyped?"
  }

  /// Whether a text is a BIC (ISO 9362) as the schema writes it.
  static func isBIC(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    guard bytes.count == 8 || bytes.count == 11 else { return false }
    let isLetter: (UInt8) -> Bool = { (65...90).contains($0) }
    return bytes[4..<6].allSatisfy(isLetter)
      && bytes.allSatisfy { isLetter($0) || (48...57).contains($0) }
  }

  /// Names have 1 to 35 characters of the set that all banks take.
  static func check(id: String, of thing: String) throws(PaymentFault) {
    let set = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/-?:().,'+ ".utf8)
    guard (1...35).contains(id.utf8.count), id.utf8.allSatisfy(set.contains),
      !id.hasPrefix("/"), !id.hasSuffix("/"), !id.contains("//")
    else {
      throw PaymentFault(
        message:
          "the name \"\(id)\" of a \(thing) is not 1 to 35 Latin letters, digits and /-?:().,'+")
    }
  }

  /// Why a text for people is not taken; nil when it is.
  static func textFault(_ text: String, charactersMax: Int) -> String? {
    // The schema counts the code points of XML, which are Unicode scalars.
    let count = text.unicodeScalars.count
    guard (1...charactersMax).contains(count) else {
      return "it has \(count) characters; 1 to \(charactersMax) are taken"
    }
    guard
      text.unicodeScalars.allSatisfy({ scalar in
        scalar.value >= 32 && !(0x7F...0x9F).contains(scalar.value) && scalar.value < 0xFFFE
      })
    else { return "it has control characters" }
    guard text.unicodeScalars.contains(where: { !$0.properties.isWhitespace }) else {
      return "it has nothing but blanks"
    }
    return nil
  }
}

extension PaymentOrder {
  /// The message as XML in UTF-8.
  package var xml: String {
    var xml = XMLText()
    xml.open("Document", #" xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09""#)
    xml.open("CstmrCdtTrfInitn")
    xml.open("GrpHdr")
    xml.element("MsgId", messageID)
    xml.element("CreDtTm", createdAt.iso8601(offsetSeconds: 0))
    counts(&xml)
    xml.open("InitgPty")
    xml.element("Nm", debtor.name)
    xml.close("InitgPty")
    xml.close("GrpHdr")
    xml.open("PmtInf")
    xml.element("PmtInfId", messageID)
    xml.element("PmtMtd", "TRF")
    xml.element("BtchBookg", "false")
    counts(&xml)
    xml.open("ReqdExctnDt")
    xml.element("Dt", executionDay.description)
    xml.close("ReqdExctnDt")
    xml.open("Dbtr")
    xml.element("Nm", debtor.name)
    xml.close("Dbtr")
    xml.account("DbtrAcct", debtor, currency: currency)
    xml.agent("DbtrAgt", debtor)
    for transfer in transfers { add(transfer, to: &xml) }
    xml.close("PmtInf")
    xml.close("CstmrCdtTrfInitn")
    xml.close("Document")
    return xml.text
  }

  private func counts(_ xml: inout XMLText) {
    xml.element("NbOfTxs", String(transfers.count))
    xml.element("CtrlSum", Money(minor: controlSumMinor, currency: currency).majorText)
  }

  private func add(_ transfer: Transfer, to xml: inout XMLText) {
    xml.open("CdtTrfTxInf")
    xml.open("PmtId")
    xml.element("InstrId", transfer.endToEndID)
    xml.element("EndToEndId", transfer.endToEndID)
    xml.close("PmtId")
    xml.open("Amt")
    xml.element(
      "InstdAmt", Money(minor: transfer.minor, currency: currency).majorText,
      #" Ccy="\#(currency.code)""#)
    xml.close("Amt")
    if transfer.creditor.bic != nil { xml.agent("CdtrAgt", transfer.creditor) }
    xml.open("Cdtr")
    xml.element("Nm", transfer.creditor.name)
    xml.close("Cdtr")
    xml.account("CdtrAcct", transfer.creditor, currency: nil)
    xml.open("RmtInf")
    xml.element("Ustrd", transfer.remittance)
    xml.close("RmtInf")
    xml.close("CdtTrfTxInf")
  }
}

/// Elements of XML, indented.
private struct XMLText {
  private(set) var text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
  private var depth = 0

  mutating func open(_ name: String, _ attributes: String = "") {
    text += indent + "<\(name)\(attributes)>\n"
    depth += 1
  }

  mutating func close(_ name: String) {
    depth -= 1
    text += indent + "</\(name)>\n"
  }

  mutating func element(_ name: String, _ content: String, _ attributes: String = "") {
    text += indent + "<\(name)\(attributes)>\(Self.escaped(content))</\(name)>\n"
  }

  mutating func account(_ name: String, _ account: BankAccount, currency: Currency?) {
    open(name)
    open("Id")
    element("IBAN", account.iban)
    close("Id")
    if let currency { element("Ccy", currency.code) }
    close(name)
  }

  mutating func agent(_ name: String, _ account: BankAccount) {
    open(name)
    open("FinInstnId")
    if let bic = account.bic {
      element("BICFI", bic)
    } else {
      open("Othr")
      element("Id", "NOTPROVIDED")
      close("Othr")
    }
    close("FinInstnId")
    close(name)
  }

  private var indent: String { String(repeating: "  ", count: depth) }

  private static func escaped(_ content: String) -> String {
    var escaped = ""
    for scalar in content.unicodeScalars {
      switch scalar {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }
}
