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
          device: validator.id, epoch: 1, sentAt: validator.service.clock.now,
          denyListVersion: denyList, taps: taps)))
    try #require(answer.status == .ok, "\(answer.text)")
  }

  /// A validator that began anew sends old numbers with other contents: few batches, many conflicts; in one moment
  /// or one batch after the other.
  @Test(arguments: [1, 2, 3, InsightDesk.conflictBatchesMax], [0, 1] as [Int64])
  func conflictsAreReadFromTheirBatchesHoweverManyAtATime(
    _ batchesMax: Int, secondsBetween: Int64
  ) async throws {
    try await TestService.with { service in
      let one = try await Validator(service)
      let two = try await Validator(service, id: "V-2")
      let posts: [(Validator, ClosedRange<Int64>, String, Int64?)] = [
        (one, 1...40, "15", 17), (one, 41...50, "16", 18), (one, 1...50, "22", 19),
        (one, 7...7, "23", nil), (two, 7...7, "30", 20), (two, 7...7, "31", 21),
      ]
      for (validator, numbers, route, denyList) in posts {
        try await Self.post(Self.taps(numbers, route: route), denyList: denyList, by: validator)
        service.clock.set(service.clock.now.adding(seconds: secondsBetween))
      }
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

  /// Such a batch repeats no number of an earlier one, but its own.
  @Test(arguments: [0, 1] as [Int64])
  func oneBatchMayHaveBroughtBothContents(secondsBetween: Int64) async throws {
    try await TestService.with { service in
      let validator = try await Validator(service)
      func wait() { service.clock.set(service.clock.now.adding(seconds: secondsBetween)) }
      try await Self.post(Self.taps(1...1, route: "14"), denyList: 16, by: validator)
      wait()
      try await Self.post(
        Self.taps(2...3, route: "15") + Self.taps(2...2, route: "22"), denyList: 17, by: validator)
      wait()
      try await Self.post(Self.taps(4...4, route: "16"), denyList: 18, by: validator)
      let conflicts = try await service.services.insight.conflicts(
        tokenKey: service.services.tokenKey)
      let conflict = try #require(conflicts.first)
      #expect(conflicts.count == 1 && conflict.row.name.seq == 2)
      #expect(conflict.row.keptBatchID != nil)
      #expect(conflict.otherBatchID == conflict.row.keptBatchID)
      #expect(conflict.keptDenyList == 17 && conflict.otherDenyList == 17)
      #expect(conflict.keptContent?.contains(#""route":"15""#) == true)
      #expect(conflict.row.otherContent.contains(#""route":"22""#))
      let file = await service.send(
        .get, "/v1/evidence?device=V-1&epoch=1&seq=2&conflict=\(conflict.row.conflictID)",
        token: try await service.token(.inspector))
      let evidence = try TapEvidence(json: file.body)
      #expect(evidence.batchID == conflict.row.keptBatchID)
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
