import Basics
import DatabaseSupport
import Foundation
import HTTPTypes
import Insight
import Intake
import Logging
import Postgres
import Store
import Tapping
import Testing
import Web

/// The gauges of the fleet that an operator alarms on, as a scrape shows them.
@Suite(.enabled(if: LeasedDatabase.isAvailable, "skipped: no PostgreSQL"))
struct FleetGaugeTests {
  private static let names = [
    "kvytok_sequence_gaps_open", "kvytok_sequence_numbers_missing",
    "kvytok_sequence_gap_age_seconds_max", "kvytok_devices_silent_on_moving_vehicles",
    "kvytok_deny_list_devices_behind",
  ]

  private static func lines(_ service: TestService) async -> [String] {
    await service.send(.get, "/metrics").text.split(separator: "\n").map(String.init)
  }

  /// Three validators that hold no list; one of them, on a bus that drives on, was last heard of 40 minutes ago,
  /// and two gaps are open in its register.
  private static func addFleet(to service: TestService) async throws {
    let now = service.clock.now
    let heard = now.adding(seconds: -2400)
    _ = try await service.pool.session { db in
      try await db.script(
        """
        insert into deny_list_version (version, made_at, added, removed)
        values (1, '\(now.adding(seconds: -60))', 1, 0);
        insert into device (device_id, state, public_key, enrolled_at)
        select 'V-' || n, 'active', decode(repeat('00', 32), 'hex'), now()
        from generate_series(2, 4) n;
        insert into device_epoch (device_id, epoch, seen, last_received_at, last_sent_at)
        values ('V-2', 1, '{[1,3),[5,9),[12,13)}', '\(heard)', '\(heard)');
        insert into device_assignment (device_id, valid_from, vehicle)
        values ('V-2', '2020-01-01Z', '1603');
        insert into vehicle_now (vehicle, at, latitude, longitude, received_at)
        values ('1603', '\(now)', 50, 30, '\(now)');
        insert into position (service_day, lane, vehicle, at, latitude, longitude, device_id,
          received_at)
        select '2026-11-22', \(Lane.of(name: "1603")), '1603',
          '\(now)'::timestamptz - n * interval '1 minute', 50 + n * 0.001, 30, 'tracker', now()
        from generate_series(0, 15) n;
        """)
    }
    service.services.denyList.invalidate()
  }

  @Test func gapsSilentDevicesAndLateListsAreShownToWhoeverScrapes() async throws {
    try await TestService.with { service in
      try await service.services.denyList.prepare(service.store) {
        [UInt8](repeating: 9, count: $0)
      }
      let validator = try await Validator(service)
      let watch = FleetWatch(
        store: service.store, desk: service.services.insight, factory: service.services.registry,
        log: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
        now: { service.clock.now })
      try await watch.look()
      let calm = await Self.lines(service)
      for name in Self.names { #expect(calm.contains("\(name) 0"), "\(name)") }
      // News takes time only from when the hardware is in place.
      service.clock.set(TestService.now.adding(seconds: 60))
      try await Self.addFleet(to: service)
      var beat = DeviceHeartbeat(device: "V-1", sentAt: service.clock.now)
      beat.denyListVersion = 1
      let told = try await validator.post(beat.json, to: "/v1/devices/heartbeat")
      try #require(told.status == .ok, "\(told.text)")
      try await watch.look()
      let lines = await Self.lines(service)
      for line in [
        "kvytok_sequence_gaps_open 2", "kvytok_sequence_numbers_missing 5",
        "kvytok_sequence_gap_age_seconds_max 2400", "kvytok_devices_silent_on_moving_vehicles 1",
        "kvytok_deny_list_devices_behind 3", "kvytok_deny_list_propagation_seconds_sum 60",
        "kvytok_deny_list_propagation_seconds_count 1",
      ] {
        #expect(lines.contains(line), "\(line) in \(lines)")
      }
    }
  }

  @Test func theDocumentOfOperatingNamesEveryGaugeOfTheFleet() throws {
    let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let text = try String(
      contentsOf: package.appendingPathComponent("docs/operating.md"), encoding: .utf8)
    for name in Self.names + ["kvytok_deny_list_propagation_seconds"] {
      #expect(text.contains("`\(name)`"), "\(name)")
    }
  }
}
