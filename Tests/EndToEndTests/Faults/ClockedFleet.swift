import Basics
import Foundation
import ServiceClient
import Synchronization
import Tapping
import Transit

/// Validators with clocks of their own before a service whose clock jumps: each posts until it is heard,
/// and does about refusals what the protocol says.
///
/// Some post with a signature each, some in sessions of a day, some in sessions of half an hour. Who is told
/// that its clock is wrong sets it by the service.
final class ClockedFleet: Sendable {
  /// A tap as it was posted first.
  struct Posted: Equatable {
    let at: Instant
    let sentAt: Instant
  }

  /// What was heard.
  struct Heard: Sendable {
    var acknowledged: [String: [Int64: Posted]] = [:]
    /// Batches that were acknowledged, by device.
    var batches: [String: Int] = [:]
    /// Refusals by code, with those who set their clocks under `handshake_clock`.
    var refusals: [String: Int] = [:]
    /// Refusals without a sentence.
    var mute: [String] = []
    /// Sessions that were opened, by device.
    var sessions: [String: Int] = [:]
    var isToldToStop = false
  }

  /// How a validator proves what it posts.
  private enum Way: CaseIterable {
    case signature, daySession, shortSession

    var sessionSeconds: Int64? {
      switch self {
      case .signature: nil
      case .daySession: SessionLimits.validSecondsMax
      case .shortSession: 1800
      }
    }
  }

  /// A route of the invented city.
  static let route = "bus-22"
  private static let checkpointEach = 7
  private static let pauseMilliseconds = 20

  let devices: [SignedDevice]
  /// How far the true time of the test is ahead of the machine's.
  private let trueAheadSeconds: Int64
  private let client: ServiceClient
  private let state = Mutex(Heard())

  init(count: Int, trueAheadSeconds: Int64, client: ServiceClient) {
    devices = (1...count).map { SignedDevice(id: "J-\($0)", secret: "jumps") }
    self.trueAheadSeconds = trueAheadSeconds
    self.client = client
  }

  var heard: Heard { state.withLock { $0 } }

  /// Lets all post until `disturb` is over and each was heard to its last tap.
  func post(while disturb: @escaping @Sendable () async throws -> Void) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (number, device) in devices.enumerated() {
        let enrolled = try await device.enrollment(vehicle: device.id, with: client)
        let ways = Way.allCases
        group.addTask {
          var life = Life(
            device: device, number: number, serviceKey: enrolled.servicePublicKey ?? [])
          try await self.run(&life, ways[number % ways.count])
        }
      }
      defer { state.withLock { $0.isToldToStop = true } }
      try await disturb()
      state.withLock { $0.isToldToStop = true }
      try await group.waitForAll()
    }
  }

  /// What a validator has in its memory.
  private struct Life: Sendable {
    let device: SignedDevice
    let number: Int
    let serviceKey: [UInt8]
    /// How far its clock is ahead of the true time.
    var leadSeconds: Int64 = 0
    var nextSeq: Int64 = 1
    var earlier: [Tap] = []
    var session: OnlineDevice?
  }

  private func now(_ life: Life) -> Instant {
    Instant(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
      .adding(seconds: trueAheadSeconds + life.leadSeconds)
  }

  private func run(_ life: inout Life, _ way: Way) async throws {
    let format = BatchFormat(.protobuf, isGzipped: false)
    while !heard.isToldToStop {
      let now = now(life)
      let fresh = (0..<Int64(1 + life.nextSeq % 4)).map { index in
        Tap(
          seq: life.nextSeq + index, at: now.adding(seconds: -20 + index), kind: .single,
          medium: .card, token: Array("rider \((life.nextSeq + index) % 25)".utf8),
          route: Self.route, direction: 0)
      }
      let taps = (life.nextSeq % 3 == 0 ? life.earlier : []) + fresh
      let body = TapBatchWire.encode(
        TapBatch(device: life.device.id, epoch: 1, sentAt: now, taps: taps), format)
      if let seconds = way.sessionSeconds {
        try await postInSession(body, format, &life, seconds)
      } else {
        let headers = life.device.headers(for: body, format)
        while try await postOnce(body, headers)?.status != 200 { try await Self.pause() }
      }
      let device = life.device.id
      state.withLock { state in
        state.batches[device, default: 0] += 1
        for tap in fresh {
          state.acknowledged[device, default: [:]][tap.seq] = Posted(at: tap.at, sentAt: now)
        }
      }
      life.nextSeq += Int64(fresh.count)
      life.earlier = fresh
    }
  }

  /// Posts one body in sessions until it is acknowledged: opens another whenever one breaks.
  private func postInSession(
    _ body: [UInt8], _ format: BatchFormat, _ life: inout Life, _ seconds: Int64
  ) async throws {
    while true {
      guard var session = try await openSession(&life, seconds) else {
        try await Self.pause()
        continue
      }
      let isCheckpoint = session.uncoveredCount >= Self.checkpointEach - 1
      var headers = session.headers(for: body, format, isCheckpoint: isCheckpoint)
      life.session = session
      while life.session != nil {
        let answer = try await postOnce(body, headers)
        switch (answer?.status, answer.flatMap { Self.code(of: $0) }) {
        case (200, _):
          // Who has a session believes the service only.
          if let answer, session.isGood(answer) { return }
        case (409, "checkpoint_due"):
          headers = session.checkpointHeaders()
          life.session = session
        case (401, _), (409, _): life.session = nil
        default: try await Self.pause()
        }
      }
    }
  }

  /// The open session, or another; nil when none could be opened just now.
  private func openSession(_ life: inout Life, _ seconds: Int64) async throws -> OnlineDevice? {
    if let session = life.session { return session }
    do {
      let session = try await OnlineDevice(
        life.device,
        OnlineDevice.Opening(
          device: life.device.id, now: now(life),
          nonce: SecureRandom.bytes(SessionLimits.nonceByteCount),
          exchangeSeed: SecureRandom.bytes(ExchangeKeyPair.byteCount), validSeconds: seconds),
        servicePublicKey: life.serviceKey, with: client)
      let device = life.device.id
      state.withLock { $0.sessions[device, default: 0] += 1 }
      return session
    } catch ServiceFault.refused(_, _, let body) {
      note(refusal: body)
      if Self.code(in: body) == "handshake_clock" {
        life.leadSeconds += try await serviceLead(over: now(life))
      }
      return nil
    }
  }

  /// How far the service's clock is ahead of a moment, by the `Date` of an answer.
  private func serviceLead(over moment: Instant) async throws -> Int64 {
    let (answer, _) = try await client.sendOnce("GET", "/healthz")
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.timeZone = TimeZone(secondsFromGMT: 0)
    formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
    guard let date = answer.header("date").flatMap(formatter.date) else { return 0 }
    return Int64(date.timeIntervalSince1970) - moment.seconds
  }

  /// One post; nil when nothing was heard.
  private func postOnce(_ body: [UInt8], _ headers: [(String, String)]) async throws
    -> ServiceAnswer?
  {
    guard
      let (answer, _) = try? await client.sendOnce(
        "POST", "/v1/tap-batches", headers: headers, body: body)
    else { return nil }
    if answer.status != 200 { note(refusal: answer.text) }
    return answer
  }

  private func note(refusal body: String) {
    let code = Self.code(in: body) ?? "none"
    let isMute = (Self.member("detail", in: body) ?? "").count < 10
    state.withLock { state in
      state.refusals[code, default: 0] += 1
      if isMute { state.mute.append(body) }
    }
  }

  private static func code(of answer: ServiceAnswer) -> String? { code(in: answer.text) }
  private static func code(in body: String) -> String? { member("code", in: body) }

  private static func member(_ name: String, in body: String) -> String? {
    let object = try? JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any]
    return object?[name] as? String
  }

  private static func pause() async throws {
    try await Task.sleep(for: .milliseconds(pauseMilliseconds))
  }
}
