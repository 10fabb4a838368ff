import Basics
import Insight
import Postgres
import Store
import Testing

extension InsightSuite {
  /// What a person said about a stop outlives whatever is inferred later.
  @Suite struct CorrectedStops {
    private static let on = TapName(device: "V-1", epoch: 1, seq: 1)
    private static let off = TapName(device: "V-1", epoch: 1, seq: 2)

    /// One rider on bus 1 from Bridge to Park, as the validator told it.
    private static func fill(_ world: World) async throws {
      try await world.script(
        """
        insert into rider values ('\(Riders.anna)', 0, now());
        insert into tap (fare_day, lane, rider_id, tapped_at, device_at, device_id, epoch, seq,
          medium_id, kind, medium, riders, accepted, vehicle, route, direction, stop, batch_id,
          received_at)
        select '2026-11-23', \(Lane.of(try #require(RiderID(Riders.anna)))), '\(Riders.anna)', at, at,
          'V-1', 1, seq, '\(Riders.card)', kind, 'card', 1, true, '1603', 'bus-1', 0, stop, 1, at
        from (values ('2026-11-23T06:05Z'::timestamptz, 1, 'on', 'b'),
          ('2026-11-23T06:15Z', 2, 'off', 'd')) as t(at, seq, kind, stop);
        insert into vehicle_device values ('2026-11-23', '1603', 'V-1');
        insert into vehicle_day (lane, vehicle, service_day, stale_since)
        values (\(Lane.of(name: "1603")), '1603', '2026-11-23', now());
        """)
    }

    /// Places everything anew, as after the import of a network.
    private static func place(_ world: World) async throws -> [String] {
      try await world.script(
        "update vehicle_day set stale_since = now(); update travel_day set stale_since = now()")
      try await PlacingService(
        store: world.store, city: world.city, log: quiet, now: { noon }
      ).drain()
      return try await world.texts(
        """
        select concat_ws(' ', stop, stop_order, source, off_stop, off_stop_order, off_source)
        from boarding
        """)
    }

    private static func say(
      _ world: World, _ tap: TapName, _ from: String, _ stop: String?
    ) async throws {
      _ = try await world.store.write { db in
        try await db.stopCorrections.add(
          StopCorrectionRow(
            tap: tap, fareDay: today, fromStop: from, stop: stop, isOffRoute: false,
            reason: "told us", changeMinor: 0, state: .standing,
            requestedBy: Person(label: "Olena", tokenDigest: [1]), requestedAt: noon))
      }
    }

    @Test func placingKeepsWhatAPersonSaidUntilItIsWithdrawn() async throws {
      try await World.with { world in
        try await Self.fill(world)
        #expect(try await Self.place(world) == ["b 1 device d 3 tap_off"])
        try await Self.say(world, Self.on, "b", "a")
        try await Self.say(world, Self.off, "d", "c")
        for _ in 0..<2 {
          #expect(try await Self.place(world) == ["a 0 corrected c 2 corrected"])
        }
        // The line does not call at e: it is kept, though no place in the line follows from it.
        try await Self.say(world, Self.on, "a", "e")
        #expect(try await Self.place(world) == ["e corrected c corrected"])
        try await Self.say(world, Self.on, "e", nil)
        try await Self.say(world, Self.off, "c", nil)
        #expect(try await Self.place(world) == ["b 1 device d 3 tap_off"])
      }
    }

    /// Of a validator that says no direction, at a stop off the line: nothing tells which way it went.
    @Test func aCorrectedStopOffTheLineIsCountedAsOneOffTheLine() async throws {
      try await World.with { world in
        try await Self.fill(world)
        try await world.script("update tap set direction = null")
        try await Self.say(world, Self.on, "b", "e")
        #expect(try await Self.place(world) == ["e corrected d tap_off"])
        for direction in [0, 1] {
          var question = RouteLoadQuestion(route: "bus-1", day: today, direction: direction)
          question.isExact = true
          guard case .answer(let load) = try await world.desk.routeLoad(question) else {
            Issue.record("no answer")
            continue
          }
          #expect(load.boardingsOffLine == 1 && load.boardings == 0)
          #expect(load.unplacedBoardings == 0 && load.boardingsOfNoDirection == 1)
        }
      }
    }

    @Test func theRiderIsToldThatAStopWasCorrected() async throws {
      try await World.with { world in
        try await Self.fill(world)
        let anna = try #require(RiderID(Riders.anna))
        try await world.script(
          """
          insert into ride (fare_day, lane, rider_id, run_id, started_at, device_id, epoch, seq,
            off_device_id, off_epoch, off_seq, riders, category, product, medium, currency,
            nominal_minor, charged_minor, tariff_version, reason)
          values ('2026-11-23', \(Lane.of(anna)), '\(anna)', 1, '2026-11-23T06:05Z', 'V-1', 1, 1,
            'V-1', 1, 2, 1, 'adult', 'ride', 'card', 'UAH', 800, 800, 'test-1', '{}')
          """)
        func ride() async throws -> RiderRide {
          try #require(try await world.desk.rides(of: anna, days: today...today)?.rides.first)
        }
        #expect(try await ride().corrections.isEmpty)
        try await Self.say(world, Self.on, "b", "a")
        try await Self.say(world, Self.off, "d", "c")
        let corrected = try await ride()
        #expect(
          corrected.corrections(in: .english) == [
            "the stop of boarding was corrected: Bridge → Harbour",
            "the stop of alighting was corrected: Park → Market",
          ])
        #expect(
          corrected.corrections(in: .ukrainian).first
            == "зупинку посадки виправлено: Bridge → Harbour")
        try await Self.say(world, Self.on, "a", nil)
        #expect(try await ride().corrections.map(\.end) == [.alighting])
      }
    }
  }
}
