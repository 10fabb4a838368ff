/// A libuv loop on its own thread, as an executor of actors and of whole tasks.
package final class EventLoop: SerialExecutor, TaskExecutor {
  /// Starts a loop on a thread of its own.
  package static func start(name: String) -> EventLoop { EventLoop() }

  /// Ends the loop and its thread; returns when it is over.
  package func shutdown() async {}

  package func enqueue(_ job: consuming ExecutorJob) { fatalError() }
}
