import Basics
import Charging
import Clearing
import HTTPTypes
import Store

/// The page of the bank: lines of which nothing is known, what a person says of one, and the statements.
extension Handlers {
  /// Most lines, and statements, on the page.
  private static let linesShownMax = 200
  private static let statementsShownMax = 60

  private struct Model {
    let line: LineModel?
    let open: Listing<LineRow>?
    let openNote: String?
    let statements: Listing<StatementRowModel>?
    /// A larger file is not sent.
    let bytesMax: String
  }

  private struct LineRow {
    let number: Int64
    let isoDay: String
    let day: String
    let age: String
    let account: String
    let amount: String
    let text: String
    let isCurrent: Bool
  }

  private struct LineModel {
    let number: Int64
    let heading: String
    let facts: [Fact]
    /// What it is already; nil where that can be said.
    let known: String?
    let kinds: [Choice]
  }

  private struct StatementRowModel {
    let number: String
    let account: String
    let days: String
    let opening: String
    let closing: String
    let lines: String
    let open: String
    let missing: String
    let isMissing: Bool
    let taken: String
  }

  func bankPage(_ request: WebRequest) async throws -> Answer {
    let people = self.people(request)
    let today = bankToday(request)
    let number = try request.queryInt("line", in: 1...Int.max).map(Int64.init)
    let (row, open, statements) = try await services.store.read { db in
      var row: StatementLineRow?
      if let number { row = try await db.statements.line(number) }
      return (
        row, try await db.statements.lines(openOnly: true, countMax: Self.linesShownMax),
        try await db.statements.summaries(countMax: Self.statementsShownMax)
      )
    }
    if let number, row == nil { throw Problem.missing("statement line \(number)") }
    let model = Model(
      line: row.map { Self.line($0, people) },
      open: Listing(open) { row in
        LineRow(
          number: row.id, isoDay: row.line.bookedOn.description,
          day: people.day(row.line.bookedOn),
          age: people.number(today.number - row.line.bookedOn.number),
          account: Self.grouped(row.iban), amount: people.money(row.line.minor, row.currency),
          text: Self.text(row, people), isCurrent: row.id == number)
      },
      openNote: open.count < Self.linesShownMax
        ? nil : "\(people.text("bank_open_first")) \(Self.linesShownMax)",
      statements: Listing(statements) { Self.row($0, people) },
      bytesMax: String(BankStatement.bytesMax))
    let frame = PageFrame(request, titleName: "bank_title", people: people)
    return pages.page("bank", frame: frame, language: request.language, model)
  }

  /// An account as people read it, in groups of four.
  static func grouped(_ iban: String) -> String {
    var text = ""
    for (index, letter) in iban.enumerated() {
      if index > 0, index.isMultiple(of: 4) { text.append("\u{00A0}") }
      text.append(letter)
    }
    return text
  }

  /// Who, and what for.
  private static func text(_ row: StatementLineRow, _ people: People) -> String {
    [row.line.counterparty, row.line.remittance, row.note.map(people.told)].compactMap { $0 }
      .filter { !$0.isEmpty }.joined(separator: "; ")
  }

  private static func line(_ row: StatementLineRow, _ people: People) -> LineModel {
    let facts =
      [
        ("bank_account", grouped(row.iban)), ("bank_statement", row.statement),
        ("bank_reference", row.line.reference), ("bank_end_to_end", row.line.endToEndID),
        ("bank_counterparty", row.line.counterparty), ("bank_text", row.line.remittance),
        ("bank_code", row.line.bankCode.map(code)),
        ("bank_note", row.note.map(people.told)),
      ] as [(String, String?)]
    return LineModel(
      number: row.id,
      heading: "№ \(row.id), \(people.day(row.line.bookedOn)), "
        + people.money(row.line.minor, row.currency),
      facts: facts.compactMap { name, value in
        guard let value, !value.isEmpty else { return nil }
        return Fact(name: people.text(name), value: value)
      }, known: known(row, people),
      kinds: kinds(of: row.line).map {
        Choice(
          value: $0.rawValue, label: people.text("bank_kind_\($0.rawValue)"), isSelected: false)
      })
  }

  /// The bank's own word stands alone.
  private static func code(_ code: String) -> String {
    guard code.hasPrefix(StatementLine.ownCode) else { return code }
    return String(code.dropFirst(StatementLine.ownCode.count))
  }

  private static func known(_ row: StatementLineRow, _ people: People) -> String? {
    guard row.subject != .unknown else { return nil }
    let number = row.subjectID.map { " \($0)" } ?? ""
    let person = row.matchedBy.map { ", \(people.text("bank_by")) \($0)" } ?? ""
    return people.text("bank_kind_\(row.subject.rawValue)") + number + person
  }

  /// What a line of its side may be the money of.
  private static func kinds(of line: StatementLine) -> [StatementSubject] {
    line.minor > 0
      ? [.claim, .cash, .funding, .receipt, .sale, .debt, .payoutReturn, .line, .adjustment]
      : [.payout, .fee, .transfer, .productTransfer, .refund, .claim, .funding, .line, .adjustment]
  }

  private static func row(_ summary: StatementSummary, _ people: People) -> StatementRowModel {
    let statement = summary.statement
    let gap = summary.gapMinor ?? 0
    return StatementRowModel(
      number: statement.number, account: grouped(statement.iban),
      days: statement.openingDay == statement.closingDay
        ? people.day(statement.closingDay)
        : "\(people.day(statement.openingDay)) – \(people.day(statement.closingDay))",
      opening: people.money(statement.openingMinor, statement.currency),
      closing: people.money(statement.closingMinor, statement.currency),
      lines: people.number(summary.lineCount), open: people.number(summary.openCount),
      missing: gap == 0 ? "–" : people.money(gap, statement.currency), isMissing: gap != 0,
      taken: "\(statement.takenBy), \(people.moment(statement.takenAt))")
  }

  /// Says what a line is, as the form of the page asks.
  func bankAct(_ request: WebRequest) async throws -> Answer {
    let (fields, grant) = try await fieldsOfAct(request, like: .bankLineMatch)
    guard let line = fields["line"].flatMap({ Int64($0) }), line > 0, let kind = fields["kind"]
    else {
      throw Problem(.badRequest, "bad_form", "The form needs a line and what it is the money of.")
    }
    let text = fields["number"]?.trimmed ?? ""
    let number = Int64(text)
    guard text.isEmpty || number ?? 0 > 0 else {
      throw Problem(.badRequest, "bad_form", "A number is written in digits.")
    }
    _ = try await match(line, kind, number, by: grant.label)
    return Answer.redirect(to: "\(Endpoint.bankPage.path)?line=\(line)")
  }
}
