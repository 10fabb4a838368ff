package import Basics

/// Riders by pair of stops, and boardings and alightings by stop and hour: of rides of any lines and days.
///
/// It counts by the rule of ``RouteLoad``, and so the sums agree: nothing is scaled up; a rider whose
/// alighting is not known is a boarding and in no pair, and the counts say how many these are.
package struct RideCounts: Hashable, Sendable {
  /// The stops where a ride began and ended.
  package struct StopPair: Hashable, Sendable {
    /// `stop_id`.
    package let from: String
    /// `stop_id`.
    package let to: String

    /// Makes a pair.
    package init(from: String, to: String) {
      self.from = from
      self.to = to
    }
  }

  /// What happened at one stop; both are counted in the hour of the boarding.
  package struct StopCount: Hashable, Sendable {
    /// 24 numbers, by the clock on the wall.
    package fileprivate(set) var hourlyBoardings = Array(repeating: 0, count: hoursOfDay)
    /// 24 numbers: of alightings nobody knows the time, so they count with their boardings.
    package fileprivate(set) var hourlyAlightings = Array(repeating: 0, count: hoursOfDay)
    /// Of the boardings, those whose alighting is not known.
    package fileprivate(set) var boardingsWithoutAlighting = 0

    package var boardings: Int { hourlyBoardings.reduce(0, +) }
    package var alightings: Int { hourlyAlightings.reduce(0, +) }
  }

  /// Hours of a day by the clock on the wall.
  package static let hoursOfDay = 24

  /// Riders of whom both ends are known.
  package private(set) var pairs: [StopPair: Int] = [:]
  /// By `stop_id`.
  package private(set) var stops: [String: StopCount] = [:]
  /// Boardings that have a stop of their line.
  package private(set) var boardings = 0
  /// Of them, those whose alighting is not known: in no pair.
  package private(set) var boardingsWithoutAlighting = 0
  /// Boardings whose stop is not known: missing everywhere.
  package private(set) var unplacedBoardings = 0
  /// Boardings at a stop that their line does not have: missing everywhere.
  package private(set) var boardingsOffLine = 0

  /// Starts at nothing.
  package init() {}

  /// Riders of whom both ends are known.
  package var ridersWithBothEnds: Int { boardings - boardingsWithoutAlighting }

  /// Counts rides of one line; those whose boarding lies outside the hours are left out as a whole.
  ///
  /// `line` is nil where the network has none: then no stop is one of it. `unplaced` are the moments and
  /// riders of boardings that have no stop.
  package mutating func add(
    _ rides: [LoadRide], unplaced: [(at: Instant, riders: Int)] = [], line: LineOrder?,
    hours: HourBand? = nil, zone: TimeZoneTable
  ) {
    func counts(_ instant: Instant) -> Bool { hours?.contains(instant, zone: zone) ?? true }
    unplacedBoardings += unplaced.reduce(0) { $0 + (counts($1.at) ? $1.riders : 0) }
    for ride in rides where counts(ride.boarding.at) {
      guard let line, let ends = line.ends(of: ride) else {
        boardingsOffLine += ride.riders
        continue
      }
      add(
        ride.riders, from: line.stops[ends.start], to: ends.end.map { line.stops[$0] },
        hour: zone.local(ride.boarding.at).secondOfDay / 3600)
    }
  }

  private mutating func add(_ riders: Int, from: String, to: String?, hour: Int) {
    boardings += riders
    stops[from, default: StopCount()].hourlyBoardings[hour] += riders
    if let to {
      stops[to, default: StopCount()].hourlyAlightings[hour] += riders
      pairs[StopPair(from: from, to: to), default: 0] += riders
    } else {
      boardingsWithoutAlighting += riders
      stops[from, default: StopCount()].boardingsWithoutAlighting += riders
    }
  }
}
