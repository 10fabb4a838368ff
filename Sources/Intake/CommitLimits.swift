import Store

/// Bounds of what waits to be stored and of what goes into one transaction.
package struct CommitLimits: Sendable {
  /// Most items that wait; past it an item is refused.
  package var waitingMax = 4096
  /// Most bytes of the items that wait.
  package var waitingBytesMax = 64 << 20
  /// Most items of one device that wait or are being stored.
  package var perDeviceMax = 16
  /// Most items in a transaction.
  package var groupMax = 256
  /// Bytes at which a transaction is full.
  package var groupBytesMax = 8 << 20
  /// Most transactions at once.
  package var parallelMax = 2

  /// Makes the limits of the house.
  package init() {}
}

/// What to do about an error of a transaction.
package enum CommitReaction: Sendable, Equatable {
  /// Nothing can be stored now: give up on all that wait.
  case giveUp
  /// An item is to blame: find it.
  case split

  /// A store that is away blames nobody.
  package static func to(_ error: any Error) -> CommitReaction {
    (error as? StoreFault)?.kind == .unavailable ? .giveUp : .split
  }
}
