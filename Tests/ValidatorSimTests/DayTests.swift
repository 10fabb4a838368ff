import Basics
import SimulatedCity
import Tapping
import Testing
import Transit

/// A small day of the invented city; its network is made once for all tests.
enum SmallDay {
  static let monday = Day(number: 20_773)  // 2026-11-16
  static let mishaps = Mishaps(offlineRate: 0.4, repeatRate: 0.3, clockErrorRate: 0.2)

  private static let made = Result { try FeedReader.read(zip: CityFeed(seed: 5).zip()).network }

  static func network() throws -> Network { try made.get() }

  static func validators(_ network: Network, seed: UInt64, riders: Int = 300) throws -> Validators {
    let fleet = try #require(Fleet(network: network, day: monday, seed: seed))
    let journeys = Journeys(fleet: fleet, riderCount: riders, seed: seed)
    return Validators(fleet: fleet, journeys: journeys, mishaps: mishaps, seed: seed)
  }
}

@Suite struct DayTests {
  @Test func theFeedIsReadWithoutAFault() throws {
    let reading = try FeedReader.read(zip: CityFeed(seed: 5).zip())
    #expect(reading.faultCount == 0)
    #expect(reading.network.routes.count == 15)
    #expect(Set(reading.network.operators.map(\.id)) == ["TRAMTROL", "AVTO1", "AVTO2"])
    // 115 tram departures from each end on a weekday, worked by hand in CityTests.
    let tram = try #require(reading.network.routeIndex(id: "tram-1"))
    #expect(reading.network.trips(ofRoute: tram, on: SmallDay.monday).count == 230)
  }

  @Test func aHolidayRunsAsASunday() throws {
    let network = try SmallDay.network()
    let independenceDay = try #require(Day("2026-08-24"))
    let sunday = try #require(Day("2026-08-23"))
    #expect(network.trips(on: independenceDay) == network.trips(on: sunday))
  }

  @Test func everyVehicleKeepsToTimeAndOrder() throws {
    let fleet = try SmallDay.validators(SmallDay.network(), seed: 3, riders: 0).fleet
    // Two vehicles per half turn of each line, as the timetable says.
    let wanted = CityPlan.lines.map { 2 * CityTimetable.headwaysPerHalfTurn($0, .weekday) }
    #expect(fleet.vehicles.count == wanted.reduce(0, +))
    for vehicle in fleet.vehicles {
      let calls = vehicle.trips.flatMap(\.calls)
      for (earlier, later) in zip(calls, calls.dropFirst()) {
        #expect(earlier.arrivalSeconds < earlier.departureSeconds)
        #expect(earlier.departureSeconds < later.arrivalSeconds)
      }
    }
  }

  @Test func aVehicleReportsAtLeastTwiceAMinuteWhileDriving() throws {
    let fleet = try SmallDay.validators(SmallDay.network(), seed: 3, riders: 0).fleet
    let vehicle = fleet.vehicles[0]
    let trip = vehicle.trips[0]
    let track = VehicleTrack.positions(of: trip, vehicle: vehicle.name, in: fleet, seed: 9)
    #expect(track == VehicleTrack.positions(of: trip, vehicle: vehicle.name, in: fleet, seed: 9))
    for (earlier, later) in zip(track, track.dropFirst()) {
      #expect(earlier.seconds < later.seconds)
      #expect(later.seconds - earlier.seconds <= 60)
    }
    #expect(track.filter { $0.isDoorOpen == true }.count == trip.calls.count)
    for (call, opening) in zip(trip.calls, track.filter { $0.isDoorOpen == true }) {
      let stop = fleet.network.stops[call.stop].coordinate
      #expect(stop.metres(to: opening.coordinate) < 25)
    }
  }

  @Test func ridersRideForwardAndNeverTwoVehiclesAtOnce() throws {
    let validators = try SmallDay.validators(SmallDay.network(), seed: 11)
    let rides = Dictionary(grouping: validators.journeys.rides, by: \.rider)
    #expect(rides.count > 280)
    var returned = 0
    for (_, ways) in rides {
      for ride in ways { #expect(ride.alightCall > ride.board.call) }
      for (earlier, later) in zip(ways, ways.dropFirst()) {
        let trip = validators.fleet.vehicles[earlier.board.vehicle].trips[earlier.board.trip]
        let end = trip.calls[earlier.alightCall].arrivalSeconds
        #expect(later.tappedMilliseconds > end * 1000)
      }
      returned += ways.count > 1 ? 1 : 0
    }
    #expect(returned > 200)
  }

  @Test func aTapFallsIntoTheTimeAtItsStop() throws {
    let validators = try SmallDay.validators(SmallDay.network(), seed: 11)
    for ride in validators.journeys.rides {
      let calls = validators.fleet.vehicles[ride.board.vehicle].trips[ride.board.trip].calls
      let seconds = ride.tappedMilliseconds / 1000
      #expect(seconds > calls[ride.board.call].arrivalSeconds)
      #expect(seconds < calls[ride.board.call + 1].arrivalSeconds)
    }
  }

  @Test func everyTapIsPostedFirstExactlyOnceWhateverGoesWrong() throws {
    let validators = try SmallDay.validators(SmallDay.network(), seed: 4)
    let plan = Deliveries.plan(validators, mishaps: SmallDay.mishaps, seed: 4)
    var first: [Int: [Int]] = [:]
    var causes: Set<DeliveryCause> = []
    for delivery in plan {
      causes.insert(delivery.cause)
      guard case .taps(let taps) = delivery.content else { continue }
      if delivery.cause == .onTime || delivery.cause == .late {
        first[delivery.device, default: []] += Array(taps)
      } else {
        #expect(Set(taps).isSubset(of: first[delivery.device] ?? []), "a repeat repeats")
      }
    }
    #expect(causes == Set(DeliveryCause.allCases))
    for (index, day) in validators.days.enumerated() {
      #expect((first[index] ?? []).sorted() == Array(day.rides.indices))
    }
  }

  @Test func everySecondOfPositionsIsPosted() throws {
    let validators = try SmallDay.validators(SmallDay.network(), seed: 4, riders: 0)
    let plan = Deliveries.plan(validators, mishaps: SmallDay.mishaps, seed: 4)
    for (index, day) in validators.days.enumerated() {
      let trips = validators.fleet.vehicles[day.vehicleIndex].trips
      let start = try #require(trips.first).startSeconds - 60
      let end = try #require(trips.last).endSeconds + 60
      let windows = plan.compactMap { delivery -> Range<Int>? in
        guard delivery.device == index, delivery.cause != .again,
          case .positions(let window) = delivery.content
        else { return nil }
        return window
      }.sorted { $0.lowerBound < $1.lowerBound }
      #expect(windows.first?.lowerBound == start)
      #expect(windows.last?.upperBound == end)
      for (earlier, later) in zip(windows, windows.dropFirst()) {
        #expect(earlier.upperBound == later.lowerBound)
      }
    }
  }

  @Test func aSeedAlwaysGivesTheSameDay() throws {
    let network = try SmallDay.network()
    let one = try SmallDay.validators(network, seed: 8)
    let other = try SmallDay.validators(network, seed: 8)
    #expect(one.journeys.rides == other.journeys.rides)
    #expect(
      Deliveries.plan(one, mishaps: SmallDay.mishaps, seed: 8)
        == Deliveries.plan(other, mishaps: SmallDay.mishaps, seed: 8))
    #expect(try SmallDay.validators(network, seed: 9).journeys.rides != one.journeys.rides)
  }

  @Test func peopleWhoBoardAlsoAlight() throws {
    let load = TrueLoad(try SmallDay.validators(SmallDay.network(), seed: 6))
    for (line, stops) in load.counts {
      let boardings = stops.values.reduce(0) { $0 + $1.boardings }
      #expect(boardings == stops.values.reduce(0) { $0 + $1.alightings }, "\(line)")
    }
  }

  @Test(arguments: [
    ("2026-11-27T05:59:59+02:00", "2026-11-25"), ("2026-11-27T06:00:00+02:00", "2026-11-26"),
    ("2026-11-27T23:59:59+02:00", "2026-11-26"), ("2026-11-28T00:00:00+02:00", "2026-11-26"),
  ])
  func aDayThatIsNotNamedIsOverWithItsCharges(moment: String, day: String) throws {
    let zone = try #require(TimeZoneTable(name: "Europe/Kyiv"))
    let now = try #require(Instant(iso8601: moment))
    #expect(Fleet.lastWholeDay(at: now, in: zone) == Day(day))
  }
}
