import BankSupport
import Basics

/// The account at the bank: what the bank writes on its statements, in which order they come, and what
/// of it goes wrong on purpose; beside it what 1100 should hold, entry by entry.
///
/// From both follows what the reconciliation has to list, and nothing else: `docs/accounting.md`, "What
/// the bank says".
struct PlainBank: Sendable {
  /// What a line is the money of, by the number that the house gave it.
  enum Money: Hashable, Sendable {
    case receipt(Int64)
    case sale(Int64)
    case debt(Int64)
    case funding(Int64)
    case claim(Int64)
    case payout(Int64)
    case payoutReturn(Int64)
    case transfer(Int64)
    case productTransfer(Int64)
    case cash
    /// Somebody's who has nothing to do with the house; a pair has one number.
    case foreign(Int64)

    /// The word for it in the list of lines.
    var subject: String {
      switch self {
      case .receipt: "receipt"
      case .sale: "sale"
      case .debt: "debt"
      case .funding: "funding"
      case .claim: "claim"
      case .payout: "payout"
      case .payoutReturn: "payout_return"
      case .transfer: "transfer"
      case .productTransfer: "product_transfer"
      case .cash: "cash"
      case .foreign: "unknown"
      }
    }

    /// What the bank is told to call it.
    var name: String {
      switch self {
      case .receipt(let number): "KVYTOK-M\(number)"
      case .sale(let number): "KVYTOK-S\(number)"
      case .debt(let number): "KVYTOK-W\(number)"
      case .funding(let number): "KVYTOK-F\(number)"
      case .claim(let number): "KVYTOK-C\(number)"
      case .payout(let number), .payoutReturn(let number): "KVYTOK-P\(number)"
      case .transfer(let number): "KVYTOK-T\(number)"
      case .productTransfer(let number): "KVYTOK-H\(number)"
      case .cash: "KVYTOK-CASH"
      case .foreign: "thank you"
      }
    }

    var number: Int64? {
      switch self {
      case .receipt(let number), .sale(let number), .debt(let number), .funding(let number),
        .claim(let number), .payout(let number), .payoutReturn(let number), .transfer(let number),
        .productTransfer(let number), .foreign(let number):
        number
      case .cash: nil
      }
    }

    var isFunding: Bool {
      if case .funding = self { return true }
      return false
    }
  }

  /// What stands on 1100 by one entry.
  struct Entry: Sendable {
    let day: Day
    var minor: Int64
  }

  /// Money that a line may still be of; with the entry that has it on 1100 already.
  struct Awaited: Sendable {
    let minor: Int64
    let entry: Int?
    let day: Day
  }

  /// A line of the bank; entries by their place.
  struct Line: Sendable {
    let reference: String
    let day: Day
    var minor: Int64
    let text: String
    let money: Money
    /// What it was taken for.
    var subject = "unknown"
    /// What the line itself booked, what had its money before, and what took that back by hand.
    var own: Int?
    var booked: Int?
    var matched: Int?

    /// Whether the bank was told what it is.
    var isNamed: Bool { text.hasPrefix("KVYTOK-") }
  }

  /// What the bank says of a day.
  struct Statement: Sendable {
    let day: Day
    let openingMinor: Int64
    let closingMinor: Int64
    let lines: Range<Int>
    /// The day on which it comes; never, when it is lost.
    let comesOn: Day
    let isTwice: Bool
    var isTaken = false

    var number: String { "S-\(day)" }
  }

  var chance: SeededGenerator
  var entries: [Entry] = []
  var lines: [Line] = []
  var statements: [Statement] = []
  var happened: [String: Int] = [:]
  private var awaited: [Money: [Awaited]] = [:]
  private var moving: [(day: Day, line: Line)] = []
  private var balance: Int64
  private var written = 0

  init(seed: UInt64) {
    chance = SeededGenerator(seed: seed &* 89)
    balance = Int64(chance.integer(in: 0...3)) * 50_000
  }

  // MARK: - Money

  /// An entry on 1100; its place.
  mutating func book(_ minor: Int64, on day: Day) -> Int {
    entries.append(Entry(day: day, minor: minor))
    return entries.count - 1
  }

  /// Money that a line may be of from now on.
  mutating func expect(_ money: Money, _ minor: Int64, entry: Int? = nil, since day: Day) {
    awaited[money, default: []].append(Awaited(minor: minor, entry: entry, day: day))
  }

  /// No line may be the money of it any more.
  mutating func forget(_ money: Money) { awaited[money] = nil }

  /// What a line may be of something, in that amount.
  func find(_ money: Money, _ minor: Int64) -> Awaited? {
    awaited[money]?.first { $0.minor == minor }
  }

  /// Takes what was found: no other line is its money.
  mutating func take(_ money: Money, _ minor: Int64) {
    if let place = awaited[money]?.firstIndex(where: { $0.minor == minor }) {
      awaited[money]?.remove(at: place)
    }
  }

  /// Money moves at the bank, mostly as it should; `word` is what the desk wrote on its receipt.
  mutating func move(
    _ money: Money, _ minor: Int64, word: String? = nil, on day: Day, mayBeMissing: Bool
  ) {
    let name = word.flatMap { chance.chance(0.5) ? $0 : nil } ?? money.name
    switch chance.integer(in: 0...15) {
    case 0 where mayBeMissing, 1 where mayBeMissing: count("line that never comes")
    case 2, 3, 4:
      count("line without a name")
      add(money, minor, "", on: day)
    case 5:
      count("line twice")
      add(money, minor, name, on: day)
      add(money, minor, name, on: day)
    case 6:
      count("line of another amount")
      add(money, minor + (minor > 0 ? 1 : -1), money.name, on: day)
    default: add(money, minor, name, on: day)
    }
  }

  /// Writes a line down for the statement of a day.
  mutating func add(_ money: Money, _ minor: Int64, _ text: String, on day: Day) {
    written += 1
    moving.append(
      (
        day,
        Line(reference: "BANK-\(written)", day: day, minor: minor, text: text, money: money)
      ))
  }

  mutating func count(_ what: String) { happened[what, default: 0] += 1 }

  // MARK: - Statements

  /// The day ends: its statement, which may come late, twice or never.
  mutating func end(_ day: Day) {
    if chance.chance(0.3) { addForeign(day) }
    let first = lines.count
    for (_, line) in moving where line.day == day { lines.append(line) }
    moving.removeAll { $0.day == day }
    let sum = lines[first...].reduce(0) { $0 + $1.minor }
    let isLost = chance.chance(0.05)
    let late = chance.chance(0.35) ? chance.integer(in: 1...6) : 0
    if isLost { count("statement lost") } else if late > 0 { count("statement late") }
    statements.append(
      Statement(
        day: day, openingMinor: balance, closingMinor: balance + sum, lines: first..<lines.count,
        comesOn: day.adding(days: isLost ? 10_000 : late), isTwice: chance.chance(0.25)))
    balance += sum
  }

  /// Money of nobody that is known, which goes back after some days, or stays.
  private mutating func addForeign(_ day: Day) {
    written += 1
    let money = Money.foreign(Int64(written))
    let minor = (chance.chance(0.7) ? 1 : -1) * Int64(1_000_003 + written * 7)
    add(money, minor, money.name, on: day)
    count("foreign line")
    guard chance.chance(0.6) else { return }
    add(money, -minor, "by mistake", on: day.adding(days: chance.integer(in: 1...3)))
  }

  /// Statements that come today, as places.
  func due(_ day: Day) -> [Int] {
    statements.indices.filter { !statements[$0].isTaken && statements[$0].comesOn <= day }
  }

  /// A statement as a file, of this version or that.
  func file(_ place: Int) -> StatementFile {
    let statement = statements[place]
    var file = StatementFile(
      statement.number, opening: statement.openingMinor, from: statement.day, to: statement.day,
      statement.lines.map { index in
        let line = lines[index]
        // Names stand where the payer's bank puts them: in the reference, or in the text.
        return index % 2 == 0 && line.isNamed
          ? StatementFile.Entry(
            line.reference, line.minor, on: line.day, endToEndID: line.text, "pay")
          : StatementFile.Entry(line.reference, line.minor, on: line.day, line.text)
      })
    file.version = place % 2 == 0 ? "08" : "02"
    return file
  }

  /// What a line is to be taken for; nil when nothing is known of it.
  func match(_ line: Line, cashMinor: Int64) -> (money: Money, entry: Int?)? {
    if line.isNamed, line.money == .cash {
      return line.minor > 0 && line.minor <= cashMinor ? (.cash, nil) : nil
    }
    if !line.text.isEmpty, let found = find(line.money, line.minor) {
      return (line.money, found.entry)
    }
    guard !line.isNamed else { return nil }
    // The amount alone, where it can be one funding file only, of about these days.
    let days = line.day.adding(days: -15)...line.day.adding(days: 14)
    let fundings = awaited.filter(\.key.isFunding).flatMap { money, list in
      list.filter { $0.minor == line.minor && days.contains($0.day) }.map {
        (money: money, entry: $0.entry)
      }
    }
    return fundings.count == 1 ? fundings.first : nil
  }
}
