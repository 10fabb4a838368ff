import Foundation
import Glibc
import LoadMeasures
import ServiceClient

/// A batch that is encoded, proven and written as a whole request, ready to be sent.
struct PreparedBatch: Sendable {
  let device: String
  /// Place among the device's batches, from 0.
  let number: Int
  /// The request, its head included.
  let request: [UInt8]
  /// Bytes of the body, at the end of the request.
  let bodyBytesCount: Int
  /// The signature or the code.
  let proof: [UInt8]

  /// The posted bytes.
  var body: [UInt8] { Array(request.suffix(bodyBytesCount)) }

  /// A POST as it goes over the wire, its head included.
  static func request(
    _ path: String, of body: [UInt8], _ fields: [(String, String)], host: String
  ) -> [UInt8] {
    var head = "POST \(path) HTTP/1.1\r\nhost: \(host)\r\n"
    head += "content-length: \(body.count)\r\n"
    for (name, value) in fields { head += "\(name): \(value)\r\n" }
    head += "\r\n"
    return Array(head.utf8) + body
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
/// All connections live on one thread, which waits for any of them by poll(2), and sends and receives
/// without anything between it and the sockets. Each connection sends its requests in their order, one
/// at a time.
struct LeanClient: Sendable {
  /// Longest wait for answers after the end.
  static let lateSecondsMax: Int64 = 30

  private let host: String
  private let port: Int

  /// Makes a client of a service; connections are made by each run.
  init(host: String, port: Int) {
    self.host = host
    self.port = port
  }

  /// Posts what each connection was dealt, until it or the seconds are used up.
  ///
  /// Closed loop: a connection posts when its last answer came. With a rate (batches per second over
  /// all connections) the load is open: a batch is due at its time whether or not the service keeps
  /// up, and its latency counts from then, so that waiting is not left out.
  func run(
    _ dealt: [BatchSupply], seconds: Double, batchesPerSecond: Double?
  ) async throws -> LoadOutcome {
    let (host, port) = (host, port)
    let interval = batchesPerSecond.map { 1e9 / $0 }
    return try await withCheckedThrowingContinuation { continuation in
      // A thread of its own, for it waits in poll(2), where the cooperative threads must not.
      Thread.detachNewThread {
        continuation.resume(
          with: Result {
            var run = LeanRun(seconds: seconds, interval: interval)
            return try run.post(dealt, host: host, port: port)
          })
      }
    }
  }
}

/// A run of the client, on its thread.
private struct LeanRun {
  /// Longest wait of the thread: until something may be due in an open load, or until it looks whether
  /// it waits for too long.
  static let openWaitMilliseconds: Int32 = 1
  static let closedWaitMilliseconds: Int32 = 200

  private let seconds: Double
  /// Nanoseconds between two batches of an open load.
  private let interval: Double?
  private var outcome = LoadOutcome()
  private var begin: Int64 = 0
  private var end: Int64 = 0
  private var connections: [LeanConnection] = []
  private var busyCount = 0
  private var received = [UInt8](repeating: 0, count: 1 << 16)

  init(seconds: Double, interval: Double?) {
    self.seconds = seconds
    self.interval = interval
  }

  mutating func post(
    _ dealt: [BatchSupply], host: String, port: Int
  ) throws -> LoadOutcome {
    defer { for connection in connections { connection.close() } }
    for supply in dealt {
      connections.append(LeanConnection(socket: try Self.connect(host, port), supply: supply))
    }
    begin = monotonicNanoseconds()
    end = begin + Int64(seconds * 1e9)
    let lastMoment = end + LeanClient.lateSecondsMax * 1_000_000_000
    var polled = connections.map { pollfd(fd: $0.socket, events: Int16(POLLIN), revents: 0) }
    let wait = interval == nil ? Self.closedWaitMilliseconds : Self.openWaitMilliseconds
    for place in connections.indices { sendDue(place, begin) }
    while busyCount > 0 || (interval != nil && monotonicNanoseconds() < end) {
      for place in polled.indices {
        let connection = connections[place]
        polled[place].fd = connection.isOpen ? connection.socket : -1
        polled[place].events = Int16(connection.isSending ? POLLIN | POLLOUT : POLLIN)
      }
      let readyCount = poll(&polled, nfds_t(polled.count), wait)
      guard readyCount >= 0 || errno == EINTR else { throw ProgramFault("poll: errno \(errno)") }
      if readyCount > 0 {
        for place in polled.indices where polled[place].revents != 0 { attend(place) }
      }
      let now = monotonicNanoseconds()
      if now > lastMoment {
        outcome.firstRefusal = outcome.firstRefusal ?? "no answer in time"
        outcome.refusedBatches += busyCount
        break
      }
      if interval != nil {
        for place in connections.indices { sendDue(place, now) }
      }
    }
    // Batches that were due are also answered after the end: past what a service can do, that takes long.
    let elapsed = Double(monotonicNanoseconds() - begin) / 1e9
    outcome.seconds = interval == nil ? elapsed : max(elapsed, seconds)
    return outcome
  }

  /// A connected socket that never waits.
  private static func connect(_ host: String, _ port: Int) throws -> Int32 {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(host, "\(port)", &hints, &found) == 0, let first = found else {
      throw ProgramFault("\(host) has no address")
    }
    defer { freeaddrinfo(found) }
    var candidate: UnsafeMutablePointer<addrinfo>? = first
    while let address = candidate?.pointee {
      let socket = socket(address.ai_family, address.ai_socktype, address.ai_protocol)
      if socket >= 0, Glibc.connect(socket, address.ai_addr, address.ai_addrlen) == 0 {
        var on: Int32 = 1
        setsockopt(
          socket, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        return socket
      }
      if socket >= 0 { Glibc.close(socket) }
      candidate = address.ai_next
    }
    throw ProgramFault("nobody answers at \(host):\(port): errno \(errno)")
  }

  /// When the next batch of a connection is due; nil after the end.
  private func due(_ place: Int, _ now: Int64) -> Int64? {
    guard let interval else { return now < end ? now : nil }
    let number = connections[place].sentCount * connections.count + place
    let due = begin + Int64(Double(number) * interval)
    return due < end ? due : nil
  }

  /// Sends the next batch of a connection, if it is due and the last one is answered.
  private mutating func sendDue(_ place: Int, _ now: Int64) {
    let connection = connections[place]
    guard connection.isOpen, !connection.isBusy, let due = due(place, now), due <= now,
      connection.sendNext(due: due)
    else { return }
    busyCount += 1
    outcome.sentBatches += 1
    if !connection.isOpen { lost(connection) }
  }

  /// Goes on with a connection that can be read or written.
  private mutating func attend(_ place: Int) {
    let connection = connections[place]
    if connection.isSending { connection.sendRest() }
    let answer = connection.isOpen ? connection.receive(with: &received) : nil
    if !connection.isOpen { return lost(connection) }
    guard let answer else { return }
    let now = monotonicNanoseconds()
    busyCount -= 1
    if answer.status == 200 {
      outcome.acknowledgedBatches += 1
      outcome.latency.note(microseconds: (now - connection.due) / 1000)
    } else {
      refuse("\(answer.status): \(answer.text)")
    }
    sendDue(place, now)
  }

  /// A connection was closed by the other side.
  private mutating func lost(_ connection: LeanConnection) {
    guard connection.isBusy else { return }
    connection.isBusy = false
    busyCount -= 1
    refuse("the service closed the connection")
  }

  private mutating func refuse(_ message: @autoclosure () -> String) {
    outcome.refusedBatches += 1
    if outcome.firstRefusal == nil { outcome.firstRefusal = message() }
  }
}

/// Nanoseconds of a clock that nobody sets.
private func monotonicNanoseconds() -> Int64 {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}
