import Basics
import DatabaseSupport
import HTTPTypes
import Insight
import Postgres
import Store
import Testing
import Transit
import Web

/// A network that comes in is held against the tariff: what the tariff names and it lacks is told.
@Suite(.enabled(if: LeasedDatabase.isAvailable, "skipped: no PostgreSQL"))
struct NetworkImportTests {
  private static let tariff = """
    tariff: test
    version: first
    effective: {from: 2026-01-01, until: 2026-12-31}
    currency: UAH
    timezone: Europe/Kyiv
    categories: [adult]
    fares:
      - {name: edge, when: {any_zone: 9}, price: 12.00}
      - {name: night, when: {route: [1, N7]}, price: 20.00}
      - {name: ride, when: {any_zone: [1, 2]}, price: 8.00}
    """

  /// A feed of two stops in zones 1 and 2 on one route.
  static func feed() -> [UInt8] {
    let files = [
      "agency.txt":
        "agency_id,agency_name,agency_url,agency_timezone\nt,Tram,https://t.example,Europe/Kyiv\n",
      "stops.txt":
        "stop_id,stop_name,stop_lat,stop_lon,zone_id\na,Rynok,49.23,28.46,1\nb,Vokzal,49.24,28.47,2\n",
      "routes.txt": "route_id,agency_id,route_short_name,route_long_name,route_type\nr1,t,1,,3\n",
      "trips.txt": "route_id,service_id,trip_id\nr1,all,t1\n",
      "calendar.txt":
        "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n"
        + "all,1,1,1,1,1,1,1,20260101,20261231\n",
      "stop_times.txt": "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
        + "t1,08:00:00,08:00:00,a,1\nt1,08:05:00,08:05:00,b,2\n",
    ]
    return ZipArchive.make(
      files: files.sorted { $0.key < $1.key }.map { ($0.key, Array($0.value.utf8)) })
  }

  private func importFeed(_ service: TestService) async throws -> Answer {
    await service.send(
      .post, "/v1/network", token: try await service.token(.admin),
      headers: [.contentType: "application/zip"], body: Self.feed())
  }

  private func publish(_ text: String, _ service: TestService) async throws {
    let answer = await service.send(
      .post, "/v1/tariffs", token: try await service.token(.admin),
      headers: [.contentType: "application/yaml"], body: Array(text.utf8))
    try #require(answer.status == .created, "\(answer.text)")
  }

  @Test func whatTheTariffInForceNamesAndTheNetworkLacksIsTold() async throws {
    try await TestService.with { service in
      try await publish(Self.tariff, service)
      let answer = try await importFeed(service)
      #expect(answer.status == .created)
      #expect(
        answer.text.contains(
          #""tariff_doubts":["test first, tariff.yaml:8: warning: no stop of the network is in zone "#
            + #"\"9\"; its zones: 1, 2","test first, tariff.yaml:9: warning: the network has no route "#
            + #"\"N7\", or several of that name"]"#), "\(answer.text)")
    }
  }

  /// A city may have recorded vehicles for years before its first network and tariff.
  @Test func vehicleDaysOfBeforeAreMarkedInPiecesAndNotInTheRequest() async throws {
    try await TestService.with { service in
      let days = Set((0..<2_500).map { VehicleDay(vehicle: "\($0)", day: Day(number: 20_700)) })
      try await service.store.write { db in
        try await db.sorting.markStale(vehicleDays: days, at: TestService.now)
      }
      _ = try await service.pool.session { db in
        try await db.execute("update vehicle_day set stale_since = null, placed_at = now()")
      }
      func stale() async throws -> Int64 {
        try await service.pool.session { db in
          try await db.query("select count(*) from vehicle_day where stale_since is not null")
            .only().int8(0)
        }
      }
      _ = try await importFeed(service)
      #expect(try await stale() == 0)
      #expect(try await NetworkMarking(store: service.store).piece(at: TestService.now) == 1)
      #expect(try await stale() == Int64(NetworkMarking.vehicleDaysPerPieceMax))
      // A process that has just started goes on where it was.
      while try await NetworkMarking(store: service.store).piece(at: TestService.now) > 0 {}
      #expect(try await stale() == 2_500)
    }
  }

  @Test func aTariffThatIsOverOrNoneRaisesNoDoubt() async throws {
    try await TestService.with { service in
      let before = try await importFeed(service)
      #expect(before.text.contains(#""tariff_doubts":[]"#), "\(before.text)")
    }
    try await TestService.with { service in
      try await publish(
        Self.tariff.replacing("until: 2026-12-31", with: "until: 2026-11-21"), service)
      let over = try await importFeed(service)
      #expect(over.status == .created)
      #expect(over.text.contains(#""tariff_doubts":[]"#), "\(over.text)")
    }
  }
}
