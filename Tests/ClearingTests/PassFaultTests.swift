import Basics
import Clearing
import Store
import Tapping
import Testing
import Transit

extension ClearingSuite {
  /// What cannot be read holds up itself alone, and is said.
  @Suite struct PassFaultTests {
    /// Tap 1 is good, tap 2 lies a year ahead.
    private static func journal(_ house: House, _ device: String, card: String) async throws {
      try await house.journal(
        [try tap(1, "08:00", card: card), try tap(2, "09:00", card: card, day: 365)],
        device: device)
      try await house.script(
        """
        update tap_batch set quarantined = '{[2,3)}' where device_id = '\(device)';
        insert into tap_quarantine (device_id, epoch, seq, code, message, content, received_at)
        values ('\(device)', 1, 2, 'tap_in_future', 'later than now', '{}', '2026-11-23T07:30Z');
        """)
    }

    private static func release(_ house: House, _ device: String) async throws {
      _ = try await QuarantineDesk(store: house.store, log: quiet).release(
        TapName(device: device, epoch: 1, seq: 2),
        correction: TapCorrection(at: try tap(2, "12:00").at), by: "olha",
        reason: "its clock stood wrong", at: House.noon)
    }

    @Test func aReleasedTapThatCannotBeReadHoldsUpNobodyElse() async throws {
      try await House.with { house in
        for (device, card) in [("V-1", "anna"), ("V-2", "olha")] {
          try await Self.journal(house, device, card: card)
        }
        try await house.service.drain()
        #expect(try await house.owed() == ["2190  1600"])
        for device in ["V-1", "V-2"] { try await Self.release(house, device) }
        try await house.script(
          House.forging(
            "update tap_batch set body = '\\x7b', format = 'json' where device_id = 'V-1'"))
        try await house.journal([try tap(1, "10:00", card: "vira")], device: "V-3")
        let fault = await #expect(throws: StoreFault.self) { try await house.service.drain() }
        #expect(fault?.kind == .damaged)
        #expect(try await house.owed() == ["2190  3200"])
        #expect(
          try await house.texts(
            "select device_id || ' ' || (sorted_at is not null) from tap_quarantine order by 1")
            == ["V-1 false", "V-2 true"])
        // It stays said, and holds up nobody who comes later either.
        try await house.journal([try tap(2, "14:00", card: "vira")], device: "V-3")
        await #expect(throws: StoreFault.self) { try await house.service.drain() }
        #expect(try await house.owed() == ["2190  4000"])
      }
    }

    @Test func aStateThatCannotBeReadHoldsUpNoOtherLane() async throws {
      try await House.with { house in
        let lane = Lane.of(house.rider("anna"))
        let others = (1...60).map { "card-\($0)" }.filter { Lane.of(house.rider($0)) != lane }
        try #require(Set(others.map { Lane.of(house.rider($0)) }).count > 8)
        try await house.journal([try tap(1, "08:00", day: -1)])
        try await house.service.drain()
        try await house.script(
          """
          create table kept as select state_after from fare_day;
          update fare_day set state_after = '\\xff';
          """)
        try await house.journal([try tap(2, "08:00")])
        try await house.journal(
          try others.enumerated().map { try tap(Int64($0.offset) + 1, "09:00", card: $0.element) },
          device: "V-2")
        await #expect(throws: ClearingFault.self) { try await house.service.drain() }
        #expect(
          try await house.number("select count(*) from ride where fare_day = '2026-11-22'")
            == Int64(others.count))
        // What could not be rated waits.
        #expect(
          try await house.texts("select distinct rider_id::text from rider_day_waiting")
            == ["\(house.rider("anna"))"])
        try await house.script(
          "update fare_day f set state_after = k.state_after from kept k where fare_day = '2026-11-21'"
        )
        try await house.service.drain()
        #expect(
          try await house.number("select count(*) from ride where fare_day = '2026-11-22'")
            == Int64(others.count) + 1)
        try await house.expectSound()
      }
    }

    @Test func aTapOfABatchThatCannotBeReadIsNotReleased() async throws {
      try await House.with { house in
        try await Self.journal(house, "V-1", card: "anna")
        try await house.script("update tap_batch set body = '\\x7b'")
        try await house.service.drain()
        #expect(
          try await house.number("select count(*) from tap_batch where sort_fault is not null")
            == 1)
        let refusal = await #expect(throws: QuarantineRefusal.self) {
          try await Self.release(house, "V-1")
        }
        #expect(refusal?.code == "batch_unreadable")
        let discarded = try await QuarantineDesk(store: house.store, log: quiet).discard(
          TapName(device: "V-1", epoch: 1, seq: 2), by: "olha", reason: "its batch is damaged",
          at: House.noon)
        #expect(discarded.state == .discarded)
        try await house.service.drain()
      }
    }
  }
}
