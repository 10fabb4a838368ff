import Basics
import Clearing
import Store
import Tapping
import Testing
import Transit

extension ClearingSuite {
  /// A tap that was denied makes no day of its rider, and is the rider's like every other.
  @Suite struct DeniedTapTests {
    /// An accepted tap of 22 November, and then a denied one of the 19th from a validator that was offline.
    private static func prepare(_ house: House) async throws {
      try await house.journalSigned([try tap(1, "08:00")])
      try await house.service.drain()
      var denied = try tap(2, "09:00", day: -3)
      denied.result = .denied(reason: "deny_list")
      try await house.journalSigned([denied])
      try await house.service.drain()
      #expect(
        try await house.texts("select fare_day || ' ' || accepted from tap order by seq")
          == ["2026-11-22 true", "2026-11-19 false"])
      #expect(try await house.texts("select fare_day::text from fare_day") == ["2026-11-22"])
    }

    @Test func oneOfBeforeTheFirstSortedTapIsErasedWithItsRider() async throws {
      try await House.with { house in
        try await Self.prepare(house)
        let anna = house.rider("anna")
        try await house.topUp(anna, 800, key: "k1")
        let nobody = try await house.riders.erase(
          anna, by: desk, randomBytes: { count in (0..<count).map { UInt8($0 * 7 + 1) } })
        #expect(
          try await house.texts("select distinct rider_id::text from tap") == ["\(nobody)"])
        #expect(
          try await house.number(
            "select count(*) from tap where medium_id = '\(house.medium("anna"))'") == 0)
        let audit = try await house.fullAudit(.journal)
        #expect(audit.isSound && audit.taps == 2, "\(audit.findings)")
        // As the erasure of an earlier program left it.
        let medium = house.medium("anna")
        try await house.script(
          "update tap set rider_id = '\(anna)', medium_id = '\(medium)' where not accepted")
        #expect(try await !house.fullAudit(.journal).isSound)
        #expect(try await Self.repair(house) == TapRepair(erased: 1))
        #expect(
          try await house.number(
            "select count(*) from tap where rider_id = '\(anna)' or medium_id = '\(medium)'") == 0)
        let repaired = try await house.fullAudit(.journal)
        #expect(repaired.isSound, "\(repaired.findings)")
        #expect(try await Self.repair(house) == TapRepair())
      }
    }

    private static func repair(_ house: House) async throws -> TapRepair {
      try await house.riders.repairTaps(
        by: desk, randomBytes: { count in (0..<count).map { UInt8($0 * 5 + 2) } })
    }

    @Test func oneOfBeforeTheFirstSortedTapGoesOverWithItsRider() async throws {
      try await House.with { house in
        try await Self.prepare(house)
        let olha = try await house.register("olha")
        #expect(try await house.riders.merge(house.rider("anna"), into: olha, by: desk) == 2)
        try await house.service.drain()
        #expect(try await house.texts("select distinct rider_id::text from tap") == ["\(olha)"])
        // It makes no day of the other either.
        #expect(try await house.texts("select fare_day::text from fare_day") == ["2026-11-22"])
        let audit = try await house.fullAudit(.journal)
        #expect(audit.isSound && audit.taps == 2, "\(audit.findings)")
        // As the merge of an earlier program left it.
        let anna = house.rider("anna")
        try await house.script(
          "update tap set rider_id = '\(anna)', lane = \(Lane.of(anna)) where not accepted")
        #expect(try await !house.fullAudit(.journal).isSound)
        #expect(try await Self.repair(house) == TapRepair(merged: 1))
        #expect(
          try await house.texts("select distinct rider_id || ' ' || lane from tap")
            == ["\(olha) \(Lane.of(olha))"])
        let repaired = try await house.fullAudit(.journal)
        #expect(repaired.isSound, "\(repaired.findings)")
        #expect(
          try await house.texts(
            "select detail from rider_event where rider_id = '\(olha)' and kind = 'repair'")
            == ["1 denied taps came in"])
      }
    }
  }
}
