import Basics

/// What an open ride may still use of the rides before and after it, although rides that began after it
/// have put something else in its place: a ride is rated when it ends, by what it found when it began.
struct ReplacedLinks: Hashable, Sendable {
  /// Microseconds of the open ride's boarding.
  var boardedAt: Int64
  /// Transfers that it found, one of a rule.
  var found: [FoundWindow] = []
  /// The first transfer of each rule that began after its boarding.
  var later: [LaterWindow] = []
  /// The chain that it found.
  var chain: ChainState?
  /// The first chain that began after its boarding.
  var laterChain: LaterChain?
  /// Trips that it found, and the first of each product that was used after its boarding.
  var trips: [LastTrip] = []
  /// Counts of caps that are bought: those of one purchase in whose place came those of the next.
  var caps: [CapCount] = []
}

/// A transfer that an open ride found, as it was at the boarding; what was paid on it since is added.
struct FoundWindow: Hashable, Sendable {
  var window: TransferWindow
  /// Whether it is the running one, which a ride has extended since.
  var goesOn: Bool
}

/// A transfer that began after an open ride, as it was after its first ride; what was paid on it since and
/// its rides are added.
struct LaterWindow: Hashable, Sendable {
  var window: TransferWindow
  /// Microseconds of the boardings of its first ride and of its last one.
  var firstAt: Int64
  var lastAt: Int64
  /// What its first ride was charged, and all of them: products and caps may have paid the rest.
  var firstPaidMinor: Int64 = 0
  var paidMinor: Int64 = 0
  /// Whether it is the running one.
  var isRunning = true
}

/// A chain that began after an open ride.
struct LaterChain: Hashable, Sendable {
  var chain: ChainState
  /// Microseconds of the boarding of its last ride.
  var lastAt: Int64
  /// What its rides were charged: products and caps may have paid the rest.
  var paidMinor: Int64 = 0
  /// Whether it is the running one.
  var isRunning = true
}

/// When a trip of a product was used.
struct LastTrip: Hashable, Sendable {
  var tag: UInt32
  var boughtAt: Int64
  var at: Int64
  /// Whether its ride might have been a transfer itself.
  var mayFollow: Bool
}

extension RiderState {
  /// What a ride that was open found at its boarding and does not stand any more.
  func replaced(at boardedAt: Int64) -> ReplacedLinks? {
    replaced?.boardedAt == boardedAt ? replaced : nil
  }

  /// Puts a window in the place of another one, which the open ride may still use; `goesOn` where it is
  /// that one with one more ride.
  mutating func replaceWindow(
    at place: Int, by window: TransferWindow, ride moment: Int64, goesOn: Bool
  ) {
    if let boardedAt = boarding?.at.microseconds, moment > boardedAt {
      if window.startedAt > boardedAt { keepFound(windows[place], from: boardedAt) }
      note(window, ride: moment, goesOn: goesOn)
    }
    windows[place] = window
    if !goesOn { noteBegun(window, ride: moment) }
  }

  /// Begins a transfer where none of the rule is running.
  mutating func addWindow(_ window: TransferWindow, ride moment: Int64) {
    windows.append(window)
    noteBegun(window, ride: moment)
  }

  /// Takes away a window that a ride ended, which an open ride that began before may still use.
  mutating func removeWindow(at place: Int, by moment: Int64) {
    if let boardedAt = boarding?.at.microseconds, moment > boardedAt {
      keepFound(windows[place], from: boardedAt)
      note(windows[place], ride: moment, goesOn: false)
    }
    windows.remove(at: place)
  }

  /// Puts a chain in the place of another one, which the open ride may still go on with.
  mutating func replaceChain(by new: ChainState) {
    if let boardedAt = boarding?.at.microseconds, new.firstStartedAt > boardedAt {
      let old = chain
      keep(from: boardedAt) { kept in
        if let old, old.firstStartedAt <= boardedAt { kept.chain = old }
        kept.laterChain?.isRunning = false
        if kept.laterChain == nil {
          kept.laterChain = LaterChain(chain: new, lastAt: new.firstStartedAt)
        }
      }
    }
    chain = new
  }

  /// Puts a chain in the place of itself without its last ride.
  mutating func goOn(with chain: ChainState, ride moment: Int64) {
    if let boardedAt = boarding?.at.microseconds, moment > boardedAt,
      replaced(at: boardedAt)?.laterChain?.isRunning == true
    {
      replaced?.laterChain?.chain = chain
      replaced?.laterChain?.lastAt = moment
    }
    self.chain = chain
  }

  /// Notes what a ride was charged that is in transfers or in a chain after the boarding of an open one.
  mutating func noteCharged(_ minor: Int64, ride moment: Int64) {
    guard let boardedAt = boarding?.at.microseconds, replaced?.boardedAt == boardedAt,
      moment > boardedAt, var kept = replaced
    else { return }
    for index in kept.later.indices where kept.later[index].lastAt == moment {
      kept.later[index].paidMinor += minor
      if kept.later[index].firstAt == moment { kept.later[index].firstPaidMinor = minor }
    }
    if kept.laterChain?.lastAt == moment { kept.laterChain?.paidMinor += minor }
    replaced = kept
  }

  /// Notes a trip of a product; the last one before an open ride and the first one after it are kept for it.
  mutating func noteTrip(of holding: Int, at moment: Int64, mayFollow: Bool) {
    let own = holdings[holding]
    if let boardedAt = boarding?.at.microseconds, moment > boardedAt {
      func trip(_ at: Int64) -> LastTrip {
        LastTrip(tag: own.tag, boughtAt: own.boughtAt, at: at, mayFollow: mayFollow)
      }
      if own.lastTripAt != .min, own.lastTripAt <= boardedAt {
        keep(from: boardedAt) { $0.trips.append(trip(own.lastTripAt)) }
      }
      if laterTrip(of: own, after: boardedAt) == nil {
        keep(from: boardedAt) { $0.trips.append(trip(moment)) }
      }
    }
    holdings[holding].lastTripAt = max(own.lastTripAt, moment)
  }

  /// The last trip of a product that an open ride found, where others were used since.
  func foundTrip(of holding: Holding, before boardedAt: Int64) -> LastTrip? {
    replaced(at: boardedAt)?.trips.first {
      $0.tag == holding.tag && $0.boughtAt == holding.boughtAt && $0.at <= boardedAt
    }
  }

  /// The first trip of a product that was used after an open ride began.
  func laterTrip(of holding: Holding, after boardedAt: Int64) -> LastTrip? {
    replaced(at: boardedAt)?.trips.first {
      $0.tag == holding.tag && $0.boughtAt == holding.boughtAt && $0.at > boardedAt
    }
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

  private mutating func keepFound(_ window: TransferWindow, from boardedAt: Int64) {
    let isKept = replaced(at: boardedAt)?.found.contains { $0.window.tag == window.tag } ?? false
    guard window.startedAt <= boardedAt, !isKept else { return }
    keep(from: boardedAt) { $0.found.append(FoundWindow(window: window, goesOn: true)) }
  }

  /// Adds a ride to the kept window that it goes on with, or says that the window is over.
  private mutating func note(_ window: TransferWindow, ride moment: Int64, goesOn: Bool) {
    guard let boardedAt = boarding?.at.microseconds, var kept = replaced(at: boardedAt) else {
      return
    }
    for index in kept.found.indices where kept.found[index].window.tag == window.tag {
      guard goesOn else {
        kept.found[index].goesOn = false
        continue
      }
      guard kept.found[index].goesOn else { continue }
      kept.found[index].window.creditMinor = window.creditMinor
      kept.found[index].window.lastPriceMinor = window.lastPriceMinor
      kept.found[index].window.count = window.count
    }
    for index in kept.later.indices where kept.later[index].window.tag == window.tag {
      guard goesOn else {
        kept.later[index].isRunning = false
        continue
      }
      guard kept.later[index].isRunning else { continue }
      kept.later[index].window.creditMinor = window.creditMinor
      kept.later[index].window.count = window.count
      kept.later[index].lastAt = moment
    }
    replaced = kept
  }

  /// Keeps the first transfer of a rule that begins after the boarding of an open ride.
  private mutating func noteBegun(_ window: TransferWindow, ride moment: Int64) {
    guard let boardedAt = boarding?.at.microseconds, moment > boardedAt else { return }
    keep(from: boardedAt) { kept in
      guard !kept.later.contains(where: { $0.window.tag == window.tag }) else { return }
      kept.later.append(LaterWindow(window: window, firstAt: moment, lastAt: moment))
    }
  }

  private mutating func keep(from boardedAt: Int64, _ add: (inout ReplacedLinks) -> Void) {
    var kept = replaced(at: boardedAt) ?? ReplacedLinks(boardedAt: boardedAt)
    add(&kept)
    replaced = kept
  }
}
