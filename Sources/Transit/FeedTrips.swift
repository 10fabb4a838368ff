import Basics

/// A trip as its row says, before its stops are known.
struct RawTrip {
  var id: String
  var routeIndex: Int
  var serviceIndex: Int
  /// 0 or 1; nil when the feed does not say.
  var direction: Int?
  var headsign: String
  var shapeIndex: Int?
  var block: String?
  var line: Int
}

extension FeedBuild {
  /// Reads the runs of vehicles.
  mutating func readTrips() throws(FeedFault) {
    var table = try requiredTable("trips.txt", ["route_id", "service_id", "trip_id"])
    guard let idColumn = table.header["trip_id"] else { return }
    while table.next(&log) {
      guard let id = table.requiredName(idColumn, &log) else { continue }
      guard table.find(idColumn, in: rawTripIDs) == nil else {
        log.add(
          table.file, table.line, "duplicate_id",
          "trip_id \(id) is there twice; the first is kept")
        continue
      }
      if let trip = rawTrip(id, table) {
        rawTripIDs.append(id)
        rawTrips.append(trip)
      } else {
        brokenTripIDs.append(id)
      }
    }
    close(table)
  }

  private mutating func rawTrip(_ id: String, _ table: FeedTable) -> RawTrip? {
    let reader = table.reader
    let header = table.header
    guard let routeColumn = header["route_id"], let serviceColumn = header["service_id"] else {
      return nil
    }
    guard let route = table.find(routeColumn, in: routeIDs) else {
      log.add(
        table.file, table.line, "unknown_route",
        "route_id \(reader.text(routeColumn)) of trip \(id) is not in routes.txt, or was left out; "
          + "the trip is left out")
      return nil
    }
    guard let service = table.find(serviceColumn, in: serviceIDs) else {
      log.add(
        table.file, table.line, "unknown_service",
        "service_id \(reader.text(serviceColumn)) of trip \(id) is in no calendar; "
          + "the trip is left out")
      return nil
    }
    return RawTrip(
      id: id, routeIndex: route, serviceIndex: service, direction: direction(table),
      headsign: reader.text(header["trip_headsign"]), shapeIndex: shapeIndex(table),
      block: table.optionalText(header["block_id"]), line: table.line)
  }

  private mutating func direction(_ table: FeedTable) -> Int? {
    let column = table.header["direction_id"]
    if table.reader.isEmpty(column) { return nil }
    let direction = table.reader.integer(column)
    if direction == 0 || direction == 1 { return direction }
    log.add(
      table.file, table.line, "direction_id",
      "direction_id '\(table.reader.text(column))' is neither 0 nor 1; "
        + "the direction is found from the stops")
    return nil
  }

  private mutating func shapeIndex(_ table: FeedTable) -> Int? {
    guard let column = table.header["shape_id"], !table.reader.isEmpty(column) else { return nil }
    if let shape = table.find(column, in: shapeIDs) { return shape }
    if table.find(column, in: brokenShapeIDs) == nil {
      log.add(
        table.file, table.line, "unknown_shape",
        "shape_id \(table.reader.text(column)) is not in shapes.txt")
    }
    return nil
  }
}
