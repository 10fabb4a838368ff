import HTTPTypes
import Store
import Tapping
import Testing
import Web

/// A validator that is enrolled and active.
struct Validator {
  let service: TestService
  let id: String
  let keys: Ed25519KeyPair

  init(_ service: TestService, id: String = "V-1") async throws {
    self.service = service
    self.id = id
    keys = try #require(Ed25519KeyPair(seed: SHA256Digest.hash(Array(id.utf8))))
    let admin = try await service.token(.admin)
    let added = await service.post("/v1/devices", token: admin, json: #"{"device": "\#(id)"}"#)
    try #require(added.status == .created)
    let secret = try #require(added.member("secret"))
    let key = Base64.encode(keys.publicKey, .standard)
    let json = #"{"device": "\#(id)", "secret": "\#(secret)", "public_key": "\#(key)"}"#
    let enrolled = await service.post("/v1/devices/enroll", json: json)
    try #require(enrolled.status == .ok, "\(enrolled.text)")
  }

  func post(
    _ body: [UInt8], signature: [UInt8]? = nil, to path: String = "/v1/tap-batches"
  ) async throws -> Answer {
    let device = try #require(HTTPField.Name("Kvytok-Device"))
    let sign = try #require(HTTPField.Name("Kvytok-Signature"))
    return await service.send(
      .post, path,
      headers: [
        .contentType: "application/json", device: id,
        sign: Base64.encode(signature ?? keys.sign(body), .standard),
      ], body: body)
  }

  func post(_ taps: [Tap]) async throws -> Answer {
    try await post(
      TapBatchJSON.encode(
        TapBatch(device: id, epoch: 1, sentAt: service.clock.now, taps: taps)))
  }

  /// Asks about itself; the path is what is signed.
  func askAboutItself() async throws -> Answer {
    let path = "/v1/devices/self"
    let device = try #require(HTTPField.Name("Kvytok-Device"))
    let sign = try #require(HTTPField.Name("Kvytok-Signature"))
    return await service.send(
      .get, path,
      headers: [device: id, sign: Base64.encode(keys.sign(Array(path.utf8)), .standard)])
  }
}
