import Basics

/// The JSON body of `POST /v1/positions`.
package enum PositionReportJSON {
  /// Reads a report; what is malformed is refused as a whole, with its place.
  ///
  /// Keys that are not known are read over, so that newer devices may say more. Positions that are
  /// well formed and yet impossible pass here; ``PositionAdmission`` counts them.
  package static func decode(_ bytes: [UInt8]) throws(PositionReportFault) -> PositionReport {
    guard bytes.count <= PositionReport.bodyBytesMax else {
      throw PositionReportFault(
        kind: .tooLarge, pointer: "",
        message: "has \(bytes.count) bytes, more than \(PositionReport.bodyBytesMax); "
          + "send it in parts")
    }
    var reader = PositionReportReader(reader: JSONReader(bytes))
    do {
      return try reader.report()
    } catch {
      throw PositionReportFault(
        kind: reader.hasTooMany ? .tooLarge : .malformed, pointer: error.pointer,
        message: error.message)
    }
  }

  /// Writes a report as ``decode(_:)`` reads it.
  package static func encode(_ report: PositionReport) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("device", report.device)
    writer.member("sent_at", report.sentAt.description)
    writer.key("positions")
    writer.beginArray()
    for position in report.positions { write(position, to: &writer) }
    writer.endArray()
    writer.endObject()
    return writer.bytes
  }

  private static func write(_ position: Position, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("at", position.at.description)
    writer.member("vehicle", position.vehicle)
    writer.member("lat", position.coordinate.latitude)
    writer.member("lon", position.coordinate.longitude)
    if let speed = position.speedMetresPerSecond { writer.member("speed_mps", speed) }
    if let bearing = position.bearingDegrees { writer.member("bearing", bearing) }
    if let trip = position.trip { writer.member("trip", trip) }
    if let route = position.route { writer.member("route", route) }
    if let door = position.door { writer.member("door", door.rawValue) }
    if let passengers = position.passengers { writer.member("passengers", passengers) }
    writer.endObject()
  }
}

/// Takes a report out of a JSON text.
private struct PositionReportReader {
  var reader: JSONReader

  private(set) var hasTooMany = false

  init(reader: JSONReader) { self.reader = reader }

  mutating func report() throws(JSONFault) -> PositionReport {
    var device: String?
    var sentAt: Instant?
    var positions: [Position]?
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "device": device = try name()
      case "sent_at": sentAt = try reader.instant()
      case "positions": positions = try list()
      default: try reader.skipValue()
      }
    }
    try reader.finish()
    guard let device else { throw missing("device") }
    guard let sentAt else { throw missing("sent_at") }
    guard let positions else { throw missing("positions") }
    return PositionReport(device: device, sentAt: sentAt, positions: positions)
  }

  private func missing(_ key: String) -> JSONFault { reader.fault(at: key, "is missing") }

  private mutating func list() throws(JSONFault) -> [Position] {
    var positions: [Position] = []
    try reader.beginArray()
    while try reader.nextElement() {
      guard positions.count < PositionReport.positionsMax else {
        hasTooMany = true
        throw JSONFault(
          pointer: "/positions",
          message: "has more than \(PositionReport.positionsMax) positions; send them in parts")
      }
      positions.append(try position())
    }
    return positions
  }

  private mutating func position() throws(JSONFault) -> Position {
    var vehicle: String?
    var at: Instant?
    var latitude: Double?
    var longitude: Double?
    var rest = Position(
      vehicle: "", at: Instant(microseconds: 0), coordinate: Coordinate(latitude: 0, longitude: 0))
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "at": at = try reader.instant()
      case "vehicle": vehicle = try name()
      case "lat": latitude = try reader.double()
      case "lon": longitude = try reader.double()
      case "speed_mps": rest.speedMetresPerSecond = try reader.doubleOrNil()
      case "bearing": rest.bearingDegrees = try reader.doubleOrNil()
      case "trip": rest.trip = try nameOrNil()
      case "route": rest.route = try nameOrNil()
      case "door": rest.door = try door()
      case "passengers": rest.passengers = try reader.int64OrNil().map { Int($0) }
      default: try reader.skipValue()
      }
    }
    guard let at else { throw missing("at") }
    guard let vehicle else { throw missing("vehicle") }
    guard let latitude else { throw missing("lat") }
    guard let longitude else { throw missing("lon") }
    rest.vehicle = vehicle
    rest.at = at
    rest.coordinate = Coordinate(latitude: latitude, longitude: longitude)
    return rest
  }

  private mutating func name() throws(JSONFault) -> String {
    let text = try reader.string()
    guard (1...PositionReport.nameBytesMax).contains(text.utf8.count) else {
      throw reader.fault(
        "has \(text.utf8.count) bytes; a name has 1 to \(PositionReport.nameBytesMax)")
    }
    return text
  }

  private mutating func nameOrNil() throws(JSONFault) -> String? {
    reader.takeNull() ? nil : try name()
  }

  private mutating func door() throws(JSONFault) -> DoorState? {
    guard let text = try reader.stringOrNil() else { return nil }
    guard let state = DoorState(rawValue: text) else {
      throw reader.fault("is \"\(text)\"; a door is \"open\" or \"closed\"")
    }
    return state
  }
}
