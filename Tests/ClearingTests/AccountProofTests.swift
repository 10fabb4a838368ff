import AcquirerSupport
import Basics
import Charging
import Clearing
import Ledger
import Postgres
import Store
import Testing
import Transit

extension ClearingSuite {
  /// Each account that sums rows of the tables is compared with them: who changes the one or the other is
  /// named, with the account and the row.
  @Suite struct AccountProofTests {
    private struct Change {
      let table: String
      let sql: String
      let finding: String
    }

    private static let changes = [
      Change(
        table: "posting",
        sql: """
          update posting set account = '1100' where account = '1120' and entry_id = (
            select entry_id from charge_event where kind = 'captured')
          """,
        finding: "account 1120 in UAH stands at -400 minor units, payments, refunds and disputes "
          + "that are not settled come to 400; event "),
      Change(
        table: "posting",
        sql: "update posting set account = '1110' where account = '1120' and entry_id = (select "
          + "entry_id from acquirer_sale where reference = 'T1')",
        finding: "account 1120 in UAH stands at -600 minor units, payments, refunds and disputes "
          + "that are not settled come to 400; payment T1 by bank card of 1000, entry "),
      Change(
        table: "charge_window",
        sql: "update charge_window set captured_minor = 801, amount_minor = 801",
        finding: "account 1120 in UAH stands at 400 minor units, payments, refunds and disputes "
          + "that are not settled come to 401; charge window 1: captured 801 and settled 800, its "
          + "events come to 800 and 800"),
      Change(
        table: "charge_window", sql: "update charge_window set due_minor = 1",
        finding: "account 1200 in UAH stands at 0 minor units, rides that are not paid come to 1"),
      Change(
        table: "charge_refund", sql: "update charge_refund set state = 'approved'",
        finding: "account 2220 in UAH stands at 0 minor units, refunds not given come to 300; "
          + "refund 1 of 300 is approved, and an event says that it was given"),
      Change(
        table: "charge_refund", sql: "update charge_refund set kept_minor = 300",
        finding: "account 1120 in UAH stands at 400 minor units, payments, refunds and disputes "
          + "that are not settled come to 500"),
      Change(
        table: "chargeback", sql: "update chargeback set stage = 'opened'",
        finding: "account 1250 in UAH stands at 0 minor units, disputes that are not decided come "
          + "to 400; dispute CB1 of 400 is opened, its events book 2 times opened or won, 0 times "
          + "lost"),
      Change(
        table: "acquirer_sale",
        sql: "update acquirer_sale set settled_minor = 601 where reference = 'T1'",
        finding: "account 1120 in UAH stands at 400 minor units, payments, refunds and disputes "
          + "that are not settled come to 399; payment T1 has 601 by fundings, their lines come to "
          + "at most 600"),
      Change(
        table: "subsidy_claim", sql: "update subsidy_claim set state = 'approved'",
        finding:
          "account 1300 of tram in UAH stands at 0 minor units, claims approved and not paid "
          + "come to 500; claim 1 is approved, its entries book 0 of 500 and take off 0"),
      Change(
        table: "payout", sql: "update payout set state = 'paid'",
        finding:
          "account 2150 of tram in UAH stands at 5000 minor units, payouts on their way come "
          + "to 0; payout 1 of 5000 is paid, the entries of its payment file book 5000 and take "
          + "off 0"),
      Change(
        table: "wallet_day",
        sql: "update wallet_day set paid_minor = paid_minor - 1 where paid_minor > 0",
        finding: "account 1200 in UAH stands at 0 minor units, rides that are not paid come to 1"),
      Change(
        table: "ride_sum",
        sql: "update ride_sum set charged_minor = charged_minor + 1 where charged_minor > 0 and "
          + "medium = 'bank'",
        finding: "account 1200 in UAH stands at 0 minor units, rides that are not paid come to 1"),
    ]

    @Test func aChangeOfALineOrOfARowIsNamedWithItsAccount() async throws {
      try await MoneyProofTests.with { house in
        for change in Self.changes {
          try await house.script("create table saved as select * from \(change.table)")
          try await MoneyProofTests.dropChecks(of: change.table, house)
          try await house.script(House.forging(change.sql))
          let findings = try await house.store.read { db in
            try await db.bookProofs.accountsThatDiffer()
          }
          #expect(
            findings.contains { $0.hasPrefix(change.finding) },
            "\(change.sql): \(findings)")
          // The proof of the books tells the same.
          let audit = try await house.fullAudit()
          #expect(Set(findings).isSubset(of: audit.findings), "\(audit.findings)")
          try await house.script(
            House.forging(
              "delete from \(change.table); insert into \(change.table) overriding system value "
                + "select * from saved"))
          try await house.script("drop table saved")
        }
        #expect(try await house.fullAudit().isSound)
      }
    }

    @Test func whatTwoPeopleBookedOnTopCountsAndAForgedAdjustmentDoesNot() async throws {
      try await House.with { house in
        let desk = Adjusting(store: house.store, city: house.city)
        _ = try await desk.request(
          [
            .init(.debit, account: "2290", minor: 700), .init(.credit, account: "1120", minor: 700),
          ], currency: hryvnia, reason: "test", by: "olena", at: House.noon)
        try await house.expectSound("asked for")
        _ = try await desk.decide(1, isApproved: true, by: "petro", at: House.noon)
        try await house.expectSound("booked")
        try await house.script(
          House.forging("update adjustment_line set credit_minor = 701 where credit_minor > 0"))
        #expect(
          try await house.audit().findings.contains {
            $0.hasPrefix(
              "account 1120 in UAH stands at -700 minor units, payments, refunds and "
                + "disputes that are not settled come to -701")
          })
      }
    }

    @Test func theComparisonIsRightWhileTheServiceWorks() async throws {
      try await CardHouse.with { cards in
        let house = cards.house
        let anna = try await house.register("anna")
        try await house.journal(
          try (1...9).map { try bankTap($0, "08:0\($0)", card: "visa-\($0)") },
          receivedAt: cards.clock.now)
        let work = Task {
          for number in 1...20 {
            try await house.topUpByCard(anna, 100, reference: "T\(number)")
            if number % 2 == 0 {
              _ = try await cards.fund(Int64(number), [line(.capture, "T\(number - 1)", 90)])
            }
          }
          try await cards.work()
          try await cards.nextDay()
        }
        var findings: [String] = []
        var looks = 0
        while looks < 40 {
          findings += try await house.store.read { db in
            try await db.bookProofs.accountsThatDiffer()
          }
          looks += 1
        }
        try await work.value
        #expect(findings == [])
        #expect(try await house.accounts()["1120"] == 2000 - 900 + 7200)
        try await house.expectSound()
      }
    }

    /// A lane comes to the same, so that only its riders tell.
    @Test func aRiderWhoPaysForAnotherOfTheLaneIsNamed() async throws {
      try await CardHouse.with { cards in
        let house = cards.house
        func rider(_ card: String) -> RiderID {
          let medium = house.medium(card, .bank)
          return RiderID(high: medium.high, low: medium.low)
        }
        let anna = rider("visa-anna")
        let lane = Lane.of(anna)
        let card = try #require(
          (1...1_000).map { "visa-\($0)" }.first { Lane.of(rider($0)) == lane })
        let other = rider(card)
        try await house.journal(
          [try bankTap(1, "08:00"), try bankTap(2, "09:00", card: card)],
          receivedAt: cards.clock.now)
        try await cards.work()
        try await cards.nextDay()
        #expect(try await house.fullAudit().findings == [])
        // What earlier programs left with riders who were merged and erased: each window has a number of chance.
        try await house.script(
          """
          insert into charge_window (lane, rider_id, medium_id, fare_day, number, currency, state,
            amount_minor, due_minor, closed_at)
          select lane, gen_random_uuid(), gen_random_uuid(), fare_day, 0, currency, 'netted', m, m,
            closed_at
          from charge_window cross join unnest(array[800, -800]) m where rider_id = '\(anna)'
          """)
        func differing() async throws -> [String] {
          try await house.store.read { db in
            try await db.bookProofs.chargesThatDiffer(countMax: 10)
          }
        }
        #expect(try await differing() == [])
        // By the program itself, so that every digest is right.
        try await house.script(
          "update charge_window set rider_id = '\(anna)', number = 1 where rider_id = '\(other)'")
        let windows = "charge windows of 2026-11-22 in lane \(lane) of rider"
        let named = Set(try await differing())
        #expect(
          named == [
            "\(windows) \(anna): 1600 UAH, the rides come to 800",
            "\(windows) \(other): 0 UAH, the rides come to 800",
          ])
      }
    }
  }
}
