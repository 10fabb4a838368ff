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

    /// Whether it is told also where it is of few.
    var isAlwaysTold: Bool { rawValue <= Family.withoutAlighting.rawValue }
  }

  /// The sums that are told, each with cells that it is the sum of; one that is always told is its own hidden part.
  private static let sums: [(sum: Family, part: Family)] = [
    (.all, .all), (.withBothEnds, .withBothEnds), (.withoutAlighting, .withoutAlighting),
    (.all, .from), (.all, .fromHour), (.all, .hour), (.hour, .fromHour), (.from, .fromHour),
    (.from, .pairOrNone), (.withBothEnds, .to), (.withBothEnds, .toHour), (.withBothEnds, .pair),
    (.to, .toHour), (.to, .pair), (.withoutAlighting, .fromWithoutAlighting),
  ]

  private let cells: SmallCells
  private let keys: [RideCounts.RideKey]
  private var groups: [RiderGroup]
  /// Of each family the number of each ride's cell; nil where the ride is in none.
  private var places: [[Int?]] = []
  /// How many cells each family has.
  private var sizes: [Int] = []

  /// Looks through rides.
  init(_ rides: [RideCounts.RideKey: RiderGroup], cells: SmallCells) {
    self.cells = cells
    keys = Array(rides.keys)
    groups = keys.map { rides[$0] ?? RiderGroup() }
    guard hasFewWhoRideOften else { return }
    number()
    while countOnce() {}
  }

  /// Whether any cell may have fewer riders than k, and more people than riders: it is made of such rides alone, that are
  /// of few.
  private var hasFewWhoRideOften: Bool {
    var seen: Set<RiderID> = []
    return groups.contains { group in
      guard cells.areFew(group.riders) else { return false }
      return cells.isFew(group) || group.riders.ids.contains { !seen.insert($0).inserted }
    }
  }

  /// The rides as they may be counted.
  var counted: [(key: RideCounts.RideKey, group: RiderGroup)] {
    zip(keys, groups).filter { $1.people > 0 }.map { (key: $0, group: $1) }
  }

  /// The cells of fewer than k riders with more people than riders, and how many people each has.
  var fewCells: [RideCounts.Cell: Int] {
    var few: [RideCounts.Cell: Int] = [:]
    guard !places.isEmpty else { return few }
    for family in Family.allCases where !family.isAlwaysTold && family != .pairOrNone {
      let sums = sums(of: family)
      for index in keys.indices where groups[index].people > 0 {
        guard let place = places[family.rawValue][index] else { continue }
        let group = sums[place]
        guard cells.isFew(group), let cell = Self.cell(family, of: keys[index]) else { continue }
        few[cell] = group.people
      }
    }
    return few
  }

  private static func cell(_ family: Family, of ride: RideCounts.RideKey) -> RideCounts.Cell? {
    switch family {
    case .all, .withBothEnds, .withoutAlighting, .pairOrNone: nil
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
    var stops: [String: Int] = [:]
    func stop(_ name: String) -> Int {
      if let known = stops[name] { return known }
      stops[name] = stops.count
      return stops.count - 1
    }
    let ends = keys.map { (from: stop($0.from), to: $0.to.map(stop)) }
    var pairs: [Int: Int] = [:]
    let pairsOfRides = ends.map { from, to -> Int? in
      guard let to else { return nil }
      let pair = from * stops.count + to
      if let known = pairs[pair] { return known }
      pairs[pair] = pairs.count
      return pairs.count - 1
    }
    let hours = RideCounts.hoursOfDay
    for family in Family.allCases {
      let size: Int
      let places: [Int?]
      switch family {
      case .all: (size, places) = (1, keys.map { _ in 0 })
      case .withBothEnds: (size, places) = (1, keys.map { $0.to == nil ? nil : 0 })
      case .withoutAlighting: (size, places) = (1, keys.map { $0.to == nil ? 0 : nil })
      case .hour: (size, places) = (hours, keys.map(\.hour))
      case .from: (size, places) = (stops.count, ends.map(\.from))
      case .fromHour:
        (size, places) = (stops.count * hours, zip(ends, keys).map { $0.from * hours + $1.hour })
      case .to: (size, places) = (stops.count, ends.map(\.to))
      case .toHour:
        size = stops.count * hours
        places = zip(ends, keys).map { end, key in end.to.map { $0 * hours + key.hour } }
      case .fromWithoutAlighting:
        (size, places) = (stops.count, ends.map { $0.to == nil ? $0.from : nil })
      case .pair: (size, places) = (pairs.count, pairsOfRides)
      case .pairOrNone:
        size = pairs.count + stops.count
        places = zip(ends, pairsOfRides).map { end, pair in pair ?? pairs.count + end.from }
      }
      sizes.append(size)
      self.places.append(places)
    }
  }

  /// Everybody in each cell of a family.
  private func sums(of family: Family) -> [RiderGroup] {
    var sums = Array(repeating: RiderGroup(), count: sizes[family.rawValue])
    for (index, place) in places[family.rawValue].enumerated() {
      if let place, groups[index].people > 0 { sums[place].add(groups[index]) }
    }
    return sums
  }

  /// Whether there was a sum of which too few were hidden.
  private mutating func countOnce() -> Bool {
    let areFew = Family.allCases.map { sums(of: $0).map { cells.areFew($0.riders) } }
    for (sum, part) in Self.sums {
      var hidden = Array(repeating: RiderGroup(), count: sizes[sum.rawValue])
      var members: [Int: [Int]] = [:]
      for index in groups.indices where groups[index].people > 0 {
        guard let place = places[sum.rawValue][index],
          sum.isAlwaysTold || !areFew[sum.rawValue][place],
          let cell = places[part.rawValue][index], areFew[part.rawValue][cell]
        else { continue }
        hidden[place].add(groups[index])
        if cells.areFew(hidden[place].riders) {
          members[place, default: []].append(index)
        } else {
          members[place] = nil
        }
      }
      var isChanged = false
      for (place, members) in members
      where cells.areFew(hidden[place].riders) && hidden[place].people >= cells.ridersMin {
        countOnce(members)
        isChanged = true
      }
      // What is counted no more may leave other cells to fewer riders.
      if isChanged { return true }
    }
    return false
  }

  /// Counts each rider of some rides once: in the same ride whenever the same question is asked.
  private mutating func countOnce(_ members: [Int]) {
    var seen: Set<RiderID> = []
    for index in members.sorted(by: { keys[$0] < keys[$1] }) {
      groups[index].riders = groups[index].riders.subtracting(seen)
      groups[index].people = groups[index].riders.count
      seen.formUnion(groups[index].riders.ids)
    }
  }
}
