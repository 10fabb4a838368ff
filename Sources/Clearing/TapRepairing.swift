import Basics
import Store
import Transit

/// What became of taps that stood under the number of before.
package struct TapRepair: Sendable, Equatable {
  /// Taps that went to whoever their rider was merged into.
  package var merged = 0
  /// Taps that became nobody's, as all else of their rider had.
  package var erased = 0

  /// Counts them.
  package init(merged: Int = 0, erased: Int = 0) {
    self.merged = merged
    self.erased = erased
  }
}

extension RiderDesk {
  /// Gives denied taps that a merge or an erasure by an earlier program left behind to whoever the rider is
  /// now, or to nobody.
  ///
  /// No fare depends on them. Where there are none nothing is done, so that it may be said again.
  package func repairTaps(
    by act: RiderAct, randomBytes: @escaping @Sendable (Int) -> [UInt8]
  ) async throws -> TapRepair {
    // The first look takes long and holds nothing.
    let found = try await store.read(patience: .long) { db in try await db.strayTaps.list() }
    guard !found.isEmpty else { return TapRepair() }
    return try await store.write(patience: .long) { db in
      try await db.media.beginMoving()
      var repair = TapRepair()
      var given: [RiderID: Int] = [:]
      var erased: [RiderID: [StrayTaps]] = [:]
      // Riders may have moved since; nobody moves any more. Merges wait for this look: it is not through every tap.
      for taps in try await db.strayTaps.list(of: Set(found.map(\.rider))) {
        guard let kept = taps.kept else {
          erased[taps.rider, default: []].append(taps)
          continue
        }
        given[kept, default: 0] += try await db.strayTaps.give(taps, to: kept)
      }
      for (kept, taps) in given.sorted(by: { $0.key < $1.key }) {
        repair.merged += taps
        try await note("repair", "\(taps) denied taps came in", of: kept, act, in: db)
      }
      for (_, taps) in erased.sorted(by: { $0.key < $1.key }) {
        repair.erased += try await estrange(taps, by: act, randomBytes: randomBytes, in: db)
      }
      return repair
    }
  }

  /// Gives the taps of one who was erased to nobody in the same lane, each medium under another name; how many.
  private func estrange(
    _ all: [StrayTaps], by act: RiderAct, randomBytes: (Int) -> [UInt8], in db: StoreSession
  ) async throws -> Int {
    guard let lane = all.first?.lane else { return 0 }
    let nobody = Self.nobody(lane: lane, from: randomBytes(16))
    try await db.strayTaps.found(nobody: nobody, at: act.at)
    var count = 0
    for taps in all {
      count += try await db.strayTaps.give(taps, to: nobody, as: MediumID(bytes: randomBytes(16)))
    }
    // The words of the wish may name a person.
    try await note(
      "repair", "\(count) denied taps", of: nobody,
      RiderAct(actor: act.actor, reason: "erased", at: act.at), in: db)
    return count
  }
}
