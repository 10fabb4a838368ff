import Basics
import Clearing
import Insight
import Store
import Tapping
import Testing
import Tracking
import Transit

extension ClearingSuite {
  /// Where riders got on and off, for taps that come as validators send them: each a moment after it was.
  ///
  /// Line 1 runs over A, B, C and D, 715 m apart; fare days begin at 04:00.
  @Suite struct Placing {
    private static let feed = [
      "agency.txt": """
      agency_id,agency_name,agency_url,agency_timezone
      t,Tram,https://t.example,Europe/Kyiv
      """,
      "stops.txt": """
      stop_id,stop_name,stop_lat,stop_lon
      A,Harbour,50.0,30.00
      B,Bridge,50.0,30.01
      C,Market,50.0,30.02
      D,Park,50.0,30.03
      """,
      "routes.txt": """
      route_id,agency_id,route_short_name,route_long_name,route_type
      r1,t,1,,3
      """,
      "trips.txt": "route_id,service_id,trip_id,direction_id\nr1,all,t1,0\n",
      "calendar.txt": """
      service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date
      all,1,1,1,1,1,1,1,20260101,20261231
      """,
      "stop_times.txt": """
      trip_id,arrival_time,departure_time,stop_id,stop_sequence
      t1,08:00:00,08:00:00,A,1
      t1,08:01:00,08:01:00,B,2
      t1,08:02:00,08:02:00,C,3
      t1,08:03:00,08:03:00,D,4
      """,
    ]

    private static func with(_ body: @Sendable (House) async throws -> Void) async throws {
      try await House.with { house in
        try await house.importFeed(feed, named: "line", stopsCount: 4)
        try await body(house)
      }
    }

    private static func moment(_ time: String) throws -> Instant {
      try #require(Instant(iso8601: "2026-11-22T\(time)+02:00"))
    }

    /// A tap of 22 November by the clock of Kyiv; without a vehicle it is one of a gate.
    private static func tap(
      _ seq: Int64, _ kind: TapKind, _ time: String, stop: String? = nil, vehicle: String? = "7",
      route: String? = "1"
    ) throws -> Tap {
      Tap(
        seq: seq, at: try moment(time), kind: kind, medium: .card, token: Array("anna".utf8),
        vehicle: vehicle, route: route, stop: stop)
    }

    /// Works out what has come so far; how each boarding stands.
    private static func place(_ house: House) async throws -> [String] {
      try await house.service.drain()
      try await PlacingService(
        store: house.store, city: house.city, log: quiet, now: { House.noon }
      ).drain()
      return try await house.texts(
        """
        select concat_ws(' ', stop, stop_order, source, off_stop, off_stop_order, off_source)
        from boarding order by tapped_at
        """)
    }

    /// The doors of vehicle 7 open and close at stops.
    private static func drive(
      _ house: House, _ stays: [(stop: Int, open: String, closed: String)]
    ) async throws {
      let city = house.city.current
      let rows = try stays.flatMap { stay in
        try [(stay.open, DoorState.open), (stay.closed, .closed)].map { time, door in
          let at = try moment(time)
          let margin = VehicleDay.marginSeconds
          return PositionRow(
            serviceDay: city.fareDay(of: at),
            daysTouched: city.fareDay(
              of: at.adding(seconds: -margin))...city.fareDay(of: at.adding(seconds: margin)),
            position: Position(
              vehicle: "7", at: at,
              coordinate: Coordinate(latitude: 50, longitude: 30 + Double(stay.stop) / 100),
              route: "1", door: door), device: "V-1", receivedAt: House.noon)
        }
      }
      _ = try await house.store.write { db in
        try await db.positionJournal.add(rows, at: House.noon)
      }
    }

    @Test func aTapOffThatComesAfterItsBoardingWasPlacedEndsTheRide() async throws {
      try await Self.with { house in
        try await house.journal([try Self.tap(1, .on, "08:00:05", stop: "A")])
        #expect(try await Self.place(house) == ["A 0 device single_boarding"])
        try await house.journal([try Self.tap(2, .off, "08:20:10", stop: "C")])
        #expect(try await Self.place(house) == ["A 0 device C 2 tap_off"])
      }
    }

    @Test func aReleasedTapOffEndsTheRideToo() async throws {
      try await Self.with { house in
        let off = try Self.tap(2, .off, "08:20:10", stop: "C")
        try await house.journal([try Self.tap(1, .on, "08:00:05", stop: "A"), off])
        try await house.script(
          """
          update tap_batch set quarantined = '{[2,3)}';
          insert into tap_quarantine (device_id, epoch, seq, code, message, content, received_at)
          values ('V-1', 1, 2, 'tap_in_future', 'later than now', '{}', '2026-11-23T07:30Z');
          """)
        #expect(try await Self.place(house) == ["A 0 device single_boarding"])
        _ = try await QuarantineDesk(store: house.store, log: quiet).release(
          TapName(device: "V-1", epoch: 1, seq: 2), correction: TapCorrection(at: off.at),
          by: "olha", reason: "its clock stood right", at: House.noon)
        #expect(try await Self.place(house) == ["A 0 device C 2 tap_off"])
      }
    }

    @Test func aGateThatIsGivenAnotherStopEndsRidesThere() async throws {
      try await Self.with { house in
        try await house.journal([try Self.tap(1, .on, "08:00:05", stop: "A")])
        try await house.journal([try Self.tap(1, .off, "08:20:10", vehicle: nil)], device: "V-2")
        #expect(try await Self.place(house) == ["A 0 device single_boarding"])
        let city = house.city.current
        for (stop, order) in [("C", 2), ("D", 3)] {
          let start = try Self.moment("08:00:00")
          let moved = try await house.store.write { db in
            let tables = db.deviceAssignments
            var assignments = try await tables.find("V-2")
            assignments.assign(.stop(stop), from: start, to: nil)
            try await tables.save(assignments, of: "V-2")
            return try await tables.replaceTaps(
              of: "V-2", from: start, to: nil,
              days: city.fareDay(of: start)...city.fareDay(of: House.noon), at: House.noon)
          }
          #expect(moved == 1)
          #expect(try await Self.place(house) == ["A 0 device \(stop) \(order) tap_off"])
        }
      }
    }

    @Test func aRideBetweenTheGatesOfTwoStationsShowsBoth() async throws {
      try await Self.with { house in
        try await house.journal([
          try Self.tap(1, .on, "08:00:05", stop: "A", vehicle: nil, route: nil),
          try Self.tap(2, .off, "08:20:10", stop: "C", vehicle: nil, route: nil),
        ])
        #expect(try await Self.place(house) == ["A device C tap_off"])
        let desk = InsightDesk(store: house.store, city: house.city)
        let day = house.city.current.fareDay(of: try Self.moment("08:00:05"))
        let rides = try #require(try await desk.rides(of: house.rider("anna"), days: day...day))
        let ride = try #require(rides.rides.first)
        #expect(ride.boarding?.name == "Harbour" && ride.boarding?.source == "device")
        #expect(ride.alighting?.name == "Market" && ride.alighting?.source == "tap_off")
      }
    }

    /// The vehicle was seen at another stop, and the fare is that of the named one.
    @Test func aNamedStopOffTheLineIsKept() async throws {
      try await Self.with { house in
        try await Self.drive(house, [(0, "07:59:30", "08:00:10"), (1, "08:02:00", "08:02:20")])
        try await house.journal([try Self.tap(1, .single, "08:00:05", stop: "station")])
        #expect(try await Self.place(house) == ["station device boarding_unplaced"])
      }
    }

    @Test func oneTapOnTheFullMinuteIsNotTakenForOneCutToIt() async throws {
      try await Self.with { house in
        try await Self.drive(
          house,
          [
            (0, "07:59:30", "07:59:55"), (1, "08:00:50", "08:01:10"), (2, "08:02:10", "08:02:30"),
          ])
        let first = try Self.tap(1, .single, "08:00:00")
        try await house.journal([first, try Self.tap(2, .single, "08:02:17")])
        let stops = ["A 0 door_event C 2 next_boarding", "C 2 door_event too_far"]
        #expect(try await Self.place(house) == stops)
        // Another validator of the vehicle writes no seconds: its minute is any moment of it.
        try await house.journal(
          [try Self.tap(1, .single, "08:00:00"), try Self.tap(2, .single, "08:02:00")],
          device: "V-2")
        _ = try await Self.place(house)
        let other = try await house.texts(
          "select concat_ws(' ', stop, source) from boarding where device_id = 'V-2' order by seq")
        #expect(other == ["B door_event", "C door_event"])
      }
    }

    @Test func aVehicleDrivesOnOverTheEndOfAFareDay() async throws {
      try await Self.with { house in
        try await Self.drive(
          house,
          [
            (0, "03:58:30", "03:58:50"), (1, "03:59:40", "04:00:40"), (2, "04:01:40", "04:02:00"),
            (3, "04:03:00", "04:03:20"),
          ])
        try await house.journal([try Self.tap(1, .single, "04:00:20")])
        #expect(try await Self.place(house) == ["B 1 door_event single_boarding"])
        let visits = try await house.texts(
          """
          select concat_ws(' ', service_day, stop, stop_order,
            extract(epoch from departed_at - arrived_at)::int) from stop_visit order by arrived_at
          """)
        #expect(
          visits == [
            "2026-11-21 A 0 20", "2026-11-21 B 1 60", "2026-11-22 C 2 20", "2026-11-22 D 3 20",
          ])
      }
    }

    @Test func aTapOffOfTheNextFareDayEndsTheRide() async throws {
      try await Self.with { house in
        try await house.journal([try Self.tap(1, .on, "03:50:05", stop: "A")])
        #expect(try await Self.place(house) == ["A 0 device single_boarding"])
        try await house.journal([try Self.tap(2, .off, "04:10:10", stop: "C")])
        #expect(try await Self.place(house) == ["A 0 device C 2 tap_off"])
        // A boarding between the two, heard of late: it is that one which ended.
        try await house.journal([try Self.tap(3, .on, "04:02:05", stop: "B")])
        #expect(
          try await Self.place(house)
            == ["A 0 device single_boarding", "B 1 device C 2 tap_off"])
      }
    }

    @Test func aTapOffLongIntoTheNextFareDayEndsNothing() async throws {
      try await Self.with { house in
        try await house.journal([
          try Self.tap(1, .on, "03:50:05", stop: "A"), try Self.tap(2, .off, "06:50:06", stop: "C"),
        ])
        #expect(try await Self.place(house) == ["A 0 device single_boarding"])
      }
    }
  }
}
