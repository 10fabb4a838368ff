import Basics

/// A call of a trip at a stop as its row says.
struct RawCall {
  /// Place in `FeedBuild.rawTrips`.
  var trip: Int32
  var stop: Int32
  var sequence: Int32
  /// Seconds of the service day; `RawCall.unknown` when the feed does not say.
  var arrival: Int32
  var departure: Int32
  var line: Int32
  var isBoarding: Bool
  var isAlighting: Bool
  /// Whether the feed means its times to be kept, not to be about right.
  var isExact: Bool

  static let unknown: Int32 = -1
}

extension FeedBuild {
  /// Most stops of one trip; what is longer is no trip, and would take minutes to lay on its shape.
  static let callsPerTripMax = 1000

  /// The columns of `stop_times.txt`, looked up once for all rows.
  private struct CallColumns {
    let trip: Int
    let stop: Int
    let sequence: Int
    let arrival: Int?
    let departure: Int?
    let pickup: Int?
    let dropOff: Int?
    let timepoint: Int?

    init?(_ header: CSVHeader) {
      guard let trip = header["trip_id"], let stop = header["stop_id"],
        let sequence = header["stop_sequence"]
      else { return nil }
      self.trip = trip
      self.stop = stop
      self.sequence = sequence
      arrival = header["arrival_time"]
      departure = header["departure_time"]
      pickup = header["pickup_type"]
      dropOff = header["drop_off_type"]
      timepoint = header["timepoint"]
    }
  }

  /// Reads when trips call where.
  mutating func readCalls() throws(FeedFault) {
    let required = ["trip_id", "stop_id", "stop_sequence"]
    var table = try requiredTable("stop_times.txt", required)
    guard let columns = CallColumns(table.header) else { return }
    var calls: [RawCall] = []
    // Rows of a trip mostly stand together: the trip before is compared first.
    var lastTrip = -1
    while table.next(&log) {
      if lastTrip < 0 || !rawTripIDs.isName(lastTrip, table.reader.unsafeBytes(columns.trip)) {
        guard let trip = trip(columns.trip, table) else { continue }
        lastTrip = trip
      }
      guard let call = rawCall(lastTrip, columns, table) else { continue }
      calls.append(call)
    }
    close(table)
    group(calls)
    for trip in rawTrips.indices { clean(trip) }
  }

  private mutating func trip(_ column: Int, _ table: FeedTable) -> Int? {
    if let trip = table.find(column, in: rawTripIDs) { return trip }
    if table.find(column, in: brokenTripIDs) == nil {
      log.add(
        table.file, table.line, "unknown_trip",
        "trip_id \(table.reader.text(column)) is not in trips.txt; the row is left out")
    }
    return nil
  }

  private mutating func rawCall(
    _ trip: Int, _ columns: CallColumns, _ table: FeedTable
  ) -> RawCall? {
    guard let stop = table.find(columns.stop, in: stopIDs) else {
      log.add(
        table.file, table.line, "unknown_stop",
        "stop_id \(table.reader.text(columns.stop)) is not in stops.txt, or was left out; "
          + "the row is left out")
      return nil
    }
    guard let sequence = table.reader.integer(columns.sequence),
      let packed = Int32(exactly: sequence), packed >= 0
    else {
      log.add(
        table.file, table.line, "bad_sequence",
        "stop_sequence is not a whole number; the row is left out")
      return nil
    }
    var arrival = seconds(columns.arrival, table)
    var departure = seconds(columns.departure, table)
    if arrival == RawCall.unknown { arrival = departure }
    if departure == RawCall.unknown { departure = arrival }
    if departure < arrival {
      log.add(
        table.file, table.line, "time_goes_back",
        "departure_time is before arrival_time; the arrival is taken for both")
      departure = arrival
    }
    return RawCall(
      trip: Int32(trip), stop: Int32(stop), sequence: packed, arrival: arrival,
      departure: departure, line: Int32(table.line),
      isBoarding: table.reader.integer(columns.pickup) != 1,
      isAlighting: table.reader.integer(columns.dropOff) != 1,
      isExact: table.reader.integer(columns.timepoint) != 0)
  }

  private mutating func seconds(_ column: Int?, _ table: FeedTable) -> Int32 {
    if let seconds = table.clockSeconds(column) { return seconds }
    if !table.reader.isEmpty(column) {
      log.add(
        table.file, table.line, "bad_time",
        "'\(table.reader.text(column))' is not a time such as 25:05:00; it is taken from the "
          + "distance between the stops around")
    }
    return RawCall.unknown
  }

  /// Puts the calls of a trip together and in order.
  private mutating func group(_ calls: [RawCall]) {
    var starts = Array(repeating: 0, count: rawTrips.count + 1)
    for call in calls { starts[Int(call.trip) + 1] += 1 }
    for trip in rawTrips.indices { starts[trip + 1] += starts[trip] }
    var next = starts
    var order = Array(repeating: Int32(0), count: calls.count)
    for (index, call) in calls.enumerated() {
      order[next[Int(call.trip)]] = Int32(index)
      next[Int(call.trip)] += 1
    }
    rawCalls = order.map { calls[Int($0)] }
    callRanges = rawTrips.indices.map { starts[$0]..<starts[$0 + 1] }
    for range in callRanges {
      let isSorted = range.dropFirst().allSatisfy {
        rawCalls[$0 - 1].sequence <= rawCalls[$0].sequence
      }
      if !isSorted { rawCalls[range].sort { $0.sequence < $1.sequence } }
    }
  }

  /// Leaves out a trip's calls that stand twice, and the trip when it cannot be driven.
  private mutating func clean(_ trip: Int) {
    let range = callRanges[trip]
    var end = range.lowerBound
    var clock: Int32 = 0
    for index in range {
      var call = rawCalls[index]
      if end > range.lowerBound, rawCalls[end - 1].sequence == call.sequence {
        log.add(
          "stop_times.txt", Int(call.line), "duplicate_sequence",
          "trip \(rawTrips[trip].id) has stop_sequence \(call.sequence) twice; the first is kept")
        continue
      }
      if call.arrival != RawCall.unknown {
        if call.arrival < clock {
          log.add(
            "stop_times.txt", Int(call.line), "time_goes_back",
            "trip \(rawTrips[trip].id) arrives before it left the stop before; the time is taken "
              + "from the distance between the stops around")
          call.arrival = RawCall.unknown
          call.departure = RawCall.unknown
        } else {
          clock = call.departure
        }
      }
      rawCalls[end] = call
      end += 1
    }
    callRanges[trip] = range.lowerBound..<end
    guard let (code, why) = faultOfTrip(callRanges[trip]) else { return }
    callRanges[trip] = range.lowerBound..<range.lowerBound
    log.add(
      "trips.txt", rawTrips[trip].line, code,
      "trip \(rawTrips[trip].id) \(why); it is left out")
  }

  /// Why a trip with these calls cannot be driven; nil when it can.
  private func faultOfTrip(_ calls: Range<Int>) -> (code: String, why: String)? {
    if calls.count < 2 { return ("few_stops", "has fewer than two usable stop times") }
    if calls.count > FeedBuild.callsPerTripMax {
      return ("many_stops", "has more than \(FeedBuild.callsPerTripMax) stop times")
    }
    let isTimed =
      rawCalls[calls.lowerBound].arrival != RawCall.unknown
      && rawCalls[calls.upperBound - 1].arrival != RawCall.unknown
    return isTimed ? nil : ("no_time", "has no usable time at its first or last stop")
  }
}
