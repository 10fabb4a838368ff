import Basics

/// Keeps groups of fewer than k riders out of answers to planners.
///
/// A count from 1 to k - 1 is hidden. It must not follow from other numbers either, of the same answer
/// or of another one, so every number is rounded; and where a sum would still leave a hidden count only
/// one size, the sum is told a step of k away.
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

  /// The sum of cells as it may be shown beside them.
  ///
  /// `ways` are the cells that the same riders are shown in: by stop, and by hour. Two cells of 1 to 4
  /// beside a sum of 8 are two fours: such a sum is told a step of k nearer to the middle of what they may be.
  /// It asks nothing of the order of the cells; what the order of a line tells beside it, a load guards by itself.
  package func total(_ ways: [[Int]]) -> Int {
    let sum = ways.first?.reduce(0, +) ?? 0
    let near = rounded(sum)
    return [near, near - ridersMin, near + ridersMin].first { total in
      total >= 0 && ways.allSatisfy { isOpen(total, over: $0) }
    } ?? near
  }

  /// Whether the hidden ones of some cells may be of two sums at least, as far as a total beside them tells.
  private func isOpen(_ total: Int, over cells: [Int]) -> Bool {
    let told = cells.map(cell)
    let hiddenCount = told.count { $0 == nil }
    guard hiddenCount > 0 else { return true }
    let lowest = total - ridersMin / 2 - told.reduce(0) { $0 + ($1 == nil ? 0 : most($1)) }
    let highest = total + ridersMin / 2 - told.reduce(0) { $0 + ($1 == nil ? 0 : least($1)) }
    return max(lowest, hiddenCount) < min(highest, hiddenCount * (ridersMin - 1))
  }

  /// The most riders that a cell may stand for.
  private func most(_ cell: Int?) -> Int {
    guard let cell else { return ridersMin - 1 }
    return cell == 0 ? 0 : cell + ridersMin / 2
  }

  /// The fewest riders that a cell may stand for.
  private func least(_ cell: Int?) -> Int {
    guard let cell else { return 1 }
    return cell == 0 ? 0 : max(ridersMin, cell - ridersMin / 2)
  }

  /// A load profile as planners may see it; `hourly` are its boardings by hour, which are shown beside it.
  package func protect(_ load: RouteLoad, hourly: [Int]) -> ProtectedLoad {
    // Most riders who may be on board, as far as the cells tell.
    var room = 0
    let stops = load.stops.map { stop in
      let alightings = cell(stop.alightings, of: room)
      let boardings = cell(stop.boardings)
      room += most(boardings) - least(alightings)
      return ProtectedLoad.StopLoad(
        stop: stop.stop, boardings: boardings, alightings: alightings,
        departureLoad: cell(stop.departureLoad, of: room))
    }
    return ProtectedLoad(
      stops: stops, boardings: total([load.stops.map(\.boardings), hourly]),
      boardingsWithoutAlighting: rounded(load.boardingsWithoutAlighting),
      unplacedBoardings: rounded(load.unplacedBoardings),
      boardingsOffLine: rounded(load.boardingsOffLine), isRounded: isRounding, ridersMin: ridersMin)
  }

  /// A count of some of the riders on board: a step of k lower where only all of them would be as many.
  ///
  /// This is not the rule of sums: nobody gets off who is not on board, which only stops in the order of one line
  /// tell. Stops and pairs of several lines have no such order, and would lose figures by it for nothing.
  private func cell(_ riders: Int, of room: Int) -> Int? {
    guard let shown = cell(riders), isRounding, shown > 0, shown - ridersMin / 2 >= room else {
      return cell(riders)
    }
    return shown > ridersMin ? shown - ridersMin : nil
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
