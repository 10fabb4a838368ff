package import Basics

/// One line of an entry: an amount on one side of an account.
package struct Posting: Hashable, Sendable {
  /// Code in the chart of accounts.
  package var account: String
  /// The sub-account, where the account has one for each operator.
  package var operatorID: String?
  /// The riders' category the amount comes from, for the accountant's questions.
  package var category: String?
  /// Minor units; exactly one of the two amounts is above zero, none is below.
  package var debitMinor: Int64
  package var creditMinor: Int64

  /// Makes a line; what it may hold is checked by the entry.
  package init(
    account: String, operatorID: String? = nil, category: String? = nil, debitMinor: Int64,
    creditMinor: Int64
  ) {
    self.account = account
    self.operatorID = operatorID
    self.category = category
    self.debitMinor = debitMinor
    self.creditMinor = creditMinor
  }

  /// Makes a line with an amount on a side.
  package init(
    _ side: Side, account: String, operatorID: String? = nil, category: String? = nil,
    minor: Int64
  ) {
    self.init(
      account: account, operatorID: operatorID, category: category,
      debitMinor: side == .debit ? minor : 0, creditMinor: side == .credit ? minor : 0)
  }
}

/// Why lines make no entry.
package enum EntryFault: Error, Hashable, Sendable {
  /// An entry needs at least two lines.
  case tooFewPostings
  /// An entry has at most `Entry.postingsMax` lines.
  case tooManyPostings
  /// A line (from 1) has no amount, an amount below zero, or amounts on both sides.
  case amount(line: Int)
  /// A line names an account that the chart does not have.
  case unknownAccount(line: Int, code: String)
  /// The account has a balance for each operator, and the line names none.
  case operatorMissing(line: Int, code: String)
  /// The account has no balance for each operator, and the line names one.
  case operatorNotExpected(line: Int, code: String)
  /// What a line calls its operator is too long for a name, or none.
  case operatorName(line: Int)
  /// The sums of the two sides differ.
  case unbalanced(debitMinor: Int64, creditMinor: Int64)
  /// A sum does not fit into 64 bits of minor units.
  case overflow
  /// A person's entry comes to more than `Money.outsideMinorMax`.
  case aboveLimit
}

extension EntryFault: CustomStringConvertible {
  package var description: String {
    switch self {
    case .tooFewPostings: "an entry needs at least two lines"
    case .tooManyPostings: "an entry has at most \(Entry.postingsMax) lines"
    case .amount(let line): "line \(line): one amount above zero, on one side"
    case .unknownAccount(let line, let code): "line \(line): there is no account \(code)"
    case .operatorMissing(let line, let code): "line \(line): account \(code) needs an operator"
    case .operatorNotExpected(let line, let code): "line \(line): account \(code) has no operators"
    case .operatorName(let line):
      "line \(line): an operator has a name of 1 to \(String.nameBytesMax) bytes"
    case .unbalanced(let debit, let credit): "debits are \(debit), credits are \(credit)"
    case .overflow: "a sum does not fit into 64 bits of minor units"
    case .aboveLimit: "a side comes to more than \(Money.outsideMinorMax) minor units"
    }
  }
}

/// What an entry is for.
package enum EntryKind: String, Sendable, CaseIterable, Hashable {
  /// Fares of rides that were rated for the first time, and differences of those rated anew.
  case fares
  /// What riders paid.
  case payment
  /// Money put on a medium.
  case topUp = "top_up"
  /// A pass or carnet sold.
  case sale
  /// What a pass or carnet earned on a day.
  case recognition
  /// What the acquirer paid to the bank, less its fees.
  case funding
  /// What riders got back.
  case refund
  /// A card payment that a bank took back, or gave back.
  case chargeback
  /// A debt given up.
  case writeOff = "write_off"
  /// What operators were paid.
  case payout
  /// What the city owes for concessions, and paid for them.
  case concession
  /// Money of linked and capped rides, shared among operators by the tariff's rule.
  case apportionment
  /// A person's correction.
  case correction
  /// What only a statement of the bank tells: cash handed in, receipts that are not known, and what a
  /// person found them to be.
  case bank
}

/// A balanced booking in one currency; what was booked is never changed.
package struct Entry: Hashable, Sendable {
  /// Most lines of an entry.
  package static let postingsMax = 20_000

  package let kind: EntryKind
  /// The clearing run whose rides it sums up.
  package let runID: Int64?
  /// The day on which it counts in the books.
  package let accountingDate: Day
  /// The fare day its rides belong to, which may be of a period that is closed.
  package let fareDay: Day?
  package let currency: Currency
  /// What it is for, for people.
  package let memo: String
  package let postings: [Posting]

  /// Makes an entry, or says why the lines are none.
  package init(
    kind: EntryKind, runID: Int64? = nil, accountingDate: Day, fareDay: Day? = nil,
    currency: Currency, memo: String, postings: [Posting],
    chart: ChartOfAccounts = .standard
  ) throws(EntryFault) {
    guard postings.count >= 2 else { throw .tooFewPostings }
    guard postings.count <= Entry.postingsMax else { throw .tooManyPostings }
    var sums = SideSums()
    for (index, posting) in postings.enumerated() {
      try Entry.check(posting, line: index + 1, chart: chart)
      try sums.add(posting)
    }
    guard sums.debitMinor == sums.creditMinor else {
      throw .unbalanced(debitMinor: sums.debitMinor, creditMinor: sums.creditMinor)
    }
    self.kind = kind
    self.runID = runID
    self.accountingDate = accountingDate
    self.fareDay = fareDay
    self.currency = currency
    self.memo = memo
    self.postings = postings
  }

  private static func check(
    _ posting: Posting, line: Int, chart: ChartOfAccounts
  ) throws(EntryFault) {
    guard min(posting.debitMinor, posting.creditMinor) == 0,
      max(posting.debitMinor, posting.creditMinor) > 0
    else { throw .amount(line: line) }
    guard let account = chart.find(posting.account) else {
      throw .unknownAccount(line: line, code: posting.account)
    }
    switch (account.isPerOperator, posting.operatorID) {
    case (true, nil): throw .operatorMissing(line: line, code: account.code)
    case (false, .some): throw .operatorNotExpected(line: line, code: account.code)
    default: break
    }
  }
}

/// The sums of the two sides.
package struct SideSums: Hashable, Sendable {
  package private(set) var debitMinor: Int64 = 0
  package private(set) var creditMinor: Int64 = 0

  /// Makes sums of nothing.
  package init() {}

  /// Makes sums that were kept elsewhere.
  package init(debitMinor: Int64, creditMinor: Int64) {
    self.debitMinor = debitMinor
    self.creditMinor = creditMinor
  }

  /// Debits less credits; nil when it does not fit.
  package var differenceMinor: Int64? {
    let (difference, overflow) = debitMinor.subtractingReportingOverflow(creditMinor)
    return overflow ? nil : difference
  }

  /// Adds the amounts of a line.
  package mutating func add(_ posting: Posting) throws(EntryFault) {
    try add(SideSums(debitMinor: posting.debitMinor, creditMinor: posting.creditMinor))
  }

  /// Adds other sums.
  package mutating func add(_ other: SideSums) throws(EntryFault) {
    let debit = debitMinor.addingReportingOverflow(other.debitMinor)
    let credit = creditMinor.addingReportingOverflow(other.creditMinor)
    guard !debit.overflow, !credit.overflow else { throw .overflow }
    debitMinor = debit.partialValue
    creditMinor = credit.partialValue
  }
}
