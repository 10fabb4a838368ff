import Foundation
import LoadMeasures
import NIOCore
import NIOPosix

/// A batch that is encoded, proven and written as a whole request, ready to be sent.
struct PreparedBatch: Sendable {
  let device: String
  /// Place among the device's batches, from 0.
  let number: Int
  /// The request, its head included.
  let request: ByteBuffer
  /// Bytes of the body, at the end of the request.
  let bodyBytesCount: Int
  /// The signature or the code.
  let proof: [UInt8]

  /// The posted bytes.
  var body: [UInt8] {
    Array(request.readableBytesView.suffix(bodyBytesCount))
  }
}

/// What happened while batches were posted.
struct LoadOutcome: Sendable {
  var seconds = 0.0
  /// From when a batch was due to its answer, of batches answered with 200.
  var latency = LatencyHistogram()
  var sentBatches = 0
  var acknowledgedBatches = 0
  var refusedBatches = 0
  /// What the first refusal said.
  var firstRefusal: String?

  mutating func add(_ other: LoadOutcome) {
    latency.add(other.latency)
    sentBatches += other.sentBatches
    acknowledgedBatches += other.acknowledgedBatches
    refusedBatches += other.refusedBatches
    firstRefusal = firstRefusal ?? other.firstRefusal
  }
}

/// Posts requests with as little work for each as may be: the load generator shares the machine with
/// what it measures.
///
/// All connections live on one thread. Each sends its requests in their order, one at a time.
final class LeanClient: Sendable {
  /// Pause between two looks at which requests are due.
  static let tickMicroseconds: Int64 = 500
  /// Longest wait for answers after the end.
  static let lateSecondsMax: Int64 = 30

  private let host: String
  private let port: Int
  private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

  /// Makes a client of a service; connections are made by each run.
  init(host: String, port: Int) {
    self.host = host
    self.port = port
  }

  func close() async { try? await group.shutdownGracefully() }

  /// Posts what each connection was dealt, until it or the seconds are used up.
  ///
  /// Closed loop: a connection posts when its last answer came. With a rate (batches per second over
  /// all connections) the load is open: a batch is due at its time whether or not the service keeps
  /// up, and its latency counts from then, so that waiting is not left out.
  func run(
    _ dealt: [BatchSupply], seconds: Double, batchesPerSecond: Double?
  ) async throws -> LoadOutcome {
    let loop = group.next()
    let (host, port) = (host, port)
    let start = try await loop.flatSubmit {
      let run = LeanRun(
        loop: loop, seconds: seconds, interval: batchesPerSecond.map { 1e9 / $0 },
        connectionsCount: dealt.count)
      return run.connect(dealt, host: host, port: port)
    }.get()
    return try await start.outcome.get()
  }
}

/// A run of the client, on its loop.
private final class LeanRun {
  struct Started: Sendable { let outcome: EventLoopFuture<LoadOutcome> }

  let loop: any EventLoop
  let seconds: Double
  /// Nanoseconds between two batches of an open load.
  let interval: Double?
  let connectionsCount: Int
  var outcome = LoadOutcome()
  var begin = NIODeadline.now()
  var end = NIODeadline.now()
  private var connections: [LeanConnection] = []
  private var busyCount = 0
  private var isOver = false
  private let done: EventLoopPromise<LoadOutcome>

  init(loop: any EventLoop, seconds: Double, interval: Double?, connectionsCount: Int) {
    self.loop = loop
    self.seconds = seconds
    self.interval = interval
    self.connectionsCount = connectionsCount
    done = loop.makePromise()
  }

  func connect(
    _ dealt: [BatchSupply], host: String, port: Int
  ) -> EventLoopFuture<Started> {
    connections = dealt.enumerated().map { LeanConnection(run: self, place: $0, supply: $1) }
    let bound = NIOLoopBound(self, eventLoop: loop)
    let opened = dealt.indices.map { index in
      ClientBootstrap(group: loop)
        .channelOption(.tcpOption(.tcp_nodelay), value: 1)
        .channelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(bound.value.connections[index])
          }
        }.connect(host: host, port: port).map { _ in }
    }
    return EventLoopFuture.andAllSucceed(opened, on: loop).map {
      bound.value.start()
      return Started(outcome: bound.value.done.futureResult)
    }
  }

  private func start() {
    begin = .now()
    end = begin + .nanoseconds(Int64(seconds * 1e9))
    let bound = NIOLoopBound(self, eventLoop: loop)
    if interval == nil {
      for connection in connections { connection.sendNext(due: begin) }
      loop.scheduleTask(deadline: end + .seconds(LeanClient.lateSecondsMax)) {
        bound.value.giveUp()
      }
    } else {
      loop.scheduleRepeatedTask(
        initialDelay: .zero, delay: .microseconds(LeanClient.tickMicroseconds)
      ) { task in
        if !bound.value.tick() { task.cancel() }
      }
    }
  }

  /// Sends what is due; false when the run is over.
  private func tick() -> Bool {
    guard !isOver else { return false }
    let now = NIODeadline.now()
    if now > end + .seconds(LeanClient.lateSecondsMax) { giveUp() }
    for connection in connections { connection.sendDue(now) }
    if now > end, busyCount == 0 { finish() }
    return !isOver
  }

  /// When the n-th batch of a connection is due in an open load; nil after the end.
  func due(_ number: Int, of place: Int) -> NIODeadline? {
    guard let interval else { return nil }
    let nanoseconds = Double(number * connectionsCount + place) * interval
    let due = begin + .nanoseconds(Int64(nanoseconds))
    return due < end ? due : nil
  }

  func sent() {
    busyCount += 1
    outcome.sentBatches += 1
  }

  func answered() {
    busyCount -= 1
    if busyCount == 0, interval == nil { finish() }
  }

  private func giveUp() {
    outcome.firstRefusal = outcome.firstRefusal ?? "no answer in time"
    outcome.refusedBatches += busyCount
    finish()
  }

  private func finish() {
    guard !isOver else { return }
    isOver = true
    outcome.seconds = Double((NIODeadline.now() - begin).nanoseconds) / 1e9
    if interval != nil { outcome.seconds = max(seconds, 0) }
    for connection in connections { connection.close() }
    connections = []
    done.succeed(outcome)
  }
}

/// A connection of the client: sends a request, takes its answer.
private final class LeanConnection: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let run: LeanRun
  private let place: Int
  private var supply: BatchSupply
  private var sentCount = 0
  private var due = NIODeadline.now()
  private var isBusy = false
  private var context: ChannelHandlerContext?
  private var answer = ByteBuffer()

  init(run: LeanRun, place: Int, supply: BatchSupply) {
    self.run = run
    self.place = place
    self.supply = supply
  }

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }
  func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }
  func close() { context?.close(promise: nil) }

  /// Sends the next batch of a closed load.
  func sendNext(due: NIODeadline) {
    guard due < run.end, supply.hasMore, let context else { return }
    self.due = due
    send(context)
  }

  /// Sends the next batch of an open load when it is due and the last one is answered.
  func sendDue(_ now: NIODeadline) {
    guard !isBusy, supply.hasMore, let due = run.due(sentCount, of: place), due <= now,
      let context
    else { return }
    self.due = due
    send(context)
  }

  private func send(_ context: ChannelHandlerContext) {
    guard let request = supply.next() else { return }
    isBusy = true
    run.sent()
    sentCount += 1
    context.writeAndFlush(wrapOutboundOut(request), promise: nil)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var bytes = unwrapInboundIn(data)
    if answer.readableBytes == 0 { answer = bytes } else { answer.writeBuffer(&bytes) }
    guard let (status, body) = Self.whole(answer) else { return }
    let now = NIODeadline.now()
    answer = ByteBuffer()
    isBusy = false
    if status == 200 {
      run.outcome.acknowledgedBatches += 1
      run.outcome.latency.note(microseconds: (now - due).nanoseconds / 1000)
    } else {
      refuse("\(status): \(body())")
    }
    if run.interval == nil { sendNext(due: now) } else { sendDue(now) }
    run.answered()
  }

  func channelInactive(context: ChannelHandlerContext) {
    guard isBusy else { return }
    isBusy = false
    refuse("the service closed the connection")
    run.answered()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }

  private func refuse(_ message: @autoclosure () -> String) {
    run.outcome.refusedBatches += 1
    if run.outcome.firstRefusal == nil { run.outcome.firstRefusal = message() }
  }

  /// The status of an answer that is whole, and a way to its text; nil while more has to come.
  private static func whole(_ bytes: ByteBuffer) -> (Int, () -> String)? {
    bytes.withUnsafeReadableBytes { raw -> (Int, () -> String)? in
      guard raw.count > 16, let headEnd = find("\r\n\r\n", in: raw, until: raw.count) else {
        return nil
      }
      let bodyStart = headEnd + 4
      guard raw.count >= bodyStart + length(in: raw, headEnd: headEnd) else { return nil }
      let status = Int(raw[9] &- 48) * 100 + Int(raw[10] &- 48) * 10 + Int(raw[11] &- 48)
      return (
        status,
        {
          String(
            decoding: bytes.readableBytesView.dropFirst(bodyStart).prefix(300), as: UTF8.self)
        }
      )
    }
  }

  /// The value of Content-Length in a head.
  private static func length(in raw: UnsafeRawBufferPointer, headEnd: Int) -> Int {
    guard let found = find("content-length: ", in: raw, until: headEnd) else { return 0 }
    var index = found + 16
    var length = 0
    while index < headEnd, case 48...57 = raw[index] {
      length = length * 10 + Int(raw[index] - 48)
      index += 1
    }
    return length
  }

  /// Where a text begins.
  private static func find(
    _ text: StaticString, in raw: UnsafeRawBufferPointer, until end: Int
  ) -> Int? {
    guard let start = raw.baseAddress else { return nil }
    let count = text.utf8CodeUnitCount
    let first = text.utf8Start[0]
    var index = 0
    while index + count <= end {
      if raw[index] == first, memcmp(start + index, text.utf8Start, count) == 0 { return index }
      index += 1
    }
    return nil
  }
}
