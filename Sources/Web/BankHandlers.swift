import Basics
import Charging
import Clearing
import HTTPTypes
import Store

/// What the bank says of the accounts of the house.
extension Handlers {
  /// Answers what is about accounts, statements and their lines.
  func bankAnswer(_ request: WebRequest) async throws -> Answer {
    switch request.endpoint {
    case .bankAccounts: try await bankAccounts()
    case .bankAccountAdd: try await bankAccountAdd(request)
    case .bankStatements: try await bankStatements()
    case .bankStatementTake: try await bankStatementTake(request)
    case .bankLines: try await bankLines(request)
    case .bankLineMatch: try await bankLineMatch(request)
    default: throw Problem.unhandled
    }
  }

  private func bankAccounts() async throws -> Answer {
    let accounts = try await services.store.read { db in try await db.statements.accounts() }
    return .json { writer in
      writer.objects(accounts) { writer, account in
        writer.member("iban", account.iban)
        writer.member("currency", account.currency.code)
        writer.member("by", account.changedBy)
      }
    }
  }

  /// Writes down an account of the house; the answer is all of them.
  private func bankAccountAdd(_ request: WebRequest) async throws -> Answer {
    var (iban, currency): (String?, Currency?)
    try request.readObject { (reader: inout JSONReader, key: String) throws(JSONFault) in
      switch key {
      case "iban": iban = try reader.string()
      case "currency":
        currency = Currency(try reader.string())
        if currency == nil { throw reader.fault("is a currency of three capitals such as UAH") }
      default: return false
      }
      return true
    }
    let named = (try Self.required(iban, "iban"), try Self.required(currency, "currency"))
    try await answering {
      try await services.statements.addAccount(named.0, in: named.1, by: Self.label(request))
    }
    return try await bankAccounts()
  }

  /// Statements with what is open of them, the newest first.
  private func bankStatements() async throws -> Answer {
    let rows = try await services.store.read { db in
      try await db.statements.summaries(countMax: StatementTables.listMax)
    }
    return .json { writer in
      writer.objects(rows) { writer, row in
        let statement = row.statement
        writer.member("account", statement.iban)
        writer.member("statement", statement.number)
        writer.member("from", statement.openingDay.description)
        writer.member("to", statement.closingDay.description)
        writer.member("currency", statement.currency.code)
        writer.member("opening_minor", statement.openingMinor)
        writer.member("closing_minor", statement.closingMinor)
        writer.member("lines", row.lineCount)
        writer.member("open_lines", row.openCount)
        if let gap = row.gapMinor { writer.member("missing_before_minor", gap) }
        writer.member("by", statement.takenBy)
        writer.member("at", statement.takenAt.description)
      }
    }
  }

  /// Takes a file of statements; the body is the file as the bank gave it.
  private func bankStatementTake(_ request: WebRequest) async throws -> Answer {
    let outcome = try await answering {
      try await services.statements.take(
        request.body, name: request.queryText("name") ?? "upload.xml", by: Self.label(request))
    }
    switch outcome {
    case .refused(let why):
      throw Problem(
        .unprocessableContent, "statement_refused", "Nothing of the file was taken: \(why).")
    case .taken(let statements):
      return .json(statements.contains(where: \.isNew) ? .created : .ok) { writer in
        writer.objects(statements) { writer, statement in writer.taken(statement) }
      }
    }
  }

  /// Lines with what each is the money of, the newest first; with `open=true` those of which nothing is
  /// known.
  private func bankLines(_ request: WebRequest) async throws -> Answer {
    let isOpen = try request.queryFlag("open")
    let today = bankToday(request)
    let rows = try await services.store.read { db in
      try await db.statements.lines(openOnly: isOpen)
    }
    return .json { writer in
      writer.objects(rows) { writer, row in writer.line(row, today: today) }
    }.cut(("bank_line", rows.count >= StatementTables.listMax))
  }

  /// A person says what a line is of which nothing was known.
  private func bankLineMatch(_ request: WebRequest) async throws -> Answer {
    let id = try number(request)
    var (kind, subject): (String?, Int64?)
    try request.readObject { (reader: inout JSONReader, key: String) throws(JSONFault) in
      switch key {
      case "kind": kind = try reader.string()
      case "number": subject = try reader.int64()
      default: return false
      }
      return true
    }
    let row = try await match(
      id, try Self.required(kind, "kind"), subject, by: Self.label(request))
    let today = bankToday(request)
    return .json { writer in
      writer.beginObject()
      writer.line(row, today: today)
      writer.endObject()
    }
  }

  /// Matches a line to what a person says; the line as it is then.
  func match(
    _ id: Int64, _ kind: String, _ number: Int64?, by person: String
  ) async throws -> StatementLineRow {
    guard let subject = StatementSubject(rawValue: kind), subject != .unknown else {
      let known = StatementSubject.allCases.filter { $0 != .unknown }.map(\.rawValue)
      throw Problem(
        .badRequest, "malformed", "is one of: \(known.joined(separator: ", "))", pointer: "/kind")
    }
    try await answering {
      try await services.statements.match(id, to: subject, number, by: person)
    }
    let row = try await services.store.read { db in try await db.statements.line(id) }
    guard let row else { throw Problem.missing("statement line \(id)") }
    return row
  }

  /// The day by the city's clock, from which the age of a line is told.
  func bankToday(_ request: WebRequest) -> Day {
    services.city.current.clock.zone.local(request.receivedAt).day
  }
}

extension JSONWriter {
  fileprivate mutating func taken(_ statement: TakenStatement) {
    member("account", statement.iban)
    member("statement", statement.number)
    member("new", statement.isNew)
    key("lines")
    beginObject()
    for (subject, count) in statement.lines.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
      member(subject.rawValue, count)
    }
    endObject()
    member("missing", objects: statement.gaps) { writer, gap in
      writer.member("after", gap.after)
      writer.member("before", gap.before)
      writer.member("amount_minor", gap.minor)
    }
  }

  fileprivate mutating func line(_ row: StatementLineRow, today: Day) {
    member("line", row.id)
    member("account", row.iban)
    member("statement", row.statement)
    member("reference", row.line.reference)
    member("booked", row.line.bookedOn.description)
    member("age_days", today.number - row.line.bookedOn.number)
    member("amount_minor", row.line.minor)
    member("currency", row.currency.code)
    if let name = row.line.endToEndID { member("end_to_end", name) }
    if let other = row.line.counterparty { member("counterparty", other) }
    member("text", row.line.remittance)
    if let code = row.line.bankCode { member("bank_code", code) }
    member("kind", row.subject.rawValue)
    if let number = row.subjectID { member("number", number) }
    if let note = row.note { member("note", note) }
    if let person = row.matchedBy { member("by", person) }
  }
}
