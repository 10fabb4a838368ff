package import Basics
package import Tapping

/// What the service tells a validator in answer to its heartbeat.
package struct HeartbeatNews: Sendable, Hashable {
  package private(set) var tariffVersion: String?
  package private(set) var denyListVersion: Int64?

  /// Reads the answer's JSON.
  package init(_ body: [UInt8]) throws(JSONFault) {
    var reader = JSONReader(body)
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "tariff_version": tariffVersion = try reader.stringOrNil()
      case "deny_list_version": denyListVersion = try reader.int64OrNil()
      default: try reader.skipValue()
      }
    }
    try reader.finish()
  }
}

/// What a validator asks and tells beside its taps.
extension SignedDevice {
  /// Asks for something newer than what it holds by its tag; nil when there is nothing (304).
  package func ask(
    _ target: String, accepting mediaType: String, unless tag: String?, at now: Instant,
    with client: ServiceClient
  ) async throws -> ServiceAnswer? {
    let time = now.description
    let message = SignedQuestion.message(device: id, time: time, target: target)
    var headers = [
      ("accept", mediaType), ("kvytok-device", id), (SignedQuestion.timeField, time),
      ("kvytok-signature", Base64.encode(sign(message), .standard)),
    ]
    if let tag { headers.append(("if-none-match", tag)) }
    let answer = try await client.send("GET", target, headers: headers)
    if answer.status == 304 { return nil }
    guard answer.status == 200 else {
      throw ServiceFault.refused(
        request: "GET \(target) of \(id)", status: answer.status, body: answer.text)
    }
    return answer
  }

  /// Tells how it is.
  package func tell(
    _ beat: DeviceHeartbeat, with client: ServiceClient
  ) async throws -> HeartbeatNews {
    let answer = try await post("/v1/devices/heartbeat", body: beat.json, with: client)
    do {
      return try HeartbeatNews(answer.body)
    } catch {
      throw ServiceFault.unreadable(
        request: "POST /v1/devices/heartbeat of \(id)",
        message: "\(error.pointer) \(error.message)")
    }
  }
}
