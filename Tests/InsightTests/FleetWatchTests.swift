import Basics
import Insight
import Logging
import Metrics
import Postgres
import Store
import Synchronization
import Testing

/// Keeps what was logged.
private final class LogLines: Sendable {
  private let lines = Mutex<[String]>([])

  var all: [String] { lines.withLock { $0 } }

  func add(_ line: String) { lines.withLock { $0.append(line) } }

  var logger: Logger { Logger(label: "tests") { _ in Handler(lines: self) } }

  private struct Handler: LogHandler {
    let lines: LogLines
    var logLevel = Logger.Level.trace
    var metadata: Logger.Metadata = [:]

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { lines.add("\(event.level) \(event.message)") }
  }
}

extension InsightSuite {
  @Suite struct WatchingTheFleet {
    private static func watch(_ world: World, log: Logger = quiet) -> FleetWatch {
      FleetWatch(
        store: world.store, desk: world.desk, factory: NOOPMetricsHandler.instance, log: log,
        now: { noon })
    }

    private static let misnumbered = """
      insert into device (device_id, state, public_key, enrolled_at)
      select 'V-' || n, 'active', decode(repeat('00', 32), 'hex'), now()
      from generate_series(1, 2) n;
      insert into device_epoch (device_id, epoch, seen, taps_stored, last_received_at, last_sent_at)
      values ('V-1', 1, '{[9223372036854775806,9223372036854775807)}', 1, now(), now()),
        ('V-2', 1, '{[1,2),[6,7)}', 2, now(), now());
      """

    /// Whoever writes holes down may have begun before the newest was there: a person waits, and sees it.
    @Test func holesAreToldAlsoWhileSomebodyWritesThemDown() async throws {
      try await World.with { world in
        try await world.script(Self.misnumbered)
        let asked = try await world.store.write { db -> Task<Int, any Error> in
          _ = try await db.tryLane(.watching, lane: 0)
          let asked = Task { try await world.desk.agedGaps(at: noon).count }
          try await Task.sleep(for: .milliseconds(300))
          return asked
        }
        #expect(try await asked.value == 2)
      }
    }

    /// One misnumbered tap opens a hole of nearly all numbers there are; four more are more than 64 bits.
    @Test func aMisnumberedTapStopsNeitherStatusNorGaugesNorReports() async throws {
      try await World.with { world in
        try await world.script(Self.misnumbered)
        let status = try await world.desk.status(at: noon)
        #expect(status.gaps.numbers == .max && status.gaps.devices == 2)
        #expect(status.needsPerson)
        try await Self.watch(world).look()
        let report = try await world.desk.report(.devices, days: today...today, madeAt: noon)
        let registers = try #require(report.tables.first { $0.key == "registers" })
        let place = try #require(registers.columns.firstIndex { $0.key == "missing_numbers" })
        #expect(registers.rows.map { $0[place].plain } == ["9223372036854775805", "4"])
        #expect(registers.totals.map { $0[place].plain } == ["9223372036854775807"])
        #expect(report.csv.contains("9223372036854775807"))
        #expect(try report.workbook(in: .english).count > 1000)
        // All of it in one validator.
        try await world.script(
          """
          insert into device_epoch (device_id, epoch, seen, taps_stored, last_received_at,
            last_sent_at)
          values ('V-1', 2, '{[9,10),[9223372036854775806,9223372036854775807)}', 2, now(), now())
          """)
        let one = try await world.desk.report(.devices, days: today...today, madeAt: noon)
        let rows = try #require(one.tables.first { $0.key == "registers" }).rows
        #expect(rows.map { $0[place].plain } == ["9223372036854775807", "4"])
      }
    }

    @Test func aLookThatFailsIsToldOnceAndSoIsThatItSucceedsAgain() async throws {
      try await World.with { world in
        let lines = LogLines()
        let watch = Self.watch(world, log: lines.logger)
        #expect(await watch.look(after: nil) == nil)
        #expect(lines.all == [])
        try await world.script("alter table device_gap rename to gone")
        let fault = try #require(await watch.look(after: nil))
        #expect(fault.contains("device_gap"), "\(fault)")
        #expect(await watch.look(after: fault) == fault)
        let told = "error the fleet cannot be watched: its gauges stand still"
        #expect(lines.all == [told])
        try await world.script("alter table gone rename to device_gap")
        #expect(await watch.look(after: fault) == nil)
        #expect(await watch.look(after: nil) == nil)
        #expect(lines.all == [told, "notice the fleet is watched again"])
      }
    }

    /// At night most vehicles stand, their validators off and their trackers on.
    @Test func aSilentValidatorOnAMovingBusIsNotHiddenBehindThoseThatStand() async throws {
      try await World.with { world in
        try await world.script(
          """
          insert into device (device_id, state, public_key, enrolled_at)
          select 'P-' || n, 'active', decode(repeat('00', 32), 'hex'), now()
          from generate_series(1, 1100) n;
          insert into device_assignment (device_id, valid_from, vehicle)
          select 'P-' || n, '2020-01-01Z', 'parked ' || n from generate_series(1, 1100) n;
          insert into vehicle_now (vehicle, at, latitude, longitude, received_at)
          select 'parked ' || n, '2026-11-23T09:59Z', 50, 30, '2026-11-23T09:59Z'
          from generate_series(1, 1100) n;
          """)
        for (bus, minutes) in [("moving 1", 20), ("moving 2", 30), ("moving 3", 40)] {
          try await Self.addMovingBus(bus, silentMinutes: minutes, to: world)
        }
        let silent = try await world.desk.silentDevices(at: noon)
        #expect(silent.map(\.device) == ["V-moving 3", "V-moving 2", "V-moving 1"])
        #expect(silent.allSatisfy { $0.movedMetres > InsightDesk.movedMetresMin })
        #expect(
          silent.map(\.lastContactAt) == [-2400, -1800, -1200].map { noon.adding(seconds: $0) })
        for pageSize in [101, 550, 551] {
          let paged = try await world.desk.silentDevices(at: noon, limit: 2, pageSize: pageSize)
          #expect(paged.map(\.device) == ["V-moving 3", "V-moving 2"])
        }
        // The same moment of two, and those never heard of, are each looked at once.
        try await world.script("delete from device_epoch; delete from device_gap;")
        let never = try await world.desk.silentDevices(at: noon, pageSize: 367)
        #expect(never.map(\.device) == ["V-moving 1", "V-moving 2", "V-moving 3"])
      }
    }

    @Test func aPlaceOfAListIsReadAsItWasWritten() {
      for moment in [nil, noon, Instant(microseconds: noon.microseconds + 250_000)] {
        let place = SilentPlace(device: "V-1", lastContactAt: moment)
        #expect(SilentPlace(pageText: place.pageText) == place)
      }
      let gap = GapPlace(device: "V-1", epoch: 3, firstSeq: 17, knownSince: noon)
      #expect(GapPlace(pageText: gap.pageText) == gap)
      for text in ["", "V-1", "V-1/", "V-1/soon", "V-1/never/3", "V-1/3/x/2026-11-22T08:00:00Z"] {
        #expect(SilentPlace(pageText: text) == nil && GapPlace(pageText: text) == nil, "\(text)")
      }
    }

    /// It told where its bus is until it died, a quarter of an hour ago and more.
    @Test func aValidatorThatToldPositionsIsSilentFromTheLastOfThemOn() async throws {
      try await World.with { world in
        try await Self.addMovingBus("moving 1", silentMinutes: 50, to: world)
        try await world.script(
          "insert into device_position values ('V-moving 1', 'moving 1', '2026-11-23T09:50Z')")
        func silent(_ minutes: Int64) async throws -> [SilentDevice] {
          try await world.desk.silentDevices(at: noon, silentSeconds: minutes * 60)
        }
        let told = try await silent(9)
        #expect(told.map(\.device) == ["V-moving 1"])
        #expect(told.map(\.movedSince) == [noon.adding(seconds: -600)])
        #expect(told.map(\.lastContactAt) == [noon.adding(seconds: -600)])
        #expect(try await silent(11).isEmpty)
        // Also over more time than movement is looked for in.
        try await world.script("update device_epoch set last_received_at = '2026-11-20Z'")
        #expect(try await silent(1440).isEmpty)
      }
    }

    private static func addMovingBus(
      _ vehicle: String, silentMinutes: Int, to world: World
    ) async throws {
      let heard = noon.adding(seconds: Int64(silentMinutes) * -60)
      try await world.script(
        """
        insert into device (device_id, state, public_key, enrolled_at)
        values ('V-\(vehicle)', 'active', decode(repeat('00', 32), 'hex'), now());
        insert into device_assignment (device_id, valid_from, vehicle)
        values ('V-\(vehicle)', '2020-01-01Z', '\(vehicle)');
        insert into vehicle_now (vehicle, at, latitude, longitude, received_at)
        values ('\(vehicle)', '2026-11-23T09:59Z', 50, 30, '2026-11-23T09:59Z');
        insert into device_epoch (device_id, epoch, seen, last_received_at, last_sent_at)
        values ('V-\(vehicle)', 1, '{[1,9)}', '\(heard)', '\(heard)');
        insert into position (service_day, lane, vehicle, at, latitude, longitude, device_id,
          received_at)
        select '2026-11-23', \(Lane.of(name: vehicle)), '\(vehicle)',
          '2026-11-23T09:59Z'::timestamptz - n * interval '1 minute', 50 + n * 0.001, 30, 'tracker',
          now()
        from generate_series(0, 15) n;
        """)
    }
  }
}
