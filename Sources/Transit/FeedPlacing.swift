import Basics

extension FeedBuild {
  /// Puts the trips in the network's order, and their calls with all times.
  mutating func placeTrips() {
    let order = tripOrder()
    content.trips.reserveCapacity(order.count)
    content.stopTimes.reserveCapacity(rawCalls.count)
    for raw in order {
      guard let pattern = patternOfRawTrip[raw] else { continue }
      let start = content.stopTimes.count
      appendCalls(raw, metres: content.patterns[pattern].stopMetres)
      let trip = rawTrips[raw]
      content.trips.append(
        Trip(
          id: trip.id, routeIndex: trip.routeIndex, serviceIndex: trip.serviceIndex,
          direction: content.patterns[pattern].direction, headsign: trip.headsign,
          shapeIndex: trip.shapeIndex, patternIndex: pattern, block: trip.block,
          stopTimes: start..<content.stopTimes.count))
    }
    rawCalls = []
    callRanges = []
  }

  /// Raw trips with calls, by route, direction, first departure and id.
  private func tripOrder() -> [Int] {
    let keys = rawTrips.indices.map { raw in
      guard let pattern = patternOfRawTrip[raw] else { return (0, 0, Int32(0)) }
      let departure = rawCalls[callRanges[raw].lowerBound].departure
      return (rawTrips[raw].routeIndex, content.patterns[pattern].direction, departure)
    }
    return rawTrips.indices.filter { patternOfRawTrip[$0] != nil }.sorted { left, right in
      if keys[left] != keys[right] { return keys[left] < keys[right] }
      return rawTrips[left].id < rawTrips[right].id
    }
  }

  /// Adds a trip's calls, of which the first and the last have times.
  ///
  /// A time the feed does not give lies between those around it as the stop does along the way.
  private mutating func appendCalls(_ raw: Int, metres: [Double]) {
    let range = callRanges[raw]
    var known = range.lowerBound
    for index in range where rawCalls[index].arrival != RawCall.unknown {
      let start = rawCalls[known].departure
      let seconds = Double(rawCalls[index].arrival - start)
      let from = metres[known - range.lowerBound]
      let span = metres[index - range.lowerBound] - from
      for between in (known + 1)..<max(index, known + 1) {
        let share =
          span > 0
          ? (metres[between - range.lowerBound] - from) / span
          : Double(between - known) / Double(index - known)
        let clock = start + Int32((seconds * share).rounded())
        append(rawCalls[between], arrival: clock, departure: clock)
      }
      append(
        rawCalls[index], arrival: rawCalls[index].arrival, departure: rawCalls[index].departure)
      known = index
    }
  }

  private mutating func append(_ call: RawCall, arrival: Int32, departure: Int32) {
    content.stopTimes.append(
      StopTime(
        arrivalSeconds: arrival, departureSeconds: departure, stopIndex: call.stop,
        sequence: call.sequence, isBoarding: call.isBoarding, isAlighting: call.isAlighting,
        isTimepoint: call.isExact && call.arrival != RawCall.unknown))
  }

  /// Reads headways of trips that repeat.
  mutating func readFrequencies() throws(FeedFault) {
    let required = ["trip_id", "start_time", "end_time", "headway_secs"]
    guard var table = try optionalTable("frequencies.txt", required),
      let tripColumn = table.header["trip_id"]
    else { return }
    let trips = IDIndex(content.trips.map(\.id))
    while table.next(&log) {
      guard let trip = table.find(tripColumn, in: trips) else {
        log.add(
          table.file, table.line, "unknown_trip",
          "trip_id \(table.reader.text(tripColumn)) is not in trips.txt, or was left out")
        continue
      }
      guard let start = table.clockSeconds(table.header["start_time"]),
        let end = table.clockSeconds(table.header["end_time"]), start < end,
        let headway = table.reader.integer(table.header["headway_secs"]),
        (1...86_400).contains(headway)
      else {
        log.add(
          table.file, table.line, "bad_frequency",
          "start_time, end_time and headway_secs (1 to 86400) do not make a headway")
        continue
      }
      content.frequencies.append(
        Frequency(
          tripIndex: trip, startSeconds: Int(start), endSeconds: Int(end),
          headwaySeconds: headway,
          isExact: table.reader.integer(table.header["exact_times"]) == 1))
    }
    close(table)
    content.frequencies.sort {
      ($0.tripIndex, $0.startSeconds, $0.endSeconds) < (
        $1.tripIndex, $1.startSeconds, $1.endSeconds
      )
    }
  }
}
