import Basics
import Store
import Tapping
import Transit

/// Batches of the journal with their taps, read once.
package struct ReadBatches: Sendable {
  /// A tap under its fare day, with the digest of what was tapped.
  struct ReadTap: Sendable {
    let medium: MediumID
    /// Corrected by the clock rule.
    let at: Instant
    let fareDay: Day
    let tap: Tap
    /// The place of its medium among those of all batches.
    fileprivate(set) var mediumPlace = 0

    init(medium: MediumID, at: Instant, fareDay: Day, tap: Tap) {
      self.medium = medium
      self.at = at
      self.fareDay = fareDay
      self.tap = tap
    }
  }

  /// A batch with its taps.
  struct ReadBatch: Sendable {
    let batch: UnsortedBatch
    let denyListVersion: Int64?
    fileprivate(set) var taps: [ReadTap]
  }

  /// By which city the taps got their fare days.
  let edition: CityEdition
  private(set) var batches: [ReadBatch] = []
  /// Batches that cannot be read, with what is wrong.
  var unread: [(batchID: Int64, fault: String)] = []
  /// Each medium with its first tap, in the order of their numbers.
  private(set) var media: [FirstTap] = []
  private(set) var days: Set<Day> = []

  init(by edition: CityEdition) { self.edition = edition }

  /// All batches, those that cannot be read as well.
  var ids: [Int64] { batches.map(\.batch.batchID) + unread.map(\.batchID) }

  /// The first tap of a medium.
  struct FirstTap: Sendable {
    let medium: MediumID
    /// By the clock rule, as in the row of the tap, or as a person corrected it: a validator's own clock may
    /// be years ahead.
    let at: Instant
    private let kind: MediumKind
    private let token: [UInt8]

    init(_ read: ReadTap) {
      medium = read.medium
      at = read.at
      kind = read.tap.medium
      token = read.tap.token
    }

    /// The medium as it is founded, with the name by which the deny list knows it.
    func founding(salt: [UInt8]?) -> NewMedium {
      NewMedium(
        medium: medium, kind: kind, firstSeenAt: at,
        fingerprint: salt.map { TokenFingerprint.of(kind: kind, token: token, salt: $0) })
    }
  }

  mutating func add(_ batch: ReadBatch) {
    var last: Day?
    for tap in batch.taps where tap.fareDay != last {
      days.insert(tap.fareDay)
      last = tap.fareDay
    }
    batches.append(batch)
  }

  /// Where a tap stands among the batches.
  private struct Place {
    let medium: MediumID
    let batch: Int
    let tap: Int
  }

  private func firstTap(at place: Place) -> FirstTap {
    FirstTap(batches[place.batch].taps[place.tap])
  }

  /// Finds the media of all taps: by putting them in order, which takes less than looking each of them
  /// up in a table.
  mutating func group() {
    var places: [Place] = []
    places.reserveCapacity(batches.reduce(0) { $0 + $1.taps.count })
    for batch in batches.indices {
      for tap in batches[batch].taps.indices {
        places.append(Place(medium: batches[batch].taps[tap].medium, batch: batch, tap: tap))
      }
    }
    places.sort { $0.medium < $1.medium }
    media = []
    for place in places {
      let at = batches[place.batch].taps[place.tap].at
      if let last = media.last, last.medium == place.medium {
        if at < last.at { media[media.count - 1] = firstTap(at: place) }
      } else {
        media.append(firstTap(at: place))
      }
      batches[place.batch].taps[place.tap].mediumPlace = media.count - 1
    }
  }
}
