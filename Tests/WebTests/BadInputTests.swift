import Basics
import DatabaseSupport
import HTTPTypes
import Store
import Tapping
import Testing
import Transit
import Web

/// What comes from outside and cannot be right, as the whole edge answers it.
@Suite(.enabled(if: LeasedDatabase.isAvailable, "skipped: no PostgreSQL"))
struct BadInputTests {
  private static func tap(_ seq: Int64, token: String = "a card", seconds: Int64 = -60) -> Tap {
    Tap(
      seq: seq, at: TestService.now.adding(seconds: seconds), kind: .single, medium: .card,
      token: Array(token.utf8))
  }

  @Test func aBatchIsTakenOnceAndAConflictIsKept() async throws {
    try await TestService.with { service in
      let validator = try await Validator(service)
      let first = try await validator.post([Self.tap(1), Self.tap(2)])
      #expect(first.status == .ok && first.text.contains(#""accepted":2"#), "\(first.text)")
      let again = try await validator.post([Self.tap(1), Self.tap(2)])
      #expect(again.text.contains(#""accepted":0,"duplicates":2"#), "\(again.text)")
      let other = try await validator.post([Self.tap(2, token: "another")])
      #expect(other.text.contains(#""conflicts":[2]"#), "\(other.text)")
      let future = try await validator.post([Self.tap(3, seconds: 450_000_000)])
      #expect(future.status == .ok && future.text.contains("tap_in_future"), "\(future.text)")
    }
  }

  @Test func whoCannotBeProvenIsNotHeard() async throws {
    try await TestService.with { service in
      let validator = try await Validator(service)
      let body = TapBatchJSON.encode(
        TapBatch(device: "V-1", epoch: 1, sentAt: TestService.now, taps: [Self.tap(1)]))
      let forged = try await validator.post(body, signature: Array(repeating: 1, count: 64))
      #expect(forged.status == .unauthorized && forged.problemCode == "signature_wrong")
      let stranger = Validator(copying: validator, id: "V-2")
      #expect(try await stranger.post(body).problemCode == "device_unknown")
      let admin = try await service.token(.admin)
      let revoked = await service.send(.post, "/v1/devices/V-1/revoke", token: admin)
      #expect(revoked.status == .ok)
      let after = try await validator.post(body)
      #expect(after.status == .forbidden && after.problemCode == "device_revoked")
    }
  }

  @Test func aBodyThatCannotBeReadSaysWhereAndStoresNothing() async throws {
    try await TestService.with { service in
      let validator = try await Validator(service)
      let whole = TapBatchJSON.encode(
        TapBatch(device: "V-1", epoch: 1, sentAt: TestService.now, taps: [Self.tap(1)]))
      let text = String(decoding: whole, as: UTF8.self)
      let bad: [(String, HTTPResponse.Status, String?)] = [
        ("not json", .badRequest, nil), (String(text.dropLast(20)), .badRequest, nil),
        (text.replacing(#""device":"V-1""#, with: #""device":7"#), .badRequest, "/device"),
        (text.replacing(#""seq":1"#, with: #""seq":"1""#), .badRequest, "/taps/0/seq"),
      ]
      for (body, status, pointer) in bad {
        let answer = try await validator.post(Array(body.utf8))
        #expect(answer.status == status, "\(body): \(answer.text)")
        if let pointer { #expect(answer.member("pointer") == pointer, "\(answer.text)") }
      }
      let card = try await validator.post([Self.tap(1, token: "4111111111111111")])
      #expect(card.status == .unprocessableContent || card.text.contains("card_number"))
      #expect(!card.text.contains("4111111111111111"))
      let many = try await validator.post((1...1001).map { Self.tap(Int64($0)) })
      #expect(many.status == .contentTooLarge, "\(many.text)")
      let registers = try await service.store.read { db in
        try await db.devices.registers(of: ["V-1"])
      }
      #expect(registers.reduce(0) { $0 + $1.tapsStored - $1.quarantined } == 0)
    }
  }

  @Test func aFeedThatIsNoneIsRefusedAndTheNetworkStays() async throws {
    try await TestService.with { service in
      let admin = try await service.token(.admin)
      for archive in [[], [0x50, 0x4B, 3, 4, 0, 0], Array("no zip at all".utf8)] as [[UInt8]] {
        let answer = await service.send(
          .post, "/v1/network", token: admin, headers: [.contentType: "application/zip"],
          body: archive)
        #expect(answer.status == .unprocessableContent, "\(archive): \(answer.text)")
        let isTold =
          answer.problemCode == "feed_unusable" && answer.text.contains("\"faults\":[")
        #expect(isTold, "\(archive): \(answer.text)")
      }
    }
  }

  @Test func aTariffWithFaultsIsRefusedWithTheirLines() async throws {
    try await TestService.with { service in
      let admin = try await service.token(.admin)
      let answer = await service.send(
        .post, "/v1/tariffs", token: admin, headers: [.contentType: "application/yaml"],
        body: Array("tariff: x\nversion: 1\nfares: no".utf8))
      #expect(answer.status == .unprocessableContent, "\(answer.text)")
      #expect(answer.text.contains("tariff.yaml:"))
    }
  }
}

extension Validator {
  /// The same key under another id, which nobody enrolled.
  fileprivate init(copying other: Self, id: String) {
    service = other.service
    self.id = id
    keys = other.keys
  }
}
