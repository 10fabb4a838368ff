import Basics
import Store
import Synchronization

/// Media of which this process knows that they are their riders' first: most of those that tap.
///
/// A rider has the number of its first medium, so only the media have to be kept. Whoever moves media
/// holds the lanes of all sorters and writes an event of a rider: while the newest event is the same as
/// when a medium was looked up, it is still where it was. With any other event all is forgotten.
package final class KnownMedia: Sendable {
  /// Most media that are kept: about 20 MB.
  static let countMax = 500_000

  private struct Kept {
    var newestEvent: Int64 = -1
    var media: Set<MediumID> = []
  }

  private let kept = Mutex(Kept())

  /// Starts without any.
  package init() {}

  /// The riders of media; those never seen before are left out.
  ///
  /// The lane of a sorter has to be held.
  func riders(
    of media: some Sequence<MediumID>, in db: StoreSession
  ) async throws -> [MediumID: RiderID] {
    let event = try await db.sorting.newestRiderEvent()
    var riders: [MediumID: RiderID] = [:]
    let unknown = kept.withLock { kept in
      guard kept.newestEvent == event else { return media.sorted() }
      var unknown: [MediumID] = []
      for medium in media {
        if kept.media.contains(medium) {
          riders[medium] = RiderID(high: medium.high, low: medium.low)
        } else {
          unknown.append(medium)
        }
      }
      return unknown.sorted()
    }
    guard !unknown.isEmpty else { return riders }
    let found = try await db.sorting.riders(of: unknown)
    riders.merge(found) { first, _ in first }
    kept.withLock { kept in
      // A pass that began before a move may end after it: what it saw is older than what is kept.
      guard event >= kept.newestEvent else { return }
      if event > kept.newestEvent { kept = Kept(newestEvent: event) }
      for (medium, rider) in found
      where (medium.high, medium.low) == (rider.high, rider.low)
        && kept.media.count < Self.countMax
      {
        kept.media.insert(medium)
      }
    }
    return riders
  }
}
