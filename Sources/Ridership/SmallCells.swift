/// Keeps groups of fewer than k riders out of answers to planners.
///
/// A count from 1 to k - 1 is hidden. Where a count is hidden, it must not follow from sums either:
/// loads and totals of the same answer are then rounded to multiples of k.
package struct SmallCells: Hashable, Sendable {
  /// Smallest group that is shown.
  package static let ridersMinDefault = 5

  /// k: the smallest group that is shown, 1 or more; 1 hides nothing.
  package let ridersMin: Int

  /// Makes a rule; k is 1 or more.
  package init(ridersMin: Int = SmallCells.ridersMinDefault) {
    precondition(ridersMin >= 1, "a group has one rider or more")
    self.ridersMin = ridersMin
  }

  /// The count as it may be shown; nil when it has to be hidden.
  package func shown(_ riders: Int) -> Int? {
    riders == 0 || riders >= ridersMin ? riders : nil
  }

  /// A sum as it may be shown beside hidden counts: to the nearest multiple of k.
  package func rounded(_ riders: Int) -> Int {
    (riders + ridersMin / 2) / ridersMin * ridersMin
  }

  /// A load profile as planners may see it.
  package func protect(_ load: RouteLoad) -> ProtectedLoad {
    let hidden = load.stops.contains { stop in
      shown(stop.boardings) == nil || shown(stop.alightings) == nil
    }
    func sum(_ riders: Int) -> Int { hidden ? rounded(riders) : riders }
    return ProtectedLoad(
      stops: load.stops.map { stop in
        ProtectedLoad.StopLoad(
          stop: stop.stop, boardings: shown(stop.boardings), alightings: shown(stop.alightings),
          departureLoad: shown(stop.departureLoad) == nil ? nil : sum(stop.departureLoad))
      }, boardings: sum(load.boardings),
      boardingsWithoutAlighting: sum(load.boardingsWithoutAlighting),
      unplacedBoardings: sum(load.unplacedBoardings),
      boardingsOffLine: sum(load.boardingsOffLine), isRounded: hidden, ridersMin: ridersMin)
  }
}

/// A load profile without groups of fewer than k riders.
package struct ProtectedLoad: Hashable, Sendable {
  /// What happened at one stop; nil where the group is too small to be shown.
  package struct StopLoad: Hashable, Sendable {
    /// `stop_id`.
    package let stop: String
    package let boardings: Int?
    package let alightings: Int?
    package let departureLoad: Int?
  }

  package let stops: [StopLoad]
  package let boardings: Int
  package let boardingsWithoutAlighting: Int
  package let unplacedBoardings: Int
  package let boardingsOffLine: Int
  /// Whether loads and totals are rounded to multiples of k, because a count is hidden.
  package let isRounded: Bool
  /// k.
  package let ridersMin: Int
}
