import Basics
package import Tapping

/// A validator with its key: enrols itself and posts signed bodies.
package struct SignedDevice: Sendable {
  package let id: String
  private let keys: Ed25519KeyPair

  /// Makes a validator whose key follows from a secret and its name.
  ///
  /// Run again with the same secret, it is the same validator, and need not be enrolled anew.
  package init(id: String, secret: String) {
    self.id = id
    let seed = HMACSHA256.code(key: Array(secret.utf8), message: Array("validator \(id)".utf8))
    guard let keys = Ed25519KeyPair(seed: seed) else {
      preconditionFailure("a digest of 32 bytes is a seed")
    }
    self.keys = keys
  }

  /// Registers the validator as an administrator and activates it as itself; true when it was new.
  package func enroll(vehicle: String?, with client: ServiceClient) async throws -> Bool {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("device", id)
    if let vehicle { writer.member("vehicle", vehicle) }
    writer.endObject()
    let added = try await client.administer(
      "POST", "/v1/devices", json: String(decoding: writer.bytes, as: UTF8.self),
      expecting: [200, 201, 409])
    // Active already: from an earlier run with the same secret, or the first post will be refused.
    guard added.status != 409 else { return false }
    let secret = try Self.secret(in: added.body)
    var activation = JSONWriter()
    activation.beginObject()
    activation.member("device", id)
    activation.member("secret", secret)
    activation.member("public_key", Base64.encode(keys.publicKey, .standard))
    activation.endObject()
    let answer = try await client.send(
      "POST", "/v1/devices/enroll", headers: [("content-type", "application/json")],
      body: activation.bytes)
    guard answer.status == 200 || answer.status == 201 else {
      throw ServiceFault.refused(
        request: "POST /v1/devices/enroll of \(id)", status: answer.status, body: answer.text)
    }
    return true
  }

  private static func secret(in body: [UInt8]) throws -> String {
    var reader = JSONReader(body)
    var secret: String?
    do {
      try reader.beginObject()
      while let key = try reader.nextKey() {
        if key == "secret" { secret = try reader.string() } else { try reader.skipValue() }
      }
      try reader.finish()
    } catch {
      throw ServiceFault.unreadable(
        request: "POST /v1/devices", message: "\(error.pointer) \(error.message)")
    }
    guard let secret else {
      throw ServiceFault.unreadable(request: "POST /v1/devices", message: "it has no secret")
    }
    return secret
  }

  /// The headers by which the service knows a body of this validator.
  package func headers(for body: [UInt8]) -> [(String, String)] {
    [
      ("content-type", "application/json"), ("kvytok-device", id),
      ("kvytok-signature", Base64.encode(keys.sign(body), .standard)),
    ]
  }

  /// Posts a body, and again until it is answered; anything but 200 is a fault.
  package func post(
    _ path: String, body: [UInt8], with client: ServiceClient
  ) async throws -> ServiceAnswer {
    let answer = try await client.send("POST", path, headers: headers(for: body), body: body)
    guard answer.status == 200 else {
      throw ServiceFault.refused(
        request: "POST \(path) of \(id)", status: answer.status, body: answer.text)
    }
    return answer
  }

  /// Posts a batch of taps.
  package func postTaps(
    body: [UInt8], with client: ServiceClient
  ) async throws -> (answer: TapBatchAnswer, attempts: Int) {
    let answer = try await post("/v1/tap-batches", body: body, with: client)
    do {
      return (try TapBatchAnswer.decode(answer.body), answer.attempts)
    } catch {
      throw ServiceFault.unreadable(request: "POST /v1/tap-batches of \(id)", message: "\(error)")
    }
  }
}
