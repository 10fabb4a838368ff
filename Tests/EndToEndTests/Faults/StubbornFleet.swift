import AsyncHTTPClient
import Basics
import Foundation
import NIOCore
import NIOHTTP1
import ServiceClient
import Synchronization
import Tapping
import Transit

/// Validators that post until they are heard, whatever happens to the service in between.
///
/// They take turns in how they post: JSON with a signature each, packed protobuf with one, and protobuf
/// in a session with a signed checkpoint now and then.
/// What they recorded is the truth that a service is compared with; what was answered with 200 is
/// what it has acknowledged.
final class StubbornFleet: Sendable {
  /// Pause after a post that was not answered as it should be.
  static let pauseMilliseconds = 25
  /// Longest wait for an answer: a stalled service is asked again.
  static let answerSecondsMax: Int64 = 20
  static let epoch: Int64 = 1

  private struct State: Sendable {
    var acknowledged: [String: [Int64: Tap]] = [:]
    var unheard = 0
    var statuses: [Int: Int] = [:]
    var isToldToStop = false
    /// The sessions of those that have one, by device.
    var sessions: [String: OnlineDevice] = [:]
  }

  /// Requests of a session from one checkpoint to the next.
  private static let checkpointEach = 7

  /// A body as it is posted; a repeat is the same to the byte.
  private struct Post: Sendable {
    let body: [UInt8]
    let format: BatchFormat
    let headers: [(String, String)]
    let session: OnlineDevice?
  }

  let devices: [SignedDevice]
  private let client: HTTPClient
  private let seed: UInt64
  private let start: Instant
  private let state = Mutex(State())

  /// Makes validators whose taps follow from a seed.
  init(count: Int, seed: UInt64, start: Instant) {
    devices = (1...count).map { SignedDevice(id: "F-\($0)", secret: "faults \(seed)") }
    self.seed = seed
    self.start = start
    var configuration = HTTPClient.Configuration()
    configuration.httpVersion = .http1Only
    configuration.timeout.connect = .seconds(10)
    configuration.connectionPool.retryConnectionEstablishment = false
    client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
  }

  /// Taps that were acknowledged, by device and number.
  var acknowledged: [String: [Int64: Tap]] { state.withLock { $0.acknowledged } }
  var acknowledgedCount: Int { acknowledged.values.reduce(0) { $0 + $1.count } }
  /// Posts that found nobody, or whose answer got lost.
  var unheardCount: Int { state.withLock { $0.unheard } }
  /// Answers by status.
  var statuses: [Int: Int] { state.withLock { $0.statuses } }

  func enroll(with client: ServiceClient) async throws {
    for (number, device) in devices.enumerated() {
      let enrolled = try await device.enrollment(vehicle: device.id, with: client)
      guard number % 3 == 2, let key = enrolled.servicePublicKey else { continue }
      var chance = SeededGenerator(seed: seed &+ UInt64(number))
      let session = try await OnlineDevice(
        device,
        OnlineDevice.Opening(
          device: device.id, now: .now, nonce: Self.bytes(16, &chance),
          exchangeSeed: Self.bytes(32, &chance)),
        servicePublicKey: key, with: client)
      state.withLock { $0.sessions[device.id] = session }
    }
  }

  private static func bytes(_ count: Int, _ chance: inout SeededGenerator) -> [UInt8] {
    (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &chance) }
  }

  /// A batch as the device posts its batches.
  private func makePost(_ batch: TapBatch, of device: SignedDevice, number: Int) -> Post {
    let format = [
      BatchFormat(.json, isGzipped: false), BatchFormat(.protobuf, isGzipped: true),
      BatchFormat(.protobuf, isGzipped: false),
    ][number % 3]
    let body = TapBatchWire.encode(batch, format)
    return state.withLock { state in
      guard var session = state.sessions[device.id] else {
        return Post(
          body: body, format: format, headers: device.headers(for: body, format), session: nil)
      }
      let isCheckpoint = session.uncoveredCount >= Self.checkpointEach - 1
      let headers = session.headers(for: body, format, isCheckpoint: isCheckpoint)
      state.sessions[device.id] = session
      return Post(body: body, format: format, headers: headers, session: session)
    }
  }

  /// Posts from all validators until `disturb` has ended, and each has been heard to its last tap.
  ///
  /// Each post goes to one of the services by chance, and some go to several at the same moment.
  func post(
    to urls: [String], while disturb: @escaping @Sendable () async throws -> Void
  ) async throws {
    state.withLock { $0.isToldToStop = false }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (number, device) in devices.enumerated() {
        group.addTask { try await self.run(device, number: number, urls: urls) }
      }
      defer { state.withLock { $0.isToldToStop = true } }
      try await disturb()
      state.withLock { $0.isToldToStop = true }
      try await group.waitForAll()
    }
  }

  func close() async throws { try await client.shutdown() }

  private func run(_ device: SignedDevice, number: Int, urls: [String]) async throws {
    let known = state.withLock { Int64($0.acknowledged[device.id]?.count ?? 0) }
    var chance = SeededGenerator(seed: seed &+ UInt64(number) &* 7919 &+ UInt64(known))
    var next = known + 1
    var earlier: [Tap] = []
    while !state.withLock({ $0.isToldToStop }) {
      let fresh = (0..<Int64.random(in: 1...30, using: &chance)).map { tap(next + $0, number) }
      next += Int64(fresh.count)
      // A device that did not note what was acknowledged sends a part of it again.
      let repeated = chance.next() % 4 == 0 ? earlier.suffix(10) : []
      let taps = repeated + fresh
      let post = makePost(
        TapBatch(device: device.id, epoch: Self.epoch, sentAt: .now, taps: taps), of: device,
        number: number)
      let isTwofold = urls.count > 1 && chance.next() % 3 == 0
      try await self.post(
        post, to: isTwofold ? urls : [urls[Int(chance.next() % UInt64(urls.count))]], others: urls)
      state.withLock { state in
        for tap in taps { state.acknowledged[device.id, default: [:]][tap.seq] = tap }
      }
      earlier = fresh
    }
  }

  /// Posts one body until it was answered with 200.
  private func post(_ post: Post, to first: [String], others: [String]) async throws {
    var urls = first
    while true {
      let isHeard = await withTaskGroup(of: Bool.self) { group in
        for url in urls { group.addTask { await self.postOnce(post, to: url) } }
        return await group.reduce(false) { $0 || $1 }
      }
      if isHeard { return }
      urls = [others.randomElement() ?? first[0]]
      try await Task.sleep(for: .milliseconds(Self.pauseMilliseconds))
    }
  }

  private func postOnce(_ post: Post, to url: String) async -> Bool {
    var request = HTTPClientRequest(url: url + "/v1/tap-batches")
    request.method = .POST
    for (name, value) in post.headers { request.headers.add(name: name, value: value) }
    request.body = .bytes(ByteBuffer(bytes: post.body))
    do {
      let answer = try await client.execute(request, timeout: .seconds(Self.answerSecondsMax))
      let bytes = Array(try await answer.body.collect(upTo: 1 << 20).readableBytesView)
      state.withLock { $0.statuses[Int(answer.status.code), default: 0] += 1 }
      // Who has a session believes the service only.
      let isBelieved =
        post.session?.isGood(
          answer: bytes, status: Int(answer.status.code),
          code: answer.headers.first(name: SessionHeaders.Name.mac)) ?? true
      return answer.status == .ok && isBelieved
        && (try? TapBatchAnswer.decode(bytes, post.format.encoding)) != nil
    } catch {
      state.withLock { $0.unheard += 1 }
      return false
    }
  }

  private func tap(_ seq: Int64, _ device: Int) -> Tap {
    var chance = SeededGenerator(seed: seed &+ UInt64(device) << 32 &+ UInt64(seq))
    return Tap(
      seq: seq, at: start.adding(seconds: seq), kind: .single, medium: .card,
      token: Array("rider \(chance.next() % 200)".utf8), riders: 1 + Int(chance.next() % 2),
      route: "\(1 + chance.next() % 5)", direction: Int(chance.next() % 2))
  }
}

extension Instant {
  /// The moment on the clock of this machine.
  fileprivate static var now: Instant {
    Instant(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
  }
}
