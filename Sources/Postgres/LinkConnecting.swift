import CLibPQ
import EventLoop
import Glibc

extension PostgresLink {
  /// Connects, within the configured time.
  func open() async throws {
    guard case .new = phase else { preconditionFailure("a link opens once") }
    phase = .connecting
    try await withCheckedThrowingContinuation { continuation in
      openWaiter = continuation
      startTimer()
      Task { await self.lookUpAndConnect() }
    }
  }

  private func startTimer() {
    timer = LoopTimer(loop: loop) { event in
      self.assumeIsolated { $0.timerCalled(event) }
    }
    let seconds = configuration.connectSecondsMax
    timer?.start(afterMilliseconds: Int64(seconds * 1_000))
    if timer == nil { close(PostgresError(kind: .closed, message: "the event loop ends")) }
  }

  private func timerCalled(_ event: LoopTimer.Event) {
    switch (event, phase) {
    case (.loopEnded, _): close(PostgresError(kind: .closed, message: "the event loop ends"))
    case (.fired, .connecting):
      let seconds = configuration.connectSecondsMax
      close(
        PostgresError(
          kind: .connection,
          message: "no connection to \(configuration.place): no answer within \(seconds) s"))
    case (.fired, .ready): guardTimePassed()
    case (.fired, .new), (.fired, .closed): break
    }
  }

  /// libpq would look names up itself, and block the loop while it does.
  private func lookUpAndConnect() async {
    var addresses: [[String]] = []
    for host in configuration.hostsToResolve {
      let found = await onOwnThread { numericAddresses(ofHost: host) } ?? .failure(.noThread)
      guard case .connecting = phase else { return }
      switch found {
      case .success(let list): addresses.append(list)
      case .failure(let fault):
        close(
          PostgresError(
            kind: .connection, message: "no connection to \(configuration.place): \(fault)"))
        return
      }
    }
    connect(addresses: addresses)
  }

  private func connect(addresses: [[String]]) {
    let options = configuration.connectionOptions(addresses: addresses)
    let keys = options.map { strdup($0.0) }
    let values = options.map { strdup($0.1) }
    defer { for pointer in keys + values { free(pointer) } }
    handle = PQconnectStartParams(
      keys.map { UnsafePointer($0) } + [nil], values.map { UnsafePointer($0) } + [nil], 0)
    notices.receive(from: handle)
    // Shows the state of a refusal in the message, the only place where libpq has it.
    PQsetErrorVerbosity(handle, PQERRORS_VERBOSE)
    guard handle != nil, PQstatus(handle) != CONNECTION_BAD else {
      closeConnecting()
      return
    }
    watch(.writable)
  }

  private func closeConnecting() {
    let message = PQerrorMessage(handle).map { String(cString: $0) } ?? "out of memory"
    close(PostgresError(connecting: message, to: configuration.place))
  }

  private func watch(_ events: SocketEvents) {
    watcher = SocketWatcher(loop: loop, socket: PQsocket(handle)) { events in
      self.assumeIsolated { $0.socketReady(events) }
    }
    guard let watcher else {
      close(
        PostgresError(
          kind: .connection,
          message: "no connection to \(configuration.place): its socket cannot be watched"))
      return
    }
    watcher.watch(events)
  }

  private func socketReady(_ events: SocketEvents) {
    if events.contains(.loopEnded) {
      close(PostgresError(kind: .closed, message: "the event loop ends"))
      return
    }
    switch phase {
    case .connecting: continueConnecting()
    case .ready: transfer(events)
    case .new, .closed: break
    }
  }

  private func continueConnecting() {
    // libpq may close its socket and open another, often with the same number, while it connects:
    // a watcher must not outlive one step.
    watcher?.close()
    watcher = nil
    switch PQconnectPoll(handle) {
    case PGRES_POLLING_READING: watch(.readable)
    case PGRES_POLLING_WRITING: watch(.writable)
    case PGRES_POLLING_OK: becomeReady()
    default: closeConnecting()
    }
  }

  private func becomeReady() {
    let version = PQserverVersion(handle)
    guard version >= PostgresLink.serverVersionMin else {
      close(
        PostgresError(
          kind: .connection,
          message: "the server at \(configuration.place) is PostgreSQL \(version / 10_000); "
            + "14 or newer is needed", sqlState: "0A000"))
      return
    }
    PQsetErrorVerbosity(handle, PQERRORS_DEFAULT)
    PQsetnonblocking(handle, 1)
    isPipelineMode = PQenterPipelineMode(handle) == 1
    timer?.stop()
    phase = .ready
    watch(.readable)
    openWaiter?.resume()
    openWaiter = nil
  }
}

/// Why a host name has no address.
private enum LookUpFault: Error, CustomStringConvertible {
  case noThread
  case unknown(host: String, reason: String)

  var description: String {
    switch self {
    case .noThread: "the system gives no thread to look up its address"
    case .unknown(let host, let reason): "the address of \(host) was not found: \(reason)"
    }
  }
}

/// Most addresses of one host that are tried.
private let addressesMax = 8

/// The addresses of a host in digits; blocks while it asks.
private func numericAddresses(ofHost host: String) -> Result<[String], LookUpFault> {
  var hints = addrinfo()
  hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
  var found: UnsafeMutablePointer<addrinfo>?
  var result = getaddrinfo(host, nil, &hints, &found)
  defer { if let found { freeaddrinfo(found) } }
  var addresses: [String] = []
  var next = found
  while result == 0, let address = next?.pointee, addresses.count < addressesMax {
    var name = [CChar](repeating: 0, count: Int(NI_MAXHOST))
    result = getnameinfo(
      address.ai_addr, address.ai_addrlen, &name, socklen_t(name.count), nil, 0, NI_NUMERICHOST)
    addresses.append(String(decoding: name.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self))
    next = address.ai_next
  }
  guard result == 0, !addresses.isEmpty else {
    return .failure(.unknown(host: host, reason: String(cString: gai_strerror(result))))
  }
  return .success(addresses)
}
