import Basics
import Transit

/// What a tap says, as JSON for people, with the name of the medium in place of the token.
package enum TapContent {
  /// The tap as one JSON object.
  package static func json(_ tap: Tap, tokenKey: TokenKey) -> String {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("seq", tap.seq)
    writer.member("at", tap.at.description)
    writer.member("kind", tap.kind.rawValue)
    writer.member("medium", tap.medium.rawValue)
    writer.member(
      "medium_id", tokenKey.mediumID(kind: tap.medium, token: tap.token).description)
    writer.member("riders", tap.riders)
    switch tap.result {
    case .accepted: writer.member("result", "accepted")
    case .denied(let reason):
      writer.member("result", "denied")
      if let reason { writer.member("deny_reason", reason) }
    }
    if let vehicle = tap.vehicle { writer.member("vehicle", vehicle) }
    if let route = tap.route { writer.member("route", route) }
    if let direction = tap.direction { writer.member("direction", direction) }
    if let trip = tap.trip { writer.member("trip", trip) }
    if let stop = tap.stop { writer.member("stop", stop) }
    if let zone = tap.zone { writer.member("zone", zone) }
    if let coordinate = tap.coordinate {
      writer.member("lat", coordinate.latitude)
      writer.member("lon", coordinate.longitude)
    }
    writer.endObject()
    return String(decoding: writer.bytes, as: UTF8.self)
  }
}
