package import Basics

/// Rides of one line, each placed on it once, whatever is counted of them then.
package struct LineRides: Sendable {
  /// A ride that began at a stop of the line.
  struct Ride: Sendable {
    /// The place on the line where it began.
    let start: Int
    /// The place on the line where it ended; nil where nobody knows.
    let end: Int?
    /// Hour of its beginning by the clock on the wall.
    let hour: Int
    /// Who rode.
    var group: RiderGroup
  }

  /// What boardings without a place on the line are told by, beside them all.
  struct Kind: Hashable, Sendable {
    /// Whether their direction is known.
    var hasDirection = true
    /// Whether their route is; where those of no route are told beside all others.
    var hasRoute = true
  }

  /// Such boardings of an hour.
  struct Part: Hashable, Sendable {
    /// Hour of the boarding by the clock on the wall.
    let hour: Int
    let kind: Kind
  }

  /// nil where the network has none: then no stop is one of it.
  let line: LineOrder?
  /// In the order in which they came.
  private(set) var rides: [Ride] = []
  /// Boardings that have no stop.
  private(set) var unplaced: [Part: RiderGroup] = [:]
  /// Boardings at a stop that the line does not have.
  private(set) var offLine: [Part: RiderGroup] = [:]

  /// Starts at nothing.
  package init(line: LineOrder?) { self.line = line }

  /// Places rides.
  ///
  /// `unplaced` are the moments and people of boardings that have no stop, and `unplacedRiders` who they are: as many
  /// riders without it. `hasDirection` says whether the direction of all of them is known, `hasRoute` whether their
  /// route is.
  package mutating func add(
    _ rides: [LoadRide], unplaced: [(at: Instant, riders: Int)] = [],
    unplacedRiders: [SomeRiders]? = nil, zone: TimeZoneTable, hasDirection: Bool = true,
    hasRoute: Bool = true
  ) {
    func hour(_ instant: Instant) -> Int { zone.local(instant).secondOfDay / 3600 }
    func part(_ instant: Instant) -> Part {
      Part(
        hour: hour(instant), kind: Kind(hasDirection: hasDirection, hasRoute: hasRoute))
    }
    for (index, group) in unplaced.enumerated() {
      let riders = unplacedRiders?[index] ?? SomeRiders(others: group.riders)
      self.unplaced[part(group.at), default: RiderGroup()].add(
        RiderGroup(people: group.riders, riders: riders))
    }
    self.rides.reserveCapacity(self.rides.count + rides.count)
    for ride in rides {
      guard let ends = line?.ends(of: ride) else {
        offLine[part(ride.boarding.at), default: RiderGroup()].add(ride.people)
        continue
      }
      self.rides.append(
        Ride(
          start: ends.start, end: ends.end, hour: hour(ride.boarding.at), group: ride.people))
    }
  }

  /// The same in which each ride counts for so many people; for none it is left out.
  func counting(_ people: (Ride) -> Int) -> LineRides {
    var counted = self
    counted.rides = rides.compactMap { ride in
      var ride = ride
      ride.group.people = people(ride)
      return ride.group.people > 0 ? ride : nil
    }
    return counted
  }
}

extension SmallCells {
  /// Boardings with a stop by hour, each as it may be told beside those of the places of the line and of all hours off it;
  /// few riders count once among the rides.
  package func hourlyBoardings(_ rides: LineRides) -> [Int?] {
    let places = Array(repeating: RiderGroup(), count: rides.line?.stops.count ?? 0)
    var hours = Array(repeating: places, count: RideCounts.hoursOfDay)
    for ride in rides.rides { hours[ride.hour][ride.start].add(ride.group) }
    return hours.enumerated().map { hour, places in
      let offLine = rides.offLine.filter { $0.key.hour == hour }
      return count(places, besides: offLine.values.map(countedOnce))
    }
  }
}
