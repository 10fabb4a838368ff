package import Basics

#if canImport(Glibc)
  import Glibc
#endif

/// A crossing of the invented city's grid: column from the west, row from the south, both from 0.
package struct Crossing: Hashable, Sendable {
  package let column: Int
  package let row: Int

  /// Makes a crossing.
  package init(_ column: Int, _ row: Int) {
    self.column = column
    self.row = row
  }
}

/// A way along the grid; the raw value names the pole in a stop's id.
package enum Heading: String, Sendable, CaseIterable {
  case east = "E"
  case north = "N"
  case south = "S"
  case west = "W"

  /// Steps east and north of one block this way.
  var step: (column: Int, row: Int) {
    switch self {
    case .east: (1, 0)
    case .north: (0, 1)
    case .south: (0, -1)
    case .west: (-1, 0)
    }
  }

  /// The heading from a crossing to the next one on the same street; nil when they share none.
  static func from(_ start: Crossing, to end: Crossing) -> Heading? {
    switch ((end.column - start.column).signum(), (end.row - start.row).signum()) {
    case (1, 0): .east
    case (-1, 0): .west
    case (0, 1): .north
    case (0, -1): .south
    default: nil
    }
  }
}

/// The streets of the invented city: a grid of blocks of 500 m, so that ways can be measured by head.
package enum Grid {
  package static let columnCount = 13
  package static let rowCount = 9
  /// Metres from a crossing to the next.
  package static let blockMetres = 500.0
  /// Metres that a pole stands ahead of its crossing, on the side from which the vehicle comes.
  static let poleBeforeMetres = 25.0
  /// Metres that a pole stands to the right of the middle of the street.
  static let poleAsideMetres = 8.0

  private static let southWest = Coordinate(latitude: 49.4, longitude: 30.6)
  private static let metresPerDegree = 6_371_008.8 * Double.pi / 180

  /// The point a number of metres east and north of the south-western crossing.
  static func point(eastMetres: Double, northMetres: Double) -> Coordinate {
    Coordinate(
      latitude: southWest.latitude + northMetres / metresPerDegree,
      longitude: southWest.longitude + eastMetres
        / (metresPerDegree * cos(southWest.latitude * .pi / 180)))
  }

  /// The middle of a crossing.
  package static func point(of crossing: Crossing) -> Coordinate {
    point(
      eastMetres: Double(crossing.column) * blockMetres,
      northMetres: Double(crossing.row) * blockMetres)
  }

  /// Where the pole stands that serves vehicles arriving at a crossing with a heading.
  package static func pole(at crossing: Crossing, heading: Heading) -> Coordinate {
    let (east, north) = heading.step
    // The right-hand side of a heading (east, north) is (north, -east).
    return point(
      eastMetres: Double(crossing.column) * blockMetres - Double(east) * poleBeforeMetres
        + Double(north) * poleAsideMetres,
      northMetres: Double(crossing.row) * blockMetres - Double(north) * poleBeforeMetres
        - Double(east) * poleAsideMetres)
  }

  /// Every crossing passed on a way given by its corners, corners included.
  package static func crossings(along corners: [Crossing]) -> [Crossing] {
    guard let first = corners.first else { return [] }
    var passed = [first]
    for (start, end) in zip(corners, corners.dropFirst()) {
      guard let heading = Heading.from(start, to: end) else {
        preconditionFailure("corners \(start) and \(end) share no street")
      }
      let (column, row) = heading.step
      var current = start
      while current != end {
        current = Crossing(current.column + column, current.row + row)
        passed.append(current)
      }
    }
    return passed
  }
}
