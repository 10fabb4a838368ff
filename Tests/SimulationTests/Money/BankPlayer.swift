import BankSupport
import Basics
import Charging
import Clearing
import Store

/// What the bank sends, and what people make of lines of which nothing is known.
extension MoneyPlayer {
  /// The bank's day ends; the statements that come on this day are taken.
  mutating func endBankDay() async throws {
    books.bank.end(today)
    try await takeStatements(comingBy: today)
  }

  /// Takes what has come, the newest first: so they are out of order whenever one is late.
  mutating func takeStatements(comingBy day: Day) async throws {
    for place in books.bank.due(day).reversed() { try await takeStatement(place) }
  }

  private mutating func takeStatement(_ place: Int) async throws {
    let (house, file) = (house, books.bank.file(place))
    let statement = books.bank.statements[place]
    let outcome = try await house.insist {
      try await house.statements.take(file.bytes, name: "\(file.number).xml", by: "olena")
    }
    guard case .taken(let taken) = outcome, let new = taken.first, taken.count == 1, new.isNew
    else {
      findings.append("statement \(file.number) on \(now): \(outcome)")
      return
    }
    let expected = books.take(statement: place)
    let found = Dictionary(uniqueKeysWithValues: new.lines.map { ($0.key.rawValue, $0.value) })
    if found != expected {
      findings.append("the lines of statement \(file.number) are \(found) instead of \(expected)")
    }
    count("statement")
    guard statement.isTwice else { return }
    let again = try await house.insist {
      try await house.statements.take(file.bytes, name: "again.xml", by: "olena")
    }
    if case .taken(let known) = again, known.count == 1, !known[0].isNew {
      count("statement twice")
    } else {
      findings.append("statement \(file.number) again is \(again)")
    }
  }

  /// A person looks at the lines of which nothing is known, and says what some of them are.
  mutating func matchLines() async throws {
    try await settle()
    let taken = books.bank.statements.filter(\.isTaken).flatMap(\.lines)
    for index in taken where books.bank.lines[index].subject == "unknown" {
      let line = books.bank.lines[index]
      if case .foreign = line.money {
        try await matchPair(index, taken)
        continue
      }
      // What is called by its name and was not matched is of another amount, or came before.
      guard line.text.isEmpty, books.bank.chance.chance(0.6),
        let money = books.match(line: index, today: today)
      else { continue }
      try await match(line, to: money.subject, money.number)
      count("line matched by hand")
    }
  }

  /// Money that came by mistake and went back: two lines that are nothing together.
  private mutating func matchPair(_ index: Int, _ taken: [Int]) async throws {
    let line = books.bank.lines[index]
    let other = taken.first {
      let other = books.bank.lines[$0]
      return other.money == line.money && other.minor == -line.minor && other.subject == "unknown"
    }
    guard let other, let number = try await self.number(of: books.bank.lines[other]) else { return }
    try await match(line, to: "line", number)
    books.bank.lines[index].subject = "line"
    books.bank.lines[other].subject = "line"
    count("pair of lines")
  }

  private mutating func match(
    _ line: PlainBank.Line, to subject: String, _ number: Int64?
  ) async throws {
    guard let id = try await self.number(of: line),
      let subject = StatementSubject(rawValue: subject)
    else {
      findings.append("\(line.reference) is not among the lines of which nothing is known")
      return
    }
    let house = house
    let outcome = try await ask {
      try await house.statements.match(id, to: subject, number, by: "olena")
    }
    _ = judge(outcome, "line to \(subject.rawValue)", isRight: true)
  }

  /// The number of a line, as `kvytok bank list --open` tells it.
  private func number(of line: PlainBank.Line) async throws -> Int64? {
    try await house.store.read { db in try await db.statements.lines(openOnly: true) }
      .first { $0.line.reference == line.reference }?.id
  }

  /// A desk hands in some of its cash.
  mutating func handInCash(_ percent: Int) {
    let minor = books.standing(.cash) * Int64(percent) / 100
    guard minor > 0 else { return }
    books.bank.move(.cash, minor, on: today, mayBeMissing: false)
    count("cash handed in")
  }
}
