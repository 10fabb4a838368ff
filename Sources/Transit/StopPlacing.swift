import Basics

extension Polyline {
  /// Most metres between a stop and the shape of a pattern that calls there.
  static let stopOffMetresMax = 300.0
  /// Metres around a stop in which all passes of the shape are weighed.
  static let stopReachMetres = 100.0
  /// Most metres that a stop may lie before the one called at earlier: feeds swap neighbours.
  static let stopBackMetresMax = 150.0
  /// Most passes of the shape weighed at one stop, the nearest.
  static let passesMax = 32

  /// Metres along the line at which stops lie that are called at in order; nil when the line does
  /// not pass them so.
  ///
  /// Where the line passes a stop more than once, that pass is taken which keeps the order and
  /// makes the sum of the squared distances smallest (dynamic programming over the passes). A stop
  /// a little before the one called at earlier is put beside it.
  func metresAlong(_ stops: [Coordinate]) -> [Double]? {
    guard points.count > 1 else { return nil }
    var columns: [[Place]] = []
    for stop in stops {
      var places = nearPlaces(stop, withinMetres: Polyline.stopReachMetres)
      if places.isEmpty {
        places = nearPlaces(stop, withinMetres: Polyline.stopOffMetresMax)
      }
      if places.isEmpty { return nil }
      if places.count > Polyline.passesMax {
        places = Array(places.sorted { $0.metresOff < $1.metresOff }.prefix(Polyline.passesMax))
        places.sort { $0.metresAlong < $1.metresAlong }
      }
      columns.append(places)
    }
    guard var metres = Polyline.bestPath(columns) else { return nil }
    for index in metres.indices.dropFirst() {
      metres[index] = max(metres[index], metres[index - 1])
    }
    return metres
  }

  /// The place of each column with the least cost in all; nil when none keeps the order.
  private static func bestPath(_ columns: [[Place]]) -> [Double]? {
    var costs = columns[0].map(squaredOff)
    var froms = [[Int]()]
    for step in columns.indices.dropFirst() {
      var next = Array(repeating: Double.infinity, count: columns[step].count)
      var from = Array(repeating: 0, count: columns[step].count)
      for (index, place) in columns[step].enumerated() {
        for (before, earlier) in columns[step - 1].enumerated() {
          let back = max(earlier.metresAlong - place.metresAlong, 0)
          let cost = costs[before] + back * back
          if back <= stopBackMetresMax, cost < next[index] {
            next[index] = cost
            from[index] = before
          }
        }
        next[index] += squaredOff(place)
      }
      costs = next
      froms.append(from)
    }
    guard var at = costs.indices.min(by: { costs[$0] < costs[$1] }), costs[at].isFinite else {
      return nil
    }
    var metres: [Double] = []
    for step in columns.indices.reversed() {
      metres.append(columns[step][at].metresAlong)
      if step > 0 { at = froms[step][at] }
    }
    return metres.reversed()
  }

  /// In whole metres, so that passes over one street there and back are equal and the first counts.
  private static func squaredOff(_ place: Place) -> Double {
    let off = place.metresOff.rounded()
    return off * off
  }
}
