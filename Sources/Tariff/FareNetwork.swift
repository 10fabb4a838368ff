package import Transit

/// The network of a city as rating needs it: which stop lies where on which line.
///
/// Made once for a network, and shared by all versions of a tariff.
package final class FareNetwork: Sendable {
  let network: Network
  /// For each stop the station that it belongs to, or itself.
  private let places: [Int32]
  /// For each stop where its calls begin in `calls`; calls of a station stand at the station.
  private let callStarts: [Int32]
  private let calls: [Call]

  /// A place of a pattern.
  private struct Call: Sendable {
    var pattern: Int32
    var position: Int32
  }

  /// Most calls at a stop that are looked at for a ride whose route is not known.
  static let callsMax = 4096

  /// Makes the tables of a network.
  package init(_ network: Network) {
    self.network = network
    let places = network.stops.indices.map {
      Int32(network.stops[$0].parentIndex ?? $0)
    }
    var counts = Array(repeating: Int32(0), count: network.stops.count + 1)
    for pattern in network.patterns {
      for stop in pattern.stopIndexes { counts[Int(places[Int(stop)]) + 1] += 1 }
    }
    for index in counts.indices.dropFirst() { counts[index] += counts[index - 1] }
    var calls = Array(repeating: Call(pattern: 0, position: 0), count: Int(counts.last ?? 0))
    var next = counts
    for (number, pattern) in network.patterns.enumerated() {
      for (position, stop) in pattern.stopIndexes.enumerated() {
        let place = Int(places[Int(stop)])
        calls[Int(next[place])] = Call(pattern: Int32(number), position: Int32(position))
        next[place] += 1
      }
    }
    self.places = places
    self.calls = calls
    callStarts = counts
  }
}

/// A part of a pattern between two of its stops.
struct LinePart: Sendable {
  /// -1 when the line of a ride is not known.
  var pattern: Int32
  var from: Int32
  var to: Int32

  static let unknown = LinePart(pattern: -1, from: -1, to: -1)
  var isKnown: Bool { pattern >= 0 }
}

extension FareNetwork {
  /// The part of a line between two stops.
  ///
  /// On a known route the pattern that most trips drive, in the ride's direction where that is
  /// known; else, as behind the gates of a metro, the shortest way without a change.
  func part(route: Int32, direction: Int8, from: Int32, to: Int32) -> LinePart {
    guard from >= 0, to >= 0 else { return .unknown }
    guard route >= 0 else { return shortestPart(from: from, to: to) }
    var other = LinePart.unknown
    for pattern in network.patterns(ofRoute: Int(route)) {
      let found = part(pattern, from: from, to: to)
      guard found.isKnown else { continue }
      if direction < 0 || network.patterns[pattern].direction == Int(direction) { return found }
      if !other.isKnown { other = found }
    }
    return other
  }

  /// The shortest part of one pattern between two stops; a loop may call at them twice.
  private func part(_ pattern: Int, from: Int32, to: Int32) -> LinePart {
    let stops = network.patterns[pattern].stopIndexes
    let start = places[Int(from)]
    let end = places[Int(to)]
    var best = LinePart.unknown
    var boarding = -1
    for (position, stop) in stops.enumerated() {
      let place = places[Int(stop)]
      if place == end, boarding >= 0, boarding < position,
        !best.isKnown || position - boarding < Int(best.to - best.from)
      {
        best = LinePart(pattern: Int32(pattern), from: Int32(boarding), to: Int32(position))
      }
      if place == start { boarding = position }
    }
    return best
  }

  private func shortestPart(from: Int32, to: Int32) -> LinePart {
    var best = LinePart.unknown
    var least = Double.infinity
    let place = Int(places[Int(from)])
    let end = places[Int(to)]
    let range = Int(callStarts[place])..<Int(callStarts[place + 1])
    for call in calls[range.prefix(FareNetwork.callsMax)] {
      let pattern = network.patterns[Int(call.pattern)]
      for position
        in (Int(call.position) + 1)..<max(Int(call.position) + 1, pattern.stopIndexes.count)
      where places[Int(pattern.stopIndexes[position])] == end {
        let metres = pattern.stopMetres[position] - pattern.stopMetres[Int(call.position)]
        if metres < least {
          least = metres
          best = LinePart(pattern: call.pattern, from: call.position, to: Int32(position))
        }
        break
      }
    }
    return best
  }

  /// The parts from a stop to the ends of the lines that call at it, the most driven pattern of each
  /// direction; one when the direction is known.
  func partsToTheEnd(route: Int32, direction: Int8, from: Int32) -> [LinePart] {
    guard route >= 0, from >= 0 else { return [] }
    var parts: [LinePart] = []
    var directions: Set<Int> = []
    for pattern in network.patterns(ofRoute: Int(route)) {
      let heading = network.patterns[pattern].direction
      guard direction < 0 || heading == Int(direction), !directions.contains(heading) else {
        continue
      }
      let stops = network.patterns[pattern].stopIndexes
      let start = places[Int(from)]
      guard let position = stops.firstIndex(where: { places[Int($0)] == start }),
        position < stops.count - 1
      else { continue }
      directions.insert(heading)
      parts.append(
        LinePart(pattern: Int32(pattern), from: Int32(position), to: Int32(stops.count - 1)))
    }
    return parts
  }

  /// Metres along the line.
  func metres(_ part: LinePart) -> Double {
    let metres = network.patterns[Int(part.pattern)].stopMetres
    return metres[Int(part.to)] - metres[Int(part.from)]
  }

  /// The stops of a part, both ends among them.
  func stops(_ part: LinePart) -> ArraySlice<Int32> {
    network.patterns[Int(part.pattern)].stopIndexes[Int(part.from)...Int(part.to)]
  }
}

/// A network with its stops looked up in the words of one tariff.
struct BoundNetwork: Sendable {
  let fares: FareNetwork
  /// The zone of each stop as the tariff sees it.
  let zones: [Seen]

  init(_ fares: FareNetwork, tables: TariffTables) {
    self.fares = fares
    zones = fares.network.stops.map { stop in
      tables.symbols.look(.zone, tables.stopZones[stop.id] ?? stop.zone)
    }
  }
}

extension CompiledTariff {
  /// The same version, knowing the network: stops have zones and lines have lengths.
  ///
  /// Without it a tap is rated by what it carries itself.
  package func bound(to network: FareNetwork) -> CompiledTariff {
    CompiledTariff(tables: tables, bound: BoundNetwork(network, tables: tables))
  }

  /// Looks up where on the network a ride went, when the tariff asks for it.
  func place(_ ride: inout Ride) {
    guard tables.needsLine, ride.hasEnd, !ride.line.isKnown, let bound else { return }
    ride.line = bound.fares.part(
      route: ride.on.line, direction: ride.on.direction, from: ride.on.place, to: ride.off.place)
    guard ride.line.isKnown, tables.zonesAreOfLine else { return }
    var all = ride.on.zone.mask & ride.off.zone.mask
    var some = ride.on.zone.mask | ride.off.zone.mask
    for stop in bound.fares.stops(ride.line) {
      all &= bound.zones[Int(stop)].mask
      some |= bound.zones[Int(stop)].mask
    }
    ride.zonesOfAll = all
    ride.zonesOfSome = some
  }

  /// A ride as it would be if it had gone on to the last stop of its line, in each direction.
  func endsOfLine(_ ride: borrowing Ride) -> [Ride] {
    guard let bound else { return [] }
    let parts = bound.fares.partsToTheEnd(
      route: ride.on.line, direction: ride.on.direction, from: ride.on.place)
    var ends: [Ride] = []
    for part in parts {
      var end = copy ride
      guard let last = bound.fares.stops(part).last.map({ Int($0) }) else { continue }
      let stop = bound.fares.network.stops[last]
      end.endsWithLine = true
      end.off.place = Int32(last)
      end.off.stop = tables.symbols.look(.stop, stop.id)
      end.off.zone = bound.zones[last]
      end.off.coordinate = stop.coordinate
      end.takeZonesOfEnds()
      end.line = .unknown
      place(&end)
      ends.append(end)
    }
    return ends
  }

  /// How many zones a ride passes, those of its ends among them; -1 when its line is not known.
  func zonesPassed(_ ride: borrowing Ride) -> Int {
    guard let bound, ride.line.isKnown else { return -1 }
    var seen: [UInt32] = []
    for stop in bound.fares.stops(ride.line) {
      let zone = bound.zones[Int(stop)].hash
      if zone != 0, !seen.contains(zone) { seen.append(zone) }
    }
    return seen.count
  }

  /// Metres of a ride along its line; -1 when the line is not known.
  func metresAlongLine(_ ride: borrowing Ride) -> Double {
    guard let bound, ride.line.isKnown else { return -1 }
    return bound.fares.metres(ride.line)
  }
}

extension TariffBook {
  /// The same versions, knowing the network.
  package func bound(to network: FareNetwork) -> TariffBook {
    guard let book = TariffBook(versions.map { $0.bound(to: network) }) else {
      preconditionFailure("the same versions are a book")
    }
    return book
  }
}
