import AcquirerSupport
import Basics
import Charging
import Clearing
import Store
import Synchronization
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
        #expect(try await schedule.desk.waiting().map(\.number) == [1])
        // A service that ended before it gave the file out gives it after its start, and only then.
        let again = Self.schedule(house, from: 6)
        let file = try #require(try await again.desk.waiting().first)
        #expect(file.lines.map(\.minor) == [800])
        #expect(try await again.desk.giveOut { _ in } == ["clearing-000001.csv"])
        #expect(try await schedule.desk.waiting().isEmpty)
        // What is authorised later on the same day waits for the next.
        try await Self.ride(house, 2, day: 1)
        #expect(try await schedule.makeDue() == 0)
        try await house.nextDay()
        #expect(try await schedule.makeDue() == 1)
        #expect(try await schedule.makeDue() == 0)
        #expect(try await schedule.desk.waiting().map(\.number) == [2])
      }
    }

    /// What was laid where the acquirer fetches it.
    private final class Given: Sendable {
      let names = Mutex<[String]>([])
    }

    /// A file that cannot be laid down is given out later; two who give out at once give each file once.
    @Test func aFileIsGivenOutOnceHoweverManyDoSo() async throws {
      try await CardHouse.with(byFile: true) { house in
        try await Self.ride(house, 1, day: 0)
        try await house.nextDay()
        let desk = Self.schedule(house, from: 6).desk
        guard case .made = try await desk.makeNext(), case .nothing = try await desk.makeNext()
        else {
          Issue.record("not one file was made")
          return
        }
        struct FullDisk: Error {}
        await #expect(throws: FullDisk.self) {
          _ = try await desk.giveOut { _ in throw FullDisk() }
        }
        let given = Given()
        try await withThrowingTaskGroup(of: Void.self) { group in
          for _ in 0..<4 {
            group.addTask {
              _ = try await desk.giveOut { file in given.names.withLock { $0.append(file.name) } }
            }
          }
          try await group.waitForAll()
        }
        #expect(given.names.withLock { $0 } == ["clearing-000001.csv"])
      }
    }

    /// Whoever makes files may end before the last: a day is done when somebody found nothing left.
    @Test func aDayIsNotDoneWhileAnotherMakesItsFiles() async throws {
      try await CardHouse.with(byFile: true) { house in
        try await Self.ride(house, 1, day: 0)
        try await house.nextDay()
        let schedule = Self.schedule(house, from: 6)
        let made = try await house.house.store.write { db in
          try await db.charging.tryWork(.files) ? try await schedule.makeDue() : -1
        }
        #expect(made == 0)
        #expect(try await schedule.makeDue() == 1)
      }
    }

    /// A clock that was ahead for a while must not keep captures back until its day comes.
    @Test func aDayOfAClockThatWasAheadKeepsNothingBack() async throws {
      try await CardHouse.with(byFile: true) { house in
        let schedule = Self.schedule(house, from: 6)
        let ahead = ClearingFileSchedule(
          store: house.house.store, city: house.house.city, desk: schedule.desk, from: 0,
          now: { house.clock.now.adding(seconds: 30 * 86_400) })
        #expect(try await ahead.makeDue() == 0)
        try await Self.ride(house, 1, day: 0)
        try await house.nextDay()
        #expect(try await schedule.makeDue() == 1)
        #expect(try await schedule.makeDue() == 0)
      }
    }
  }
}
