import CLibUV
import Glibc

/// A closure on its way to a new thread.
private final class ThreadBody: Sendable {
  let run: @Sendable () -> Void
  init(run: @escaping @Sendable () -> Void) { self.run = run }
}

/// Starts a detached thread; false when the system has none left.
func startThread(_ body: @escaping @Sendable () -> Void) -> Bool {
  let box = Unmanaged.passRetained(ThreadBody(run: body))
  var attributes = pthread_attr_t()
  pthread_attr_init(&attributes)
  pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
  defer { pthread_attr_destroy(&attributes) }
  var thread = pthread_t()
  let result = pthread_create(
    &thread, &attributes,
    { pointer in
      if let pointer { Unmanaged<ThreadBody>.fromOpaque(pointer).takeRetainedValue().run() }
      return nil
    }, box.toOpaque())
  if result != 0 { box.release() }
  return result == 0
}

/// Names the calling thread for the system's tools; 15 characters are kept.
func nameThisThread(_ name: String) {
  let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
  guard file >= 0 else { return }
  let bytes = Array(name.utf8.prefix(15))
  _ = write(file, bytes, bytes.count)
  close(file)
}

/// Runs a blocking call on a thread of its own, away from the cooperative threads; nil when the
/// system has no thread left.
///
/// For rare calls that the system or a library offers only in blocking form: names to addresses,
/// a cancel request, a scan of a folder.
package func onOwnThread<Result: Sendable>(
  _ body: @escaping @Sendable () -> Result
) async -> Result? {
  await withCheckedContinuation { (continuation: CheckedContinuation<Result?, Never>) in
    let isStarted = startThread { continuation.resume(returning: body()) }
    if !isStarted { continuation.resume(returning: nil) }
  }
}
