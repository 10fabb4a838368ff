import Basics
import DatabaseSupport
import HTTPTypes
import Intake
import Store
import Tapping
import Testing
import Tracking
import Transit
import Web

/// The ways in of devices, each with a good body, before every device that may come to the door.
@Suite(.enabled(if: LeasedDatabase.isAvailable, "skipped: no PostgreSQL"))
struct DeviceAccessTests {
  private enum Caller: String, CaseIterable {
    /// Without a header.
    case nobody
    /// The id of an active device, and the signature of another key.
    case forged
    /// A body of another device, signed by the one that the header names.
    case foreign
    case suspended, revoked
    /// Hardware in whose place is other hardware.
    case replaced
    case active
  }

  /// What is answered, by caller in their order: the code of the problem, or the status.
  private static let table: [(Endpoint, [String])] = [
    (.tapBatches, common("device_mismatch", "200", "200")),
    (.positions, common("device_mismatch", "hardware_replaced", "200")),
    (.deviceHeartbeat, common("device_mismatch", "hardware_replaced", "200")),
    // Its key of before opens no session any more.
    (.deviceSession, common("device_mismatch", "handshake_signature_wrong", "201")),
    // The target is signed together with the name.
    (.deviceSelf, common("signature_wrong", "hardware_replaced", "200")),
    (.denyListFetch, common("signature_wrong", "hardware_replaced", "200")),
    // The last one: the active device has another key afterwards.
    (.deviceKeys, common("device_mismatch", "hardware_replaced", "200")),
  ]

  private static func common(_ foreign: String, _ replaced: String, _ active: String) -> [String] {
    [
      "device_missing", "signature_wrong", foreign, "device_suspended", "device_revoked", replaced,
      active,
    ]
  }

  private static func keys(_ seed: String) throws -> Ed25519KeyPair {
    try #require(Ed25519KeyPair(seed: SHA256Digest.hash(Array(seed.utf8))))
  }

  /// A good body of a device; none where the target is what is signed.
  private static func body(_ endpoint: Endpoint, of device: String) throws -> [UInt8] {
    let now = TestService.now
    switch endpoint {
    case .tapBatches:
      return TapBatchJSON.encode(
        TapBatch(
          device: device, epoch: 1, sentAt: now,
          taps: [
            Tap(
              seq: 1, at: now.adding(seconds: -60), kind: .single, medium: .card, token: [1, 2, 3])
          ]))
    case .positions:
      let position = Position(
        vehicle: "1603", at: now, coordinate: Coordinate(latitude: 56.95, longitude: 24.11))
      return PositionReportJSON.encode(
        PositionReport(device: device, sentAt: now, positions: [position]))
    case .deviceHeartbeat: return DeviceHeartbeat(device: device, sentAt: now).json
    case .deviceKeys:
      let next = try keys("next of \(device)")
      let proof = next.sign(
        KeyRotationProof.message(device: device, publicKey: next.publicKey))
      return Array(
        """
        {"device":"\(device)","public_key":"\(Base64.encode(next.publicKey, .standard))",\
        "proof":"\(Base64.encode(proof, .standard))"}
        """.utf8)
    case .deviceSession:
      let exchange = try #require(ExchangeKeyPair(seed: SHA256Digest.hash(Array(device.utf8))))
      return SessionProposal(
        device: device, exchangeKey: exchange.publicKey,
        nonce: [UInt8](repeating: 3, count: SessionLimits.nonceByteCount), at: now
      ).body
    default: return []
    }
  }

  /// The header fields and the body with which a caller comes.
  private static func request(
    _ endpoint: Endpoint, as caller: Caller, _ devices: [Caller: Validator]
  ) throws -> (headers: [HTTPField.Name: String], body: [UInt8]) {
    let validator = try #require(devices[caller] ?? devices[.active])
    let named = caller == .foreign ? try #require(devices[.active]).id : validator.id
    let body = try body(endpoint, of: named)
    let time = TestService.now.description
    let message =
      endpoint.body == .none
      ? SignedQuestion.message(device: named, time: time, target: endpoint.path) : body
    let keys = caller == .forged ? try keys("a thief") : validator.keys
    var headers: [HTTPField.Name: String] = [:]
    if endpoint.body != .none { headers[.contentType] = endpoint.body.types[0] }
    if endpoint == .tapBatches { headers[.contentType] = "application/json" }
    if caller != .nobody {
      headers[try #require(HTTPField.Name("Kvytok-Device"))] = validator.id
      headers[try #require(HTTPField.Name("Kvytok-Time"))] = time
      headers[try #require(HTTPField.Name("Kvytok-Signature"))] = Base64.encode(
        keys.sign(message), .standard)
    }
    return (headers, body)
  }

  private static func ask(
    _ endpoint: Endpoint, as caller: Caller, _ devices: [Caller: Validator],
    _ service: TestService
  ) async throws -> Answer {
    let (headers, body) = try request(endpoint, as: caller, devices)
    return await service.send(endpoint.method, endpoint.path, headers: headers, body: body)
  }

  /// Devices of each kind, each led to where it stands.
  private static func devices(_ service: TestService) async throws -> [Caller: Validator] {
    var devices: [Caller: Validator] = [:]
    for caller in [Caller.foreign, .suspended, .revoked, .replaced, .active] {
      devices[caller] = try await Validator(service, id: "V-\(caller.rawValue)")
    }
    let admin = try await service.token(.admin)
    for step in ["suspended/suspend", "revoked/revoke"] {
      let answer = await service.send(.post, "/v1/devices/V-\(step)", token: admin)
      try #require(answer.status == .ok, "\(answer.text)")
    }
    let ordered = await service.send(.post, "/v1/devices/V-replaced/replace", token: admin)
    let secret = try #require(ordered.member("secret"))
    let key = Base64.encode(try keys("new hardware").publicKey, .standard)
    let activated = await service.post(
      "/v1/devices/enroll",
      json: #"{"device": "V-replaced", "secret": "\#(secret)", "public_key": "\#(key)"}"#)
    try #require(activated.status == .ok, "\(activated.text)")
    return devices
  }

  @Test func everyWayInLetsInExactlyTheDevicesItShould() async throws {
    #expect(Self.table.map(\.0) == AccessTable.devices)
    try await TestService.with { service in
      try await service.services.denyList.prepare(service.store) {
        [UInt8](repeating: 9, count: $0)
      }
      let devices = try await Self.devices(service)
      for (endpoint, expected) in Self.table {
        for (caller, words) in zip(Caller.allCases, expected) {
          let answer = try await Self.ask(endpoint, as: caller, devices, service)
          let told = answer.problemCode ?? "\(answer.status.code)"
          #expect(
            told == words,
            "\(endpoint.rawValue) as \(caller): \(answer.status) \(answer.text.prefix(200))")
          let isRefused = answer.status.code >= 400
          #expect(isRefused == (Int(words) == nil), "\(endpoint.rawValue) as \(caller)")
        }
      }
    }
  }

  /// On the wire the batches of validators take a shorter way than all else, which lets in no other devices.
  @Test func theShortWayOfBatchesLetsInExactlyTheSameDevices() async throws {
    let expected = try #require(Self.table.first { $0.0 == .tapBatches }).1
    try await TestEdge.with { edge in
      let devices = try await Self.devices(edge.service)
      for (caller, word) in zip(Caller.allCases, expected) {
        let (headers, body) = try Self.request(.tapBatches, as: caller, devices)
        var text = "POST /v1/tap-batches HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.count)\r\n"
        for (name, value) in headers { text += "\(name): \(value)\r\n" }
        let answer = try await edge.send(
          text + "\r\n" + String(decoding: body, as: UTF8.self), until: "}")
        let told = answer.firstMatch(of: /"code":"([a-z_]+)"/).map { String($0.output.1) }
        #expect((told ?? "200") == word, "\(caller): \(answer)")
        #expect(answer.hasPrefix("HTTP/1.1 200 ") == (word == "200"), "\(caller): \(answer)")
      }
    }
  }

  /// A device is nobody where people are asked for.
  @Test func aSignatureOfADeviceOpensNothingOfPeople() async throws {
    try await TestService.with { service in
      let validator = try await Validator(service)
      for endpoint in AccessTable.staff.flatMap(\.1) {
        let path = endpoint.path.replacing("{id}", with: "V-1").replacing("{name}", with: "daily")
        let headers = try validator.headers(of: path, time: service.clock.now.description)
        let answer = await service.send(endpoint.method, path, headers: headers)
        #expect(
          answer.status == .unauthorized || answer.status == .seeOther,
          "\(endpoint.rawValue): \(answer.status) \(answer.text.prefix(200))")
      }
    }
  }
}
