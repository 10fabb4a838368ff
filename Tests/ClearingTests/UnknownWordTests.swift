import Clearing
import Store
import Testing

extension ClearingSuite {
  /// A word in a row that no reader knows would stop every proof that reads it: it is told before that.
  @Suite struct UnknownWordTests {
    /// A row whose words are forged, and how it is chosen.
    private struct Worded: Sendable {
      let stored: StoredWords
      let row: String
      let place: String

      func says(_ column: Int) -> String {
        "\(stored.table) \(row): \(stored.columns[column].name) holds \"nonsense\", which is no word of it"
      }
    }

    /// One row of each table that has words and a row, with a copy of it beside.
    private static func worded(_ house: House) async throws -> [Worded] {
      var rows: [Worded] = []
      for stored in StoredWords.all {
        try await MoneyProofTests.dropChecks(of: stored.table, house)
        let keys = stored.key.map { "\($0)::text" }.joined(separator: ", ")
        let found = try await house.texts(
          "select concat_ws('/', \(keys)) from \(stored.table) order by 1 limit 1")
        guard let row = found.first else { continue }
        let place = "concat_ws('/', \(keys)) = '\(row)'"
        try await house.script(
          "create table saved_\(stored.table) as select * from \(stored.table) where \(place)")
        rows.append(Worded(stored: stored, row: row, place: place))
      }
      return rows
    }

    /// One column of each table at a time: all of them are told before anything is that stops at one.
    @Test func aWordThatNobodyKnowsIsTheFirstThingNamed() async throws {
      try await MoneyProofTests.with { house in
        let rows = try await Self.worded(house)
        var tried = 0
        for column in 0..<(rows.map(\.stored.columns.count).max() ?? 0) {
          let forged = rows.filter { column < $0.stored.columns.count }
          try await house.script(
            House.forging(
              forged.map {
                "update \($0.stored.table) set \($0.stored.columns[column].name) = 'nonsense' where \($0.place)"
              }.joined(separator: "; ")))
          let told = try await house.fullAudit(.taps).findings.prefix(forged.count)
          let expected = forged.map { $0.says(column) }
          #expect(Array(told) == expected)
          try await house.script(
            House.forging(
              forged.map {
                "delete from \($0.stored.table) where \($0.place); insert into \($0.stored.table) "
                  + "overriding system value select * from saved_\($0.stored.table)"
              }.joined(separator: "; ")))
          tried += forged.count
        }
        #expect(tried > 25)
        #expect(try await house.fullAudit(.taps).isSound)
      }
    }
  }
}
