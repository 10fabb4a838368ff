import Basics
import Transit

extension Polyline {
  /// The point so many metres from the start, held within the line.
  func coordinate(atMetres distance: Double) -> Coordinate {
    guard points.count > 1 else { return points[0] }
    let index = metres.dropLast().lastIndex { $0 <= distance } ?? 0
    let span = metres[index + 1] - metres[index]
    let share = span > 0 ? min(max((distance - metres[index]) / span, 0), 1) : 0
    let start = points[index]
    let end = points[index + 1]
    return Coordinate(
      latitude: start.latitude + (end.latitude - start.latitude) * share,
      longitude: start.longitude + (end.longitude - start.longitude) * share)
  }
}
