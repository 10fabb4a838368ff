package import Basics
import Ridership
package import Store
package import Tracking
package import Transit

/// Works out stop visits of stale vehicle-days and gives their taps a boarding stop.
///
/// Both are views of sets: of the positions of the vehicle's day and of its taps. So a position or a
/// tap that comes late, twice or out of order ends in the same boardings.
package struct Placer: Sendable {
  /// Most vehicle-days placed in one transaction.
  package static let vehicleDaysPerPassMax = 32

  private let network: Network
  private let hours: @Sendable (Day) -> Range<Instant>
  private let asksForStops: @Sendable (Day) -> Bool
  private let city: City?
  /// The `feed_id` of the network; nil where it has none.
  private let feedID: Int64?

  /// Makes a placer on a network; `hours` are the moments of a fare day, and `asksForStops` tells on
  /// which of them a stop may change a fare.
  package init(
    network: Network, feedID: Int64? = nil, hours: @escaping @Sendable (Day) -> Range<Instant>,
    asksForStops: @escaping @Sendable (Day) -> Bool = { _ in false }
  ) {
    self.network = network
    self.feedID = feedID
    self.hours = hours
    self.asksForStops = asksForStops
    city = nil
  }

  /// Makes a placer for a city: each day is placed by the network that holds on it.
  package init(city: City) {
    network = city.network
    feedID = city.feed?.id
    hours = { city.hours(of: $0) }
    asksForStops = { city.asksForStops(on: $0) }
    self.city = city
  }

  /// The placer on the network that holds on a day.
  private func on(_ day: Day, in db: StoreSession) async throws -> Placer {
    guard let city else { return self }
    let then = try await city.on(day, in: db)
    return Placer(
      network: then.network, feedID: then.feed?.id, hours: hours, asksForStops: asksForStops)
  }

  /// Places the oldest stale days of a lane of vehicles; the number of days, none when another
  /// process holds the lane.
  package func place(lane: Int16, in db: StoreSession, at now: Instant) async throws -> Int {
    guard try await db.tryLane(.placing, lane: lane) else { return 0 }
    let days = try await db.placing.claimStaleDays(
      lane: lane, countMax: Self.vehicleDaysPerPassMax)
    var changedDays: Set<RiderDay> = []
    var networks: [PlacedBy] = []
    for day in days {
      let placer = try await on(day.day, in: db)
      let (visits, boardings) = try await placer.look(at: day, in: db)
      // By the stop visits that stand the boardings are on the lines of the network that found these.
      networks.append(
        visits == nil && !day.vehicle.isEmpty ? .before : .network(feedID: placer.feedID))
      if let visits { try await db.placing.replace(visits, of: day) }
      let changed = try await db.placing.save(boardings)
      changedDays.formUnion(changed)
      try await db.rating.markPlaced(pricedByPlace(boardings).intersection(changed), at: now)
    }
    // All at once and in order, as those who sort taps off mark them.
    try await db.placing.markStale(changedDays, at: now)
    try await db.placing.finish(days, by: networks, at: now)
    return days.count
  }

  /// The stop visits that begin on a vehicle's day, nil where those that stand are to stay, and its taps with
  /// their stops.
  ///
  /// A bus does not stop at the end of a fare day: its positions shortly before and after are looked
  /// at too, and a tap may belong to a visit that began on the day before.
  func look(
    at day: VehicleDay, in db: StoreSession
  ) async throws -> (visits: [StopVisit]?, boardings: [BoardingRow]) {
    let taps = try await db.placing.taps(of: day)
    guard !day.vehicle.isEmpty else { return (nil, boardings(of: taps, visits: [])) }
    let hours = hours(day.day)
    let margin = VehicleDay.marginSeconds
    let span = hours.lowerBound.adding(seconds: -margin)..<hours.upperBound.adding(seconds: margin)
    let positions = try await db.placing.positions(of: day, within: span)
    // Of the day before some are needed too.
    if let first = try await db.partitions.positionsFirstDay(), day.day <= first {
      return (nil, try await withoutPositions(taps, of: day, within: span, in: db))
    }
    let (visits, boardings) = boardings(of: taps, positions: positions)
    return (visits.filter { hours.contains($0.arrivedAt) }, boardings)
  }

  /// The taps of a day whose positions were dropped, by the stop visits that stand.
  ///
  /// A tap for which these have no stop is left out where one was inferred before: of two views the one that had
  /// the positions knew more.
  private func withoutPositions(
    _ taps: [BoardingTap], of day: VehicleDay, within span: Range<Instant>, in db: StoreSession
  ) async throws -> [BoardingRow] {
    let rows = boardings(of: taps, visits: try await db.placing.visits(of: day, within: span))
    let standing = try await db.placing.inferred(
      among: rows.filter { $0.stop == nil }.map(\.tap.name), on: day.day)
    return rows.filter { $0.stop != nil || !standing.contains($0.tap.name) }
  }

  /// Rider-days on which the tariff asks for a stop that neither a validator named nor a person.
  private func pricedByPlace(_ boardings: [BoardingRow]) -> Set<RiderDay> {
    Set(
      boardings.lazy.filter {
        $0.tap.stop == nil && $0.tap.correctedStop == nil && asksForStops($0.tap.fareDay)
      }.map { RiderDay(rider: $0.tap.rider, fareDay: $0.tap.fareDay) })
  }

  /// The stop visits of a vehicle, and its taps with their stops.
  package func boardings(
    of taps: [BoardingTap], positions: [Position]
  ) -> (visits: [StopVisit], boardings: [BoardingRow]) {
    let hints = taps.compactMap { tap -> RouteHint? in
      guard let vehicle = tap.vehicle,
        let route = tap.route.flatMap({ network.resolveRoute($0) })
      else { return nil }
      return RouteHint(vehicle: vehicle, at: tap.at, route: network.routes[route].id)
    }
    let visits = StopVisitFinder.visits(positions: positions, network: network, hints: hints)
    return (visits, boardings(of: taps, visits: visits))
  }

  /// Taps with their stops, by the stop visits of their vehicle.
  private func boardings(of taps: [BoardingTap], visits: [StopVisit]) -> [BoardingRow] {
    let routes = taps.map { tap in tap.route.flatMap { network.resolveRoute($0) } }
    let driven = Set(routes.compactMap { $0 })
      .union(visits.compactMap { network.routeIndex(id: $0.route) })
    let placer = BoardingPlacer(
      visits: visits, patterns: driven.sorted().flatMap(network.routePatterns(ofRoute:)))
    let cut = devicesWithoutSeconds(in: taps)
    return taps.enumerated().map { index, tap in
      let route = routes[index].map { network.routes[$0].id }
      let boarding = Boarding(
        ref: index, at: tap.at, resolutionSeconds: cut.contains(tap.name.device) ? 60 : 1,
        vehicle: tap.vehicle, route: route, direction: tap.direction,
        stop: tap.correctedStop ?? tap.stop, coordinate: tap.coordinate)
      let outcome = placer.place(boarding)
      if let stop = tap.correctedStop {
        return named(tap, at: stop, .corrected, boarding, outcome, by: placer)
      }
      if let stop = tap.stop { return named(tap, at: stop, .device, boarding, outcome, by: placer) }
      return row(tap, route: route, outcome)
    }
  }

  /// The row of a tap whose stop the device or a person named: what is found beside it moves it no more.
  ///
  /// The place in a line follows only where what is found agrees; the gate of a station has none.
  private func named(
    _ tap: BoardingTap, at stop: String, _ source: BoardingSource, _ boarding: Boarding,
    _ outcome: BoardingOutcome, by placer: BoardingPlacer
  ) -> BoardingRow {
    var boarding = boarding
    var found = outcome.placed
    if boarding.route == nil, let route = found?.route {
      // The tap named no line; it is the one that the vehicle drove.
      boarding.route = route
      found = placer.place(boarding).placed
    }
    let placed = found.flatMap { $0.stop == stop ? $0 : nil }
    return BoardingRow(
      tap: tap, route: placed?.route ?? boarding.route,
      direction: placed?.direction ?? tap.direction, stop: stop, stopOrder: placed?.stopOrder,
      source: source.rawValue,
      // A device that names the stop and no direction may leave the line open between two.
      confidence: source == placed?.source ? placed?.confidence ?? 1 : 1)
  }

  /// The devices whose times are cut to the minute: some validators write no seconds.
  ///
  /// One time on the full minute says nothing, every sixtieth is; two and none beside them do.
  private func devicesWithoutSeconds(in taps: [BoardingTap]) -> Set<String> {
    let times = Dictionary(grouping: taps, by: \.name.device).mapValues { Set($0.map(\.at)) }
    return Set(
      times.filter { _, times in
        times.count > 1 && times.allSatisfy { $0.microseconds % 60_000_000 == 0 }
      }.keys)
  }

  private func row(_ tap: BoardingTap, route: String?, _ outcome: BoardingOutcome) -> BoardingRow {
    switch outcome {
    case .placed(let placed):
      BoardingRow(
        tap: tap, route: placed.route, direction: placed.direction, stop: placed.stop,
        stopOrder: placed.stopOrder, source: placed.source.rawValue,
        confidence: placed.confidence)
    case .unplaced(_, let reason):
      BoardingRow(
        tap: tap, route: route, direction: tap.direction, stop: nil, stopOrder: nil,
        source: reason.rawValue, confidence: 0)
    }
  }
}
