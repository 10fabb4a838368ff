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

  /// Rides that are alike: where and in which hour they began, and where they ended, if that is known.
  struct RideKey: Hashable, Comparable {
    /// `stop_id`.
    let from: String
    /// `stop_id`.
    let to: String?
    let hour: Int

    static func < (left: RideKey, right: RideKey) -> Bool {
      (left.from, left.hour, left.to ?? "") < (right.from, right.hour, right.to ?? "")
    }
  }

  /// A number that is told of some of the rides; stops are named by `stop_id`.
  enum Cell: Hashable, Sendable {
    case hour(Int)
    case boardings(String)
    case hourlyBoardings(String, hour: Int)
    case boardingsWithoutAlighting(String)
    case alightings(String)
    case hourlyAlightings(String, hour: Int)
    case pair(StopPair)
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
  /// Boardings whose stop is not known, by whether their direction is: missing everywhere.
  private(set) var unplaced = [Bool: RiderGroup]()
  /// Boardings at a stop that their line does not have, by whether their direction is known: missing everywhere.
  private(set) var offLine = [Bool: RiderGroup]()
  /// All rides with both ends and their hour.
  private(set) var rides: [RideKey: RiderGroup] = [:]
  /// Cells of fewer than k riders, who rode more than once or not alone, with their people; nil where nobody looked
  /// for them.
  private(set) var fewCells: [Cell: Int]?
  /// Whether any ride counts for fewer people than rode.
  private var isAnyCountedOnce = false

  /// Starts at nothing.
  package init() {}

  /// Riders of whom both ends are known.
  package var ridersWithBothEnds: Int { boardings - boardingsWithoutAlighting }

  /// Boardings whose stop is not known: missing everywhere.
  package var unplacedBoardings: Int { unplaced.values.reduce(0) { $0 + $1.people } }
  /// Boardings at a stop that their line does not have: missing everywhere.
  package var boardingsOffLine: Int { offLine.values.reduce(0) { $0 + $1.people } }

  /// Counts rides of one line; those whose boarding lies outside the hours are left out as a whole.
  ///
  /// `line` is nil where the network has none: then no stop is one of it. `unplaced` are the moments and
  /// people of boardings that have no stop, and `unplacedRiders` who they are: as many riders without it.
  /// `hasDirection` says whether the direction of all of them is known.
  package mutating func add(
    _ rides: [LoadRide], unplaced: [(at: Instant, riders: Int)] = [],
    unplacedRiders: [SomeRiders]? = nil, line: LineOrder?, hours: HourBand? = nil,
    zone: TimeZoneTable, hasDirection: Bool = true
  ) {
    func counts(_ instant: Instant) -> Bool { hours?.contains(instant, zone: zone) ?? true }
    fewCells = nil
    for (index, group) in unplaced.enumerated() where counts(group.at) {
      let riders = unplacedRiders?[index] ?? SomeRiders(others: group.riders)
      self.unplaced[hasDirection, default: RiderGroup()].add(
        RiderGroup(people: group.riders, riders: riders))
    }
    for ride in rides where counts(ride.boarding.at) {
      guard let line, let key = Self.key(of: ride, on: line, zone: zone) else {
        offLine[hasDirection, default: RiderGroup()].add(ride.people)
        continue
      }
      add(ride.people, key)
    }
  }

  private static func key(
    of ride: LoadRide, on line: LineOrder, zone: TimeZoneTable
  ) -> RideKey? {
    line.ends(of: ride).map { ends in
      RideKey(
        from: line.stops[ends.start], to: ends.end.map { line.stops[$0] },
        hour: zone.local(ride.boarding.at).secondOfDay / 3600)
    }
  }

  private mutating func add(_ group: RiderGroup, _ key: RideKey) {
    rides[key, default: RiderGroup()].add(group)
    let (riders, from, to, hour) = (group.people, key.from, key.to, key.hour)
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

// MARK: Few riders

extension RideCounts {
  /// The same counts, in which fewer than k riders count once where a sum would tell how often they rode.
  package func countingFewOnce(_ cells: SmallCells) -> RideCounts {
    guard fewCells == nil else { return self }
    var counts = self
    counts.fewCells = [:]
    guard cells.isRounding else { return counts }
    let few = FewRiders(rides, cells: cells)
    if few.isAnyCountedOnce {
      counts = RideCounts()
      for (key, group) in few.counted { counts.add(group, key) }
      (counts.unplaced, counts.offLine) = (unplaced, offLine)
      counts.isAnyCountedOnce = true
    }
    counts.fewCells = few.fewCells
    return counts
  }

  /// Of the rides that were counted on one line those that still count.
  package func remaining(
    of rides: [LoadRide], line: LineOrder, zone: TimeZoneTable
  ) -> [LoadRide] {
    guard isAnyCountedOnce else { return rides }
    var left = self.rides.mapValues(\.people)
    return rides.compactMap { ride in
      guard let key = Self.key(of: ride, on: line, zone: zone) else { return ride }
      var ride = ride
      ride.riders = min(ride.riders, left[key] ?? 0)
      left[key, default: 0] -= ride.riders
      return ride.riders > 0 ? ride : nil
    }
  }

  /// Whether a cell is of fewer than k riders, who rode more than once or not alone.
  func isFew(_ cell: @autoclosure () -> Cell) -> Bool {
    guard let fewCells, !fewCells.isEmpty else { return false }
    return fewCells[cell()] != nil
  }
}
