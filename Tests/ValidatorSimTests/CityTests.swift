import Basics
import SimulatedCity
import Testing
import Transit

@Suite struct CityTests {
  @Test func aSeedAlwaysGivesTheSameBytes() {
    #expect(CityFeed(seed: 7).zip() == CityFeed(seed: 7).zip())
    #expect(CityFeed(seed: 7).zip() != CityFeed(seed: 8).zip())
  }

  @Test func theCityHasThreeModesAndThreeOperators() {
    #expect(CityPlan.lines.count == 15)
    #expect(Set(CityPlan.lines.map(\.mode)) == [.bus, .trolleybus, .tram])
    #expect(Set(CityPlan.lines.map(\.operatorID)) == ["TRAMTROL", "AVTO1", "AVTO2"])
    #expect(Set(CityPlan.lines.map(\.id)).count == 15)
  }

  @Test func polesOnAStraightStreetAreABlockApart() {
    let first = Grid.pole(at: Crossing(4, 4), heading: .east)
    let second = Grid.pole(at: Crossing(5, 4), heading: .east)
    #expect(abs(first.metres(to: second) - 500) < 1)
    // The pole across the street: 25 + 25 m along it and 8 + 8 m over it.
    let opposite = Grid.pole(at: Crossing(4, 4), heading: .west)
    #expect(abs(first.metres(to: opposite) - 52.5) < 0.1)
  }

  @Test func tramOneOnAWeekdayWorkedByHand() {
    // 12 hops of 2 min: 24 min. From 05:00 every 10 min, the last start with arrival by 24:30 is
    // 24:00 (arrival 24:24), so 115 departures from each end. 24 min and 5 min of rest are three
    // headways, so six vehicles.
    let line = CityPlan.lines[0]
    let trips = CityTimetable.trips(of: line, on: .weekday)
    #expect(trips.count == 230)
    #expect(trips[114].startSeconds == 24 * 3600)
    #expect(Set(trips.map(\.block)).count == 6)
    #expect(trips[0].times(stop: 1, of: 13) == (5 * 3600 + 100, 5 * 3600 + 120))
    #expect(trips[0].times(stop: 12, of: 13) == (5 * 3600 + 1440, 5 * 3600 + 1440))
  }

  @Test(arguments: ServiceKind.allCases)
  func noVehicleIsInTwoPlaces(_ kind: ServiceKind) {
    for line in CityPlan.lines {
      let blocks = Dictionary(grouping: CityTimetable.trips(of: line, on: kind), by: \.block)
      for (block, trips) in blocks {
        let driven = trips.sorted { $0.startSeconds < $1.startSeconds }
        for (earlier, later) in zip(driven, driven.dropFirst()) {
          #expect(earlier.direction != later.direction, "\(block) turns at each end")
          let rest = later.startSeconds - earlier.startSeconds - line.tripSeconds
          #expect(rest >= CityTimetable.layoverSecondsMin, "\(block) rests")
        }
      }
    }
  }
}
