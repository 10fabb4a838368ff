package import Basics

/// What the public is told about a run that is on its way: where it was last, and when it calls next.
package struct TripUpdate: Hashable, Sendable {
  /// An arrival or a departure.
  package struct Event: Hashable, Sendable {
    package var at: Instant
    /// Against the timetable, seconds; late is positive.
    package var delaySeconds: Int
    /// Whether it was seen; else it is foretold.
    package var isObserved: Bool

    /// Makes an arrival or a departure.
    package init(at: Instant, delaySeconds: Int, isObserved: Bool = false) {
      self.at = at
      self.delaySeconds = delaySeconds
      self.isObserved = isObserved
    }
  }

  /// A call at a stop.
  package struct Call: Hashable, Sendable {
    /// `stop_sequence`: a line may pass a stop twice.
    package var sequence: Int
    /// `stop_id`.
    package var stop: String
    package var arrival: Event?
    package var departure: Event?

    /// Makes a call at a stop.
    package init(sequence: Int, stop: String, arrival: Event? = nil, departure: Event? = nil) {
      self.sequence = sequence
      self.stop = stop
      self.arrival = arrival
      self.departure = departure
    }
  }

  package var vehicle: String
  /// What people call the vehicle; nil when that is its id.
  package var label: String?
  /// When the vehicle was where its progress was read.
  package var at: Instant
  /// `trip_id`.
  package var trip: String
  /// `route_id`.
  package var route: String
  /// 0 or 1.
  package var direction: Int
  /// The service day of the run.
  package var startDay: Day
  /// `start_time`: the first time of the run in the feed, its arrival at the first stop, seconds of the
  /// service day.
  package var startSeconds: Int
  /// How late the vehicle is now, seconds; early is negative.
  package var delaySeconds: Int
  /// The stop passed last, where that was seen, and those to come, in the order of travel.
  package var calls: [Call]

  /// Makes what is told about a run.
  package init(
    vehicle: String, label: String? = nil, at: Instant, trip: String, route: String,
    direction: Int, startDay: Day, startSeconds: Int, delaySeconds: Int, calls: [Call]
  ) {
    self.vehicle = vehicle
    self.label = label
    self.at = at
    self.trip = trip
    self.route = route
    self.direction = direction
    self.startDay = startDay
    self.startSeconds = startSeconds
    self.delaySeconds = delaySeconds
    self.calls = calls
  }
}
