import Basics
import Clearing
import DatabaseSupport
import HTTPTypes
import Ledger
import Store
import Tapping
import Testing
import Transit
import Web

/// Where a validator was, and how much of that one person may say.
@Suite(.enabled(if: LeasedDatabase.isAvailable, "skipped: no PostgreSQL"))
struct PastChangeEndpointTests {
  private static let tariff = """
    tariff: test
    version: first
    effective: {from: 2026-01-01}
    currency: UAH
    timezone: Europe/Kyiv
    day_start: "04:00"
    categories: [adult, pupil]
    fares:
      - {name: far, when: {stop: [b]}, price: 12.00}
      - {name: ride, price: {adult: 8.00, pupil: 4.00}}
    """

  /// A service with a validator at the stop a, where somebody boarded for 8.00, and a limit.
  private func withRide(
    limit: String, tariff: String = Self.tariff,
    _ body: @Sendable (TestService) async throws -> Void
  ) async throws {
    try await TestService.with { service in
      try await service.store.write { db in
        try await db.books.save(.standard)
        try await db.settings.set(Rerating.limitSetting, to: limit)
      }
      let validator = try await Validator(service)
      let admin = try await service.token(.admin)
      for (path, type, bytes) in [
        ("/v1/network", "application/zip", NetworkImportTests.feed()),
        ("/v1/tariffs", "application/yaml", Array(tariff.utf8)),
      ] {
        let answer = await service.send(
          .post, path, token: admin, headers: [.contentType: type], body: bytes)
        try #require(answer.status == .created, "\(answer.text)")
      }
      let placed = await service.post(
        "/v1/devices/V-1/assign", token: try await service.token(.dispatcher),
        json: #"{"stop": "a", "from": "2026-11-01T00:00:00Z"}"#)
      try #require(placed.status == .ok, "\(placed.text)")
      let tap = Tap(
        seq: 1, at: try #require(Instant(iso8601: "2026-11-22T08:00:00+02:00")), kind: .single,
        medium: .card, token: Array("a card".utf8), route: "1")
      let answer = try await validator.post([tap])
      try #require(answer.status == .ok, "\(answer.text)")
      try await service.settle()
      try #require(try await charged(service) == 800)
      try await body(service)
    }
  }

  private func charged(_ service: TestService) async throws -> Int64? {
    let card = Base64.encode(Array("a card".utf8), .url)
    let rides = await service.send(
      .get, "/v1/riders/-/rides?medium=card&token=\(card)",
      token: try await service.token(.inspector))
    return [400, 800, 1200].first { rides.text.contains("\"charged_minor\":\($0)") }
  }

  @Test func aPlaceOfThePastAboveTheLimitTakesTwoDispatchers() async throws {
    try await withRide(limit: "399") { service in
      let path = "/v1/devices/V-1/assign"
      let json = #"{"stop": "b", "from": "2026-11-22T00:00:00Z"}"#
      let one = try await service.token(.dispatcher, label: "Olena")
      for _ in 0..<2 {
        let asked = await service.post(path, token: one, json: json)
        #expect(asked.status == .accepted, "\(asked.text)")
        #expect(asked.text.contains(#""change_minor":400"#), "\(asked.text)")
      }
      try await service.settle()
      #expect(try await charged(service) == 800)
      let places = try await service.store.read { db in
        try await db.deviceAssignments.find("V-1").entries.compactMap(\.place.stop)
      }
      #expect(places == ["a"])
      let other = try await service.token(.dispatcher, label: "Petro")
      let done = await service.post(path, token: other, json: json)
      #expect(done.status == .ok && done.text.contains(#""taps_moved":1"#), "\(done.text)")
      try await service.settle()
      #expect(try await charged(service) == 1200)
      let list = await service.send(.get, "/v1/rating/changes", token: one)
      #expect(list.text.contains(#""state":"done""#), "\(list.text)")
      #expect(list.text.contains(#""decided_by":"Petro""#), "\(list.text)")
    }
  }

  @Test func aPlaceOfThePastWithinTheLimitIsAddedUp() async throws {
    try await withRide(limit: "700") { service in
      let path = "/v1/devices/V-1/assign"
      let token = try await service.token(.dispatcher, label: "Olena")
      let moved = await service.post(
        path, token: token, json: #"{"stop": "b", "from": "2026-11-22T00:00:00Z"}"#)
      #expect(moved.status == .ok, "\(moved.text)")
      try await service.settle()
      #expect(try await charged(service) == 1200)
      let back = await service.post(
        path, token: token, json: #"{"stop": "a", "from": "2026-11-22T00:00:00Z"}"#)
      #expect(back.status == .accepted, "\(back.text)")
      try await service.settle()
      #expect(try await charged(service) == 1200)
    }
  }

  private static let intoVehicle = #"{"vehicle": "101", "from": "2026-11-22T00:00:00Z"}"#

  private func validatorsIn(_ vehicle: String, _ service: TestService) async throws -> Int {
    try await service.store.read { db in
      try await db.deviceAssignments.find(of: ["V-1", "V-2"]).values.count(where: { places in
        places.entries.contains { $0.place.vehicle == vehicle }
      })
    }
  }

  /// Where the stop is found by where the vehicle was, nobody knows yet what the fare will be.
  @Test func aVehicleTakesTwoDispatchersWhereFaresAskForStops() async throws {
    try await withRide(limit: "100000") { service in
      let path = "/v1/devices/V-1/assign"
      let one = try await service.token(.dispatcher, label: "Olena")
      let asked = await service.post(path, token: one, json: Self.intoVehicle)
      #expect(asked.status == .accepted, "\(asked.text)")
      #expect(asked.text.contains(#""change_minor":null"#), "\(asked.text)")
      #expect(try await validatorsIn("101", service) == 0)
      let other = try await service.token(.dispatcher, label: "Petro")
      let done = await service.post(path, token: other, json: Self.intoVehicle)
      #expect(done.status == .ok && done.text.contains(#""taps_moved":1"#), "\(done.text)")
      #expect(try await validatorsIn("101", service) == 1)
      try await service.settle()
      // Nothing comes into a vehicle or out of one when the same is said once more.
      let again = await service.post(path, token: one, json: Self.intoVehicle)
      #expect(again.status == .ok && !again.text.contains("taps_moved"), "\(again.text)")
    }
  }

  /// The route that a tap names tells where the vehicle was, for all who rode in it.
  @Test func aVehicleTakesTwoDispatchersThoughNobodyWasLetIn() async throws {
    try await withRide(limit: "100000") { service in
      let validator = try await Validator(service, id: "V-2")
      let path = "/v1/devices/V-2/assign"
      let token = try await service.token(.dispatcher, label: "Olena")
      // A validator that nobody held a card to is put anywhere by one.
      let quiet = await service.post(path, token: token, json: Self.intoVehicle)
      #expect(quiet.status == .ok, "\(quiet.text)")
      let back = await service.post(
        path, token: token, json: #"{"from": "2026-11-22T00:00:00Z"}"#)
      #expect(back.status == .ok, "\(back.text)")
      let tap = Tap(
        seq: 1, at: try #require(Instant(iso8601: "2026-11-22T09:00:00+02:00")), kind: .single,
        medium: .card, token: Array("a bad card".utf8), result: .denied(reason: "unknown"),
        route: "1")
      let answer = try await validator.post([tap])
      try #require(answer.status == .ok, "\(answer.text)")
      try await service.settle()
      let asked = await service.post(path, token: token, json: Self.intoVehicle)
      #expect(asked.status == .accepted, "\(asked.text)")
      #expect(asked.text.contains(#""change_minor":null"#), "\(asked.text)")
    }
  }

  @Test func aVehicleIsPutInByOneWhereNoFareAsksForStops() async throws {
    let flat = Self.tariff.split(separator: "\n", omittingEmptySubsequences: false)
      .filter { !$0.contains("far,") }.joined(separator: "\n")
    try await withRide(limit: "0", tariff: flat) { service in
      let done = await service.post(
        "/v1/devices/V-1/assign", token: try await service.token(.dispatcher, label: "Olena"),
        json: Self.intoVehicle)
      #expect(done.status == .ok && done.text.contains(#""taps_moved":1"#), "\(done.text)")
      try await service.settle()
      #expect(try await charged(service) == 800)
    }
  }

  @Test func aProofOfThePastTakesTwoAccountants() async throws {
    try await withRide(limit: "0") { service in
      let card = Base64.encode(Array("a card".utf8), .url)
      let path = "/v1/riders/-/entitlements"
      let query = "?medium=card&token=\(card)"
      let json = #"{"category": "pupil", "valid_from": "2026-11-01", "reason": "shown"}"#
      let olena = try await RatingTests.token("Olena", service)
      let asked = await service.post(path + query, token: olena, json: json)
      #expect(asked.status == .accepted, "\(asked.text)")
      let petro = try await RatingTests.token("Petro", service)
      let done = await service.post(path + query, token: petro, json: json)
      #expect(done.status == .created, "\(done.text)")
      try await service.settle()
      #expect(try await charged(service) == 400)
      let back = await service.post(path + "/withdraw" + query, token: petro, json: json)
      #expect(back.status == .accepted, "\(back.text)")
    }
  }

  @Test func anotherPaperIsAnotherProofAndWhatWaitsIsToldApart() async throws {
    try await withRide(limit: "0") { service in
      let card = Base64.encode(Array("a card".utf8), .url)
      let query = "?medium=card&token=\(card)"
      let path = "/v1/riders/-/entitlements\(query)"
      func proof(_ kind: String, _ number: String, because reason: String) -> String {
        """
        {"category": "pupil", "valid_from": "2026-11-01", "proof_kind": "\(kind)",
          "proof_number": "\(number)", "reason": "\(reason)"}
        """
      }
      let olena = try await RatingTests.token("Olena", service)
      let petro = try await RatingTests.token("Petro", service)
      let asked = await service.post(
        path, token: olena, json: proof("pension", "AB-111", because: "seen at desk"))
      #expect(asked.status == .accepted, "\(asked.text)")
      for kind in ["other", "pension"] {
        let other = await service.post(
          path, token: petro, json: proof(kind, "ZZ-999", because: "another paper"))
        #expect(other.status == .accepted, "\(other.text)")
      }
      try await service.settle()
      #expect(try await charged(service) == 800)
      let list = await service.send(.get, "/v1/rating/changes", token: olena)
      for kind in ["other", "pension"] {
        #expect(
          list.text.contains("\"what\":\"pupil from 2026-11-01, proven by \(kind)\""),
          "\(list.text)")
      }
      #expect(!list.text.contains("AB-111") && !list.text.contains("ZZ-999"), "\(list.text)")
      #expect(!list.text.contains(#""subject":null"#), "\(list.text)")
      // Who a rider is the dispatchers need not know.
      let told = await service.send(
        .get, "/v1/rating/changes", token: try await service.token(.dispatcher))
      #expect(!told.text.contains(#""subject":""#), "\(told.text)")
      let page = await service.send(.get, "/books?lang=en", token: olena)
      #expect(page.text.contains("pupil from 2026-11-01, proven by other: "), "\(page.text)")
      // The same number, written otherwise, and for a reason of their own.
      let done = await service.post(
        path, token: petro, json: proof("pension", "ab 111", because: "seen too"))
      #expect(done.status == .created, "\(done.text)")
      try await service.settle()
      #expect(try await charged(service) == 400)
      let file = await service.send(.get, "/v1/riders/-\(query)", token: olena)
      for text in ["seen at desk", "seen too", "change 1: pupil from 2026-11-01"] {
        #expect(file.text.contains(text), "\(text) in \(file.text)")
      }
    }
  }

  @Test func theLimitIsShownAndSetByTwoPeople() async throws {
    try await TestService.with { service in
      let path = "/v1/rating/limit"
      let olena = try await RatingTests.token("Olena", service)
      let petro = try await RatingTests.token("Petro", service)
      let unset = await service.send(.get, path, token: olena)
      #expect(
        unset.text.contains(#""limit_minor":100000,"set":null,"waiting":null"#), "\(unset.text)")
      let asked = await service.post(path, token: olena, json: #"{"limit_minor": 5000}"#)
      #expect(asked.status == .accepted && asked.member("state") == "requested", "\(asked.text)")
      let waiting = await service.send(.get, path, token: petro)
      #expect(waiting.text.contains(#""limit_minor":100000,"set":null"#), "\(waiting.text)")
      #expect(waiting.text.contains(#""requested_by":"Olena""#), "\(waiting.text)")
      let done = await service.post(path, token: petro, json: #"{"limit_minor": 5000}"#)
      #expect(done.status == .ok, "\(done.text)")
      #expect(done.text.contains(#""limit_minor":5000"#), "\(done.text)")
      #expect(done.text.contains(#""decided_by":"Petro""#), "\(done.text)")
      let missing = await service.post(path, token: petro, json: "{}")
      #expect(missing.problemCode == "member_missing")
    }
  }
}
