import Basics
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

  /// Asks about itself; the path and the time are what is signed.
  func askAboutItself() async throws -> Answer { try await get("/v1/devices/self") }

  /// Asks with a signature over where it goes and the time.
  func get(_ target: String, tags: String? = nil) async throws -> Answer {
    var headers = try headers(of: target, time: service.clock.now.description)
    headers[.ifNoneMatch] = tags
    return await service.send(.get, target, headers: headers)
  }

  /// The signed headers of a request without a body.
  func headers(
    of target: String, time: String, keys other: Ed25519KeyPair? = nil
  ) throws -> [HTTPField.Name: String] {
    let message = SignedQuestion.message(device: id, time: time, target: target)
    return [
      try #require(HTTPField.Name("Kvytok-Device")): id,
      try #require(HTTPField.Name("Kvytok-Time")): time,
      try #require(HTTPField.Name("Kvytok-Signature")):
        Base64.encode((other ?? keys).sign(message), .standard),
    ]
  }
}
