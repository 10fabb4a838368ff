import Basics
import RealData
import Ridership
import Testing
import Tracking
import Transit

/// A real day of one trolleybus whose positions name no route: 192 of its 295 taps do.
@Suite(.enabled(if: SharedData.isThere, "skipped: no real data"))
struct RigaDayTests {
  private let day: RigaDay
  private let route: String
  private let patterns: [RoutePattern]

  init() throws {
    day = try RigaDay.loaded.get()
    let index = try #require(day.network.resolveRoute("15", mode: .trolleybus))
    route = day.network.routes[index].id
    patterns = day.network.routePatterns(ofRoute: index)
  }

  private var visits: [StopVisit] {
    StopVisitFinder.visits(positions: day.positions, network: day.network, hints: day.hints)
  }

  private func placed(
    _ taps: [RigaDay.Tap], visits: [StopVisit], resolutionSeconds: Int
  ) -> [PlacedBoarding] {
    let placer = BoardingPlacer(visits: visits, patterns: patterns)
    return taps.enumerated().compactMap { index, tap in
      placer.place(
        Boarding(
          ref: index, at: tap.at, resolutionSeconds: resolutionSeconds, vehicle: "1603",
          route: day.route(of: tap))
      ).placed
    }
  }

  @Test func theFilesHoldWhatTheirReadMeSays() {
    #expect(day.positions.count == 2471)
    #expect(day.taps.count == 295)
    #expect(day.taps.filter { $0.code == "Tr 15" }.count == 192)
  }

  @Test(arguments: [60, 1])
  func theTapsOfTheLineGetAStop(resolutionSeconds: Int) {
    let taps = day.taps.filter { $0.code == "Tr 15" }
    let boardings = placed(taps, visits: visits, resolutionSeconds: resolutionSeconds)
    let sure = boardings.filter { $0.confidence >= 0.6 }
    print(
      "Tr 15, times of \(resolutionSeconds) s: \(boardings.count) of \(taps.count) taps have a "
        + "stop, \(sure.count) with confidence 0.6 or more")
    #expect(boardings.count >= 189)
    #expect(sure.count >= (resolutionSeconds == 60 ? 189 : 170))
    #expect(boardings.allSatisfy { $0.route == route })
  }

  @Test func theDirectionFromTheStopsIsTheOneTheDriverTyped() {
    // Forth is the way to Ķengarags, direction 0 of the feed; nothing here looks at it but this.
    let taps = day.taps.filter { $0.code == "Tr 15" }
    let boardings = placed(taps, visits: visits, resolutionSeconds: 60)
    let agreeing = boardings.filter { boarding in
      boarding.direction == (taps[boarding.ref].direction == "Forth" ? 0 : 1)
    }
    #expect(agreeing.count == boardings.count)
  }

  @Test func theTapsWithTheDepotCodeGetAStopToo() {
    let boardings = placed(day.taps, visits: visits, resolutionSeconds: 60)
    #expect(boardings.count >= 291)
  }

  @Test func theOrderOfThePositionsDoesNotMatter() {
    var chance = SeededGenerator(seed: 2018)
    let visits = visits
    let shuffled = (day.positions + day.positions.prefix(500)).shuffled(using: &chance)
    let again = StopVisitFinder.visits(
      positions: shuffled, network: day.network, hints: day.hints.shuffled(using: &chance))
    #expect(again == visits)
    #expect(visits.count > 150)
  }

  @Test func withoutItsDoorEventsMostVisitsAreStillFound() {
    let silent = day.positions.map { position in
      var silent = position
      silent.door = nil
      return silent
    }
    let byNearness = StopVisitFinder.visits(
      positions: silent, network: day.network, hints: day.hints)
    let byDoors = visits.filter { $0.distanceMetres <= 100 }
    let found = byDoors.filter { visit in
      byNearness.contains { near in
        near.stop == visit.stop && near.direction == visit.direction
          && near.arrivedAt <= visit.departedAt.adding(seconds: 15)
          && near.departedAt >= visit.arrivedAt.adding(seconds: -15)
      }
    }
    print(
      "by nearness alone: \(found.count) of \(byDoors.count) door visits, in all \(byNearness.count)"
    )
    #expect(Double(found.count) >= 0.9 * Double(byDoors.count))
  }

  @Test func theLoadOfTheLineCountsEveryTapAndInventsNone() {
    let boardings = placed(day.taps, visits: visits, resolutionSeconds: 60)
    let finder = AlightingFinder(patterns: patterns)
    let cards = Dictionary(grouping: boardings, by: { day.taps[$0.ref].card })
    let rides = cards.values.flatMap { boardings in
      let inOrder = boardings.sorted { ($0.at, $0.ref) < ($1.at, $1.ref) }
      let ends = finder.alightings(ofDay: inOrder.map { .placed($0) })
      return zip(inOrder, ends).map { LoadRide(boarding: $0, alighting: $1.placed, riders: 1) }
    }
    var boarded = 0
    for direction in [0, 1] {
      let line = LineOrder(patterns: patterns.filter { $0.direction == direction })
      let load = RouteLoad(
        line: line, rides: rides.filter { $0.boarding.direction == direction }, zone: day.zone)
      #expect(load.boardingsOffLine == 0)
      #expect(load.stops.last?.departureLoad == 0)
      #expect(load.stops.allSatisfy { $0.departureLoad >= 0 })
      boarded += load.boardings
    }
    #expect(boarded == boardings.count)
  }
}
