import Basics
import DatabaseSupport
import Store
import Tapping
import Testing
import Transit
import Web

@Suite(.enabled(if: LeasedDatabase.isAvailable, "skipped: no PostgreSQL"))
struct EdgeTests {
  private static func taps(_ seqs: ClosedRange<Int64>) -> [Tap] {
    seqs.map {
      Tap(
        seq: $0, at: TestService.now.adding(seconds: -60), kind: .single, medium: .card,
        token: Array("a card".utf8))
    }
  }

  private static func batch(_ seqs: ClosedRange<Int64>) -> TapBatch {
    TapBatch(device: "V-1", epoch: 1, sentAt: TestService.now, taps: taps(seqs))
  }

  @Test func batchesOfEveryFormatAreTakenOverOneConnection() async throws {
    try await TestEdge.with { edge in
      let validator = try await Validator(edge.service)
      let connection = try await RawConnection(port: edge.port)
      var first: Int64 = 1
      for format in BatchFormat.allCases {
        let body = TapBatchWire.encode(Self.batch(first...first + 2), format)
        try await connection.write(
          TestEdge.request(body, device: "V-1", keys: validator.keys, format: format))
        let answer = try await connection.read(until: format.encoding == .json ? "}" : "\r\n\r\n")
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"), "\(format.rawValue): \(answer)")
        #expect(answer.contains("content-type: \(format.encoding.mediaType)\r\n"))
        if format.encoding == .json { #expect(answer.contains(#""accepted":3"#), "\(answer)") }
        first += 3
      }
      connection.close()
      let registers = try await edge.service.store.read { db in
        try await db.devices.registers(of: ["V-1"])
      }
      #expect(registers.map(\.seen) == [[1..<first]])
    }
  }

  @Test func requestsSentTogetherAreAnsweredInTheirOrder() async throws {
    try await TestEdge.with { edge in
      let validator = try await Validator(edge.service)
      var bytes = Array("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n".utf8)
      bytes += TestEdge.request(
        TapBatchJSON.encode(Self.batch(1...2)), device: "V-1", keys: validator.keys)
      bytes += Array("GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".utf8)
      let connection = try await RawConnection(port: edge.port)
      try await connection.write(bytes)
      let answer = try await connection.read()
      let states = answer.split(separator: "HTTP/1.1 ").map { $0.prefix(3) }
      #expect(states == ["200", "200", "404"], "\(answer)")
      #expect(answer.contains(#""accepted":2"#))
      #expect(answer.contains("connection: close\r\n"))
    }
  }

  @Test func whatIsNoRequestIsRefusedAndTheConnectionEnds() async throws {
    try await TestEdge.with { edge in
      let bad = [
        ("rubbish\r\n\r\n", "400"), ("GET / HTTP/9.9\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nbad header\r\n\r\n", "400"),
        ("POST /v1/tap-batches HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "400"),
        (
          "POST /v1/tap-batches HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
          "400"
        ),
        ("GET / HTTP/1.1\r\nx: \(String(repeating: "a", count: 20_000))\r\n\r\n", "431"),
        (
          "GET / HTTP/1.1\r\n" + (1...100).map { "x-\($0): 1\r\n" }.joined() + "\r\n", "431"
        ),
      ]
      for (text, status) in bad {
        let answer = try await edge.send(text)
        #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(text.prefix(60)): \(answer)")
      }
    }
  }

  @Test func whatIsNoRequestCostsNoAnswerOfThoseBeforeIt() async throws {
    try await TestEdge.with { edge in
      let good = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
      for (text, wanted) in [
        (good + "rubbish\r\n\r\n", ["200", "400"]),
        (good + good + "GET / HTTP/9.9\r\n\r\n", ["200", "200", "400"]),
        ("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\nrubbish", ["200"]),
      ] {
        let connection = try await RawConnection(port: edge.port)
        try await connection.write(text)
        let answer = try await connection.read()
        let states = answer.split(separator: "HTTP/1.1 ").map { String($0.prefix(3)) }
        #expect(states == wanted, "\(text): \(answer)")
      }
    }
  }

  /// It is more than is read at once, and still being read when the request before it is under way.
  @Test func muchThatIsNoRequestCostsNoAnswerEither() async throws {
    try await TestEdge.with { edge in
      let good = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
      let answer = try await edge.send(
        good + "rubbish\r\n\r\n" + String(repeating: "x", count: 6000))
      let states = answer.split(separator: "HTTP/1.1 ").map { String($0.prefix(3)) }
      #expect(states == ["200", "400"], "\(answer)")
    }
  }

  @Test func aBodyPastItsLimitIsRefusedToldOrNot() async throws {
    try await TestEdge.with { edge in
      let told = try await edge.send(
        "POST /v1/tap-batches HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\nabc",
        until: "\r\n\r\n")
      #expect(told.hasPrefix("HTTP/1.1 413 ") && told.contains("connection: close"), "\(told)")
      let connection = try await RawConnection(port: edge.port)
      try await connection.write(
        "POST /v1/tap-batches HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
      let chunk = "10000\r\n" + String(repeating: "a", count: 0x10000) + "\r\n"
      for _ in 0..<20 { try? await connection.write(chunk) }
      let untold = try await connection.read(until: "\r\n\r\n")
      #expect(untold.hasPrefix("HTTP/1.1 413 "), "\(untold)")
    }
  }

  @Test func whatFollowsARefusalIsNotAnsweredOnceMore() async throws {
    try await TestEdge.with { edge in
      let tooLarge = String(repeating: "a", count: 0x2000)
      let answer = try await edge.send(
        "POST /nothing HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
          + "2000\r\n\(tooLarge)\r\nno number of a chunk\r\n")
      #expect(answer.hasPrefix("HTTP/1.1 413 "), "\(answer)")
      #expect(answer.split(separator: "HTTP/1.1 ").count == 1, "\(answer)")
    }
  }

  @Test func aPackedBodyThatGrowsPastTheLimitIsRefused() async throws {
    try await TestEdge.with { edge in
      let validator = try await Validator(edge.service)
      let bomb = Gzip.pack([UInt8](repeating: 0x20, count: 64 << 20))
      #expect(bomb.count < BodyRule.bytesMax)
      let connection = try await RawConnection(port: edge.port)
      try await connection.write(
        TestEdge.request(
          bomb, device: "V-1", keys: validator.keys, format: BatchFormat(.json, isGzipped: true)))
      let answer = try await connection.read(until: "}")
      #expect(answer.hasPrefix("HTTP/1.1 413 "), "\(answer)")
    }
  }

  @Test func pastItsRoomItSaysSoBeforeABodyIsRead() async throws {
    var limits = TestEdge.patientLimits
    limits.requestBytesMax = 1300
    try await TestEdge.with(limits) { edge in
      let first = try await RawConnection(port: edge.port)
      try await first.write(
        "POST /v1/tap-batches HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n"
          + String(repeating: "a", count: 850))
      try await eventually { edge.server.load.bytes == 850 }
      let refused = try await edge.send(
        "POST /v1/tap-batches HTTP/1.1\r\nHost: x\r\nContent-Length: 200\r\n\r\n",
        until: "\r\n\r\n")
      #expect(refused.hasPrefix("HTTP/1.1 503 "), "\(refused)")
      #expect(refused.lowercased().contains("retry-after: 2\r\n"))
      first.close()
      try await eventually { edge.server.load.bytes == 0 && edge.server.load.requests == 0 }
    }
  }

  @Test func requestsPiledUpBehindAnotherAreRefusedOneByOne() async throws {
    var limits = TestEdge.patientLimits
    limits.requestBytesMax = 8
    // So that they are let in, and find no room for their bodies.
    limits.earlyBytesWeight = 0
    try await TestEdge.with(limits) { edge in
      let refused = "POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n123456789"
      let count = 400
      let answer = try await edge.send(
        "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" + String(repeating: refused, count: count)
          + "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
      let states = answer.split(separator: "HTTP/1.1 ").map { String($0.prefix(3)) }
      #expect(states.count == count + 2, "\(states.count)")
      #expect(states.first == "200" && states.last == "200", "\(answer.suffix(300))")
      #expect(states.dropFirst().dropLast().allSatisfy { $0 == "503" })
      try await eventually { edge.server.load.connections == 0 }
    }
  }

  @Test func requestsAtOnceAreBoundedToo() async throws {
    var limits = TestEdge.patientLimits
    limits.requestsMax = 1
    try await TestEdge.with(limits) { edge in
      let first = try await RawConnection(port: edge.port)
      try await first.write(
        "POST /v1/tap-batches HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")
      try await eventually { edge.server.load.requests == 1 }
      let refused = try await edge.send(
        "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", until: "overloaded")
      #expect(refused.hasPrefix("HTTP/1.1 503 "), "\(refused)")
      first.close()
      try await eventually { edge.server.load.requests == 0 }
      let heard = try await edge.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", until: "\r\n\r\n")
      #expect(heard.hasPrefix("HTTP/1.1 200 "), "\(heard)")
    }
  }

  @Test func slowHeadsAreCut() async throws {
    var limits = TestEdge.patientLimits
    limits.headSecondsMax = 1
    try await TestEdge.with(limits) { edge in
      // Time runs from the connection on: whoever is cut before his first byte is in is told nothing.
      var head = ""
      for _ in 0..<20 where head.isEmpty {
        head = try await edge.send("POST /v1/tap-batches HTT")
      }
      #expect(head.hasPrefix("HTTP/1.1 408 "), "\(head)")
    }
  }

  @Test func slowBodiesAreCut() async throws {
    var limits = TestEdge.patientLimits
    limits.bodySecondsMax = 1
    try await TestEdge.with(limits) { edge in
      let body = try await edge.send(
        "POST /v1/tap-batches HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc")
      #expect(body.hasPrefix("HTTP/1.1 408 "), "\(body)")
    }
  }

  /// Nothing at all, and nothing after an answer: no word, only the end.
  @Test func silenceIsCut() async throws {
    var silentLimits = TestEdge.patientLimits
    silentLimits.headSecondsMax = 1
    try await TestEdge.with(silentLimits) { edge in
      let silent = try await edge.send("")
      #expect(silent == "")
    }
    // Counts from the answer on, so that no request is too late for it.
    var idleLimits = TestEdge.patientLimits
    idleLimits.idleSecondsMax = 1
    try await TestEdge.with(idleLimits) { edge in
      let idle = try await edge.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(idle.hasPrefix("HTTP/1.1 200 "), "\(idle)")
      #expect(idle.split(separator: "HTTP/1.1 ").count == 1, "\(idle)")
    }
  }

  @Test func connectionsPastTheLimitAreTurnedAway() async throws {
    var limits = TestEdge.patientLimits
    limits.connectionsMax = 2
    try await TestEdge.with(limits) { edge in
      let held = [
        try await RawConnection(port: edge.port, from: "127.0.0.2"),
        try await RawConnection(port: edge.port, from: "127.0.0.3"),
      ]
      try await eventually { edge.server.load.connections == 2 }
      let third = try await edge.send("")
      #expect(third.hasPrefix("HTTP/1.1 503 "), "\(third)")
      for connection in held { connection.close() }
      try await eventually { edge.server.load.connections == 0 }
      let later = try await edge.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", until: "\r\n\r\n")
      #expect(later.hasPrefix("HTTP/1.1 200 "), "\(later)")
    }
  }

  @Test func aServiceThatStopsAnswersWhatIsUnderWay() async throws {
    try await TestEdge.with { edge in
      let validator = try await Validator(edge.service)
      let request = TestEdge.request(
        TapBatchJSON.encode(Self.batch(1...2)), device: "V-1", keys: validator.keys)
      let idle = try await RawConnection(port: edge.port)
      let busy = try await RawConnection(port: edge.port)
      try await busy.write(Array(request.dropLast(5)))
      try await eventually { edge.server.load.requests == 1 }
      edge.server.drain()
      #expect(try await idle.read() == "")
      try await busy.write(Array(request.suffix(5)))
      let answer = try await busy.read()
      #expect(
        answer.hasPrefix("HTTP/1.1 200 ") && answer.contains("connection: close"), "\(answer)")
    }
  }
}

/// Waits until something holds; five minutes at most, for the machine may be busy.
func eventually(_ holds: @Sendable () -> Bool) async throws {
  for _ in 0..<15_000 {
    if holds() { return }
    try await Task.sleep(for: .milliseconds(20))
  }
  #expect(holds(), "it did not come about in time")
}
