import Synchronization

/// How many posts of each device wait to be stored: one that floods does not delay the others.
final class DeviceShares: Sendable {
  private let countMax: Int
  private let counts = Mutex<[String: Int]>([:])

  /// Makes shares of a number of posts each.
  init(countMax: Int) { self.countMax = countMax }

  /// Whether a device has its share; only posts that were proven count, so nobody else uses it up.
  func isFull(_ device: String) -> Bool {
    counts.withLock { $0[device, default: 0] >= countMax }
  }

  /// Counts a post of a device; false when it has its share.
  func enter(_ device: String) -> Bool {
    counts.withLock { counts in
      let count = counts[device, default: 0]
      guard count < countMax else { return false }
      counts[device] = count + 1
      return true
    }
  }

  /// Takes a post out of the count.
  func leave(_ device: String) {
    counts.withLock { counts in
      guard let count = counts[device] else { return }
      counts[device] = count > 1 ? count - 1 : nil
    }
  }
}
