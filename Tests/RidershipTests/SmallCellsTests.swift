import Basics
import Ridership
import Testing

@Suite struct SmallCellsTests {
  @Test(arguments: [(0, 0), (1, nil), (4, nil), (5, 5), (17, 17)] as [(Int, Int?)])
  func aGroupSmallerThanKIsHidden(riders: Int, shown: Int?) {
    #expect(SmallCells(ridersMin: 5).shown(riders) == shown)
  }

  private func load(_ riders: [(from: Int, to: Int, count: Int)]) -> RouteLoad {
    let stops = ["a", "b", "c", "d"]
    return RouteLoad(
      line: LineOrder(stops: stops),
      rides: riders.map { ride in
        LoadRide(
          boarding: PlacedBoarding(
            ref: 0, at: GridCity.start, vehicle: nil, route: "r", direction: 0,
            stop: stops[ride.from], stopOrder: ride.from, source: .device, confidence: 1),
          alighting: PlacedAlighting(
            ref: 0, stop: stops[ride.to], stopOrder: ride.to, walkMetres: 0, source: .tapOff,
            confidence: 1), riders: ride.count)
      }, zone: .utc)
  }

  @Test func numbersAreRoundedAlsoWhereNoGroupIsSmall() {
    let load = load([(0, 2, 7), (1, 3, 12)])
    let shown = SmallCells(ridersMin: 5).protect(load)
    #expect(shown.isRounded)
    #expect(shown.stops.map(\.boardings) == [5, 10, 0, 0])
    #expect(shown.stops.map(\.departureLoad) == [5, 20, 10, 0])
    #expect(shown.boardings == 20)
  }

  @Test func noTwoAnswersDifferByASmallGroup() {
    // Six boardings before nine and three after it: the day, and the day without its last hours.
    for (all, part) in [(9, 6), (12, 11), (24, 20)] {
      let cells = SmallCells(ridersMin: 5)
      let whole = cells.protect(load([(0, 2, all)]))
      let band = cells.protect(load([(0, 2, part)]))
      for (whole, band) in zip(whole.stops, band.stops) {
        let difference = (whole.boardings ?? 0) - (band.boardings ?? 0)
        #expect(difference % 5 == 0)
      }
      #expect((whole.boardings - band.boardings) % 5 == 0)
    }
  }

  @Test func whereACountIsHiddenAllNumbersAreRounded() {
    // Were they not, the alightings 10 + 23 less the boardings 30 would give the hidden 3.
    let shown = SmallCells(ridersMin: 5).protect(load([(0, 2, 10), (1, 3, 3), (0, 3, 20)]))
    #expect(shown.isRounded)
    #expect(shown.stops.map(\.boardings) == [30, nil, 0, 0])
    #expect(shown.stops.map(\.alightings) == [0, 0, 10, 25])
    #expect(shown.stops.map(\.departureLoad) == [30, 35, 25, 0])
    #expect(shown.boardings == 35)
  }

  @Test func withKOfOneNothingIsHidden() {
    let shown = SmallCells(ridersMin: 1).protect(load([(0, 1, 1)]))
    #expect(shown.stops.map(\.boardings) == [1, 0, 0, 0])
    #expect(shown.isRounded == false)
  }
}
