import Basics

/// Keeps groups of fewer than k riders out of answers to planners.
///
/// A count from 1 to k - 1 is hidden. It must not follow from other numbers either, of the same answer
/// or of another one. So each hour is protected by itself, longer spans are sums of what is shown of
/// their hours, and no sum holds a rider of a hidden cell.
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

  /// The load profile of a span as planners may see it, from the rides of each of its hours.
  ///
  /// Riders of a hidden boarding are nowhere else. Of the rest an alighting is told only where k or more
  /// of one stop get off, who boarded k or more at each stop: the others are like riders whose alighting
  /// nobody knows, so whichever of both they are fits the answer.
  package func protect(
    line: LineOrder, hours: [[LoadRide]], unplaced: [Int] = []
  ) -> ProtectedLoad {
    var sum = ProtectedLoad(line: line, ridersMin: ridersMin)
    for rides in hours { add(rides, of: line, to: &sum) }
    for riders in unplaced { sum.unplacedBoardings += sum.shown(cell(riders)) }
    // What is hidden may have got off anywhere behind, so a nothing there says nothing.
    var mayRide = false
    for index in sum.stops.indices {
      let stop = sum.stops[index]
      if mayRide, ridersMin > 1, stop.alightings == 0 { sum.stops[index].alightings = nil }
      mayRide = mayRide || stop.boardings != 0
      if mayRide, ridersMin > 1, stop.departureLoad == 0, index + 1 < sum.stops.count {
        sum.stops[index].departureLoad = nil
      }
    }
    return sum
  }

  private func add(_ rides: [LoadRide], of line: LineOrder, to sum: inout ProtectedLoad) {
    let all = RouteLoad(line: line, rides: rides, zone: .utc)
    sum.boardingsOffLine += sum.shown(cell(all.boardingsOffLine))
    var told = rides.filter { ride in
      place(of: ride, on: line).map { shown(all.stops[$0].boardings) != nil } ?? false
    }
    var hidesMore = true
    while hidesMore {
      hidesMore = false
      let load = RouteLoad(line: line, rides: told, zone: .utc)
      for index in told.indices where told[index].alighting != nil {
        guard let start = place(of: told[index], on: line),
          let off = told[index].alighting,
          let end = line.place(of: off.stop, near: off.stopOrder, after: start),
          load.stops[start].boardings - load.stops[start].boardingsWithoutAlighting >= ridersMin,
          load.stops[end].alightings >= ridersMin
        else {
          told[index].alighting = nil
          hidesMore = true
          continue
        }
      }
    }
    let load = RouteLoad(line: line, rides: told, zone: .utc)
    for index in sum.stops.indices {
      if let boardings = cell(all.stops[index].boardings) {
        sum.boardings += boardings
        if boardings > 0 {
          sum.stops[index].boardings = (sum.stops[index].boardings ?? 0) + boardings
        }
      } else {
        sum.hiddenCells += 1
        if sum.stops[index].boardings == 0 { sum.stops[index].boardings = nil }
      }
      sum.stops[index].alightings? += rounded(load.stops[index].alightings)
      sum.stops[index].departureLoad? += cell(load.stops[index].departureLoad) ?? 0
    }
  }

  private func place(of ride: LoadRide, on line: LineOrder) -> Int? {
    line.place(of: ride.boarding.stop, near: ride.boarding.stopOrder)
  }
}

/// A load profile without groups of fewer than k riders.
package struct ProtectedLoad: Hashable, Sendable {
  /// What happened at one stop; nil where the group is too small to be shown.
  package struct StopLoad: Hashable, Sendable {
    /// `stop_id`.
    package let stop: String
    package fileprivate(set) var boardings: Int? = 0
    package fileprivate(set) var alightings: Int? = 0
    package fileprivate(set) var departureLoad: Int? = 0
  }

  package fileprivate(set) var stops: [StopLoad]
  /// The sum of the boardings that are shown.
  package fileprivate(set) var boardings = 0
  package fileprivate(set) var unplacedBoardings = 0
  package fileprivate(set) var boardingsOffLine = 0
  /// Boardings of one hour and stop, or of one hour without one, too few to be in any number.
  package fileprivate(set) var hiddenCells = 0
  /// k.
  package let ridersMin: Int

  fileprivate init(line: LineOrder, ridersMin: Int) {
    stops = line.stops.map { StopLoad(stop: $0) }
    self.ridersMin = ridersMin
  }

  /// What a cell adds to a sum; a hidden one is counted, and adds nothing.
  fileprivate mutating func shown(_ cell: Int?) -> Int {
    if cell == nil { hiddenCells += 1 }
    return cell ?? 0
  }

  /// Of the boardings, those whose alighting is not known or not shown: what the shown numbers leave.
  package var boardingsWithoutAlighting: Int {
    max(boardings - stops.reduce(0) { $0 + ($1.alightings ?? 0) }, 0)
  }

  /// Whether all numbers are rounded to multiples of k.
  package var isRounded: Bool { ridersMin > 1 }
}
