import Basics
import Ridership
import Testing

@Suite struct SmallCellsTests {
  @Test(arguments: [(0, 0), (1, nil), (4, nil), (5, 5), (17, 17)] as [(Int, Int?)])
  func aGroupSmallerThanKIsHidden(riders: Int, shown: Int?) {
    #expect(SmallCells(ridersMin: 5).shown(riders) == shown)
  }

  private typealias Riders = (from: Int, to: Int, count: Int)

  private static let line = LineOrder(stops: ["a", "b", "c", "d"])

  private func rides(_ riders: [Riders], hour: Int64 = 0) -> [LoadRide] {
    riders.map { ride in
      LoadRide(
        boarding: PlacedBoarding(
          ref: 0, at: Instant(seconds: hour * 3600), vehicle: nil, route: "r", direction: 0,
          stop: Self.line.stops[ride.from], stopOrder: ride.from, source: .device, confidence: 1),
        alighting: PlacedAlighting(
          ref: 0, stop: Self.line.stops[ride.to], stopOrder: ride.to, walkMetres: 0,
          source: .tapOff, confidence: 1), riders: ride.count)
    }
  }

  private func load(_ riders: [Riders]) -> RouteLoad {
    RouteLoad(line: Self.line, rides: rides(riders), zone: .utc)
  }

  /// What a load and the answers about stops and pairs tell of the same rides.
  private func protect(
    _ rides: [LoadRide], ridersMin: Int = 5
  ) -> (load: ProtectedLoad, counts: ProtectedCounts) {
    var counts = RideCounts()
    counts.add(rides, line: Self.line, zone: .utc)
    let cells = SmallCells(ridersMin: ridersMin)
    return (
      cells.protect(RouteLoad(line: Self.line, rides: rides, zone: .utc), counts: counts),
      cells.protect(counts, along: Self.line)
    )
  }

  /// All of one hour.
  private func protect(_ riders: [Riders]) -> ProtectedLoad { protect(rides(riders)).load }

  @Test func numbersAreRoundedAlsoWhereNoGroupIsSmall() {
    let shown = protect([(0, 2, 7), (1, 3, 12)])
    #expect(shown.isRounded)
    #expect(shown.stops.map(\.boardings) == [5, 10, 0, 0])
    #expect(shown.stops.map(\.departureLoad) == [5, 20, 10, 0])
    #expect(shown.boardings == 20)
  }

  @Test func noTwoAnswersDifferByASmallGroup() {
    // Six boardings before nine and three after it: the day, and the day without its last hours.
    for (all, part) in [(9, 6), (12, 11), (24, 20)] {
      let whole = protect([(0, 2, all)])
      let band = protect([(0, 2, part)])
      for (whole, band) in zip(whole.stops, band.stops) {
        let difference = (whole.boardings ?? 0) - (band.boardings ?? 0)
        #expect(difference % 5 == 0)
      }
      #expect((whole.boardings - band.boardings) % 5 == 0)
    }
  }

  @Test func whereACountIsHiddenAllNumbersAreRounded() {
    // Were they not, the alightings 10 + 23 less the boardings 30 would give the hidden 3.
    let shown = protect([(0, 2, 10), (1, 3, 3), (0, 3, 20)])
    #expect(shown.isRounded)
    #expect(shown.stops.map(\.boardings) == [30, nil, 0, 0])
    #expect(shown.stops.map(\.alightings) == [0, 0, 10, 25])
    #expect(shown.stops.map(\.departureLoad) == [30, 35, 25, 0])
    #expect(shown.boardings == 35)
  }

  @Test func withKOfOneNothingIsHidden() {
    let shown = protect(rides([(0, 1, 1)]), ridersMin: 1).load
    #expect(shown.stops.map(\.boardings) == [1, 0, 0, 0])
    #expect(shown.isRounded == false)
  }

  /// One at a and one at b, and four at each: sums of 0 and 10 would leave them only that.
  @Test func aTotalDoesNotTellWhatIsHidden() {
    let two = protect([(0, 2, 1), (1, 2, 1)])
    #expect(two.stops.map(\.boardings) == [nil, nil, 0, 0])
    #expect(two.boardings == 5)
    let eight = protect([(0, 2, 4), (1, 2, 4)])
    #expect(eight.boardings == 5)
    #expect(eight.stops.map(\.departureLoad) == [nil, 5, 0, 0])
    #expect(eight.stops.map(\.alightings) == [0, 0, 5, 0])
    // Four at seven and four at eight, all at one stop.
    #expect(SmallCells(ridersMin: 5).total([[8], [4, 4]]) == 5)
    // Three hidden ones of eight may be of many sizes.
    #expect(SmallCells(ridersMin: 5).total([[4, 3, 1]]) == 10)
  }

  /// An hour of a load is told beside the stops of the line: 5 of seven hidden ones would be one at each.
  @Test func anHourDoesNotTellTheStopsOfALoad() {
    let cells = SmallCells(ridersMin: 5)
    #expect(cells.count([1, 1, 1, 1, 1, 1, 1, 0]) == 10)
    #expect(cells.count([1, 1, 1, 1, 0]) == 5)
    #expect(cells.count([4, 4, 0]) == 5)
    #expect(cells.count([1, 1, 0]) == nil)
  }

  /// Of all small tables: of a boarding that is hidden, two sizes at least fit the boardings that are told.
  @Test func twoSizesAtLeastFitAHiddenBoarding() {
    struct Told: Hashable {
      let stops: [Int?]
      let all: Int
    }
    var sizes: [Told: [Set<Int>]] = [:]
    for ab in 0...8 {
      for ac in 0...8 {
        for bc in 0...8 {
          let rides = [(0, 1, ab), (0, 2, ac), (1, 2, bc)].filter { $0.2 > 0 }
          let riders = rides.map { (from: $0.0, to: $0.1, count: $0.2) }
          let load = load(riders)
          let answer = protect(riders)
          let shown = Told(stops: answer.stops.map(\.boardings), all: answer.boardings)
          for (index, stop) in load.stops.enumerated() {
            sizes[shown, default: load.stops.map { _ in [] }][index].insert(stop.boardings)
          }
        }
      }
    }
    for (shown, sizes) in sizes {
      for (index, boardings) in shown.stops.enumerated() where boardings == nil {
        #expect(sizes[index].count > 1, "\(shown)")
      }
    }
  }
}
