import Basics
import Clearing
import DatabaseSupport
import HTTPTypes
import Postgres
import Store
import Tapping
import Testing
import Tracking
import Transit
import Web

/// A published version reaches validators by their answers, and never before its first fare day.
@Suite(.enabled(if: LeasedDatabase.isAvailable, "skipped: no PostgreSQL"))
struct TariffInForceTests {
  private static func tariff(_ version: String, from day: String, price: String) -> String {
    """
    tariff: test
    version: \(version)
    effective: {from: \(day)}
    currency: UAH
    timezone: Europe/Kyiv
    day_start: "04:00"
    categories: [adult]
    fares: [{name: ride, price: \(price)}]
    """
  }

  private func publish(
    _ text: String, _ query: String = "", to service: TestService
  ) async throws -> Answer {
    let admin = try await service.token(.admin)
    return await service.send(
      .post, "/v1/tariffs" + query, token: admin, headers: [.contentType: "application/yaml"],
      body: Array(text.utf8))
  }

  @Test func validatorsNameTheVersionInForceBeforeAndOnItsFirstFareDay() async throws {
    try await TestService.with { service in
      let validator = try await Validator(service)
      let first = try await publish(
        Self.tariff("old", from: "2026-01-01", price: "8.00"), to: service)
      try #require(first.status == .created, "\(first.text)")
      // It is the 22nd; the new version begins with the fare day of the 24th, at four o'clock.
      let next = try await publish(
        Self.tariff("new", from: "2026-11-24", price: "10.00"), to: service)
      try #require(next.status == .created, "\(next.text)")
      let lastSecond = try #require(Instant(iso8601: "2026-11-24T03:59:59+02:00"))
      var seq: Int64 = 0
      for (moment, version) in [
        (TestService.now, "old"), (lastSecond, "old"), (lastSecond.adding(seconds: 1), "new"),
      ] {
        service.clock.set(moment)
        let itself = try await validator.askAboutItself()
        #expect(itself.status == .ok)
        #expect(itself.member("tariff_version") == version, "\(moment): \(itself.text)")
        // What comes next is told as what comes next, so that it can be fetched in time.
        #expect(itself.member("next_tariff_version") == (version == "old" ? "new" : nil))
        #expect(itself.member("next_tariff_from") == (version == "old" ? "2026-11-24" : nil))
        let beat = DeviceHeartbeat(device: "V-1", sentAt: moment.adding(seconds: -2))
        let heard = try await validator.post(beat.json, to: "/v1/devices/heartbeat")
        #expect(heard.status == .ok, "\(heard.text)")
        #expect(heard.member("tariff_version") == version, "\(moment): \(heard.text)")
        seq += 1
        let answer = try await validator.post([
          Tap(
            seq: seq, at: moment.adding(seconds: -5), kind: .single, medium: .card,
            token: Array("a card".utf8))
        ])
        #expect(answer.status == .ok)
        #expect(answer.member("tariff_version") == version, "\(moment): \(answer.text)")
      }
    }
  }

  /// The night before a version begins whose day ends at another hour is of the day that it was.
  @Test func positionsAreOfTheFareDayOfTheVersionInForceThen() async throws {
    try await TestService.with { service in
      let validator = try await Validator(service)
      for text in [
        Self.tariff("old", from: "2026-01-01", price: "8.00"),
        Self.tariff("new", from: "2027-01-01", price: "8.00").replacing("04:00", with: "00:00"),
      ] {
        let published = try await publish(text, to: service)
        try #require(published.status == .created, "\(published.text)")
      }
      for moment in ["2026-12-31T02:00:00+02:00", "2027-01-01T02:00:00+02:00"] {
        let at = try #require(Instant(iso8601: moment))
        service.clock.set(at.adding(seconds: 60))
        let position = Position(
          vehicle: "1603", at: at, coordinate: Coordinate(latitude: 56.95, longitude: 24.11))
        let answer = try await validator.post(
          PositionReportJSON.encode(
            PositionReport(device: "V-1", sentAt: service.clock.now, positions: [position])),
          to: "/v1/positions")
        #expect(answer.status == .ok, "\(answer.text)")
      }
      let days = try await service.pool.session { db in
        try await db.query("select service_day::text from position order by at")
          .map { try $0.text(0) }
      }
      #expect(days == ["2026-12-30", "2027-01-01"])
    }
  }

  @Test func aVersionForADayThatHasBegunIsRefusedOverHTTPWithoutAnOrder() async throws {
    try await TestService.with { service in
      let validator = try await Validator(service)
      _ = try await publish(Self.tariff("old", from: "2026-01-01", price: "8.00"), to: service)
      let past = try await publish(
        Self.tariff("new", from: "2026-11-22", price: "10.00"), to: service)
      #expect(past.status == .conflict && past.problemCode == "past_without_order")
      let answer = try await validator.askAboutItself()
      #expect(answer.member("tariff_version") == "old")
    }
  }

  @Test func anOrderOverHTTPIsShownFirstAndAboveTheLimitWaitsForAnotherPerson() async throws {
    try await TestService.with { service in
      _ = try await publish(Self.tariff("old", from: "2026-01-01", price: "8.00"), to: service)
      let text = Self.tariff("new", from: "2026-11-22", price: "10.00")
      let shown = try await publish(text, "?rerate=true&preview=true", to: service)
      #expect(shown.status == .ok && shown.text.contains("\"change_minor\":0"), "\(shown.text)")
      try await service.store.write { db in
        try await db.settings.set(Rerating.limitSetting, to: "-1")
      }
      let waiting = try await publish(text, "?rerate=true", to: service)
      #expect(waiting.status == .accepted && waiting.member("state") == "previewing")
      try await NetworkOrderTests.settle(service)
      let seen = try await NetworkOrderTests.orders(service)
      #expect(seen.contains(#""state":"requested""#) && seen.contains(#""preview":{"#), "\(seen)")
      #expect(service.services.city.current.tariffVersion(at: TestService.now) == "old")
      // All tokens of the service's `token` bear one name, so they are one person.
      let same = await service.send(
        .post, "/v1/rating/orders/1/approve", token: try await service.token(.accountant))
      #expect(same.status == .conflict)
      let other = try await service.token(.accountant, label: "Petro")
      let done = await service.send(.post, "/v1/rating/orders/1/approve", token: other)
      #expect(done.status == .ok && done.member("state") == "approved", "\(done.text)")
      try await NetworkOrderTests.settle(service)
      #expect(try await NetworkOrderTests.orders(service).contains(#""state":"done""#))
      #expect(service.services.city.current.tariffVersion(at: TestService.now) == "new")
      let older = Self.tariff("older", from: "2026-01-02", price: "9.00")
      let look = try await publish(older, "?rerate=true&preview=true", to: service)
      #expect(look.problemCode == "too_many_days")
      let later = try await publish(older, "?preview=true&later=true", to: service)
      #expect(later.status == .accepted && later.member("state") == "looking", "\(later.text)")
      let early = try await publish(older, "?rerate=true", to: service)
      #expect(early.status == .accepted && early.member("state") == "previewing")
    }
  }
}
