import AcquirerSupport
import Basics
import Charging
import Clearing
import Store

/// The reconciliation against what was planted: lines of the bank, what 1100 and the bank do not have
/// both, and what the acquirer says of top-ups and sales.
extension MoneyChecker {
  func bank() async throws -> [String] {
    let taken = books.bank.statements.filter(\.isTaken).flatMap { books.bank.lines[$0.lines] }
    var findings = compare(
      "a line of the bank",
      taken.map { "\($0.reference) \($0.day) \($0.minor) \($0.subject)" },
      try await house.texts(
        "select concat_ws(' ', reference, booked_on, minor, subject) from statement_line"))
    let today = house.city.current.clock.zone.local(house.clock.now).day
    // A day of before, too: statements that came late, and lines matched since, count as they stand.
    for last in [today, today.adding(days: -4), CityCalendar.day(12)] where last <= today {
      findings += compare(
        "a remainder at the bank on \(last)", books.bank.remainders(at: last),
        try await remainders(at: last))
      findings += try await difference(at: last)
    }
    let entries = books.bank.entries.reduce(0) { $0 + $1.minor }
    if entries != books.standing(.bank) {
      findings.append("the plain ledger has \(books.standing(.bank)), its bank \(entries)")
    }
    return findings
  }

  private func rows(
    _ query: ReportQuery, _ last: Day, _ figures: [(name: String, kind: ReportFigureKind)]
  ) async throws -> [[ReportFigure]] {
    let question = ReportQuestion(days: last...last, zone: house.city.current.clock.zone)
    return try await house.store.read { db in
      try await db.reports.rows(query, question, figures: figures)
    }
  }

  private func remainders(at last: Day) async throws -> [String] {
    try await rows(
      .bankRemainders, last,
      [
        ("bank_why", .text), ("bank_reference", .text), ("bank_day", .date),
        ("amount_minor", .money), ("explains_minor", .money),
      ]
    ).map { row in
      let words = row.map(Self.text)
      let what = words[1].hasPrefix("entry ") ? "entry" : words[1]
      return "\(words[0]), \(what) of \(words[2]): \(words[3]) explains \(words[4])"
    }
  }

  private func difference(at last: Day) async throws -> [String] {
    let steps = try await rows(
      .bank, last, [("bank_step", .text), ("amount_minor", .money)]
    ).map { $0.map(Self.text).joined(separator: " ") }
      .filter { $0.hasPrefix("difference") || $0.hasPrefix("unexplained") }
    let expected = books.bank.difference(at: last).map { ["difference \($0)", "unexplained 0"] }
    return compare("a difference of the bank on \(last)", expected ?? [], steps)
  }

  private static func text(_ figure: ReportFigure) -> String {
    switch figure {
    case .none: "–"
    case .text(let text): text
    case .count(let count): "\(count)"
    case .money(let minor, _): "\(minor)"
    case .date(let day): "\(day)"
    case .moment(let moment): "\(moment)"
    }
  }

  /// Each top-up, sale and refund by card, each line of the acquirer about one, and what it has not paid.
  func cardSales() async throws -> [String] {
    let names = Set(books.cardSales.map(\.reference))
    let rests = try await house.store.read { db in
      try await db.acquirerFiles.remainders(
        from: Day(number: 0), to: Day(number: 40_000), lagDay: Day(number: 40_000),
        countMax: 10_000)
    }
    .filter { names.contains($0.reference) || $0.reference.hasPrefix("X-") }
    .map { "\($0.category.rawValue) \($0.reference) \($0.minor)" }
    let open = books.cardSales.filter { $0.open > 0 }.map {
      "missing_there \($0.reference) \($0.open)"
    }
    return compare(
      "a card sale",
      books.cardSales.map {
        "\($0.reference) \($0.isRefund ? "refund" : "payment") \($0.minor) \($0.settled) \($0.declined)"
      },
      try await house.texts(
        """
        select concat_ws(' ', reference, kind, minor, settled_minor, coalesce(declined_minor, 0))
        from acquirer_sale
        """))
      + compare(
        "a remainder of the acquirer",
        books.saleLines.filter { !$0.hasPrefix("matched") } + open, rests)
  }

  /// What sharing moved between operators, by fare day.
  func shares() async throws -> [String] {
    var moved: [String: Int64] = [:]
    for rider in books.people.riders {
      for part in books.people.tariff.moved(books.people.rides(of: rider)) {
        moved["\(part.day) \(part.operatorID)", default: 0] += part.minor
      }
    }
    return compare(
      "a share", moved.filter { $0.value != 0 }.map { "\($0.key) \($0.value)" },
      try await house.texts(
        """
        select concat_ws(' ', e.fare_day, p.operator_id, sum(p.credit_minor - p.debit_minor))
        from entry e join posting p using (entry_id) where e.kind = 'apportionment'
        group by e.fare_day, p.operator_id having sum(p.credit_minor - p.debit_minor) <> 0
        """))
  }
}
