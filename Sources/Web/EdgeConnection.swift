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
  private struct Taking {
    let head: HTTPRequestHead
    let route: EdgeRoute
    let isLarge: Bool
    /// Where whoever asks stands in the count.
    let line: InFlightBudget.Line
    var heldBytes = 0
    var body: ByteBuffer?
  }

  private enum Stage {
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

  private let server: EdgeCore
  private let edge: EdgeLoop
  /// Where it stands in the count, with the others from its address.
  private let line: InFlightBudget.Line
  /// Those who may say for whom they ask, where one of them is on the other side.
  private let proxies: TrustedProxies?
  /// What speaks TLS between it and the socket.
  private var tls: (any ChannelHandler)?
  /// When it came.
  let openedAt = NIODeadline.now()
  /// Whether a device showed its signature or the code of a session here, or a proxy is on the other side.
  private var isKnown: Bool
  private var asksAsDevice = false
  /// What is asked changes nothing: it may be asked again, whatever became of it.
  private var asksOnly = false
  private var stage = Stage.waiting
  private var request = 0
  private var deadline: NIODeadline
  private var isHeadBegun = false
  /// Bytes came while a request was being answered, and no head yet that they could belong to.
  private var hasEarlyBytes = false
  private var isDraining = false
  private var isReadHeld = false
  private var early: [HTTPServerRequestPart] = []
  /// What follows the early parts and is no HTTP: said once they are answered.
  private var earlyFault: Problem?
  /// Bytes of an answer that the other side did not take at once.
  private var unsentBytes = 0
  /// Bytes that it had still to take at the last look at its deadline.
  private var untakenBytes = 0
  private var context: ChannelHandlerContext?

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
    if case .closed = stage { return }
    stage = .closed
    early = []
    edge.remove(self)
    server.budget.leave(line)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if let fault = error as? HTTPParserError {
      let isTooBig = fault == .headerOverflow
      let problem =
        isTooBig
        ? Problem(
          .requestHeaderFieldsTooLarge, "head_too_large",
          "A request has at most \(server.limits.headBytesMax) bytes and "
            + "\(server.limits.headFieldsMax) fields of head.")
        : Problem(.badRequest, "not_http", "This is no request of HTTP/1.1: \(fault).")
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
  private func endWith(_ problem: Problem) {
    giveBack()
    stage = .ending
    write(EdgeReply(problem), isHead: false, isKept: false)
    context?.close(promise: nil)
  }

  /// Takes a request whose body does not come any more out of the count.
  private func giveBack() {
    switch stage {
    case .asking(let taking), .taking(let taking):
      server.budget.leave(taking.line, bytes: taking.heldBytes, isLarge: taking.isLarge)
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

  // MARK: In

  /// Bytes arrived, of whatever.
  func noteBytes() {
    switch stage {
    case .waiting where !isHeadBegun: noteHeadBegun()
    case .answering, .flushing: hasEarlyBytes = true
    case .waiting, .asking, .taking, .skipping, .ending, .closed: break
    }
  }

  private func noteHeadBegun() {
    isHeadBegun = true
    deadline = .now() + .seconds(server.limits.headSecondsMax)
  }

  func read(context: ChannelHandlerContext) {
    switch stage {
    case .answering where early.isEmpty: context.read()
    case .asking, .answering, .flushing, .ending: isReadHeld = true
    case .waiting, .taking, .skipping, .closed: context.read()
    }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let part = unwrapInboundIn(data)
    switch stage {
    case .asking, .answering, .flushing: early.append(part)
    case .ending, .closed: break
    case .waiting, .taking, .skipping: take(part)
    }
  }

  private func take(_ part: HTTPServerRequestPart) {
    switch part {
    case .head(let head): begin(head)
    case .body(let bytes): append(bytes)
    case .end: end()
    }
  }

  private func begin(_ head: HTTPRequestHead) {
    isHeadBegun = false
    hasEarlyBytes = false
    deadline = .now() + .seconds(server.limits.bodySecondsMax)
    if let fault = HostField.fault(of: head) { return refuse(fault, head, isKept: false) }
    let route = server.route(of: head)
    let length = head.headers.first(name: "content-length").flatMap { Int($0) }
    guard length ?? 0 <= route.bytesMax else {
      return refuse(.tooLarge(bytesMax: route.bytesMax), head, isKept: false)
    }
    let isLarge = route.bytesMax >= server.limits.largeBytesMin
    let asker = proxies?.asker(of: head.headers[canonicalForm: "x-forwarded-for"])
    guard
      let asking = server.budget.enter(
        line, for: asker, expecting: length ?? 0, isLarge: isLarge)
    else { return refuse(server.overloaded, head, isKept: EdgeConnection.isKept(head)) }
    let taking = Taking(head: head, route: route, isLarge: isLarge, line: asking)
    if isLarge { ask(taking) } else { begin(taking) }
  }

  private func begin(_ taking: Taking) {
    deadline = .now() + .seconds(server.limits.bodySecondsMax)
    if taking.head.headers.first(name: "expect")?.lowercased() == "100-continue" { sendContinue() }
    stage = .taking(taking)
  }

  /// Asks who sends a large body before any of it is taken: it would be held against all others.
  private func ask(_ taking: Taking) {
    guard let context else { return }
    stage = .asking(taking)
    request += 1
    let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
    let (loop, request) = (context.eventLoop, request)
    server.ask(taking.head) { refusal in
      loop.execute { bound.value.asked(request, refusal) }
    }
  }

  private func asked(_ request: Int, _ refusal: EdgeReply?) {
    guard request == self.request, case .asking(let taking) = stage else { return }
    if let refusal {
      giveBack()
      deadline = .now() + .seconds(server.limits.bodySecondsMax)
      stage = .skipping(isKept: false, bytes: 0)
      write(refusal, isHead: taking.head.method == .HEAD, isKept: false)
    } else {
      begin(taking)
    }
    takeEarly()
    readOn()
  }

  /// Whether more requests may follow on the connection; never after one that asked for another
  /// protocol, for what follows may be in that.
  private static func isKept(_ head: HTTPRequestHead) -> Bool {
    head.isKeepAlive && head.method != .CONNECT && !head.headers.contains(name: "upgrade")
  }

  private func append(_ bytes: ByteBuffer) {
    switch stage {
    case .taking(var taking):
      let count = bytes.readableBytes
      var refusal: Problem?
      if taking.heldBytes + count > taking.route.bytesMax {
        refusal = .tooLarge(bytesMax: taking.route.bytesMax)
      } else if !server.budget.grow(taking.line, bytes: count, isLarge: taking.isLarge) {
        refusal = server.overloaded
      }
      if let refusal {
        giveBack()
        return refuse(refusal, taking.head, isKept: false)
      }
      stage = .waiting
      taking.heldBytes += count
      deadline = server.limits.bodyPace.deadline(deadline, after: count, at: .now())
      if taking.body == nil {
        taking.body = bytes
      } else {
        taking.body?.writeImmutableBuffer(bytes)
      }
      stage = .taking(taking)
    case .skipping(let isKept, let count):
      let count = count + bytes.readableBytes
      guard count <= server.limits.skippedBytesMax else { return cut() }
      stage = .skipping(isKept: isKept, bytes: count)
    case .waiting, .asking, .answering, .flushing, .ending, .closed: break
    }
  }

  private func end() {
    switch stage {
    case .taking(let taking):
      let isHead = taking.head.method == .HEAD
      stage = .answering(isHead: isHead, isKept: EdgeConnection.isKept(taking.head))
      deadline = .distantFuture
      asksAsDevice = taking.route.isOfDevice
      asksOnly = taking.head.method == .GET
      guard let context else { return }
      request += 1
      server.answer(
        EdgeRequest(
          head: taking.head, route: taking.route, body: taking.body,
          ticket: EdgeTicket(
            connection: NIOLoopBound(self, eventLoop: context.eventLoop), request: request,
            edge: edge, budget: server.budget, line: taking.line,
            heldBytes: taking.heldBytes, isLarge: taking.isLarge)))
    case .skipping(let isKept, _):
      if isKept, !isDraining { next() } else { cut() }
    case .waiting, .asking, .answering, .flushing, .ending, .closed: break
    }
  }

  // MARK: Out

  private func refuse(_ problem: Problem, _ head: HTTPRequestHead, isKept: Bool) {
    stage = .skipping(isKept: isKept && !isDraining, bytes: 0)
    server.countRefusal(problem, head)
    write(EdgeReply(problem), isHead: head.method == .HEAD, isKept: isKept && !isDraining)
  }

  /// Writes the answer of a request; one of a request before is left out.
  func finish(_ request: Int, _ reply: EdgeReply) {
    guard request == self.request, case .answering(let isHead, let isKept) = stage else { return }
    if reply.isProven || asksAsDevice && reply.status.code < 400 { isKnown = true }
    let bytes = isHead ? 0 : reply.body.count
    let isLong = asksOnly && bytes >= server.limits.longAnswerBytesMin
    if isLong, !holdAnswer(bytes) { return finish(request, server.noRoomForAnswer()) }
    let staysOpen = isKept && !isDraining && !reply.closes
    write(reply, isHead: isHead, isKept: staysOpen)
    // Where the other side is gone, writing has ended the connection.
    guard case .answering = stage, let context else { return }
    let isTaken = context.channel.isWritable
    if isTaken { answerTaken() }
    guard isTaken || isLong || holdAnswer(bytes) else { return cut() }
    if staysOpen { next() } else { endAfterWriting() }
  }

  /// Counts an answer until the other side took it; false when there is no room.
  private func holdAnswer(_ bytes: Int) -> Bool {
    guard server.budget.holdAnswer(line, bytes: bytes) else { return false }
    unsentBytes += bytes
    return true
  }

  private func answerTaken() {
    guard unsentBytes > 0 else { return }
    server.budget.leaveAnswer(line, bytes: unsentBytes)
    unsentBytes = 0
  }

  private func write(_ reply: EdgeReply, isHead: Bool, isKept: Bool) {
    guard let context else { return }
    var buffer = context.channel.allocator.buffer(capacity: 512 + reply.body.count)
    reply.write(into: &buffer, date: edge.date, isHead: isHead, keepsAlive: isKept)
    context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
  }

  private func sendContinue() {
    guard let context else { return }
    var buffer = context.channel.allocator.buffer(capacity: 32)
    buffer.writeStaticString("HTTP/1.1 100 Continue\r\n\r\n")
    context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
  }

  private func endAfterWriting() {
    guard let context else { return }
    stage = .ending
    early = []
    waitUntilTaken()
    let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
    let written = context.eventLoop.makePromise(of: Void.self)
    context.writeAndFlush(wrapOutboundOut(ByteBuffer()), promise: written)
    written.futureResult.whenComplete { _ in bound.value.cut() }
  }

  /// Gives the other side time for its answer; how much of it there is, the next look at the deadline tells.
  private func waitUntilTaken() {
    untakenBytes = 0
    deadline = .now() + .seconds(server.limits.writeSecondsMax)
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if context.channel.isWritable {
      answerTaken()
      if case .flushing = stage { next() }
    }
    context.fireChannelWritabilityChanged()
  }

  /// Turns to the next request, once the other side took enough of the last answer.
  private func next() {
    guard let context, context.channel.isActive else { return }
    guard context.channel.isWritable else {
      stage = .flushing
      return waitUntilTaken()
    }
    if isDraining { return endAfterWriting() }
    stage = .waiting
    deadline = .now() + .seconds(server.limits.idleSecondsMax)
    takeEarly()
    if hasEarlyBytes, case .waiting = stage { noteHeadBegun() }
    readOn()
  }

  /// Reads what was held back.
  private func readOn() {
    guard isReadHeld, let context else { return }
    isReadHeld = false
    read(context: context)
  }

  /// Takes what was read together with the request before.
  private func takeEarly() {
    while !early.isEmpty {
      switch stage {
      case .waiting, .taking, .skipping: take(early.removeFirst())
      case .asking, .answering, .flushing, .ending, .closed: return
      }
    }
    guard let earlyFault else { return }
    switch stage {
    case .waiting, .taking: endWith(earlyFault)
    case .skipping: cut()
    case .asking, .answering, .flushing, .ending, .closed: break
    }
  }
}

/// Notes that bytes came, before they are a request.
final class EdgeBytes: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer
  private let connection: EdgeConnection

  init(_ connection: EdgeConnection) { self.connection = connection }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    connection.noteBytes()
    context.fireChannelRead(data)
  }
}
