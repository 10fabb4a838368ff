import Basics
import Foundation
import Postgres
import Programs
import ServiceClient
import Tapping
import Testing
import Transit

/// What a service writes down while it works holds no key, no token and no code.
@Suite(.enabled(if: PrivateCluster.isPossible, "skipped: no PostgreSQL"), .serialized)
struct SecretLogTests {
  /// A text in the shapes in which a log might have it.
  private static func shapes(_ bytes: [UInt8]) -> [String] {
    let hex = hexText(bytes)
    return [
      hex, hex.uppercased(), Base64.encode(bytes, .standard), Base64.encode(bytes, .url),
      String(decoding: bytes, as: UTF8.self),
      "\(bytes)".trimmingCharacters(in: CharacterSet(charactersIn: "[]")),
    ]
  }

  private static func key(_ name: String, _ data: URL) throws -> [UInt8] {
    let text = try String(
      contentsOf: data.appendingPathComponent("keys/\(name)"), encoding: .utf8
    ).trimmingCharacters(in: .whitespacesAndNewlines)
    let digits = Array(text)
    return try stride(from: 0, to: digits.count, by: 2).map {
      try #require(UInt8(String(digits[$0...$0 + 1]), radix: 16))
    }
  }

  /// The tap of a card in a session, refusals, and a database that ends in between.
  private func work(_ service: KvytokService, card: [UInt8]) async throws -> [[UInt8]] {
    let device = SignedDevice(id: "V-8", secret: "the seed of a key")
    let enrolled = try await device.enrollment(vehicle: "101", with: service.client)
    let serviceKey = try #require(enrolled.servicePublicKey)
    let now = Instant(seconds: Int64(Date().timeIntervalSince1970))
    let exchange = SecureRandom.bytes(ExchangeKeyPair.byteCount)
    var online = try await OnlineDevice(
      device,
      OnlineDevice.Opening(
        device: device.id, now: now, nonce: SecureRandom.bytes(SessionLimits.nonceByteCount),
        exchangeSeed: exchange), servicePublicKey: serviceKey, with: service.client)
    let body = TapBatchWire.encode(
      TapBatch(
        device: device.id, epoch: 1, sentAt: now,
        taps: [
          Tap(seq: 1, at: now.adding(seconds: -60), kind: .single, medium: .card, token: card),
          // Impossible: it is kept with its content, and told.
          Tap(seq: 2, at: now.adding(seconds: 86_400), kind: .single, medium: .bank, token: card),
        ]), .protobuf)
    _ = try await online.postTaps(body: body, .protobuf, with: service.client)
    _ = try? await device.postTaps(body: [1, 2, 3], with: service.client)
    _ = try await service.run(["quarantine", "list"])
    _ = try await service.run(["ledger", "verify", "--from-taps"])
    return [exchange, card]
  }

  @Test func aServiceThatTellsEverythingTellsNoSecret() async throws {
    let data = try TemporaryFolder.make("data")
    defer { try? FileManager.default.removeItem(at: data) }
    // The first start shows the administrator's token, once.
    let first = try await KvytokService(data: data)
    try await first.stop()
    let service = try await KvytokService(data: data, arguments: ["--log-level", "trace"])
    let card = SecureRandom.bytes(16)
    var secrets = try await work(service, card: card)
    let end = try await service.stop()
    #expect(end.errors.count > 500, "it told nothing: \(end.errors)")
    secrets += [
      try Self.key("token-hmac.key", data), try Self.key("session.key", data),
      Array(service.adminToken.utf8),
    ]
    let server = try String(
      decoding: Data(contentsOf: data.appendingPathComponent("postgres/server.log")), as: UTF8.self)
    for (name, log) in [("output", end.output), ("errors", end.errors), ("postgres", server)] {
      for (index, secret) in secrets.enumerated() {
        for shape in Self.shapes(secret) where !shape.isEmpty {
          #expect(!log.contains(shape), "secret \(index) is in the \(name) of the service")
        }
      }
      #expect(!log.contains("seal_key="), "the key of seals is in the \(name) of the service")
    }
  }
}
