import Basics

extension FeedBuild {
  /// The stops that some trips of a route drive, in a direction or in one not told.
  private struct Course: Hashable {
    var route: Int
    var direction: Int?
    var stops: [Int32]
  }

  /// Trips of a course, and how many of them follow which shape.
  private struct Tally {
    var trips = 0
    var shapes: [Int: Int] = [:]
  }

  /// Makes the distinct sequences of stops of each route and direction.
  mutating func makePatterns() {
    var places: [Course: Int] = [:]
    var courses: [Course] = []
    var tallies: [Tally] = []
    var courseOfTrip: [Int?] = []
    for (trip, raw) in rawTrips.enumerated() {
      let calls = rawCalls[callRanges[trip]]
      guard !calls.isEmpty else {
        courseOfTrip.append(nil)
        continue
      }
      let course = Course(
        route: raw.routeIndex, direction: raw.direction, stops: calls.map(\.stop))
      let place = places[course] ?? courses.count
      if place == courses.count {
        places[course] = place
        courses.append(course)
        tallies.append(Tally())
      }
      tallies[place].trips += 1
      if let shape = raw.shapeIndex { tallies[place].shapes[shape, default: 0] += 1 }
      courseOfTrip.append(place)
    }
    let directed = withDirections(courses, tallies)
    let merged = merge(directed, tallies)
    content.patterns = merged.patterns
    patternOfRawTrip = courseOfTrip.map { $0.map { merged.patternOfCourse[$0] } }
  }

  /// Gives each course without a direction the one its stops speak for.
  ///
  /// A course runs against the route's most driven one when its ends lie nearer to the opposite
  /// ends of that one; the most driven one itself is direction 0.
  private func withDirections(_ courses: [Course], _ tallies: [Tally]) -> [Course] {
    guard courses.contains(where: { $0.direction == nil }) else { return courses }
    var main: [Int: Int] = [:]
    for index in courses.indices {
      guard let best = main[courses[index].route] else {
        main[courses[index].route] = index
        continue
      }
      if isMoreTelling(index, than: best, courses, tallies) { main[courses[index].route] = index }
    }
    return courses.map { course in
      guard course.direction == nil, let best = main[course.route] else { return course }
      var directed = course
      let reference = courses[best].direction ?? 0
      directed.direction = runsAgainst(course, courses[best]) ? 1 - reference : reference
      return directed
    }
  }

  private func isMoreTelling(
    _ index: Int, than best: Int, _ courses: [Course], _ tallies: [Tally]
  ) -> Bool {
    let rank = { (direction: Int?) in direction ?? 2 }
    let left = courses[index]
    let right = courses[best]
    if left.direction != right.direction { return rank(left.direction) < rank(right.direction) }
    if tallies[index].trips != tallies[best].trips {
      return tallies[index].trips > tallies[best].trips
    }
    return left.stops.lexicographicallyPrecedes(right.stops)
  }

  private func runsAgainst(_ course: Course, _ main: Course) -> Bool {
    let metres = { (left: Int32, right: Int32) in
      self.content.stops[Int(left)].coordinate.metres(
        to: self.content.stops[Int(right)].coordinate)
    }
    let start = course.stops[0]
    let end = course.stops[course.stops.count - 1]
    let mainStart = main.stops[0]
    let mainEnd = main.stops[main.stops.count - 1]
    return metres(start, mainEnd) + metres(end, mainStart)
      < metres(start, mainStart) + metres(end, mainEnd)
  }

  /// Makes one pattern of equal courses, in the network's order.
  private mutating func merge(
    _ courses: [Course], _ tallies: [Tally]
  ) -> (patterns: [Pattern], patternOfCourse: [Int]) {
    var sums: [Course: Tally] = [:]
    for (course, tally) in zip(courses, tallies) {
      sums[course, default: Tally()].trips += tally.trips
      sums[course, default: Tally()].shapes.merge(tally.shapes, uniquingKeysWith: +)
    }
    let sorted = sums.sorted { left, right in
      if left.key.route != right.key.route { return left.key.route < right.key.route }
      let leftDirection = left.key.direction ?? 0
      let rightDirection = right.key.direction ?? 0
      if leftDirection != rightDirection { return leftDirection < rightDirection }
      if left.value.trips != right.value.trips { return left.value.trips > right.value.trips }
      return left.key.stops.lexicographicallyPrecedes(right.key.stops)
    }
    var places: [Course: Int] = [:]
    for (index, entry) in sorted.enumerated() { places[entry.key] = index }
    let patterns = sorted.map { pattern($0.key, $0.value) }
    return (patterns, courses.map { places[$0] ?? 0 })
  }

  private mutating func pattern(_ course: Course, _ tally: Tally) -> Pattern {
    let stops = course.stops.map { content.stops[Int($0)].coordinate }
    let shape = tally.shapes.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key
    let onShape = shape.flatMap { content.shapes[$0].line.metresAlong(stops) }
    if let shape, onShape == nil {
      log.add(
        "shapes.txt", nil, "shape_off_stops",
        "shape \(content.shapes[shape].id) does not pass the stops of route "
          + "\(content.routes[course.route].id) in their order within "
          + "\(Int(Polyline.stopOffMetresMax)) m; straight lines are taken")
    }
    return Pattern(
      routeIndex: course.route, direction: course.direction ?? 0, stopIndexes: course.stops,
      tripCount: tally.trips, shapeIndex: onShape == nil ? nil : shape,
      stopMetres: onShape ?? Polyline(stops).metres)
  }
}
