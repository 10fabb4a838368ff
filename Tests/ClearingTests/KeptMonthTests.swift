import BankSupport
import Basics
import Charging
import Clearing
import Insight
import Ledger
import Store
import Tapping
import Testing
import Wallet

extension House {
  /// The reports that the service keeps of a month.
  var keeping: PeriodReporting { KeptReports(zone: city.current.clock.zone).make }

  /// Noon of a day by the clock of UTC.
  static func noon(_ day: String) throws -> Instant {
    try #require(Instant(iso8601: "\(day)T12:00:00Z"))
  }

  /// Closes a month with the reports that the service keeps; their bytes.
  func closeKept(_ month: String, on day: String) async throws -> [String: [UInt8]] {
    let closing = PeriodClosing(store: store, city: city.current, reporting: keeping)
    let outcome = try await closing.close(
      month, by: "olena", isOpenAllowed: true, at: House.noon(day))
    guard case .closed = outcome else {
      Issue.record("\(month) was not closed: \(outcome)")
      return [:]
    }
    return try await kept(month)
  }

  func kept(_ month: String) async throws -> [String: [UInt8]] {
    try await store.read { db in try await db.periods.reports(of: month) }
      .reduce(into: [:]) { $0[$1.report] = $1.content }
  }

  /// The proof that also makes the kept reports anew.
  func keptFindings() async throws -> [String] {
    try await LedgerAuditor(
      store: store, city: city.current, tokenKey: tokenKey, reporting: keeping
    ).run(.books).findings
  }

  /// A table of the reconciliation of a month as it is told now, without the currency.
  func told(_ table: String, of month: String) async throws -> [String] {
    let row = try #require(
      try await store.read { db in try await db.periods.list() }.first { $0.name == month })
    let report = try #require(
      try await InsightDesk(store: store, city: city).periodReport(
        .reconciliation, of: row, madeAt: House.noon))
    let rows = try #require(report.tables.first { $0.key == table }).rows
    return rows.map { $0.dropLast().map(\.plain).joined(separator: " ") }
  }
}

extension ClearingSuite {
  /// Statements go through the close of a month: what was kept of it stays whatever the bank says later,
  /// and what is late stands in the month that is open then.
  @Suite struct KeptMonths {
    private func day(_ text: String) throws -> Day { try #require(Day(text)) }

    private func file(
      _ number: String, opening: Int64, _ days: (String, String), currency: String = "UAH",
      _ entries: [(reference: String, minor: Int64, text: String, day: String)]
    ) throws -> StatementFile {
      var file = StatementFile(
        number, opening: opening, from: try day(days.0), to: try day(days.1),
        try entries.map { StatementFile.Entry($0.0, $0.1, on: try day($0.3), $0.2) })
      file.currency = currency
      return file
    }

    /// November until it is closed: a line that nobody knows, cash, and a payout that is booked twice.
    private func liveNovember(_ house: House) async throws {
      let euro = try #require(Currency("EUR"))
      for currency in [hryvnia, euro] {
        try await house.bank.addAccount(StatementFile.iban, in: currency, by: "olena")
      }
      try await house.topUp(house.register("anna"), 9700, key: "k1")
      let message = try await house.sendPayout()
      #expect(try await house.take(first()) == "1 cash, 2 unknown")
      let foreign = try file(
        "1", opening: 0, ("2026-11-23", "2026-11-23"), currency: "EUR",
        [("X1", 55, "?", "2026-11-23")])
      #expect(try await house.take(foreign) == "1 unknown")
      _ = try await house.payouts.confirm(message, isPaid: true, by: "olena")
    }

    private func first() throws -> StatementFile {
      try file(
        "1", opening: 0, ("2026-11-23", "2026-11-23"),
        [
          ("E1", 700, "?", "2026-11-23"), ("E2", 8000, "KVYTOK-CASH", "2026-11-23"),
          ("E3", -10_000, "tram", "2026-11-23"),
        ])
    }

    private func second() throws -> StatementFile {
      try file(
        "2", opening: -1300, ("2026-11-24", "2026-11-30"),
        [("E4", 900, "KVYTOK-CASH", "2026-11-25"), ("E5", 50, "?", "2026-11-30")])
    }

    /// What comes in December of November, by its name.
    private typealias LateStep = (name: String, run: @Sendable () async throws -> Void)

    /// Statements that come in December and tell of November.
    private func lateStatements(_ house: House) throws -> [LateStep] {
      let now = try House.noon("2026-12-05")
      let (first, second) = (try first(), try second())
      var other = second
      other.entries[0].minor += 1
      other.closingMinor += 1
      var mixed = try file(
        "3", opening: -350, ("2026-12-01", "2026-12-04"),
        [("E6", 10, "?", "2026-12-02"), ("E7", 20, "?", "2026-12-03")])
      mixed.entries[1].currency = "EUR"
      let before = try file(
        "0", opening: 20, ("2026-11-20", "2026-11-20"), [("E0", -20, "fee", "2026-11-20")])
      let euros = try file(
        "2", opening: 55, ("2026-11-29", "2026-11-29"), currency: "EUR",
        [("X2", 5, "?", "2026-11-29")])
      let (lateOther, lateMixed) = (other, mixed)
      return [
        (
          "a statement of the month, twice in a file",
          { () async throws -> Void in
            #expect(
              try await house.take(StatementFile.together([second, second]), at: now)
                == "1 cash, 1 unknown; known 2")
          }
        ),
        (
          "files that were taken",
          { () async throws -> Void in
            #expect(
              try await house.take(StatementFile.together([first, second]), at: now)
                == "known 1; known 2")
            #expect(try await house.take(lateOther, at: now).contains("says another thing"))
          }
        ),
        (
          "a line in another currency",
          { () async throws -> Void in
            #expect(try await house.take(lateMixed, at: now).contains("an amount in EUR"))
            #expect(try await house.take(euros, at: now) == "1 unknown")
          }
        ),
        (
          "a statement before the first",
          { () async throws -> Void in
            #expect(try await house.take(before, at: now) == "1 unknown")
          }
        ),
      ]
    }

    /// What people say in December of lines of November.
    private func lateChanges(_ house: House) throws -> [LateStep] {
      let now = try House.noon("2026-12-05")
      let late = StatementDesk(store: house.store, city: house.city, now: { now })
      return [
        (
          "matches of what was not known, and matches of what was",
          { () async throws -> Void in
            try await late.match(3, to: .payout, 1, by: "taras")
            try await late.match(1, to: .cash, nil, by: "taras")
            for line in [Int64(1), 2, 3] {
              await #expect(throws: MoneyRefusal.self) {
                try await late.match(line, to: .cash, nil, by: "olena")
              }
            }
          }
        ),
        (
          "a correction by two people",
          { () async throws -> Void in
            let adjusting = Adjusting(store: house.store, city: house.city)
            _ = try await adjusting.request(
              [
                Posting(.debit, account: "1110", minor: 900),
                Posting(.credit, account: "1100", minor: 900),
              ], currency: hryvnia, fareDay: Day("2026-11-25"), reason: "it was no cash",
              by: "olena", at: now)
            _ = try await adjusting.decide(1, isApproved: true, by: "petro", at: now)
          }
        ),
        (
          "riders who are erased",
          { () async throws -> Void in
            try await house.script(
              "update statement_line set remittance = '', counterparty = null, end_to_end = null")
          }
        ),
      ]
    }

    private static let lateOfNovember = [
      "line 2026-11 2026-11-20 E0 unknown -20", "match 2026-11 2026-11-23 E1 cash 700",
      "match 2026-11 2026-11-23 E3 payout -10000", "line 2026-11 2026-11-25 E4 cash 900",
      "line 2026-11 2026-11-29 X2 unknown 5", "line 2026-11 2026-11-30 E5 unknown 50",
    ]

    @Test func whatComesLaterChangesNoKeptReportAndStandsInTheOpenMonth() async throws {
      try await House.with { house in
        try await liveNovember(house)
        let november = try await house.closeKept("2026-11", on: "2026-12-01")
        #expect(november["reconciliation"] != nil && november.count > 5)
        let bank = try await house.told("bank", of: "2026-11")
        #expect(bank.contains("balance of the statement  -1300"), "\(bank)")
        #expect(bank.contains("difference  -10000") && bank.contains("unexplained  0"))
        #expect(bank.contains("not known 2 -9300"))
        for step in try lateStatements(house) + lateChanges(house) {
          try await step.run()
          #expect(try await house.kept("2026-11") == november, "\(step.name)")
          #expect(try await house.keptFindings() == [], "\(step.name)")
          #expect(try await house.told("bank", of: "2026-11") == bank, "\(step.name)")
        }
        // Each late entry names its day.
        #expect(
          try await house.texts(
            """
            select accounting_date || ' ' || right(description, 13) from entry
            where description like 'Statement % of %' order by entry_id
            """) == [
              "2026-12-01 of 2026-11-25", "2026-12-01 of 2026-11-30", "2026-12-01 of 2026-11-29",
              "2026-12-01 of 2026-11-20",
            ])
        #expect(try await house.told("bank_late", of: "2026-11") == [])
        #expect(try await house.told("bank_late", of: "2026-12") == Self.lateOfNovember)
        try await closeDecember(house, november)
      }
    }

    /// A program of before kept other tables and rows; its month stays proven, and the next one is closed.
    @Test func aMonthThatAnEarlierProgramClosedHoldsAndSoDoesTheNext() async throws {
      try await House.with { house in
        try await liveNovember(house)
        let now = house.keeping
        let before: PeriodReporting = { period, db in
          try await now(period, db).map { row in
            let content = row.earlier.last ?? row.content
            return PeriodReportRow(
              report: row.report, content: content, digest: SHA256Digest.hash(content))
          }
        }
        let closing = PeriodClosing(store: house.store, city: house.city.current, reporting: before)
        let outcome = try await closing.close(
          "2026-11", by: "olena", isOpenAllowed: true, at: House.noon("2026-12-01"))
        guard case .closed = outcome else {
          Issue.record("not closed: \(outcome)")
          return
        }
        let kept = try await house.kept("2026-11")
        #expect(
          !String(decoding: kept["daily"] ?? [], as: UTF8.self).contains("operator_categories"))
        #expect(try await house.keptFindings() == [])
        // All formats show what was kept, and not what this program would make of it.
        #expect(
          kept["reconciliation"].map {
            String(decoding: $0, as: UTF8.self).contains("bank_remainders")
          }
            == false)
        let row = try #require(
          try await house.store.read { db in try await db.periods.list() }.first)
        let report = try #require(
          try await InsightDesk(store: house.store, city: house.city).periodReport(
            .reconciliation, of: row, madeAt: House.noon))
        #expect(report.tables.map(\.key) == ["ladder", "operators"])
        #expect(report.json == kept["reconciliation"])
        _ = try await house.closeKept("2026-12", on: "2027-01-03")
        #expect(try await house.keptFindings() == [])
      }
    }

    private func closeDecember(_ house: House, _ november: [String: [UInt8]]) async throws {
      let open = try await house.told("bank", of: "2026-12")
      #expect(open.contains("unexplained  0"))
      let december = try await house.closeKept("2026-12", on: "2027-01-03")
      #expect(try await house.told("bank_late", of: "2026-12") == Self.lateOfNovember)
      #expect(try await house.told("bank", of: "2026-12") == open)
      let now = try House.noon("2027-01-05")
      let late = StatementDesk(store: house.store, city: house.city, now: { now })
      let third = try file(
        "3", opening: -350, ("2026-12-01", "2026-12-31"), [("E6", 10, "?", "2026-12-02")])
      #expect(try await house.take(third, at: now) == "1 unknown")
      let line = try await house.number(
        "select line_id from statement_line where reference = 'E0'")
      try await late.match(line, to: .fee, nil, by: "taras")
      #expect(
        try await house.told("bank_late", of: "2027-01") == [
          "match 2026-11 2026-11-20 E0 fee -20", "line 2026-12 2026-12-02 E6 unknown 10",
        ])
      #expect(try await house.kept("2026-11") == november)
      #expect(try await house.kept("2026-12") == december)
      #expect(try await house.keptFindings() == [])
    }
  }
}
