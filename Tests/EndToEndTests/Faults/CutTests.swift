import Basics
import EventLoop
import Foundation
import Glibc
import Postgres
import ServiceClient
import Tapping
import Testing
import Transit

/// Connections that break at every stage of a request and of its answer.
@Suite(.enabled(if: PrivateCluster.isPossible, "skipped: no PostgreSQL"), .serialized)
struct CutTests {
  /// How far a connection gets.
  enum Cut: Sendable {
    /// So many bytes of the request are sent.
    case request(bytes: Int)
    /// The whole request is sent, and so many bytes of the answer are read.
    case answer(bytes: Int)
  }

  @Test func aConnectionCutAtAnyStageLosesAndDoublesNothing() async throws {
    try await KvytokService.with { service in
      let device = SignedDevice(id: "C-1", secret: "cuts")
      _ = try await device.enroll(vehicle: "101", with: service.client)
      let port = try #require(URL(string: service.url)?.port)
      let start = Instant(microseconds: Int64(Date().timeIntervalSince1970 - 3600) * 1_000_000)
      var seq: Int64 = 1
      for cut in Self.cuts {
        let taps = (0..<3).map { number in
          Tap(
            seq: seq + number, at: start.adding(seconds: seq + number), kind: .single,
            medium: .card, token: Array("rider".utf8), riders: 1)
        }
        seq += 3
        let body = TapBatchJSON.encode(
          TapBatch(device: device.id, epoch: 1, sentAt: start.adding(seconds: 3000), taps: taps))
        let message = Self.message(body, of: device)
        _ = await onOwnThread { Self.send(message, port: UInt16(port), cut) }
        // The device heard nothing and posts again.
        let answer = try await device.postTaps(body: body, with: service.client).answer
        #expect(answer.accepted + answer.duplicates == 3, "\(cut)")
        #expect(answer.conflicts.isEmpty && answer.missing.isEmpty, "\(cut)")
        #expect(answer.ackThrough == seq - 1, "\(cut)")
      }
      let audit = try await service.client.auditPage(device: device.id, epoch: 1, after: 0)
      let told = try AuditLine.read(audit)
      #expect(told.map(\.seq).sorted() == Array(1..<seq))
    }
  }

  /// Before anything, within and at the end of the first line, the head and the body, and while the answer
  /// is read.
  static let cuts: [Cut] =
    [0, 1, 3, 5, 20, 60, 120, 200, 240, 260, 280, 300, 330, 360, 400, 500, 600, 700].map {
      .request(bytes: $0)
    } + [0, 1, 9, 12, 40, 100, 200].map { .answer(bytes: $0) }

  private static func message(_ body: [UInt8], of device: SignedDevice) -> [UInt8] {
    let fields = device.headers(for: body).map { "\($0): \($1)\r\n" }.joined()
    return Array(
      "POST /v1/tap-batches HTTP/1.1\r\nhost: localhost\r\ncontent-length: \(body.count)\r\n\(fields)\r\n"
        .utf8) + body
  }

  /// Sends and reads as far as the cut, then resets the connection.
  private static func send(_ message: [UInt8], port: UInt16, _ cut: Cut) {
    let connection = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard connection >= 0 else { return }
    defer { close(connection) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    let isOpen = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(connection, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
    guard isOpen else { return }
    // Closing throws away what is on its way, as a lost network does.
    var lingering = linger(l_onoff: 1, l_linger: 0)
    setsockopt(
      connection, SOL_SOCKET, SO_LINGER, &lingering, socklen_t(MemoryLayout<linger>.size))
    switch cut {
    case .request(let bytes):
      _ = Glibc.send(connection, message, min(bytes, message.count), Int32(MSG_NOSIGNAL))
      usleep(3000)
    case .answer(let bytes):
      _ = Glibc.send(connection, message, message.count, Int32(MSG_NOSIGNAL))
      var answer = [UInt8](repeating: 0, count: max(bytes, 1))
      if bytes > 0 { _ = recv(connection, &answer, bytes, Int32(MSG_WAITALL)) }
    }
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
