import BankSupport
import Basics
import Charging
import Clearing
import Ledger
import Postgres
import Store
import Testing
import Wallet

extension House {
  var bank: StatementDesk { StatementDesk(store: store, city: city, now: { House.noon }) }
  var payouts: PayoutDesk { PayoutDesk(store: store, city: city, now: { House.noon }) }
  /// The same in the first moment of the next day in the city, for only a day that is over is paid.
  var payoutsAfter: PayoutDesk {
    PayoutDesk(store: store, city: city, now: { House.noon.adding(seconds: 12 * 3600) })
  }

  /// Takes a statement, or says why not.
  func take(_ file: StatementFile, at now: Instant = House.noon) async throws -> String {
    try await take(file.bytes, at: now)
  }

  /// Takes a file of statements, or says why not.
  func take(_ bytes: [UInt8], at now: Instant = House.noon) async throws -> String {
    let desk = StatementDesk(store: store, city: city, now: { now })
    return switch try await desk.take(bytes, name: "statement.xml", by: "olena") {
    case .refused(let why): "refused: \(why)"
    case .taken(let statements): statements.map(Self.takenWords).joined(separator: "; ")
    }
  }

  private static func takenWords(_ taken: TakenStatement) -> String {
    guard taken.isNew else { return "known \(taken.number)" }
    let lines = taken.lines.sorted { $0.key.rawValue < $1.key.rawValue }
      .map { "\($0.value) \($0.key.rawValue)" }
    return (lines + taken.gaps.map { "\($0.minor) between \($0.after) and \($0.before)" })
      .joined(separator: ", ")
  }

  /// Books an entry of the tests.
  func book(_ kind: EntryKind, _ debit: Posting, _ credit: Posting) async throws {
    let today = city.current.clock.zone.local(House.noon).day
    try await store.write { db in
      try await db.books.add(
        [
          try Entry(
            kind: kind, accountingDate: today, currency: hryvnia, memo: "test",
            postings: [debit, credit])
        ], at: House.noon)
    }
  }

  /// A payout of 100.00 to the tram, given to the bank; the payment file's name.
  func sendPayout() async throws -> String {
    try await book(
      .correction, Posting(.debit, account: "2190", minor: 10_000),
      Posting(.credit, account: "2100", operatorID: "tram", minor: 10_000))
    try await payouts.setAccount(
      BankAccount(name: "Tram", iban: "UA903052992990004149123456789", bic: nil), of: "tram",
      by: "olena")
    let today = city.current.clock.zone.local(House.noon).day
    let order = try #require(
      try await payoutsAfter.propose(through: today, by: "olena").orders.first)
    _ = try await payouts.decide(order.id, isApproved: true, by: "taras")
    return try #require(
      try await payouts.makeFile(
        currency: hryvnia, from: BankAccount(name: "Kvytok", iban: StatementFile.iban, bic: nil),
        executionDay: today, by: "taras")
    ).messageID
  }

  /// What lines are, in order.
  func statementLines() async throws -> [String] {
    try await texts(
      """
      select concat_ws(' ', reference, minor, subject, subject_id, matched_by) from statement_line
      order by line_id
      """)
  }

  /// The table of the reconciliation that compares 1100 and the bank at the end of a day.
  func bankSteps(_ day: Day) async throws -> [String: Int64] {
    let question = ReportQuestion(days: day...day, zone: city.current.clock.zone)
    let rows = try await store.read { db in
      try await db.reports.rows(
        .bank, question, figures: [("bank_step", .text), ("amount_minor", .money)])
    }
    var steps: [String: Int64] = [:]
    for row in rows {
      guard case .text(let step) = row[0], case .money(let minor, _) = row[1] else { continue }
      steps[step] = minor
    }
    return steps
  }

  /// What makes the difference, one by one.
  func bankRemainders(
    _ day: Day, to last: Day? = nil, madeAt moment: Instant? = nil
  ) async throws -> [String] {
    let question = ReportQuestion(
      days: day...(last ?? day), zone: city.current.clock.zone, madeAt: moment)
    return try await store.read { db in
      try await db.reports.rows(
        .bankRemainders, question,
        figures: [
          ("bank_why", .text), ("bank_reference", .text), ("bank_age", .count),
          ("explains_minor", .money),
        ])
    }.map { row in
      row.map { figure in
        switch figure {
        case .text(let text): text
        case .count(let count): String(count)
        case .money(let minor, _): String(minor)
        default: "–"
        }
      }.joined(separator: " ")
    }
  }
}

extension ClearingSuite {
  @Suite struct Statements {
    private let today: Day

    init() throws { today = try #require(Day("2026-11-23")) }

    private func file(_ entries: [(String, Int64, String)]) -> StatementFile {
      file("1", entries)
    }

    private func file(
      _ number: String, opening: Int64 = 0, on day: Day? = nil,
      _ entries: [(String, Int64, String)]
    ) -> StatementFile {
      let day = day ?? today
      return StatementFile(
        number, opening: opening, from: day, to: day,
        entries.map { StatementFile.Entry($0.0, $0.1, on: day, $0.2) })
    }

    private func withAccount(_ body: @Sendable (House) async throws -> Void) async throws {
      try await House.with { house in
        try await house.bank.addAccount(StatementFile.iban, in: hryvnia, by: "olena")
        try await body(house)
        try await house.expectSound()
      }
    }

    @Test func theBankPaysAPayoutAndNobodyNeedsToConfirmIt() async throws {
      try await withAccount { house in
        let message = try await house.sendPayout()
        let file = StatementFile(
          "1", opening: 10_000, from: today, to: today,
          [StatementFile.Entry("E1", -10_000, on: today, endToEndID: "KVYTOK-P1", "Fares")])
        #expect(try await house.take(file) == "1 payout")
        #expect(try await house.accounts() == ["1100": -10_000, "2190": -10_000])
        #expect(try await house.texts("select state from payout") == ["paid"])
        #expect(
          try await house.texts("select description from entry order by entry_id desc limit 1")
            == ["Statement 1, E1: payout 1"])
        await #expect(throws: MoneyRefusal.self) {
          _ = try await house.payouts.confirm(message, isPaid: true, by: "olena")
        }
        // The very file, and the same statement written another way.
        #expect(try await house.take(file) == "known 1")
        var other = file
        other.version = "02"
        #expect(try await house.take(other) == "known 1")
        #expect(try await house.number("select count(*) from statement_line") == 1)
        // The bank brings it back the next day... of which the books hear on the same.
        #expect(
          try await house.take(self.file("2", [("E2", 10_000, "return of KVYTOK-P1")]))
            == "1 payout_return")
        #expect(try await house.accounts() == ["2190": -10_000, "2100": 10_000])
        #expect(try await house.texts("select state from payout") == ["returned"])
        #expect(try await house.payoutsAfter.propose(through: today, by: "olena").orders.count == 1)
      }
    }

    @Test func whatCameAndWentUnknownHoldsTheMonthThoughItComesToNothing() async throws {
      try await withAccount { house in
        #expect(
          try await house.take(file([("E1", 500_000, "?"), ("E2", -500_000, "?")])) == "2 unknown")
        #expect(try await house.accounts() == [:])
        guard case .open(let items) = try await house.close(isOpenAllowed: false) else {
          Issue.record("November was closed over 5,000.00 of which nothing is known")
          return
        }
        #expect(
          items == [
            OpenItem(kind: .unmatchedPayments, count: 500_000, currency: "UAH"),
            OpenItem(kind: .unmatchedReceipts, count: 500_000, currency: "UAH"),
          ])
        // A person who found out that the two are one thing closes both.
        try await house.bank.match(1, to: .line, 2, by: "olena")
        guard case .closed(_, let left) = try await house.close(isOpenAllowed: false) else {
          Issue.record("November was not closed")
          return
        }
        #expect(left == [])
      }
    }

    @Test func whatAPersonConfirmedBeforeIsMatchedAndNotBookedTwice() async throws {
      try await withAccount { house in
        let message = try await house.sendPayout()
        _ = try await house.payouts.confirm(message, isPaid: true, by: "olena")
        let before = try await house.accounts()
        #expect(try await house.take(file([("E1", -10_000, "KVYTOK-P1")])) == "1 payout")
        #expect(try await house.accounts() == before)
        #expect(try await house.bankRemainders(today) == [])
        #expect(try await house.bankSteps(today)["unexplained"] == 0)
        // A second line is not its money too.
        #expect(
          try await house.take(file("2", opening: -10_000, [("E2", -10_000, "KVYTOK-P1")]))
            == "1 unknown")
        #expect(
          try await house.texts("select note from statement_line where subject = 'unknown'")
            == ["payout 1 is the money of statement line 1"])
      }
    }

    @Test func theCityPaysAClaimAndTheCarriersAreNamed() async throws {
      try await withAccount { house in
        try await house.script(
          """
          insert into subsidy_claim (first_day, last_day, currency, state, created_by, created_at)
          values ('2026-11-01', '2026-11-22', 'UAH', 'approved', 'olena', '2026-11-22Z');
          insert into subsidy_line values (1, 'bus', 'pupil', -1, -200), (1, 'tram', 'pupil', 3, 600);
          """)
        try await house.book(
          .concession, Posting(.debit, account: "1300", operatorID: "tram", minor: 600),
          Posting(.credit, account: "2100", operatorID: "tram", minor: 600))
        try await house.book(
          .concession, Posting(.debit, account: "2100", operatorID: "bus", minor: 200),
          Posting(.credit, account: "1300", operatorID: "bus", minor: 200))
        #expect(try await house.take(file([("E1", 400, "Компенсація KVYTOK-C1")])) == "1 claim")
        #expect(
          try await house.owed() == ["1100  -400", "2100 bus -200", "2100 tram 600"])
        #expect(try await house.texts("select state from subsidy_claim") == ["paid"])
        let subsidies = SubsidyDesk(store: house.store, city: house.city, now: { House.noon })
        await #expect(throws: MoneyRefusal.self) { try await subsidies.confirm(1, by: "olena") }
      }
    }

    @Test func cashAndTransfersAreBookedAndWhatADeskWroteDownIsMatched() async throws {
      try await withAccount { house in
        let anna = try await house.register("anna")
        try await house.topUp(anna, 9000, key: "k1")
        var order = house.cash(2500, key: "k2")
        (order.channel, order.reference) = (.bank, "INV-7")
        _ = try await house.wallets.topUp(order, to: anna, by: desk)
        (order.minor, order.key, order.reference) = (1000, "k3", "OUT-1")
        _ = try await house.wallets.refund(order, to: anna, by: desk)
        #expect(
          try await house.accounts() == ["1100": 2500, "1110": 9000, "2200": 10_500, "2220": 1000])
        #expect(
          try await house.take(
            file([
              ("E1", 8000, "інкасація KVYTOK-CASH"), ("E2", 2500, "поповнення INV-7"),
              ("E3", -1000, "refund OUT-1"), ("E4", 2000, "KVYTOK-CASH"),
            ])) == "1 cash, 1 receipt, 1 transfer, 1 unknown")
        // 80.00 of 90.00 were handed in; 20.00 more are not in the desks' books.
        #expect(
          try await house.accounts() == [
            "1100": 11_500, "1110": 1000, "2200": 10_500, "2290": 2000,
          ])
        let steps = try await house.bankSteps(today)
        #expect(steps["difference"] == 0 && steps["unexplained"] == 0 && steps["not known"] == 2000)
        #expect(
          try await house.statementLines() == [
            "E1 8000 cash", "E2 2500 receipt 2", "E3 -1000 transfer 3", "E4 2000 unknown",
          ])
      }
    }

    @Test func aPersonSaysWhatALineIsAndNobodyBooksFreely() async throws {
      try await withAccount { house in
        let message = try await house.sendPayout()
        #expect(
          try await house.take(
            file([
              ("E1", -10_000, "tram, no name"), ("E2", 700, "?"), ("E3", -700, "sent back"),
              ("E4", -30, "bank fee"), ("E5", 500, "desk 3"),
            ])) == "5 unknown")
        #expect(try await house.accounts()["2290"] == -9530)
        func refused(_ line: Int64, _ kind: StatementSubject, _ number: Int64?) async {
          await #expect(throws: MoneyRefusal.self) {
            try await house.bank.match(line, to: kind, number, by: "olena")
          }
        }
        await refused(2, .payoutReturn, 1)
        await refused(1, .payout, 2)
        await refused(1, .payout, nil)
        await refused(1, .unknown, nil)
        await refused(4, .payout, 1)
        await refused(5, .cash, nil)
        // A fee goes out, and is of a size that one person may book.
        await refused(5, .fee, nil)
        await refused(2, .line, 5)
        await refused(2, .line, 2)
        await refused(9, .cash, nil)
        try await house.bank.match(1, to: .payout, 1, by: "olena")
        #expect(try await house.texts("select state from payout") == ["paid"])
        try await house.bank.match(3, to: .line, 2, by: "olena")
        try await house.topUp(house.register("anna"), 600, key: "k1")
        try await house.bank.match(5, to: .cash, nil, by: "olena")
        // A fee is an expense: two people book it, and the line is closed by what they booked.
        await refused(4, .adjustment, 1)
        let adjusting = Adjusting(store: house.store, city: house.city)
        _ = try await adjusting.request(
          [
            Posting(.debit, account: "7100", minor: 30),
            Posting(.credit, account: "2290", minor: 30),
          ], currency: hryvnia, reason: "bank fee", by: "olena", at: House.noon)
        await refused(4, .adjustment, 1)
        _ = try await adjusting.decide(1, isApproved: true, by: "taras", at: House.noon)
        try await house.bank.match(4, to: .adjustment, 1, by: "olena")
        #expect(
          try await house.statementLines() == [
            "E1 -10000 payout 1 olena", "E2 700 line 3 olena", "E3 -700 line 2 olena",
            "E4 -30 adjustment 1 olena", "E5 500 cash olena",
          ])
        #expect(
          try await house.accounts() == [
            "1100": -9530, "1110": 100, "2190": -10_000, "2200": 600, "7100": 30,
          ])
        #expect(try await house.bankSteps(today)["difference"] == 0)
        #expect(try await house.store.read { try await $0.statements.lines(openOnly: true) } == [])
        await refused(1, .payout, 1)
        await #expect(throws: MoneyRefusal.self) {
          _ = try await house.payouts.confirm(message, isPaid: true, by: "olena")
        }
      }
    }

    @Test func aLineThatWaitedIsTakenBackFrom1100WhereItWasBookedBefore() async throws {
      try await withAccount { house in
        let message = try await house.sendPayout()
        #expect(try await house.take(file([("E1", -10_000, "tram")])) == "1 unknown")
        _ = try await house.payouts.confirm(message, isPaid: true, by: "olena")
        // The books have it twice, and say so.
        #expect(try await house.accounts()["1100"] == -20_000)
        #expect(try await house.bankRemainders(today).first == "books only entry 4 0 -10000")
        // A week that is over is seven days older at its end; one that lasts ages by the day of the report.
        let end = today.adding(days: 7)
        #expect(
          try await house.bankRemainders(today, to: end).first == "books only entry 4 7 -10000")
        #expect(
          try await house.bankRemainders(today, to: end, madeAt: House.noon).first
            == "books only entry 4 0 -10000")
        try await house.bank.match(1, to: .payout, 1, by: "taras")
        #expect(try await house.accounts() == ["1100": -10_000, "2190": -10_000])
        #expect(try await house.bankRemainders(today) == [])
      }
    }

    @Test func whatIsNotOursIsRefusedAndLeavesNothing() async throws {
      try await House.with { house in
        let good = file([("E1", 100, "x")])
        func expectRefused(_ file: StatementFile, _ words: String) async throws {
          let outcome = try await house.take(file)
          #expect(outcome.hasPrefix("refused: ") && outcome.contains(words), "\(outcome)")
        }
        try await expectRefused(good, "no account in UAH is known")
        await #expect(throws: MoneyRefusal.self) {
          try await house.bank.addAccount("UA213223130000026007233566002", in: hryvnia, by: "o")
        }
        try await house.bank.addAccount("DE89370400440532013000", in: hryvnia, by: "olena")
        try await house.bank.addAccount(StatementFile.iban, in: hryvnia, by: "olena")
        // One that was written down by mistake goes, while no statement of it was taken.
        try await house.bank.removeAccount("DE89370400440532013000", in: hryvnia)
        await #expect(throws: MoneyRefusal.self) {
          try await house.bank.removeAccount("DE89370400440532013000", in: hryvnia)
        }
        var other = good
        other.iban = "DE89370400440532013000"
        try await expectRefused(other, "in UAH the house has \(StatementFile.iban)")
        other = good
        other.currency = "EUR"
        try await expectRefused(other, "no account in EUR is known")
        other = good
        other.closingMinor += 1
        try await expectRefused(other, "come to")
        other = good
        other.closingDay = today.adding(days: 1)
        try await expectRefused(other, "is not over")
        other = good
        other.entries[0].currency = "EUR"
        try await expectRefused(other, "an amount in EUR")
        #expect(try await house.number("select count(*) from statement_line") == 0)
        #expect(try await house.number("select count(*) from entry") == 0)
        #expect(try await house.take(good) == "1 unknown")
        try await expectRefused(file([("E1", 200, "x")]), "says another thing")
        try await expectRefused(file("2", [("E1", 100, "x")]), "stands in statement 1 already")
        await #expect(throws: MoneyRefusal.self) {
          try await house.bank.removeAccount(StatementFile.iban, in: hryvnia)
        }
        #expect(try await house.number("select count(*) from bank_statement") == 1)
        #expect(try await house.number("select count(*) from entry") == 1)
        try await house.expectSound()
      }
    }

    @Test func aMissingStatementIsNamedUntilItComes() async throws {
      try await withAccount { house in
        let days = (-3...0).map { today.adding(days: $0) }
        #expect(
          try await house.take(file("a", opening: 50, on: days[0], [("E1", 100, "")]))
            == "1 unknown")
        #expect(
          try await house.take(file("c", opening: 450, on: days[2], [("E3", 5, "")]))
            == "1 unknown, 300 between a and c")
        #expect(
          try await house.bankRemainders(today).filter { !$0.hasPrefix("not known") } == [
            "missing statement c 1 -300", "opening balance a 3 -50",
          ])
        var steps = try await house.bankSteps(today)
        #expect(steps["difference"] == -350 && steps["unexplained"] == 0)
        #expect(
          try await house.take(file("b", opening: 150, on: days[1], [("E2", 300, "")]))
            == "1 unknown")
        steps = try await house.bankSteps(today)
        #expect(steps["difference"] == -50 && steps["unexplained"] == 0)
        // Lines count on the bank's day.
        #expect(try await house.bankSteps(days[1])["balance of the books"] == 400)
        #expect(try await house.bankSteps(days[1])["balance of the statement"] == 450)
      }
    }

    @Test func aLineOfAClosedMonthIsBookedInTheOpenOneAndNamesItsDay() async throws {
      try await withAccount { house in
        guard case .closed = try await house.close() else {
          Issue.record("November was not closed")
          return
        }
        let december = StatementDesk(
          store: house.store, city: house.city, now: { House.december })
        _ = try await december.take(
          file([("E1", 100, "x")]).bytes, name: "x", by: "olena")
        #expect(
          try await house.texts(
            "select concat_ws('|', accounting_date, description) from entry order by 1 desc limit 1"
          )
            == ["2026-12-01|Statement 1, E1: unknown, of 2026-11-23"])
        #expect(
          try await house.bankRemainders(today) == ["not known E1 0 –", "statement only E1 0 -100"])
      }
    }
  }
}
