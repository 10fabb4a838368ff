package import Basics
package import Intake
package import Logging
import NIOCore
import NIOPosix
package import NIOSSL
import Synchronization

/// Listens on one port for all: devices, staff, riders, the public.
package final class EdgeServer: Sendable {
  private let core: EdgeCore
  private let tls: NIOSSLContext?
  private let log: Logger
  private let loops: [EdgeLoop]
  private let group = MultiThreadedEventLoopGroup.singleton
  private let listener = Mutex<(any Channel)?>(nil)
  private let isDraining = Atomic<Bool>(false)

  /// Makes a server; nothing listens before ``run(host:port:onReady:)``.
  ///
  /// Without `intake`, posts of taps go to the responder, which says that they are not taken here.
  package init(
    responder: WebResponder, intake: IntakeService?, limits: EdgeLimits = EdgeLimits(),
    proxies: TrustedProxies = TrustedProxies(), tls: NIOSSLContext? = nil, log: Logger,
    now: @escaping @Sendable () -> Instant
  ) {
    self.tls = tls
    self.log = log
    core = EdgeCore(
      responder: responder, intake: intake, limits: limits, proxies: proxies, isTLS: tls != nil,
      log: log, now: now)
    let budget = core.budget
    loops = group.makeIterator().map { EdgeLoop(loop: $0, budget: budget, now: now) }
  }

  /// Number of connections, requests and bytes of requests held now.
  package var load: (connections: Int, requests: Int, bytes: Int) {
    let held = core.budget.current
    return (core.budget.connectionsCount, held.requests, held.bytes)
  }

  /// Number of bytes of answers that the other sides have not taken yet.
  package var answerBytesHeld: Int { core.budget.answerBytes }

  /// Takes a port and gives it back, before anything is made for a service that could not listen on it.
  package static func tryPort(host: String, port: Int) async throws {
    let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
    try await bind(bootstrap, host: host, port: port).close().get()
  }

  private static func bind(
    _ bootstrap: ServerBootstrap, host: String, port: Int
  ) async throws -> any Channel {
    do {
      return try await bootstrap.bind(host: host, port: port).get()
    } catch {
      throw ListenFault(error, host: host, port: port) ?? error
    }
  }

  /// Listens until ``drain()`` and answers what is under way; throws why the port cannot be had.
  ///
  /// Cancelled, it ends without answering.
  package func run(
    host: String, port: Int, onReady: @Sendable (Int) -> Void
  ) async throws {
    let channel = try await Self.bind(bootstrap(), host: host, port: port)
    listener.withLock { $0 = channel }
    onReady(channel.localAddress?.port ?? 0)
    if isDraining.load(ordering: .acquiring) { channel.close(promise: nil) }
    await withTaskCancellationHandler {
      try? await channel.closeFuture.get()
      while core.budget.connectionsCount > 0, !Task.isCancelled {
        try? await Task.sleep(for: .milliseconds(20))
      }
    } onCancel: {
      channel.close(promise: nil)
      for edge in loops { edge.loop.execute { edge.closeAll() } }
    }
  }

  /// Takes no more connections, and ends each that is there once it has been answered.
  package func drain() {
    isDraining.store(true, ordering: .releasing)
    listener.withLock { $0 }?.close(promise: nil)
    for edge in loops { edge.loop.execute { edge.drain() } }
  }

  private func bootstrap() -> ServerBootstrap {
    let core = core
    let loops = loops
    let tls = tls
    return ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 4096)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          guard let edge = loops.first(where: { $0.loop === channel.eventLoop }) else {
            preconditionFailure("a connection on a loop that is not ours")
          }
          try channel.pipeline.syncOperations.addHandler(EdgeDoor(core, edge, tls: tls))
        }
      }
  }
}
