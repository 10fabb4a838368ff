import Basics
import Ridership
import Transit

extension LoadRide {
  /// A ride of a route from one place of some stops to another; nil where nobody knows where it ended.
  static func between(
    _ from: Int, _ to: Int?, of stops: [String], hour: Int, riders: Int,
    whose: SomeRiders? = nil
  ) -> LoadRide {
    let boarding = PlacedBoarding(
      ref: 0, at: Instant(seconds: Int64(hour) * 3600), vehicle: nil, route: "r",
      direction: 0, stop: stops[from], stopOrder: from, source: .device, confidence: 1)
    let alighting = to.map {
      PlacedAlighting(
        ref: 0, stop: stops[$0], stopOrder: $0, walkMetres: 0, source: .tapOff, confidence: 1)
    }
    return LoadRide(boarding: boarding, alighting: alighting, riders: riders, whose: whose)
  }
}
