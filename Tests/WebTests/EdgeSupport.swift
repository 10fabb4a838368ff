import Basics
import Intake
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import Tapping
import Testing
import Web

/// The edge on a port of its own, over the web room of a test.
struct TestEdge: Sendable {
  let service: TestService
  let server: EdgeServer
  let port: Int

  /// The limits of the house, but for its patience: a busy machine may need minutes for what a test does
  /// between two bytes.
  static var patientLimits: EdgeLimits {
    var limits = EdgeLimits()
    limits.headSecondsMax = 600
    limits.bodySecondsMax = 600
    limits.idleSecondsMax = 600
    limits.writeSecondsMax = 600
    return limits
  }

  /// Runs a body on an edge with limits of its own.
  static func with<Result: Sendable>(
    _ limits: EdgeLimits = patientLimits, queue: CommitLimits = CommitLimits(),
    proxies: TrustedProxies = TrustedProxies(), tls: NIOSSLContext? = nil,
    _ body: @escaping @Sendable (TestEdge) async throws -> Result
  ) async throws -> Result {
    try await TestService.with(queue: queue) { service in
      let log = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
      let server = EdgeServer(
        responder: service.responder, intake: service.services.intake, limits: limits,
        proxies: proxies, tls: tls, log: log, now: { TestService.now })
      let ports = AsyncStream<Int>.makeStream()
      return try await withThrowingTaskGroup(of: Result?.self) { tasks in
        tasks.addTask {
          try await server.run(host: "127.0.0.1", port: 0) { ports.continuation.yield($0) }
          return nil
        }
        tasks.addTask {
          for await port in ports.stream {
            return try await body(TestEdge(service: service, server: server, port: port))
          }
          return nil
        }
        while let result = try await tasks.next() {
          guard let result else { continue }
          tasks.cancelAll()
          return result
        }
        throw RawConnection.Silence()
      }
    }
  }

  /// Sends bytes on a connection of its own and gives what comes back until it ends, or until it
  /// holds a text.
  func send(
    _ text: String, until wanted: String? = nil, seconds: Int = 120,
    from address: String = "127.0.0.1"
  ) async throws -> String {
    let connection = try await RawConnection(port: port, from: address)
    defer { connection.close() }
    if !text.isEmpty { try await connection.write(text) }
    return try await connection.read(until: wanted, seconds: seconds)
  }

  /// A request with a JSON body from a device that signs it.
  static func request(
    _ body: [UInt8], device: String, keys: Ed25519KeyPair, format: BatchFormat = .json
  ) -> [UInt8] {
    var head = "POST /v1/tap-batches HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.count)\r\n"
    head += "Content-Type: \(format.encoding.mediaType)\r\nKvytok-Device: \(device)\r\n"
    if let encoding = format.contentEncoding { head += "Content-Encoding: \(encoding)\r\n" }
    head += "Kvytok-Signature: \(Base64.encode(keys.sign(body), .standard))\r\n\r\n"
    return Array(head.utf8) + body
  }
}

/// A connection that says what it is told to, however wrong that may be.
final class RawConnection: Sendable {
  struct Silence: Error {}

  private final class Reader: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer
    let bytes: AsyncStream<[UInt8]>.Continuation
    init(_ bytes: AsyncStream<[UInt8]>.Continuation) { self.bytes = bytes }
    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      bytes.yield(Array(unwrapInboundIn(data).readableBytesView))
    }
    func channelInactive(context: ChannelHandlerContext) { bytes.finish() }
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
      context.close(promise: nil)
    }
  }

  private let channel: any Channel
  private let stream: AsyncStream<[UInt8]>

  /// Connects from an address of this machine.
  init(port: Int, from address: String = "127.0.0.1") async throws {
    let (stream, continuation) = AsyncStream<[UInt8]>.makeStream()
    self.stream = stream
    channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .channelOption(.socketOption(.so_reuseaddr), value: 1)
      .channelInitializer { $0.pipeline.addHandler(Reader(continuation)) }
      .bind(to: try SocketAddress(ipAddress: address, port: 0))
      .connect(host: "127.0.0.1", port: port).get()
  }

  func write(_ text: String) async throws { try await write(Array(text.utf8)) }

  func write(_ bytes: [UInt8]) async throws {
    try await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get()
  }

  /// What comes until the other side closes, or until it holds a text; at most two minutes.
  func read(until wanted: String? = nil, seconds: Int = 120) async throws -> String {
    let stream = stream
    return try await withThrowingTaskGroup(of: String.self) { tasks in
      tasks.addTask {
        var text = ""
        for await bytes in stream {
          text += String(decoding: bytes, as: UTF8.self)
          if let wanted, text.contains(wanted) { return text }
        }
        return text
      }
      tasks.addTask {
        try await Task.sleep(for: .seconds(seconds))
        throw Silence()
      }
      guard let text = try await tasks.next() else { throw Silence() }
      tasks.cancelAll()
      return text
    }
  }

  func close() { channel.close(promise: nil) }
}
