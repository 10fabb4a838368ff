import CLibUV

/// Says on the loop's thread when a time is over.
///
/// Made, used and closed on the loop's thread.
package final class LoopTimer: LoopHandle {
  /// Why the handler is called.
  package enum Event: Sendable {
    case fired
    /// The loop ends; this is the last call.
    case loopEnded
  }

  private let loop: EventLoop
  private let timer: UnsafeMutablePointer<uv_timer_t>
  private let handler: (Event) -> Void
  private var isClosed = false

  /// Makes a timer that is not started; nil when the loop is ending.
  package init?(loop: EventLoop, handler: @escaping (Event) -> Void) {
    self.loop = loop
    self.handler = handler
    timer = .allocate(capacity: 1)
    loop.checkIsolated()
    guard !loop.isStopping, uv_timer_init(loop.uvLoop, timer) == 0 else {
      timer.deallocate()
      return nil
    }
    timer.pointee.data = Unmanaged.passUnretained(self).toOpaque()
    _ = loop.add(self)
  }

  /// Fires once after a time, in place of any start before.
  package func start(afterMilliseconds milliseconds: Int64) {
    guard !isClosed else { return }
    // libuv counts from the start of its turn; a long turn would fire the timer early.
    uv_update_time(loop.uvLoop)
    uv_timer_start(
      timer,
      { handle in
        guard let data = handle?.pointee.data else { return }
        Unmanaged<LoopTimer>.fromOpaque(data).takeUnretainedValue().handler(.fired)
      }, UInt64(max(0, milliseconds)), 0)
  }

  /// Does not fire until started again.
  package func stop() {
    if !isClosed { uv_timer_stop(timer) }
  }

  /// Ends the timer; the handler is not called again.
  package func close() {
    guard !isClosed else { return }
    isClosed = true
    let handle = UnsafeMutableRawPointer(timer).assumingMemoryBound(to: uv_handle_t.self)
    handle.pointee.data = Unmanaged.passRetained(self).toOpaque()
    loop.remove(self)
    uv_close(handle) { handle in
      guard let data = handle?.pointee.data else { return }
      let timer = Unmanaged<LoopTimer>.fromOpaque(data).takeRetainedValue()
      timer.timer.deallocate()
    }
  }

  func loopEnds() {
    handler(.loopEnded)
    close()
  }
}
