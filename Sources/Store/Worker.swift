package import Logging

/// Calls a piece of work whenever the tables may hold something for it.
///
/// It is called when one of the channels announces something, and each second in any case; it works
/// until a pass finds nothing. A database that is away is waited for, longer each time.
package struct Worker: Sendable {
  /// Longest wait before the tables are looked at without having been called.
  package static let idleSecondsMax: Double = 1
  /// Wait after a fault, doubled up to the maximum.
  package static let faultSecondsMin: Double = 0.2
  package static let faultSecondsMax: Double = 5

  private let name: String
  private let store: Store
  private let channels: [StoreChannel]
  private let log: Logger

  /// Makes a worker that listens to channels.
  package init(name: String, store: Store, channels: [StoreChannel], log: Logger) {
    self.name = name
    self.store = store
    self.channels = channels
    self.log = log
  }

  /// Works until the task is cancelled; `pass` tells how much it did.
  package func run(_ pass: @escaping @Sendable () async throws -> Int) async {
    let (calls, caller) = AsyncStream.makeStream(
      of: Void.self, bufferingPolicy: .bufferingNewest(1))
    await withTaskGroup(of: Void.self) { group in
      for channel in channels {
        group.addTask {
          for await _ in store.announcements(channel) { caller.yield() }
        }
      }
      group.addTask {
        repeat { caller.yield() } while await Self.wait(seconds: Self.idleSecondsMax)
      }
      group.addTask { await work(calls, pass) }
      await group.next()
      group.cancelAll()
    }
  }

  private func work(
    _ calls: AsyncStream<Void>, _ pass: @Sendable () async throws -> Int
  ) async {
    var faultSeconds = Self.faultSecondsMin
    for await _ in calls {
      do {
        while try await pass() > 0, !Task.isCancelled {}
        faultSeconds = Self.faultSecondsMin
      } catch {
        if Task.isCancelled { return }
        log.error("\(name) is interrupted", metadata: ["fault": "\(error)"])
        guard await Self.wait(seconds: faultSeconds) else { return }
        faultSeconds = min(faultSeconds * 2, Self.faultSecondsMax)
      }
    }
  }

  /// False when the task was cancelled meanwhile.
  private static func wait(seconds: Double) async -> Bool {
    (try? await Task.sleep(for: .seconds(seconds))) != nil
  }
}
