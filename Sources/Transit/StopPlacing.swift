import Basics

extension Polyline {
  /// Most metres between a stop and the shape of a pattern that calls there.
  static let stopOffMetresMax = 300.0
  /// Metres around a stop in which all approaches of the shape are weighed.
  static let stopReachMetres = 100.0

  /// Metres along the line at which stops lie that are called at in order; nil when the line does
  /// not pass them so.
  ///
  /// Where the line passes a stop more than once, that pass is taken which keeps the order and
  /// makes the sum of the squared distances smallest (dynamic programming over the passes).
  func metresAlong(_ stops: [Coordinate]) -> [Double]? {
    guard points.count > 1 else { return nil }
    var columns: [[Place]] = []
    for stop in stops {
      var places = nearPlaces(stop, withinMetres: Polyline.stopReachMetres)
      if places.isEmpty {
        places = nearPlaces(stop, withinMetres: Polyline.stopOffMetresMax)
      }
      if places.isEmpty { return nil }
      columns.append(places)
    }
    return Polyline.bestPath(columns)
  }

  /// The place of each column, never before that of the column before, with the least cost.
  private static func bestPath(_ columns: [[Place]]) -> [Double]? {
    var costs: [[Double]] = []
    var froms: [[Int]] = []
    for (step, column) in columns.enumerated() {
      var cost = Array(repeating: Double.infinity, count: column.count)
      var from = Array(repeating: 0, count: column.count)
      var best = Double.infinity
      var bestAt = 0
      var before = 0
      for (index, place) in column.enumerated() {
        // Both columns ascend, so the cheapest earlier place is carried along.
        while step > 0, before < columns[step - 1].count,
          columns[step - 1][before].metresAlong <= place.metresAlong
        {
          if costs[step - 1][before] < best {
            best = costs[step - 1][before]
            bestAt = before
          }
          before += 1
        }
        // Whole metres, so that passes over one street there and back are equal and the first
        // counts.
        let off = place.metresOff.rounded()
        cost[index] = (step > 0 ? best : 0) + off * off
        from[index] = bestAt
      }
      costs.append(cost)
      froms.append(from)
    }
    guard let last = costs.last,
      var at = last.indices.min(by: { last[$0] < last[$1] }), last[at].isFinite
    else { return nil }
    var metres: [Double] = []
    for step in columns.indices.reversed() {
      metres.append(columns[step][at].metresAlong)
      at = froms[step][at]
    }
    return metres.reversed()
  }
}
