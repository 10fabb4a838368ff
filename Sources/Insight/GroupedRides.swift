import Basics
import Ridership
import Store

/// Groups of boardings of a line as the rides that are counted: a group stands for its people, in the first
/// second of its hour; to be counted by the clock of UTC.
struct GroupedRides {
  private(set) var rides: [LoadRide] = []
  /// Boardings without a stop.
  private(set) var unplaced: [(at: Instant, riders: Int)] = []
  /// Whose they are.
  private(set) var unplacedRiders: [SomeRiders] = []

  /// Takes groups of a route in a direction.
  init(_ groups: [BoardingGroup], route: String, direction: Int) {
    for group in groups {
      let at = Instant(seconds: Int64(group.hour) * 3600)
      guard let stop = group.stop else {
        unplaced.append((at, group.riders))
        unplacedRiders.append(group.whose)
        continue
      }
      // A stop that was named and has no place in a pattern is off the line.
      let isOffLine = group.stopOrder == nil
      let boarding = PlacedBoarding(
        ref: 0, at: at, vehicle: nil, route: route, direction: direction,
        stop: isOffLine ? "" : stop, stopOrder: group.stopOrder ?? .max, source: .nearness,
        confidence: 1)
      var alighting: PlacedAlighting?
      if let offStop = group.offStop, let offOrder = group.offStopOrder {
        alighting = PlacedAlighting(
          ref: 0, stop: offStop, stopOrder: offOrder, walkMetres: 0, source: .nextBoarding,
          confidence: 1)
      }
      rides.append(
        LoadRide(
          boarding: boarding, alighting: alighting, riders: group.riders, whose: group.whose))
    }
  }
}

extension HourBand {
  /// A band of whole hours within a day; nil where none are asked for.
  init?(_ hours: Range<Int>?) {
    guard let hours else { return nil }
    self.init(fromHour: hours.lowerBound, untilHour: hours.upperBound)
  }
}
