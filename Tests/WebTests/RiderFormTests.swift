import Basics
import DatabaseSupport
import HTTPTypes
import Postgres
import Store
import Tapping
import Testing
import Transit
import Web

/// How a person finds a rider on the page, and goes on from there.
@Suite(.enabled(if: LeasedDatabase.isAvailable, "skipped: no PostgreSQL"))
struct RiderFormTests {
  private static let rider = RiderID(high: 7, low: 9)
  private static let token = Base64.encode(Array("anna".utf8), .url)

  /// A rider with a card, and an accountant who looks.
  private func withCard(
    _ body: @Sendable (TestService, String) async throws -> Void
  ) async throws {
    try await TestService.with { service in
      let medium = service.services.tokenKey.mediumID(kind: .card, token: Array("anna".utf8))
      _ = try await service.pool.session { db in
        try await db.script(
          """
          insert into rider values ('\(Self.rider)', \(Lane.of(Self.rider)), now());
          insert into medium (medium_id, rider_id, kind, first_seen_at)
          values ('\(medium)', '\(Self.rider)', 'card', now());
          """)
      }
      try await body(service, try await service.token(.accountant))
    }
  }

  private func page(_ service: TestService, _ query: String, _ token: String) async -> Answer {
    await service.send(
      .get, "/rider?lang=en&\(query)", token: token, headers: [.accept: "text/html"])
  }

  @Test func whoWasFoundByATokenStaysInTheForm() async throws {
    try await withCard { service, token in
      let field = "name=\"id\" value=\"\(Self.rider)\""
      for query in [
        "medium=card&token=\(Self.token)", "medium=card&token=%20\(Self.token)%20",
        "id=%20\(Self.rider)",
        // The form of one rider, and the token of another that was typed into it.
        "id=\(RiderID(high: 1, low: 1))&medium=card&token=\(Self.token)",
      ] {
        let found = await page(service, query, token)
        #expect(found.status == .ok && found.text.contains(field), "\(query): \(found.text)")
        #expect(!found.text.contains("There is no such rider"), "\(query)")
      }
    }
  }

  @Test func whatIsMistypedIsToldOnThePage() async throws {
    try await withCard { service, token in
      for query in ["token=fJB", "token=1234%205678%209012", "id=abc", "token=%D1%96"] {
        let answer = await page(service, query, token)
        #expect(answer.status == .ok, "\(query)")
        #expect(answer.text.contains("There is no such rider"), "\(query): \(answer.text)")
        #expect(answer.text.contains("action=\"/rider\""), "\(query)")
      }
      // A program is told which parameter it is, and what it may be.
      let path = "/v1/riders/abc/rides"
      let answer = await service.send(.get, path, token: token)
      #expect(answer.status == .badRequest && answer.problemCode == "bad_parameter")
      #expect(answer.text.contains("to name one by its token write - and add ?token="))
    }
  }
}
