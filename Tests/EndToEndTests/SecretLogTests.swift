import Basics
import Foundation
import Postgres
import Programs
import ServiceClient
import Tapping
import Testing
import Transit

/// What a service writes down while it works holds no key, no token and no code.
@Suite(
  .enabled(if: PrivateCluster.isPossible, "skipped: no PostgreSQL"), .serialized, .serverTurn)
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

  /// A validator that is registered and activated, and the one-time secret it was given.
  private func enrol(
    _ device: SignedDevice, _ service: KvytokService
  ) async throws -> (secret: String, serviceKey: [UInt8]) {
    let added = try await service.client.administer(
      "POST", "/v1/devices", json: #"{"device":"\#(device.id)","vehicle":"101"}"#, expecting: [201])
    let secret = try #require(Self.member("secret", added.text))
    let answer = try await activate(device.id, device.publicKey, secret: secret, service)
    let key = try #require(
      Self.member("service_key", answer).flatMap { Base64.decode($0, .standard) })
    return (secret, key)
  }

  private func activate(
    _ id: String, _ publicKey: [UInt8], secret: String, _ service: KvytokService
  ) async throws -> String {
    let key = Base64.encode(publicKey, .standard)
    let answer = try await service.client.send(
      "POST", "/v1/devices/enroll", headers: [("content-type", "application/json")],
      body: Array(#"{"device":"\#(id)","secret":"\#(secret)","public_key":"\#(key)"}"#.utf8))
    #expect(answer.status == 200, "\(answer.text)")
    return answer.text
  }

  /// A text member of an answer in JSON.
  private static func member(_ name: String, _ text: String) -> String? {
    guard let start = text.firstRange(of: "\"\(name)\":\"") else { return nil }
    return String(text[start.upperBound...].prefix { $0 != "\"" })
  }

  /// All keys of a session that the service opened, from the half that the validator made.
  private static func keys(
    of opening: OnlineDevice.Opening, _ exchange: [UInt8], _ device: SignedDevice,
    serviceKey: [UInt8], _ service: KvytokService
  ) async throws -> [[UInt8]] {
    // The same proposal again gets the same grant.
    let answer = try await service.client.send(
      "POST", "/v1/sessions",
      headers: [
        ("content-type", "text/plain"), ("kvytok-device", device.id),
        ("kvytok-signature", Base64.encode(device.sign(opening.proposal), .standard)),
      ], body: opening.proposal)
    let signature = answer.header("kvytok-signature").flatMap { Base64.decode($0, .standard) }
    let pair = try #require(ExchangeKeyPair(seed: exchange))
    let accepted = try SessionHandshake.accept(
      grant: answer.body, signature: try #require(signature), servicePublicKey: serviceKey,
      proposal: opening.proposal, exchange: pair)
    let root = accepted.keys.secret
    return [root]
      + ["requests", "answers"].map {
        HKDFSHA256.expand(
          key: root, purpose: Array("kvytok-session 1 \($0)".utf8),
          byteCount: SHA256Digest.byteCount)
      }
  }

  /// The tap of a card in a session, refusals, another key, other hardware, and a database that ends in between.
  ///
  /// Gives the secrets, and what the commands wrote that show none.
  private func work(
    _ service: KvytokService, card: [UInt8]
  ) async throws -> (secrets: [[UInt8]], told: [RunningProgram.End]) {
    let device = SignedDevice(id: "V-8", secret: "the seed of a key")
    let (secret, serviceKey) = try await enrol(device, service)
    let now = Instant(seconds: Int64(Date().timeIntervalSince1970))
    let exchange = SecureRandom.bytes(ExchangeKeyPair.byteCount)
    let opening = OnlineDevice.Opening(
      device: device.id, now: now, nonce: SecureRandom.bytes(SessionLimits.nonceByteCount),
      exchangeSeed: exchange)
    var online = try await OnlineDevice(
      device, opening, servicePublicKey: serviceKey, with: service.client)
    let session = try await Self.keys(
      of: opening, exchange, device, serviceKey: serviceKey, service)
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
    // Who brings a wrong secret, and an event that the acquirer did not sign.
    _ = try await service.client.send(
      "POST", "/v1/devices/enroll", headers: [("content-type", "application/json")],
      body: Array(#"{"device":"V-8","secret":"\#(secret)","public_key":"AAAA"}"#.utf8))
    _ = try await service.client.send(
      "POST", "/v1/acquirer/events", headers: [("content-type", "application/json")],
      body: Array("{}".utf8))
    var told = [
      try await service.run(["quarantine", "list"]),
      try await service.run(["ledger", "verify", "--from-taps"]),
      try await service.run(["device", "rotate", "V-8"]),
    ]
    // This one prints the secret, which is its purpose, and says nothing of it elsewhere.
    let replaced = try await service.run(["device", "replace", "V-8"])
    let second = replaced.output.trimmingCharacters(in: .whitespacesAndNewlines)
    #expect(second.count > 20 && !replaced.errors.contains(second), "\(replaced.errors)")
    _ = try await activate(
      "V-8", SignedDevice(id: "V-8", secret: "other hardware").publicKey, secret: second, service)
    told += [
      try await service.run(["device", "show", "V-8"]), try await service.run(["device", "list"]),
    ]
    return ([exchange, card, Array(secret.utf8), Array(second.utf8)] + session, told)
  }

  /// The key of seals, as it follows from the key of the tokens, and as connections bring it.
  private static func sealKey(_ tokenKey: [UInt8]) throws -> [[UInt8]] {
    let bytes = try #require(TokenKey(tokenKey)).derived(for: "kvytok row seal 1")
    let block = bytes + [UInt8](repeating: 0, count: 64 - bytes.count)
    return [bytes, block.map { $0 ^ 0x36 }, block.map { $0 ^ 0x5C }]
  }

  @Test func aServiceThatTellsEverythingTellsNoSecret() async throws {
    let data = try TemporaryFolder.make("data")
    defer { try? FileManager.default.removeItem(at: data) }
    // The first start shows the administrator's token, once.
    let first = try await KvytokService(data: data)
    try await first.stop()
    let acquirer = hexText(SecureRandom.bytes(16))
    let service = try await KvytokService(
      data: data, arguments: ["--log-level", "trace"],
      environment: [
        "KVYTOK_ACQUIRER_URL": "http://127.0.0.1:9", "KVYTOK_ACQUIRER_SECRET": acquirer,
      ])
    let card = SecureRandom.bytes(16)
    var (secrets, told) = try await work(service, card: card)
    let end = try await service.stop()
    #expect(end.errors.count > 500, "it told nothing: \(end.errors)")
    secrets += [
      try Self.key("token-hmac.key", data), try Self.key("session.key", data),
      Array(service.adminToken.utf8), Array(acquirer.utf8),
    ]
    secrets += try Self.sealKey(try Self.key("token-hmac.key", data))
    let server = try String(
      decoding: Data(contentsOf: data.appendingPathComponent("postgres/server.log")), as: UTF8.self)
    var logs = [("output", end.output), ("errors", end.errors), ("postgres", server)]
    for command in told { logs.append(("a command", command.output + command.errors)) }
    for (name, log) in logs {
      for (index, secret) in secrets.enumerated() {
        for shape in Self.shapes(secret) where !shape.isEmpty {
          #expect(!log.contains(shape), "secret \(index) is in \(name)")
        }
      }
      #expect(!log.contains("seal_key="), "the key of seals is in \(name)")
    }
  }
}
