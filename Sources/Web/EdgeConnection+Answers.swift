import HTTPTypes
import NIOCore
import NIOHTTP1

/// What goes: answers, and the time and the room that they have.
extension EdgeConnection {
  func refuse(_ problem: Problem, _ head: HTTPRequestHead, isKept: Bool) {
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

  func answerTaken() {
    guard unsentBytes > 0 else { return }
    server.budget.leaveAnswer(line, bytes: unsentBytes)
    unsentBytes = 0
  }

  func write(_ reply: EdgeReply, isHead: Bool, isKept: Bool) {
    guard let context else { return }
    var buffer = context.channel.allocator.buffer(capacity: 512 + reply.body.count)
    reply.write(into: &buffer, date: edge.date, isHead: isHead, keepsAlive: isKept)
    context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
  }

  func sendContinue() {
    guard let context else { return }
    var buffer = context.channel.allocator.buffer(capacity: 32)
    buffer.writeStaticString("HTTP/1.1 100 Continue\r\n\r\n")
    context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
  }

  func endAfterWriting() {
    guard let context else { return }
    stage = .ending
    dropEarly()
    waitUntilTaken()
    let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
    let written = context.eventLoop.makePromise(of: Void.self)
    context.writeAndFlush(wrapOutboundOut(ByteBuffer()), promise: written)
    written.futureResult.whenComplete { _ in bound.value.cut() }
  }

  /// Gives the other side time for its answer; how much of it there is, the next look at the deadline tells.
  func waitUntilTaken() {
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
}
