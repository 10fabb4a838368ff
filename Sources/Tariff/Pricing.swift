import Basics

/// Stands for "no price is known" in the engine, so that the hot path needs no optionals.
let unknownMinor = Int64.min

/// A price that was worked out; `unknownMinor` where it is larger than any.
///
/// A tariff may have shares of shares: what comes of them has to leave room for sums of many.
func priceOrUnknown(_ minor: Int64) -> Int64 {
  minor.magnitude <= UInt64(Money.outsideMinorMax) ? minor : unknownMinor
}

extension CompiledTariff {
  /// The price that a node gives for a ride; `unknownMinor` when it has none.
  func price(_ node: Int32, _ ride: borrowing Ride) -> Int64 {
    guard node >= 0 else { return unknownMinor }
    switch tables.nodes[Int(node)] {
    case .amount(let minor): return minor
    case .unknown: return unknownMinor
    case .choice(let dimension, let table, let others):
      return price(entry(dimension, table, others, ride), ride)
    case .farthestZone(let table, let others):
      let id = Int(farthestZone(ride))
      return price(id >= 0 && id < table.count && table[id] >= 0 ? table[id] : others, ride)
    case .times(let choices, let others):
      for choice in choices where ride.times & choice.mask != 0 { return price(choice.node, ride) }
      return price(others, ride)
    case .bands(let measure, let bands):
      let value = length(measure, ride)
      guard value >= 0 else { return unknownMinor }
      for band in bands where band.isInclusive ? value <= band.limit : value < band.limit {
        return price(band.node, ride)
      }
      return unknownMinor
    case .pairs(let ofStops, let table, let others):
      guard ride.hasEnd else { return unknownMinor }
      let from = ofStops ? ride.on.stop.id : ride.on.zone.id
      let to = ofStops ? ride.off.stop.id : ride.off.zone.id
      return price(table[pairKey(from, to)] ?? others, ride)
    case .sum(let parts):
      var sum: Int64 = 0
      for part in parts {
        let minor = price(part, ride)
        guard minor != unknownMinor else { return unknownMinor }
        sum = priceOrUnknown(sum + minor)
        guard sum != unknownMinor else { return unknownMinor }
      }
      return sum
    case .share(let base, let share):
      let minor = price(base, ride)
      return minor == unknownMinor ? minor : share.of(minor)
    case .dates(let choices):
      for choice in choices where ride.day <= choice.lastDay { return price(choice.node, ride) }
      return unknownMinor
    case .ends(let table): return priceOfEnds(table, ride)
    case .perUnit(let measure, let base, let each, let unit, let isStartedCharged):
      let value = length(measure, ride)
      guard value >= 0 else { return unknownMinor }
      let units = value / unit
      let counted = isStartedCharged ? units.rounded(.up) : units
      let length = (counted * Double(each)).rounded(.toNearestOrAwayFromZero)
      guard abs(length) <= Double(Money.outsideMinorMax) else { return unknownMinor }
      return priceOrUnknown(base + Int64(length))
    }
  }

  /// The entry of a table that is a ride's; a category has its own before that of the one it is priced
  /// as.
  private func entry(
    _ dimension: RideDimension, _ table: [Int32], _ others: Int32, _ ride: borrowing Ride
  ) -> Int32 {
    let id = Int(ride.id(dimension))
    if id >= 0, id < table.count, table[id] >= 0 { return table[id] }
    guard dimension == .category else { return others }
    let other = Int(ride.pricedCategory.id)
    return other >= 0 && other < table.count && table[other] >= 0 ? table[other] : others
  }

  private func priceOfEnds(_ table: EndsTable, _ ride: borrowing Ride) -> Int64 {
    guard ride.hasEnd else { return unknownMinor }
    for from in table.words {
      let fromID = endID(from, ride.on.stop, ride.on.zone, ride)
      guard fromID >= 0 else { continue }
      for to in table.words {
        let toID = endID(to, ride.off.stop, ride.off.zone, ride)
        guard toID >= 0, let node = table.entries[EndsTable.key(from, fromID, to, toID)] else {
          continue
        }
        return price(node, ride)
      }
    }
    return unknownMinor
  }

  private func endID(
    _ word: EndWord, _ stop: Seen, _ zone: Seen, _ ride: borrowing Ride
  ) -> Int32 {
    switch word {
    case .stop: stop.id
    case .zone: zone.id
    case .lastMode: ride.off.modeID
    }
  }

  /// The dearest price that a node gives for a ride whose end is not known.
  func dearest(_ node: Int32, _ ride: borrowing Ride) -> Int64 {
    guard node >= 0 else { return unknownMinor }
    switch tables.nodes[Int(node)] {
    case .choice(let dimension, let table, let others)
    where dimension == .toStop
      || dimension == .toZone:
      var most = dearest(others, ride)
      for entry in table { most = max(most, dearest(entry, ride)) }
      return most
    case .choice(let dimension, let table, let others):
      return dearest(entry(dimension, table, others, ride), ride)
    case .times(let choices, let others):
      for choice in choices where ride.times & choice.mask != 0 {
        return dearest(choice.node, ride)
      }
      return dearest(others, ride)
    case .farthestZone(let table, let others):
      // A ride that nobody ended may have gone to any zone.
      var most = dearest(others, ride)
      for entry in table { most = max(most, dearest(entry, ride)) }
      return most
    case .dates(let choices):
      for choice in choices where ride.day <= choice.lastDay { return dearest(choice.node, ride) }
      return unknownMinor
    case .bands(.riders, let bands):
      let people = length(.riders, ride)
      for band in bands where band.isInclusive ? people <= band.limit : people < band.limit {
        return dearest(band.node, ride)
      }
      return unknownMinor
    case .bands(_, let bands):
      var most = unknownMinor
      for band in bands { most = max(most, dearest(band.node, ride)) }
      return most
    case .pairs(let ofStops, let table, let others):
      let from = ofStops ? ride.on.stop.id : ride.on.zone.id
      var most = dearest(others, ride)
      guard from >= 0 else { return most }
      for (key, entry) in table where Int32(truncatingIfNeeded: key >> 32) == from {
        most = max(most, dearest(entry, ride))
      }
      return most
    case .sum(let parts):
      var sum: Int64 = 0
      for part in parts {
        let minor = dearest(part, ride)
        guard minor != unknownMinor else { return unknownMinor }
        sum = priceOrUnknown(sum + minor)
        guard sum != unknownMinor else { return unknownMinor }
      }
      return sum
    case .share(let base, let share):
      let minor = dearest(base, ride)
      return minor == unknownMinor ? minor : share.of(minor)
    case .ends(let table): return dearestOfEnds(table, ride)
    case .amount, .unknown, .perUnit: return price(node, ride)
    }
  }

  /// The dearest price of the ends that a ride may still have.
  ///
  /// Its mode is that of the last ride: a row that is found by it leaves no ride to those behind.
  private func dearestOfEnds(_ table: EndsTable, _ ride: borrowing Ride) -> Int64 {
    let mode = ride.off.modeID
    let modePlace = mode < 0 ? nil : table.words.firstIndex(of: .lastMode)
    var most = unknownMinor
    for from in table.words {
      let fromID = endID(from, ride.on.stop, ride.on.zone, ride)
      guard fromID >= 0 else { continue }
      let byMode = EndsTable.key(from, fromID, .lastMode, mode)
      var words = table.words[...]
      var last: Int32?
      if let modePlace, let node = table.entries[byMode] {
        last = node
        words = words[..<modePlace]
      }
      for (key, node) in table.entries where EndsTable.start(key) == EndsTable.start(byMode) {
        guard let to = EndsTable.endWord(key), to != .lastMode, words.contains(to) else { continue }
        most = max(most, dearest(node, ride))
      }
      if let last { return max(most, dearest(last, ride)) }
    }
    return most
  }

  /// The length of a ride by a measure; below 0 when it is not known.
  func length(_ measure: Measure, _ ride: borrowing Ride) -> Double {
    switch measure {
    case .riders: return Double(ride.on.riders)
    case .stops:
      guard ride.hasEnd else { return -1 }
      if ride.off.stopCount < 0, ride.line.isKnown { return Double(ride.line.to - ride.line.from) }
      return Double(ride.off.stopCount)
    case .zonesPassed: return ride.hasEnd ? Double(zonesPassed(ride)) : -1
    case .zoneCount:
      guard ride.hasEnd, ride.on.zone.id >= 0, ride.off.zone.id >= 0,
        let from = Int(tables.symbols[.zone].names[Int(ride.on.zone.id)]),
        let to = Int(tables.symbols[.zone].names[Int(ride.off.zone.id)])
      else { return -1 }
      return abs(Double(to) - Double(from)) + 1
    case .distance: return distance(ride)
    }
  }

  /// Whole metres of a ride; -1 when they are not known.
  ///
  /// A line that is a hair longer than ten kilometres, as differences along it are, is in the band of ten.
  private func distance(_ ride: borrowing Ride) -> Double {
    if ride.chainMetres >= 0 { return ride.chainMetres.rounded() }
    guard ride.hasEnd else { return -1 }
    if tables.distanceUse != .straight, ride.off.distanceMetres >= 0 {
      return Double(ride.off.distanceMetres)
    }
    if tables.distanceUse == .alongLine { return metresAlongLine(ride).rounded() }
    guard let from = ride.on.coordinate, let to = ride.off.coordinate else { return -1 }
    return metres(from, to).rounded()
  }

  /// The number of the zone that lies farthest out of all that a ride touches; -1 without any.
  private func farthestZone(_ ride: borrowing Ride) -> Int32 {
    var best: Int32 = -1
    var rank: Int32 = -1
    func take(_ zone: Int32) {
      guard zone >= 0, Int(zone) < tables.zoneRanks.count, tables.zoneRanks[Int(zone)] > rank else {
        return
      }
      rank = tables.zoneRanks[Int(zone)]
      best = zone
    }
    take(ride.on.zone.id)
    if ride.hasEnd { take(ride.off.zone.id) }
    if tables.zonesAreOfLine, ride.line.isKnown, let bound {
      for stop in bound.fares.stops(ride.line) { take(bound.zones[Int(stop)].id) }
    }
    return best
  }

  /// The straight line between two points, on the body that the tariff measures on.
  func metres(_ from: Coordinate, _ to: Coordinate) -> Double {
    tables.measuresOnEllipsoid ? ellipsoidMetres(from, to) : from.metres(to: to)
  }
}

/// The key of a start and an end in a table.
func pairKey(_ from: Int32, _ to: Int32) -> UInt64 {
  UInt64(UInt32(bitPattern: from)) << 32 | UInt64(UInt32(bitPattern: to))
}
