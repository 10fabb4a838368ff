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

/// Connections that break at every byte of a request and of its answer.
@Suite(
  .enabled(if: PrivateCluster.isPossible, "skipped: no PostgreSQL"), .serialized, .serverTurn)
struct CutTests {
  /// Devices that post side by side, each with its share of the cuts.
  private static let devicesCount = 4

  @Test func aConnectionCutAtAnyByteLosesAndDoublesNothing() async throws {
    try await KvytokService.with { service in
      let port = UInt16(try #require(URL(string: service.url)?.port))
      let start = Instant(microseconds: Int64(Date().timeIntervalSince1970 - 36_000) * 1_000_000)
      let devices = (1...Self.devicesCount).map {
        CutDevice(signing: SignedDevice(id: "C-\($0)", secret: "cuts"), start: start)
      }
      for device in devices {
        _ = try await device.signing.enroll(vehicle: device.signing.id, with: service.client)
      }
      // How long both are, the answer by one connection that is not cut.
      let message = devices[0].message(0).bytes
      let answer = try #require(
        await onOwnThread { CutConnection.exchange(message, port: port) })
      #expect(answer.starts(with: Array("HTTP/1.1 200 ".utf8)))
      // Numbers grow, and so do a few lines by a digit or two.
      let cuts =
        (0...message.count + 4).map(Cut.request) + (0...answer.count + 4).map(Cut.answer)
      #expect(cuts.count > 400, "\(message.count) and \(answer.count) bytes")
      let posted = try await withThrowingTaskGroup(of: (Int, Int).self) { group in
        for (index, device) in devices.enumerated() {
          let own = stride(from: index, to: cuts.count, by: devices.count).map { cuts[$0] }
          // The first of all devices posted once already.
          let first = index == 0 ? 1 : 0
          group.addTask {
            for (number, cut) in own.enumerated() {
              try await device.post(first + number, cut, port: port, with: service.client)
            }
            return (index, first + own.count)
          }
        }
        return try await group.reduce(into: [Int: Int]()) { $0[$1.0] = $1.1 }
      }
      for (index, device) in devices.enumerated() {
        let count = try #require(posted[index])
        let kept = try await device.keptSeqs(with: service.client)
        #expect(kept == Array(1...Int64(count)), "\(device.signing.id)")
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
  let signing: SignedDevice
  let start: Instant

  /// The request of a batch of one tap, which is the number's, and its body.
  func message(_ number: Int) -> (bytes: [UInt8], body: [UInt8]) {
    let seq = Int64(number) + 1
    let tap = Tap(
      seq: seq, at: start.adding(seconds: seq), kind: .single, medium: .card,
      token: Array("rider".utf8))
    let body = TapBatchWire.encode(
      TapBatch(
        device: signing.id, epoch: 1, sentAt: start.adding(seconds: 30_000), taps: [tap]),
      .protobuf)
    let fields = signing.headers(for: body, .protobuf).map { "\($0): \($1)\r\n" }.joined()
    let head =
      "POST /v1/tap-batches HTTP/1.1\r\nhost: localhost\r\ncontent-length: \(body.count)\r\n"
      + "\(fields)\r\n"
    return (Array(head.utf8) + body, body)
  }

  /// Posts a batch on a connection that is cut, then once more as who heard nothing.
  func post(_ number: Int, _ cut: Cut, port: UInt16, with client: ServiceClient) async throws {
    let message = message(number)
    _ = await onOwnThread { CutConnection.exchange(message.bytes, port: port, cut) }
    let answer = try await signing.postTaps(body: message.body, .protobuf, with: client).answer
    #expect(answer.accepted + answer.duplicates == 1, "\(cut)")
    #expect(answer.conflicts.isEmpty && answer.missing.isEmpty, "\(cut)")
    #expect(answer.ackThrough == Int64(number) + 1, "\(cut)")
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
    guard let connection = open(port) else { return }
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
    guard let connection = open(port) else { return [] }
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

  private static func open(_ port: UInt16) -> Int32? {
    let connection = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard connection >= 0 else { return nil }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    let isOpen = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(connection, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
    guard isOpen else {
      close(connection)
      return nil
    }
    return connection
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
