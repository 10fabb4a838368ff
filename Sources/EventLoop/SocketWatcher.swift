import CLibUV

/// What a socket is ready for.
package struct SocketEvents: OptionSet, Sendable {
  package let rawValue: Int32

  package init(rawValue: Int32) { self.rawValue = rawValue }

  package static let readable = SocketEvents(rawValue: Int32(UV_READABLE.rawValue))
  package static let writable = SocketEvents(rawValue: Int32(UV_WRITABLE.rawValue))
  /// The loop ends; this is the last call.
  package static let loopEnded = SocketEvents(rawValue: 1 << 16)
}

/// Says on the loop's thread when a socket can be read or written.
///
/// Made, used and closed on the loop's thread. Close it before its socket is closed: a number of a
/// socket is given out again at once, and the loop would watch a stranger's.
package final class SocketWatcher: LoopHandle {
  private let loop: EventLoop
  private let poll: UnsafeMutablePointer<uv_poll_t>
  private let handler: (SocketEvents) -> Void
  private var interest: SocketEvents = []
  private var isClosed = false

  /// Starts without interest; nil when the loop is ending or the number is no socket.
  package init?(
    loop: EventLoop, socket: Int32, handler: @escaping (SocketEvents) -> Void
  ) {
    self.loop = loop
    self.handler = handler
    poll = .allocate(capacity: 1)
    loop.checkIsolated()
    guard !loop.isStopping, uv_poll_init(loop.uvLoop, poll, socket) == 0 else {
      poll.deallocate()
      return nil
    }
    poll.pointee.data = Unmanaged.passUnretained(self).toOpaque()
    _ = loop.add(self)
  }

  /// Changes what to look for.
  package func watch(_ events: SocketEvents) {
    guard !isClosed, events != interest else { return }
    interest = events
    uv_poll_start(poll, events.rawValue) { handle, status, events in
      guard let data = handle?.pointee.data else { return }
      let watcher = Unmanaged<SocketWatcher>.fromOpaque(data).takeUnretainedValue()
      if status < 0 {
        watcher.failed()
      } else {
        watcher.handler(SocketEvents(rawValue: events))
      }
    }
  }

  /// The socket has an error: the owner learns its reason when it reads or writes.
  ///
  /// libuv has stopped watching by itself. There may be bytes to read before the error, so it is
  /// begun again unless the owner closes the watcher.
  private func failed() {
    let before = interest
    interest = []
    handler(before)
    if interest.isEmpty { watch(before) }
  }

  /// Ends watching; the handler is not called again.
  package func close() {
    guard !isClosed else { return }
    isClosed = true
    let handle = UnsafeMutableRawPointer(poll).assumingMemoryBound(to: uv_handle_t.self)
    handle.pointee.data = Unmanaged.passRetained(self).toOpaque()
    loop.remove(self)
    uv_close(handle) { handle in
      guard let data = handle?.pointee.data else { return }
      let watcher = Unmanaged<SocketWatcher>.fromOpaque(data).takeRetainedValue()
      watcher.poll.deallocate()
    }
  }

  func loopEnds() {
    handler(.loopEnded)
    close()
  }
}
