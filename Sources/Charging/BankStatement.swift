package import Basics

/// Why a statement of the bank is not taken; nothing of it is then.
package struct StatementFault: Error, Hashable, Sendable, CustomStringConvertible {
  /// Line of the file, from 1; nil where it is the file as a whole.
  package let line: Int?
  /// What is wrong, and what to do.
  package let message: String

  /// Says what is wrong, and where.
  package init(line: Int? = nil, _ message: String) {
    self.line = line
    self.message = message
  }

  package var description: String { line.map { "line \($0): \(message)" } ?? message }
}

/// What the bank says of an account for some days, as an ISO 20022 camt.053 message tells it.
///
/// The balance before it and its lines come to the balance after it: another one is not read.
package struct BankStatement: Sendable, Hashable {
  /// Most bytes of a file: 16 MiB.
  package static let bytesMax = 16 << 20
  /// Most lines of a file, in all of its statements.
  package static let linesMax = 10_000

  /// The account, without spaces.
  package let iban: String
  /// The bank's name of the statement.
  package let number: String
  package let currency: Currency
  /// The day of the balance before it.
  package let openingDay: Day
  /// The last day that it tells of.
  package let closingDay: Day
  /// Minor units; below zero the account is overdrawn.
  package let openingMinor: Int64
  package let closingMinor: Int64
  package let lines: [StatementLine]

  /// Makes a statement, or says which of its sums are wrong.
  package init(
    iban: String, number: String, currency: Currency, openingDay: Day, closingDay: Day,
    openingMinor: Int64, closingMinor: Int64, lines: [StatementLine]
  ) throws(StatementFault) {
    guard openingDay <= closingDay else {
      throw StatementFault("the balance before it is of \(openingDay), after \(closingDay)")
    }
    var balance = openingMinor
    var references: Set<String> = []
    for line in lines {
      guard references.insert(line.reference).inserted else {
        throw StatementFault("the bank's reference \(line.reference) stands twice in the statement")
      }
      guard line.bookedOn <= closingDay else {
        throw StatementFault(
          "\(line.reference) is booked on \(line.bookedOn), after the last day \(closingDay)")
      }
      let added = balance.addingReportingOverflow(line.minor)
      guard !added.overflow, added.partialValue.magnitude <= Money.outsideMinorMax.magnitude else {
        throw StatementFault(
          "with \(line.reference) the balance is past \(Money.outsideMinorMax) minor units: ask the bank "
            + "for the statement again")
      }
      balance = added.partialValue
    }
    guard balance == closingMinor else {
      func text(_ minor: Int64) -> String { Money(minor: minor, currency: currency).majorText }
      throw StatementFault(
        "opening balance \(text(openingMinor)) and \(lines.count) lines come to \(text(balance)), "
          + "the closing balance is \(text(closingMinor)): ask the bank for the statement again")
    }
    self.iban = iban
    self.number = number
    self.currency = currency
    self.openingDay = openingDay
    self.closingDay = closingDay
    self.openingMinor = openingMinor
    self.closingMinor = closingMinor
    self.lines = lines
  }

  /// The SHA-256 of what it says, however its file is written: by it a second file is known.
  ///
  /// What the bank calls the kinds of its lines is left out, as it was when that was not read.
  package var digest: [UInt8] {
    var writer = CSVWriter()
    writer.row([
      iban, number, currency.code, openingDay.description, closingDay.description,
      String(openingMinor), String(closingMinor),
    ])
    for line in lines {
      writer.row([
        line.reference, line.bookedOn.description, String(line.minor), line.endToEndID ?? "",
        line.counterparty ?? "", line.remittance,
      ])
    }
    return FileDigest.of(writer.bytes)
  }
}

/// Money that came onto the account, or went off it.
package struct StatementLine: Sendable, Hashable {
  /// The bank's own reference of it, which no other line of the account has.
  package let reference: String
  /// The day on which the bank booked it.
  package let bookedOn: Day
  /// Minor units: above zero they came, below zero they went; never zero.
  package let minor: Int64
  /// What who ordered the payment called it; nil where nobody did.
  package let endToEndID: String?
  /// Who paid, or was paid.
  package let counterparty: String?
  /// What it is for, in the words of who ordered it.
  package let remittance: String
  /// What the bank calls its kind: domain, family and sub-family such as `PMNT/MDOP/CHRG`, or
  /// ``ownCode`` and a word of its own; nil where it says none.
  package let bankCode: String?

  /// What stands before a word of the bank's own.
  package static let ownCode = "own "
  /// Sub-families of the standard's external code list that are charges of the bank.
  private static let feeCodes: Set<Substring> = ["CHRG", "COMM", "COME", "COMI", "COMT", "FEES"]

  /// Whether the bank says that it is a charge of its own, or one that it gives back.
  package var isFee: Bool {
    guard let bankCode, !bankCode.hasPrefix(Self.ownCode) else { return false }
    let parts = bankCode.split(separator: "/")
    return parts.count == 3 && Self.feeCodes.contains(parts[2])
  }

  /// Makes a line.
  package init(
    reference: String, bookedOn: Day, minor: Int64, endToEndID: String? = nil,
    counterparty: String? = nil, remittance: String = "", bankCode: String? = nil
  ) {
    self.reference = reference
    self.bookedOn = bookedOn
    self.minor = minor
    self.endToEndID = endToEndID
    self.counterparty = counterparty
    self.remittance = remittance
    self.bankCode = bankCode
  }
}
