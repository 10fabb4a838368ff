import Basics
import DatabaseSupport
import HTTPTypes
import Insight
import Postgres
import Store
import Tapping
import Testing
import Transit
import Web

/// Numbers that came with two contents, read from the batches that brought them.
@Suite(.enabled(if: LeasedDatabase.isAvailable, "skipped: no PostgreSQL"))
struct ConflictTests {
  private static func taps(_ numbers: ClosedRange<Int64>, route: String) -> [Tap] {
    numbers.map { seq in
      Tap(
        seq: seq, at: TestService.now.adding(seconds: -600), kind: .single, medium: .card,
        token: Array("04a1b2c3".utf8), route: route)
    }
  }

  private static func post(
    _ taps: [Tap], denyList: Int64? = nil, by validator: Validator
  ) async throws {
    let answer = try await validator.post(
      TapBatchJSON.encode(
        TapBatch(
          device: validator.id, epoch: 1, sentAt: TestService.now, denyListVersion: denyList,
          taps: taps)))
    try #require(answer.status == .ok, "\(answer.text)")
  }

  /// A validator that began anew sends old numbers with other contents: few batches, many conflicts.
  @Test(arguments: [1, 2, 3, InsightDesk.conflictBatchesMax])
  func conflictsAreReadFromTheirBatchesHoweverManyAtATime(_ batchesMax: Int) async throws {
    try await TestService.with { service in
      let one = try await Validator(service)
      let two = try await Validator(service, id: "V-2")
      try await Self.post(Self.taps(1...40, route: "15"), denyList: 17, by: one)
      try await Self.post(Self.taps(41...50, route: "16"), denyList: 18, by: one)
      try await Self.post(Self.taps(1...50, route: "22"), denyList: 19, by: one)
      try await Self.post(Self.taps(7...7, route: "23"), by: one)
      try await Self.post(Self.taps(7...7, route: "30"), denyList: 20, by: two)
      try await Self.post(Self.taps(7...7, route: "31"), denyList: 21, by: two)
      let conflicts = try await service.services.insight.conflicts(
        tokenKey: service.services.tokenKey, batchesMax: batchesMax)
      try #require(conflicts.count == 52)
      #expect(conflicts.map(\.row.conflictID) == conflicts.map(\.row.conflictID).sorted(by: >))
      // What each content says, with the deny list of its batch.
      func told(_ conflict: Conflict) -> String {
        let kept = conflict.keptContent?.firstMatch(of: /"route":"([0-9]+)"/)?.output.1 ?? "none"
        let other =
          conflict.row.otherContent.firstMatch(of: /"route":"([0-9]+)"/)?.output.1 ?? "none"
        func list(_ version: Int64?) -> String { version.map { " \($0)" } ?? "" }
        return "\(kept)\(list(conflict.keptDenyList)), \(other)\(list(conflict.otherDenyList))"
      }
      #expect(told(conflicts[0]) == "30 20, 31 21")
      #expect(told(conflicts[1]) == "15 17, 23")
      for conflict in conflicts.dropFirst(2) {
        let kept = conflict.row.name.seq <= 40 ? "15 17" : "16 18"
        #expect(told(conflict) == "\(kept), 22 19", "\(conflict.row.name)")
      }
      #expect(Set(conflicts.map(\.row.keptBatchID)).count == 3)
      #expect(Set(conflicts.map(\.otherBatchID)).count == 3)
      #expect(conflicts.allSatisfy { $0.otherBatchID != nil })
    }
  }

  /// That a batch names no deny list is a difference, and that it cannot be read is none.
  @Test func aDenyListThatNobodyKnowsIsNoDifference() async throws {
    try await TestService.with { service in
      let validator = try await Validator(service)
      try await Self.post(Self.taps(1...1, route: "15"), denyList: 17, by: validator)
      try await Self.post(Self.taps(1...1, route: "22"), by: validator)
      let token = try await service.token(.dispatcher)
      func page() async -> String {
        await service.send(.get, "/devices?lang=en", token: token).text
      }
      func told() async -> String {
        await service.send(.get, "/v1/fleet/conflicts", token: token).text
      }
      let known = await page()
      #expect(known.contains("<li>Deny list: <mark>17</mark></li>"), "\(known)")
      #expect(known.contains("<li>Deny list: <mark>–</mark></li>"))
      #expect(await told().contains(/"other_batch":[0-9]+,/))
      // The batch of the other content is not found.
      _ = try await service.pool.session { db in
        try await db.script("update tap_conflict set received_at = '2026-11-01Z'")
      }
      let unknown = await page()
      #expect(unknown.contains("<li>Deny list: 17</li>"), "\(unknown)")
      #expect(unknown.contains("<li>Deny list: not known</li>"))
      #expect(unknown.matches(of: /<mark>/).count == 2, "the routes differ")
      let text = await told()
      #expect(text.contains(#""kept_deny_list_version":17,"other_batch":null"#), "\(text)")
      #expect(text.contains(#""other_deny_list_version":null"#))
    }
  }
}
