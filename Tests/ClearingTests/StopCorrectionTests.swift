import Basics
import Clearing
import Store
import Tapping
import Testing
import Transit

extension House {
  /// Makes a bus 1 from VALLEY to HILL the network of the city, and a stop FARM that it does not serve.
  func importHill() async throws {
    let files = [
      "agency.txt": """
      agency_id,agency_name,agency_url,agency_timezone
      t,Tram,https://t.example,Europe/Kyiv
      """,
      "stops.txt": """
      stop_id,stop_name,stop_lat,stop_lon,zone_id
      VALLEY,Valley,49.23,28.46,1
      HILL,Hill,49.24,28.47,2
      FARM,Farm,49.25,28.48,2
      """,
      "routes.txt": """
      route_id,agency_id,route_short_name,route_long_name,route_type
      r1,t,1,,3
      r2,t,2,,3
      """,
      "trips.txt": "route_id,service_id,trip_id\nr1,all,t1\nr2,all,t2\n",
      "calendar.txt": """
      service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date
      all,1,1,1,1,1,1,1,20260101,20261231
      """,
      "stop_times.txt": """
      trip_id,arrival_time,departure_time,stop_id,stop_sequence
      t1,08:00:00,08:00:00,VALLEY,1
      t1,08:05:00,08:05:00,HILL,2
      t2,08:00:00,08:00:00,HILL,1
      t2,08:05:00,08:05:00,FARM,2
      """,
    ]
    try await importFeed(files, named: "hill", stopsCount: 3)
  }

  var stopDesk: StopCorrectionDesk { StopCorrectionDesk(store: store, city: city, log: quiet) }
}

extension ClearingSuite {
  /// A person says at which stop a tap was: the fare follows, and the books with it.
  @Suite struct StopCorrections {
    private static let olena = ReratingTests.olena
    private static let petro = ReratingTests.petro
    private static let name = TapName(device: "V-1", epoch: 1, seq: 1)

    /// A tap of line 1 at VALLEY, in the zone and at the place of that stop.
    private static func valley(_ seq: Int64, _ time: String = "08:00") throws -> Tap {
      var tap = try tap(seq, time)
      tap.route = "1"
      tap.stop = "VALLEY"
      tap.zone = "1"
      tap.coordinate = Coordinate(latitude: 49.23, longitude: 28.46)
      return tap
    }

    /// A house whose tariff asks 12.00 for who boards at HILL, and one rated ride of 8.00.
    private static func with(
      limit: String? = nil, _ body: @Sendable (House) async throws -> Void
    ) async throws {
      try await House.with(tariff: StaleCauseTests.byStop) { house in
        try await house.importHill()
        if let limit {
          try await house.store.write { db in
            try await db.settings.set(Rerating.limitSetting, to: limit)
          }
        }
        try await house.journalSigned([try valley(1)])
        try await house.service.drain()
        try #require(try await charged(house) == ["800"])
        try await body(house)
      }
    }

    private static func charged(_ house: House) async throws -> [String] {
      try await house.texts(
        """
        select charged_minor::text from ride where reversed_run_id is null order by started_at
        """)
    }

    private static func refusal(
      _ house: House, to stop: String?, _ name: TapName = name, reason: String = "told us"
    ) async -> String? {
      do {
        _ = try await house.stopDesk.correct(
          name, to: stop, reason: reason, by: olena, at: House.noon)
        return nil
      } catch let refusal as StopCorrectionRefusal {
        return refusal.code
      } catch {
        return "\(error)"
      }
    }

    @Test func theFareFollowsTheStopAndTheDifferenceIsBookedAndProven() async throws {
      try await Self.with { house in
        #expect(try await house.owed() == ["2100 t 800"])
        let row = try await house.stopDesk.correct(
          Self.name, to: "HILL", reason: "the validator was not moved on", by: Self.olena,
          at: House.noon)
        #expect(row.state == .standing && row.fromStop == "VALLEY" && row.changeMinor == 400)
        #expect(
          try await house.texts("select stale_cause || ' ' || stale_reason from fare_day")
            == ["corrected_stop correction \(row.id)"])
        try await house.service.drain()
        #expect(try await Self.charged(house) == ["1200"])
        #expect(try await house.owed() == ["2100 t 1200"])
        #expect(
          try await StaleCauseTests.causes(house) == ["corrected_stop 1 1 1", "late_tap 1 1 0"])
        let proven = try await house.fullAudit(.journal)
        #expect(proven.isSound && proven.correctedStops == 1, "\(proven.findings)")
        #expect(try await house.texts("select stop from tap") == ["VALLEY"])
        let back = try await house.stopDesk.correct(
          Self.name, to: nil, reason: "it was after all", by: Self.petro, at: House.noon)
        #expect(back.fromStop == "HILL" && back.stop == nil && back.changeMinor == 400)
        try await house.service.drain()
        #expect(try await Self.charged(house) == ["800"])
        #expect(try await house.owed() == ["2100 t 800"])
        let sound = try await house.fullAudit(.journal)
        #expect(sound.isSound && sound.correctedStops == 0, "\(sound.findings)")
        let list = try await house.stopDesk.list()
        #expect(list.map(\.state) == [.standing, .superseded])
        #expect(list.map(\.requestedBy.label) == ["Petro", "Olena"])
        #expect(list.last?.reason == "the validator was not moved on")
      }
    }

    @Test func whereTheValidatorBelievedToBeCountsNoMore() async throws {
      try await Self.with { house in
        _ = try await house.stopDesk.correct(
          Self.name, to: "HILL", reason: "told us", by: Self.olena, at: House.noon)
        let rider = StaleCauseTests.anna(house)
        let day = RiderDay(
          rider: rider, fareDay: try #require(Day(year: 2026, month: 11, day: 22)))
        let taps = try await house.store.read { db in
          try await db.rating.taps(lane: Lane.of(rider), days: [day], withPlacedStops: false)
        }
        let tap = try #require(taps.first?.first)
        #expect(tap.stop == "HILL" && tap.zone == nil && tap.coordinate == nil)
      }
    }

    @Test func whatCannotBeRightIsRefused() async throws {
      try await Self.with { house in
        let unknown = TapName(device: "V-1", epoch: 1, seq: 9)
        #expect(await Self.refusal(house, to: "HILL", unknown) == "tap_unknown")
        #expect(await Self.refusal(house, to: "MOON") == "stop_unknown")
        #expect(await Self.refusal(house, to: "VALLEY") == "nothing_changes")
        #expect(await Self.refusal(house, to: "FARM") == "stop_off_route")
        #expect(await Self.refusal(house, to: nil) == "not_corrected")
        #expect(await Self.refusal(house, to: "HILL", reason: " ") == "reason_missing")
        let long = String(repeating: "x", count: 1001)
        #expect(await Self.refusal(house, to: "HILL", reason: long) == "reason_too_long")
        #expect(try await house.number("select count(*) from stop_correction") == 0)
        let rated = "select count(*) from fare_day where stale_since is null"
        #expect(try await house.number(rated) == 1)
        // A diverted vehicle calls where its line does not, and a second word takes the first's place.
        let diverted = try await house.stopDesk.correct(
          Self.name, to: "FARM", isOffRoute: true, reason: "diverted", by: Self.olena,
          at: House.noon)
        #expect(diverted.isOffRoute && diverted.state == .standing)
        #expect(await Self.refusal(house, to: "FARM") == "nothing_changes")
        #expect(await Self.refusal(house, to: "HILL") == nil)
        let list = try await house.stopDesk.list()
        #expect(list.map(\.fromStop) == ["FARM", "VALLEY"])
        #expect(list.map(\.state) == [.standing, .superseded])
      }
    }

    @Test func aTapThatLetNobodyInIsNotCorrected() async throws {
      try await Self.with { house in
        try await house.script(House.forging("update tap set accepted = false"))
        #expect(await Self.refusal(house, to: "HILL") == "tap_denied")
      }
    }

    @Test func aboveTheLimitAnotherPersonApproves() async throws {
      try await Self.with(limit: "399") { house in
        let row = try await house.stopDesk.correct(
          Self.name, to: "HILL", reason: "told us", by: Self.olena, at: House.noon)
        #expect(row.state == .requested && row.changeMinor == 400)
        try await house.service.drain()
        #expect(try await Self.charged(house) == ["800"])
        #expect(try await house.fullAudit(.journal).isSound)
        #expect(await Self.refusal(house, to: "HILL") == "correction_waits")
        await #expect(throws: StopCorrectionRefusal.self) {
          try await house.stopDesk.decide(
            row.id, isApproved: true, by: Self.olena, at: House.noon)
        }
        let done = try await house.stopDesk.decide(
          row.id, isApproved: true, by: Self.petro, at: House.noon)
        #expect(done.state == .standing && done.decidedBy == Self.petro)
        try await house.service.drain()
        #expect(try await Self.charged(house) == ["1200"])
        #expect(try await house.fullAudit(.journal).isSound)
        // Taking it back changes as much.
        let back = try await house.stopDesk.correct(
          Self.name, to: nil, reason: "told us", by: Self.petro, at: House.noon)
        #expect(back.state == .requested)
        let refused = try await house.stopDesk.decide(
          back.id, isApproved: false, by: Self.petro, at: House.noon)
        #expect(refused.state == .refused)
        try await house.service.drain()
        #expect(try await Self.charged(house) == ["1200"])
        await #expect(throws: StopCorrectionRefusal.self) {
          try await house.stopDesk.decide(
            back.id, isApproved: true, by: Self.olena, at: House.noon)
        }
      }
    }

    @Test func whatWouldChangeOtherwiseByNowIsNotApproved() async throws {
      try await Self.with(limit: "0") { house in
        let row = try await house.stopDesk.correct(
          Self.name, to: "HILL", reason: "told us", by: Self.olena, at: House.noon)
        let rider = StaleCauseTests.anna(house)
        try await house.store.write { db in
          try await db.rating.add(
            "pensioner", of: rider, from: Day(number: 20_000), to: nil, proof: nil,
            at: House.noon)
        }
        do {
          _ = try await house.stopDesk.decide(
            row.id, isApproved: true, by: Self.petro, at: House.noon)
          Issue.record("it was approved")
        } catch let refusal as StopCorrectionRefusal {
          #expect(refusal.code == "correction_changed", "\(refusal.message)")
        }
      }
    }

    @Test func aDayThatWaitsAnywayIsNotCountedAgainstTheLimit() async throws {
      try await Self.with(limit: "400") { house in
        // A second ride is on its way to the day: 8.00 that come without the correction as well.
        try await house.script("update fare_day set stale_since = now(), stale_cause = 'tap'")
        try await house.script(
          House.forging("update ride set charged_minor = 100"))
        let row = try await house.stopDesk.correct(
          Self.name, to: "HILL", reason: "told us", by: Self.olena, at: House.noon)
        #expect(row.state == .standing && row.changeMinor == 400)
      }
    }

    @Test func aCorrectionInAClosedMonthIsBookedInTheOpenOne() async throws {
      try await Self.with { house in
        guard case .closed = try await house.close() else {
          Issue.record("November was not closed")
          return
        }
        _ = try await house.stopDesk.correct(
          Self.name, to: "HILL", reason: "told us", by: Self.olena, at: House.december)
        try await house.decemberService.drain()
        #expect(try await Self.charged(house) == ["1200"])
        #expect(
          try await house.texts(
            """
            select distinct to_char(accounting_date, 'YYYY-MM') || ' ' || rides_added || ' '
              || rides_reversed from clearing_run order by 1
            """) == ["2026-11 1 0", "2026-12 1 1"])
        let audit = try await house.fullAudit(.journal)
        #expect(audit.isSound && audit.periods == 1, "\(audit.findings)")
      }
    }

    @Test func ofAnErasedRiderNothingIsCorrectedAndNoReasonIsLeft() async throws {
      try await Self.with { house in
        _ = try await house.stopDesk.correct(
          Self.name, to: "HILL", reason: "Anna called", by: Self.olena, at: House.noon)
        try await house.service.drain()
        let anna = StaleCauseTests.anna(house)
        try await house.topUp(anna, 1200, key: "k1")
        _ = try await house.riders.erase(
          anna, by: desk, randomBytes: { count in (0..<count).map { UInt8($0 * 7 + 1) } })
        #expect(await Self.refusal(house, to: nil) == "rider_erased")
        #expect(try await house.texts("select reason from stop_correction") == ["erased"])
        #expect(try await Self.charged(house) == ["1200"])
        let audit = try await house.fullAudit(.journal)
        #expect(audit.isSound && audit.correctedStops == 1, "\(audit.findings)")
      }
    }

    @Test func aCorrectionThatWasAlteredByHandIsFound() async throws {
      try await Self.with { house in
        _ = try await house.stopDesk.correct(
          Self.name, to: "HILL", reason: "told us", by: Self.olena, at: House.noon)
        try await house.service.drain()
        try await house.script(House.forging("update stop_correction set stop = 'VALLEY'"))
        let altered = try await house.fullAudit(.taps)
        #expect(altered.findings.contains { $0.hasPrefix("stop_correction 1") })
        #expect(altered.findings.contains { $0.contains("booked [1200], from the taps [800]") })
        try await house.script(
          House.forging("update stop_correction set stop = 'HILL', seq = 9"))
        let lost = try await house.fullAudit(.taps)
        #expect(lost.findings.contains { $0.contains("there is no tap V-1/1/9") })
      }
    }
  }
}
