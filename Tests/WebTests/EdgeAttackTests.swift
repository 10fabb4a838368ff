import Basics
import DatabaseSupport
import Intake
import Logging
import NIOCore
import NIOPosix
import Postgres
import Store
import Tapping
import Testing
import Transit
import Web

/// What somebody tries who wants the others locked out, or memory used up, and may not post anything.
@Suite(
  .enabled(if: LeasedDatabase.isAvailable, "skipped: no PostgreSQL"), .timeLimit(.minutes(60)))
struct EdgeAttackTests {
  private static func good(_ validator: Validator) -> [UInt8] {
    let tap = Tap(
      seq: 1, at: TestService.now.adding(seconds: -60), kind: .single, medium: .card,
      token: Array("a card".utf8))
    let body = TapBatchJSON.encode(
      TapBatch(device: validator.id, epoch: 1, sentAt: TestService.now, taps: [tap]))
    return TestEdge.request(body, device: validator.id, keys: validator.keys)
  }

  private static func promise(_ bytes: Int, to path: String, token: String? = nil) -> String {
    let bearer = token.map { "Authorization: Bearer \($0)\r\n" } ?? ""
    return "POST \(path) HTTP/1.1\r\nHost: x\r\n\(bearer)Content-Length: \(bytes)\r\n\r\n"
  }

  @Test func bodiesThatAreOnlyPromisedTakeNoRoomFromOthers() async throws {
    try await TestEdge.with { edge in
      let validator = try await Validator(edge.service)
      let token = try await edge.service.token(.admin)
      var held: [RawConnection] = []
      for (bytes, path) in [(60 << 20, "/v1/network"), (1 << 20, "/v1/tap-batches")] {
        for _ in 0..<100 {
          let connection = try await RawConnection(port: edge.port)
          try await connection.write(Self.promise(bytes, to: path, token: token))
          held.append(connection)
        }
      }
      try await eventually { edge.server.load.requests == 200 }
      #expect(edge.server.load.bytes == 0)
      let connection = try await RawConnection(port: edge.port)
      try await connection.write(Self.good(validator))
      let answer = try await connection.read(until: "}")
      #expect(answer.hasPrefix("HTTP/1.1 200 "), "\(answer)")
      for connection in held { connection.close() }
      try await eventually { edge.server.load.requests == 0 }
    }
  }

  @Test func largeBodiesLeaveRoomForTheOthers() async throws {
    var limits = TestEdge.patientLimits
    limits.requestBytesMax = 3800
    limits.largeRequestBytesMax = 2000
    try await TestEdge.with(limits) { edge in
      let validator = try await Validator(edge.service)
      let token = try await edge.service.token(.admin)
      let filled = try await RawConnection(port: edge.port)
      try await filled.write(
        Self.promise(2000, to: "/v1/network", token: token)
          + String(repeating: "a", count: 1900))
      try await eventually { edge.server.load.bytes == 1900 }
      let refused = try await edge.send(
        Self.promise(200, to: "/v1/network", token: token), until: "overloaded")
      #expect(refused.hasPrefix("HTTP/1.1 503 "), "\(refused)")
      let connection = try await RawConnection(port: edge.port)
      try await connection.write(Self.good(validator))
      let answer = try await connection.read(until: "}")
      #expect(answer.hasPrefix("HTTP/1.1 200 "), "\(answer)")
      filled.close()
      try await eventually { edge.server.load.bytes == 0 }
    }
  }

  /// The room of large bodies is for those who may send one: a stranger is told at the head.
  @Test func aStrangersLargeBodyTakesNoRoomAtAll() async throws {
    var limits = TestEdge.patientLimits
    limits.largeRequestBytesMax = 2000
    try await TestEdge.with(limits) { edge in
      let planner = try await edge.service.token(.planner)
      for (token, status) in [(nil, "401 "), ("nobodys", "401 "), (planner, "403 ")] {
        let stranger = try await RawConnection(port: edge.port)
        defer { stranger.close() }
        // The head alone, and together with what it promises.
        for body in ["", String(repeating: "a", count: 1900)] {
          let answer = try await edge.send(
            Self.promise(2000, to: "/v1/network", token: token) + body, until: "}")
          #expect(answer.hasPrefix("HTTP/1.1 \(status)"), "\(answer)")
        }
      }
      // What came with a head counted while its sender was looked up, and no longer.
      try await eventually { edge.server.load.requests == 0 && edge.server.load.bytes == 0 }
      // Who may is told to go on before it sends, and its body is taken whole.
      let admin = try await edge.service.token(.admin)
      let sender = try await RawConnection(port: edge.port)
      let head = Self.promise(2000, to: "/v1/network", token: admin)
        .replacing(
          "\r\n\r\n", with: "\r\nContent-Type: application/zip\r\nExpect: 100-continue\r\n\r\n")
      try await sender.write(head)
      let go = try await sender.read(until: "\r\n\r\n")
      #expect(go.hasPrefix("HTTP/1.1 100 "), "\(go)")
      try await sender.write(String(repeating: "a", count: 2000))
      let answer = try await sender.read(until: "}")
      #expect(answer.contains("HTTP/1.1 4") && answer.contains("zip"), "\(answer)")
    }
  }

  /// Bytes that came fast are no licence to hold their memory: 100 seconds of the slowest pace come, then
  /// nothing more.
  @Test func aBodyThatFallsSilentIsCutHoweverMuchCameBefore() async throws {
    var limits = TestEdge.patientLimits
    limits.bodySecondsMax = 1
    limits.bodyBytesPerSecondMin = 1 << 10
    try await TestEdge.with(limits) { edge in
      let answer = try await edge.send(
        Self.promise(200 << 10, to: "/v1/tap-batches") + String(repeating: "a", count: 100 << 10))
      #expect(answer.hasPrefix("HTTP/1.1 408 "), "\(answer)")
      #expect(edge.server.load.bytes == 0)
    }
  }

  /// Held for as long as those before them take, in many times the memory that they came in.
  @Test func requestsThatArePiledUpBehindAnotherAreBounded() async throws {
    var limits = TestEdge.patientLimits
    limits.requestBytesMax = 8000
    try await TestEdge.with(limits) { edge in
      let question = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
      let few =
        String(repeating: question, count: 2)
        + "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
      let heard = try await edge.send(few)
      #expect(heard.split(separator: "HTTP/1.1 200 ").count == 3, "\(heard)")
      // Fewer bytes than are read at once.
      let answer = try await edge.send(String(repeating: question, count: 50))
      let states = answer.split(separator: "HTTP/1.1 ").map { String($0.prefix(3)) }
      #expect(states == ["200", "503"], "\(answer)")
      #expect(answer.lowercased().contains("retry-after: 2\r\n"), "\(answer)")
      try await eventually { edge.server.load.connections == 0 }
      #expect(edge.server.load.bytes == 0)
    }
  }

  private static func chunked(_ token: String, count: Int) -> String {
    "POST /v1/network HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(token)\r\n"
      + "Transfer-Encoding: chunked\r\n\r\n" + String(repeating: "1\r\na\r\n", count: count)
  }

  /// While a sender is looked up, what comes behind the head is held, by strangers in the smallest pieces.
  @Test func whatComesWhileTheEdgeAsksWhoSendsIsBounded() async throws {
    let weight = EdgeLimits().earlyBytesWeight
    var limits = TestEdge.patientLimits
    limits.requestBytesMax = 2000 * weight
    try await TestEdge.with(limits) { edge in
      let token = try await edge.service.token(.admin)
      let stranger = try await RawConnection(port: edge.port)
      let flooder = try await RawConnection(port: edge.port)
      let sender = try await RawConnection(port: edge.port)
      defer { for connection in [stranger, flooder, sender] { connection.close() } }
      try await edge.service.pool.transaction { db in
        // Nobody is found until it ends.
        _ = try await db.execute("lock table access_token in access exclusive mode")
        try await stranger.write(Self.chunked("nobodys", count: 20))
        try await eventually { edge.server.load.bytes >= 20 * 6 * weight }
        let held = edge.server.load.bytes
        #expect(held <= Self.chunked("nobodys", count: 20).utf8.count * weight)
        // As much as is read at once, and too much to hold in such pieces; a body in one piece is not.
        try await flooder.write(Self.chunked(token, count: 300))
        try await eventually { edge.server.load.requests == 2 }
        try await sender.write(
          Self.promise(1500, to: "/v1/network", token: token)
            .replacing("\r\n\r\n", with: "\r\nContent-Type: application/zip\r\n\r\n")
            + String(repeating: "a", count: 1500))
        try await eventually {
          edge.server.load.requests == 3 && edge.server.load.bytes >= held + 1500
        }
      }
      let unknown = try await stranger.read(until: "}")
      #expect(unknown.hasPrefix("HTTP/1.1 401 "), "\(unknown)")
      let refused = try await flooder.read()
      #expect(refused.hasPrefix("HTTP/1.1 503 ") && refused.contains("overloaded"), "\(refused)")
      #expect(refused.split(separator: "HTTP/1.1 ").count == 1, "\(refused)")
      let taken = try await sender.read(until: "}")
      #expect(taken.hasPrefix("HTTP/1.1 4") && taken.contains("zip"), "\(taken)")
      try await eventually { edge.server.load.requests == 0 }
      #expect(edge.server.load.bytes == 0)
    }
  }

  /// A connection that asks and asks, and takes no answer, is cut once there is no room for its answers.
  @Test func answersThatNobodyTakesAreBounded() async throws {
    var limits = TestEdge.patientLimits
    limits.answerBytesMax = 1000
    try await TestEdge.with(limits) { edge in
      let deaf = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .channelOption(.autoRead, value: false)
        .connect(host: "127.0.0.1", port: edge.port).get()
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
}
