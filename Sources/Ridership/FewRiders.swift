import Basics

/// Finds the rides of fewer than k riders that a sum would tell, and counts each of their riders once.
///
/// A cell of fewer than k riders is hidden however often they ride. A sum less its cells that are told is the number of its
/// hidden cells together: where those are of fewer than k riders and of k boardings or more, each of these riders
/// counts once, in all numbers alike. Cells of k riders or more together stay as they are.
struct FewRiders {
  /// What a ride is counted in: cells, and sums of cells.
  private enum Family: Int, CaseIterable {
    case all, withBothEnds, withoutAlighting, hour
    case from, fromHour, to, toHour, fromWithoutAlighting, pair
    /// The pair of a ride, or that of its stop and nobody knows where.
    case pairOrNone
    /// The stop and hour of a ride's alighting, or that of its hour and nobody knows where.
    case toHourOrNone

    /// Whether it is told also where it is of few.
    var isAlwaysTold: Bool { rawValue <= Family.withoutAlighting.rawValue }
    /// Whether its cells are those of other families, and told as these are.
    var isOfOthers: Bool { rawValue >= Family.pairOrNone.rawValue }
  }

  /// The sums that are told, each with cells that it is the sum of; one that is always told is its own hidden part.
  private static let sums: [(sum: Family, part: Family)] = [
    (.all, .all), (.withBothEnds, .withBothEnds), (.withoutAlighting, .withoutAlighting),
    (.all, .from), (.all, .fromHour), (.all, .hour), (.hour, .fromHour), (.from, .fromHour),
    (.hour, .toHourOrNone), (.from, .pairOrNone), (.withBothEnds, .to), (.withBothEnds, .toHour),
    (.withBothEnds, .pair), (.to, .toHour), (.to, .pair),
    (.withoutAlighting, .fromWithoutAlighting),
  ]

  /// Where a ride is in no cell of a family.
  private static let nowhere: Int32 = -1

  private let cells: SmallCells
  private let keys: [RideCounts.RideKey]
  /// Of each ride, how many count, and whose it is.
  private var groups: [NumberedGroup]
  /// Of each family the number of each ride's cell, or ``nowhere``.
  private var places: [[Int32]] = []
  /// How many cells each family has.
  private var sizes: [Int] = []
  /// Numbers of the stops, by which cells are numbered.
  private var stops: [String: Int32] = [:]
  /// Everybody in each cell of a family; nil where that has to be added up anew.
  private var sumsKnown: [[NumberedGroup]?] = []
  /// How many people rode each.
  private let people: [Int]

  /// Looks through rides; `line` is that of all of them, where they are of one.
  init(
    _ rides: [RideCounts.RideKey: RiderGroup], cells: SmallCells, along line: LineOrder? = nil
  ) {
    self.cells = cells
    keys = Array(rides.keys)
    people = rides.values.map(\.people)
    let ridersMin = min(cells.ridersMin, SomeRiders.countMax)
    var numbers = RiderNumbers()
    groups = rides.values.map { group in
      NumberedGroup(
        people: group.people, riders: numbers.riders(of: group.riders, fewerThan: ridersMin))
    }
    // A small cell is made of rides alone that are of few.
    guard numbers.isAnyMet || rides.values.contains(where: cells.isFew) else { return }
    number()
    sumsKnown = Family.allCases.map { _ in nil }
    // What is counted no more may leave other cells to fewer riders.
    repeat {
      var (next, quietCount) = (0, 0)
      while quietCount < Self.sums.count {
        let (sum, part) = Self.sums[next]
        quietCount = countOnce(in: sum, by: part) ? 0 : quietCount + 1
        next = (next + 1) % Self.sums.count
      }
    } while line.map { countOnce(along: $0) } ?? false
  }

  /// The rides that may be counted for fewer people than rode, and for how many.
  var countedLess: [(key: RideCounts.RideKey, people: Int)] {
    keys.indices.filter { groups[$0].people < people[$0] }.map { index in
      (key: keys[index], people: groups[index].people)
    }
  }

  /// The cells of fewer than k riders with more people than riders, and how many people each has.
  var fewCells: [RideCounts.Cell: Int] {
    var few: [RideCounts.Cell: Int] = [:]
    guard !places.isEmpty else { return few }
    for family in Family.allCases where !family.isAlwaysTold && !family.isOfOthers {
      let sums = sumsKnown[family.rawValue] ?? sums(of: family)
      let places = places[family.rawValue]
      for index in keys.indices where groups[index].people > 0 && places[index] != Self.nowhere {
        let sum = sums[Int(places[index])]
        guard sum.areFew, sum.people > sum.riders.count,
          let cell = Self.cell(family, of: keys[index])
        else { continue }
        few[cell] = sum.people
      }
    }
    return few
  }

  private static func cell(_ family: Family, of ride: RideCounts.RideKey) -> RideCounts.Cell? {
    switch family {
    case .all, .withBothEnds, .withoutAlighting, .pairOrNone, .toHourOrNone: nil
    case .hour: .hour(ride.hour)
    case .from: .boardings(ride.from)
    case .fromHour: .hourlyBoardings(ride.from, hour: ride.hour)
    case .fromWithoutAlighting: .boardingsWithoutAlighting(ride.from)
    case .to: ride.to.map { .alightings($0) }
    case .toHour: ride.to.map { .hourlyAlightings($0, hour: ride.hour) }
    case .pair: ride.to.map { .pair(RideCounts.StopPair(from: ride.from, to: $0)) }
    }
  }
}

extension FewRiders {
  private mutating func number() {
    for key in keys {
      for stop in [key.from, key.to].compactMap({ $0 }) where stops[stop] == nil {
        stops[stop] = Int32(stops.count)
      }
    }
    let nowhere = Self.nowhere
    let ends = keys.map { key in
      (from: stops[key.from] ?? nowhere, to: key.to.flatMap { stops[$0] } ?? nowhere)
    }
    let stopCount = stops.count
    var pairs: [Int: Int32] = [:]
    let pairsOfRides = ends.map { from, to -> Int32 in
      guard to != nowhere else { return nowhere }
      let pair = Int(from) * stopCount + Int(to)
      if let known = pairs[pair] { return known }
      let number = Int32(pairs.count)
      pairs[pair] = number
      return number
    }
    let hours = Int32(RideCounts.hoursOfDay)
    for family in Family.allCases {
      let size: Int
      let places: [Int32]
      switch family {
      case .all: (size, places) = (1, ends.map { _ in 0 })
      case .withBothEnds: (size, places) = (1, ends.map { $0.to == nowhere ? nowhere : 0 })
      case .withoutAlighting: (size, places) = (1, ends.map { $0.to == nowhere ? 0 : nowhere })
      case .hour: (size, places) = (Int(hours), keys.map { Int32($0.hour) })
      case .from: (size, places) = (stopCount, ends.map(\.from))
      case .fromHour:
        size = stopCount * Int(hours)
        places = zip(ends, keys).map { $0.from * hours + Int32($1.hour) }
      case .to: (size, places) = (stopCount, ends.map(\.to))
      case .toHour:
        size = stopCount * Int(hours)
        places = zip(ends, keys).map {
          $0.to == nowhere ? nowhere : $0.to * hours + Int32($1.hour)
        }
      case .fromWithoutAlighting:
        (size, places) = (stopCount, ends.map { $0.to == nowhere ? $0.from : nowhere })
      case .pair: (size, places) = (pairs.count, pairsOfRides)
      case .pairOrNone:
        size = pairs.count + stopCount
        places = zip(ends, pairsOfRides).map {
          $1 == nowhere ? Int32(pairs.count) + $0.from : $1
        }
      case .toHourOrNone:
        size = (stopCount + 1) * Int(hours)
        places = zip(ends, keys).map {
          ($0.to == nowhere ? Int32(stopCount) : $0.to) * hours + Int32($1.hour)
        }
      }
      sizes.append(size)
      self.places.append(places)
    }
  }

  /// Everybody in each cell of a family.
  private func sums(of family: Family) -> [NumberedGroup] {
    var sums = Array(repeating: NumberedGroup(), count: sizes[family.rawValue])
    let places = places[family.rawValue]
    for index in groups.indices where places[index] != Self.nowhere && groups[index].people > 0 {
      sums[Int(places[index])].add(groups[index])
    }
    return sums
  }

  private mutating func knownSums(of family: Family) -> [NumberedGroup] {
    if let known = sumsKnown[family.rawValue] { return known }
    let sums = sums(of: family)
    sumsKnown[family.rawValue] = sums
    return sums
  }

  /// Counts the hidden riders of a family's sums once, where too few are hidden; whether there was such a sum.
  ///
  /// A cell of k - 1 riders, each once, may be told as k beside its own parts, and is then not hidden among the others.
  private mutating func countOnce(in sum: Family, by part: Family) -> Bool {
    countOnce(in: sum, by: part, leavingOutNearlyK: false)
      || countOnce(in: sum, by: part, leavingOutNearlyK: true)
  }

  private mutating func countOnce(
    in sum: Family, by part: Family, leavingOutNearlyK: Bool
  ) -> Bool {
    let whole = knownSums(of: sum)
    let parts = knownSums(of: part)
    let (placesOfSum, placesOfPart) = (places[sum.rawValue], places[part.rawValue])
    func isNearlyK(_ cell: NumberedGroup) -> Bool {
      cell.people == cells.ridersMin - 1 && cell.riders.count == cell.people
    }
    func isHidden(_ index: Int) -> Bool {
      let (place, cell) = (placesOfSum[index], placesOfPart[index])
      return place != Self.nowhere && cell != Self.nowhere && groups[index].people > 0
        && (sum.isAlwaysTold || !whole[Int(place)].areFew) && parts[Int(cell)].areFew
        && !(leavingOutNearlyK && isNearlyK(parts[Int(cell)]))
    }
    var hidden = Array(repeating: NumberedGroup(), count: whole.count)
    for index in groups.indices where isHidden(index) {
      hidden[Int(placesOfSum[index])].add(groups[index])
    }
    let isOpen = hidden.map { $0.areFew && $0.people >= cells.ridersMin }
    guard isOpen.contains(true) else { return false }
    var members = hidden.map { _ in [Int]() }
    for index in groups.indices where isHidden(index) && isOpen[Int(placesOfSum[index])] {
      members[Int(placesOfSum[index])].append(index)
    }
    for rides in members where !rides.isEmpty { countOnce(rides) }
    sumsKnown = sumsKnown.map { _ in nil }
    return true
  }

  /// Counts each rider of some rides once: in the same ride whenever the same question is asked.
  private mutating func countOnce(_ members: [Int]) {
    var seen = NumberedRiders()
    for index in members.sorted(by: { keys[$0] < keys[$1] }) {
      groups[index].riders.subtract(seen)
      groups[index].people = groups[index].riders.count
      seen.formUnion(groups[index].riders)
    }
  }
}

// MARK: Along a line

extension FewRiders {
  /// Counts riders once who are hidden at their stops in an hour, where more got off in it than the others who boarded
  /// before; whether there were such.
  ///
  /// Nobody gets off who did not board before. Of a day the pairs of stops tell as much, and those are looked through.
  private mutating func countOnce(along line: LineOrder) -> Bool {
    let (boarded, alighted) = (knownSums(of: .fromHour), knownSums(of: .toHour))
    let places = line.stops.indices.map { place in
      (
        stop: stops[line.stops[place]],
        isFirst: line.stops.firstIndex(of: line.stops[place]) == place,
        isLast: line.stops.lastIndex(of: line.stops[place]) == place
      )
    }
    var told: [[Int32]] = []
    for hour in 0..<RideCounts.hoursOfDay {
      var (hidden, cells) = (NumberedGroup(), [Int32]())
      // Who got off beyond those who are told to have boarded before.
      var peopleBeyond = 0
      for place in places {
        guard let stop = place.stop else { continue }
        let cell = Int(stop) * RideCounts.hoursOfDay + hour
        if place.isLast, !alighted[cell].areFew {
          peopleBeyond += alighted[cell].people
          if hidden.areFew, peopleBeyond >= self.cells.ridersMin {
            told.append(cells)
            break
          }
        }
        guard place.isFirst, boarded[cell].people > 0 else { continue }
        if boarded[cell].areFew {
          hidden.add(boarded[cell])
          cells.append(Int32(cell))
        } else {
          peopleBeyond -= boarded[cell].people
        }
      }
    }
    guard !told.isEmpty else { return false }
    let cellsOfRides = self.places[Family.fromHour.rawValue]
    for cells in told {
      countOnce(keys.indices.filter { cells.contains(cellsOfRides[$0]) && groups[$0].people > 0 })
    }
    sumsKnown = sumsKnown.map { _ in nil }
    return true
  }
}
