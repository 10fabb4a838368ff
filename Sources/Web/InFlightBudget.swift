import Synchronization

/// What all requests together hold, from their heads to their answers.
///
/// Past it the answer is 503, before memory grows: the bytes of a body are counted before they are
/// read, as far as the head tells them.
final class InFlightBudget: Sendable {
  private let requestsMax: Int
  private let bytesMax: Int
  private let held = Mutex((requests: 0, bytes: 0))

  init(_ limits: EdgeLimits) {
    requestsMax = limits.requestsMax
    bytesMax = limits.requestBytesMax
  }

  /// Number of requests and bytes held now.
  var current: (requests: Int, bytes: Int) { held.withLock { $0 } }

  /// Counts a request; false when there is no room for it.
  func enter(bytes: Int) -> Bool {
    held.withLock { held in
      guard held.requests < requestsMax, held.bytes + bytes <= bytesMax else { return false }
      held.requests += 1
      held.bytes += bytes
      return true
    }
  }

  /// Counts more bytes of a request whose head did not tell; false when there is no room.
  func grow(bytes: Int) -> Bool {
    held.withLock { held in
      guard held.bytes + bytes <= bytesMax else { return false }
      held.bytes += bytes
      return true
    }
  }

  /// Takes a request and its bytes out of the count.
  func leave(bytes: Int) {
    held.withLock { held in
      held.requests -= 1
      held.bytes -= bytes
    }
  }
}
