import Basics
import NIOCore
import NIOEmbedded

/// How the other side of a connection behaves: the first byte of an input.
struct CallerHabit {
  var pieceBytes: Int
  var answers: AnswerHabit
  /// Takes its answers only when it has nothing more to say.
  var isSlowToTake: Bool
  /// The service is told to end halfway.
  var isDrained: Bool
  /// There is hardly any room for requests.
  var isTight: Bool

  init(_ byte: UInt8) {
    pieceBytes = [1, 2, 3, 7, 16, 61, 256, Int.max][Int(byte & 7)]
    answers = AnswerHabit(rawValue: byte >> 3 & 3) ?? .atOnce
    isSlowToTake = byte & 32 != 0
    isDrained = byte & 64 != 0
    isTight = byte & 128 != 0
  }

  /// Says byte by byte what another says in pieces, takes every answer, and stays to the end.
  var inSingleBytes: CallerHabit {
    var habit = CallerHabit(0)
    habit.isTight = isTight
    return habit
  }
}

/// Bytes on a connection of the edge, without a socket; a trap is a finding.
package enum EdgeTrial {
  /// Plays an input in the pieces that its first byte says, and once more byte by byte.
  package static func run(_ input: [UInt8]) {
    guard let first = input.first else { return }
    let habit = CallerHabit(first)
    let bytes = Array(input.dropFirst())
    let requests = EdgePlay(habit).run(bytes)
    let inSingleBytes = EdgePlay(habit.inSingleBytes).run(bytes)
    // A caller who is not answered in time, or leaves, is heard less far; nobody is heard otherwise.
    precondition(
      inSingleBytes.starts(with: requests), "what is understood depends on how the bytes are cut")
  }
}

/// One connection from its first byte to its end.
private final class EdgePlay {
  /// Seconds after which everything that a connection may wait for is overdue.
  private static let overdueSeconds: Int64 = 1_000_000

  private let habit: CallerHabit
  private let loop = EmbeddedEventLoop()
  private let channel: EmbeddedChannel
  private let core: EdgeCore
  private let edge: EdgeLoop
  private let connection: EdgeConnection
  private let gate: Gate
  private var answers: [UInt8] = []

  init(_ habit: CallerHabit) {
    self.habit = habit
    var limits = EdgeLimits()
    limits.headBytesMax = 512
    limits.headFieldsMax = 12
    limits.requestBytesMax = habit.isTight ? 100 : 4096
    limits.skippedBytesMax = 1024
    gate = Gate(isLeftWhenToldToGoOn: habit.answers == .onceTheOtherSideHasGone)
    channel = EmbeddedChannel(loop: loop)
    core = EdgeCore(limits, answersAtOnce: habit.answers == .atOnce)
    edge = EdgeLoop(loop: loop, now: { .init(seconds: 1_795_300_000) })
    guard case .line(let line) = core.budget.enter(from: .unnamed) else {
      preconditionFailure("there is no room for a first connection")
    }
    connection = EdgeConnection(server: core, edge: edge, line: line)
    do {
      let pipeline = channel.pipeline.syncOperations
      try pipeline.addHandler(gate)
      try pipeline.addEdge(connection, limits: limits)
      try channel.connect(to: SocketAddress(unixDomainSocketPath: "/edge")).wait()
    } catch {
      preconditionFailure("no connection: \(error)")
    }
  }

  /// Says the bytes, and gives what was understood of them.
  func run(_ bytes: [UInt8]) -> [TakenRequest] {
    channel.read()
    var rest = bytes[...]
    var saidCount = 0
    while !rest.isEmpty, channel.isActive {
      if habit.isSlowToTake, core.answeredCount % 2 == 0 { channel.isWritable = false }
      let piece = rest.prefix(habit.pieceBytes)
      rest = rest.dropFirst(habit.pieceBytes)
      say(piece)
      saidCount += piece.count
      if habit.isDrained, saidCount * 2 >= bytes.count { connection.drain() }
      settle()
    }
    end()
    return core.requests
  }

  private func say(_ piece: ArraySlice<UInt8>) {
    gate.isOpen = false
    // What nobody in the pipeline catches is thrown here: nothing may come so far.
    do { try channel.writeInbound(ByteBuffer(bytes: piece)) } catch {
      // Bytes after the end of the connection have no one to go to.
      precondition(!channel.isActive, "an error went through: \(error)")
    }
    loop.run()
    channel.read()
  }

  /// Goes on until the connection reads again, as it must once it owes nothing.
  private func settle() {
    if habit.answers == .afterEachPiece { answer() }
    if !gate.isOpen, habit.answers != .onceTheOtherSideHasGone { answer() }
    if !gate.isOpen { takeAnswers() }
    while !gate.isOpen, channel.isActive, core.owesAnswer,
      habit.answers != .onceTheOtherSideHasGone
    {
      answer()
      takeAnswers()
    }
    precondition(
      gate.isOpen || !channel.isActive || core.owesAnswer,
      "a connection that owes no answer reads no more")
    // Whoever is not read has to wait: here that is for good.
    if !gate.isOpen, channel.isActive { channel.close(promise: nil) }
    loop.run()
    collect()
  }

  private func answer() {
    core.answerWaiting()
    loop.run()
  }

  private func takeAnswers() {
    guard !channel.isWritable else { return }
    channel.isWritable = true
    channel.pipeline.fireChannelWritabilityChanged()
    loop.run()
  }

  private func collect() {
    while let buffer = try? channel.readOutbound(as: ByteBuffer.self) {
      answers += Array(buffer.readableBytesView)
    }
  }

  /// The other side goes away; what is owed is answered late, and everything is given back.
  private func end() {
    if habit.isDrained, habit.answers != .onceTheOtherSideHasGone {
      answer()
      takeAnswers()
      connection.cutIfLate(.now() + .seconds(Self.overdueSeconds))
      precondition(!channel.isActive, "an overdue connection is not cut")
    }
    collect()
    _ = try? channel.finish(acceptAlreadyClosed: true)
    answer()
    collect()
    precondition(
      core.budget.connectionsCount == 0 && core.budget.addressesCount == 0,
      "a connection does not leave the count once")
    precondition(core.budget.current == (0, 0), "\(core.budget.current) are never given back")
    AnswerReader(answers).check(requestsCount: core.requests.count)
    try? loop.syncShutdownGracefully()
  }
}

/// Stands where the socket is: knows whether the connection wants more bytes, and may be gone when it writes.
private final class Gate: ChannelOutboundHandler {
  typealias OutboundIn = ByteBuffer
  private static let goOn = Array("HTTP/1.1 100 ".utf8)
  private let isLeftWhenToldToGoOn: Bool
  var isOpen = false

  init(isLeftWhenToldToGoOn: Bool) { self.isLeftWhenToldToGoOn = isLeftWhenToldToGoOn }

  func read(context: ChannelHandlerContext) {
    isOpen = true
    context.read()
  }

  /// A socket whose other side is gone ends the connection in the middle of the write.
  func write(
    context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?
  ) {
    guard isLeftWhenToldToGoOn,
      unwrapOutboundIn(data).readableBytesView.starts(with: Self.goOn)
    else { return context.write(data, promise: promise) }
    promise?.fail(ChannelError.ioOnClosedChannel)
    context.close(promise: nil)
  }
}
