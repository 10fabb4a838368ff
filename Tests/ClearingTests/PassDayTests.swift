import Basics
import Clearing
import Store
import Tapping
import Testing
import Transit
import Wallet

extension ClearingSuite {
  /// A month for 300.00 is sold at noon of 23 November; when its days are shared among operators.
  @Suite struct PassDayTests {
    private static let sold = Day(year: 2026, month: 11, day: 23) ?? Day(number: 0)

    private static func sell(_ house: House, to rider: RiderID) async throws {
      _ = try await house.products.sell(
        "month", to: rider, from: nil, for: house.cash(nil, key: "s1"), by: desk)
    }

    /// The bus stands in the depot until the morning: its validators deliver after the fare day has ended.
    @Test func aDayOfAPassIsSharedWhenTheTapsOfItAreThere() async throws {
      try await House.with(tariff: productTariff) { house in
        let anna = try await house.register("anna")
        try await Self.sell(house, to: anna)
        try await house.journal([try tap(1, "13:00", day: 1)])
        try await house.service.drain()
        let end = house.city.current.clock.start(of: Self.sold.adding(days: 1))
        try await house.journal(
          [try tap(1, "17:00", day: 1)], device: "V-2", receivedAt: end.adding(seconds: 1800))
        let recognition = house.recognition
        func look(_ minutes: Int64) async throws -> Int {
          try await recognition.look(at: end.adding(seconds: minutes * 60), startedAt: House.noon)
        }
        #expect(try await look(1) == 0, "the day ended a minute ago")
        #expect(try await look(121) == 0, "a batch waits in the journal")
        try await house.service.drain()
        try await house.script("update fare_day set stale_since = now(), stale_cause = 'order'")
        #expect(try await look(122) == 0, "its rides wait for a rating")
        try await house.service.drain()
        try await house.script(
          House.forging(
            "update ride set operator_id = case device_id when 'V-2' then 'bus' else 'tram' end"))
        #expect(try await look(123) == 1)
        #expect(
          try await house.texts(
            "select operator_id || ' ' || credit_minor from posting where account = '2100' order by 1"
          ) == ["bus 500", "tram 500"])
      }
    }

    /// A batch that nobody can sort, and a start after a night without the service.
    @Test func aDayOfAPassDoesNotWaitForEver() async throws {
      try await House.with(tariff: productTariff) { house in
        let anna = try await house.register("anna")
        try await Self.sell(house, to: anna)
        try await house.journal([try tap(1, "13:00", day: 1)])
        try await house.service.drain()
        let end = house.city.current.clock.start(of: Self.sold.adding(days: 1))
        let recognition = house.recognition
        func look(_ minutes: Int64, startedAt start: Instant) async throws -> Int {
          try await recognition.look(at: end.adding(seconds: minutes * 60), startedAt: start)
        }
        let start = end.adding(seconds: 150 * 60)
        #expect(try await look(150, startedAt: start) == 0, "validators begin to deliver")
        #expect(try await look(161, startedAt: start) == 1)
        try await house.journal(
          [try tap(1, "17:00", day: 2)], device: "V-2", receivedAt: House.noon)
        let nextDay: Int64 = 24 * 60
        #expect(try await look(nextDay + 121, startedAt: start) == 0)
        #expect(try await look(nextDay + 121 + 359, startedAt: start) == 0)
        #expect(try await look(nextDay + 121 + 360, startedAt: start) == 1)
      }
    }
  }
}
