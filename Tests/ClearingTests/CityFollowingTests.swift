import Basics
import Clearing
import Store
import Tariff
import Testing

extension ClearingSuite {
  @Suite struct CityFollowingTests {
    private static func isHeld(_ tariffs: Int, by city: CityHolder) async throws -> Bool {
      for _ in 0..<1_200 {
        if city.current.edition.tariffCount == tariffs { return true }
        try await Task.sleep(for: .milliseconds(100))
      }
      return false
    }

    /// A table that is away for a moment stands for whatever a reading may fail of.
    @Test func whatCannotBeReadNowIsReadLaterWithoutBeingAnnouncedAgain() async throws {
      try await House.with { house in
        let city = CityHolder()
        let following = Task { await city.follow(house.store, log: quiet) }
        defer { following.cancel() }
        #expect(try await Self.isHeld(1, by: city))
        try await house.script("alter table network_feed rename to away")
        let text = testTariff.replacing("version: test-1", with: "version: test-2")
          .replacing("from: 2026-01-01", with: "from: 2027-01-01")
        let source = TariffSource(
          folder: "test", files: [TariffFile(path: TariffSource.mainPath, text: text)])
        try await house.store.write { db in
          let saved = try await db.tariffs.save(
            TariffRecord(
              version: "test-2", effectiveFrom: Day(year: 2027, month: 1, day: 1) ?? Day(number: 0),
              source: TariffPublication.text(of: source), publishedAt: House.noon))
          #expect(saved == .saved)
        }
        // Long enough that the announcement has come and was not to be followed.
        try await Task.sleep(for: .milliseconds(500))
        #expect(city.current.edition.tariffCount == 1)
        try await house.script("alter table away rename to network_feed")
        #expect(try await Self.isHeld(2, by: city))
        #expect(city.current.book?.versions.map(\.version) == ["test-1", "test-2"])
      }
    }
  }
}
