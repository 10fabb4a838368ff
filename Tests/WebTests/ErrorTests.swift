import Basics
import DatabaseSupport
import HTTPTypes
import Store
import Testing
import Web

@Suite(.enabled(if: LeasedDatabase.isAvailable, "skipped: no PostgreSQL"))
struct ErrorTests {
  @Test func everyErrorIsAProblemWithItsCode() async throws {
    try await TestService.with { service in
      let admin = try await service.token(.admin)
      let none = await service.send(.get, "/nothing/here")
      #expect(none.status == .notFound && none.problemCode == "not_found")
      let method = await service.send(.delete, "/v1/devices")
      #expect(method.status == .methodNotAllowed && method.problemCode == "method_not_allowed")
      #expect(method.headers[.allow] == "POST, GET")
      let type = await service.send(
        .post, "/v1/tap-batches", headers: [.contentType: "text/plain"], body: [1])
      #expect(type.status == .unsupportedMediaType)
      #expect(type.problemCode == "media_type_not_supported")
      let coding = await service.send(
        .post, "/v1/tap-batches",
        headers: [.contentType: "application/json", .contentEncoding: "br"], body: [1])
      #expect(coding.problemCode == "encoding_not_supported")
      let query = await service.send(.get, "/v1/devices?limit=%zz", token: admin)
      #expect(query.status == .badRequest && query.problemCode == "bad_query")
      let limit = await service.send(.get, "/v1/devices?limit=0", token: admin)
      #expect(limit.status == .badRequest && limit.problemCode == "bad_parameter")
    }
  }

  /// A flood of those that have to come again would fill the disk.
  @Test func whatOnlyHasToComeAgainIsNotWorthALineOfTheLog() {
    let full = Problem(.serviceUnavailable, "full", "Come again.", retryAfterSeconds: 2)
    #expect(!Problem.isWorthALine(full))
    #expect(!Problem.isWorthALine(Problem(.notFound, "none", "There is none.")))
    #expect(Problem.isWorthALine(Problem(.internalServerError, "broken", "It is broken.")))
    // The database is away: nobody else says so of this request.
    #expect(Problem.isWorthALine(StoreFault(kind: .unavailable, "away")))
    #expect(Problem.isWorthALine(StoreFault(kind: .damaged, "damaged")))
  }

  @Test func aBodyPastTheLimitIsRefusedWhetherOrNotItSaysItsLength() async throws {
    try await TestService.with { service in
      let large = [UInt8](repeating: 0x20, count: BodyRule.bytesMax + 1)
      let silent = await service.send(
        .post, "/v1/tap-batches", headers: [.contentType: "application/json"], body: large)
      #expect(silent.status == .contentTooLarge && silent.problemCode == "body_too_large")
      let honest = await service.send(
        .post, "/v1/tap-batches",
        headers: [.contentType: "application/json", .contentLength: "2097152"])
      #expect(honest.status == .contentTooLarge)
      #expect(honest.headers[.connection] == "close")
    }
  }

  @Test func aMalformedBodySaysWhere() async throws {
    try await TestService.with { service in
      let admin = try await service.token(.admin)
      for (json, pointer) in [
        ("[]", ""), ("{\"device\": 7}", "/device"), ("{\"device\": \"a\", \"vehicel\": \"b\"}", ""),
        ("{}", "/device"), ("{\"device\": \"a b\"}", "/device"), ("{\"device\": \"a\"", ""),
      ] {
        let answer = await service.post("/v1/devices", token: admin, json: json)
        #expect([.badRequest, .unprocessableContent].contains(answer.status), "\(json)")
        let told = try #require(answer.member("pointer"), "\(json)")
        #expect(pointer.isEmpty || told == pointer, "\(json): \(answer.text)")
      }
    }
  }

  @Test func peopleGetAPageAndProgramsGetAProblem() async throws {
    try await TestService.with { service in
      let accept = [HTTPField.Name.accept: "text/html,*/*", .acceptLanguage: "en"]
      let page = await service.send(.get, "/nothing", headers: accept)
      #expect(page.status == .notFound && page.contentType.hasPrefix("text/html"))
      #expect(page.text.contains("There is no such page."))
      let program = await service.send(.get, "/nothing", headers: [.accept: "application/json"])
      #expect(program.contentType == "application/problem+json")
    }
  }

  @Test func everyAnswerIsSealed() async throws {
    try await TestService.with { service in
      for path in ["/", "/login", "/healthz", "/nothing", "/assets/style.css"] {
        let answer = await service.send(.get, path)
        #expect(answer.headers[.xContentTypeOptions] == "nosniff")
        let policy = try #require(answer.headers[.contentSecurityPolicy])
        #expect(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"))
        #expect(!policy.contains("unsafe"))
      }
    }
  }

  @Test func whatIsNotServedHereIsSaidToBeElsewhere() async throws {
    try await TestService.with(parts: [.intake]) { service in
      let answer = await service.send(.get, "/v1/vehicles")
      #expect(answer.status == .notFound && answer.problemCode == "not_served_here")
      #expect(await service.send(.get, "/healthz").status == .ok)
    }
  }

  @Test func noFileOutsideTheListCanBeNamed() async throws {
    try await TestService.with { service in
      for path in [
        "/assets/..%2Fopenapi.yaml", "/assets/layout.mustache", "/lib/leaflet/../../../etc/passwd",
        "/lib/leaflet/leaflet.js", "/lib/etc/passwd",
      ] {
        #expect(await service.send(.get, path).status == .notFound, "\(path)")
      }
      let style = await service.send(.get, "/assets/style.css")
      let tag = try #require(style.headers[.eTag])
      let again = await service.send(.get, "/assets/style.css", headers: [.ifNoneMatch: tag])
      #expect(again.status == .notModified && again.body.isEmpty)
    }
  }

  @Test func readinessSaysWhatIsMissing() async throws {
    try await TestService.with { service in
      let answer = await service.send(.get, "/readyz")
      #expect(answer.status == .serviceUnavailable)
      #expect(answer.headers[.retryAfter] != nil)
      #expect(
        answer.text.contains("\"name\":\"tariff\",\"ok\":false,\"what_to_do\":\"publish one\""))
      let counted = await service.send(.get, "/metrics")
      #expect(
        counted.text.contains(
          #"kvytok_http_requests_total{endpoint="readiness",status="503"} 1"#))
    }
  }
}
