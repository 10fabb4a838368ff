import Basics
import Clearing
import DatabaseSupport
import HTTPTypes
import Postgres
import Store
import Tapping
import Testing
import Web

/// Orders to rate anew and states of taps, over HTTP.
@Suite(.enabled(if: LeasedDatabase.isAvailable, "skipped: no PostgreSQL"))
struct RatingTests {
  private static let period = "?from=2026-11-20&to=2026-11-21"

  static func token(_ label: String, _ service: TestService) async throws -> String {
    let text = AccessTokenText.make(
      random: SecureRandom.bytes(AccessTokenText.randomBytesCount))
    try await service.store.write { db in
      try await db.tokens.create(
        digest: AccessTokenText.digest(of: text),
        AccessGrant(label: label, role: .accountant, createdAt: TestService.now))
    }
    return text
  }

  /// An order of Olena's that waits for somebody else.
  private static func waiting(_ olena: String, _ service: TestService) async throws -> Int64 {
    let day = Day(number: 20_778)
    return try await service.store.write { db in
      try await db.reratingOrders.add(
        ReratingOrder(
          firstDay: day, lastDay: day, tariffSource: nil, preview: #"{"days":[]}"#,
          changeMinor: 500_000,
          needsApproval: true,
          requestedBy: Person(label: "Olena", tokenDigest: AccessTokenText.digest(of: olena)),
          requestedAt: TestService.now))
    }
  }

  /// A tariff by which an order is looked at before it is approved.
  private static func publish(to service: TestService) async throws {
    let text = """
      tariff: test
      version: old
      effective: {from: 2026-01-01}
      currency: UAH
      timezone: Europe/Kyiv
      categories: {adult: {}}
      fares: [{name: ride, price: 8.00}]
      """
    let admin = try await service.token(.admin)
    let answer = await service.send(
      .post, "/v1/tariffs", token: admin,
      headers: [.contentType: "application/yaml"], body: Array(text.utf8))
    #expect(answer.status == .created, "\(answer.text)")
  }

  @Test func withoutATariffNothingIsRatedAnew() async throws {
    try await TestService.with { service in
      let token = try await Self.token("Olena", service)
      let answer = await service.send(.get, "/v1/rating/preview" + Self.period, token: token)
      #expect(answer.status == .conflict && answer.problemCode == "not_possible")
      let order = await service.send(.post, "/v1/rating/orders" + Self.period, token: token)
      #expect(order.status == .conflict && order.problemCode == "order_refused")
    }
  }

  /// What takes long is no part of a request, so a year is as good as a day.
  @Test func anOrderOfAYearIsAnsweredAtOnceAndTakenFurtherByTheWorkers() async throws {
    try await TestService.with { service in
      let olena = try await Self.token("Olena", service)
      try await Self.publish(to: service)
      let year = "?from=2025-11-21&to=2026-11-20"
      let look = await service.send(.get, "/v1/rating/preview" + year, token: olena)
      #expect(look.problemCode == "bad_parameter")
      let asked = await service.send(.post, "/v1/rating/orders" + year, token: olena)
      #expect(asked.status == .accepted && asked.member("state") == "previewing")
      #expect(asked.text.contains(#""previewed":0"#), "\(asked.text)")
      try await NetworkOrderTests.settle(service)
      let done = await service.send(.get, "/v1/rating/orders/1", token: olena)
      #expect(done.status == .ok && done.member("state") == "done", "\(done.text)")
      #expect(done.text.contains(#""preview":{"from":"2025-11-21","to":"2026-11-20","riders":0,"#))
      let none = await service.send(.get, "/v1/rating/orders/2", token: olena)
      #expect(none.status == .notFound && none.problemCode == "unknown_order")
    }
  }

  @Test func aPreviewOfMoreThanARequestTakesIsOrderedAndSeen() async throws {
    try await TestService.with { service in
      let olena = try await Self.token("Olena", service)
      try await Self.publish(to: service)
      let small = await service.send(.get, "/v1/rating/preview" + Self.period, token: olena)
      #expect(small.status == .ok, "\(small.text)")
      let count = RatingPreviewer.Bound.ofRequest.riderDaysMax + 1
      _ = try await service.pool.session { db in
        try await db.execute(
          """
          insert into tap (fare_day, lane, rider_id, tapped_at, device_at, device_id, epoch, seq,
            medium_id, kind, medium, riders, accepted, batch_id, received_at)
          select '2026-11-20', 0, gen_random_uuid(), now(), now(), 'V', 1, n, gen_random_uuid(),
            'single', 'card', 1, true, 1, now() from generate_series(1, \(count)) n
          """)
      }
      let large = await service.send(.get, "/v1/rating/preview" + Self.period, token: olena)
      #expect(large.status == .unprocessableContent, "\(large.text)")
      #expect(large.problemCode == "too_many_rider_days")
      #expect(large.text.contains("POST /v1/rating/previews"))
      let year = "?from=2025-11-21&to=2026-11-20"
      let asked = await service.send(.post, "/v1/rating/previews" + year, token: olena)
      #expect(asked.status == .accepted && asked.member("state") == "looking", "\(asked.text)")
      try await NetworkOrderTests.settle(service)
      let seen = await service.send(.get, "/v1/rating/orders/1", token: olena)
      #expect(seen.member("state") == "previewed", "\(seen.text)")
      #expect(seen.text.contains(#""preview":{"from":"2025-11-21","to":"2026-11-20","riders":0,"#))
      let petro = try await Self.token("Petro", service)
      let approved = await service.send(.post, "/v1/rating/orders/1/approve", token: petro)
      #expect(approved.status == .conflict && approved.problemCode == "order_refused")
    }
  }

  private static let noPeriods = [
    "", "?from=2026-11-21", "?from=2026-11-21&to=2026-11-20", "?from=x&to=2026-11-20",
    "?from=2025-01-01&to=2026-11-20",
  ]

  @Test func aPeriodThatIsNoneIsRefused() async throws {
    try await TestService.with { service in
      let token = try await Self.token("Olena", service)
      for query in Self.noPeriods {
        for (method, path) in [
          (HTTPRequest.Method.get, "/v1/rating/preview"), (.post, "/v1/rating/orders"),
          (.post, "/v1/rating/previews"),
        ] {
          let answer = await service.send(method, path + query, token: token)
          #expect(answer.problemCode == "bad_parameter", "\(path)\(query)")
        }
      }
    }
  }

  @Test func nobodyApprovesTheirOwnOrderAndAnotherPersonDoes() async throws {
    try await TestService.with { service in
      let olena = try await Self.token("Olena", service)
      let petro = try await Self.token("Petro", service)
      try await Self.publish(to: service)
      let order = try await Self.waiting(olena, service)
      let path = "/v1/rating/orders/\(order)/approve"
      let own = await service.send(.post, path, token: olena)
      #expect(own.status == .conflict && own.problemCode == "order_refused")
      let done = await service.send(.post, path, token: petro)
      #expect(done.status == .ok && done.member("state") == "approved")
      #expect(done.member("requested_by") == "Olena" && done.member("decided_by") == "Petro")
      try await NetworkOrderTests.settle(service)
      let list = await service.send(.get, "/v1/rating/orders", token: olena)
      #expect(list.text.contains("\"state\":\"done\""))
      let second = try await Self.waiting(olena, service)
      let refused = await service.send(.post, "/v1/rating/orders/\(second)/refuse", token: olena)
      #expect(refused.member("state") == "refused")
      for id in ["0", "x", "99999999999999999999"] {
        let none = await service.send(.post, "/v1/rating/orders/\(id)/approve", token: petro)
        #expect(none.status == .conflict || none.status == .notFound, "\(id)")
      }
    }
  }

  @Test func statesOfTapsAndThoseThatAreStuckAreTold() async throws {
    try await TestService.with { service in
      let token = try await Self.token("Olena", service)
      let states = await service.send(.get, "/v1/taps/states", token: token)
      #expect(states.status == .ok && states.text.contains("\"journalled\":0"))
      #expect(states.text.contains("\"missing\":0"))
      let stuck = await service.send(.get, "/v1/taps/stuck?state=quarantined", token: token)
      #expect(stuck.text == "{\"stuck\":[],\"cut\":[]}")
      let wrong = await service.send(.get, "/v1/taps/stuck?state=lost", token: token)
      #expect(wrong.problemCode == "bad_parameter")
    }
  }
}
