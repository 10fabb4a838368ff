import BankSupport
import Basics
import Clearing
import Ledger
import Postgres
import Store
import Testing

extension House {
  static let january = House.december.adding(seconds: 32 * 86_400)

  /// Closes a month in January; between its trees and the last word of its close others do something.
  func closeMonth(
    _ name: String, whileProving others: @escaping @Sendable () async throws -> Void = {}
  ) async throws -> ClosingOutcome {
    let reporting: PeriodReporting = { row, db in
      if row.name == name { try await others() }
      return try await House.reporting(row, db)
    }
    return try await PeriodClosing(store: store, city: city.current, reporting: reporting).close(
      name, by: "olena", isOpenAllowed: true, at: House.january)
  }

  /// 5.00 for Olha, at a desk whose clock stands in October.
  @discardableResult
  func topUpInOctober() async throws -> MoneyReceipt {
    try await topUp(
      rider("olha"), 500, key: "k1", at: House.noon.adding(seconds: -34 * 86_400))
  }

  /// What is booked, by accounting date and kind.
  func bookedDays() async throws -> [String] {
    try await texts("select accounting_date || ' ' || kind from entry order by entry_id")
  }
}

extension ClearingSuite {
  /// Months are closed one after the other, whoever books or closes at the same moment.
  @Suite struct ClosingOrderTests {
    private static func withRide(_ body: @Sendable (House) async throws -> Void) async throws {
      try await House.with { house in
        try await house.journal([try tap(1, "08:00")])
        try await house.service.drain()
        try await house.register("olha")
        try await body(house)
      }
    }

    private static func closed(_ outcome: ClosingOutcome) throws -> PeriodProof {
      var proof: PeriodProof?
      if case .closed(let made, _) = outcome { proof = made }
      return try #require(proof, "\(outcome)")
    }

    private static func refusal(_ outcome: ClosingOutcome) -> String {
      guard case .refused(let why) = outcome else { return "not refused: \(outcome)" }
      return why
    }

    /// The bank sends a late statement of October, and a desk's clock is set back to it.
    @Test func aMonthBeforeAClosedOneTakesNothingAndHoldsNoLaterOneUp() async throws {
      try await Self.withRide { house in
        try await house.bank.addAccount(StatementFile.iban, in: hryvnia, by: "olena")
        let first = try Self.closed(try await house.close())
        let day = try #require(Day("2026-10-31"))
        let statement = StatementFile(
          "1", opening: 0, from: day, to: day, [StatementFile.Entry("E1", 100, on: day, "x")])
        #expect(try await house.take(statement, at: House.december) == "1 unknown")
        try await house.topUpInOctober()
        #expect(
          try await house.bookedDays().dropFirst()
            == ["2026-12-01 bank", "2026-12-01 top_up"])
        #expect(
          try await house.texts("select description from entry where kind = 'bank'")
            == ["Statement 1, E1: unknown, of 2026-10-31"])
        #expect(
          Self.refusal(try await house.closeMonth("2026-10")).hasPrefix(
            "2026-11 comes after 2026-10 and is closed already"))
        let second = try Self.closed(try await house.closeMonth("2026-12"))
        #expect(second.previousRoot == first.root)
        #expect(
          try await house.texts("select period from accounting_period order by 1")
            == ["2026-11", "2026-12"])
        let audit = try await house.fullAudit()
        #expect(audit.isSound, "\(audit.findings)")
      }
    }

    /// Something is booked in October, and not yet committed, when November is to be closed.
    @Test(arguments: [false, true])
    func theCloseWaitsForWhatIsBeingBookedInAMonthBefore(isTouched: Bool) async throws {
      try await Self.withRide { house in
        if isTouched {
          try await house.script(
            "insert into accounting_period values ('2026-10', '2026-10-01', '2026-10-31', 'open')")
        }
        let (paying, closing) = try await house.pool.transaction { db in
          try await db.execute("lock table rider_event in share mode")
          let paying = Task { try await house.topUpInOctober() }
          #expect(try await house.isWaited())
          let closing = Task { try await house.close() }
          #expect(try await house.isWaited(for: 2))
          return (paying, closing)
        }
        _ = try await paying.value
        #expect(
          Self.refusal(try await closing.value).hasPrefix("Something is booked on 2026-10-20"))
        let october = try Self.closed(try await house.closeMonth("2026-10"))
        let november = try Self.closed(try await house.closeMonth("2026-11"))
        #expect(november.previousRoot == october.root)
      }
    }

    /// Who comes to October while November is closing goes to December, also if nobody touched October.
    @Test func aMonthBeforeOneThatIsClosingTakesNothing() async throws {
      try await Self.withRide { house in
        _ = try Self.closed(
          try await house.closeMonth("2026-11") {
            try await house.topUpInOctober()
          })
        #expect(try await house.bookedDays().last == "2026-12-01 top_up")
        _ = try Self.closed(try await house.closeMonth("2026-12"))
      }
    }

    /// Another closer found the books unsound and opened the month; something came in; a third began anew.
    @Test func aMonthThatWasOpenMeanwhileIsNotClosedByWhoProvedItBefore() async throws {
      try await Self.withRide { house in
        let outcome = try await house.closeMonth("2026-11") {
          try await house.store.write { db in
            try await db.periods.move("2026-11", to: .open, by: "taras", at: House.january)
          }
          try await house.topUp(house.rider("olha"), 500, key: "k1")
          try await house.store.write { db in
            try await db.periods.move("2026-11", to: .closing, by: "ivan", at: House.january)
          }
        }
        #expect(Self.refusal(outcome).contains("by somebody else meanwhile"))
        #expect(try await house.bookedDays().last == "2026-11-23 top_up")
        #expect(try await house.texts("select state from accounting_period") == ["closing"])
        _ = try Self.closed(try await house.closeMonth("2026-11"))
        let audit = try await house.fullAudit()
        #expect(audit.isSound, "\(audit.findings)")
      }
    }

    /// Two months that are closed at once would both name the same month before them.
    @Test func oneMonthIsClosedAtATime() async throws {
      try await Self.withRide { house in
        let november = try Self.closed(
          try await house.closeMonth("2026-11") {
            let other = try await house.closeMonth("2026-10")
            #expect(
              Self.refusal(other) == "2026-11 comes after 2026-10 and is being closed.")
          })
        #expect(november.previousRoot == PeriodProof.first)
      }
      try await Self.withRide { house in
        let october = try Self.closed(
          try await house.closeMonth("2026-10") {
            let other = try await house.closeMonth("2026-11")
            #expect(Self.refusal(other) == "2026-10 is being closed; close it first.")
          })
        let november = try Self.closed(try await house.closeMonth("2026-11"))
        #expect(november.previousRoot == october.root)
      }
    }
  }
}
