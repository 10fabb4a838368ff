package import Basics
import Synchronization
package import Transit

/// The lines of a network as GeoJSON (RFC 7946), made once for each network.
package final class RouteShapes: Sendable {
  /// A point nearer to the line without it than this is left out, metres: no eye sees it on a map.
  package static let toleranceMetres = 8.0

  private let made = Mutex<(network: Network, bytes: [UInt8])?>(nil)

  /// Starts with nothing made.
  package init() {}

  /// A line for each route and direction with its name, mode and colour.
  package func geoJSON(of network: Network) -> [UInt8] {
    if let made = made.withLock({ $0 }), made.network === network { return made.bytes }
    // Made outside the lock: two that ask at the same time both make it, and neither waits.
    let bytes = Self.write(network)
    made.withLock { $0 = (network, bytes) }
    return bytes
  }

  private static func write(_ network: Network) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("type", "FeatureCollection")
    writer.key("features")
    writer.beginArray()
    for (index, route) in network.routes.enumerated() {
      for direction in [0, 1] {
        guard let pattern = network.mainPattern(route: index, direction: direction) else {
          continue
        }
        let points = simplified(network.line(ofPattern: pattern).points)
        guard points.count > 1 else { continue }
        writer.beginObject()
        writer.member("type", "Feature")
        writer.key("properties")
        writer.beginObject()
        writer.member("route", route.id)
        writer.member("name", route.name)
        writer.member("mode", route.mode.rawValue)
        writer.member("direction", direction)
        if let color = route.color { writer.member("color", color) }
        writer.endObject()
        writer.key("geometry")
        writer.beginObject()
        writer.member("type", "LineString")
        writer.key("coordinates")
        writer.beginArray()
        for point in points { writer.point(point) }
        writer.endArray()
        writer.endObject()
        writer.endObject()
      }
    }
    writer.endArray()
    writer.endObject()
    return writer.bytes
  }

  /// Fewer points that stay within the tolerance of the line (Douglas and Peucker, 1973).
  package static func simplified(_ points: [Coordinate]) -> [Coordinate] {
    guard points.count > 2 else { return points }
    var keeps = Array(repeating: false, count: points.count)
    keeps[0] = true
    keeps[points.count - 1] = true
    // A stack in place of recursion: a line may have thousands of points.
    var spans = [(0, points.count - 1)]
    while let (first, last) = spans.popLast() {
      guard last - first > 1 else { continue }
      let chord = Polyline([points[first], points[last]])
      var farthest = (index: first, metres: toleranceMetres)
      for index in (first + 1)..<last {
        let metres = chord.project(points[index]).metresOff
        if metres > farthest.metres { farthest = (index, metres) }
      }
      guard farthest.index != first else { continue }
      keeps[farthest.index] = true
      spans += [(first, farthest.index), (farthest.index, last)]
    }
    return points.indices.filter { keeps[$0] }.map { points[$0] }
  }
}

extension JSONWriter {
  /// Longitude and latitude to five decimal places, about a metre.
  fileprivate mutating func point(_ point: Coordinate) {
    beginArray()
    value((point.longitude * 100_000).rounded() / 100_000)
    value((point.latitude * 100_000).rounded() / 100_000)
    endArray()
  }
}
