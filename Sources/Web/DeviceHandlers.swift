import Basics
import HTTPTypes
import Intake
import Store
import Tapping
import Tracking

/// The way in for validators and trackers, and for those who look after them.
extension Handlers {
  /// The header fields by which a device says who it is and signs its body.
  private static func identity(_ request: WebRequest) -> (device: String?, signature: String?) {
    (request.headers[.kvytokDevice], request.headers[.kvytokSignature])
  }

  func tapBatch(_ request: WebRequest) async throws(Problem) -> Answer {
    let fields = PostFields(request.headers)
    let post = try fields.post(request.body, receivedAt: request.receivedAt)
    let reply = await services.intake.accept(post)
    switch reply.outcome {
    case .answer(let told):
      let encoding = BatchEncoding.preferred(
        accept: fields.accept, otherwise: post.format.encoding)
      var answer = Answer(contentType: encoding.mediaType, body: told.encode(encoding))
      if let code = reply.code(status: answer.status.code, body: answer.body) {
        answer.headers[.kvytokMac] = Base64.encode(code, .standard)
      }
      return answer
    case .refusal(let refusal): throw Problem(refusal)
    }
  }

  /// Opens a session: the device signs its proposal, the service its grant.
  func deviceSession(_ request: WebRequest) async throws -> Answer {
    let identity = Handlers.identity(request)
    let opened = try await services.intake.openSession(
      request.body, deviceHeader: identity.device, signatureHeader: identity.signature,
      at: request.receivedAt)
    var answer = Answer(.created, contentType: "text/plain; charset=utf-8", body: opened.body)
    answer.headers[.kvytokSignature] = Base64.encode(opened.signature, .standard)
    return answer
  }

  func positions(_ request: WebRequest) async throws(Problem) -> Answer {
    let identity = Handlers.identity(request)
    let outcome = await services.positions.accept(
      body: request.body, deviceHeader: identity.device, signatureHeader: identity.signature,
      receivedAt: request.receivedAt)
    switch outcome {
    case .answer(let answer):
      return .json { writer in
        writer.beginObject()
        writer.member("accepted", answer.accepted)
        writer.member("duplicates", answer.duplicates)
        writer.member("rejected", objects: answer.rejected) { writer, position in
          writer.member("index", position.index)
          writer.member("code", position.code)
          writer.member("message", position.message)
        }
        writer.member("server_time", answer.serverTime.description)
        writer.endObject()
      }
    case .refusal(let refusal): throw Problem(refusal)
    }
  }

  func deviceAdd(_ request: WebRequest) async throws -> Answer {
    var device: String?
    var vehicle: String?
    try request.readObject { reader, key throws(JSONFault) in
      switch key {
      case "device": device = try reader.string()
      case "vehicle": vehicle = try reader.stringOrNil()
      default: return false
      }
      return true
    }
    guard let device else { throw Problem.missingMember("device") }
    let outcome = try await services.desk.enroll(
      device, vehicle: vehicle,
      random: services.randomBytes(DeviceDesk.secretRandomBytesCount), by: Self.actor(request),
      at: request.receivedAt)
    switch outcome {
    case .enrolled(let secret):
      return .json(.created) { writer in
        writer.beginObject()
        writer.member("device", device)
        writer.member("secret", secret)
        writer.endObject()
      }
    case .badID:
      throw Problem(
        .unprocessableContent, "bad_device_id",
        "A device id is 1 to \(DeviceID.bytesMax) letters, digits, and - _ . :",
        pointer: "/device")
    case .badVehicle: throw Self.badPlaceName("vehicle")
    case .isActive:
      throw Problem(
        .conflict, "device_is_active",
        "The device works with a key already; revoke it before it is enrolled again.")
    }
  }

  func deviceEnroll(_ request: WebRequest) async throws -> Answer {
    var device: String?
    var secret: String?
    var key: String?
    try request.readObject { reader, name throws(JSONFault) in
      switch name {
      case "device": device = try reader.string()
      case "secret": secret = try reader.string()
      case "public_key": key = try reader.string()
      default: return false
      }
      return true
    }
    guard let device else { throw Problem.missingMember("device") }
    guard let secret else { throw Problem.missingMember("secret") }
    guard let key else { throw Problem.missingMember("public_key") }
    guard let bytes = Base64.decode(key, .standard) else {
      throw Problem(
        .badRequest, "key_malformed", "public_key is not base64.", pointer: "/public_key")
    }
    let outcome = await services.desk.activate(
      device, secret: secret, publicKey: bytes, at: request.receivedAt)
    switch outcome {
    case .refusal(let refusal): throw Problem(refusal)
    case .activated(let record):
      let place = try await services.store.read { db in
        try await db.deviceAssignments.find(record.id).place(at: request.receivedAt)
      }
      let key = record.keys.first { $0.publicKey == bytes }
      return .json { writer in
        writer.beginObject()
        writer.member("device", record.id)
        writer.member("vehicle", orNull: place?.vehicle)
        writer.member("stop", orNull: place?.stop)
        writer.member("state", record.state.rawValue)
        writer.member("epoch_from", key?.epochFirst ?? 0)
        writer.member("server_time", request.receivedAt.description)
        if let key = services.intake.servicePublicKey {
          writer.member("service_key", Base64.encode(key, .standard))
        }
        writer.endObject()
      }
    }
  }

  /// A page of devices; `next` names the last of them when there are more.
  func deviceList(_ request: WebRequest) async throws -> Answer {
    let limit =
      try request.queryInt("limit", in: 1...DeviceQueries.pageMax) ?? DeviceQueries.pageMax
    let devices = try await services.desk.list(
      after: request.queryText("after") ?? "", limit: limit, at: request.receivedAt)
    return .json { writer in
      writer.beginObject()
      writer.key("devices")
      writer.beginArray()
      for standing in devices { writer.device(standing) }
      writer.endArray()
      writer.member("next", orNull: devices.count == limit ? devices.last?.device.id : nil)
      writer.endObject()
    }
  }
}

extension JSONWriter {
  /// Writes a member that may be null.
  mutating func member(_ name: String, orNull text: String?) {
    key(name)
    if let text { value(text) } else { null() }
  }

  /// Writes closed ranges as pairs: `[[1190, 1195]]`.
  mutating func ranges(_ ranges: some Sequence<ClosedRange<Int64>>) {
    beginArray()
    for range in ranges {
      beginArray()
      value(range.lowerBound)
      value(range.upperBound)
      endArray()
    }
    endArray()
  }

  fileprivate mutating func device(_ standing: DeviceStanding) {
    beginObject()
    deviceMembers(standing)
    endObject()
  }
}

extension Problem {
  /// What to tell a device.
  init(_ refusal: IntakeRefusal) {
    let status: HTTPResponse.Status =
      switch refusal.kind {
      case .malformed: .badRequest
      case .unknown: .unauthorized
      case .forbidden: .forbidden
      case .tooLarge: .contentTooLarge
      case .impossible: .unprocessableContent
      case .outOfOrder: .conflict
      case .tooMany: .tooManyRequests
      case .unavailable: .serviceUnavailable
      }
    self.init(
      status, refusal.code, refusal.message, pointer: refusal.pointer,
      retryAfterSeconds: refusal.retryAfterSeconds)
  }

  static func missingMember(_ name: String) -> Problem {
    Problem(.badRequest, "member_missing", "Member \(name) is missing.", pointer: "/\(name)")
  }
}

extension HTTPField.Name {
  static let kvytokDevice = HTTPField.Name("Kvytok-Device") ?? .origin
  static let kvytokMac = HTTPField.Name(SessionHeaders.Name.mac) ?? .origin
  static let kvytokSignature = HTTPField.Name("Kvytok-Signature") ?? .origin
  static let kvytokTime = HTTPField.Name(SignedQuestion.timeField) ?? .origin
}
