import Basics

extension FeedBuild {
  /// A stop with the name of the station it belongs to.
  private struct RawStop {
    var stop: Stop
    var parent: String?
    var line: Int
    var hasCoordinate: Bool
  }

  /// Reads the places.
  mutating func readStops() throws(FeedFault) {
    var table = try requiredTable("stops.txt", ["stop_id"])
    let idColumn = table.header["stop_id"]
    var raw: [RawStop] = []
    var ids = IDIndex()
    while table.next(&log) {
      guard let id = table.requiredName(idColumn, &log) else { continue }
      guard !ids.contains(id) else {
        log.add(
          table.file, table.line, "duplicate_id",
          "stop_id \(id) is there twice; the first is kept")
        continue
      }
      ids.append(id)
      raw.append(rawStop(id, table))
    }
    close(table)
    inheritPlaces(&raw)
    raw.removeAll { !$0.hasCoordinate }
    raw.sort { $0.stop.id < $1.stop.id }
    stopIDs = IDIndex(raw.map(\.stop.id))
    content.stops = raw.map(\.stop)
    for (index, stop) in raw.enumerated() {
      guard let parent = stop.parent else { continue }
      if let found = stopIDs.find(parent), found != index {
        content.stops[index].parentIndex = found
      } else {
        log.add(
          table.file, stop.line, "unknown_parent",
          "parent_station \(parent) of stop \(stop.stop.id) is not in stops.txt")
      }
    }
  }

  private mutating func rawStop(_ id: String, _ table: FeedTable) -> RawStop {
    let reader = table.reader
    let header = table.header
    let typeColumn = header["location_type"]
    var kind = StopKind.stop
    if !reader.isEmpty(typeColumn) {
      if let known = reader.integer(typeColumn).flatMap(StopKind.init(rawValue:)) {
        kind = known
      } else {
        log.add(
          table.file, table.line, "location_type",
          "location_type '\(reader.text(typeColumn))' of stop \(id) is not known; read as a stop")
      }
    }
    let latitude = reader.decimal(header["stop_lat"])
    let longitude = reader.decimal(header["stop_lon"])
    let coordinate = Coordinate(latitude: latitude ?? 0, longitude: longitude ?? 0)
    let name = reader.text(header["stop_name"])
    if name.isEmpty, kind == .stop || kind == .station {
      log.add(table.file, table.line, "no_name", "stop \(id) has no name")
    }
    return RawStop(
      stop: Stop(
        id: id, code: reader.text(header["stop_code"]), name: name, coordinate: coordinate,
        zone: table.optionalText(header["zone_id"]), kind: kind),
      parent: table.optionalText(header["parent_station"]), line: table.line,
      hasCoordinate: latitude != nil && longitude != nil && coordinate.isPlausible)
  }

  /// Gives a place without coordinates those of its station, or leaves it out.
  private mutating func inheritPlaces(_ raw: inout [RawStop]) {
    let ids = IDIndex(raw.map(\.stop.id))
    for index in raw.indices where !raw[index].hasCoordinate {
      // Boarding areas belong to stops, and those to stations: two steps up at most.
      var above = index
      for _ in 0..<2 {
        guard let parent = raw[above].parent.flatMap(ids.find) else { break }
        above = parent
        if raw[above].hasCoordinate { break }
      }
      if raw[above].hasCoordinate {
        raw[index].stop.coordinate = raw[above].stop.coordinate
        raw[index].hasCoordinate = true
      } else {
        log.add(
          "stops.txt", raw[index].line, "bad_coordinate",
          "stop \(raw[index].stop.id) has no place on the earth in stop_lat and stop_lon; "
            + "it is left out")
      }
    }
  }
}
