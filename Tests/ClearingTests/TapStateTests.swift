import Basics
import Clearing
import Postgres
import Store
import Tapping
import Testing
import Transit

extension ClearingSuite {
  /// Each tap of the journal is in one state, at any moment.
  @Suite struct TapStateTests {
    /// The registers as Intake keeps them.
    static func register(_ house: House) async throws {
      try await house.script(
        """
        insert into device_epoch (device_id, epoch, taps_stored, last_received_at, last_sent_at)
        select device_id, epoch, sum(taps), now(), now() from (
          select device_id, epoch, (
            select sum(upper(r) - lower(r)) from unnest(fresh) r) as taps from tap_batch) b
        group by device_id, epoch
        on conflict (device_id, epoch) do update set taps_stored = excluded.taps_stored
        """)
    }

    static func states(_ house: House) async throws -> [TapState: Int64] {
      try await register(house)
      let counts = try await house.store.read { db in try await db.tapStates.counts() }
      #expect(counts.missing == 0, "\(counts)")
      #expect(
        try await house.number("select coalesce(sum(accepted + denied), 0)::int8 from tap_sum")
          == house.number("select count(*) from tap"))
      return counts.counts.filter { $0.value != 0 }
    }

    static func stuck(
      _ state: TapState, _ house: House, at now: Instant = House.noon
    ) async throws -> [StuckTaps] {
      let city = house.city.current
      return try await house.store.read { db in
        try await db.tapStates.stuck(in: state, at: now, of: city)
      }
    }

    @Test func aTapGoesFromStateToState() async throws {
      try await House.with(tariff: nil) { house in
        var denied = try tap(2, "09:00")
        denied.result = .denied(reason: "deny_list")
        try await house.journal([try tap(1, "08:00"), denied, try tap(3, "10:00", card: "b")])
        #expect(try await Self.states(house) == [.unsorted: 3])
        #expect(try await Self.stuck(.unsorted, house).map(\.taps) == [3])
        try await house.service.drain()
        #expect(try await Self.states(house) == [.sorted: 2, .denied: 1])
        let waiting = try await Self.stuck(.sorted, house)
        #expect(waiting.map(\.taps) == [1, 1])
        #expect(waiting.allSatisfy { $0.reason == "late_tap" && $0.since == House.noon })
        try await house.publish(testTariff)
        try await house.service.drain()
        #expect(try await Self.states(house) == [.rated: 2, .denied: 1])
        #expect(try await Self.stuck(.sorted, house).isEmpty)
        // Nobody put money on these cards.
        #expect(
          try await Self.stuck(.rated, house).map(\.reason)
            == Array(repeating: "charged, and no stored value pays", count: 2))
      }
    }

    @Test func whatCannotBeReadOrIsImpossibleIsCountedWhereItLies() async throws {
      try await House.with { house in
        try await house.journal([try tap(1, "08:00")])
        try await house.journal([try tap(2, "09:00"), try tap(3, "09:00")], body: [0])
        try await house.journal([try tap(4, "10:00"), try tap(5, "11:00")])
        try await house.script(
          """
          update tap_batch set quarantined = '{[5,6)}' where fresh @> 5::int8;
          insert into tap_quarantine (device_id, epoch, seq, code, message, content, received_at)
          values ('V-1', 1, 5, 'tap_in_future', 'the tap lies in the future', '{}', now());
          """)
        #expect(try await Self.states(house) == [.unsorted: 4, .quarantined: 1])
        try await house.service.drain()
        #expect(
          try await Self.states(house) == [.rated: 2, .setAside: 2, .quarantined: 1])
        let unread = try await Self.stuck(.setAside, house)
        #expect(unread.map(\.taps) == [2])
        #expect(unread.first?.reason.isEmpty == false)
        #expect(
          try await Self.stuck(.quarantined, house).map(\.reason)
            == ["tap_in_future: the tap lies in the future"])
      }
    }

    /// It is counted among those, and nobody would find it otherwise while no service runs.
    @Test func aReleasedTapIsListedUntilItIsSorted() async throws {
      try await House.with { house in
        try await house.journal([try tap(1, "08:00"), try tap(5, "11:00")])
        try await house.script(
          """
          update tap_batch set quarantined = '{[5,6)}';
          insert into tap_quarantine (device_id, epoch, seq, code, message, content, received_at,
            state, decided_at, decided_by, decision_reason)
          values ('V-1', 1, 5, 'tap_in_future', 'the tap lies in the future', '{}', now(), 'released',
            now(), 'olha', 'its clock stood wrong');
          """)
        #expect(try await Self.states(house) == [.unsorted: 2])
        let stuck = try await Self.stuck(.unsorted, house)
        #expect(stuck.map(\.taps) == [1, 1])
        #expect(
          stuck.filter { $0.place == "tap V-1 1 5" }.map(\.reason)
            == ["released from quarantine, waits for sorting"])
        #expect(try await Self.stuck(.quarantined, house).isEmpty)
      }
    }

    private static func isReadOn(
      _ state: TapState, _ count: Int, _ house: House
    ) async throws {
      let city = house.city.current
      func page(after skipped: Int, _ countMax: Int) async throws -> [String] {
        try await house.store.read { db in
          try await db.tapStates.stuck(
            in: state, after: skipped, at: House.noon, of: city, countMax: countMax)
        }.map(\.place)
      }
      let whole = try await page(after: 0, TapStateTables.stuckMax)
      #expect(whole.count == count, "\(state)")
      var read: [String] = []
      for skipped in stride(from: 0, to: count, by: 2) {
        read += try await page(after: skipped, 2)
      }
      #expect(read.sorted() == whole.sorted(), "\(state)")
      #expect(try await page(after: count, 2).isEmpty, "\(state)")
    }

    /// Also where many have waited equally long: what is picked first is listed first.
    @Test func aListOfStuckTapsGoesOnWhereItEnded() async throws {
      try await House.with(tariff: nil) { house in
        for number in 1...7 {
          var bank = try tap(Int64(number + 10), "09:0\(number)", card: "bank \(number)")
          bank.medium = .bank
          // The first riders tap last.
          let ride = try tap(Int64(number), "08:0\(8 - number)", card: "\(number)")
          try await house.journal([ride, bank])
        }
        try await house.script(
          """
          insert into tap_quarantine (device_id, epoch, seq, code, message, content, received_at)
          select 'V-1', 1, n, 'x', 'x', '{}', '2026-11-23T09:00Z' from generate_series(101, 105) n;
          """)
        try await Self.isReadOn(.unsorted, 7, house)
        try await Self.isReadOn(.quarantined, 5, house)
        try await house.service.drain()
        try await Self.isReadOn(.sorted, 14, house)
        try await house.publish(testTariff)
        try await house.service.drain()
        // Each rider, and the day whose windows are not closed.
        try await Self.isReadOn(.rated, 8, house)
        try await house.script(
          """
          insert into charge_window (lane, rider_id, medium_id, fare_day, number, currency, state,
            amount_minor, due_minor, closed_at)
          select lane, rider_id, medium_id, fare_day, 0, 'UAH', 'debt', 800, 800, '2026-11-23T09:30Z'
          from tap where medium = 'bank'
          """)
        try await Self.isReadOn(.billed, 7, house)
      }
    }

    @Test func aRideWithoutAKnownFareIsStuckWithItsReason() async throws {
      let onlyBuses = testTariff.replacing(
        "{name: ride, price: {adult: 8.00}}",
        with: "{name: ride, when: {mode: bus}, price: {adult: 8.00}}")
      try await House.with(tariff: onlyBuses) { house in
        try await house.journal([try tap(1, "08:00")])
        try await house.service.drain()
        #expect(try await Self.states(house) == [.rated: 1])
        let stuck = try await Self.stuck(.rated, house)
        #expect(stuck.map(\.place) == ["tap V-1 1 1"])
        #expect(stuck.first?.reason.hasPrefix("fare not known: ") == true)
      }
    }

    @Test func aTapOfABankCardIsWhereTheChargeWindowOfItsDayIs() async throws {
      try await House.with { house in
        var bank = try tap(1, "08:00")
        bank.medium = .bank
        try await house.journal([bank, try tap(2, "08:00", card: "b")])
        try await house.service.drain()
        try await house.script(
          """
          insert into charge_window (lane, rider_id, medium_id, fare_day, number, currency, state,
            amount_minor, due_minor, captured_minor, settled_minor, closed_at)
          select lane, rider_id, medium_id, fare_day, n, 'UAH', s, 800, 800 - paid, paid, paid, received_at
          from tap, (values (0, 'settled', 800), (1, 'debt', 0)) v(n, s, paid) where medium = 'bank'
          """)
        #expect(try await Self.states(house) == [.billed: 1, .rated: 1])
        #expect(
          try await Self.stuck(.billed, house).map { $0.reason.hasSuffix(" is debt") } == [true])
        // A day that has to be rated again keeps what is in a payment where it is.
        try await house.script("update fare_day set stale_since = now()")
        #expect(try await Self.states(house) == [.billed: 1, .sorted: 1])
        try await house.script("update fare_day set stale_since = null")
        try await house.script(
          """
          update charge_window set state = 'written_off', due_minor = 0, written_off_minor = 800
          where number = 1
          """)
        #expect(try await Self.states(house) == [.writtenOff: 1, .rated: 1])
        #expect(try await Self.stuck(.billed, house).isEmpty)
        try await house.script(
          """
          update charge_window set state = 'settled', written_off_minor = 0, captured_minor = 800,
            settled_minor = 800 where number = 1
          """)
        #expect(try await Self.states(house) == [.settled: 1, .rated: 1])
      }
    }

    @Test func ofAClosedDayIsSettledWhatNothingIsOpenOf() async throws {
      try await House.with { house in
        let media = ["paid", "open", "given up", "waits", "unknown"]
        try await house.journal(
          try media.indices.map { place in
            var bank = try tap(Int64(place) + 1, "08:00", card: media[place])
            bank.medium = .bank
            return bank
          })
        try await house.service.drain()
        try await house.script(
          "insert into charge_day select distinct fare_day, now() from fare_day")
        // Nothing is due where a closed day has no window.
        #expect(try await Self.states(house) == [.settled: 5])
        try await house.script(
          """
          insert into charge_window (lane, rider_id, medium_id, fare_day, number, currency, state,
            amount_minor, due_minor, captured_minor, settled_minor, written_off_minor, closed_at)
          select lane, rider_id, medium_id, fare_day, 0, 'UAH',
            (array['settled', 'captured', 'written_off'])[seq], 800, 0, case when seq < 3 then 800 else 0 end,
            case seq when 1 then 800 else 0 end, case seq when 3 then 800 else 0 end, now()
          from tap where seq < 4;
          insert into charge_day_waiting (lane, rider_id, fare_day)
          select lane, rider_id, fare_day from tap where seq = 4;
          set session_replication_role = replica;
          update ride r set charged_minor = null from tap t where t.rider_id = r.rider_id and t.seq = 5;
          set session_replication_role = origin;
          update ride_sum set unknown_rides = 1
          where (fare_day, lane) in (select fare_day, lane from ride where charged_minor is null);
          """)
        #expect(
          try await Self.states(house) == [.settled: 1, .billed: 1, .writtenOff: 1, .rated: 2])
        try await house.script(
          "update fare_day f set stale_since = now() from tap t where t.rider_id = f.rider_id and seq > 2"
        )
        let found = try await Self.states(house)
        #expect(found == [.settled: 1, .billed: 1, .writtenOff: 1, .sorted: 2])
      }
    }

    @Test func bankTapsOfADayThatIsOverWaitForItsWindows() async throws {
      try await House.with { house in
        let banks = try ["a", "b", "c"].enumerated().map { place, card in
          var bank = try tap(Int64(place) + 1, "08:00", card: card)
          bank.medium = .bank
          return bank
        }
        try await house.journal(banks + [try tap(4, "08:00", card: "d")])
        try await house.service.drain()
        func waiting(at now: Instant) async throws -> [StuckTaps] {
          try await Self.stuck(.rated, house, at: now).filter { $0.place.hasPrefix("fare day") }
        }
        let day = try #require(Day("2026-11-22"))
        let end = house.city.current.hours(of: day).upperBound
        #expect(try await waiting(at: end.adding(seconds: -1)).isEmpty)
        let over = try await waiting(at: end)
        #expect(over.map(\.taps) == [3])
        #expect(over.map(\.since) == [end])
        #expect(over.map(\.place) == ["fare day 2026-11-22"])
        #expect(over.map(\.reason) == ["the windows of the day are not closed"])
        // A day that waits for its rating is sorted, one with an open window billed, and neither is rated.
        try await house.script(
          """
          update fare_day f set stale_since = now() from tap t
          where t.rider_id = f.rider_id and t.seq = 1;
          insert into charge_window (lane, rider_id, medium_id, fare_day, number, currency, state,
            amount_minor, due_minor, closed_at)
          select lane, rider_id, medium_id, fare_day, 0, 'UAH', 'debt', 800, 800, received_at
          from tap where seq = 2;
          """)
        #expect(try await waiting(at: end).map(\.taps) == [1])
        #expect(try await Self.states(house) == [.sorted: 1, .billed: 1, .rated: 2])
        try await house.script(
          "insert into charge_day select distinct fare_day, now() from fare_day")
        #expect(try await waiting(at: end).isEmpty)
      }
    }

    /// Charging began with the third day: what came before it stays so for good.
    @Test func daysBeforeTheFirstClosedOneAreOneLine() async throws {
      try await House.with { house in
        let banks = try (-4...0).map { day in
          var bank = try tap(Int64(day) + 5, "08:00", card: "card \(day)", day: day)
          bank.medium = .bank
          return bank
        }
        try await house.journal(banks)
        try await house.service.drain()
        try await house.script(
          """
          insert into charge_day select min(fare_day) + 2, now() from fare_day;
          insert into charge_day select min(fare_day) + 3, now() from fare_day;
          """)
        let last = try #require(Day("2026-11-22"))
        let stuck = try await Self.stuck(
          .rated, house, at: house.city.current.hours(of: last).upperBound
        ).filter { $0.place.hasPrefix("fare day") }
        #expect(
          stuck.map(\.place) == ["fare days 2026-11-18 to 2026-11-19", "fare day 2026-11-22"])
        #expect(stuck.map(\.taps) == [2, 1])
        #expect(
          stuck.map(\.reason) == [
            "before the first day whose windows were closed",
            "the windows of the day are not closed",
          ])
        let first = last.adding(days: -4)
        #expect(stuck.first?.since == house.city.current.hours(of: first).upperBound)
      }
    }

    @Test func aDifferenceAfterTheCloseIsStuckUntilItsWindowIsMade() async throws {
      try await House.with { house in
        var bank = try tap(1, "08:00")
        bank.medium = .bank
        try await house.journal([bank])
        try await house.service.drain()
        try await house.script(
          """
          insert into charge_day select distinct fare_day, now() from fare_day;
          insert into charge_day_waiting (lane, rider_id, fare_day)
          select lane, rider_id, fare_day from tap;
          """)
        let stuck = try await Self.stuck(.rated, house)
        #expect(stuck.map(\.taps) == [1])
        #expect(
          stuck.map(\.reason)
            == ["rated after its day was closed, and its windows wait for the difference"])
        try await house.script(
          """
          update charge_day_waiting set waits_for_account = true;
          update medium set kind = 'phone';
          """)
        #expect(
          try await Self.stuck(.rated, house).map(\.reason)
            == ["charged, and no payment account is known of the phone"])
      }
    }
  }
}
