import Basics
import Insight
import Store
import Testing
import Transit

/// Trips performed from stop visits, and the visits that passings belong to.
@Suite struct TidesTripTests {
  private func visit(
    _ minute: Int64, _ stop: String, _ order: Int, direction: Int = 0, route: String = "bus-1",
    doors: Bool = true
  ) -> StopVisit {
    StopVisit(
      vehicle: "1603", route: route, direction: direction, stop: stop, stopOrder: order,
      arrivedAt: noon.adding(seconds: minute * 60),
      departedAt: noon.adding(seconds: minute * 60 + 40), distanceMetres: 5, doorsOpened: doors)
  }

  private func passing(
    _ second: Int64, _ stop: String, order: Int? = nil, direction: Int? = nil, isOff: Bool = false
  ) -> OpenPassing {
    OpenPassing(
      name: TapName(device: "V-1", epoch: 1, seq: 7), vehicle: "1603",
      at: noon.adding(seconds: second), riders: 2, stop: stop,
      route: direction == nil ? nil : "bus-1", direction: direction, stopOrder: order,
      isAlighting: isOff)
  }

  /// Out over a, b and d, and back from d to c.
  private var thereAndBack: [StopVisit] {
    [
      visit(0, "a", 0), visit(5, "b", 1, doors: false), visit(15, "d", 3),
      visit(30, "d", 0, direction: 1), visit(35, "c", 1, direction: 1),
    ]
  }

  @Test func aTripGoesOnAlongOneLineInOneDirection() {
    let trips = PerformedTrip.trips(of: thereAndBack)
    #expect(trips.map(\.id) == ["1603-1", "1603-2"])
    #expect(trips.map(\.visits.count) == [3, 2])
    #expect(PerformedTrip.trips(of: []).isEmpty)
  }

  @Test func theSameStopAgainAnotherRouteAndAnHourWithoutStopsBeginATrip() {
    let again = [visit(0, "a", 0), visit(5, "b", 1), visit(20, "b", 1)]
    #expect(PerformedTrip.trips(of: again).map(\.visits.count) == [2, 1])
    let other = [visit(0, "a", 0), visit(5, "b", 1, route: "bus-9")]
    #expect(PerformedTrip.trips(of: other).count == 2)
    // From leaving at 0:40 to arriving an hour later and a minute more.
    let late = [visit(0, "a", 0), visit(60, "b", 1), visit(122, "c", 2)]
    #expect(PerformedTrip.trips(of: late).map(\.visits.count) == [2, 1])
  }

  @Test func theEndsOfATripAreToldWhereItsLineBeginsAndEnds() throws {
    let network = try FeedReader.read(zip: World.feed()).network
    let rows = TidesRows(day: today, network: network)
    let trips = PerformedTrip.trips(of: thereAndBack)
    #expect(
      rows.trip(trips[0]) == [
        "service_date": "2026-11-23", "trip_id_performed": "1603-1", "vehicle_id": "1603",
        "route_id": "bus-1", "route_type": "Bus", "direction_id": "0", "trip_type": "In service",
        "trip_start_stop_id": "a", "actual_trip_start": "2026-11-23T10:00:40Z",
        "trip_end_stop_id": "d", "actual_trip_end": "2026-11-23T10:15:00Z",
      ])
    let back = rows.trip(trips[1])
    #expect(back["trip_start_stop_id"] == "d" && back["trip_end_stop_id"] == nil)
    #expect(back["actual_trip_end"] == nil && back["direction_id"] == "1")
  }

  @Test func aVisitIsCountedAlongItsTripAndDwellsWhereDoorsOpened() throws {
    let rows = TidesRows(
      day: today, network: try FeedReader.read(zip: World.feed()).network)
    let trip = PerformedTrip.trips(of: thereAndBack)[0]
    #expect(
      rows.visit(2, of: trip) == [
        "service_date": "2026-11-23", "trip_id_performed": "1603-1", "trip_stop_sequence": "3",
        "vehicle_id": "1603", "stop_id": "d", "dwell": "40",
        "actual_arrival_time": "2026-11-23T10:15:00Z",
        "actual_departure_time": "2026-11-23T10:15:40Z",
      ])
    #expect(rows.visit(1, of: trip)["dwell"] == nil)
  }

  @Test func aPassingBelongsToTheNearestVisitAtItsStopOnItsLine() throws {
    let finder = PassingFinder(PerformedTrip.trips(of: thereAndBack))
    let on = try #require(finder.place(of: passing(20, "a", order: 0, direction: 0)))
    #expect(on.trip == 0 && on.visit == 0)
    // Both trips call at d: who got off did at the nearer visit, who got on on the line told.
    let off = try #require(finder.place(of: passing(15 * 60 + 50, "d", isOff: true)))
    #expect(off.trip == 0 && off.visit == 2)
    let turned = try #require(finder.place(of: passing(16 * 60, "d", order: 0, direction: 1)))
    #expect(turned.trip == 1 && turned.visit == 0)
  }

  @Test func aPassingTooFarFromEveryVisitBelongsToNone() {
    let finder = PassingFinder(PerformedTrip.trips(of: thereAndBack))
    #expect(finder.place(of: passing(0, "e")) == nil)
    #expect(finder.place(of: passing(5 * 60, "b", order: 2, direction: 0)) == nil)
    #expect(finder.place(of: passing(40 + 600, "a")) != nil)
    #expect(finder.place(of: passing(40 + 601, "a")) == nil)
    #expect(finder.place(of: passing(-1200, "a")) != nil)
    #expect(finder.place(of: passing(-1201, "a")) == nil)
  }

  @Test func anEventSaysHowManyGotOnOrOffAndWhere() throws {
    let rows = TidesRows(
      day: today, network: try FeedReader.read(zip: World.feed()).network)
    let trips = PerformedTrip.trips(of: thereAndBack)
    let off = passing(15 * 60 + 50, "d", isOff: true)
    let place = try #require(PassingFinder(trips).place(of: off))
    #expect(
      rows.event(off, at: place, of: trips[place.trip]) == [
        "passenger_event_id": "V-1-1-7", "service_date": "2026-11-23",
        "event_timestamp": "2026-11-23T10:15:50Z", "trip_id_performed": "1603-1",
        "trip_stop_sequence": "3", "event_type": "Passenger alighted", "vehicle_id": "1603",
        "device_id": "V-1", "stop_id": "d", "event_count": "2",
      ])
  }
}
