import Basics
import DatabaseSupport
import Foundation
import HTTPTypes
import Store
import Tapping
import Testing
import Web

/// What a validator tells of itself, from its way in to where people look.
@Suite(.enabled(if: LeasedDatabase.isAvailable, "skipped: no PostgreSQL"))
struct HeartbeatEndpointTests {
  /// The heartbeat that docs/validator-operations.md shows.
  private static func beatOfThePage() throws -> String {
    let root = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let page = try String(
      contentsOf: root.appendingPathComponent("docs/validator-operations.md"), encoding: .utf8)
    let section = try #require(page.firstRange(of: "## `POST /v1/devices/heartbeat`"))
    let rest = page[section.upperBound...]
    let start = try #require(rest.firstRange(of: "```json\n")).upperBound
    let end = try #require(rest[start...].firstRange(of: "\n```")).lowerBound
    return String(rest[start..<end])
  }

  /// The members of an object, each value as text.
  private static func members(_ object: Any?) throws -> [String: String] {
    try #require(object as? [String: Any]).mapValues { "\($0)" }
  }

  private static func object(_ text: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }

  @Test func theHeartbeatOfThePageIsToldAgainMemberByMember() async throws {
    let text = try Self.beatOfThePage()
    var posted = try Self.members(try Self.object(text))
    let device = try #require(posted["device"])
    posted["device"] = nil
    // When it came, and how long after the moment of sending by the validator's clock.
    let ours = ["received_at": "2026-11-22T08:00:07Z", "offset_ms": "6880"]
    let expected = posted.merging(ours) { $1 }
    #expect(expected.count == 13)
    try await TestService.with { service in
      let validator = try await Validator(service, id: device)
      service.clock.set(TestService.now.adding(seconds: 7))
      let answer = try await validator.post(Array(text.utf8), to: "/v1/devices/heartbeat")
      try #require(answer.status == .ok, "\(answer.text)")
      let shown = await service.send(
        .get, "/v1/devices/\(device)", token: try await service.token(.dispatcher))
      #expect(try Self.members(try Self.object(shown.text)["heartbeat"]) == expected)
    }
  }

  /// A validator whose clock agrees with ours may know by its own time server that both are wrong.
  @Test(
    arguments: [
      (300_000, "300.0", "ahead"), (-300_000, "\u{2212}300.0", "behind"), (60_000, "60.0", nil),
    ] as [(Int64, String, String?)])
  func whatAValidatorSaysOfItsClockIsMarked(
    _ offset: Int64, _ written: String, _ mark: String?
  ) async throws {
    try await TestService.with { service in
      let validator = try await Validator(service)
      var beat = DeviceHeartbeat(device: "V-1", sentAt: TestService.now)
      beat.clockOffsetMilliseconds = offset
      let answer = try await validator.post(beat.json, to: "/v1/devices/heartbeat")
      try #require(answer.status == .ok, "\(answer.text)")
      let page = await service.send(
        .get, "/devices?lang=en", token: try await service.token(.dispatcher))
      let cell = mark.map { " <strong class=\"bad\">\($0)</strong>" } ?? ""
      #expect(
        page.text.contains(
          "<td class=\"n\">0.0\(cell) <small>by its own word \(written)</small></td>"),
        "\(page.text)")
    }
  }
}
