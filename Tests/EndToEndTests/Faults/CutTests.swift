import Basics
import EventLoop
import Foundation
import Glibc
import Postgres
import Programs
import ServiceClient
import Tapping
import Testing
import Transit

/// Connections that break at every stage of a request and of its answer.
@Suite(
  .enabled(if: PrivateCluster.isPossible, "skipped: no PostgreSQL"), .serialized, .serverTurn)
struct CutTests {
  /// Bytes by which later messages may be longer than the first: numbers grow.
  private static let growthMax = 8

  /// The ways of posting share the cuts: of each way every so many-th byte is one.
  @Test func aConnectionCutAtAnyStageLosesAndDoublesNothing() async throws {
    try await KvytokService.with { service in
      let port = UInt16(try #require(URL(string: service.url)?.port))
      let start = Instant(microseconds: Int64(Date().timeIntervalSince1970 - 36_000) * 1_000_000)
      var devices: [CutDevice] = []
      for way in CutDevice.Way.allCases {
        devices.append(try await CutDevice(way, start: start, with: service.client))
      }
      let count = devices.count
      let posted = try await withThrowingTaskGroup(of: (Int, Int).self) { group in
        for (index, device) in devices.enumerated() {
          group.addTask {
            var device = device
            // How long both are, by one connection that is not cut.
            let message = device.message(0).bytes
            let answer = try #require(
              await onOwnThread { CutConnection.exchange(message, port: port) })
            #expect(answer.starts(with: Array("HTTP/1.1 200 ".utf8)), "\(device.way)")
            let cuts =
              (0...message.count + Self.growthMax).map(Cut.request)
              + (0...answer.count + Self.growthMax).map(Cut.answer)
            let own = stride(from: index, to: cuts.count, by: count).map { cuts[$0] }
            for (number, cut) in own.enumerated() {
              try await device.post(number + 1, cut, port: port, with: service.client)
            }
            return (index, own.count + 1)
          }
        }
        return try await group.reduce(into: [Int: Int]()) { $0[$1.0] = $1.1 }
      }
      #expect(posted.values.reduce(0, +) > 400, "\(posted)")
      for (index, device) in devices.enumerated() {
        let count = try #require(posted[index])
        let kept = try await device.keptSeqs(with: service.client)
        #expect(kept == Array(1...Int64(count)), "\(device.way)")
      }
    }
  }
}

/// How far a connection gets.
enum Cut: Sendable {
  /// So many bytes of the request are sent.
  case request(Int)
  /// The whole request is sent, and so many bytes of the answer are read.
  case answer(Int)

  /// How it ends, in turns: what is on its way is lost at once, or a moment later, or the end is orderly.
  var ending: Ending {
    switch self {
    case .request(let bytes), .answer(let bytes): Ending.allCases[bytes % Ending.allCases.count]
    }
  }

  enum Ending: CaseIterable {
    case lost, lostLater, orderly
  }
}

/// A device whose connections are cut, and which posts the same bytes again.
private struct CutDevice: Sendable {
  /// How it posts.
  enum Way: String, CaseIterable {
    case signed, signedPacked, session, checkpoints

    var format: BatchFormat {
      switch self {
      case .signed: .protobuf
      case .signedPacked: BatchFormat(.json, isGzipped: true)
      case .session: .json
      case .checkpoints: BatchFormat(.protobuf, isGzipped: true)
      }
    }

    var isInSession: Bool { self == .session || self == .checkpoints }
  }

  let way: Way
  private let signing: SignedDevice
  private let start: Instant
  private var online: OnlineDevice?

  /// Enrols it, and opens its session where it posts in one.
  init(_ way: Way, start: Instant, with client: ServiceClient) async throws {
    self.way = way
    self.start = start
    signing = SignedDevice(id: "C-\(way.rawValue)", secret: "cuts")
    let enrolled = try await signing.enrollment(vehicle: signing.id, with: client)
    guard way.isInSession else { return }
    let number = way == .session ? UInt8(1) : 2
    online = try await OnlineDevice(
      signing,
      OnlineDevice.Opening(
        device: signing.id, now: start.adding(seconds: 36_000),
        nonce: [UInt8](repeating: number, count: SessionLimits.nonceByteCount),
        exchangeSeed: [UInt8](repeating: number, count: ExchangeKeyPair.byteCount)),
      servicePublicKey: try #require(enrolled.servicePublicKey), with: client)
  }

  /// The next request: a batch of one tap, which is the number's, and its body.
  mutating func message(_ number: Int) -> (bytes: [UInt8], body: [UInt8]) {
    let seq = Int64(number) + 1
    let tap = Tap(
      seq: seq, at: start.adding(seconds: seq), kind: .single, medium: .card,
      token: Array("rider".utf8))
    let body = TapBatchWire.encode(
      TapBatch(
        device: signing.id, epoch: 1, sentAt: start.adding(seconds: 30_000), taps: [tap]),
      way.format)
    var headers = signing.headers(for: body, way.format)
    if var session = online {
      headers = session.headers(for: body, way.format, isCheckpoint: way == .checkpoints)
      online = session
    }
    let fields = headers.map { "\($0): \($1)\r\n" }.joined()
    let head =
      "POST /v1/tap-batches HTTP/1.1\r\nhost: localhost\r\ncontent-length: \(body.count)\r\n"
      + "\(fields)\r\n"
    return (Array(head.utf8) + body, body)
  }

  /// Posts a batch on a connection that is cut, then once more as who heard nothing.
  mutating func post(
    _ number: Int, _ cut: Cut, port: UInt16, with client: ServiceClient
  ) async throws {
    let message = message(number)
    _ = await onOwnThread { CutConnection.exchange(message.bytes, port: port, cut) }
    let answer: TapBatchAnswer
    if let online {
      answer = try await online.repeatTaps(body: message.body, way.format, with: client).answer
    } else {
      answer = try await signing.postTaps(body: message.body, way.format, with: client).answer
    }
    #expect(answer.accepted + answer.duplicates == 1, "\(way) \(cut)")
    #expect(answer.conflicts.isEmpty && answer.missing.isEmpty, "\(way) \(cut)")
    #expect(answer.ackThrough == Int64(number) + 1, "\(way) \(cut)")
  }

  /// Numbers of all taps that the service has of it, each as often as it is there.
  func keptSeqs(with client: ServiceClient) async throws -> [Int64] {
    var seqs: [Int64] = []
    while true {
      let page = try await client.auditPage(
        device: signing.id, epoch: 1, after: seqs.last ?? 0)
      let told = try AuditLine.read(page).map(\.seq)
      guard !told.isEmpty else { return seqs }
      seqs += told.sorted()
    }
  }
}

/// A connection of plain system calls.
private enum CutConnection {
  /// Sends and reads as far as the cut, then ends as it says.
  static func exchange(_ message: [UInt8], port: UInt16, _ cut: Cut) {
    guard let connection = Loopback.connect(port) else { return }
    defer { close(connection) }
    switch cut {
    case .request(let bytes):
      _ = send(connection, message, min(bytes, message.count), Int32(MSG_NOSIGNAL))
    case .answer(let bytes):
      _ = send(connection, message, message.count, Int32(MSG_NOSIGNAL))
      var answer = [UInt8](repeating: 0, count: max(bytes, 1))
      // Byte by byte up to the cut; where the answer is shorter, its end is the cut.
      var timeout = timeval(tv_sec: 0, tv_usec: 100_000)
      setsockopt(
        connection, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
      if bytes > 0 { _ = recv(connection, &answer, bytes, Int32(MSG_WAITALL)) }
    }
    if cut.ending == .orderly { return }
    if cut.ending == .lostLater { usleep(3000) }
    // Closing throws away what is on its way, as a lost network does.
    var lingering = linger(l_onoff: 1, l_linger: 0)
    setsockopt(
      connection, SOL_SOCKET, SO_LINGER, &lingering, socklen_t(MemoryLayout<linger>.size))
  }

  /// Sends all and reads the whole of one answer.
  static func exchange(_ message: [UInt8], port: UInt16) -> [UInt8] {
    guard let connection = Loopback.connect(port) else { return [] }
    defer { close(connection) }
    _ = send(connection, message, message.count, Int32(MSG_NOSIGNAL))
    var answer: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 4096)
    while !isWhole(answer) {
      let count = recv(connection, &part, part.count, 0)
      guard count > 0 else { break }
      answer += part[..<count]
    }
    return answer
  }

  /// Whether the head is there and as much of a body as it tells.
  private static func isWhole(_ answer: [UInt8]) -> Bool {
    guard let end = answer.firstRange(of: [13, 10, 13, 10]) else { return false }
    let head = String(decoding: answer[..<end.lowerBound], as: UTF8.self).lowercased()
    let length = head.split(separator: "\r\n").first { $0.hasPrefix("content-length: ") }?
      .split(separator: " ").last.flatMap { Int($0) }
    return answer.count - end.upperBound >= length ?? 0
  }
}

/// A line of the audit of taps, as an outsider reads it.
struct AuditLine: Decodable {
  let seq: Int64

  static func read(_ page: [UInt8]) throws -> [AuditLine] {
    try page.split(separator: 10).map {
      try JSONDecoder().decode(AuditLine.self, from: Data($0))
    }
  }
}
