import Basics

/// What a line of a bank statement is the money of.
package enum StatementSubject: String, Sendable, CaseIterable, Hashable {
  /// A payout to an operator.
  case payout
  /// A payout that the bank brought back.
  case payoutReturn = "payout_return"
  /// A funding file of the acquirer.
  case funding
  /// A concession claim that the city pays; one below nothing that it is given back.
  case claim
  /// Cash of the desks, handed in at the bank.
  case cash
  /// A charge of the bank for the account, or one that it gives back.
  case fee
  /// Stored value that goes back to a rider by transfer.
  case transfer
  /// The rest of a pass or carnet that goes back by transfer.
  case productTransfer = "product_transfer"
  /// A refund to a card that failed, paid by transfer.
  case refund
  /// A top-up by transfer that a desk wrote down.
  case receipt
  /// A pass or carnet sold by transfer.
  case sale
  /// A debt paid by transfer that a desk wrote down.
  case debt
  /// What an adjustment says of it, by two people.
  case adjustment
  /// Money that came and went back, or the other way round: another line.
  case line
  /// Nothing that is known: it waits in 2290 for a person.
  case unknown
}

/// Money that a statement is expected to show, or has shown.
package struct ExpectedMoney: Sendable, Hashable {
  /// How far it is.
  package enum State: Sendable, Hashable {
    /// The books wait for the bank.
    case owed
    /// The books have it on 1100 already, by an entry.
    case booked(entry: Int64)
    /// No line may be its money, and why.
    case over(String)
  }

  package let subject: StatementSubject
  package let id: Int64
  /// What its name says, mostly ``id``: a debt is named by its window, a funding file by its number.
  package let number: Int64
  /// As a statement shows it: above zero it comes.
  package let minor: Int64
  package let operatorID: String?
  /// What people at desks, or files, called it.
  package let words: [String]
  package var state: State

  /// Makes money that is expected.
  package init(
    subject: StatementSubject, id: Int64, number: Int64, minor: Int64, operatorID: String? = nil,
    words: [String] = [], state: State
  ) {
    self.subject = subject
    self.id = id
    self.number = number
    self.minor = minor
    self.operatorID = operatorID
    self.words = words
    self.state = state
  }
}

/// What a line was matched to.
package struct StatementMatch: Sendable, Hashable {
  package var subject: StatementSubject
  /// Nil for cash, for a fee, and for what is not known.
  package var money: ExpectedMoney?
  /// What to look at; nil when all is well.
  package var note: String?

  /// Makes a match.
  package init(_ subject: StatementSubject, money: ExpectedMoney? = nil, note: String? = nil) {
    self.subject = subject
    self.money = money
    self.note = note
  }
}

/// Names by which money is called at the bank: `KVYTOK-P17` in the end-to-end reference or in the text.
package struct StatementName: Sendable, Hashable {
  /// A kind of name: its letter, and what a line is that brings money, or takes it.
  package typealias Rule = (
    letter: Character, whenItComes: StatementSubject?, whenItGoes: StatementSubject?
  )

  /// The rules by which a line is matched, but for words of desks, funding files by amount, and cash.
  package static let rules: [Rule] = [
    ("P", .payoutReturn, .payout), ("F", .funding, .funding), ("C", .claim, .claim),
    ("T", nil, .transfer), ("H", nil, .productTransfer), ("R", nil, .refund), ("W", .debt, nil),
    ("M", .receipt, nil), ("S", .sale, nil),
  ]

  /// What cash of the desks is called: `KVYTOK-CASH`.
  package static let cash = "KVYTOK-CASH"

  package let subject: StatementSubject
  package let number: Int64

  /// Names something.
  package init(subject: StatementSubject, number: Int64) {
    self.subject = subject
    self.number = number
  }

  /// Reads the name of money that a rider is owed: `KVYTOK-T12` or `T12`; nil when it is none.
  package init?(owedToRider text: String) {
    let word = text.uppercased()
    let name = word.hasPrefix("KVYTOK-") ? word.dropFirst(7) : word[...]
    guard let rule = Self.rules.first(where: { $0.letter == name.first }),
      let subject = rule.whenItGoes, [.transfer, .productTransfer, .refund].contains(subject),
      let number = Int64(name.dropFirst()), number > 0
    else { return nil }
    self.init(subject: subject, number: number)
  }

  /// The name without the house's: `T12`.
  package var short: String {
    let rule = Self.rules.first { [$0.whenItComes, $0.whenItGoes].contains(subject) }
    return (rule.map { String($0.letter) } ?? "") + String(number)
  }

  /// The names that a line bears, in the order in which they stand.
  package static func names(of line: StatementLine) -> [StatementName] {
    line.words.compactMap { word in
      guard word.hasPrefix("KVYTOK-"), let letter = word.dropFirst(7).first,
        let rule = rules.first(where: { $0.letter == letter }),
        let subject = line.minor > 0 ? rule.whenItComes : rule.whenItGoes,
        let number = Int64(word.dropFirst(8)), number > 0
      else { return nil }
      return StatementName(subject: subject, number: number)
    }
  }
}

extension StatementLine {
  /// The words of the end-to-end reference and of the text, capitals, cut at all that no name has.
  package var words: [String] {
    [endToEndID ?? "", remittance].flatMap { (text: String) -> [String] in
      let words = text.uppercased().split { (letter: Character) -> Bool in
        !(letter.isLetter || letter.isNumber || letter == "-" || letter == ".")
      }
      return words.map(String.init)
    }
  }
}

/// Compares lines of a statement with what the books expect, one after the other, each against what the
/// ones before it have left.
package struct StatementMatcher: Sendable {
  private var expected: [ExpectedMoney]
  private var cashMinor: Int64

  /// Starts from what stands here; `cashMinor` is what the desks hold by the books.
  package init(expected: [ExpectedMoney], cashMinor: Int64) {
    self.expected = expected
    self.cashMinor = cashMinor
  }

  /// Says what a line is the money of.
  package mutating func match(_ line: StatementLine) -> StatementMatch {
    if let name = StatementName.names(of: line).first {
      let found = match(line, called: name)
      // What the bank charges for a payment may bear the payment's name.
      if found.subject != .unknown || !line.isFee { return found }
    }
    if line.isFee { return StatementMatch(.fee) }
    let whole = [line.reference, line.endToEndID ?? ""].map { $0.uppercased() }
    let words = Set(line.words + whole)
    if words.contains(StatementName.cash), line.minor > 0 {
      guard line.minor <= cashMinor else {
        return StatementMatch(.unknown, note: "the desks hold less cash than this by the books")
      }
      cashMinor -= line.minor
      return StatementMatch(.cash)
    }
    let open = expected.indices.filter { expected[$0].isOpen && expected[$0].minor == line.minor }
    let worded = open.filter { index in
      expected[index].words.contains { words.contains($0.uppercased()) }
    }
    if let index = worded.first { return take(index) }
    // An acquirer that tells no number of its file: the amount alone, where it can be one file only.
    let funding = open.filter { expected[$0].subject == .funding }
    guard let index = funding.first, funding.count == 1 else {
      return StatementMatch(.unknown, note: nil)
    }
    return take(index, note: "by its amount alone")
  }

  private mutating func match(_ line: StatementLine, called name: StatementName) -> StatementMatch {
    let found = expected.indices.filter {
      expected[$0].subject == name.subject && expected[$0].number == name.number
    }
    guard let first = found.first else {
      return StatementMatch(.unknown, note: "there is no \(name.subject.rawValue) \(name.number)")
    }
    if let index = found.first(where: { expected[$0].isOpen && expected[$0].minor == line.minor }) {
      return take(index)
    }
    if case .over(let why) = expected[first].state {
      return StatementMatch(.unknown, note: "\(name.subject.rawValue) \(name.number) \(why)")
    }
    return StatementMatch(
      .unknown,
      note: "\(name.subject.rawValue) \(name.number) is of \(expected[first].minor) minor units")
  }

  private mutating func take(_ index: Int, note: String? = nil) -> StatementMatch {
    let money = expected[index]
    expected[index].state = .over("is matched already")
    // What was paid may come back, in the same statement too.
    if money.subject == .payout,
      let back = expected.firstIndex(where: { $0.subject == .payoutReturn && $0.id == money.id })
    {
      expected[back].state = .owed
    }
    return StatementMatch(money.subject, money: money, note: note)
  }
}

extension ExpectedMoney {
  /// Whether a line may be its money.
  package var isOpen: Bool {
    if case .over = state { return false }
    return true
  }
}
