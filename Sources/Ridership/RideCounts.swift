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

    fileprivate var isEmpty: Bool { self == StopCount() }

    fileprivate mutating func add(_ other: StopCount) {
      for hour in 0..<hoursOfDay {
        hourlyBoardings[hour] += other.hourlyBoardings[hour]
        hourlyAlightings[hour] += other.hourlyAlightings[hour]
      }
      boardingsWithoutAlighting += other.boardingsWithoutAlighting
    }
  }

  /// Rides that are alike: where and in which hour they began, and where they ended, if that is known.
  struct RideKey: Hashable, Comparable {
    /// `stop_id`.
    let from: String
    /// `stop_id`.
    let to: String?
    let hour: Int

    init(_ ride: LineRides.Ride, on line: LineOrder) {
      from = line.stops[ride.start]
      to = ride.end.map { line.stops[$0] }
      hour = ride.hour
    }

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
  /// Boardings whose stop is not known: missing everywhere.
  private(set) var unplaced: [LineRides.Kind: RiderGroup] = [:]
  /// Boardings at a stop that their line does not have, also by hour, as those of an hour tell of them: missing
  /// everywhere else.
  private(set) var offLine: [LineRides.Part: RiderGroup] = [:]
  /// All rides with both ends and their hour.
  private(set) var rides: [RideKey: RiderGroup] = [:]
  /// Cells of fewer than k riders, who rode more than once or not alone, with their people; nil where nobody looked
  /// for them.
  private(set) var fewCells: [Cell: Int]?
  /// The rides that count for fewer people than rode, and for how many.
  private var countedLess: [RideKey: Int] = [:]

  /// Starts at nothing.
  package init() {}

  /// Riders of whom both ends are known.
  package var ridersWithBothEnds: Int { boardings - boardingsWithoutAlighting }

  /// Boardings whose stop is not known: missing everywhere.
  package var unplacedBoardings: Int { unplaced.values.reduce(0) { $0 + $1.people } }
  /// Boardings at a stop that their line does not have: missing everywhere.
  package var boardingsOffLine: Int { offLine.values.reduce(0) { $0 + $1.people } }

  /// Boardings of some kind without a place on a line, in the parts in which they are told.
  func groups(where isMeant: (LineRides.Kind) -> Bool) -> [RiderGroup] {
    Array(unplaced.filter { isMeant($0.key) }.values)
      + Array(offLine.filter { isMeant($0.key.kind) }.values)
  }

  /// Counts rides of one line; those whose boarding lies outside the hours are left out as a whole.
  ///
  /// `line` is nil where the network has none: then no stop is one of it. `unplaced` are the moments and
  /// people of boardings that have no stop, and `unplacedRiders` who they are: as many riders without it.
  /// `hasDirection` says whether the direction of all of them is known, `hasRoute` whether their route is.
  package mutating func add(
    _ rides: [LoadRide], unplaced: [(at: Instant, riders: Int)] = [],
    unplacedRiders: [SomeRiders]? = nil, line: LineOrder?, hours: HourBand? = nil,
    zone: TimeZoneTable, hasDirection: Bool = true, hasRoute: Bool = true
  ) {
    var placed = LineRides(line: line)
    placed.add(
      rides, unplaced: unplaced, unplacedRiders: unplacedRiders, zone: zone,
      hasDirection: hasDirection, hasRoute: hasRoute)
    add(placed, hours: hours)
  }

  /// Counts rides that are placed; those whose boarding lies outside the hours are left out as a whole.
  package mutating func add(_ rides: LineRides, hours: HourBand? = nil) {
    func counts(_ hour: Int) -> Bool { hours?.contains(hour: hour) ?? true }
    fewCells = nil
    for (part, group) in rides.unplaced where counts(part.hour) {
      unplaced[part.kind, default: RiderGroup()].add(group)
    }
    for (part, group) in rides.offLine where counts(part.hour) {
      offLine[part, default: RiderGroup()].add(group)
    }
    if let line = rides.line { add(rides.rides.filter { counts($0.hour) }, on: line) }
  }

  /// Adds rides up by place first: a stop has many of them, and a name that is looked up for each costs more.
  private mutating func add(_ rides: [LineRides.Ride], on line: LineOrder) {
    let none = StopCount()
    var places = Array(repeating: none, count: line.stops.count)
    var ends: [Int: Int] = [:]
    for ride in rides {
      let people = ride.group.people
      self.rides[RideKey(ride, on: line), default: RiderGroup()].add(ride.group)
      boardings += people
      places[ride.start].hourlyBoardings[ride.hour] += people
      if let end = ride.end {
        places[end].hourlyAlightings[ride.hour] += people
        ends[ride.start * places.count + end, default: 0] += people
      } else {
        boardingsWithoutAlighting += people
        places[ride.start].boardingsWithoutAlighting += people
      }
    }
    for (place, count) in places.enumerated() where count != none {
      stops[line.stops[place], default: StopCount()].add(count)
    }
    for (place, people) in ends {
      let (start, end) = place.quotientAndRemainder(dividingBy: places.count)
      pairs[StopPair(from: line.stops[start], to: line.stops[end]), default: 0] += people
    }
  }

  /// Counts a ride for no more than some of its people.
  private mutating func count(_ people: Int, of key: RideKey) {
    guard let group = rides[key] else { return }
    let (left, hour) = (group.people - people, key.hour)
    rides[key] = people > 0 ? RiderGroup(people: people, riders: group.riders) : nil
    countedLess[key] = people
    boardings -= left
    stops[key.from]?.hourlyBoardings[hour] -= left
    if let to = key.to {
      stops[to]?.hourlyAlightings[hour] -= left
      let pair = StopPair(from: key.from, to: to)
      pairs[pair] = pairs[pair].flatMap { $0 > left ? $0 - left : nil }
    } else {
      boardingsWithoutAlighting -= left
      stops[key.from]?.boardingsWithoutAlighting -= left
    }
    for stop in [key.from, key.to].compactMap({ $0 }) where stops[stop]?.isEmpty == true {
      stops[stop] = nil
    }
  }
}

// MARK: Few riders

extension RideCounts {
  /// The same counts, in which fewer than k riders count once where a sum would tell how often they rode, or the order
  /// of a line: that of all rides, where they are of one.
  package func countingFewOnce(_ cells: SmallCells, along line: LineOrder? = nil) -> RideCounts {
    guard fewCells == nil else { return self }
    var counts = self
    counts.fewCells = [:]
    guard cells.isRounding else { return counts }
    let few = FewRiders(rides, cells: cells, along: line)
    for (key, people) in few.countedLess { counts.count(people, of: key) }
    counts.fewCells = few.fewCells
    return counts
  }

  /// Of the rides that were counted on one line those that still count.
  package func remaining(of rides: LineRides) -> LineRides {
    guard !countedLess.isEmpty, let line = rides.line else { return rides }
    var left = countedLess
    return rides.counting { ride in
      let key = RideKey(ride, on: line)
      guard let most = left[key] else { return ride.group.people }
      let people = min(ride.group.people, most)
      left[key] = most - people
      return people
    }
  }

  /// Whether a cell is of fewer than k riders, who rode more than once or not alone.
  func isFew(_ cell: @autoclosure () -> Cell) -> Bool {
    guard let fewCells, !fewCells.isEmpty else { return false }
    return fewCells[cell()] != nil
  }
}
