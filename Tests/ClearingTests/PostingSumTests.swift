import Basics
import Clearing
import Ledger
import Postgres
import Store
import Testing

extension ClearingSuite {
  /// Sums of postings are kept by whoever books, and are those of the postings.
  @Suite struct PostingSumTests {
    @Test(arguments: [1, 2, 3] as [UInt64]) func aTrialBalanceOfAnyDayOfAMonthIsThatOfThePostings(
      seed: UInt64
    ) async throws {
      try await House.with { house in
        var chance = SeededGenerator(seed: seed)
        let first = try #require(Day("2026-11-01"))
        for number in 0..<30 {
          // Entries of the day and some of a day before it, many in one statement.
          let entries = try (0..<chance.integer(in: 1...12)).map { _ in
            try Self.entry(
              of: first.adding(days: max(number - chance.integer(in: 0...2), 0)), &chance)
          }
          try await house.store.write { db in try await db.books.add(entries, at: House.noon) }
          guard chance.chance(0.3) else { continue }
          let rowsMax = chance.integer(in: 1...3)
          try await house.store.write { db in try await db.charging.foldSums(over: rowsMax) }
        }
        for number in [-1] + Array(0..<30) {
          let day = first.adding(days: number)
          let kept = try await house.store.read { db in
            try await db.books.trialBalance(through: day)
          }
          #expect(
            try await Self.lines(kept) == Self.counted(through: day, house), "SEED=\(seed) \(day)")
        }
        // Of days before the newest one row is left of each account and operator.
        try await house.store.write { db in try await db.charging.foldSums(over: 1) }
        let many = try await house.number(
          """
          select count(*) from (
            select from posting_sum
            where accounting_date < (select max(accounting_date) from posting_sum)
            group by accounting_date, currency, account, operator_id having count(*) > 1) m
          """)
        #expect(many == 0)
        let all = try await house.store.read { db in try await db.books.trialBalance(through: nil) }
        #expect(try await Self.lines(all) == Self.counted(through: first.adding(days: 60), house))
        let findings = try await house.store.read { db in
          try await db.bookProofs.postingSumsThatDiffer(countMax: 10)
        }
        #expect(findings == [])
      }
    }

    @Test(arguments: [
      "update posting_sum set debit_minor = debit_minor + 1 where debit_minor > 0",
      "update posting_sum set entries = entries + 1", "update posting_sum set account = '1100'",
      "update posting_sum set accounting_date = accounting_date + 1", "delete from posting_sum",
      "update posting set debit_minor = debit_minor + 1 where debit_minor > 0",
      "update posting set operator_id = 'another' where credit_minor > 0",
    ]) func aKeptSumThatIsNotOfThePostingsIsFound(_ forgery: String) async throws {
      try await House.with { house in
        try await house.journal([try tap(1, "08:00")])
        try await house.service.drain()
        #expect(try await house.audit().isSound)
        try await house.script(House.forging(forgery))
        let findings = try await house.audit().findings
        #expect(
          findings.contains { $0.hasPrefix("the kept sum of postings of 2026-11-2") },
          "\(forgery): \(findings)")
      }
    }

    /// Reports and payouts ask by the kind of the entries and their fare days.
    @Test func sumsOfAKindAndOfFareDaysAreThoseOfThePostings() async throws {
      try await House.with { house in
        var chance = SeededGenerator(seed: 7)
        let first = try #require(Day("2026-11-01"))
        for number in 0..<12 {
          let day = first.adding(days: number)
          let entries = try (0..<6).map { _ in
            try Self.entry(
              of: day, kind: [.fares, .fares, .payout, .refund][chance.integer(in: 0...3)],
              fareDay: chance.chance(0.8) ? day.adding(days: -chance.integer(in: 0...3)) : nil,
              &chance)
          }
          try await house.store.write { db in try await db.books.add(entries, at: House.noon) }
          guard number % 4 == 3 else { continue }
          try await house.store.write { db in try await db.charging.foldSums(over: 1) }
        }
        let days = first.adding(days: 2)...first.adding(days: 6)
        let (owed, claims) = try await house.store.read { db in
          (
            try await db.reports.booked(
              days: days, accounts: [AccountCode.operators], operatorID: nil),
            try await db.operatorMoney.claims(through: days.upperBound, operatorID: nil)
          )
        }
        let ofDays = try await house.texts(
          """
          select concat_ws(' ', p.operator_id, e.currency, sum(p.credit_minor - p.debit_minor))
          from entry e join posting p using (entry_id)
          where e.kind = 'fares' and p.account = '2100'
            and e.fare_day between '\(days.lowerBound)' and '\(days.upperBound)'
          group by p.operator_id, e.currency
          """)
        #expect(ofDays.count >= 3)
        #expect(
          owed.map { "\($0.operatorID ?? "") \($0.currency.code) \($0.minor)" }.sorted()
            == ofDays.sorted())
        let byKind = try await house.texts(
          """
          select concat_ws(' ', p.operator_id, e.currency,
            coalesce(sum(p.credit_minor - p.debit_minor) filter (where e.kind = 'fares'), 0),
            coalesce(sum(p.credit_minor - p.debit_minor) filter (where e.kind = 'payout'), 0),
            sum(p.credit_minor - p.debit_minor))
          from entry e join posting p using (entry_id)
          where p.account = '2100' and e.accounting_date <= '\(days.upperBound)'
          group by p.operator_id, e.currency
          """)
        #expect(
          claims.map {
            "\($0.operatorID) \($0.currency.code) \($0.faresMinor) \($0.paidMinor) \($0.balanceMinor)"
          }.sorted() == byKind.sorted())
        for change in ["kind = 'sale'", "fare_day = date '2026-12-24'"] {
          try await Self.isFound(change, house)
        }
      }
    }

    /// What is told apart by kind and fare day is proven by them.
    private static func isFound(_ change: String, _ house: House) async throws {
      let number = try await house.number("select min(sum_id) from posting_sum")
      try await house.script(
        """
        create table saved as select * from posting_sum where sum_id = \(number);
        update posting_sum set \(change) where sum_id = \(number)
        """)
      let findings = try await house.store.read { db in
        try await db.bookProofs.postingSumsThatDiffer(countMax: 10)
      }
      #expect(!findings.isEmpty, "\(change)")
      try await house.script(
        """
        update posting_sum s set kind = o.kind, fare_day = o.fare_day from saved o
        where s.sum_id = o.sum_id;
        drop table saved
        """)
    }

    /// Up to four lines on one side, and one that balances them.
    private static func entry(
      of day: Day, kind: EntryKind = .fares, fareDay: Day? = nil, _ chance: inout SeededGenerator
    ) throws -> Entry {
      let lines = (0..<chance.integer(in: 1...4)).map { _ in
        Posting(
          .credit, account: AccountCode.operators,
          operatorID: ["bus", "tram", "metro"][chance.integer(in: 0...2)],
          minor: Int64(chance.integer(in: 1...10_000)))
      }
      let total = lines.reduce(0) { $0 + $1.creditMinor }
      return try Entry(
        kind: kind, accountingDate: day, fareDay: fareDay,
        currency: chance.chance(0.8) ? hryvnia : try #require(Currency("EUR")), memo: "fares",
        postings: [Posting(.debit, account: AccountCode.riders, minor: total)] + lines)
    }

    private static func lines(_ balance: TrialBalance) -> [String] {
      balance.rows.map { row in
        [
          row.key.currency.code, row.key.account, row.key.operatorID ?? "",
          String(row.sums.debitMinor), String(row.sums.creditMinor),
        ].joined(separator: " ")
      }.sorted()
    }

    /// The same from the postings themselves.
    private static func counted(through day: Day, _ house: House) async throws -> [String] {
      try await house.texts(
        """
        select concat_ws(' ', e.currency, p.account, coalesce(p.operator_id, ''), sum(p.debit_minor),
          sum(p.credit_minor))
        from posting p join entry e using (entry_id) where e.accounting_date <= '\(day)'
        group by e.currency, p.account, p.operator_id
        """
      ).sorted()
    }
  }
}
