package import Basics

/// A ride as a load profile counts it.
package struct LoadRide: Hashable, Sendable {
  package var boarding: PlacedBoarding
  /// nil when it is not known where the rider got off.
  package var alighting: PlacedAlighting?
  /// Riders of the tap, 1 or more.
  package var riders: Int
  /// Whose ride it is, of several taps together; nil is as many riders as ride.
  package var whose: SomeRiders?

  /// Makes a ride.
  package init(
    boarding: PlacedBoarding, alighting: PlacedAlighting?, riders: Int, whose: SomeRiders? = nil
  ) {
    self.boarding = boarding
    self.alighting = alighting
    self.riders = riders
    self.whose = whose
  }

  /// Who rode.
  var people: RiderGroup {
    RiderGroup(people: riders, riders: whose ?? SomeRiders(others: riders))
  }
}

/// A stretch of the day by the clock on the wall.
package struct HourBand: Hashable, Sendable {
  /// First second of the day, inclusive.
  package let fromSeconds: Int
  /// Last second of the day, exclusive.
  package let untilSeconds: Int

  /// A band of whole hours, `7-9` from 07:00:00 to 08:59:59; nil unless 0 ≤ from < until ≤ 24.
  package init?(fromHour: Int, untilHour: Int) {
    guard fromHour >= 0, fromHour < untilHour, untilHour <= 24 else { return nil }
    fromSeconds = fromHour * 3600
    untilSeconds = untilHour * 3600
  }

  /// Reads `7-9`; nil when it is anything else.
  package init?(_ text: some StringProtocol) {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 2, let from = Int(parts[0]), let until = Int(parts[1]) else { return nil }
    self.init(fromHour: from, untilHour: until)
  }

  /// Whether an hour of the day lies in the band.
  func contains(hour: Int) -> Bool { (fromSeconds..<untilSeconds).contains(hour * 3600) }
}

/// Boardings, alightings and load by stop of a route in one direction.
///
/// Nothing is scaled up: riders whose alighting is not known count as boardings and not in the
/// load, and the profile says how many they are.
package struct RouteLoad: Hashable, Sendable {
  /// What happened at one stop.
  package struct StopLoad: Hashable, Sendable {
    /// `stop_id`.
    package var stop: String
    package var boardings = 0
    package var alightings = 0
    /// Riders on board when leaving, of those whose alighting is known.
    package var departureLoad = 0
    /// Of the boardings, those whose alighting is not known.
    package var boardingsWithoutAlighting = 0
    /// Who boarded, who got off, who was on board when leaving, and who boarded and got off nobody knows where.
    fileprivate(set) var boarders = SomeRiders()
    fileprivate(set) var alighters = SomeRiders()
    fileprivate(set) var aboard = SomeRiders()
    fileprivate(set) var boardersWithoutAlighting = SomeRiders()
  }

  package var stops: [StopLoad]
  /// Boardings of the line that have a stop.
  package var boardings: Int
  /// Of them, those whose alighting is not known: missing in alightings and load.
  package var boardingsWithoutAlighting: Int
  /// Boardings of the route whose stop is not known: missing everywhere.
  package var unplacedBoardings: Int
  /// Boardings at a stop that the line does not have: missing everywhere.
  package var boardingsOffLine: Int

  /// Counts the rides of a line; those whose boarding lies outside the hours are left out as a
  /// whole.
  ///
  /// `unplaced` are the moments and riders of boardings of the route that have no stop.
  package init(
    line: LineOrder, rides: [LoadRide], unplaced: [(at: Instant, riders: Int)] = [],
    hours: HourBand? = nil, zone: TimeZoneTable
  ) {
    var placed = LineRides(line: line)
    placed.add(rides, unplaced: unplaced, zone: zone)
    self.init(placed, hours: hours)
  }

  /// Counts rides that are placed.
  package init(_ rides: LineRides, hours: HourBand? = nil) {
    func counts(_ hour: Int) -> Bool { hours?.contains(hour: hour) ?? true }
    func people(_ parts: [LineRides.Part: RiderGroup]) -> Int {
      parts.reduce(0) { $0 + (counts($1.key.hour) ? $1.value.people : 0) }
    }
    stops = rides.line?.stops.map { StopLoad(stop: $0) } ?? []
    boardings = 0
    boardingsWithoutAlighting = 0
    unplacedBoardings = people(rides.unplaced)
    boardingsOffLine = people(rides.offLine)
    for ride in rides.rides where counts(ride.hour) { add(ride) }
    var load = 0
    for index in stops.indices {
      let stop = stops[index]
      load += stop.boardings - stop.boardingsWithoutAlighting - stop.alightings
      stops[index].departureLoad = load
    }
  }

  private mutating func add(_ ride: LineRides.Ride) {
    let (start, group) = (ride.start, ride.group)
    boardings += group.people
    stops[start].boardings += group.people
    stops[start].boarders.formUnion(group.riders)
    if let end = ride.end {
      stops[end].alightings += group.people
      stops[end].alighters.formUnion(group.riders)
      for place in start..<end { stops[place].aboard.formUnion(group.riders) }
    } else {
      boardingsWithoutAlighting += group.people
      stops[start].boardingsWithoutAlighting += group.people
      stops[start].boardersWithoutAlighting.formUnion(group.riders)
    }
  }

  /// The stop after which most riders were on board; nil when nobody was.
  package var busiest: StopLoad? {
    stops.filter { $0.departureLoad > 0 }.max { $0.departureLoad < $1.departureLoad }
  }
}
