import NIOCore
import NIOSSL

/// Lets a connection in once it is known where it comes from, or says that there are too many.
///
/// A socket knows its other side from the moment on which it is active, and not before.
final class EdgeDoor: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer
  /// Seconds after which a connection that was turned away may be tried again.
  static let retryAfterSeconds = 5

  private let server: EdgeCore
  private let edge: EdgeLoop
  private let tls: NIOSSLContext?

  init(_ server: EdgeCore, _ edge: EdgeLoop, tls: NIOSSLContext?) {
    self.server = server
    self.edge = edge
    self.tls = tls
  }

  func channelActive(context: ChannelHandlerContext) {
    let address = context.remoteAddress
    let proxies = server.proxies.hold(address) ? server.proxies : nil
    switch server.budget.enter(from: RemoteAddress(address), isProxy: proxies != nil) {
    case .line(let line): letIn(context, line, proxies)
    case .full: turnAway(context, code: "too_many_connections")
    case .fullForAddress: turnAway(context, code: "too_many_connections_of_address")
    }
  }

  private func letIn(
    _ context: ChannelHandlerContext, _ line: InFlightBudget.Line, _ proxies: TrustedProxies?
  ) {
    let tls = tls.map { NIOSSLServerHandler(context: $0) }
    let connection = EdgeConnection(
      server: server, edge: edge, line: line, proxies: proxies, tls: tls)
    let pipeline = context.pipeline.syncOperations
    do {
      if let tls { try pipeline.addHandler(tls) }
      try pipeline.addEdge(connection, limits: server.limits)
    } catch {
      // What was added until then leaves with the channel; a connection that was not never entered.
      if (try? pipeline.context(handler: connection)) == nil { server.budget.leave(line) }
      return context.close(promise: nil)
    }
    pipeline.removeHandler(context: context, promise: nil)
  }

  /// Says that there are too many, as far as it can be said, and closes.
  private func turnAway(_ context: ChannelHandlerContext, code: String) {
    server.countRefusal(code)
    guard tls == nil else { return context.close(promise: nil) }
    let answer = ByteBuffer(
      string: "HTTP/1.1 503 Service Unavailable\r\nretry-after: \(Self.retryAfterSeconds)\r\n"
        + "content-length: 0\r\nconnection: close\r\n\r\n")
    let channel = context.channel
    context.writeAndFlush(wrapOutboundOut(answer)).whenComplete { _ in channel.close(promise: nil) }
  }
}
