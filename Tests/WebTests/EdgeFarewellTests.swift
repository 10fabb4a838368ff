import DatabaseSupport
import NIOCore
import NIOPosix
import NIOSSL
import Testing
import Web

/// Whoever is cut over TLS may be asked to say farewell, and need not.
@Suite(
  .enabled(if: LeasedDatabase.isAvailable, "skipped: no PostgreSQL"), .timeLimit(.minutes(60)))
struct EdgeFarewellTests {
  /// A key that is for nothing else, and a certificate of it that no authority signed.
  private static let key = """
    -----BEGIN PRIVATE KEY-----
    MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgWDaNjl1L/C2EXGT9
    1fXe08cx4dQlDRF9UY1YjbM7VTChRANCAAQd04SKKDx9oueWpemCDc/lVD8kw7Sy
    9TcxXOKz67zjhg2My/ROm1B+SxKUXXG+p8m+3ehuCgOt58Q3HimFUgvA
    -----END PRIVATE KEY-----
    """
  private static let certificate = """
    -----BEGIN CERTIFICATE-----
    MIIBfjCCASWgAwIBAgIURfBuKO4yAUPxYQjzfjQeMBsVeDswCgYIKoZIzj0EAwIw
    FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNzIzNDAxM1oYDzIxMjYxMTAz
    MjM0MDEzWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
    PQMBBwNCAAQd04SKKDx9oueWpemCDc/lVD8kw7Sy9TcxXOKz67zjhg2My/ROm1B+
    SxKUXXG+p8m+3ehuCgOt58Q3HimFUgvAo1MwUTAdBgNVHQ4EFgQUA3LgSejtFT+C
    f0mFO+gI0bE6sZ8wHwYDVR0jBBgwFoAUA3LgSejtFT+Cf0mFO+gI0bE6sZ8wDwYD
    VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNHADBEAiAoH6Eys2afHT9w21nOaYjI
    UFcY4tbCX1Gn6p+QTUcVoQIgOYSHFg7PkJAwa9N3THJBhYQchYXzZkOelsLuuCR8
    oM8=
    -----END CERTIFICATE-----
    """

  private static func server() throws -> NIOSSLContext {
    let chain = try NIOSSLCertificate.fromPEMBytes(Array(certificate.utf8))
    let key = try NIOSSLPrivateKey(bytes: Array(key.utf8), format: .pem)
    return try NIOSSLContext(
      configuration: .makeServerConfiguration(
        certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key)))
  }

  /// A place is free when the file behind it is closed: otherwise the files would run out, though the
  /// connections that are counted do not.
  @Test func whoeverDoesNotAnswerTheFarewellHoldsNoFileBeyondTheCount() async throws {
    var limits = TestEdge.patientLimits
    limits.connectionsMax = 32
    limits.freeConnectionsPart = 2
    limits.strangerSecondsMin = 0
    try await TestEdge.with(limits, tls: try Self.server()) { edge in
      var callers: [DeafCaller] = []
      defer { for caller in callers { caller.close() } }
      var openMax = 0
      for number in 1...150 {
        callers.append(try await DeafCaller(port: edge.port, from: "127.0.4.\(number)"))
        try await Task.sleep(for: .milliseconds(20))
        openMax = max(openMax, callers.count { $0.isOpen })
      }
      // The 32, and some whose end is on its way; half of the 32 are cut each second, and others come.
      #expect(openMax < 56)
      try await eventually { edge.server.load.connections <= 16 }
    }
  }
}

/// Asks once over TLS, and from the answer on takes no notice of anything but the end of the connection.
private final class DeafCaller: Sendable {
  /// Stands between TLS and the socket.
  private final class Ear: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    var isClosed = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      if !isClosed { context.fireChannelRead(data) }
    }
  }

  /// Closes the ear with the first bytes of an answer.
  private final class Asker: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    let ear: Ear
    let settled: EventLoopPromise<Void>

    init(_ ear: Ear, _ settled: EventLoopPromise<Void>) {
      self.ear = ear
      self.settled = settled
    }

    func channelActive(context: ChannelHandlerContext) {
      let question = ByteBuffer(string: "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
      context.writeAndFlush(wrapOutboundOut(question), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      ear.isClosed = true
      settled.succeed(())
    }

    func channelInactive(context: ChannelHandlerContext) { settled.succeed(()) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {}
  }

  private let channel: any Channel

  /// Connects from an address of this machine, and waits for an answer or for being turned away.
  init(port: Int, from address: String) async throws {
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.certificateVerification = .none
    let context = try NIOSSLContext(configuration: configuration)
    let group = MultiThreadedEventLoopGroup.singleton
    let settled = group.any().makePromise(of: Void.self)
    channel = try await ClientBootstrap(group: group)
      .channelOption(.socketOption(.so_reuseaddr), value: 1)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let ear = Ear()
          let pipeline = channel.pipeline.syncOperations
          try pipeline.addHandler(ear)
          try pipeline.addHandler(NIOSSLClientHandler(context: context, serverHostname: nil))
          try pipeline.addHandler(Asker(ear, settled))
        }
      }
      .bind(to: try SocketAddress(ipAddress: address, port: 0))
      .connect(host: "127.0.0.1", port: port).get()
    try await settled.futureResult.get()
  }

  var isOpen: Bool { channel.isActive }

  func close() { channel.close(promise: nil) }
}
