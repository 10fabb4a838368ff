import Basics
import Transit

/// Finds one rider's ways through the day.
struct WayFinder {
  /// Metres that a rider walks to change, or to the stop across the street.
  static let walkMetresMax = 200.0
  /// Metres to the stop of the other direction.
  static let returnWalkMetresMax = 450.0
  /// Walking speed.
  static let walkMetresPerSecond = 1.2
  /// Seconds that a rider waits for a vehicle, at most.
  static let waitSecondsMax = 40 * 60
  /// Share of ways out with a change.
  static let transferShare = 0.35
  /// Share of riders who go back.
  static let returnShare = 0.9
  /// Attempts to find a way out, in a feed with few departures.
  static let attemptsMax = 40
  /// Seconds that a rider stays where the way out ends.
  static let staySeconds = 45 * 60...9 * 3600
  /// Seconds after driving off within which a slow rider still taps.
  static let slowTapSeconds = 12

  let rider: Int
  let departures: Departures
  let network: Network
  var generator: SeededGenerator

  /// The rides out, with a change now and then, and those back; empty when no way was found.
  mutating func day() -> [Ride] {
    for _ in 0..<Self.attemptsMax {
      let start = startSeconds()
      guard let stop = departures.boardingStops.randomElement(using: &generator),
        let first = ride(from: stop, after: start, otherThan: nil)
      else { continue }
      var out = [first]
      if generator.chance(Self.transferShare), let second = change(after: first) {
        out.append(second)
      }
      guard generator.chance(Self.returnShare) else { return out }
      return out + wayBack(out)
    }
    return []
  }

  /// Second of the day at which a rider sets out: two rush hours on a day from 05:30 to 21:00.
  private mutating func startSeconds() -> Int {
    let roll = generator.fraction()
    let range =
      roll < 0.45
      ? 7 * 3600...9 * 3600 : roll < 0.6 ? 16 * 3600...18 * 3600 : 19_800...21 * 3600
    return generator.integer(in: range)
  }

  /// A ride on one of the next vehicles of a stop, to a stop by chance.
  private mutating func ride(from stop: Int, after seconds: Int, otherThan route: Int?) -> Ride? {
    let choice = departures.leaving(
      stop: stop, from: seconds + 5, to: seconds + Self.waitSecondsMax, countMax: 6
    ).filter { departures.trip($0).route != route }
    guard let board = choice.randomElement(using: &generator) else { return nil }
    let calls = departures.trip(board).calls
    let ends = (board.call + 1..<calls.count).filter {
      calls[$0].isAlighting && calls[$0].stop != calls[board.call].stop
    }
    // A typical ride in a city is short: most get off in the nearer half of the way.
    let isShort = generator.chance(0.67)
    let reached = ends.prefix(isShort ? (ends.count + 1) / 2 : ends.count)
    guard let end = reached.randomElement(using: &generator) else { return nil }
    return made(board, to: end)
  }

  /// The ride with the moment of its tap: while the doors stand open, or shortly after.
  private mutating func made(_ board: CallPlace, to end: Int) -> Ride {
    let calls = departures.trip(board).calls
    let call = calls[board.call]
    let first = call.arrivalSeconds + VehicleTrack.doorSeconds + 1
    let last = min(
      call.departureSeconds + Self.slowTapSeconds, calls[board.call + 1].arrivalSeconds - 5)
    let milliseconds = generator.integer(in: first * 1000...max(first + 1, last) * 1000)
    return Ride(rider: rider, board: board, alightCall: end, tappedMilliseconds: milliseconds)
  }

  /// Where and when a ride ends.
  private func end(_ ride: Ride) -> Call { departures.trip(ride.board).calls[ride.alightCall] }

  private func walkSeconds(_ metres: Double) -> Int { Int(metres / Self.walkMetresPerSecond) }

  private mutating func change(after leg: Ride) -> Ride? {
    let end = end(leg)
    let near = network.nearestStops(
      to: network.stops[end.stop].coordinate, withinMetres: Self.walkMetresMax
    ).shuffled(using: &generator)
    let route = departures.trip(leg.board).route
    for stop in near {
      let arrival = end.arrivalSeconds + walkSeconds(stop.metres)
      if let ride = ride(from: stop.stopIndex, after: arrival, otherThan: route) { return ride }
    }
    return nil
  }

  /// The legs of the way out in reverse, each in the other direction of its route.
  private mutating func wayBack(_ out: [Ride]) -> [Ride] {
    guard let last = out.last else { return [] }
    var time = end(last).arrivalSeconds + generator.integer(in: Self.staySeconds)
    var back: [Ride] = []
    for leg in out.reversed() {
      guard let ride = opposite(of: leg, after: time) else { break }
      back.append(ride)
      time = end(ride).arrivalSeconds
    }
    return back
  }

  private mutating func opposite(of leg: Ride, after time: Int) -> Ride? {
    let driven = departures.trip(leg.board)
    let from = network.stops[driven.calls[leg.alightCall].stop].coordinate
    let to = network.stops[driven.calls[leg.board.call].stop].coordinate
    for stop in network.nearestStops(to: from, withinMetres: Self.returnWalkMetresMax) {
      let ready = time + walkSeconds(stop.metres)
      let leaving = departures.leaving(
        stop: stop.stopIndex, from: ready + 5, to: ready + Self.waitSecondsMax)
      for board in leaving {
        let trip = departures.trip(board)
        guard trip.route == driven.route, trip.direction != driven.direction,
          let end = nearestCall(of: trip, after: board.call, to: to)
        else { continue }
        return made(board, to: end)
      }
    }
    return nil
  }

  /// The call after another that comes nearest to a point; nil when none is within a walk.
  private func nearestCall(of trip: DrivenTrip, after call: Int, to point: Coordinate) -> Int? {
    let reached = (call + 1..<trip.calls.count).filter { trip.calls[$0].isAlighting }
      .map { (call: $0, metres: network.stops[trip.calls[$0].stop].coordinate.metres(to: point)) }
      .min { ($0.metres, $0.call) < ($1.metres, $1.call) }
    guard let reached, reached.metres <= Self.returnWalkMetresMax else { return nil }
    return reached.call
  }
}
