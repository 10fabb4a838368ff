import Basics
import Store
import Synchronization

/// Media of which this process knows that they are their riders' first: most of those that tap.
///
/// A rider has the number of its first medium, so only the media have to be kept. Whoever moves media
/// holds the lanes of all sorters and writes an event of a rider: while the newest event is the same as
/// when a medium was looked up, it is still where it was. With any other event all is forgotten.
package final class KnownMedia: Sendable {
  /// Most media that are kept, those of a large city: about 35 MB for each million.
  static let countMax = 4_000_000

  private struct Kept {
    var newestEvent: Int64 = -1
    var media: Set<MediumID> = []
  }

  private let kept = Mutex(Kept())

  /// Starts without any.
  package init() {}

  /// The riders of media by their places, nil for those never seen before, and whether all are known.
  ///
  /// The lane of a sorter has to be held.
  func riders(
    of media: [MediumID], in db: StoreSession
  ) async throws -> (riders: [RiderID?], isComplete: Bool) {
    let event = try await db.sorting.newestRiderEvent()
    var riders = [RiderID?](repeating: nil, count: media.count)
    let unknown = kept.withLock { kept in
      guard kept.newestEvent == event else { return Array(media.indices) }
      var unknown: [Int] = []
      for (place, medium) in media.enumerated() {
        if kept.media.contains(medium) {
          riders[place] = RiderID(high: medium.high, low: medium.low)
        } else {
          unknown.append(place)
        }
      }
      return unknown
    }
    guard !unknown.isEmpty else { return (riders, true) }
    let found = try await db.sorting.riders(of: unknown.map { media[$0] })
    var isComplete = true
    for place in unknown {
      riders[place] = found[media[place]]
      if riders[place] == nil { isComplete = false }
    }
    keep(
      found.lazy.filter { ($0.key.high, $0.key.low) == ($0.value.high, $0.value.low) }.map(\.key),
      of: event)
    return (riders, isComplete)
  }

  /// Remembers media that were their riders' first when the newest event was a certain one.
  func keep(_ firsts: some Sequence<MediumID>, of event: Int64) {
    kept.withLock { kept in
      // A pass that began before a move may end after it: what it saw is older than what is kept.
      guard event >= kept.newestEvent else { return }
      if event > kept.newestEvent { kept = Kept(newestEvent: event) }
      for medium in firsts where kept.media.count < Self.countMax { kept.media.insert(medium) }
    }
  }
}
