import Basics

/// What an open ride may still use of the rides before it, although rides that began after it have put
/// something else in its place: a ride is rated when it ends, by what it found when it began.
struct ReplacedLinks: Hashable, Sendable {
  /// Microseconds of the open ride's boarding.
  var boardedAt: Int64
  var windows: [TransferWindow] = []
  var chain: ChainState?
  var trips: [LastTrip] = []
  /// Counts of caps that are bought: those of one purchase in whose place came those of the next.
  var caps: [CapCount] = []
}

/// When the last trip of a product was used.
struct LastTrip: Hashable, Sendable {
  var tag: UInt32
  var boughtAt: Int64
  var at: Int64
}

extension RiderState {
  /// What a ride that was open found at its boarding and does not stand any more.
  func replaced(at boardedAt: Int64) -> ReplacedLinks? {
    replaced?.boardedAt == boardedAt ? replaced : nil
  }

  /// Puts a window in the place of another one, which the open ride may still use.
  mutating func replaceWindow(at place: Int, by window: TransferWindow) {
    if let boardedAt = boarding?.at.microseconds, window.startedAt > boardedAt {
      keepWindow(windows[place], from: boardedAt)
    }
    windows[place] = window
  }

  /// Takes away a window that a ride ended, which an open ride that began before may still use.
  mutating func removeWindow(at place: Int, by moment: Int64) {
    if let boardedAt = boarding?.at.microseconds, moment > boardedAt {
      keepWindow(windows[place], from: boardedAt)
    }
    windows.remove(at: place)
  }

  /// Puts a chain in the place of another one, which the open ride may still go on with.
  mutating func replaceChain(by new: ChainState) {
    if let boardedAt = boarding?.at.microseconds, let old = chain,
      old.lastStartedAt <= boardedAt, new.firstStartedAt > boardedAt
    {
      keep(from: boardedAt) { $0.chain = old }
    }
    chain = new
  }

  /// Notes a trip of a product; one that was used before the open ride began is kept for it.
  mutating func noteTrip(of holding: Int, at moment: Int64) {
    let last = holdings[holding].lastTripAt
    if let boardedAt = boarding?.at.microseconds, last != .min, last <= boardedAt,
      moment > boardedAt
    {
      let trip = LastTrip(
        tag: holdings[holding].tag, boughtAt: holdings[holding].boughtAt, at: last)
      keep(from: boardedAt) { $0.trips.append(trip) }
    }
    holdings[holding].lastTripAt = max(last, moment)
  }

  /// Puts the count of another purchase in the place of one that the open ride may still count to.
  mutating func replaceBoughtCap(at place: Int, by count: CapCount, ride moment: Int64) {
    if let boardedAt = boarding?.at.microseconds, moment > boardedAt {
      let old = caps[place]
      keep(from: boardedAt) { $0.caps.append(old) }
    }
    caps[place] = count
  }

  /// Lets go of what was kept for a ride that is not open any more.
  mutating func dropReplaced() {
    if let kept = replaced, kept.boardedAt != boarding?.at.microseconds { replaced = nil }
  }

  private mutating func keepWindow(_ window: TransferWindow, from boardedAt: Int64) {
    guard window.startedAt <= boardedAt else { return }
    keep(from: boardedAt) { $0.windows.append(window) }
  }

  private mutating func keep(from boardedAt: Int64, _ add: (inout ReplacedLinks) -> Void) {
    var kept = replaced(at: boardedAt) ?? ReplacedLinks(boardedAt: boardedAt)
    add(&kept)
    replaced = kept
  }
}
