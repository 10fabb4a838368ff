import Basics
import Ridership
import Testing

@Suite struct SmallCellsTests {
  @Test(arguments: [(0, 0), (1, nil), (4, nil), (5, 5), (17, 17)] as [(Int, Int?)])
  func aGroupSmallerThanKIsHidden(riders: Int, shown: Int?) {
    #expect(SmallCells(ridersMin: 5).shown(riders) == shown)
  }

  private let line = LineOrder(stops: ["a", "b", "c"])

  private func rides(_ riders: [(from: Int, to: Int?, count: Int)]) -> [LoadRide] {
    riders.filter { $0.count > 0 }.map { ride in
      LoadRide(
        boarding: PlacedBoarding(
          ref: 0, at: GridCity.start, vehicle: nil, route: "r", direction: 0,
          stop: line.stops[ride.from], stopOrder: ride.from, source: .device, confidence: 1),
        alighting: ride.to.map {
          PlacedAlighting(
            ref: 0, stop: line.stops[$0], stopOrder: $0, walkMetres: 0, source: .tapOff,
            confidence: 1)
        }, riders: ride.count)
    }
  }

  private func protect(_ hours: [LoadRide]...) -> ProtectedLoad {
    SmallCells(ridersMin: 5).protect(line: line, hours: hours)
  }

  @Test func numbersAreRoundedAlsoWhereNoGroupIsSmall() {
    let shown = protect(rides([(0, 2, 7), (1, 2, 12)]))
    #expect(shown.isRounded)
    #expect(shown.stops.map(\.boardings) == [5, 10, 0])
    #expect(shown.stops.map(\.alightings) == [0, nil, 20])
    #expect(shown.boardings == 15)
    #expect(shown.hiddenCells == 0)
  }

  @Test func noSumHoldsARiderOfAHiddenCell() {
    // One at a and one at b; and four at seven and four at eight.
    let two = protect(rides([(0, 2, 1), (1, 2, 1)]))
    #expect(two.stops.map(\.boardings) == [nil, nil, 0])
    #expect(two.boardings == 0 && two.hiddenCells == 2)
    let eight = protect(rides([(0, 2, 4)]), rides([(0, 2, 4)]))
    #expect(eight.stops.map(\.boardings) == [nil, 0, 0])
    #expect(eight.boardings == 0 && eight.hiddenCells == 2)
    #expect(eight.boardingsWithoutAlighting == 0)
  }

  /// Of all small tables: whatever an answer hides may be of two sizes at least.
  @Test func atLeastTwoTablesFitWhatAnAnswerHides() {
    var boardings: [ProtectedLoad: [Set<Int>]] = [:]
    var alightings: [ProtectedLoad: [Set<Int>]] = [:]
    let counts = [0, 1, 4, 5, 7, 8]
    for ab in counts {
      for ac in counts {
        for bc in counts {
          for unknown in 0...8 {
            let all = rides([(0, 1, ab), (0, 2, ac), (1, 2, bc), (0, nil, unknown)])
            let shown = protect(all)
            let told = RouteLoad(line: line, rides: all, zone: .utc).stops
            let none = Array(repeating: Set<Int>(), count: told.count)
            for index in told.indices {
              boardings[shown, default: none][index].insert(told[index].boardings)
              alightings[shown, default: none][index].insert(told[index].alightings)
            }
          }
        }
      }
    }
    for (shown, sizes) in boardings {
      for (index, stop) in shown.stops.enumerated() where stop.boardings == nil {
        #expect(sizes[index].count > 1, "\(shown)")
      }
    }
    for (shown, sizes) in alightings {
      for (index, stop) in shown.stops.enumerated() where stop.alightings == nil {
        #expect(sizes[index].count > 1 || sizes[index] == [0], "\(shown)")
      }
    }
  }

  @Test func withKOfOneNothingIsHidden() {
    let shown = SmallCells(ridersMin: 1).protect(line: line, hours: [rides([(0, 1, 1)])])
    #expect(shown.stops.map(\.boardings) == [1, 0, 0])
    #expect(shown.stops.map(\.alightings) == [0, 1, 0])
    #expect(shown.isRounded == false)
  }
}
