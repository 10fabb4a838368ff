/// How the loads that the service tells compare with what happened.
package struct LoadAgreement: Sendable, Equatable {
  /// Route directions asked for, and those that the service could not answer.
  package var lines = 0
  package var linesUnknown = 0
  /// People who really boarded, and those that the service counts.
  package var boardingsTrue = 0
  package var boardingsTold = 0
  /// Sum over all stops of how far the service's count is off, where it tells one.
  package var boardingsOff = 0
  package var alightingsTrue = 0
  package var alightingsTold = 0
  package var alightingsOff = 0
  /// Stops whose numbers the service holds back because the group is small.
  package var stopsHeldBack = 0

  /// Starts at nothing.
  package init() {}

  /// Compares one route in one direction, stop by stop; `told` is nil where a count is held back.
  package mutating func compare(
    truth: [String: StopCount], told: [(stop: String, boardings: Int?, alightings: Int?)]?
  ) {
    lines += 1
    guard let told else {
      linesUnknown += 1
      return
    }
    var rest = truth
    for stop in told {
      let count = rest.removeValue(forKey: stop.stop) ?? StopCount()
      if stop.boardings == nil || stop.alightings == nil { stopsHeldBack += 1 }
      if let boardings = stop.boardings {
        boardingsTrue += count.boardings
        boardingsTold += boardings
        boardingsOff += abs(boardings - count.boardings)
      }
      if let alightings = stop.alightings {
        alightingsTrue += count.alightings
        alightingsTold += alightings
        alightingsOff += abs(alightings - count.alightings)
      }
    }
    // A stop that the service does not list at all counts as zero there.
    for count in rest.values {
      boardingsTrue += count.boardings
      boardingsOff += count.boardings
      alightingsTrue += count.alightings
      alightingsOff += count.alightings
    }
  }
}
