import Basics
import Clearing
import DatabaseSupport
import HTTPTypes
import Insight
import Ledger
import Logging
import Postgres
import Store
import Tapping
import Testing
import Transit
import Web

/// The import of a network that changes fares of days rated before: in force at once; what it changes of
/// them the workers find out first, and above the limit it takes two people.
@Suite(.enabled(if: LeasedDatabase.isAvailable, "skipped: no PostgreSQL"))
struct NetworkOrderTests {
  private static let tariff = """
    tariff: test
    version: first
    effective: {from: 2026-01-01}
    currency: UAH
    timezone: Europe/Kyiv
    day_start: "04:00"
    categories: [adult]
    fares:
      - {name: far, when: {any_zone: 2}, price: 12.00}
      - {name: ride, price: 8.00}
    """

  /// One stop `a` in a zone beside one in another, on route 1, and perhaps a route 2.
  static func feed(
    zone: String, other: String = "2", routes: [String] = ["1"], isTurned: Bool = false,
    agency: String = "t"
  ) -> [UInt8] {
    let (south, north) = isTurned ? ("49.24,28.47", "49.23,28.46") : ("49.23,28.46", "49.24,28.47")
    let files = [
      "agency.txt":
        "agency_id,agency_name,agency_url,agency_timezone\n\(agency),Tram,https://t.example,"
        + "Europe/Kyiv\n",
      "stops.txt": "stop_id,stop_name,stop_lat,stop_lon,zone_id\na,Rynok,\(south),\(zone)\n"
        + "b,Vokzal,\(north),\(other)\n",
      "routes.txt": "route_id,agency_id,route_short_name,route_long_name,route_type\n"
        + routes.map { "r\($0),\(agency),\($0),,3\n" }.joined(),
      "trips.txt": "route_id,service_id,trip_id\n"
        + routes.map { "r\($0),all,t\($0)\n" }.joined(),
      "calendar.txt":
        "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n"
        + "all,1,1,1,1,1,1,1,20260101,20261231\n",
      "stop_times.txt": "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
        + routes.map { "t\($0),08:00:00,08:00:00,a,1\nt\($0),08:05:00,08:05:00,b,2\n" }.joined(),
    ]
    return ZipArchive.make(
      files: files.sorted { $0.key < $1.key }.map { ($0.key, Array($0.value.utf8)) })
  }

  static func bring(
    _ feed: [UInt8], from day: String? = nil, to service: TestService
  ) async throws -> Answer {
    let answer = try await offer(feed, from: day, to: service)
    try #require(answer.status == .created, "\(answer.text)")
    return answer
  }

  static func offer(
    _ feed: [UInt8], from day: String? = nil, to service: TestService
  ) async throws -> Answer {
    await service.send(
      .post, "/v1/network" + (day.map { "?from=\($0)" } ?? ""),
      token: try await service.token(.admin), headers: [.contentType: "application/zip"], body: feed
    )
  }

  static func settle(_ service: TestService) async throws {
    let log = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
    let city = service.services.city
    let placing = PlacingService(
      store: service.store, city: city, log: log, now: { service.clock.now })
    let clearing = ClearingService(
      store: service.store, city: city, tokenKey: service.services.tokenKey, log: log,
      now: { service.clock.now })
    // What is sorted has to be placed, and what is placed anew to be rated.
    for _ in 0..<3 {
      try await placing.drain()
      try await clearing.drain()
    }
  }

  /// All orders as they are told, the newest first.
  static func orders(_ service: TestService) async throws -> String {
    await service.send(.get, "/v1/rating/orders", token: try await service.token(.admin)).text
  }

  static func tap(
    _ seq: Int64, _ card: String, route: String = "1", daysBefore: Int64 = 0
  ) throws -> Tap {
    let morning = try #require(Instant(iso8601: "2026-11-22T08:00:00+02:00"))
    return Tap(
      seq: seq, at: morning.adding(seconds: -daysBefore * 86_400), kind: .single,
      medium: .card, token: Array(card.utf8), vehicle: "101", route: route, stop: "a")
  }

  static func texts(_ service: TestService, _ sql: String) async throws -> [String] {
    try await service.pool.session { db in try await db.query(sql).map { try $0.text(0) } }
  }

  /// What stands: the fare of each rider, and to whom it is owed.
  static func fares(_ service: TestService) async throws -> [String] {
    try await texts(
      service,
      """
      select concat_ws(' ', coalesce(operator_id, '-'), charged_minor) from ride
      where reversed_run_id is null order by seq
      """)
  }

  static func audit(_ service: TestService) async throws -> LedgerAudit {
    try await service.services.city.reload(from: service.store)
    return try await LedgerAuditor(store: service.store, city: service.services.city.current)
      .run()
  }

  /// A service with a network in which `a` is in zone 1, and one ride of 8.00 from there.
  static func withRide(
    limit: String, route: String = "1",
    _ body: @Sendable (TestService, Validator) async throws -> Void
  ) async throws {
    try await TestService.with { service in
      try await service.store.write { db in
        try await db.books.save(.standard)
        try await db.settings.set(Rerating.limitSetting, to: limit)
      }
      let validator = try await Validator(service)
      let first = try await Self.bring(Self.feed(zone: "1"), to: service)
      #expect(!first.text.contains("\"order\""), "nothing was rated before")
      let published = await service.send(
        .post, "/v1/tariffs", token: try await service.token(.admin),
        headers: [.contentType: "application/yaml"], body: Array(Self.tariff.utf8))
      try #require(published.status == .created, "\(published.text)")
      let answer = try await validator.post([try Self.tap(1, "anna", route: route)])
      try #require(answer.status == .ok, "\(answer.text)")
      try await Self.settle(service)
      try await body(service, validator)
    }
  }

  @Test func withinTheLimitAllDaysAreRatedAnewOnceItIsKnownWhatChanges() async throws {
    try await Self.withRide(limit: "400") { service, _ in
      let answer = try await Self.bring(Self.feed(zone: "2"), to: service)
      #expect(
        answer.text.contains(
          #""order":{"order":1,"from":"2026-11-22","to":"2026-11-22","state":"previewing","#
            + #""needs_approval":false,"change_minor":0,"feed":2,"previewed":0"#), "\(answer.text)")
      #expect(try await Self.fares(service) == ["t 800"])
      let early = await service.send(
        .post, "/v1/rating/orders/1/approve", token: try await RatingTests.token("Petro", service))
      #expect(early.status == .conflict && early.text.contains("being worked out"))
      try await Self.settle(service)
      #expect(try await Self.fares(service) == ["t 1200"])
      let orders = try await Self.orders(service)
      #expect(orders.contains(#""state":"done","needs_approval":false,"change_minor":400"#))
      #expect(try await Self.audit(service).isSound)
    }
  }

  @Test func anOperatorThatBecomesKnownNeedsNoSecondPerson() async throws {
    try await Self.withRide(limit: "0", route: "2") { service, _ in
      #expect(try await Self.fares(service) == ["- 800"])
      _ = try await Self.bring(Self.feed(zone: "1", routes: ["1", "2"]), to: service)
      try await Self.settle(service)
      #expect(try await Self.fares(service) == ["t 800"])
      #expect(try await Self.orders(service).contains(#""state":"done""#))
      #expect(try await Self.audit(service).isSound)
    }
  }

  @Test(arguments: [(limit: "800", state: "done"), (limit: "799", state: "requested")])
  func whatAnOperatorLosesTakesASecondPersonThoughNoFareChanges(
    _ row: (limit: String, state: String)
  ) async throws {
    try await Self.withRide(limit: row.limit) { service, _ in
      _ = try await Self.bring(Self.feed(zone: "1", agency: "u"), to: service)
      try await Self.settle(service)
      let orders = try await Self.orders(service)
      #expect(orders.contains(#""state":"\#(row.state)""#), "\(orders)")
      #expect(orders.contains(#""change_minor":800,"feed":2"#), "\(orders)")
      if row.state == "requested" {
        #expect(try await Self.fares(service) == ["t 800"])
        let petro = try await RatingTests.token("Petro", service)
        _ = await service.send(.post, "/v1/rating/orders/1/approve", token: petro)
        try await Self.settle(service)
      }
      #expect(try await Self.fares(service) == ["u 800"])
      #expect(try await Self.audit(service).isSound)
    }
  }

  @Test func aboveTheLimitTheDaysOfBeforeWaitForAnotherPerson() async throws {
    try await Self.withRide(limit: "399") { service, validator in
      _ = try await Self.bring(Self.feed(zone: "2"), to: service)
      try await Self.settle(service)
      let orders = try await Self.orders(service)
      #expect(
        orders.contains(#""state":"requested","needs_approval":true,"change_minor":400,"feed":2,"#)
          && orders.contains(#""preview":{"from":"2026-11-22","to":"2026-11-22","riders":1,"#),
        "\(orders)")
      #expect(try await Self.fares(service) == ["t 800"])
      let waiting = try await Self.audit(service)
      #expect(waiting.isSound && waiting.staleDays == 0, "\(waiting.findings)")
      // Whatever is rated from now on is rated by the network in force.
      _ = try await validator.post([try Self.tap(2, "bohdan")])
      try await Self.settle(service)
      #expect(try await Self.fares(service) == ["t 800", "t 1200"])
      let both = try await Self.audit(service)
      #expect(both.isSound, "\(both.findings)")
      let path = "/v1/rating/orders/1/approve"
      let own = await service.send(.post, path, token: try await service.token(.admin))
      #expect(own.status == .conflict, "\(own.text)")
      let petro = try await RatingTests.token("Petro", service)
      let done = await service.send(.post, path, token: petro)
      #expect(done.status == .ok && done.member("state") == "approved", "\(done.text)")
      // The workers compare it with what was shown, and carry it out.
      #expect(try await Self.fares(service) == ["t 800", "t 1200"])
      try await Self.settle(service)
      #expect(try await Self.fares(service) == ["t 1200", "t 1200"])
      #expect(try await Self.orders(service).contains(#""state":"done","needs_approval":true"#))
      let after = try await Self.audit(service)
      #expect(after.isSound, "\(after.findings)")
    }
  }

  @Test func whatIsRefusedStaysAsItWasAndIsProven() async throws {
    try await Self.withRide(limit: "0") { service, _ in
      _ = try await Self.bring(Self.feed(zone: "2"), to: service)
      try await Self.settle(service)
      let petro = try await RatingTests.token("Petro", service)
      let refused = await service.send(.post, "/v1/rating/orders/1/refuse", token: petro)
      #expect(refused.member("state") == "refused", "\(refused.text)")
      try await Self.settle(service)
      #expect(try await Self.fares(service) == ["t 800"])
      let audit = try await Self.audit(service)
      #expect(audit.isSound, "\(audit.findings)")
      _ = try await service.pool.session { db in
        try await db.script("update fare_day set feed_id = 2")
      }
      let forged = try await Self.audit(service)
      #expect(forged.findings.contains { $0.contains("booked [800], from the taps [1200]") })
      _ = try await service.pool.session { db in
        try await db.script("update fare_day set feed_id = 9")
      }
      let lost = try await Self.audit(service)
      #expect(lost.findings.contains { $0.contains("rated by network 9, which is not there") })
    }
  }

  @Test func theOrderOfANetworkThatIsNotInForceAnyMoreIsNotApproved() async throws {
    try await Self.withRide(limit: "0") { service, _ in
      _ = try await Self.bring(Self.feed(zone: "2"), to: service)
      try await Self.settle(service)
      // The second is still looked at when the third comes, and is given up.
      _ = try await Self.bring(Self.feed(zone: "2", routes: ["1", "3"]), to: service)
      let next = try await Self.bring(Self.feed(zone: "2", routes: ["1", "4"]), to: service)
      #expect(next.text.contains(#""order":{"order":3,"#), "\(next.text)")
      try await Self.settle(service)
      let states = try await Self.texts(
        service, "select state from rerating_order order by order_id")
      #expect(states == ["requested", "refused", "requested"])
      let petro = try await RatingTests.token("Petro", service)
      let old = await service.send(.post, "/v1/rating/orders/1/approve", token: petro)
      #expect(old.status == .conflict && old.text.contains("imported since"), "\(old.text)")
      let new = await service.send(.post, "/v1/rating/orders/3/approve", token: petro)
      #expect(new.status == .ok, "\(new.text)")
      try await Self.settle(service)
      #expect(try await Self.fares(service) == ["t 1200"])
      #expect(try await Self.audit(service).isSound)
    }
  }
}
