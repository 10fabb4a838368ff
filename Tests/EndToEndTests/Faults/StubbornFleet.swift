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
/// What they recorded is the truth that a service is compared with; what was answered with 200 is
/// what it has acknowledged.
final class StubbornFleet: Sendable {
  /// Pause after a post that was not answered as it should be.
  static let pauseMilliseconds = 25
  /// Longest wait for an answer: a stalled service is asked again.
  static let answerSecondsMax: Int64 = 5
  static let epoch: Int64 = 1

  private struct State: Sendable {
    var acknowledged: [String: [Int64: Tap]] = [:]
    var unheard = 0
    var statuses: [Int: Int] = [:]
    var isToldToStop = false
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
    configuration.timeout.connect = .seconds(1)
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
    for device in devices { _ = try await device.enroll(vehicle: device.id, with: client) }
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
      let body = TapBatchJSON.encode(
        TapBatch(device: device.id, epoch: Self.epoch, sentAt: .now, taps: taps))
      let isTwofold = urls.count > 1 && chance.next() % 3 == 0
      try await self.post(
        body, of: device, to: isTwofold ? urls : [urls[Int(chance.next() % UInt64(urls.count))]],
        others: urls)
      state.withLock { state in
        for tap in taps { state.acknowledged[device.id, default: [:]][tap.seq] = tap }
      }
      earlier = fresh
    }
  }

  /// Posts one body until it was answered with 200.
  private func post(
    _ body: [UInt8], of device: SignedDevice, to first: [String], others: [String]
  ) async throws {
    var urls = first
    while true {
      let isHeard = await withTaskGroup(of: Bool.self) { group in
        for url in urls { group.addTask { await self.postOnce(body, of: device, to: url) } }
        return await group.reduce(false) { $0 || $1 }
      }
      if isHeard { return }
      urls = [others.randomElement() ?? first[0]]
      try await Task.sleep(for: .milliseconds(Self.pauseMilliseconds))
    }
  }

  private func postOnce(_ body: [UInt8], of device: SignedDevice, to url: String) async -> Bool {
    var request = HTTPClientRequest(url: url + "/v1/tap-batches")
    request.method = .POST
    for (name, value) in device.headers(for: body) { request.headers.add(name: name, value: value) }
    request.body = .bytes(ByteBuffer(bytes: body))
    do {
      let answer = try await client.execute(request, timeout: .seconds(Self.answerSecondsMax))
      let bytes = Array(try await answer.body.collect(upTo: 1 << 20).readableBytesView)
      state.withLock { $0.statuses[Int(answer.status.code), default: 0] += 1 }
      return answer.status == .ok && (try? TapBatchAnswer.decode(bytes)) != nil
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
