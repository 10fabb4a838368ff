import Basics

#if canImport(Glibc)
  import Glibc
#endif

/// Stops by where they are: cells of a few hundred metres, sorted by row and column.
///
/// A sorted list instead of a table of cells, so that one stop at the other end of the world costs
/// one entry and not a continent of empty cells.
struct StopGrid: Sendable {
  /// Edge of a cell in degrees, about 280 m of latitude.
  private static let cellDegrees = 0.0025

  private struct Entry {
    var row: Int32
    var column: Int32
    var stop: Int32
  }

  private var entries: [Entry]
  private let coordinates: [Coordinate]

  /// Makes the grid of the places where riders board.
  init(_ stops: [Stop]) {
    coordinates = stops.map(\.coordinate)
    entries = stops.indices.filter { stops[$0].kind == .stop }.map { index in
      Entry(
        row: StopGrid.cell(stops[index].coordinate.latitude),
        column: StopGrid.cell(stops[index].coordinate.longitude), stop: Int32(index))
    }
    entries.sort { ($0.row, $0.column, $0.stop) < ($1.row, $1.column, $1.stop) }
  }

  /// Stops within a distance, nearest first.
  func near(_ point: Coordinate, withinMetres: Double) -> [NearStop] {
    guard let first = entries.first, let last = entries.last, withinMetres >= 0 else { return [] }
    let tall = withinMetres / Polyline.metresPerDegree
    let edge = min(abs(point.latitude) + tall, 89)
    let wide = tall / max(cos(edge * .pi / 180), 0.01)
    let rows = StopGrid.cell(point.latitude - tall)...StopGrid.cell(point.latitude + tall)
    let columns = StopGrid.cell(point.longitude - wide)...StopGrid.cell(point.longitude + wide)
    var found: [NearStop] = []
    guard rows.overlaps(first.row...last.row) else { return [] }
    for row in rows.clamped(to: first.row...last.row) {
      var index = start(row: row, column: columns.lowerBound)
      while index < entries.count, entries[index].row == row,
        entries[index].column <= columns.upperBound
      {
        let stop = Int(entries[index].stop)
        let metres = point.metres(to: coordinates[stop])
        if metres <= withinMetres { found.append(NearStop(stopIndex: stop, metres: metres)) }
        index += 1
      }
    }
    return found.sorted { ($0.metres, $0.stopIndex) < ($1.metres, $1.stopIndex) }
  }

  private func start(row: Int32, column: Int32) -> Int {
    entries.partitioningIndex { ($0.row, $0.column) >= (row, column) }
  }

  private static func cell(_ degrees: Double) -> Int32 {
    Int32((min(max(degrees, -400), 400) / cellDegrees).rounded(.down))
  }
}

/// A stop near a point.
package struct NearStop: Hashable, Sendable {
  package var stopIndex: Int
  /// Metres between the point and the stop.
  package var metres: Double
}
