import Basics
import Clearing
import Postgres
import Store
import Tapping
import Testing

extension ClearingSuite {
  /// Sums are kept by the runs, and are those of the rides that stand.
  @Suite struct RideSumTests {
    static let text = """
      select concat_ws(' ', fare_day, accounting_date, category, rides, riders, free_rides,
        reduced_rides, unknown_rides, late_rides, nominal_minor, charged_minor)
      from (
        select fare_day, accounting_date, category, sum(rides) as rides, sum(riders) as riders,
          sum(free_rides) as free_rides, sum(reduced_rides) as reduced_rides,
          sum(unknown_rides) as unknown_rides, sum(late_rides) as late_rides,
          sum(nominal_minor) as nominal_minor, sum(charged_minor) as charged_minor
        from ride_sum group by 1, 2, 3) s order by 1
      """

    @Test func aDayOfFourRidesIsSummedByHand() async throws {
      try await House.with { house in
        // Paid, free transfer, paid, paid, then the cap: 8 + 0 + 8 + 8 + 0 on five rides of 8.
        try await house.journal([
          try tap(1, "08:00"), try tap(2, "08:20"), try tap(3, "11:00"), try tap(4, "13:00"),
          try tap(5, "18:00"),
        ])
        try await house.service.drain()
        #expect(
          try await house.texts(Self.text) == ["2026-11-22 2026-11-23 adult 5 5 2 0 0 0 4000 2400"])
        #expect(try await house.audit().isSound)
      }
    }

    @Test func aDifferenceIsSignedUnderItsOwnAccountingDate() async throws {
      try await House.with { house in
        try await house.journal([try tap(1, "08:00"), try tap(2, "11:00")])
        try await house.service.drain()
        let later = ClearingService(
          store: house.store, city: house.city, tokenKey: house.tokenKey, log: quiet,
          now: { House.noon.adding(seconds: 3 * 86_400) })
        // Ten minutes before the ride at 11:00, which becomes a free transfer: 8 more and 8 less.
        try await house.journal([try tap(3, "10:50")])
        try await later.drain()
        #expect(
          try await house.texts(Self.text) == [
            "2026-11-22 2026-11-23 adult 2 2 0 0 0 0 1600 1600",
            "2026-11-22 2026-11-26 adult 1 1 1 0 0 1 800 0",
          ])
        #expect(try await house.audit().isSound)
      }
    }

    @Test(arguments: [
      "update ride_sum set charged_minor = charged_minor + 1",
      "update ride_sum set rides = rides - 1", "delete from ride_sum",
    ]) func aChangedSumIsFound(_ forgery: String) async throws {
      try await House.with { house in
        try await house.journal([try tap(1, "08:00")])
        try await house.service.drain()
        #expect(try await house.audit().isSound)
        try await house.script(House.forging(forgery))
        #expect(try await !house.audit().isSound, "not found: \(forgery)")
      }
    }
  }
}
