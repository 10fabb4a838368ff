import Basics
import Clearing
import Postgres
import Store
import Tapping
import Testing
import Transit

extension ClearingSuite {
  @Suite struct Quarantine {
    private static let name = TapName(device: "V-1", epoch: 1, seq: 2)

    /// Tap 1 is good, tap 2 lies a year ahead.
    private static func prepare(_ house: House) async throws -> QuarantineDesk {
      let good = try tap(1, "08:00")
      let bad = try tap(2, "09:00", day: 365)
      try await house.journal([good, bad])
      try await house.script(
        """
        update tap_batch set quarantined = '{[2,3)}';
        insert into tap_quarantine (device_id, epoch, seq, code, message, content, received_at)
        values ('V-1', 1, 2, 'tap_in_future', 'later than now', '{}', '2026-11-23T07:30Z');
        """)
      try await house.service.drain()
      return QuarantineDesk(store: house.store, log: quiet)
    }

    @Test func aReleasedTapIsRatedLikeOneThatCameLate() async throws {
      try await House.with { house in
        let desk = try await Self.prepare(house)
        #expect(try await house.owed() == ["2190  800"])
        let at = try tap(2, "12:00").at
        let decided = try await desk.release(
          Self.name, correction: TapCorrection(at: at), by: "olha", reason: "its clock stood wrong",
          at: House.noon)
        #expect(decided.state == .released && decided.decidedBy == "olha")
        try await house.service.drain()
        #expect(try await house.owed() == ["2190  1600"])
        let times = try await house.texts(
          "select (tapped_at = '\(at)') || ' ' || (device_at > tapped_at) from tap where seq = 2")
        #expect(times == ["true true"])
        // The same medium, so the same rider.
        #expect(try await house.number("select count(distinct rider_id) from ride") == 1)
        #expect(try await house.audit().isSound)
        let record = try await desk.list(state: .released).first
        #expect(record?.sortedAt == House.noon && record?.reason == "its clock stood wrong")
        // Sorting again finds nothing.
        try await house.service.drain()
        #expect(try await house.number("select count(*) from tap") == 2)
      }
    }

    /// The validator says 2027, and nobody else ever saw the card.
    @Test func aCardIsFirstSeenWhenItsReleasedTapReallyWas() async throws {
      try await House.with { house in
        try await house.journal([
          try tap(2, "09:00", day: 365), try tap(3, "10:00", day: 365),
        ])
        try await house.script("update tap_batch set quarantined = '{[2,4)}'")
        let desk = QuarantineDesk(store: house.store, log: quiet)
        // The later one stands first.
        for (seq, time) in [(2, "12:00"), (3, "11:00")] as [(Int64, String)] {
          try await house.script(
            """
            insert into tap_quarantine (device_id, epoch, seq, code, message, content, received_at)
            values ('V-1', 1, \(seq), 'tap_in_future', 'later than now', '{}', '2026-11-23T07:30Z');
            """)
          _ = try await desk.release(
            TapName(device: "V-1", epoch: 1, seq: seq),
            correction: TapCorrection(at: try tap(seq, time).at), by: "olha",
            reason: "its clock stood wrong", at: House.noon)
        }
        try await house.service.drain()
        let at = try tap(3, "11:00").at
        for table in ["medium", "rider"] {
          let seen = try await house.texts(
            "select (first_seen_at = '\(at)')::text from \(table)")
          #expect(seen == ["true"], "\(table)")
        }
      }
    }

    @Test func aDiscardedTapStaysVisibleAndMakesNoFare() async throws {
      try await House.with { house in
        let desk = try await Self.prepare(house)
        _ = try await desk.discard(Self.name, by: "olha", reason: "a test card", at: House.noon)
        try await house.service.drain()
        #expect(try await house.owed() == ["2190  800"])
        let all = try await desk.list(state: nil)
        #expect(all.map(\.state) == [.discarded] && all.first?.reason == "a test card")
        #expect(try await desk.list(state: .held).isEmpty)
        let standing = try await house.store.read { try await $0.standing.journal() }
        #expect(standing.quarantined == 0 && standing.discarded == 1)
      }
    }

    @Test func nobodyDecidesTwice() async throws {
      try await House.with { house in
        let desk = try await Self.prepare(house)
        let correction = TapCorrection(at: House.noon)
        _ = try await desk.release(
          Self.name, correction: correction, by: "olha", reason: "first", at: House.noon)
        for act in ["release", "discard"] {
          let refusal = await #expect(throws: QuarantineRefusal.self) {
            if act == "release" {
              _ = try await desk.release(
                Self.name, correction: correction, by: "ivan", reason: "again", at: House.noon)
            } else {
              _ = try await desk.discard(Self.name, by: "ivan", reason: "no", at: House.noon)
            }
          }
          #expect(refusal?.code == "released_before")
        }
        let unknown = await #expect(throws: QuarantineRefusal.self) {
          _ = try await desk.discard(
            TapName(device: "V-1", epoch: 1, seq: 1), by: "ivan", reason: "no", at: House.noon)
        }
        #expect(unknown?.code == "not_in_quarantine")
        #expect(try await desk.list(state: nil).map(\.decidedBy) == ["olha"])
      }
    }
  }

  @Suite struct Places {
    private static func bare(_ seq: Int64, _ time: String) throws -> Tap {
      var tap = try tap(seq, time)
      tap.vehicle = nil
      return tap
    }

    private static func assign(
      _ house: House, _ place: DevicePlace?, _ from: String, _ until: String? = nil
    ) async throws -> Int {
      let start = try tap(0, from).at
      let end = try until.map { try tap(0, $0).at }
      let city = house.city.current
      return try await house.store.write { db in
        let tables = db.deviceAssignments
        try await tables.holdSorting(of: "V-1")
        var assignments = try await tables.find("V-1")
        assignments.assign(place, from: start, to: end)
        try await tables.save(assignments, of: "V-1")
        return try await tables.replaceTaps(
          of: "V-1", from: start, to: end,
          days: city.fareDay(of: start)...city.fareDay(of: House.noon), at: House.noon)
      }
    }

    private static func vehicles(_ house: House) async throws -> [String] {
      try await house.texts(
        """
        select concat_ws(' ', seq, coalesce(vehicle, '-'), coalesce(stop, '-'), assigned)
        from tap order by seq
        """)
    }

    @Test func aTapWithoutAVehicleIsOfTheOneItsDeviceWasInThen() async throws {
      try await House.with { house in
        _ = try await Self.assign(house, .vehicle("1603"), "06:00", "10:00")
        _ = try await Self.assign(house, .vehicle("1701"), "10:00")
        try await house.journal([
          try Self.bare(1, "05:00"), try Self.bare(2, "09:59"), try Self.bare(3, "10:00"),
          try tap(4, "11:00"),
        ])
        try await house.service.drain()
        #expect(
          try await Self.vehicles(house)
            == ["1 - -", "2 1603 - vehicle", "3 1701 - vehicle", "4 1603 -"])
      }
    }

    @Test func aPlaceInThePastMovesItsTapsAndMakesTheirDaysStale() async throws {
      try await House.with { house in
        _ = try await Self.assign(house, .vehicle("1603"), "06:00")
        try await house.journal([
          try Self.bare(1, "05:00"), try Self.bare(2, "09:00"), try Self.bare(3, "12:00"),
          try tap(4, "12:30"),
        ])
        try await house.service.drain()
        try await house.script("update vehicle_day set stale_since = null")
        #expect(try await Self.assign(house, .vehicle("1701"), "04:00", "10:00") == 2)
        #expect(
          try await Self.vehicles(house)
            == ["1 1701 - vehicle", "2 1701 - vehicle", "3 1603 - vehicle", "4 1603 -"])
        let stale = try await house.texts(
          "select vehicle from vehicle_day where stale_since is not null order by 1")
        #expect(stale == ["", "1603", "1701"])
        let riders = try await house.texts(
          "select stale_reason from fare_day where stale_since is not null")
        #expect(riders == ["device was reassigned"])
        // The same word again moves nothing.
        #expect(try await Self.assign(house, .vehicle("1701"), "04:00", "10:00") == 0)
        // At a stop instead, and then nowhere: what the assignment gave is taken away again.
        #expect(try await Self.assign(house, .stop("S-1"), "04:00", "10:00") == 2)
        #expect(try await Self.vehicles(house).prefix(2) == ["1 - S-1 stop", "2 - S-1 stop"])
        #expect(try await Self.assign(house, nil, "04:00", "10:00") == 2)
        #expect(try await Self.vehicles(house).prefix(2) == ["1 - -", "2 - -"])
        try await house.service.drain()
        #expect(try await house.audit().isSound)
      }
    }
  }

  @Suite struct DenyListAtSorting {
    @Test func aTapKeepsTheListItsValidatorUsedAndItsMediumGetsAFingerprint() async throws {
      try await House.with { house in
        let salt = [UInt8](repeating: 9, count: 16)
        _ = try await house.store.write { db in
          try await db.denyList.salt(orMakeFrom: { salt })
        }
        let one = try tap(1, "08:00")
        let batch = TapBatch(
          device: "V-1", epoch: 1, sentAt: House.noon, denyListVersion: 17, taps: [one])
        try await house.journal([one], body: TapBatchJSON.encode(batch))
        try await house.service.drain()
        #expect(try await house.texts("select deny_list_version::text from tap") == ["17"])
        let print = TokenFingerprint.of(kind: .card, token: one.token, salt: salt)
        #expect(
          try await house.texts("select encode(fingerprint, 'hex') from medium")
            == [hexText(print)])
        let medium = house.tokenKey.mediumID(kind: .card, token: one.token)
        // A medium of before there were fingerprints gets its own from the journal.
        try await house.script("update medium set fingerprint = null")
        _ = try await house.store.write { db in
          try await db.denyList.deny(medium: medium, reason: "lost", at: House.noon)
        }
        #expect(try await house.store.read { try await $0.denyList.all() } == print)
      }
    }
  }
}
