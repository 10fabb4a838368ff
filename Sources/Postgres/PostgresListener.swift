import EventLoop

/// The one connection of a pool that listens, for all of its channels.
actor PostgresListener {
  /// Messages kept for one slow reader; past them it is told that it missed some.
  static let notificationsMax = 1_024
  static let backoffMillisecondsMin = 50
  static let backoffMillisecondsMax = 5_000

  nonisolated let loop: EventLoop
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

  private struct Subscription {
    let channel: String
    let stream: AsyncStream<PostgresNotification>.Continuation
  }

  private let configuration: PostgresConfiguration
  private var subscriptions: [Int: Subscription] = [:]
  private var nextID = 1
  private var link: PostgresLink?
  private var lease = 0
  private var listening: Set<String> = []
  private var worker: Task<Void, Never>?
  /// Wakes the worker: the connection is gone, or the channels are others.
  private var wake: CheckedContinuation<Void, Never>?
  private var isWoken = false
  private var isClosed = false

  init(configuration: PostgresConfiguration, loop: EventLoop) {
    var configuration = configuration
    configuration.applicationName += " listen"
    self.configuration = configuration
    self.loop = loop
  }

  nonisolated func listen(_ channel: String) -> AsyncStream<PostgresNotification> {
    let (stream, continuation) = AsyncStream<PostgresNotification>.makeStream(
      bufferingPolicy: .bufferingNewest(PostgresListener.notificationsMax))
    Task { await self.subscribe(channel, continuation) }
    return stream
  }

  func close() {
    isClosed = true
    for subscription in subscriptions.values { subscription.stream.finish() }
    subscriptions = [:]
    wakeWorker()
  }

  private func subscribe(
    _ channel: String, _ stream: AsyncStream<PostgresNotification>.Continuation
  ) {
    guard !isClosed else {
      stream.finish()
      return
    }
    let id = nextID
    nextID += 1
    subscriptions[id] = Subscription(channel: channel, stream: stream)
    stream.onTermination = { _ in Task { await self.unsubscribe(id) } }
    if listening.contains(channel) { resumption(of: channel, only: id) }
    if worker == nil { worker = Task { await self.work() } }
    wakeWorker()
  }

  private func unsubscribe(_ id: Int) {
    if subscriptions.removeValue(forKey: id) != nil { wakeWorker() }
  }

  private func wakeWorker() {
    isWoken = true
    wake?.resume()
    wake = nil
  }

  private func sleepUntilWoken() async {
    if !isWoken { await withCheckedContinuation { wake = $0 } }
    isWoken = false
  }

  /// Keeps a connection that listens to what is wanted, as long as anything is.
  private func work() async {
    var failureCount = 0
    while !subscriptions.isEmpty {
      do {
        try await connectIfNeeded()
        try await listenToWanted()
        failureCount = 0
        await sleepUntilWoken()
      } catch {
        await dropLink()
        // A loop that ends gives no connection any more.
        if (error as? PostgresError)?.kind == .closed { close() }
        let longest = PostgresListener.backoffMillisecondsMin << min(failureCount, 16)
        let pause = min(longest, PostgresListener.backoffMillisecondsMax)
        failureCount += 1
        if !subscriptions.isEmpty { try? await Task.sleep(for: .milliseconds(pause)) }
      }
    }
    worker = nil
    await dropLink()
    // Somebody may have come while the connection was closed.
    if !subscriptions.isEmpty, worker == nil { worker = Task { await self.work() } }
  }

  private func connectIfNeeded() async throws {
    if let link, await link.closeReason == nil { return }
    listening = []
    let link = PostgresLink(
      configuration: configuration, loop: loop,
      onClosed: { _ in self.loop.call { self.assumeIsolated { $0.wakeWorker() } } },
      onNotification: { notification in self.assumeIsolated { $0.deliver(notification) } })
    try await link.open()
    self.link = link
    lease = await link.beginLease(nil)
  }

  private func listenToWanted() async throws {
    guard let link else { return }
    let wanted = Set(subscriptions.values.map(\.channel))
    for channel in wanted.subtracting(listening).sorted() {
      _ = try await link.run([PostgresStatement("LISTEN \(quoted(channel))")], lease: lease)
      listening.insert(channel)
      resumption(of: channel)
    }
    for channel in listening.subtracting(wanted).sorted() {
      _ = try await link.run([PostgresStatement("UNLISTEN \(quoted(channel))")], lease: lease)
      listening.remove(channel)
    }
  }

  private func dropLink() async {
    let old = link
    link = nil
    listening = []
    await old?.close(PostgresError(kind: .closed, message: "listening ended"))
  }

  private func resumption(of channel: String, only id: Int? = nil) {
    let notification = PostgresNotification(channel: channel, payload: "", isResumption: true)
    for (key, subscription) in subscriptions
    where subscription.channel == channel && (id == nil || id == key) {
      subscription.stream.yield(notification)
    }
  }

  private func deliver(_ notification: PostgresNotification) {
    for subscription in subscriptions.values where subscription.channel == notification.channel {
      // A full buffer drops its oldest; a resumption as the newest tells the reader.
      if case .dropped = subscription.stream.yield(notification) {
        subscription.stream.yield(
          PostgresNotification(channel: notification.channel, payload: "", isResumption: true))
      }
    }
  }

  /// A channel as an identifier of SQL; LISTEN takes no parameter.
  private func quoted(_ channel: String) -> String {
    "\""
      + channel.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
      + "\""
  }
}
