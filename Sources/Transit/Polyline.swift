package import Basics

#if canImport(Glibc)
  import Glibc
#endif

/// A line on the ground with the distance along it.
package struct Polyline: Hashable, Sendable {
  /// A point's place on a line.
  package struct Place: Hashable, Sendable {
    /// Metres from the start of the line to the nearest point of it.
    package var metresAlong: Double
    /// Metres between the point and the line.
    package var metresOff: Double
  }

  /// Points in order, one or more.
  package let points: [Coordinate]
  /// Metres from the start to each point, on the sphere.
  package let metres: [Double]
  /// Metres north and east of the first point on a plane, to find the nearest segment with.
  private let plane: [SIMD2<Double>]
  private let eastScale: Double

  /// Makes a line through points, one or more.
  package init(_ points: [Coordinate]) {
    precondition(!points.isEmpty, "a line has a point")
    self.points = points
    let latitudes = points.map(\.latitude)
    let middle = ((latitudes.min() ?? 0) + (latitudes.max() ?? 0)) / 2
    let eastScale = Polyline.metresPerDegree * cos(middle * .pi / 180)
    self.eastScale = eastScale
    let origin = points[0]
    plane = points.map { Polyline.flat($0, origin: origin, eastScale: eastScale) }
    var metres = [0.0]
    metres.reserveCapacity(points.count)
    for index in points.indices.dropFirst() {
      metres.append(metres[index - 1] + points[index - 1].metres(to: points[index]))
    }
    self.metres = metres
  }

  /// Metres from the start to the end.
  package var lengthMetres: Double { metres[metres.count - 1] }

  /// The nearest place on the line.
  package func project(_ coordinate: Coordinate) -> Place {
    project(coordinate, between: 0, and: lengthMetres)
  }

  /// The nearest place on a part of the line, given in metres from its start.
  package func project(
    _ coordinate: Coordinate, between fromMetres: Double, and toMetres: Double
  ) -> Place {
    let point = Polyline.flat(coordinate, origin: points[0], eastScale: eastScale)
    guard points.count > 1 else { return Place(metresAlong: 0, metresOff: length(point)) }
    var best = Place(metresAlong: 0, metresOff: .infinity)
    var index = segment(atMetres: fromMetres)
    while index < points.count - 1, metres[index] <= toMetres || best.metresOff == .infinity {
      let place = self.place(of: point, onSegment: index, fromMetres, toMetres)
      if place.metresOff < best.metresOff { best = place }
      index += 1
    }
    return best
  }

  /// Places nearer to the point than all places beside them, at most so far off, in line order.
  ///
  /// A line that passes a point twice, out and back, gives two.
  package func nearPlaces(_ coordinate: Coordinate, withinMetres: Double) -> [Place] {
    let point = Polyline.flat(coordinate, origin: points[0], eastScale: eastScale)
    var places: [Place] = []
    var isOpen = false
    for index in 0..<max(points.count - 1, 0) {
      let place = self.place(of: point, onSegment: index, 0, lengthMetres)
      guard place.metresOff <= withinMetres else {
        isOpen = false
        continue
      }
      // Neighbours in reach are one approach, of which the nearest place counts; but a run along
      // the line of four times the reach is long enough to be two.
      if isOpen, let last = places.last, place.metresAlong - last.metresAlong < 4 * withinMetres {
        if place.metresOff < last.metresOff { places[places.count - 1] = place }
      } else {
        places.append(place)
      }
      isOpen = true
    }
    return places
  }

  /// Metres per degree of latitude on the sphere of `Coordinate.metres(to:)`.
  static let metresPerDegree = 6_371_008.8 * Double.pi / 180

  private static func flat(
    _ coordinate: Coordinate, origin: Coordinate, eastScale: Double
  ) -> SIMD2<Double> {
    SIMD2(
      (coordinate.latitude - origin.latitude) * metresPerDegree,
      (coordinate.longitude - origin.longitude) * eastScale)
  }

  private func length(_ vector: SIMD2<Double>) -> Double {
    (vector.x * vector.x + vector.y * vector.y).squareRoot()
  }

  private func place(
    of point: SIMD2<Double>, onSegment index: Int, _ fromMetres: Double, _ toMetres: Double
  ) -> Place {
    let startX = plane[index].x
    let startY = plane[index].y
    let alongX = plane[index + 1].x - startX
    let alongY = plane[index + 1].y - startY
    let square = alongX * alongX + alongY * alongY
    let span = metres[index + 1] - metres[index]
    var share = 0.0
    if square > 0 {
      share = ((point.x - startX) * alongX + (point.y - startY) * alongY) / square
      share = share < 0 ? 0 : share > 1 ? 1 : share
      let along = metres[index] + share * span
      if span > 0, along < fromMetres || along > toMetres {
        let held = along < fromMetres ? fromMetres : toMetres
        share = min(max((held - metres[index]) / span, 0), 1)
      }
    }
    let offX = point.x - startX - share * alongX
    let offY = point.y - startY - share * alongY
    return Place(
      metresAlong: metres[index] + share * span,
      metresOff: (offX * offX + offY * offY).squareRoot())
  }

  /// The segment that holds a distance; the first or last when it lies outside.
  private func segment(atMetres distance: Double) -> Int {
    var low = 0
    var high = points.count - 1
    while high - low > 1 {
      let middle = (low + high) / 2
      if metres[middle] <= distance { low = middle } else { high = middle }
    }
    return low
  }
}
