import Basics
import DatabaseSupport
import Intake
import NIOCore
import Tapping
import Testing
import Transit
import Web

/// Who makes room when the edge is nearly full, and who is counted behind a proxy.
@Suite(
  .enabled(if: LeasedDatabase.isAvailable, "skipped: no PostgreSQL"), .timeLimit(.minutes(60)))
struct EdgeStrangerTests {
  private static let question = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"

  private static func batch(_ seq: Int64, from validator: Validator) -> [UInt8] {
    let tap = Tap(
      seq: seq, at: TestService.now.adding(seconds: -60), kind: .single, medium: .card,
      token: Array("a card".utf8))
    return TestEdge.request(
      TapBatchJSON.encode(
        TapBatch(device: validator.id, epoch: 1, sentAt: TestService.now, taps: [tap])),
      device: validator.id, keys: validator.keys)
  }

  /// Few connections, which strangers may hold for as long as nobody else comes.
  private static var narrow: EdgeLimits {
    var limits = TestEdge.patientLimits
    limits.connectionsMax = 32
    limits.strangerSecondsMin = 0
    return limits
  }

  /// Strangers who come one after the other, until room had to be made for them more than once.
  private static func crowd(_ edge: TestEdge) async throws -> [RawConnection] {
    var strangers: [RawConnection] = []
    for number in 1...64 {
      strangers.append(try await RawConnection(port: edge.port, from: "127.0.3.\(number)"))
      try await Task.sleep(for: .milliseconds(20))
    }
    return strangers
  }

  /// From as many addresses as connections, so that no address has more than its share.
  @Test func strangersMakeRoomAndADeviceThatShowedItselfStays() async throws {
    try await TestEdge.with(Self.narrow) { edge in
      let validator = try await Validator(edge.service)
      let known = try await RawConnection(port: edge.port, from: "127.0.2.1")
      defer { known.close() }
      try await known.write(Self.batch(1, from: validator))
      let first = try await known.read(until: "}")
      #expect(first.hasPrefix("HTTP/1.1 200 "), "\(first)")
      let strangers = try await Self.crowd(edge)
      defer { for stranger in strangers { stranger.close() } }
      // A sixteenth is free again, whoever goes on to come.
      try await eventually { edge.server.load.connections <= 30 }
      let heard = try await edge.send(Self.question, until: "\r\n\r\n", from: "127.0.2.2")
      #expect(heard.hasPrefix("HTTP/1.1 200 "), "\(heard)")
      try await known.write(Self.batch(2, from: validator))
      let second = try await known.read(until: "}")
      #expect(second.hasPrefix("HTTP/1.1 200 "), "\(second)")
    }
  }

  /// Each loop has others to cut.
  @Test(.enabled(if: System.coreCount <= 8, "skipped: each loop has few connections"))
  func whoeverIsHalfwayThroughAHeadIsCutLast() async throws {
    try await TestEdge.with(Self.narrow) { edge in
      let slow = try await RawConnection(port: edge.port, from: "127.0.2.1")
      defer { slow.close() }
      try await slow.write(String(Self.question.prefix(30)))
      let strangers = try await Self.crowd(edge)
      defer { for stranger in strangers { stranger.close() } }
      try await slow.write(String(Self.question.dropFirst(30)))
      let answer = try await slow.read(until: "\r\n\r\n")
      #expect(answer.hasPrefix("HTTP/1.1 200 "), "\(answer)")
    }
  }

  @Test func aDeviceWhoseBatchFindsNoRoomHasShownItselfAllTheSame() async throws {
    var queue = CommitLimits()
    queue.waitingBytesMax = 0
    try await TestEdge.with(Self.narrow, queue: queue) { edge in
      let validator = try await Validator(edge.service)
      let device = try await RawConnection(port: edge.port, from: "127.0.2.1")
      defer { device.close() }
      try await device.write(Self.batch(1, from: validator))
      let first = try await device.read(until: "}")
      #expect(first.hasPrefix("HTTP/1.1 503 "), "\(first)")
      let strangers = try await Self.crowd(edge)
      defer { for stranger in strangers { stranger.close() } }
      try await device.write(Self.batch(2, from: validator))
      let second = try await device.read(until: "}")
      #expect(second.hasPrefix("HTTP/1.1 503 "), "\(second)")
    }
  }

  /// Of IPv6 the first half of an address counts, and a proxy's may begin as those of others do.
  @Test(arguments: [true, false])
  func whatBeginsLikeTheAddressOfAProxyHasAShareOfItsOwn(proxyIsFirst: Bool) throws {
    let address = RemoteAddress(try SocketAddress(ipAddress: "2001:db8::66", port: 0))
    let proxy = RemoteAddress(try SocketAddress(ipAddress: "2001:db8::10", port: 0))
    #expect(address == proxy)
    var limits = TestEdge.patientLimits
    limits.connectionsMax = 8
    limits.requestsMax = 4
    let budget = InFlightBudget(limits)
    if proxyIsFirst { _ = budget.enter(from: proxy, isProxy: true) }
    var entry = budget.enter(from: address)
    var count = 0
    while case .line = entry {
      count += 1
      entry = budget.enter(from: address)
    }
    #expect(entry == .fullForAddress)
    #expect(count == (proxyIsFirst ? 5 : 6))
    guard case .line(let line) = budget.enter(from: proxy, isProxy: true) else {
      Issue.record("a proxy is held to the share of others")
      return
    }
    let requests = (1...4).map { _ in
      budget.enter(line, for: address, expecting: 0, isLarge: false)
    }
    let areIn = requests.map { $0 != nil }
    #expect(areIn == [true, true, true, false])
  }

  private static func asked(for address: String, _ bytes: Int, of size: Int) -> String {
    "POST /v1/tap-batches HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: \(address)\r\n"
      + "Content-Length: \(size)\r\n\r\n" + String(repeating: "a", count: bytes)
  }

  /// Nor may anybody else write down an address of his choice.
  @Test(arguments: [true, false])
  func behindAProxyEachAddressHasItsShare(isTrusted: Bool) async throws {
    var limits = TestEdge.patientLimits
    limits.requestsMax = 4
    let proxies = try TrustedProxies(isTrusted ? ["127.0.0.1", "10.0.0.0/8"] : [])
    try await TestEdge.with(limits, proxies: proxies) { edge in
      var held: [RawConnection] = []
      defer { for connection in held { connection.close() } }
      for number in 0..<3 {
        let connection = try await RawConnection(port: edge.port)
        // What stands left was written by whoever asks; the last one is of a proxy between.
        try await connection.write(
          Self.asked(for: "192.0.2.\(number), 198.51.100.7, 10.1.2.3", 1, of: 10))
        held.append(connection)
      }
      try await eventually { edge.server.load.requests == 3 }
      let flooder = try await edge.send(
        Self.asked(for: "192.0.2.9, 198.51.100.7", 2, of: 2), until: "\r\n\r\n")
      #expect(flooder.hasPrefix("HTTP/1.1 503 "), "\(flooder)")
      let other = try await edge.send(
        Self.asked(for: "203.0.113.1", 2, of: 2), until: "\r\n\r\n")
      #expect(other.hasPrefix("HTTP/1.1 503 ") != isTrusted, "\(other)")
      for connection in held { connection.close() }
      try await eventually { edge.server.load.requests == 0 }
    }
  }

  @Test func whoAProxyAsksForIsTheLastThatIsNoProxy() throws {
    let proxies = try TrustedProxies(["10.0.0.0/8, 127.0.0.1", "fd00::/8"])
    let cases: [(fields: [Substring], asker: String?)] = [
      ([], nil), (["10.1.1.1"], nil), (["192.0.2.1"], "192.0.2.1"),
      (["192.0.2.1", "192.0.2.2"], "192.0.2.2"),
      (["192.0.2.1", "192.0.2.2", "10.9.9.9"], "192.0.2.2"),
      (["192.0.2.1:4711"], "192.0.2.1"), (["[2001:db8::1]:4711"], "2001:db8::2"),
      (["2001:db8::1", "fd12::1"], "2001:db8::1"), (["::ffff:192.0.2.1"], "192.0.2.1"),
      (["192.0.2.1", "127.0.0.1", "10.0.0.1"], "192.0.2.1"),
    ]
    for (fields, asker) in cases {
      let expected = try asker.map { RemoteAddress(try SocketAddress(ipAddress: $0, port: 0)) }
      let found = proxies.asker(of: fields)
      #expect(found == expected, "\(fields)")
    }
    let nonsense = proxies.asker(of: ["192.0.2.1", "unknown"])
    #expect(nonsense == .unnamed)
  }

  @Test(arguments: [
    "", "x", "10.0.0.0/33", "10.0.0.0/0", "::/0", "10.0.0.0/8/8", "10.0.0.0/", "/8",
  ])
  func whatIsNoBlockOfAddressesIsSaid(text: String) {
    if text.isEmpty {
      #expect(throws: Never.self) { _ = try TrustedProxies([text]) }
    } else {
      #expect(throws: TrustedProxies.Fault.noBlock(text)) { _ = try TrustedProxies([text]) }
    }
  }
}
