import HTTPTypes
import NIOCore
import NIOHTTP1

/// One connection: takes requests one after the other, and answers each before the next.
///
/// It works on its event loop only. Once something of a next request came while one is being answered,
/// no more is read, so that nobody can pile up requests here. Until then the loop stays interested in
/// the socket: to lose interest and find it again would be two calls of the system for each request.
final class EdgeConnection: ChannelDuplexHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  /// A request whose body is on its way.
  struct Taking {
    let head: HTTPRequestHead
    let route: EdgeRoute
    let isLarge: Bool
    /// Where whoever asks stands in the count.
    let line: InFlightBudget.Line
    var body: EdgeBody
  }

  enum Stage {
    case waiting
    /// It is asked whether a large body may come.
    case asking(Taking)
    case taking(Taking)
    /// The request is refused and the refusal written: what still comes of it is thrown away.
    case skipping(isKept: Bool, bytes: Int)
    case answering(isHead: Bool, isKept: Bool)
    /// The other side takes its answer slowly.
    case flushing
    /// The other side takes its last answer.
    case ending
    case closed
  }

  let server: EdgeCore
  let edge: EdgeLoop
  /// Where it stands in the count, with the others from its address.
  let line: InFlightBudget.Line
  /// Those who may say for whom they ask, where one of them is on the other side.
  let proxies: TrustedProxies?
  /// What speaks TLS between it and the socket.
  private var tls: (any ChannelHandler)?
  /// When it came.
  let openedAt = NIODeadline.now()
  /// Whether a device showed its signature or the code of a session here, or a proxy is on the other side.
  var isKnown: Bool
  var asksAsDevice = false
  /// What is asked changes nothing: it may be asked again, whatever became of it.
  var asksOnly = false
  var stage = Stage.waiting
  var request = 0
  var deadline: NIODeadline
  var isHeadBegun = false
  /// Bytes came while a request was being answered, and no head yet that they could belong to.
  var hasEarlyBytes = false
  var isDraining = false
  var isReadHeld = false
  /// What came before its turn.
  var early = EdgeEarly()
  /// It is being taken, one part after the other.
  var isTakingEarly = false
  /// What is wrong with what follows the early parts: said once they are answered.
  var earlyFault: Problem?
  /// Bytes of an answer that the other side did not take at once.
  var unsentBytes = 0
  /// Bytes that it had still to take at the last look at its deadline.
  var untakenBytes = 0
  var context: ChannelHandlerContext?

  /// Makes a connection that has a line in the count, and leaves it once.
  init(
    server: EdgeCore, edge: EdgeLoop, line: InFlightBudget.Line, proxies: TrustedProxies? = nil,
    tls: (any ChannelHandler)? = nil
  ) {
    self.proxies = proxies
    self.tls = tls
    isKnown = proxies != nil
    self.server = server
    self.edge = edge
    self.line = line
    deadline = .now() + .seconds(server.limits.headSecondsMax)
  }

  // MARK: Life

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    edge.add(self)
  }

  func channelInactive(context: ChannelHandlerContext) {
    leave()
    context.fireChannelInactive()
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    leave()
    self.context = nil
    tls = nil
  }

  private func leave() {
    giveBack()
    answerTaken()
    dropEarly()
    if case .closed = stage { return }
    stage = .closed
    edge.remove(self)
    server.budget.leave(line)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // More bytes behind those that were no request: of these it is said when their turn comes.
    if error is ByteToMessageDecoderError { return }
    if let problem = server.limits.problem(ofBytes: error) {
      switch stage {
      case .waiting, .taking: return endWith(problem)
      case .asking, .answering, .flushing:
        earlyFault = problem
        return
      // Where a request was refused, or the last answer is written, nobody waits for another.
      case .skipping, .ending, .closed: break
      }
    }
    context.close(promise: nil)
  }

  /// Says what was wrong and ends the connection; nothing is said after that.
  func endWith(_ problem: Problem) {
    giveBack()
    stage = .ending
    write(EdgeReply(problem), isHead: false, isKept: false)
    context?.close(promise: nil)
  }

  /// Takes a request whose body does not come any more out of the count.
  func giveBack() {
    switch stage {
    case .asking(let taking), .taking(let taking):
      server.budget.leave(taking.line, bytes: taking.body.count, isLarge: taking.isLarge)
    case .waiting, .skipping, .answering, .flushing, .ending, .closed: break
    }
  }

  /// Ends the connection as soon as it owes no answer.
  func drain() {
    isDraining = true
    if case .waiting = stage, !isHeadBegun { context?.close(promise: nil) }
  }

  /// Ends the connection.
  func cut() { context?.close(promise: nil) }

  /// Whether it may be cut to make room: it waits for a request, and had time to show whose it is.
  func isIdleStranger(at moment: NIODeadline) -> Bool {
    guard case .waiting = stage, !isKnown else { return false }
    return openedAt + .seconds(server.limits.strangerSecondsMin) <= moment
  }

  /// Whether something of a request came, or of an answer is still to be taken.
  var isHalfway: Bool { isHeadBegun || bufferedBytes > 0 }

  /// Bytes that wait for the system to have room for them.
  private var bufferedBytes: Int {
    (try? context?.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
  }

  /// Ends the connection and gives its place free at once, which is when its file is closed.
  ///
  /// TLS would say farewell and wait for the other side to do so, who may take its time.
  func makeRoom() {
    guard let context else { return }
    let outermost = tls.flatMap { try? context.pipeline.syncOperations.context(handler: $0) }
    (outermost ?? context).close(promise: nil)
  }

  /// Ends the connection when what it waits for is overdue.
  func cutIfLate(_ moment: NIODeadline) {
    noteTaken(at: moment)
    guard deadline < moment else { return }
    switch stage {
    case .closed, .asking, .answering: return
    case .taking: tooSlow()
    case .waiting where isHeadBegun: tooSlow()
    case .waiting, .skipping, .flushing, .ending: context?.close(promise: nil)
    }
  }

  /// Gives an answer that is being taken the time that its taken bytes earn.
  private func noteTaken(at moment: NIODeadline) {
    switch stage {
    case .flushing, .ending: break
    case .waiting, .asking, .taking, .skipping, .answering, .closed: return
    }
    let untaken = bufferedBytes
    if untaken < untakenBytes {
      deadline = server.limits.answerPace.deadline(
        deadline, after: untakenBytes - untaken, at: moment)
    }
    untakenBytes = untaken
  }

  private func tooSlow() {
    endWith(
      Problem(.requestTimeout, "too_slow", "The request came too slowly; send it again at once."))
  }
}

/// Notes that bytes came, before they are a request.
final class EdgeBytes: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer
  private let connection: EdgeConnection

  init(_ connection: EdgeConnection) { self.connection = connection }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let count = unwrapInboundIn(data).readableBytes
    connection.noteBytes()
    context.fireChannelRead(data)
    connection.noteTakenApart(count)
  }
}
