import Basics
import Testing
import Transit

struct PolylineTests {
  /// East along the equator, then north: legs of 0.01 degrees, 1,111.95 m each.
  static let corner = Polyline([
    Coordinate(latitude: 0, longitude: 0), Coordinate(latitude: 0, longitude: 0.01),
    Coordinate(latitude: 0.01, longitude: 0.01),
  ])
  static let leg = 6_371_008.8 * Double.pi / 180 * 0.01

  @Test func lengthsAreThoseOfTheSphere() {
    #expect(abs(PolylineTests.corner.lengthMetres - 2 * PolylineTests.leg) < 0.001)
    #expect(PolylineTests.corner.metres.count == 3)
  }

  @Test(
    arguments: [
      // latitude, longitude, legs along, legs off
      (0.0, 0.0, 0.0, 0.0), (0.0, 0.005, 0.5, 0.0), (0.001, 0.005, 0.5, 0.1),
      (-0.001, 0.005, 0.5, 0.1), (0.0, -0.001, 0.0, 0.1), (0.005, 0.01, 1.5, 0.0),
      (0.005, 0.012, 1.5, 0.2), (0.012, 0.01, 2.0, 0.2), (-0.001, 0.01, 1.0, 0.1),
    ] as [(Double, Double, Double, Double)])
  func aPointIsPutOnTheNearestPlace(
    _ latitude: Double, _ longitude: Double, _ along: Double, _ off: Double
  ) {
    let place = PolylineTests.corner.project(
      Coordinate(latitude: latitude, longitude: longitude))
    #expect(abs(place.metresAlong - along * PolylineTests.leg) < 0.01)
    #expect(abs(place.metresOff - off * PolylineTests.leg) < 0.01)
  }

  @Test func aWindowKeepsThePlaceInside() {
    let point = Coordinate(latitude: 0, longitude: 0.002)
    let leg = PolylineTests.leg
    let place = PolylineTests.corner.project(point, between: 0.5 * leg, and: 1.5 * leg)
    #expect(abs(place.metresAlong - 0.5 * leg) < 0.01)
    #expect(abs(place.metresOff - 0.3 * leg) < 0.01)
    let late = PolylineTests.corner.project(point, between: 1.2 * leg, and: 1.5 * leg)
    #expect(abs(late.metresAlong - 1.2 * leg) < 0.01)
  }

  @Test func aLineOfOnePointIsAPlace() {
    let line = Polyline([Coordinate(latitude: 50, longitude: 30)])
    let place = line.project(Coordinate(latitude: 50.001, longitude: 30))
    #expect(place.metresAlong == 0)
    #expect(abs(place.metresOff - 111.195) < 0.01)
    #expect(line.coordinate(atMetres: 5) == line.points[0])
    #expect(line.lengthMetres == 0)
  }

  @Test func aPlaceOnTheLineComesBack() {
    var generator = SeededGenerator(seed: 3)
    for _ in 0..<200 {
      var point = Coordinate(latitude: 56.95, longitude: 24.1)
      var points = [point]
      // Always north-east, so that no other part of the line is as near.
      for _ in 0..<generator.integer(in: 1...40) {
        point.latitude += 0.0001 + generator.fraction() * 0.002
        point.longitude += 0.0001 + generator.fraction() * 0.002
        points.append(point)
      }
      let line = Polyline(points)
      let metres = generator.fraction() * line.lengthMetres
      let place = line.project(line.coordinate(atMetres: metres))
      #expect(place.metresOff < 0.01)
      // The plane is within 0.1 % of the sphere over a city.
      #expect(abs(place.metresAlong - metres) < 1)
    }
  }

  @Test func theProjectionIsTheNearestOfAllPoints() {
    var generator = SeededGenerator(seed: 4)
    let points = (0..<30).map { _ in
      Coordinate(
        latitude: 50 + generator.fraction() * 0.02, longitude: 30 + generator.fraction() * 0.02)
    }
    let line = Polyline(points)
    for _ in 0..<100 {
      let point = Coordinate(
        latitude: 50 + generator.fraction() * 0.02, longitude: 30 + generator.fraction() * 0.02)
      let place = line.project(point)
      let sampled = stride(from: 0, through: line.lengthMetres, by: 20).map {
        line.coordinate(atMetres: $0).metres(to: point)
      }
      #expect(place.metresOff <= (sampled.min() ?? 0) + 1)
      let there = line.coordinate(atMetres: place.metresAlong).metres(to: point)
      #expect(abs(there - place.metresOff) < 2)
    }
  }

  @Test func aStreetDrivenThereAndBackIsPassedTwice() {
    let street = Polyline([
      Coordinate(latitude: 50, longitude: 30), Coordinate(latitude: 50, longitude: 30.02),
      Coordinate(latitude: 50, longitude: 30),
    ])
    let places = street.nearPlaces(Coordinate(latitude: 50, longitude: 30.005), withinMetres: 50)
    #expect(places.count == 2)
    #expect(places[0].metresAlong < street.lengthMetres / 2)
    #expect(abs(places[0].metresAlong + places[1].metresAlong - street.lengthMetres) < 0.01)
  }
}

/// Where the stops of a pattern lie on a shape that passes them more than once.
struct StopPlacingTests {
  private func network(shape: [(Double, Double)], stops: [(String, Double, Double)]) throws
    -> Network
  {
    var feed = SmallFeed()
    feed.files["calendar.txt"] = """
      service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date
      wk,1,1,1,1,1,0,0,20260101,20261231
      """
    feed.files["calendar_dates.txt"] = nil
    feed.files["frequencies.txt"] = nil
    var unique: [String: String] = [:]
    for stop in stops { unique[stop.0] = "\(stop.0),S,\(stop.1),\(stop.2)" }
    feed.files["stops.txt"] =
      "stop_id,stop_name,stop_lat,stop_lon\n" + unique.values.sorted().joined(separator: "\n")
    feed.files["shapes.txt"] =
      "shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence\n"
      + shape.enumerated().map { "s1,\($1.0),\($1.1),\($0)" }.joined(separator: "\n")
    feed.files["trips.txt"] =
      "route_id,service_id,trip_id,direction_id,shape_id\nbus-1,wk,t1,0,s1"
    feed.files["stop_times.txt"] =
      "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
      + stops.enumerated().map { index, stop in
        let clock = clockText(seconds: 28_800 + index * 300)
        return "t1,\(clock),\(clock),\(stop.0),\(index)"
      }.joined(separator: "\n")
    return try feed.read().network
  }

  @Test func aRingBeginsAndEndsAtOneStop() throws {
    let network = try network(
      shape: [(50, 30), (50, 30.02), (50.01, 30.02), (50.01, 30), (50, 30)],
      stops: [("a", 50, 30), ("b", 50, 30.02), ("c", 50.01, 30), ("a", 50, 30)])
    let pattern = network.patterns[0]
    let line = network.line(ofPattern: 0)
    #expect(pattern.stopMetres.count == 4)
    #expect(abs(pattern.stopMetres[0]) < 0.01)
    #expect(abs(pattern.stopMetres[1] - line.metres[1]) < 0.01)
    #expect(abs(pattern.stopMetres[2] - line.metres[3]) < 0.01)
    #expect(abs(pattern.stopMetres[3] - line.lengthMetres) < 0.01)
  }

  @Test func aStreetThereAndBackKeepsTheOrder() throws {
    let network = try network(
      shape: [(50, 30), (50, 30.03), (50.0001, 30.03), (50.0001, 30)],
      stops: [
        ("a", 49.9999, 30.005), ("b", 49.9999, 30.02), ("b2", 50.0002, 30.02),
        ("a2", 50.0002, 30.005),
      ])
    let metres = network.patterns[0].stopMetres
    let length = network.line(ofPattern: 0).lengthMetres
    let step = 71.47 * 5
    #expect(abs(metres[0] - step) < 5)
    #expect(abs(metres[1] - 4 * step) < 5)
    #expect(abs(metres[2] - (length - 4 * step)) < 15)
    #expect(abs(metres[3] - (length - step)) < 15)
  }

  @Test func neighboursInTheWrongOrderStandBesideEachOther() throws {
    let network = try network(
      shape: [(50, 30), (50, 30.03)],
      stops: [("a", 50, 30), ("c", 50, 30.011), ("b", 50, 30.01), ("d", 50, 30.02)])
    let metres = network.patterns[0].stopMetres
    #expect(network.patterns[0].shapeIndex == 0)
    #expect(metres[1] == metres[2])
    #expect(metres[2] < metres[3])
  }
}
