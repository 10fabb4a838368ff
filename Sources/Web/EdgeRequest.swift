import NIOCore
import NIOHTTP1

/// Where a request goes, as far as its head tells.
struct EdgeRoute: Sendable {
  enum Way: Sendable {
    /// A batch of taps: answered here, without the detour over the responder.
    case tapBatch
    case responder
  }
  let way: Way
  let bytesMax: Int
  /// Whether a device answers for itself there: whoever is not refused has shown a signature or code of one.
  var isOfDevice = false
}

/// A request that is whole.
struct EdgeRequest: Sendable {
  let head: HTTPRequestHead
  let route: EdgeRoute
  let body: ByteBuffer?
  let ticket: EdgeTicket
}

/// The right to answer a request, once.
struct EdgeTicket: Sendable {
  let connection: NIOLoopBound<EdgeConnection>
  let request: Int
  let edge: EdgeLoop
  let budget: InFlightBudget
  let line: InFlightBudget.Line
  let heldBytes: Int
  let isLarge: Bool

  /// Answers, from any thread.
  func answer(_ reply: EdgeReply) {
    budget.leave(line, bytes: heldBytes, isLarge: isLarge)
    edge.deliver(reply, to: connection, request: request)
  }
}
