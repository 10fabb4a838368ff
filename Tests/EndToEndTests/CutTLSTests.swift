import Basics
import Foundation
import Glibc
import NIOSSL
import Postgres
import Programs
import ServiceClient
import Synchronization
import Tapping
import Testing
import Transit

/// Batches over TLS, by which a fleet posts, and connections that break in the middle of them.
@Suite(
  .enabled(if: PrivateCluster.isPossible, "skipped: no PostgreSQL"), .serialized, .serverTurn)
struct CutTLSTests {
  /// Bytes after which the way to the service is cut: amid the hello, the handshake, a request, an answer.
  private static let cuts: [CuttingWay.Cut] =
    [1, 200, 400, 700, 900, 1100, 1300].map { CuttingWay.Cut(sentBytes: $0, readBytes: .max) }
    + [1, 500, 1200, 1500, 1800, 2000].map { CuttingWay.Cut(sentBytes: .max, readBytes: $0) }

  @Test func aBatchOverTLSIsKeptOnceWhereverTheConnectionIsCut() async throws {
    let folder = try TemporaryFolder.make("certificates")
    let data = try await KvytokService.preparedData()
    defer { for place in [folder, data] { try? FileManager.default.removeItem(at: place) } }
    let made = try await Command.run(["certificate", "make", "--out", folder.path])
    #expect(made.exitCode == 0, "\(made.errors)")
    let file = { (name: String) in folder.appendingPathComponent(name).path }
    let service = try await KvytokService(
      data: data,
      arguments: ["--tls-certificate", file("server.pem"), "--tls-key", file("server-key.pem")])
    var tls = TLSConfiguration.makeClientConfiguration()
    tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(file("ca.pem")))
    let client = ServiceClient(base: service.url, adminToken: service.adminToken, tls: tls)
    do {
      let kept = try await post(to: service, by: client, tls)
      #expect(kept == Array(1...Int64(Self.cuts.count + 1)))
    } catch {
      try await client.close()
      throw error
    }
    try await client.close()
    #expect(try await service.stop().exitCode == 0)
  }

  /// Posts a batch for each cut, and again as who heard nothing; the numbers that the service has then.
  private func post(
    to service: KvytokService, by client: ServiceClient, _ tls: TLSConfiguration
  ) async throws -> [Int64] {
    let port = UInt16(try #require(URL(string: service.url)?.port))
    let device = SignedDevice(id: "C-tls", secret: "cuts")
    _ = try await device.enrollment(vehicle: device.id, with: client)
    let now = Instant(microseconds: Int64(Date().timeIntervalSince1970) * 1_000_000)
    var brokenCount = 0
    for (index, cut) in ([nil] + Self.cuts.map(Optional.some)).enumerated() {
      let seq = Int64(index) + 1
      let tap = Tap(
        seq: seq, at: now.adding(seconds: seq - 3600), kind: .single, medium: .card,
        token: Array("rider".utf8))
      let body = TapBatchWire.encode(
        TapBatch(device: device.id, epoch: 1, sentAt: now, taps: [tap]), .protobuf)
      if let cut {
        let way = try CuttingWay(to: port, cut)
        let cutClient = ServiceClient(
          base: "https://localhost:\(way.port)", adminToken: nil, attemptsMax: 1, tls: tls)
        let answer = try? await cutClient.sendOnce(
          "POST", "/v1/tap-batches", headers: device.headers(for: body, .protobuf), body: body)
        if answer == nil { brokenCount += 1 }
        try await cutClient.close()
        way.end()
      }
      let answer = try await device.postTaps(body: body, .protobuf, with: client).answer
      #expect(answer.accepted + answer.duplicates == 1, "\(String(describing: cut))")
      #expect(answer.conflicts.isEmpty && answer.missing.isEmpty && answer.ackThrough == seq)
    }
    // A cut beyond the end of a message cuts nothing; most are within.
    #expect(brokenCount >= Self.cuts.count / 2, "\(brokenCount) of \(Self.cuts.count)")
    let page = try await client.auditPage(device: device.id, epoch: 1, after: 0)
    return try AuditLine.read(page).map(\.seq).sorted()
  }
}

/// A way to a service for one connection, which is cut after so many bytes.
private final class CuttingWay: Sendable {
  struct Cut: Sendable {
    let sentBytes: Int
    let readBytes: Int
  }

  /// Where it listens, on the loopback.
  let port: UInt16
  private let listener: Int32

  init(to target: UInt16, _ cut: Cut) throws {
    let door = try #require(Loopback.listen(waitingMax: 4))
    listener = door.file
    port = door.port
    let thread = Thread { Self.carry(door.file, to: target, cut) }
    thread.start()
  }

  /// Lets nobody in any more.
  func end() { shutdown(listener, Int32(SHUT_RDWR)) }

  /// Carries bytes of each connection until the cut, or until a side ends.
  private static func carry(_ listener: Int32, to target: UInt16, _ cut: Cut) {
    defer { close(listener) }
    while true {
      let near = accept(listener, nil, nil)
      guard near >= 0 else { return }
      if let far = Loopback.connect(target) {
        carry(near, far, cut)
        close(far)
      }
      close(near)
    }
  }

  private static func carry(_ near: Int32, _ far: Int32, _ cut: Cut) {
    var rooms = [cut.sentBytes, cut.readBytes]
    var buffer = [UInt8](repeating: 0, count: 4096)
    var ends = [near, far].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    while rooms.allSatisfy({ $0 > 0 }) {
      guard poll(&ends, 2, 60_000) > 0 else { return }
      for side in 0..<2 where ends[side].revents != 0 {
        let count = recv(ends[side].fd, &buffer, min(buffer.count, rooms[side]), 0)
        guard count > 0, send(ends[1 - side].fd, buffer, count, Int32(MSG_NOSIGNAL)) == count else {
          return
        }
        rooms[side] -= count
      }
    }
  }
}
