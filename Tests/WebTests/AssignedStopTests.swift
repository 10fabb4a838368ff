import Basics
import DatabaseSupport
import HTTPTypes
import Store
import Tapping
import Testing
import Web

/// A stop that a device is said to be at is one of the network, when there is a network; so is an operator.
@Suite(.enabled(if: LeasedDatabase.isAvailable, "skipped: no PostgreSQL"))
struct AssignedStopTests {
  private static func assign(_ place: String, _ service: TestService) async throws -> Answer {
    await service.post(
      "/v1/devices/V-1/assign", token: try await service.token(.dispatcher), json: place)
  }

  private static func importFeed(_ service: TestService) async throws {
    let answer = await service.send(
      .post, "/v1/network", token: try await service.token(.admin),
      headers: [.contentType: "application/zip"], body: NetworkImportTests.feed())
    try #require(answer.status.code < 300, "\(answer.text)")
  }

  @Test func aStopThatTheNetworkLacksIsRefused() async throws {
    try await TestService.with { service in
      _ = try await Validator(service)
      try await Self.importFeed(service)
      let wrong = try await Self.assign(#"{"stop": "A"}"#, service)
      #expect(wrong.status == .unprocessableContent && wrong.problemCode == "stop_unknown")
      #expect(wrong.member("pointer") == "/stop", "\(wrong.text)")
      let right = try await Self.assign(#"{"stop": "a"}"#, service)
      #expect(right.status == .ok && right.member("warning") == nil, "\(right.text)")
      for place in [#"{"vehicle": "1603"}"#, "{}"] {
        let other = try await Self.assign(place, service)
        #expect(other.status == .ok && other.member("warning") == nil, "\(other.text)")
      }
      let stored = try await service.store.read { db in
        try await db.deviceAssignments.find("V-1").entries.compactMap(\.place.stop)
      }
      #expect(!stored.contains("A"))
    }
  }

  @Test func beforeThereIsANetworkAStopIsTakenWithAWarning() async throws {
    try await TestService.with { service in
      _ = try await Validator(service)
      let taken = try await Self.assign(#"{"stop": "A"}"#, service)
      #expect(taken.status == .ok && taken.member("changed") != "false", "\(taken.text)")
      #expect(taken.member("warning")?.contains("No network is imported yet") == true)
    }
  }

  @Test func namesAreThoseOfTheNetworkAndOfTheTariff() async throws {
    try await TestService.with { service in
      #expect(City.unknown.knowledge(of: .stop("a")) == .unchecked)
      #expect(City.unknown.knowledge(ofOperator: "t") == .unchecked)
      try await Self.importFeed(service)
      let city = service.services.city.current
      #expect(
        city.knowledge(of: .stop("a")) == .known && city.knowledge(of: .stop("A")) == .unknown)
      #expect(city.knowledge(ofOperator: "t") == .known)
      #expect(city.knowledge(ofOperator: "T") == .unknown && city.operatorsTold == "t")
      let published = await service.send(
        .post, "/v1/tariffs", token: try await service.token(.admin),
        headers: [.contentType: "application/yaml"], body: Array(Self.tariff.utf8))
      try #require(published.status == .created, "\(published.text)")
      let priced = service.services.city.current
      #expect(priced.knowledge(of: .stop("z")) == .known)
      #expect(priced.knowledge(ofOperator: "ferry") == .known)
      #expect(priced.knowledge(ofOperator: "T") == .unknown)
    }
  }

  /// One that the network no longer has is known as long as the books have it.
  @Test func theAccountOfAnOperatorThatNobodyKnowsIsRefused() async throws {
    try await TestService.with { service in
      let token = try await service.token(.accountant)
      func account(_ name: String) async throws -> Answer {
        await service.post(
          "/v1/operators/\(name)/account", token: token, json: OperatorMoneyEndpointTests.account)
      }
      try await Self.importFeed(service)
      let wrong = try await account("T")
      #expect(wrong.status == .unprocessableContent, "\(wrong.text)")
      #expect(wrong.text.contains("no operator T") && wrong.text.contains("known are t"))
      #expect(try await account("t").status == .ok)
      try await service.addFares(on: try #require(Day("2026-11-21")), ["gone": 500])
      #expect(try await account("gone").status == .ok)
    }
  }

  private static let tariff = """
    tariff: test
    version: first
    effective: {from: 2026-01-01, until: 2026-12-31}
    currency: UAH
    timezone: Europe/Kyiv
    categories: [adult]
    fares:
      - {name: pier, when: {stop: z}, price: 12.00}
      - {name: ferry, when: {operator: ferry}, price: 20.00}
      - {name: ride, price: 8.00}
    """
}
