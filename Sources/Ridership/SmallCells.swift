/// Keeps groups of fewer than k riders out of answers to planners.
///
/// A count from 1 to k - 1 is hidden. Where one is hidden it must not follow from the others
/// either, since loads are sums: every number of the same answer is then rounded to a multiple of
/// k.
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

  /// A number as it may be shown beside hidden counts: to the nearest multiple of k.
  package func rounded(_ riders: Int) -> Int {
    (riders + ridersMin / 2) / ridersMin * ridersMin
  }

  /// A load profile as planners may see it.
  package func protect(_ load: RouteLoad) -> ProtectedLoad {
    let hidden = load.stops.contains { stop in
      [stop.boardings, stop.alightings, stop.departureLoad].contains { shown($0) == nil }
    }
    func sum(_ riders: Int) -> Int { hidden ? rounded(riders) : riders }
    func cell(_ riders: Int) -> Int? { shown(riders).map(sum) }
    return ProtectedLoad(
      stops: load.stops.map { stop in
        ProtectedLoad.StopLoad(
          stop: stop.stop, boardings: cell(stop.boardings), alightings: cell(stop.alightings),
          departureLoad: cell(stop.departureLoad))
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
  /// Whether all numbers are rounded to multiples of k, because a count is hidden.
  package let isRounded: Bool
  /// k.
  package let ridersMin: Int
}
