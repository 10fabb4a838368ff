import Basics
import Insight
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

    /// Windows are told as they stood when the days ended, stored value as it stands.
    @Test func whatStoredValueDidNotPayIsOfTodayAndSaysSo() async throws {
      let tables = try await tables(.debts)
      let stored = try #require(tables.first { $0.key == "stored_value" })
      #expect(stored.title.english == "Stored value: rides of these days, as of today")
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
