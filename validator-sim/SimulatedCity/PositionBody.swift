package import Basics

/// The body of `POST /v1/positions`.
package struct PositionBody {
  private var writer = JSONWriter()
  /// Positions written.
  package private(set) var count = 0

  /// Starts a body of a device.
  package init(device: String, sentAt: Instant) {
    writer.beginObject()
    writer.member("device", device)
    writer.member("sent_at", sentAt.description)
    writer.key("positions")
    writer.beginArray()
  }

  /// Adds a position; what is nil is left out.
  package mutating func add(
    at: Instant, vehicle: String, coordinate: Coordinate, speedMetresPerSecond: Double? = nil,
    bearingDegrees: Double? = nil, trip: String? = nil, route: String? = nil,
    isDoorOpen: Bool? = nil
  ) {
    writer.beginObject()
    writer.member("at", at.description)
    writer.member("vehicle", vehicle)
    writer.member("lat", coordinate.latitude)
    writer.member("lon", coordinate.longitude)
    if let speedMetresPerSecond { writer.member("speed_mps", speedMetresPerSecond) }
    if let bearingDegrees { writer.member("bearing", bearingDegrees) }
    if let trip { writer.member("trip", trip) }
    if let route { writer.member("route", route) }
    if let isDoorOpen { writer.member("door", isDoorOpen ? "open" : "closed") }
    writer.endObject()
    count += 1
  }

  /// The body as bytes.
  package func finished() -> [UInt8] {
    var copy = writer
    copy.endArray()
    copy.endObject()
    return copy.bytes
  }
}
