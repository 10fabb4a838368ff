import Basics
import DatabaseSupport
import Foundation
import Glibc
import NIOCore
import NIOPosix
import Programs
import Tapping
import Testing
import Transit
import Web

/// Whoever floods the edge from one address leaves room for the others.
@Suite(
  .enabled(if: LeasedDatabase.isAvailable, "skipped: no PostgreSQL"), .timeLimit(.minutes(60)))
struct EdgeAddressTests {
  private static let flooder = "127.0.0.1"
  private static let other = "127.0.0.2"
  private static let second = "127.0.0.3"
  private static let third = "127.0.0.4"
  private static let question = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"

  private static func post(_ bytes: Int, of size: Int) -> String {
    "POST /v1/tap-batches HTTP/1.1\r\nHost: x\r\nContent-Length: \(size)\r\n\r\n"
      + String(repeating: "a", count: bytes)
  }

  @Test func anAddressHasAPartOfTheConnectionsOnly() async throws {
    var limits = TestEdge.patientLimits
    limits.connectionsMax = 4
    try await TestEdge.with(limits) { edge in
      var held: [RawConnection] = []
      for _ in 0..<3 { held.append(try await RawConnection(port: edge.port, from: Self.flooder)) }
      try await eventually { edge.server.load.connections == 3 }
      let refused = try await edge.send("", from: Self.flooder)
      #expect(
        refused.hasPrefix("HTTP/1.1 503 ") && refused.contains("retry-after: 5"), "\(refused)")
      let heard = try await edge.send(Self.question, until: "\r\n\r\n", from: Self.other)
      #expect(heard.hasPrefix("HTTP/1.1 200 "), "\(heard)")
      for connection in held { connection.close() }
      try await eventually { edge.server.load.connections == 0 }
      let later = try await edge.send(Self.question, until: "\r\n\r\n", from: Self.flooder)
      #expect(later.hasPrefix("HTTP/1.1 200 "), "\(later)")
    }
  }

  /// Each has three quarters of what those before it left.
  @Test func severalAddressesTogetherLeaveRoomForOthers() async throws {
    var limits = TestEdge.patientLimits
    limits.connectionsMax = 64
    // Who has to make room when few are left is not asked here.
    limits.strangerSecondsMin = 3600
    try await TestEdge.with(limits) { edge in
      var held: [RawConnection] = []
      defer { for connection in held { connection.close() } }
      for (address, share) in [(Self.flooder, 48), (Self.second, 12), (Self.third, 3)] {
        for _ in 0..<share { held.append(try await RawConnection(port: edge.port, from: address)) }
        let expected = held.count
        try await eventually { edge.server.load.connections == expected }
        let refused = try await edge.send("", from: address)
        #expect(refused.hasPrefix("HTTP/1.1 503 "), "\(address): \(refused)")
      }
      let heard = try await edge.send(Self.question, until: "\r\n\r\n", from: Self.other)
      #expect(heard.hasPrefix("HTTP/1.1 200 "), "\(heard)")
    }
  }

  @Test func anAddressHasAPartOfTheRequestsOnly() async throws {
    var limits = TestEdge.patientLimits
    limits.requestsMax = 4
    try await TestEdge.with(limits) { edge in
      var held: [RawConnection] = []
      for _ in 0..<3 {
        let connection = try await RawConnection(port: edge.port, from: Self.flooder)
        try await connection.write(Self.post(1, of: 10))
        held.append(connection)
      }
      try await eventually { edge.server.load.requests == 3 }
      let refused = try await edge.send(Self.question, until: "overloaded", from: Self.flooder)
      #expect(refused.hasPrefix("HTTP/1.1 503 "), "\(refused)")
      let heard = try await edge.send(Self.question, until: "\r\n\r\n", from: Self.other)
      #expect(heard.hasPrefix("HTTP/1.1 200 "), "\(heard)")
      for connection in held { connection.close() }
      try await eventually { edge.server.load.requests == 0 }
    }
  }

  @Test func anAddressHasAPartOfTheBytesOnly() async throws {
    var limits = TestEdge.patientLimits
    limits.requestBytesMax = 1300
    try await TestEdge.with(limits) { edge in
      let held = try await RawConnection(port: edge.port, from: Self.flooder)
      try await held.write(Self.post(900, of: 950))
      try await eventually { edge.server.load.bytes == 900 }
      let refused = try await edge.send(
        Self.post(0, of: 200), until: "overloaded", from: Self.flooder)
      #expect(refused.hasPrefix("HTTP/1.1 503 "), "\(refused)")
      let heard = try await edge.send(
        Self.post(200, of: 200), until: "\r\n\r\n", from: Self.other)
      #expect(heard.hasPrefix("HTTP/1.1 4") && !heard.contains("overloaded"), "\(heard)")
      held.close()
      try await eventually { edge.server.load.bytes == 0 }
    }
  }

  /// Whoever takes no answers is cut once those of one address are too many.
  @Test func anAddressHasAPartOfTheRoomForAnswersOnly() async throws {
    var limits = TestEdge.patientLimits
    limits.answerBytesMax = 1300
    try await TestEdge.with(limits) { edge in
      let deaf = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .channelOption(.autoRead, value: false)
        .connect(host: Self.flooder, port: edge.port).get()
      defer { deaf.close(promise: nil) }
      try await eventually { edge.server.load.connections == 1 }
      let request = "GET /openapi.yaml HTTP/1.1\r\nHost: x\r\n\r\n"
      try await deaf.writeAndFlush(
        ByteBuffer(string: String(repeating: request, count: 1000))
      ).get()
      for _ in 0..<15_000 where edge.server.load.connections > 0 {
        try await Task.sleep(for: .milliseconds(20))
      }
      #expect(edge.server.load.connections == 0)
    }
  }

  @Test func theLimitsFitTheFiles() {
    let house = EdgeLimits()
    let same = house.fitting(files: house.connectionsMax + EdgeLimits.filesBesideMax)
    #expect(same.connectionsMax == house.connectionsMax)
    for (files, connections) in [(4096, 3584), (1024, 512), (4, 2)] {
      #expect(house.fitting(files: files).connectionsMax == connections, "\(files)")
    }
  }

  /// More connections than fit for one address, and somebody who goes on to ask for more of them.
  @Test(.enabled(if: ManySockets.areAllowed, "skipped: too few files may be open"))
  func aFloodOfAThousandConnectionsKeepsNoDeviceOut() async throws {
    var limits = TestEdge.patientLimits
    limits.connectionsMax = 1400
    try await TestEdge.with(limits) { edge in
      let validator = try await Validator(edge.service)
      let flood = await ManySockets.open(1100, port: edge.port)
      defer { flood.close() }
      // A busy machine takes its time for so many.
      for _ in 0..<15_000 where edge.server.load.connections < 1050 {
        try await Task.sleep(for: .milliseconds(20))
      }
      #expect(edge.server.load.connections == 1050)
      let going = Task {
        while !Task.isCancelled { await ManySockets.open(50, port: edge.port).close() }
      }
      defer { going.cancel() }
      for seq in Int64(1)...20 {
        let tap = Tap(
          seq: seq, at: TestService.now.adding(seconds: -60), kind: .single, medium: .card,
          token: Array("a card".utf8))
        let body = TapBatchJSON.encode(
          TapBatch(device: validator.id, epoch: 1, sentAt: TestService.now, taps: [tap]))
        let connection = try await RawConnection(port: edge.port, from: Self.other)
        try await connection.write(
          TestEdge.request(body, device: validator.id, keys: validator.keys))
        let answer = try await connection.read(until: "}")
        #expect(answer.hasPrefix("HTTP/1.1 200 "), "\(seq): \(answer)")
        connection.close()
      }
    }
  }
}

/// Sockets by plain system calls, as many as somebody opens who wants the others locked out.
private struct ManySockets: Sendable {
  private static let filesMin = 4_000
  private let files: [Int32]

  static var areAllowed: Bool {
    var limit = rlimit()
    return getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0
      && limit.rlim_cur >= filesMin
  }

  /// Connects on a thread of its own.
  static func open(_ count: Int, port: Int) async -> ManySockets {
    await withCheckedContinuation { continuation in
      Thread.detachNewThread {
        continuation.resume(
          returning: ManySockets(
            files: (0..<count).compactMap { _ in Loopback.connect(UInt16(port)) }))
      }
    }
  }

  func close() { for file in files { Glibc.close(file) } }
}
