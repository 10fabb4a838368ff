package import Basics

/// What the service says about one tap: a line of `GET /v1/audit/taps`.
package struct AuditedTap: Hashable, Sendable {
  package var seq: Int64
  /// When it happened: as the device said, or corrected; nil while the service has not read it.
  package var at: Instant?
  /// Where the tap stands on its way: `rated`, `quarantined`, …; empty when not said.
  package var state: String
  package var medium: String?
  package var riders: Int?
  package var vehicle: String?
  package var route: String?
  package var direction: Int?
  /// Where the rider boarded, as the service found out.
  package var stop: String?
  /// Where the rider got off, as the service found out.
  package var alightStop: String?

  /// Makes a tap with nothing but its number, moment and state.
  package init(seq: Int64, at: Instant?, state: String = "") {
    self.seq = seq
    self.at = at
    self.state = state
  }

  /// Reads one line of JSON; keys that are not known are read over.
  package init(json: [UInt8]) throws(JSONFault) {
    var reader = JSONReader(json)
    var seq: Int64?
    var tap = AuditedTap(seq: 0, at: nil)
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "seq": seq = try reader.int64()
      case "at": tap.at = reader.takeNull() ? nil : try Self.instant(&reader)
      case "state": tap.state = try reader.stringOrNil() ?? ""
      case "medium": tap.medium = try reader.stringOrNil()
      case "riders": tap.riders = try reader.int64OrNil().map { Int($0) }
      case "vehicle": tap.vehicle = try reader.stringOrNil()
      case "route": tap.route = try reader.stringOrNil()
      case "direction": tap.direction = try reader.int64OrNil().map { Int($0) }
      case "stop": tap.stop = try reader.stringOrNil()
      case "off_stop", "alight_stop": tap.alightStop = try reader.stringOrNil()
      default: try reader.skipValue()
      }
    }
    try reader.finish()
    guard let seq else { throw reader.fault(at: "seq", "is missing") }
    tap.seq = seq
    self = tap
  }

  private static func instant(_ reader: inout JSONReader) throws(JSONFault) -> Instant {
    let text = try reader.string()
    guard let instant = Instant(iso8601: text) else {
      throw reader.fault("is not a time in ISO 8601 with an offset")
    }
    return instant
  }

  /// Reads a body of lines; empty lines are passed over.
  package static func lines(_ body: [UInt8]) throws(JSONFault) -> [AuditedTap] {
    var taps: [AuditedTap] = []
    for line in body.split(separator: 10) where !line.isEmpty {
      taps.append(try AuditedTap(json: Array(line)))
    }
    return taps
  }
}
