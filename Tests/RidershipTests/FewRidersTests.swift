import Basics
import Ridership
import Testing

/// A tap of one rider, and of whoever rides along on it: `times` people in all.
private typealias Ride = (from: Int, to: Int?, hour: Int, rider: UInt64, times: Int)

/// Fewer than k riders are a small group however often they ride.
@Suite struct FewRidersTests {
  private static let line = LineOrder(stops: ["a", "b", "c", "d", "e"])

  /// A ride from the place behind the last one of a line is off the line.
  private static func rides(
    _ rides: [Ride], on line: LineOrder = FewRidersTests.line
  ) -> [LoadRide] {
    let stops = line.stops + ["off the line"]
    return rides.map { ride in
      .between(
        ride.from, ride.to, of: stops, hour: ride.hour, riders: ride.times,
        whose: SomeRiders([RiderID(high: 0, low: ride.rider)]))
    }
  }

  /// Each a rider of their own.
  private static func crowd(from: Int, to: Int, hour: Int, count: UInt64) -> [Ride] {
    (1...count).map { (from, to, hour, 1_000 * UInt64(from + 10 * to + 100 * hour) + $0, 1) }
  }

  private static func counts(
    _ rides: [Ride], on line: LineOrder = FewRidersTests.line
  ) -> RideCounts {
    var counts = RideCounts()
    counts.add(Self.rides(rides, on: line), line: line, zone: .utc)
    return counts
  }

  private static func protect(
    _ rides: [Ride], on line: LineOrder = FewRidersTests.line
  ) -> (load: ProtectedLoad, counts: ProtectedCounts, hourly: [Int?]) {
    let cells = SmallCells()
    let counts = counts(rides, on: line).countingFewOnce(cells, along: line)
    var placed = LineRides(line: line)
    placed.add(Self.rides(rides, on: line), zone: .utc)
    let left = counts.remaining(of: placed)
    return (
      cells.protect(RouteLoad(left), counts: counts), cells.protect(counts, along: line),
      cells.hourlyBoardings(left)
    )
  }

  private static func stop(_ name: String, _ counts: ProtectedCounts) throws
    -> ProtectedCounts.StopCount
  {
    try #require(counts.stops.first { $0.stop == name })
  }

  @Test func oneRiderOfFiveDaysIsNoPairAndNoStop() throws {
    let shown = Self.protect([(0, 3, 7, 1, 5)])
    #expect(shown.counts.pairs.isEmpty)
    let stop = try Self.stop("a", shown.counts)
    #expect(stop.boardings == nil && stop.hourlyBoardings[7] == nil)
    // All totals are of one rider, as if there had been one ride.
    #expect(shown.counts.boardings == Self.protect([(0, 3, 7, 1, 1)]).counts.boardings)
    #expect(shown.load == Self.protect([(0, 3, 7, 1, 1)]).load)
  }

  @Test func nothingIsToldOfTheStopOfOneRiderWhoShuttles() throws {
    let crowd = Self.crowd(from: 1, to: 2, hour: 8, count: 20)
    let shown = Self.protect(crowd + (6...10).map { (0, 4, $0, 1, 5) })
    let stop = try Self.stop("a", shown.counts)
    #expect(stop.boardings == nil && shown.load.stops[0].boardings == nil)
    #expect(stop.hourlyBoardings.allSatisfy { $0 == nil || $0 == 0 })
    #expect(shown.counts.pairs.map(\.pair) == [RideCounts.StopPair(from: "b", to: "c")])
    // The total less what is told leaves one rider, not 25 rides.
    let once = Self.protect(crowd + [(0, 4, 6, 1, 1)])
    #expect(shown.counts.boardings == once.counts.boardings)
    #expect(shown.counts.ridersInSmallPairs == once.counts.ridersInSmallPairs)
  }

  @Test func whoRidesAlongOnOneTapIsNoOtherRider() throws {
    let shown = Self.protect([(0, 3, 7, 1, 9)])
    #expect(shown.counts.pairs.isEmpty)
    #expect(try Self.stop("a", shown.counts).boardings == nil)
  }

  @Test func kRidersAreToldWithEachOfTheirRides() throws {
    let shown = Self.protect((1...5).map { (0, 3, 7, $0, 5) })
    #expect(shown.counts.pairs.map(\.riders) == [25])
    #expect(try Self.stop("a", shown.counts).boardings == 25)
    #expect(shown.load.stops.map(\.departureLoad) == [25, 25, 25, 0, 0])
  }

  @Test func hiddenCellsOfManyRidersTogetherCountInTotals() throws {
    // Six riders, of a stop each hour one: ten rides each are in the total of the stop, and in no hour.
    let shown = Self.protect((6...11).map { (0, 3, $0, UInt64($0), 10) })
    let stop = try Self.stop("a", shown.counts)
    #expect(stop.boardings == 60 && shown.counts.boardings == 60)
    #expect(stop.hourlyBoardings[6...11].allSatisfy { $0 == nil })
    #expect(shown.counts.pairs.map(\.riders) == [60])
  }

  @Test func oneHiddenHourIsNotLeftByItsStop() throws {
    let crowd = Self.crowd(from: 0, to: 3, hour: 7, count: 20)
    let shown = Self.protect(crowd + [(0, 3, 12, 1, 30)])
    let stop = try Self.stop("a", shown.counts)
    #expect(stop.hourlyBoardings[7] == 20 && stop.hourlyBoardings[12] == nil)
    #expect(stop.boardings == 20 && shown.counts.boardings == 20)
  }

  @Test func anHourDoesNotTellOneTapByWhoGotOffOfIt() throws {
    // Of those who boarded at seven only one is hidden; no stop and no pair has too few hidden ones.
    let shown = Self.protect(
      Self.crowd(from: 0, to: 1, hour: 7, count: 20) + [(0, 4, 7, 1, 30)]
        + Self.crowd(from: 0, to: 2, hour: 8, count: 3)
        + Self.crowd(from: 0, to: 3, hour: 8, count: 3))
    let stop = try Self.stop("a", shown.counts)
    #expect(stop.hourlyBoardings[7...8] == [20, 5] && stop.boardings == 25)
    #expect(shown.counts.boardings == 25 && shown.load.boardings == 25)
    #expect(try Self.stop("b", shown.counts).hourlyAlightings[7] == 20)
    for name in ["c", "d", "e"] { #expect(try Self.stop(name, shown.counts).alightings == nil) }
  }

  @Test func anHourOfTheLineDoesNotTellOneTapBesideOthersOffIt() {
    let shown = Self.protect(
      Self.crowd(from: 0, to: 4, hour: 7, count: 20) + [(1, 4, 9, 1, 30)]
        + Self.crowd(from: 2, to: 4, hour: 10, count: 3)
        + Self.crowd(from: 3, to: 4, hour: 11, count: 3)
        + Self.crowd(from: 5, to: 5, hour: 9, count: 10)
        + Self.crowd(from: 5, to: 5, hour: 10, count: 10))
    #expect(shown.hourly[7...11] == [20, 0, nil, nil, nil])
    #expect(shown.counts.boardingsOffLine == 20)
  }

  @Test func boardingsOffTheLineTellNoFewRidersOfAnHour() {
    let crowd = Self.crowd(from: 0, to: 4, hour: 7, count: 20)
    // Off the line three riders of each of two hours, of whom the later ones rode with many.
    let few = Self.protect(
      crowd + Self.crowd(from: 5, to: 5, hour: 7, count: 3) + (1...3).map { (5, nil, 8, $0, 20) })
    #expect(few.counts.boardings == 20 && few.counts.boardingsOffLine == 5)
    #expect(few.hourly[7...8] == [25, nil])
    // One tap of thirty beside six riders of another hour.
    let one = Self.protect(
      Self.crowd(from: 0, to: 4, hour: 7, count: 50) + [(5, nil, 7, 1, 30)]
        + Self.crowd(from: 0, to: 4, hour: 8, count: 50)
        + Self.crowd(from: 5, to: 5, hour: 8, count: 6))
    #expect(one.counts.boardings == 100 && one.counts.boardingsOffLine == 5)
    #expect(one.hourly[7...8] == [50, 55])
  }

  @Test func theOrderOfALineTellsNoTapOfAnHour() throws {
    // Of those who got off at c in the hour of seven only the one of b may be hidden: d and g lie behind it.
    let line = LineOrder(stops: ["a", "x", "y", "b", "c", "d", "g", "e"])
    let shown = Self.protect(
      Self.crowd(from: 0, to: 4, hour: 7, count: 20) + [(3, 4, 7, 1, 30)]
        + Self.crowd(from: 1, to: 4, hour: 8, count: 2)
        + Self.crowd(from: 2, to: 4, hour: 8, count: 2)
        + Self.crowd(from: 5, to: 7, hour: 7, count: 2)
        + Self.crowd(from: 6, to: 7, hour: 7, count: 2), on: line)
    #expect(try Self.stop("c", shown.counts).hourlyAlightings[7] == 20)
    #expect(try Self.stop("b", shown.counts).hourlyBoardings[7] == nil)
    #expect(shown.counts.boardings == 30 && shown.hourly[7] == 25)
  }

  @Test func fourWhoAreToldAsFiveDoNotHideAnother() throws {
    // Of a stop four in an hour each: told as five, they leave the rest of the total to the one who shuttles.
    let rides: [Ride] = (6...9).map { (1, 4, $0, UInt64($0), 1) } + [(0, 2, 9, 1, 30)]
    let shown = Self.protect(rides)
    #expect(try Self.stop("b", shown.counts).boardings == 5)
    #expect(try Self.stop("a", shown.counts).boardings == nil)
    #expect(shown.counts.boardings <= 10 && shown.counts.ridersWithBothEnds <= 10)
  }

  @Test func noLoadTellsOneHiddenTapOnTheWay() {
    let shown = Self.protect(
      Self.crowd(from: 0, to: 4, hour: 7, count: 20) + [(1, 4, 7, 1, 30)]
        + Self.crowd(from: 2, to: 4, hour: 7, count: 3)
        + Self.crowd(from: 3, to: 4, hour: 7, count: 3))
    let loads = shown.load.stops.map(\.departureLoad)
    #expect(loads[0] == 20 && loads[1] == nil && loads[2] == nil)
    // Behind the third of the hidden stops seven riders may be meant.
    #expect(loads[3] ?? 0 >= 50 && loads[4] == 0)
  }

  /// The hidden ones who get on at b and off at e are one; others who get off, or on, are hidden beside them.
  @Test func noLoadTellsOneHiddenTapBesideOthersWhoGetOffOrOn() {
    let line = LineOrder(stops: ["a", "b", "c", "d", "e", "f"])
    let crowd = Self.crowd(from: 0, to: 5, hour: 7, count: 20)
    let on = Self.protect(
      crowd + Self.crowd(from: 0, to: 1, hour: 7, count: 2)
        + Self.crowd(from: 0, to: 2, hour: 7, count: 2) + [(1, 5, 7, 1, 30)]
        + Self.crowd(from: 3, to: 5, hour: 7, count: 2)
        + Self.crowd(from: 4, to: 5, hour: 7, count: 2), on: line)
    #expect(on.load.stops.map(\.boardings) == [25, nil, 0, nil, nil, 0])
    #expect(on.load.stops[1...3].allSatisfy { $0.departureLoad == nil })
    #expect(on.load.stops[5].departureLoad == 0)
    let off = Self.protect(
      crowd + [(0, 4, 7, 1, 30)] + Self.crowd(from: 0, to: 2, hour: 7, count: 2)
        + Self.crowd(from: 0, to: 3, hour: 7, count: 2)
        + Self.crowd(from: 4, to: 5, hour: 7, count: 2), on: line)
    #expect(off.load.stops[2...4].allSatisfy { $0.departureLoad == nil })
    // Where everybody gets off nobody is on board.
    #expect(off.load.stops[5].departureLoad == 0)
  }

  @Test func ofAStopThatTheLineHasTwiceNoPlaceTellsTheOther() {
    let shown = Self.protect(
      [(0, 4, 7, 1, 30)] + Self.crowd(from: 3, to: 4, hour: 7, count: 20),
      on: LineOrder(stops: ["a", "b", "c", "a", "d"]))
    #expect(shown.load.boardings == 50)
    #expect(shown.load.stops.map(\.boardings) == [nil, 0, 0, nil, 0])
    #expect(shown.load.stops[0..<3].allSatisfy { $0.departureLoad == nil })
  }

  @Test func withKOfOneEveryRideIsTold() {
    let counts = Self.counts([(0, 3, 7, 1, 5), (0, 3, 8, 1, 5)])
    let shown = SmallCells(ridersMin: 1).protect(counts, along: Self.line)
    #expect(shown.boardings == 10 && shown.pairs.map(\.riders) == [10])
  }

  /// Some crowds, each rider once, and some taps of few riders, two of whom ride often or with many.
  private static func anyRides(_ chance: inout SeededGenerator) -> [Ride] {
    var rides: [Ride] = []
    for crowd in 0..<chance.integer(in: 0...3) {
      let from = chance.integer(in: 0...3)
      let to = chance.integer(in: from + 1...5)
      let hour = chance.integer(in: 6...9)
      rides += (1...chance.integer(in: 5...12)).map {
        (from, to == 5 ? nil : to, hour, UInt64(100 * (crowd + 1) + $0), 1)
      }
    }
    for _ in 0..<chance.integer(in: 1...12) {
      let from = chance.integer(in: 0...5)
      let to = chance.integer(in: min(from + 1, 5)...5)
      let hour = chance.integer(in: 6...9)
      let rider = UInt64(chance.integer(in: 1...7))
      let times = chance.integer(in: 1...4)
      rides.append((from, to == 5 ? nil : to, hour, rider, rider <= 2 ? 20 * times : times))
    }
    return rides
  }

  /// Rides off the line as they are told: few of an hour count once, and so do few of all.
  private static func roundedByHour(_ rides: [Ride]) -> Int {
    let parts = Dictionary(grouping: rides, by: \.hour).values.map { rides in
      let riders = Set(rides.map(\.rider)).count
      return riders < 5 ? riders : rides.reduce(0) { $0 + $1.times }
    }
    let riders = Set(rides.map(\.rider)).count
    return SmallCells().rounded(riders < 5 ? riders : parts.reduce(0, +))
  }

  /// Of any rides: what is told is of k riders, and no sum leaves fewer than k riders more than k - 1 rides.
  @Test(arguments: Array(UInt64(1)...200))
  func ofAnyRidesNothingIsToldOfFewRiders(seed: UInt64) {
    var chance = SeededGenerator(seed: seed)
    let line = seed.isMultiple(of: 2) ? LineOrder(stops: ["a", "b", "c", "a", "d"]) : Self.line
    let rides = Self.anyRides(&chance)
    let shown = Self.protect(rides, on: line)
    let told = ToldRides(
      stops: line.stops, rides: rides.filter { $0.from < line.stops.count },
      load: shown.load, counts: shown.counts, hourly: shown.hourly)
    #expect(told.cellsOfFew.isEmpty, "seed \(seed): \(rides)")
    #expect(told.sumsThatTell.isEmpty, "seed \(seed): \(rides)")
    #expect(told.hoursThatTell.isEmpty, "seed \(seed): \(rides)")
    #expect(told.hoursWhoseOrderTells.isEmpty, "seed \(seed): \(rides)")
    #expect(told.loadsThatTell.isEmpty, "seed \(seed): \(rides)")
    #expect(
      shown.counts.boardingsOffLine
        == Self.roundedByHour(rides.filter { $0.from == line.stops.count }),
      "seed \(seed): \(rides)")
    // The same question has the same answer, whatever order the rides are read in.
    #expect(Self.protect(rides.shuffled(using: &chance), on: line).counts == shown.counts)
  }
}

/// What is told of rides on a line, and what that leaves of the cells that are not told.
private struct ToldRides {
  /// What is told of some of the rides; nil where they are hidden.
  private typealias Cell = (told: Int?, isMeant: (Ride) -> Bool)

  private static let ridersMin = SmallCells.ridersMinDefault
  /// How far from the rides a number is told at most: by rounding, and by the step of k that keeps two sizes open.
  private static let offMax = ridersMin / 2 + ridersMin

  let stops: [String]
  /// Those on the line.
  let rides: [Ride]
  let load: ProtectedLoad
  let counts: ProtectedCounts
  /// All that have a stop, also off the line.
  let hourly: [Int?]

  private func riders(_ isMeant: (Ride) -> Bool) -> Set<UInt64> {
    Set(rides.filter(isMeant).map(\.rider))
  }

  private func isFrom(_ stop: String, hour: Int? = nil) -> (Ride) -> Bool {
    { stops[$0.from] == stop && (hour == nil || $0.hour == hour) }
  }

  private func isTo(_ stop: String, hour: Int? = nil) -> (Ride) -> Bool {
    { $0.to.map { stops[$0] } == stop && (hour == nil || $0.hour == hour) }
  }

  private func isWithoutAlighting(from stop: String) -> (Ride) -> Bool {
    { stops[$0.from] == stop && $0.to == nil }
  }

  private var stopCells: [Cell] { counts.stops.map { ($0.boardings, isFrom($0.stop)) } }
  private var alightingCells: [Cell] { counts.stops.map { ($0.alightings, isTo($0.stop)) } }
  private var withoutAlightingCells: [Cell] {
    counts.stops.map { ($0.boardingsWithoutAlighting, isWithoutAlighting(from: $0.stop)) }
  }
  private var placeCells: [Cell] {
    load.stops.enumerated().map { place, stop in (stop.boardings, { $0.from == place }) }
  }

  private func hourCells(_ stop: ProtectedCounts.StopCount) -> [Cell] {
    stop.hourlyBoardings.enumerated().map { ($1, isFrom(stop.stop, hour: $0)) }
  }

  private func alightingHourCells(_ stop: ProtectedCounts.StopCount) -> [Cell] {
    stop.hourlyAlightings.enumerated().map { ($1, isTo(stop.stop, hour: $0)) }
  }

  /// All pairs, or those of a stop; one that is not listed is not told.
  private func pairCells(from: String? = nil, to: String? = nil) -> [Cell] {
    let names = Set(stops).sorted()
    return names.filter { from == nil || $0 == from }.flatMap { start in
      names.filter { to == nil || $0 == to }.map { end in
        let pair = RideCounts.StopPair(from: start, to: end)
        return (
          counts.pairs.first { $0.pair == pair }?.riders,
          { stops[$0.from] == start && isTo(end)($0) }
        )
      }
    }
  }

  /// Cells of fewer than k riders with a number above k; k itself may stand for four who could be no other number.
  var cellsOfFew: [Int] {
    var cells = stopCells + alightingCells + withoutAlightingCells + placeCells
    cells += counts.stops.flatMap { hourCells($0) + alightingHourCells($0) }
    for (place, stop) in load.stops.enumerated() {
      cells.append((stop.alightings, { $0.to == place }))
      cells.append((stop.departureLoad, { $0.from <= place && place < $0.to ?? 0 }))
    }
    var numbers = cells.filter { $0.told ?? 0 > Self.ridersMin }
    // Neither a pair nor an hour of boardings is ever told of four.
    numbers += (pairCells() + counts.stops.flatMap(hourCells)).filter { $0.told ?? 0 > 0 }
    return numbers.filter { riders($0.isMeant).count < Self.ridersMin }.compactMap(\.told)
  }

  /// The sums that leave more than k - 1 rides to cells that are not told, of fewer than k riders together.
  var sumsThatTell: [String] {
    let (all, both) = (counts.boardings, counts.ridersWithBothEnds)
    let without = counts.boardingsWithoutAlighting
    var sums: [(name: String, sum: Int?, cells: [Cell])] = [
      ("all", all, [(nil, { _ in true })]),
      ("with both ends", both, [(nil, { $0.to != nil })]),
      ("without alighting", without, [(nil, { $0.to == nil })]),
      ("all - stops", all, stopCells),
      ("all - places", load.boardings, placeCells),
      ("all - hours", all, counts.stops.flatMap(hourCells)),
      ("all - pairs", all, pairCells() + [(without, { $0.to == nil })]),
      ("with both ends - pairs", both, pairCells()),
      ("with both ends - stops", both, alightingCells),
      ("with both ends - hours", both, counts.stops.flatMap(alightingHourCells)),
      ("small pairs", counts.ridersInSmallPairs, pairCells().filter { $0.told == nil }),
      ("without alighting - stops", without, withoutAlightingCells),
    ]
    for stop in counts.stops {
      let name = stop.stop
      sums += [
        ("\(name) - hours", stop.boardings, hourCells(stop)),
        (
          "\(name) - pairs", stop.boardings,
          pairCells(from: name)
            + [(stop.boardingsWithoutAlighting, isWithoutAlighting(from: name))]
        ), ("alightings of \(name) - hours", stop.alightings, alightingHourCells(stop)),
        ("alightings of \(name) - pairs", stop.alightings, pairCells(to: name)),
      ]
    }
    for hour in hourly.indices {
      // So many at least: all who were off the line may have been so in this hour.
      sums.append(
        (
          "alightings of \(hour)", hourly[hour],
          counts.stops.map { ($0.hourlyAlightings[hour], isTo($0.stop, hour: hour)) }
            + [
              (counts.boardingsOffLine, { _ in false }),
              (nil, { $0.hour == hour && $0.to == nil }),
            ]
        ))
    }
    return sums.filter { sum in
      tells(
        sum.sum.map { $0 - sum.cells.reduce(0) { $0 + ($1.told ?? 0) } },
        hidden: sum.cells.filter { $0.told == nil },
        numbersCount: 1 + sum.cells.count { $0.told ?? 0 > 0 })
    }.map(\.name)
  }

  /// The hours of few riders of the line that are told to have more boardings than all hours have off it.
  var hoursThatTell: [Int] {
    hourly.indices.filter { hour in
      tells(
        hourly[hour].map { $0 - counts.boardingsOffLine }, hidden: [(nil, { $0.hour == hour })],
        numbersCount: 2)
    }
  }

  /// The hours in which more got off up to a place than the others who boarded before it.
  var hoursWhoseOrderTells: [Int] {
    hourly.indices.filter { hour in
      stops.indices.contains { place in
        let boarded: [Cell] = counts.stops
          .filter { (stops.firstIndex(of: $0.stop) ?? place) < place }
          .map { ($0.hourlyBoardings[hour], isFrom($0.stop, hour: hour)) }
        let gone = counts.stops.filter { (stops.lastIndex(of: $0.stop) ?? place) <= place }
          .compactMap(\.hourlyAlightings[hour])
        return tells(
          gone.reduce(0, +) - boarded.reduce(0) { $0 + ($1.told ?? 0) },
          hidden: boarded.filter { $0.told == nil },
          numbersCount: gone.count { $0 > 0 } + boarded.count { $0.told ?? 0 > 0 })
      }
    }
  }

  /// The places whose loads, beside the one told before and who got on and off since, leave the same; a line begins
  /// and ends empty.
  var loadsThatTell: [Int] {
    var found: [Int] = []
    var since: [(sign: Int, cell: Cell)] = []
    var before = 0
    for (place, stop) in load.stops.enumerated() {
      // Of a place of a stop that the line has twice only the stop's boardings without alighting are told.
      let without =
        stops.count { $0 == stop.stop } == 1
        ? counts.stops.first { $0.stop == stop.stop }.map(\.boardingsWithoutAlighting) ?? 0 : nil
      since += [
        (1, (stop.boardings, { $0.from == place })),
        (-1, (without, { $0.from == place && $0.to == nil })),
        (-1, (stop.alightings, { $0.to == place })),
      ]
      guard let load = place == stops.count - 1 ? 0 : stop.departureLoad else { continue }
      let left = load - before - since.reduce(0) { $0 + $1.sign * ($1.cell.told ?? 0) }
      // So many at least got on, or off, of those who are hidden.
      let hidden = since.filter { $0.sign == left.signum() && $0.cell.told == nil }
      if tells(
        abs(left), hidden: hidden.map(\.cell),
        numbersCount: 2 + since.count { $0.cell.told ?? 0 > 0 })
      {
        found.append(place)
      }
      (since, before) = ([], load)
    }
    return found
  }

  /// Whether a number that some others leave to hidden cells is more than few riders may be known to have.
  private func tells(_ left: Int?, hidden: [Cell], numbersCount: Int) -> Bool {
    guard let left, Set(hidden.flatMap { riders($0.isMeant) }).count < Self.ridersMin else {
      return false
    }
    return left > Self.ridersMin - 1 + numbersCount * Self.offMax
  }
}
