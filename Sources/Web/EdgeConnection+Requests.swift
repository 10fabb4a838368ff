import NIOCore
import NIOHTTP1

/// What comes: bytes, then requests, one after the other.
extension EdgeConnection {
  /// Bytes arrived, of whatever.
  func noteBytes() {
    switch stage {
    case .waiting where !isHeadBegun: noteHeadBegun()
    case .answering, .flushing: hasEarlyBytes = true
    case .waiting, .asking, .taking, .skipping, .ending, .closed: break
    }
  }

  /// So many bytes were taken apart; what of them came early is held until it has its turn.
  func noteTakenApart(_ count: Int) {
    switch stage {
    case .asking where !early.isEmpty, .answering where !early.isEmpty,
      .flushing where !early.isEmpty:
      break
    case .waiting, .asking, .taking, .skipping, .answering, .flushing, .ending, .closed: return
    }
    let bytes = early.weigh(count, weight: server.limits.earlyBytesWeight)
    guard server.budget.grow(line, bytes: bytes, isLarge: false) else {
      dropEarly()
      let problem = server.overloaded
      server.countRefusal(problem.code)
      earlyFault = problem
      return
    }
    early.note(counted: bytes)
  }

  /// Forgets what came early, and takes it out of the count.
  func dropEarly() {
    guard !early.isEmpty else { return }
    server.budget.shrink(line, bytes: early.bytes)
    early = EdgeEarly()
  }

  private func noteHeadBegun() {
    isHeadBegun = true
    deadline = .now() + .seconds(server.limits.headSecondsMax)
  }

  func read(context: ChannelHandlerContext) {
    switch stage {
    case .answering where early.isEmpty && earlyFault == nil: context.read()
    case .asking, .answering, .flushing, .ending: isReadHeld = true
    case .waiting, .taking, .skipping, .closed: context.read()
    }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let part = unwrapInboundIn(data)
    switch stage {
    case .asking, .answering, .flushing: if earlyFault == nil { early.append(part) }
    case .ending, .closed: break
    // Where a write fails, all that is still there is read in the middle of it: behind what came before.
    case .waiting, .taking, .skipping: if early.isEmpty { take(part) } else { early.append(part) }
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
    let taking = Taking(
      head: head, route: route, isLarge: isLarge, line: asking, body: EdgeBody(toldBytes: length))
    if isLarge { ask(taking) } else { begin(taking) }
  }

  private func begin(_ taking: Taking) {
    deadline = .now() + .seconds(server.limits.bodySecondsMax)
    stage = .taking(taking)
    // Last of all: where the other side is gone, writing ends the connection, and what it held is given back.
    if EdgeConnection.isToldToGoOn(taking.head), early.isEmpty { sendContinue() }
  }

  /// Whether somebody waits with the body until they are told; of HTTP/1.0 nobody may (RFC 9110, 10.1.1).
  private static func isToldToGoOn(_ head: HTTPRequestHead) -> Bool {
    head.headers.first(name: "expect")?.lowercased() == "100-continue" && !head.isBeforeHTTP11
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
  /// protocol, for what follows may be in that, nor after one of HTTP/1.0 in chunks, which those between
  /// may have read otherwise (RFC 9112, 6.1).
  private static func isKept(_ head: HTTPRequestHead) -> Bool {
    head.isKeepAlive && head.method != .CONNECT && !head.headers.contains(name: "upgrade")
      && !(head.isBeforeHTTP11 && head.headers.contains(name: "transfer-encoding"))
  }

  private func append(_ bytes: ByteBuffer) {
    switch stage {
    case .taking(var taking):
      let count = bytes.readableBytes
      var refusal: Problem?
      if taking.body.count + count > taking.route.bytesMax {
        refusal = .tooLarge(bytesMax: taking.route.bytesMax)
      } else if !server.budget.grow(taking.line, bytes: count, isLarge: taking.isLarge) {
        refusal = server.overloaded
      }
      if let refusal {
        giveBack()
        return refuse(refusal, taking.head, isKept: false)
      }
      stage = .waiting
      deadline = server.limits.bodyPace.deadline(deadline, after: count, at: .now())
      taking.body.append(bytes)
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
          head: taking.head, route: taking.route, body: taking.body.buffer,
          ticket: EdgeTicket(
            connection: NIOLoopBound(self, eventLoop: context.eventLoop), request: request,
            edge: edge, budget: server.budget, line: taking.line,
            heldBytes: taking.body.count, isLarge: taking.isLarge)))
    case .skipping(let isKept, _):
      if isKept, !isDraining { next() } else { cut() }
    case .waiting, .asking, .answering, .flushing, .ending, .closed: break
    }
  }

  /// Turns to the next request, once the other side took enough of the last answer.
  func next() {
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
    guard isReadHeld, !isTakingEarly, let context else { return }
    isReadHeld = false
    read(context: context)
  }

  /// Takes what was read together with the request before.
  private func takeEarly() {
    // The end of a refused request turns to the next within this very loop, which goes on by itself: one within
    // the other, thousands of them would overflow the stack.
    guard !isTakingEarly else { return }
    isTakingEarly = true
    defer { isTakingEarly = false }
    while !early.isEmpty {
      switch stage {
      case .waiting, .taking, .skipping:
        guard let (part, bytes) = early.popFirst() else { return }
        // From here on it is counted as what it is.
        if bytes > 0 { server.budget.shrink(line, bytes: bytes) }
        take(part)
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
