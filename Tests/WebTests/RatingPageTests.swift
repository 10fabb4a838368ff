import Basics
import DatabaseSupport
import HTTPTypes
import Store
import Testing
import Web

/// The page of orders to rate anew: what each changes, and the decision of another person.
@Suite(.enabled(if: LeasedDatabase.isAvailable, "skipped: no PostgreSQL"))
struct RatingPageTests {
  /// An order of 4.00 of a network, of the person "test", that waits for somebody else.
  private func withOrder(
    _ body: @Sendable (TestService) async throws -> Void
  ) async throws {
    try await NetworkOrderTests.withRide(limit: "0") { service, _ in
      _ = try await NetworkOrderTests.bring(NetworkOrderTests.feed(zone: "2"), to: service)
      try await NetworkOrderTests.settle(service)
      try await body(service)
    }
  }

  private func form(
    _ service: TestService, _ fields: String, site: String = "same-origin"
  ) async -> Answer {
    var headers: [HTTPField.Name: String] = [.contentType: "application/x-www-form-urlencoded"]
    if let name = HTTPField.Name("Sec-Fetch-Site") { headers[name] = site }
    return await service.send(.post, "/rating", headers: headers, body: Array(fields.utf8))
  }

  @Test func thePageShowsWhatAnOrderChangesInBothLanguages() async throws {
    try await withOrder { service in
      let olena = try await service.token(.accountant, label: "Olena")
      let list = await service.send(.get, "/rating?lang=en", token: olena)
      for text in [
        "/rating?order=1#order", "waits for a decision", "network 2", "4.00\u{A0}UAH", ">test<",
      ] {
        #expect(list.text.contains(text), "\(text) in \(list.text)")
      }
      #expect(!list.text.contains("name=\"token\""))
      let page = await service.send(.get, "/rating?order=1&lang=en", token: olena)
      for text in [
        "another person, accountant or admin, not test", "<th scope=\"row\">Tram</th>",
        "8.00\u{A0}UAH", "12.00\u{A0}UAH", "value=\"approve\"", "value=\"refuse\"",
        "/rider?id=",
      ] {
        #expect(page.text.contains(text), "\(text) in \(page.text)")
      }
      let ukrainian = await service.send(.get, "/rating?order=1&lang=uk", token: olena)
      for text in [
        "Перерахунок вартості", "чекає на рішення", "12,00\u{A0}UAH", "Зміни за перевізниками",
        "мережа 2",
      ] {
        #expect(ukrainian.text.contains(text), "\(text) in \(ukrainian.text)")
      }
      let none = await service.send(.get, "/rating?order=9", token: olena)
      #expect(none.status == .notFound)
      let planner = try await service.token(.planner)
      #expect(await service.send(.get, "/rating", token: planner).status == .forbidden)
    }
  }

  @Test func anotherPersonApprovesOnThePageByTheTokenTheyType() async throws {
    try await withOrder { service in
      let olena = try await service.token(.accountant, label: "Olena")
      let asked = "order=1&act=approve&token="
      #expect(await form(service, asked + "kvytok_x").status == .forbidden)
      #expect(await form(service, asked + olena, site: "cross-site").status == .forbidden)
      let planner = try await service.token(.planner)
      #expect(await form(service, asked + planner).status == .forbidden)
      #expect(await form(service, "order=1&act=dance&token=" + olena).status == .badRequest)
      #expect(await form(service, "order=x&act=approve&token=" + olena).status == .badRequest)
      // Whoever asked for it does not approve it, with whatever token.
      let own = await form(service, asked + (try await service.token(.accountant)))
      #expect(own.status == .conflict, "\(own.text)")
      let done = await form(service, asked + olena)
      #expect(done.status == .seeOther && done.headers[.location] == "/rating?order=1")
      try await NetworkOrderTests.settle(service)
      #expect(try await NetworkOrderTests.fares(service) == ["t 1200"])
      let page = await service.send(.get, "/rating?order=1&lang=en", token: olena)
      #expect(page.text.contains("carried out") && page.text.contains("Olena, "), "\(page.text)")
      #expect(!page.text.contains("value=\"approve\""))
      let again = await form(service, "order=1&act=refuse&token=" + olena)
      #expect(again.status == .conflict)
    }
  }

  @Test func whoeverAskedTakesItBackOnThePage() async throws {
    try await withOrder { service in
      let own = try await service.token(.accountant)
      let done = await form(service, "order=1&act=refuse&token=" + own)
      #expect(done.status == .seeOther, "\(done.text)")
      let page = await service.send(.get, "/rating?order=1&lang=en", token: own)
      #expect(page.text.contains("refused") && !page.text.contains("name=\"token\""))
    }
  }
}
