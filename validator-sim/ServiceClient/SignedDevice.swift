package import Basics
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
    try await enrollment(vehicle: vehicle, with: client).isNew
  }

  /// What enrolling came to.
  package struct Enrollment: Sendable {
    /// False when the validator was active already, from an earlier run with the same secret.
    package let isNew: Bool
    /// The key that proves the service; nil when it was not new, or the service names none.
    package let servicePublicKey: [UInt8]?
  }

  /// Registers the validator as an administrator and activates it as itself.
  ///
  /// It is in its vehicle from a moment on, which may be past: from now on when there is none.
  package func enrollment(
    vehicle: String?, since: Instant? = nil, with client: ServiceClient
  ) async throws -> Enrollment {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("device", id)
    if let vehicle, since == nil { writer.member("vehicle", vehicle) }
    writer.endObject()
    let added = try await client.administer(
      "POST", "/v1/devices", json: String(decoding: writer.bytes, as: UTF8.self),
      expecting: [200, 201, 409])
    // Active already: from an earlier run with the same secret, or the first post will be refused.
    guard added.status != 409 else { return Enrollment(isNew: false, servicePublicKey: nil) }
    guard let secret = try Self.member("secret", in: added.body, of: "POST /v1/devices") else {
      throw ServiceFault.unreadable(request: "POST /v1/devices", message: "it has no secret")
    }
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
    let key = try Self.member("service_key", in: answer.body, of: "POST /v1/devices/enroll")
    if let vehicle, let since { try await assign(to: vehicle, since: since, with: client) }
    return Enrollment(
      isNew: true, servicePublicKey: key.flatMap { Base64.decode($0, .standard) })
  }

  private func assign(
    to vehicle: String, since: Instant, with client: ServiceClient
  ) async throws {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("vehicle", vehicle)
    writer.member("from", since.description)
    writer.endObject()
    _ = try await client.administer(
      "POST", "/v1/devices/\(id)/assign", json: String(decoding: writer.bytes, as: UTF8.self))
  }

  /// A text in the JSON object of an answer; nil when there is none of that name.
  private static func member(
    _ name: String, in body: [UInt8], of request: String
  ) throws -> String? {
    var reader = JSONReader(body)
    var value: String?
    do {
      try reader.beginObject()
      while let key = try reader.nextKey() {
        if key == name { value = try reader.stringOrNil() } else { try reader.skipValue() }
      }
      try reader.finish()
    } catch {
      throw ServiceFault.unreadable(
        request: request, message: "\(error.pointer) \(error.message)")
    }
    return value
  }

  /// The public half of its key.
  package var publicKey: [UInt8] { keys.publicKey }

  /// The validator's signature over bytes.
  package func sign(_ bytes: [UInt8]) -> [UInt8] { keys.sign(bytes) }

  /// The pair itself, for the checkpoints of a session.
  var signingKeys: Ed25519KeyPair { keys }

  /// The headers by which the service knows a body of this validator.
  package func headers(
    for body: [UInt8], _ format: BatchFormat = .json
  ) -> [(String, String)] {
    format.headerFields + [
      ("kvytok-device", id), ("kvytok-signature", Base64.encode(keys.sign(body), .standard)),
    ]
  }

  /// Posts a body, and again until it is answered; anything but 200 is a fault.
  package func post(
    _ path: String, body: [UInt8], _ format: BatchFormat = .json, with client: ServiceClient
  ) async throws -> ServiceAnswer {
    let answer = try await client.send(
      "POST", path, headers: headers(for: body, format), body: body)
    guard answer.status == 200 else {
      throw ServiceFault.refused(
        request: "POST \(path) of \(id)", status: answer.status, body: answer.text)
    }
    return answer
  }

  /// Posts a batch of taps, written in a format; the answer comes in the same encoding.
  package func postTaps(
    body: [UInt8], _ format: BatchFormat = .json, with client: ServiceClient
  ) async throws -> (answer: TapBatchAnswer, attempts: Int) {
    let answer = try await post("/v1/tap-batches", body: body, format, with: client)
    return (try Self.read(answer, format, of: id), answer.attempts)
  }

  /// The answer to a batch.
  static func read(
    _ answer: ServiceAnswer, _ format: BatchFormat, of id: String
  ) throws -> TapBatchAnswer {
    do {
      return try TapBatchAnswer.decode(answer.body, format.encoding)
    } catch {
      throw ServiceFault.unreadable(request: "POST /v1/tap-batches of \(id)", message: "\(error)")
    }
  }
}

extension BatchFormat {
  /// The headers that name the format of a body, and ask for an answer of the same encoding.
  package var headerFields: [(String, String)] {
    var fields = [("content-type", encoding.mediaType), ("accept", encoding.mediaType)]
    if let contentEncoding { fields.append(("content-encoding", contentEncoding)) }
    return fields
  }
}
