/// How the place where a rider got off was found.
package enum AlightingSource: String, Sendable, Hashable, CaseIterable {
  /// The rider tapped off.
  case tapOff = "tap_off"
  /// From where the rider boarded next.
  case nextBoarding = "next_boarding"
  /// The last ride of the day is believed to lead back to where the first began.
  case returnToFirst = "return_to_first"
  /// The rider tapped off, and a person said where.
  case corrected
}

/// Where a rider got off, and how sure that is.
package struct PlacedAlighting: Hashable, Sendable {
  /// The number of the boarding it belongs to.
  package var ref: Int
  /// `stop_id`.
  package var stop: String
  /// Place of the stop in the pattern, from 0; after that of the boarding.
  package var stopOrder: Int
  /// Metres from the stop to where the rider was seen next.
  package var walkMetres: Double
  package var source: AlightingSource
  /// 0 to 1; the values are those of ``AlightingFinder``.
  package var confidence: Double

  /// Makes a placed alighting.
  package init(
    ref: Int, stop: String, stopOrder: Int, walkMetres: Double, source: AlightingSource,
    confidence: Double
  ) {
    self.ref = ref
    self.stop = stop
    self.stopOrder = stopOrder
    self.walkMetres = walkMetres
    self.source = source
    self.confidence = confidence
  }
}

/// Why it is not known where a rider got off.
package enum NoAlightingReason: String, Sendable, Hashable, CaseIterable {
  /// It is not known where the rider boarded.
  case boardingUnplaced = "boarding_unplaced"
  /// The rider was seen once that day.
  case singleBoarding = "single_boarding"
  /// It is not known where the rider boarded next.
  case nextUnplaced = "next_unplaced"
  /// The rider was next seen where the ride began.
  case sameStop = "same_stop"
  /// Every stop on the way is farther from where the rider was seen next than riders walk.
  case tooFar = "too_far"
  /// The pattern has no stop after the boarding, or is not known.
  case noStopAhead = "no_stop_ahead"
}

/// What is known of the end of a ride.
package enum AlightingOutcome: Hashable, Sendable {
  case placed(PlacedAlighting)
  case unknown(ref: Int, NoAlightingReason)

  /// The alighting; nil when it is not known.
  package var placed: PlacedAlighting? {
    guard case .placed(let alighting) = self else { return nil }
    return alighting
  }

  /// The number of the boarding it belongs to.
  package var ref: Int {
    switch self {
    case .placed(let alighting): alighting.ref
    case .unknown(let ref, _): ref
    }
  }
}
