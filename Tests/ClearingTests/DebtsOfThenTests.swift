import AcquirerSupport
import Basics
import Charging
import Clearing
import Postgres
import SimulatedAcquirer
import Store
import Tapping
import Testing

extension ClearingSuite {
  /// The report of debts shows what was owed when its last day ended, whatever came since.
  @Suite struct DebtsOfThen {
    private func question(_ house: CardHouse, _ last: Day) -> ReportQuestion {
      ReportQuestion(days: last...last, zone: house.house.city.current.clock.zone)
    }

    /// Debts as the report tells them: fare day, captured, written off and due.
    private func told(_ house: CardHouse, _ last: Day) async throws -> [String] {
      try await house.house.store.read { db in
        try await db.reports.rows(
          .debtWindows, question(house, last),
          figures: [
            ("fare_day", .date), ("captured_minor", .count), ("written_off_minor", .count),
            ("due_minor", .count),
          ])
      }.map { row in row.map { "\($0)" }.joined(separator: " ") }
    }

    /// Debts as the windows themselves stand now.
    private func standing(_ house: CardHouse) async throws -> [String] {
      try await house.house.pool.session { db in
        try await db.query(
          """
          select fare_day, captured_minor, written_off_minor, due_minor from charge_window
          where declined_at is not null and (due_minor > 0 or written_off_minor > 0)
          order by fare_day, window_id
          """
        ).map { row in
          [
            ReportFigure.date(try row.date("fare_day")), .count(try row.int8("captured_minor")),
            .count(try row.int8("written_off_minor")), .count(try row.int8("due_minor")),
          ].map { "\($0)" }.joined(separator: " ")
        }
      }
    }

    private func sums(
      _ house: CardHouse, _ query: ReportQuery, _ last: Day
    ) async throws -> Int64 {
      try await house.house.store.read { db in
        try await db.reports.rows(query, question(house, last), figures: [("due_minor", .count)])
      }.reduce(0) { sum, row in
        if case .count(let minor) = row[0] { sum + minor } else { sum }
      }
    }

    @Test func eachDaysDebtsAreThoseThatStoodWhenItEnded() async throws {
      // Every card is declined, so that nothing is paid but at a desk.
      let mood = AcquirerMood(declines: 1, silences: 0, repeats: 0, delays: 0)
      try await CardHouse.with(mood: mood) { house in
        var seen: [Day: [String]] = [:]
        var seq: Int64 = 0
        for number in 0..<8 {
          if number < 3 {
            for card in ["visa-anna", "visa-bohdan", "visa-vira"] {
              var taps: [Tap] = []
              for time in ["08:00", "12:00", "18:00"].prefix(number + 1) {
                seq += 1
                taps.append(try bankTap(seq, time, card: card, day: number))
              }
              try await house.house.journal(taps, receivedAt: house.clock.now)
            }
            try await house.work()
          }
          try await act(number, house)
          let today = house.house.city.current.clock.zone.local(house.clock.now).day
          seen[today] = try await standing(house)
          try await house.nextDay()
        }
        #expect(Set(seen.values).count >= 5, "\(seen)")
        for (day, debts) in seen.sorted(by: { $0.key < $1.key }) {
          #expect(try await told(house, day) == debts, "\(day)")
          let due = try await sums(house, .debtWindows, day)
          #expect(try await sums(house, .debtAges, day) == due, "\(day)")
          #expect(try await sums(house, .debtOperators, day) == due, "\(day)")
        }
        // Nothing was owed before the first window was declined.
        let first = try #require(seen.keys.min())
        #expect(try await told(house, first.adding(days: -1)).isEmpty)
      }
    }

    /// What happens to the oldest debts on a day: a part is paid, one is written off, and paid then.
    private func act(_ number: Int, _ house: CardHouse) async throws {
      let open = try await house.house.texts(
        """
        select window_id::text from charge_window
        where due_minor > 0 and declined_at is not null and state in ('retrying', 'debt')
        order by fare_day, window_id
        """
      ).compactMap { Int64($0) }
      switch number {
      case 2:
        let window = try #require(open.first)
        _ = try await house.debts.pay(window, minor: 300, channel: .cash, by: "olena")
      case 3:
        let window = try #require(open.last)
        _ = try await house.debts.pay(window, minor: nil, channel: .cash, by: "olena")
      case 5:
        let window = try #require(open.first)
        try await house.house.script(
          House.forging(
            "update charge_window set state = 'debt', next_at = null where window_id = \(window)"))
        let order = try await house.debts.proposeWriteOff(window, reason: "gone", by: "olena")
        _ = try await house.debts.decide(order, isApproved: true, by: "taras")
      case 6:
        let given = try await house.house.number(
          "select window_id from charge_window where state = 'written_off'")
        _ = try await house.debts.pay(given, minor: 100, channel: .cash, by: "olena")
      default: break
      }
    }

    /// A day that owes a part of its fares owes it to the operators of its rides by their fares.
    @Test func whatIsDueIsSharedByTheFaresOfTheRides() async throws {
      let mood = AcquirerMood(declines: 1, silences: 0, repeats: 0, delays: 0)
      try await CardHouse.with(mood: mood) { house in
        try await house.house.journal(
          [
            try bankTap(1, "08:00"), try bankTap(2, "12:00"), try bankTap(3, "18:00"),
          ], receivedAt: house.clock.now)
        try await house.work()
        try await house.house.script(
          House.forging(
            "update ride set operator_id = case seq when 1 then 'bus' else 'tram' end"))
        try await house.nextDay()
        // 24.00, of which 4.00 are paid: 20.00 are owed, a third of them to the bus: 6.66 and 2/3.
        let window = try await house.window()
        _ = try await house.debts.pay(window, minor: 400, channel: .cash, by: "olena")
        let last = house.house.city.current.clock.zone.local(house.clock.now).day
        let rows = try await house.house.store.read { db in
          try await db.reports.rows(
            .debtOperators, question(house, last),
            figures: [("operator", .text), ("rides", .count), ("due_minor", .count)])
        }
        #expect(
          rows == [
            [.text("bus"), .count(1), .count(667)], [.text("tram"), .count(2), .count(1333)],
          ])
      }
    }
  }
}
