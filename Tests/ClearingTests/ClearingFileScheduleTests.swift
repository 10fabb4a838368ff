import AcquirerSupport
import Basics
import Charging
import Clearing
import Tapping
import Testing

extension ClearingSuite {
  /// Clearing files leave the house once a day, each once.
  @Suite struct ClearingFileScheduleTests {
    private static func schedule(_ house: CardHouse, from hour: Int) -> ClearingFileSchedule {
      ClearingFileSchedule(
        store: house.house.store, city: house.house.city,
        desk: ClearingFileDesk(service: house.charging, merchant: "city"), from: hour * 3600,
        now: { house.clock.now })
    }

    private static func ride(_ house: CardHouse, _ seq: Int64, day: Int) async throws {
      try await house.house.journal(
        [try bankTap(seq, "08:00", day: day)], receivedAt: house.clock.now)
      try await house.work()
    }

    /// The clock stands at 20:00 each day.
    @Test func filesAreMadeFromTheirTimeOnOnceADayAndGivenOutOnce() async throws {
      try await CardHouse.with(byFile: true) { house in
        try await Self.ride(house, 1, day: 0)
        try await house.nextDay()
        let late = Self.schedule(house, from: 21)
        #expect(try await late.makeDue() == 0)
        let schedule = Self.schedule(house, from: 6)
        #expect(try await schedule.makeDue() == 1)
        #expect(try await schedule.waiting().map(\.number) == [1])
        // A service that ended before it gave the file out gives it after its start, and only then.
        let again = Self.schedule(house, from: 6)
        let file = try #require(try await again.waiting().first)
        #expect(file.lines.map(\.minor) == [800])
        try await again.markGiven(file.number)
        #expect(try await schedule.waiting().isEmpty)
        // What is authorised later on the same day waits for the next.
        try await Self.ride(house, 2, day: 1)
        #expect(try await schedule.makeDue() == 0)
        try await house.nextDay()
        #expect(try await schedule.makeDue() == 1)
        #expect(try await schedule.makeDue() == 0)
        #expect(try await schedule.waiting().map(\.number) == [2])
        try await schedule.markGiven(1)
        #expect(try await schedule.waiting().map(\.number) == [2])
      }
    }
  }
}
