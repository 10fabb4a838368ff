import Basics
import Insight
import Ledger
import Store
import Testing

extension InsightSuite {
  /// What a figure is called and means in a table where it is not what it is in others.
  @Suite struct ReportSenses {
    private func tables(_ name: ReportName) async throws -> [ReportTable] {
      try await World.with { world in
        try await world.desk.report(name, days: today...today, madeAt: noon).tables
      }
    }

    private func column(
      _ key: String, of table: String, in tables: [ReportTable]
    ) throws -> ReportColumn {
      let found = try #require(tables.first { $0.key == table }, "\(table)")
      return try #require(found.columns.first { $0.key == key }, "\(table) \(key)")
    }

    /// Cash of a desk is no authorisation, and what is settled in a month is less what went back.
    @Test func stepsAreCalledByWhatIsInThem() async throws {
      try await World.with { world in
        try await world.addMoney()
        func steps(_ report: Report?) throws -> [String: String] {
          let table = try #require(report?.tables.first { $0.key == "ladder" })
          // Each currency has its own row of a step.
          return Dictionary(table.rows.map { ($0[0].plain, $0[0].text(in: .english)) }) {
            #expect($0 == $1)
            return $0
          }
        }
        let daily = try steps(
          try await world.desk.report(.reconciliation, days: today...today, madeAt: noon))
        #expect(daily["windows"] == "Charge windows")
        #expect(daily["authorised"] == "Authorised or paid at a desk")
        #expect(daily["captured"] == "Captured or paid at a desk")
        #expect(daily["settled"] == "Settled or paid at a desk")
        // What the acquirer paid by a file is booked in the month.
        try await world.script(
          """
          insert into entry (entry_id, accounting_date, currency, kind, description, digest, created_at)
            overriding system value
            values (201, '2026-11-23', 'UAH', 'funding', 'file', '', now());
          insert into posting (entry_id, line, account, debit_minor, credit_minor)
            values (201, 1, '1100', 790, 0), (201, 2, '1120', 0, 790);
          """)
        let month = PeriodRow(
          name: "2026-11", first: today.adding(days: -22), last: today.adding(days: 7), state: .open
        )
        let booked = try steps(
          try await world.desk.periodReport(.reconciliation, of: month, madeAt: noon))
        #expect(booked["settled"] == "Settled, less what went back")
      }
    }

    /// Steps and remainders have a column of one name, which is not the same in both.
    @Test func aRemainderIsExplainedByTheStepAfterIt() async throws {
      let tables = try await tables(.reconciliation)
      let step = try column("step", of: "remainders", in: tables)
      #expect(step.meaning?.english.contains("in the remainder of the next one") == true)
      #expect(
        try column("step", of: "ladder", in: tables).meaning?.english == "Step from tap to bank.")
      #expect(
        try column("counted", of: "bank", in: tables).meaning?.english
          == "How many lines or postings.")
      let reference = try column("reference", of: "remainders", in: tables)
      #expect(reference.meaning?.english.contains("or the file and its line") == true)
    }

    /// A figure that is narrower or wider than its name, or of other days, is headed and explained by its table.
    @Test func whatAFigureIsInATableIsSaidThere() async throws {
      let month = PeriodRow(
        name: "2026-11", first: today.adding(days: -22), last: today.adding(days: 7), state: .open)
      try await World.with { world in
        var found: [String: ReportColumn] = [:]
        for name in ReportName.allCases {
          let report = try await world.desk.report(name, days: today...today, madeAt: noon)
          let ofMonth = try await world.desk.periodReport(name, of: month, madeAt: noon)
          for (days, tables) in [("", report.tables), ("month ", ofMonth?.tables ?? [])] {
            for table in tables {
              for column in table.columns {
                found["\(days)\(name.rawValue) \(table.key) \(column.key)"] = column
              }
            }
          }
        }
        for (key, header, meaning) in [
          ("late-taps rides rides", "Late rides", "less those taken back"),
          ("month late-taps rides rides", "Late rides", "less those taken back"),
          ("late-taps devices taps", "Late taps", "over for a day (by UTC)"),
          ("subsidy claims rides", "Rides", "less those that the claim takes back"),
          ("debts windows captured_minor", "Captured or paid at a desk", "or paid at a desk"),
          ("refunds refunds refund_minor", "Amount of the refund", "refused or failed"),
          ("refunds chargebacks disputed_minor", "Disputed", "however it ended"),
          ("reconciliation operators booked_minor", "In the books", "(2100)"),
          ("operators operators booked_minor", "In the books", "(2100, 2190)"),
          ("reconciliation operators paid_out_minor", "Paid out", "whose last day is one of these"),
          ("month reconciliation operators paid_out_minor", "Paid out", "booked on the days"),
        ] {
          #expect(found[key]?.header.english == header, "\(key)")
          #expect(found[key]?.meaning?.english.contains(meaning) == true, "\(key)")
        }
        // Where it is the same it is called the same, by fare day and by the books.
        for figure in ["nominal_minor", "free_rides", "charged_minor", "people"] {
          let daily = try #require(found["daily operators \(figure)"])
          #expect(daily == found["month daily operators \(figure)"], "\(figure)")
          #expect(daily == found["operators days \(figure)"], "\(figure)")
        }
      }
    }

    /// Excel takes 31 letters, and no colon.
    @Test func everyTableHasASheetOfAWholeName() async throws {
      let month = PeriodRow(
        name: "2026-11", first: today.adding(days: -22), last: today.adding(days: 7), state: .open)
      try await World.with { world in
        for name in ReportName.allCases {
          var tables = try await world.desk.report(name, days: today...today, madeAt: noon).tables
          tables += try await world.desk.periodReport(name, of: month, madeAt: noon)?.tables ?? []
          for table in tables {
            for language in [Language.ukrainian, .english] {
              let title = (table.sheet ?? table.title)[language]
              #expect(SheetNames.of([title]) == [title], "\(name) \(table.key)")
            }
          }
        }
      }
    }

    /// Windows are told as they stood when the days ended, stored value as it stands.
    @Test func whatStoredValueDidNotPayIsOfTodayAndSaysSo() async throws {
      let tables = try await tables(.debts)
      let stored = try #require(tables.first { $0.key == "stored_value" })
      #expect(stored.title.english == "Stored value as of today: rides and denials of these days")
      #expect(stored.title.ukrainian.contains("на сьогодні"))
      let unpaid = try column("due_minor", of: "stored_value", in: tables)
      #expect(unpaid.header.english == "Not paid today")
      #expect(unpaid.meaning?.english.contains("when the report is made") == true)
      for table in ["ages", "operators", "windows"] {
        let due = try column("due_minor", of: table, in: tables)
        #expect(due.header.english == "Due", "\(table)")
        #expect(due.meaning?.english.contains("when the last day ended") == true, "\(table)")
      }
    }
  }
}
