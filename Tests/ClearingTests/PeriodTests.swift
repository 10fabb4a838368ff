import AcquirerSupport
import Basics
import Clearing
import Ledger
import Postgres
import Store
import Tapping
import Testing
import Transit

extension House {
  /// The first of December, when November may be closed.
  static let december = Instant(seconds: 1_796_119_200)

  /// Closes November; reports are kept by a stand-in that reads the sums of the period.
  func closing() -> PeriodClosing {
    PeriodClosing(store: store, city: city.current, reporting: House.reporting)
  }

  /// Stands for the reports of the room above: the turnover of the period, as text.
  static let reporting: PeriodReporting = { row, db in
    guard let period = AccountingPeriod(row) else { return [] }
    let balance = try await db.periods.trialBalance(of: period)
    let content = balance.rows.map { row in
      "\(row.key.account) \(row.key.operatorID ?? "") \(row.sums.debitMinor) \(row.sums.creditMinor)"
    }
    let about = "\(row.name) \(row.openItems) \(row.closedAt.map { "\($0)" } ?? "")"
    let bytes = Array((content + [about]).joined(separator: "\n").utf8)
    return [
      PeriodReportRow(report: "turnover", content: bytes, digest: SHA256Digest.hash(bytes))
    ]
  }

  /// A worker whose clock stands in December.
  var decemberService: ClearingService {
    ClearingService(
      store: store, city: city, tokenKey: tokenKey, log: quiet, now: { House.december })
  }

  /// A statement as whoever owns the database could run it, with every trigger and key off.
  static func forging(_ statements: String) -> String {
    "begin; set local session_replication_role = replica; \(statements); commit"
  }

  func close(isOpenAllowed: Bool = true) async throws -> ClosingOutcome {
    try await closing().close(
      "2026-11", by: "olena", isOpenAllowed: isOpenAllowed, at: House.december)
  }

  func fullAudit(_ depth: AuditDepth = .books) async throws -> LedgerAudit {
    try await LedgerAuditor(
      store: store, city: city.current, tokenKey: tokenKey, reporting: House.reporting
    ).run(depth)
  }
}

extension ClearingSuite {
  @Suite struct PeriodTests {
    @Test func aFareOfNoOperatorThatWasGivenBackStillHoldsTheMonth() async throws {
      try await CardHouse.with { cards in
        try await cards.house.journal([try bankTap(1, "08:00")], receivedAt: cards.clock.now)
        try await cards.work()
        try await cards.nextDay()
        let order = try await cards.debts.proposeRefund(
          try await cards.window(), minor: 800, reason: "the bus broke down", by: "olena")
        _ = try await cards.debts.decide(order, isApproved: true, by: "taras")
        #expect(try await cards.house.accounts()["2190"] == nil)
        func open() async throws -> [OpenItem] {
          guard case .open(let items) = try await cards.house.close(isOpenAllowed: false) else {
            return []
          }
          return items
        }
        #expect(
          try await open() == [
            OpenItem(kind: .unknownOperator, count: 800, currency: "UAH"),
            OpenItem(kind: .unknownOperatorGiven, count: 800, currency: "UAH"),
          ])
        // Once somebody bears both, nothing is open.
        for (from, to) in [("2190", "2100"), ("2100", "2190")] {
          try await cards.house.book(
            .correction,
            Posting(.debit, account: from, operatorID: from == "2100" ? "bus" : nil, minor: 800),
            Posting(.credit, account: to, operatorID: to == "2100" ? "bus" : nil, minor: 800))
        }
        #expect(try await open() == [])
      }
    }

    @Test func aClosedMonthTakesNothingAndLateRidesGoToTheOpenOne() async throws {
      try await House.with { house in
        try await house.journal([try tap(1, "08:00"), try tap(2, "12:00", card: "bohdan")])
        try await house.service.drain()
        guard case .closed(let proof, let items) = try await house.close() else {
          Issue.record("November was not closed")
          return
        }
        // The routes of the test city are no operator's, which is told.
        #expect(items.map(\.kind) == [.unknownOperator])
        #expect(items.first?.count == 1600)
        #expect(proof.trees.first { $0.table == "ride" }?.leaves == 2)
        try await house.journal([try tap(3, "16:00", card: "bohdan")], receivedAt: House.december)
        try await house.decemberService.drain()
        let entries = try await house.texts(
          "select accounting_date || ' ' || fare_day from entry order by entry_id")
        #expect(
          entries == ["2026-11-23 2026-11-22", "2026-12-01 2026-11-22"]
            || entries.last == "2026-12-01 2026-11-22", "\(entries)")
        #expect(try await house.number("select sum(late_rides)::int8 from ride_sum") == 1)
        let audit = try await house.fullAudit(.taps)
        #expect(audit.isSound, "\(audit.findings)")
        #expect(audit.periods == 1 && audit.seals == audit.entries)
      }
    }

    @Test func theDatabaseRefusesWhatIsDatedInAClosedMonth() async throws {
      try await House.with { house in
        try await house.journal([try tap(1, "08:00")])
        try await house.service.drain()
        _ = try await house.close()
        for statement in [
          """
          insert into entry (accounting_date, currency, kind, description, digest, created_at)
          values ('2026-11-23', 'UAH', 'fares', '', '', now())
          """,
          """
          insert into clearing_run (lane, accounting_date, started_at, rider_days, taps,
            rides_added, rides_reversed) values (1, '2026-11-30', now(), 1, 1, 1, 0)
          """,
          """
          insert into posting (entry_id, line, account, debit_minor, credit_minor)
          select entry_id, 8 + n, '1200', n, 1 - n from entry, generate_series(0, 1) n limit 2
          """,
          "update ride_sum set charged_minor = charged_minor + 1", "delete from ride_sum",
          "update ride set charged_minor = 1", "delete from ride",
          "update accounting_period set state = 'open'", "delete from accounting_period",
          "update period_tree set leaves = 0", "delete from period_report",
          "delete from entry_seal",
        ] {
          await #expect(throws: (any Error).self, "\(statement)") {
            try await house.script(statement)
          }
        }
        #expect(try await house.fullAudit().isSound)
      }
    }

    @Test func whatIsOpenRefusesTheCloseAndIsKeptWhenItIsOrdered() async throws {
      try await House.with { house in
        try await house.journal([try tap(1, "08:00")])
        try await house.service.drain()
        try await house.journal([try tap(2, "09:00")])
        try await house.script(
          """
          insert into tap_quarantine values
            ('V-1', 1, 9, 'tap_in_future', '', '', '2026-11-23T10:00:00Z');
          insert into fare_day (lane, rider_id, fare_day, stale_since)
          values (1, gen_random_uuid(), '2026-11-20', now());
          """)
        guard case .open(let items) = try await house.close(isOpenAllowed: false) else {
          Issue.record("it should have been refused")
          return
        }
        #expect(
          Set(items.map(\.kind)) == [
            .quarantinedTaps, .unsortedBatches, .staleRiderDays, .unknownOperator,
          ])
        #expect(
          try await house.texts("select state from accounting_period where period = '2026-11'")
            == ["open"])
        guard case .closed = try await house.close() else {
          Issue.record("it should have been closed by order")
          return
        }
        let kept = try await house.texts("select open_items from accounting_period")
        #expect(kept.contains { $0.contains("quarantined_taps") && $0.contains("1600") == false })
        guard case .alreadyClosed = try await house.close() else {
          Issue.record("a closed period was closed again")
          return
        }
      }
    }

    /// Reports by name and content, as a program would make them.
    private static func reporting(_ contents: [String: String]) -> PeriodReporting {
      { _, _ in
        contents.sorted { $0.key < $1.key }.map { name, content in
          let bytes = Array(content.utf8)
          return PeriodReportRow(report: name, content: bytes, digest: SHA256Digest.hash(bytes))
        }
      }
    }

    /// A program that kept fewer reports closed the month: what has other figures now is no fault.
    @Test func reportsOfAnEarlierProgramAreComparedWhereTheyAreTheSame() async throws {
      try await House.with { house in
        try await house.journal([try tap(1, "08:00")])
        try await house.service.drain()
        var contents = [
          "operators": "1", "late-taps": "1", "subsidy": "1", "refunds": "1",
          "revenue-without-caps": "1", "trial-balance": "1",
        ]
        let outcome = try await PeriodClosing(
          store: house.store, city: house.city.current, reporting: Self.reporting(contents)
        ).close("2026-11", by: "olena", isOpenAllowed: true, at: House.december)
        guard case .closed = outcome else {
          Issue.record("\(outcome)")
          return
        }
        func findings() async throws -> [String] {
          try await LedgerAuditor(
            store: house.store, city: house.city.current, reporting: Self.reporting(contents)
          ).run(.books).findings
        }
        for name in ["daily", "reconciliation", "debts"] { contents[name] = "1" }
        (contents["subsidy"], contents["trial-balance"]) = ("2", "2")
        #expect(try await findings() == [])
        contents["operators"] = "2"
        #expect(
          try await findings() == ["period 2026-11: the report operators comes out otherwise now"])
        contents["operators"] = "1"
        try await house.script(
          House.forging("update period_report set content = '3' where report = 'subsidy'"))
        #expect(
          try await findings() == [
            "period 2026-11: the kept report subsidy was changed after it was made"
          ])
      }
    }

    @Test func aMonthThatIsNotOverOrNoMonthOrOutOfOrderIsRefused() async throws {
      try await House.with { house in
        try await house.journal([try tap(1, "08:00")])
        try await house.service.drain()
        for (name, now) in [
          ("2026-11", House.noon), ("2026-13", House.december), ("November", House.december),
          ("2026-12", House.december.adding(seconds: 40 * 86_400)),
        ] {
          let outcome = try await house.closing().close(
            name, by: "olena", isOpenAllowed: true, at: now)
          guard case .refused = outcome else {
            Issue.record("\(name) was not refused: \(outcome)")
            continue
          }
        }
      }
    }

    @Test func booksThatDoNotProveAreNotClosedAndOpenAgain() async throws {
      try await House.with { house in
        try await house.journal([try tap(1, "08:00")])
        try await house.service.drain()
        try await house.script(
          House.forging("update ride set charged_minor = 801"))
        guard case .unsound(let findings) = try await house.close() else {
          Issue.record("it should have been refused")
          return
        }
        #expect(findings.contains { $0.contains("its rides come to 801") })
        #expect(
          try await house.texts("select state from accounting_period") == ["open"])
      }
    }

    @Test func aRunThatBeganBeforeTheCloseIsInItOrBooksInTheNextMonth() async throws {
      try await House.with { house in
        try await house.journal([try tap(1, "08:00")])
        try await house.service.drain()
        let cards = (0..<12).map { "card-\($0)" }
        for (index, card) in cards.enumerated() {
          try await house.journal(
            [try tap(Int64(10 + index), "09:00", card: card)], device: "V-\(index % 9 + 1)")
        }
        // The worker's clock stands in November while November is being closed.
        async let rating: Void = house.service.drain()
        async let closing = house.close()
        _ = try await (rating, closing)
        try await house.service.drain()
        _ = try await house.close()
        #expect(try await house.number("select count(*) from ride") == 13)
        let states = try await house.texts(
          "select state from accounting_period where period = '2026-11'")
        #expect(states == ["closed"])
        let audit = try await house.fullAudit(.taps)
        #expect(audit.isSound, "\(audit.findings)")
      }
    }

    @Test func periodsAreChainedAndAnEntryIsShownToBeInItsOwn() async throws {
      try await House.with { house in
        try await house.journal([try tap(1, "08:00"), try tap(2, "08:00", card: "bohdan")])
        try await house.service.drain()
        guard case .closed(let first, _) = try await house.close() else { return }
        try await house.journal([try tap(3, "16:00", card: "bohdan")], receivedAt: House.december)
        try await house.decemberService.drain()
        let january = House.december.adding(seconds: 32 * 86_400)
        guard
          case .closed(let second, _) = try await house.closing().close(
            "2026-12", by: "olena", isOpenAllowed: true, at: january)
        else {
          Issue.record("December was not closed")
          return
        }
        #expect(second.previousRoot == first.root)
        let proving = ProvingEntries(store: house.store)
        let numbers = try await house.texts("select entry_id::text from entry order by entry_id")
        for number in numbers.compactMap(Int64.init) {
          guard case .proven(let inclusion) = try await proving.inclusion(of: number) else {
            Issue.record("entry \(number) is in no closed period")
            continue
          }
          #expect(inclusion.fault == nil)
          #expect([first.root, second.root].contains(inclusion.proof.root))
        }
        guard case .unknown = try await proving.inclusion(of: 99) else {
          Issue.record("entry 99 was found")
          return
        }
      }
    }
  }

  /// Corrections of the books by two people.
  @Suite struct AdjustingTests {
    private static func lines(_ minor: Int64) -> [Posting] {
      [
        Posting(.debit, account: AccountCode.riders, minor: minor),
        Posting(.credit, account: AccountCode.operators, operatorID: "north", minor: minor),
      ]
    }

    @Test func anotherPersonApprovesAndOnlyThenItIsBooked() async throws {
      try await House.with { house in
        let uah = try #require(Currency("UAH"))
        let adjusting = Adjusting(store: house.store, city: house.city)
        let asked = try await adjusting.request(
          Self.lines(150), currency: uah, reason: "a tap without a route", by: "Olena",
          at: House.noon)
        #expect(asked == .requested(1))
        #expect(try await house.number("select count(*) from entry") == 0)
        for same in ["Olena", "olena", " OLENA "] {
          let own = try await adjusting.decide(1, isApproved: true, by: same, at: House.noon)
          #expect(own == .ownRequest, "\(same)")
        }
        let booked = try await adjusting.decide(1, isApproved: true, by: "petro", at: House.noon)
        guard case .booked(_, let day) = booked else {
          Issue.record("it was not booked: \(booked)")
          return
        }
        #expect(day.description == "2026-11-23")
        #expect(
          try await adjusting.decide(1, isApproved: true, by: "ivan", at: House.noon)
            == .decided(.approved))
        let memo = try await house.texts("select description from entry")
        #expect(memo.first?.contains("a tap without a route") == true)
        #expect(try await house.fullAudit().isSound)
      }
    }

    @Test func whatIsNoEntryOrHasNoReasonIsNotTaken() async throws {
      try await House.with { house in
        let uah = try #require(Currency("UAH"))
        let adjusting = Adjusting(store: house.store, city: house.city)
        var lines = Self.lines(150)
        lines[1].creditMinor = 149
        let uneven = try await adjusting.request(
          lines, currency: uah, reason: "x", by: "olena", at: House.noon)
        #expect(uneven == .faulty(.unbalanced(debitMinor: 150, creditMinor: 149)))
        let nameless = try await adjusting.request(
          Self.lines(1), currency: uah, reason: "  ", by: "olena", at: House.noon)
        #expect(nameless == .nameless)
        let unknown = try await adjusting.decide(7, isApproved: true, by: "petro", at: House.noon)
        #expect(unknown == .unknown)
        _ = try await adjusting.request(
          Self.lines(1), currency: uah, reason: "x", by: "olena", at: House.noon)
        let refused = try await adjusting.decide(
          1, isApproved: false, reason: "no", by: "petro", at: House.noon)
        #expect(refused == .refused)
        #expect(try await house.number("select count(*) from entry") == 0)
        // Nor does the database take a decision by who asked.
        await #expect(throws: (any Error).self) {
          try await house.script(
            """
            insert into adjustment (requested_at, requested_by, reason, currency, state,
              decided_at, decided_by) values (now(), 'a', 'b', 'UAH', 'refused', now(), 'a')
            """)
        }
      }
    }

    @Test func aCorrectionOfAClosedMonthIsBookedInTheOpenOne() async throws {
      try await House.with { house in
        let uah = try #require(Currency("UAH"))
        try await house.journal([try tap(1, "08:00")])
        try await house.service.drain()
        _ = try await house.close()
        let adjusting = Adjusting(store: house.store, city: house.city)
        _ = try await adjusting.request(
          Self.lines(5), currency: uah, fareDay: Day("2026-11-22"), reason: "x", by: "olena",
          at: House.noon)
        // The clock of this process stands in November still.
        let booked = try await adjusting.decide(1, isApproved: true, by: "petro", at: House.noon)
        guard case .booked(_, let day) = booked else {
          Issue.record("it was not booked: \(booked)")
          return
        }
        #expect(day.description == "2026-12-01")
      }
    }
  }
}
