/// Keeps groups of fewer than k riders out of answers to planners.
///
/// A count from 1 to k - 1 is hidden. It must not follow from other numbers either, of the same answer
/// or of another one: loads are sums, and the hours from 6 to 22 less those from 6 to 21 are one hour.
/// So every number is rounded to a multiple of k, whatever is hidden beside it.
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

  /// Whether numbers are rounded at all: with k of 1 each is shown as it is.
  package var isRounding: Bool { ridersMin > 1 }

  /// A number as it may be shown beside others: to the nearest multiple of k.
  package func rounded(_ riders: Int) -> Int {
    (riders + ridersMin / 2) / ridersMin * ridersMin
  }

  /// A count as it may be shown beside others: rounded, or nil when it has to be hidden.
  package func cell(_ riders: Int) -> Int? { shown(riders).map(rounded) }

  /// A load profile as planners may see it.
  package func protect(_ load: RouteLoad) -> ProtectedLoad {
    ProtectedLoad(
      stops: load.stops.map { stop in
        ProtectedLoad.StopLoad(
          stop: stop.stop, boardings: cell(stop.boardings), alightings: cell(stop.alightings),
          departureLoad: cell(stop.departureLoad))
      }, boardings: rounded(load.boardings),
      boardingsWithoutAlighting: rounded(load.boardingsWithoutAlighting),
      unplacedBoardings: rounded(load.unplacedBoardings),
      boardingsOffLine: rounded(load.boardingsOffLine), isRounded: isRounding, ridersMin: ridersMin)
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
  /// Whether all numbers are rounded to multiples of k.
  package let isRounded: Bool
  /// k.
  package let ridersMin: Int
}
