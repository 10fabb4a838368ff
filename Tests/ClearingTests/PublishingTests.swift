import Basics
import Clearing
import Store
import Tapping
import Tariff
import Testing

/// The test's tariff at another price and cap, under another name, from another day.
func draft(_ version: String, from: String, ride: String = "10.00", cap: String = "25.00") -> String
{
  testTariff
    .replacing("version: test-1", with: "version: \(version)")
    .replacing("from: 2026-01-01", with: "from: \(from)")
    .replacing("adult: 8.00", with: "adult: \(ride)")
    .replacing("adult: 24.00", with: "adult: \(cap)")
}

extension String {
  fileprivate func replacing(_ old: String, with new: String) -> String {
    guard let range = firstRange(of: old) else { return self }
    return String(self[..<range.lowerBound]) + new + String(self[range.upperBound...])
  }
}

extension ClearingSuite {
  @Suite struct PublishingTests {
    @Test func theFirstTariffOfACityMayBeginInThePast() async throws {
      try await House.with(tariff: nil) { house in
        guard case .published = try await house.offer(testTariff, isReratingOrdered: false) else {
          Issue.record("the first tariff was refused")
          return
        }
      }
    }

    @Test(arguments: ["2026-11-01", "2026-11-23"])
    func aDayThatHasBegunChangesOnlyByOrder(_ firstDay: String) async throws {
      try await House.with { house in
        try await house.journal([try tap(1, "08:00")])
        try await house.service.drain()
        let text = draft("test-2", from: firstDay)
        guard case .past(let why) = try await house.offer(text, isReratingOrdered: false) else {
          Issue.record("a change to the past went through without an order")
          return
        }
        #expect(why.english.contains(firstDay))
        #expect(try await house.number("select count(*) from tariff_version") == 1)
        #expect(
          try await house.number("select count(*) from fare_day where stale_since is not null")
            == 0)
        guard case .published = try await house.offer(text, isReratingOrdered: true) else {
          Issue.record("the order was not obeyed")
          return
        }
      }
    }

    @Test func aVersionToComeIsInForceFromItsFirstFareDayAndNotBefore() async throws {
      try await House.with { house in
        try await house.publish(draft("test-2", from: "2026-11-24"), isReratingOrdered: false)
        let city = house.city.current
        // Fare days begin at four o'clock in Kyiv.
        let before = try #require(Instant(iso8601: "2026-11-24T03:59:59+02:00"))
        #expect(city.tariffVersion(at: House.noon) == "test-1")
        #expect(city.tariffVersion(at: before) == "test-1")
        #expect(city.tariffVersion(at: before.adding(seconds: 1)) == "test-2")
        let earlier = try #require(Instant(iso8601: "2025-12-31T12:00:00+02:00"))
        #expect(city.tariffVersion(at: earlier) == nil)
      }
    }

    @Test func theSameTariffAgainIsNoChangeToThePast() async throws {
      try await House.with { house in
        guard
          case .published(_, _, let staleDays) = try await house.offer(
            testTariff, isReratingOrdered: false)
        else {
          Issue.record("the same tariff was refused")
          return
        }
        #expect(staleDays == 0)
      }
    }
  }
}
