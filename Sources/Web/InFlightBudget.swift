import Synchronization

/// What all requests together hold, from their heads to the end of their answers.
///
/// Past it the answer is 503, before memory grows. Bytes of a body count when they come: what a head
/// promises is free to promise, and would lock others out. Large bodies have a part of the room only,
/// and answers that nobody takes have room of their own.
final class InFlightBudget: Sendable {
  private struct Held: Sendable {
    var requests = 0
    var bytes = 0
    var largeBytes = 0
    var answerBytes = 0
  }

  private let limits: EdgeLimits
  private let held = Mutex(Held())

  init(_ limits: EdgeLimits) { self.limits = limits }

  /// Number of requests and bytes held now.
  var current: (requests: Int, bytes: Int) { held.withLock { ($0.requests, $0.bytes) } }

  /// Counts a request; false when there is no room for it, or now for the bytes that it promises.
  func enter(expecting bytes: Int, isLarge: Bool) -> Bool {
    held.withLock { held in
      guard held.requests < limits.requestsMax, hasRoom(held, for: bytes, isLarge) else {
        return false
      }
      held.requests += 1
      return true
    }
  }

  /// Counts bytes of a request that came; false when there is no room.
  func grow(bytes: Int, isLarge: Bool) -> Bool {
    held.withLock { held in
      guard hasRoom(held, for: bytes, isLarge) else { return false }
      held.bytes += bytes
      if isLarge { held.largeBytes += bytes }
      return true
    }
  }

  private func hasRoom(_ held: Held, for bytes: Int, _ isLarge: Bool) -> Bool {
    held.bytes + bytes <= limits.requestBytesMax
      && (!isLarge || held.largeBytes + bytes <= limits.largeRequestBytesMax)
  }

  /// Takes a request and its bytes out of the count.
  func leave(bytes: Int, isLarge: Bool) {
    held.withLock { held in
      held.requests -= 1
      held.bytes -= bytes
      if isLarge { held.largeBytes -= bytes }
    }
  }

  /// Counts an answer that the other side does not take at once; false when there is no room.
  func holdAnswer(bytes: Int) -> Bool {
    held.withLock { held in
      guard held.answerBytes + bytes <= limits.answerBytesMax else { return false }
      held.answerBytes += bytes
      return true
    }
  }

  /// Takes such an answer out of the count.
  func leaveAnswer(bytes: Int) { held.withLock { $0.answerBytes -= bytes } }
}
