import Basics
import Insight
import Postgres
import Store
import Testing

/// Keeps the files of a package, as a folder would.
private actor KeptFiles: TidesSink {
  private(set) var files: [String: [UInt8]] = [:]
  private(set) var order: [String] = []

  func begin() { (files, order) = ([:], []) }

  func append(_ bytes: [UInt8], to file: String) {
    if files[file] == nil { order.append(file) }
    files[file, default: []] += bytes
  }

  /// The rows of a table by their fields, without the fields that are empty.
  func rows(_ table: TidesTable) throws -> [[String: String]] {
    let text = String(decoding: files[table.file] ?? [], as: UTF8.self)
    let end: Character = "\r\n"
    let lines = text.split(separator: end, omittingEmptySubsequences: false)
    // Each record ends, the last one too; no field of these has a comma or a quote.
    try #require(lines.last == "" && !text.contains("\""))
    let comma: Character = ","
    let fields = lines[0].split(separator: comma).map(String.init)
    return lines.dropFirst().dropLast().map { line in
      let values = line.split(separator: comma, omittingEmptySubsequences: false).map(String.init)
      return Dictionary(uniqueKeysWithValues: zip(fields, values).filter { !$1.isEmpty })
    }
  }

  var everything: String { String(decoding: files.values.joined(), as: UTF8.self) }
}

/// What some rows have in a field; nil where it is empty.
private func column(_ field: String, _ rows: [[String: String]]) -> [String?] {
  rows.map { $0[field] }
}

extension InsightSuite {
  @Suite struct TidesExports {
    private static let end = noon.adding(seconds: 12 * 3600)

    /// A day of one vehicle: six adults at Harbour, of whom one transfers, one who rides free and whose stop nobody
    /// knows, one at Bridge whose fare is not known, one denied, one who got off at Park, and one whose
    /// ride began the evening before; a fare that was reversed, and one of the day after.
    private static let day = """
      insert into tap (fare_day, lane, rider_id, tapped_at, device_at, device_id, epoch, seq,
        medium_id, kind, medium, riders, accepted, vehicle, route, direction, stop, trip, batch_id,
        received_at)
      select d::date, 1, r::uuid, a::timestamptz, a::timestamptz, 'V-1', 1, s,
        '00000000-0000-0000-0000-0000000000c1', k, m, n, o, '1603', '1', 0, p, 't1', 1, now()
      from (values
        ('2026-11-23', '00000000-0000-0000-0000-0000000000a1', '2026-11-23T06:05:01Z', 1, 'on', 'card', 1, true, null),
        ('2026-11-23', '00000000-0000-0000-0000-0000000000a2', '2026-11-23T06:05:02Z', 2, 'on', 'bank', 1, true, null),
        ('2026-11-23', '00000000-0000-0000-0000-0000000000a3', '2026-11-23T06:05:03Z', 3, 'on', 'phone', 1, true, null),
        ('2026-11-23', '00000000-0000-0000-0000-0000000000a4', '2026-11-23T06:05:04Z', 4, 'on', 'card', 3, true, null),
        ('2026-11-23', '00000000-0000-0000-0000-0000000000a5', '2026-11-23T06:05:05Z', 5, 'on', 'card', 1, true, null),
        ('2026-11-23', '00000000-0000-0000-0000-0000000000a6', '2026-11-23T06:05:06Z', 6, 'on', 'card', 1, true, null),
        ('2026-11-23', '00000000-0000-0000-0000-0000000000b1', '2026-11-23T06:05:07Z', 7, 'on', 'qr', 1, true, null),
        ('2026-11-23', '00000000-0000-0000-0000-0000000000b2', '2026-11-23T06:10:08Z', 8, 'on', 'card', 1, true, null),
        ('2026-11-23', '00000000-0000-0000-0000-0000000000b3', '2026-11-23T06:10:09Z', 9, 'on', 'card', 1, false, null),
        ('2026-11-23', '00000000-0000-0000-0000-0000000000a1', '2026-11-23T06:20:30Z', 10, 'off', 'card', 1, true, 'd'),
        ('2026-11-22', '00000000-0000-0000-0000-0000000000a1', '2026-11-22T21:59:59Z', 11, 'on', 'card', 1, true, 'e'),
        ('2026-11-24', '00000000-0000-0000-0000-0000000000a1', '2026-11-24T06:00:00Z', 12, 'on', 'card', 1, true, null)
      ) as t(d, r, a, s, k, m, n, o, p);
      insert into ride (fare_day, lane, rider_id, run_id, reversed_run_id, started_at, device_id,
        epoch, seq, riders, category, product, medium, currency, nominal_minor, charged_minor,
        tariff_version, reason)
      select case f.s when 11 then date '2026-11-23' else t.fare_day end, 1, t.rider_id, 1, f.x,
        t.tapped_at, 'V-1', 1, f.s, t.riders, f.g, f.p, t.medium, 'UAH', 800, f.c, 'test-1',
        '{"currency":"UAH","steps":[' || f.w || ']}'
      from (values
        (1, null, 'adult', 'ride', 800, '{"code":"price","rule":"ride","minor":800}'),
        (1, 2, 'adult', 'ride', 999, '{"code":"price","rule":"ride","minor":999}'),
        (2, null, 'adult', 'ride', 800, '{"code":"price","rule":"ride","minor":800}'),
        (3, null, 'adult', 'ride', 800, '{"code":"price","rule":"ride","minor":800}'),
        (4, null, 'adult', 'ride', 2400, '{"code":"price","rule":"ride","minor":2400}'),
        (5, null, 'adult', 'ride', 800, '{"code":"price","rule":"ride","minor":800}'),
        (6, null, 'adult', 'ride', 0, '{"code":"price","rule":"ride","minor":800},\
      {"code":"transfer_free","rule":"hour","minor":800}'),
        (7, null, 'adult', 'ride', 0, '{"code":"free_category","rule":"veteran","minor":800}'),
        (8, null, 'adult', 'ride', null, '{"code":"unknown","rule":"zone"}'),
        (11, null, 'adult', 'ride', 500, '{"code":"price","rule":"ride","minor":800},\
      {"code":"cap","rule":"day","minor":300}'),
        (12, null, 'adult', 'ride', 800, '{"code":"price","rule":"ride","minor":800}')
      ) as f(s, x, g, p, c, w) join tap t on t.device_id = 'V-1' and t.seq = f.s;
      insert into boarding (fare_day, lane, rider_id, tapped_at, device_id, epoch, seq, riders, vehicle,
        route, direction, stop, stop_order, source, confidence)
      select fare_day, lane, rider_id, tapped_at, device_id, epoch, seq, riders, vehicle, 'bus-1', 0,
        case when seq <= 6 then 'a' when seq = 8 then 'b' end,
        case when seq <= 6 then 0 when seq = 8 then 1 end,
        case when seq = 7 then 'no_visits' else 'door_event' end,
        case when seq = 7 then 0 else 0.95 end
      from tap where accepted and fare_day = '2026-11-23' and seq <= 8;
      insert into stop_visit values
        ('2026-11-23', '1603', '2026-11-23T06:05Z', '2026-11-23T06:06Z', 'bus-1', 0, 'a', 0, 5, true),
        ('2026-11-23', '1603', '2026-11-23T06:10Z', '2026-11-23T06:11Z', 'bus-1', 0, 'b', 1, 5, false),
        ('2026-11-23', '1603', '2026-11-23T06:20Z', '2026-11-23T06:21Z', 'bus-1', 0, 'd', 3, 5, true),
        ('2026-11-23', '1603', '2026-11-23T07:00Z', '2026-11-23T07:01Z', 'bus-1', 1, 'd', 0, 5, true),
        ('2026-11-24', '1603', '2026-11-24T06:05Z', '2026-11-24T06:06Z', 'bus-1', 0, 'a', 0, 5, true);
      insert into vehicle_device values ('2026-11-23', '1603', 'V-1');
      insert into position (service_day, lane, vehicle, at, latitude, longitude, speed_mps, bearing,
        trip, device_id, received_at) values
        ('2026-11-23', 3, '1603', '2026-11-23T06:05:00Z', 50, 30, 0, null, 't1', 'T-9', now()),
        ('2026-11-23', 3, '1603', '2026-11-23T06:08:00Z', 50, 30.005, 8.3, 90, null, 'T-9', now()),
        ('2026-11-24', 3, '1603', '2026-11-24T06:08:00Z', 50, 30.005, 8.3, 90, null, 'T-9', now());
      insert into device (device_id, state, enrolled_at) values ('V-1', 'enrolled', now());
      insert into device_assignment (device_id, valid_from, vehicle)
      values ('V-1', '2026-11-01T00:00Z', '1603');
      """

    private func export(
      _ world: World, at moment: Instant = end
    ) async throws -> (files: KeptFiles, summary: TidesSummary) {
      let files = KeptFiles()
      let outcome = try await world.desk.exportTides(today, to: files, at: moment)
      guard case .written(let summary) = outcome else { throw TestFailure(text: "\(outcome)") }
      return (files, summary)
    }

    @Test func theFaresOfADayAreThoseOfItsTapsToTheCent() async throws {
      try await World.with { world in
        try await world.script(Self.day)
        let (files, summary) = try await export(world)
        let rows = try await files.rows(.fareTransactions)
        // By boarding tap, in the order of the validator; who got off comes after.
        let ids = column("transaction_id", rows)
        #expect(
          ids == [
            "V-1-1-1", "V-1-1-2", "V-1-1-3", "V-1-1-4", "V-1-1-5", "V-1-1-6", "V-1-1-7",
            "V-1-1-11", "V-1-1-10",
          ])
        let amounts = column("amount", rows)
        #expect(
          amounts == ["8.00", "8.00", "8.00", "24.00", "8.00", "0.00", "0.00", "5.00", "0"])
        let charged = try await world.texts(
          "select sum(charged_minor)::text from ride where fare_day = $1 and reversed_run_id is null",
          [.date(today)])
        #expect(charged == ["6100"])
        let taps = try await world.texts(
          "select count(*)::text from tap where fare_day = $1 and accepted", [.date(today)])
        // One fare is not known; one tap of the day before has its ride on this day.
        #expect(taps == [String(rows.count - 1 + summary.unknownFares)])
        #expect(summary.unknownFares == 1 && summary.unreadReasons == 0)
        let actions = column("fare_action", rows)
        let enter = [String](repeating: "Enter", count: 5)
        #expect(actions == enter + ["Transfer entrance", "Enter", "Enter", "Exit"])
        #expect(column("fare_capped", rows).firstIndex(of: "true") == 7)
        #expect(column("fare_capped", rows).lastIndex(of: "true") == 7)
        #expect(column("num_riders", rows) == ["1", "1", "1", "3", "1", "1", "1", "1", "1"])
        #expect(column("stop_id", rows) == ["a", "a", "a", "a", "a", "a", nil, "e", "d"])
        #expect(Set(column("service_date", rows)) == ["2026-11-23"])
        #expect(rows[7]["event_timestamp"] == "2026-11-22T21:59:59Z")
        // Companions are of no known category.
        #expect(rows[3]["rider_category"] == nil && rows[3]["fare_product"] == "ride")
        #expect(rows[0]["rider_category"] == "adult")
      }
    }

    @Test func tripsVisitsAndPassingsOfADayBelongTogether() async throws {
      try await World.with { world in
        try await world.script(Self.day)
        let (files, summary) = try await export(world)
        let trips = try await files.rows(.tripsPerformed)
        #expect(column("trip_id_performed", trips) == ["1603-1", "1603-2"])
        #expect(trips[0]["actual_trip_end"] == "2026-11-23T06:20:00Z")
        let visits = try await files.rows(.stopVisits)
        #expect(column("trip_stop_sequence", visits) == ["1", "2", "3", "1"])
        #expect(column("stop_id", visits) == ["a", "b", "d", "d"])
        #expect(column("dwell", visits) == ["60", nil, "60", "60"])
        let events = try await files.rows(.passengerEvents)
        #expect(events.count == 8)
        #expect(
          column("trip_stop_sequence", events).prefix(6) == ["1", "1", "1", "1", "1", "1"])
        #expect(events[6]["stop_id"] == "b" && events[6]["trip_stop_sequence"] == "2")
        #expect(events[7]["event_type"] == "Passenger alighted")
        #expect(events[7]["passenger_event_id"] == "V-1-1-10")
        #expect(
          events[7]["trip_stop_sequence"] == "3" && events[7]["trip_id_performed"] == "1603-1")
        // The one who rides free, of whom no stop is known.
        #expect(summary.passingsWithoutVisit == 1)
      }
    }

    @Test func positionsDevicesAndVehiclesOfADayAreTold() async throws {
      try await World.with { world in
        try await world.script(Self.day)
        let (files, summary) = try await export(world)
        let positions = try await files.rows(.vehicleLocations)
        #expect(column("speed", positions) == ["0.0", "8.3"])
        #expect(column("heading", positions) == [nil, "90.0"])
        #expect(column("trip_id_scheduled", positions) == ["t1", nil])
        let devices = try await files.rows(.devices)
        #expect(
          devices == [["device_id": "T-9"], ["device_id": "V-1", "vehicle_id": "1603"]])
        #expect(try await files.rows(.vehicles) == [["vehicle_id": "1603"]])
        #expect(!summary.isWithoutPositions && summary.waitingDays == 0)
        let counts = summary.files.map { "\($0.table.rawValue) \($0.rows)" }
        #expect(
          counts == [
            "vehicle_locations 2", "fare_transactions 9", "trips_performed 2", "stop_visits 4",
            "passenger_events 8", "devices 2", "vehicles 1",
          ])
      }
    }

    @Test func nothingNamesARiderOrAMedium() async throws {
      try await World.with { world in
        try await world.script(Self.day)
        let (files, _) = try await export(world)
        let text = await files.everything
        for secret in ["00000000-0000", "veteran"] {
          #expect(!text.contains(secret), "\(secret) goes out")
        }
        let fares = try await files.rows(.fareTransactions)
        #expect(Set(column("token_id", fares) + column("balance", fares)) == [nil])
      }
    }

    /// A ride of a rider of its own, who boards at a stop visit of ``day``.
    private static func ride(_ seq: Int, _ category: String, minor: Int) -> String {
      """
      insert into tap (fare_day, lane, rider_id, tapped_at, device_at, device_id, epoch, seq,
        medium_id, kind, medium, riders, accepted, vehicle, route, direction, trip, batch_id,
        received_at)
      values ('2026-11-23', 1, md5('\(seq)')::uuid, '2026-11-23T07:00Z', '2026-11-23T07:00Z', 'V-1', 1,
        \(seq), '00000000-0000-0000-0000-0000000000c1', 'on', 'card', 1, true, '1603', '1', 0, 't1', 1,
        now());
      insert into ride (fare_day, lane, rider_id, run_id, started_at, device_id, epoch, seq, riders,
        category, product, medium, currency, nominal_minor, charged_minor, tariff_version, reason)
      values ('2026-11-23', 1, md5('\(seq)')::uuid, 1, '2026-11-23T07:00Z', 'V-1', 1, \(seq), 1,
        '\(category)', 'ride', 'card', 'UAH', 800, \(minor), 'test-1',
        '{"currency":"UAH","steps":[{"code":"price","rule":"ride","minor":\(minor)}]}');
      insert into boarding (fare_day, lane, rider_id, tapped_at, device_id, epoch, seq, riders, vehicle,
        route, direction, stop, stop_order, source, confidence)
      values ('2026-11-23', 1, md5('\(seq)')::uuid, '2026-11-23T07:00Z', 'V-1', 1, \(seq), 1, '1603',
        'bus-1', 1, 'd', 0, 'door_event', 0.95);
      """
    }

    @Test func aRareCategoryIsLeftOutWithAllOfASmallOne() async throws {
      try await World.with { world in
        // One veteran, whose price is theirs alone, and five pupils.
        let rides =
          [Self.ride(20, "veteran", minor: 0)]
          + (21...25).map { Self.ride($0, "pupil", minor: 400) }
        try await world.script(Self.day + rides.joined())
        let (files, summary) = try await export(world)
        #expect(summary.rareFares == 6)
        #expect(
          summary.missing.contains(
            "Rides of a category and product that few riders have, and of riders left out with them: 6."
          ))
        let rows = try await files.rows(.fareTransactions)
        #expect(rows.count == 9 && !column("amount", rows).contains("4.00"))
        let text = await files.everything
        for secret in ["veteran", "pupil"] { #expect(!text.contains(secret)) }
        // Who boarded is told, and what it cost is not.
        let events = try await files.rows(.passengerEvents)
        #expect(column("passenger_event_id", events).contains("V-1-1-20"))
        #expect(!column("transaction_id", rows).contains("V-1-1-20"))
      }
    }

    @Test func withOneVeteranFourOfManyPupilsAreLeftOut() async throws {
      try await World.with { world in
        let rides =
          [Self.ride(20, "veteran", minor: 0)]
          + (21...40).map { Self.ride($0, "pupil", minor: 400) }
        try await world.script(rides.joined())
        let (files, summary) = try await export(world)
        #expect(summary.rareFares == 5)
        let rows = try await files.rows(.fareTransactions)
        #expect(column("amount", rows) == [String?](repeating: "4.00", count: 16))
        #expect(!column("transaction_id", rows).contains("V-1-1-20"))
        // The same whenever it is asked.
        #expect(try await export(world).files.rows(.fareTransactions) == rows)
      }
    }

    @Test func rareCategoriesOfManyRidersTogetherAreLeftOutAlone() async throws {
      try await World.with { world in
        let rare =
          (20...22).map { Self.ride($0, "veteran", minor: 0) }
          + (23...24).map { Self.ride($0, "hero", minor: 100) }
        let pupils = (25...29).map { Self.ride($0, "pupil", minor: 400) }
        try await world.script(Self.day + (rare + pupils).joined())
        let (files, summary) = try await export(world)
        #expect(summary.rareFares == 5)
        let rows = try await files.rows(.fareTransactions)
        #expect(column("amount", rows).count { $0 == "4.00" } == 5)
        #expect(!column("amount", rows).contains("1.00"))
        #expect(Set(column("rider_category", rows)) == ["adult", "pupil", nil])
      }
    }

    @Test func aDayOfFewRidersHasNoFares() async throws {
      try await World.with { world in
        try await world.script(
          Self.ride(20, "adult", minor: 800) + Self.ride(21, "pupil", minor: 400))
        let (files, summary) = try await export(world)
        #expect(try await files.rows(.fareTransactions).isEmpty && summary.rareFares == 2)
      }
    }

    @Test func thePackageIsDescribedLastWithItsSchemasAndWhatIsMissing() async throws {
      try await World.with { world in
        try await world.script(Self.day)
        try await world.script(
          """
          insert into fare_day (lane, rider_id, fare_day, stale_since)
          values (1, '00000000-0000-0000-0000-0000000000a1', '2026-11-23', now())
          """)
        let (files, summary) = try await export(world)
        let order = await files.order
        #expect(order.last == "datapackage.json" && order.count == TidesTable.allCases.count + 1)
        #expect(summary.waitingDays == 1)
        let kept = await files.files
        let text = String(decoding: kept["datapackage.json"] ?? [], as: UTF8.self)
        let place = "https://raw.githubusercontent.com/TIDES-transit/TIDES/v1.0/spec/"
        #expect(text.hasPrefix("{\"profile\":\"\(place)tides-datapackage-profile.json\""))
        for table in TidesTable.allCases {
          #expect(text.contains("\"schema\":\"\(place)\(table.rawValue).schema.json\""))
          let bytes = kept[table.file]?.count ?? 0
          #expect(text.contains("\"path\":\"\(table.file)\""))
          #expect(bytes > 0 && text.contains("\"bytes\":\(bytes)"))
        }
        #expect(text.contains("Rides whose fare is not known: 1."))
        #expect(text.contains("Days of riders and vehicles that are still worked out: 1."))
        #expect(text.contains("\"created\":\"2026-11-23T22:00:00Z\""))
      }
    }

    @Test func aDayOfWhichNothingIsKnownHasHeadersAlone() async throws {
      try await World.with { world in
        let (files, summary) = try await export(world)
        #expect(Set(summary.files.map(\.rows)) == [0] && summary.missing.isEmpty)
        let kept = await files.files
        let header = TidesTable.vehicles.fields.joined(separator: ",") + "\r\n"
        #expect(kept["vehicles.csv"] == Array(header.utf8))
      }
    }

    @Test func positionsThatWereDroppedAreNoEmptyTable() async throws {
      try await World.with { world in
        try await world.script(Self.day)
        try await world.script("insert into setting values ('positions_from', '2026-11-24')")
        let (files, summary) = try await export(world)
        let kept = await files.files
        #expect(kept["vehicle_locations.csv"] == nil && summary.isWithoutPositions)
        #expect(summary.missing.contains("The positions of the day are no longer kept."))
        #expect(try await files.rows(.fareTransactions).count == 9)
      }
    }

    @Test func aDayThatGoesOnIsNotWritten() async throws {
      try await World.with { world in
        let files = KeptFiles()
        let early = Self.end.adding(seconds: -1)
        let outcome = try await world.desk.exportTides(today, to: files, at: early)
        #expect(outcome == .dayNotOver(until: Self.end))
        let kept = await files.files
        #expect(kept.isEmpty)
      }
    }
  }
}
