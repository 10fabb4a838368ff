import DatabaseSupport
import NIOCore
import NIOPosix
import Synchronization
import Testing
import Web

/// Long answers, and those who take them slowly or not at all.
@Suite(
  .enabled(if: LeasedDatabase.isAvailable, "skipped: no PostgreSQL"), .timeLimit(.minutes(60)))
struct EdgeTakingTests {
  private static let question = "GET /metrics HTTP/1.1\r\nHost: x\r\n"
  /// More than both systems take off the service's hands when nobody takes it.
  private static let longBytes = 16 << 20

  /// Runs a body on an edge whose page of metrics is long.
  private static func withLongAnswer(
    _ limits: EdgeLimits, _ body: @escaping @Sendable (TestEdge) async throws -> Void
  ) async throws {
    try await TestEdge.with(limits) { edge in
      // One character of 25 bytes: names are written character by character.
      let text = String(repeating: "👨‍👩‍👧‍👦", count: longBytes / 25)
      _ = edge.service.services.registry.makeCounter(
        label: "kvytok_test_total", dimensions: [("text", text)])
      try await body(edge)
    }
  }

  /// With the connection kept and with its end after the answer.
  @Test(arguments: ["", "Connection: close\r\n"])
  func aLongAnswerThatIsTakenInPiecesForLongerThanTheLimitComesWhole(field: String) async throws {
    var limits = TestEdge.patientLimits
    limits.writeSecondsMax = 3
    limits.answerBytesPerSecondMin = 64 << 10
    try await Self.withLongAnswer(limits) { edge in
      var isWhole = false
      // A busy machine may let the taker be silent for too long.
      for _ in 0..<10 where !isWhole {
        let taker = try await Taker(port: edge.port, asking: Self.question + field + "\r\n")
        isWhole = try await taker.take(bytesPerSecond: Self.longBytes / 8)
        taker.close()
      }
      #expect(isWhole)
    }
  }

  @Test func aLongAnswerThatNobodyTakesIsCut() async throws {
    var limits = TestEdge.patientLimits
    limits.writeSecondsMax = 1
    try await Self.withLongAnswer(limits) { edge in
      let deaf = try await Taker(port: edge.port, asking: Self.question + "\r\n")
      defer { deaf.close() }
      try await eventually { edge.server.answerBytesHeld > 0 }
      try await eventually { edge.server.load.connections == 0 }
    }
  }

  @Test func aLongAnswerThatIsTakenTooSlowlyIsCut() async throws {
    var limits = TestEdge.patientLimits
    limits.writeSecondsMax = 2
    limits.answerBytesPerSecondMin = 1 << 20
    try await Self.withLongAnswer(limits) { edge in
      let slow = try await Taker(port: edge.port, asking: Self.question + "\r\n")
      let taking = Task { try await slow.take(bytesPerSecond: 100 << 10) }
      try await eventually { edge.server.answerBytesHeld > 0 }
      try await eventually { edge.server.load.connections == 0 }
      slow.close()
      #expect(try await !taking.value)
    }
  }

  /// What is taken earns its time at the pace, and no more time than that to be silent in.
  @Test func anAnswerHasTheLongestSilenceAndItsTimeAtTheSlowestPace() {
    let pace = EdgeLimits().answerPace
    let begin = NIODeadline.uptimeNanoseconds(0)
    for (bytesPerSecond, secondsMax) in [(8 << 10, 1084), (4 << 10, 120), (1, 61)] {
      var deadline = begin + .seconds(60)
      var second: Int64 = 0
      while second * Int64(bytesPerSecond) < 8 << 20 {
        let moment = begin + .seconds(second)
        guard moment <= deadline else { break }
        deadline = pace.deadline(deadline, after: bytesPerSecond, at: moment)
        #expect(deadline <= moment + .seconds(60))
        second += 1
      }
      let isWhole = second * Int64(bytesPerSecond) >= 8 << 20
      #expect(isWhole == (bytesPerSecond == 8 << 10), "\(bytesPerSecond)")
      #expect(second <= secondsMax, "\(bytesPerSecond)")
    }
  }

  @Test func aLongAnswerWithoutRoomIsRefusedBeforeItBegins() async throws {
    var limits = TestEdge.patientLimits
    limits.answerBytesMax = 100_000
    try await TestEdge.with(limits) { edge in
      let refused = try await edge.send("GET /openapi.yaml HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(refused.hasPrefix("HTTP/1.1 503 "), "\(refused.prefix(200))")
      #expect(refused.lowercased().contains("retry-after: 2\r\n"))
      #expect(refused.contains("connection: close\r\n") && refused.contains(#""overloaded""#))
      let short = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
      let heard = try await edge.send(short, until: "\r\n\r\n")
      #expect(heard.hasPrefix("HTTP/1.1 200 "), "\(heard)")
    }
  }

  @Test func roomIsThereAgainOnceAnAnswerIsTakenOrItsTakerGone() async throws {
    var limits = TestEdge.patientLimits
    // For one of them, not for two.
    limits.answerBytesMax = Self.longBytes * 3 / 2
    try await Self.withLongAnswer(limits) { edge in
      let question = Self.question + "\r\n"
      for _ in 0..<3 {
        let taker = try await Taker(port: edge.port, asking: question)
        #expect(try await taker.take(bytesPerSecond: .max))
        taker.close()
      }
      try await eventually { edge.server.load.connections == 0 }
      let deaf = try await Taker(port: edge.port, asking: question)
      try await eventually { edge.server.answerBytesHeld > 0 }
      let refused = try await edge.send(question, from: "127.0.0.2")
      #expect(refused.hasPrefix("HTTP/1.1 503 "), "\(refused.prefix(200))")
      deaf.close()
      try await eventually { edge.server.load.connections == 0 }
      #expect(edge.server.answerBytesHeld == 0)
    }
  }
}

/// Asks once, and takes of the answer what it is told to.
private final class Taker: Sendable {
  private struct Taken: Sendable {
    var bytes = 0
    var head: [UInt8] = []
    var isClosed = false

    /// Length of the head and of the body that it tells, once the head is there.
    var wholeBytes: Int? {
      let text = String(decoding: head, as: UTF8.self)
      guard let end = text.firstRange(of: "\r\n\r\n"),
        let length = text.firstRange(of: "content-length: ")
      else { return nil }
      let count = Int(text[length.upperBound...].prefix { $0.isNumber })
      return count.map { text[..<end.upperBound].utf8.count + $0 }
    }
  }

  private final class Mouth: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer
    let taken = Mutex(Taken())

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      let bytes = unwrapInboundIn(data).readableBytesView
      taken.withLock { taken in
        taken.bytes += bytes.count
        taken.head += bytes.prefix(max(0, 2048 - taken.head.count))
      }
    }
    func channelInactive(context: ChannelHandlerContext) { taken.withLock { $0.isClosed = true } }
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
      context.close(promise: nil)
    }
  }

  private let channel: any Channel
  private let mouth = Mouth()

  init(port: Int, asking question: String) async throws {
    let mouth = mouth
    channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .channelOption(.autoRead, value: false)
      .channelOption(.socketOption(.so_rcvbuf), value: 64 << 10)
      .channelInitializer { $0.pipeline.addHandler(mouth) }
      .connect(host: "127.0.0.1", port: port).get()
    try await channel.writeAndFlush(ByteBuffer(string: question)).get()
  }

  /// Takes at a pace that counts from the first byte on; whether the answer came whole.
  func take(bytesPerSecond: Int) async throws -> Bool {
    var begin: ContinuousClock.Instant?
    while true {
      let taken = mouth.taken.withLock { $0 }
      if let whole = taken.wholeBytes, taken.bytes >= whole { return taken.bytes == whole }
      if taken.isClosed { return false }
      if taken.bytes > 0, begin == nil { begin = .now }
      let seconds = begin.map { (ContinuousClock.now - $0) / .seconds(1) } ?? 0
      if Double(taken.bytes) <= seconds * Double(bytesPerSecond) { channel.read() }
      try await Task.sleep(for: .milliseconds(5))
    }
  }

  func close() { channel.close(promise: nil) }
}
