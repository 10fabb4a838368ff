import Basics
import Clearing
import DatabaseSupport
import HTTPTypes
import Insight
import Store
import Testing
import Web

/// Whatever comes in under a name of the contract gets an answer that says what is wrong with it.
@Suite(.enabled(if: LeasedDatabase.isAvailable, "skipped: no PostgreSQL"))
struct JunkRequestTests {
  private static let requestsCount = 600

  @Test(arguments: [UInt64(1), 2])
  func noRequestBreaksTheServiceOrItsBooks(_ seed: UInt64) async throws {
    try await TestService.with { service in
      let admin = try await service.token(.admin)
      let contract = await service.send(.get, "/openapi.yaml").text
      var requests = JunkRequests(contract: contract, seed: seed)
      var takenCount = 0
      for number in 0..<Self.requestsCount {
        let request = requests.next()
        let answer = await service.send(
          request.endpoint.method, request.target, token: admin,
          headers: request.type.map { [.contentType: $0] } ?? [:], body: request.body)
        let said: Comment = "seed \(seed), request \(number): \(request.description)"
        #expect(answer.status.code < 500, said)
        if answer.status.code >= 400 {
          #expect(answer.problemCode != nil || answer.contentType.hasPrefix("text/html"), said)
        } else {
          takenCount += 1
          requests.learn(answer.text)
        }
      }
      // Some of it is taken, or nothing past the first look would be tried.
      #expect(takenCount > Self.requestsCount / 20, "\(takenCount)")
      // All that `kvytok ledger verify --from-taps` looks at.
      let city = service.services.city.current
      let audit = try await LedgerAuditor(
        store: service.store, city: city, tokenKey: service.services.tokenKey,
        reporting: KeptReports(zone: city.clock.zone).make
      ).run(.journal)
      #expect(audit.isSound, "seed \(seed): \(audit.findings)")
    }
  }
}
