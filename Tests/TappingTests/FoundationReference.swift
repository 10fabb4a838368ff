import Basics
import Foundation
import Tapping
import Transit

/// The JSON batch read by Foundation's JSONDecoder: an oracle for what is JSON and for values.
enum FoundationReference {
  private struct Batch: Decodable {
    var device: String
    var epoch: Int64
    var sentAt: String
    var tariffVersion: String?
    var denyListVersion: Int64?
    var taps: [Touch]

    enum CodingKeys: String, CodingKey {
      case device, epoch, taps
      case sentAt = "sent_at"
      case tariffVersion = "tariff_version"
      case denyListVersion = "deny_list_version"
    }
  }

  private struct Touch: Decodable {
    var seq: Int64
    var at: String
    var kind: String
    var medium: String
    var token: String
    var riders: Int64?
    var result: String?
    var denyReason: String?
    var vehicle: String?
    var route: String?
    var direction: Int64?
    var trip: String?
    var stop: String?
    var zone: String?
    var lat: Double?
    var lon: Double?

    enum CodingKeys: String, CodingKey {
      case seq, at, kind, medium, token, riders, result, vehicle, route, direction, trip, stop, zone
      case lat, lon
      case denyReason = "deny_reason"
    }
  }

  /// Takes any JSON value, as deep as it goes.
  private struct Anything: Decodable {
    init(from decoder: any Decoder) throws {
      if var list = try? decoder.unkeyedContainer() {
        while !list.isAtEnd { _ = try list.decode(Anything.self) }
      } else if let object = try? decoder.container(keyedBy: AnyKey.self) {
        for key in object.allKeys { _ = try object.decode(Anything.self, forKey: key) }
      } else {
        let value = try decoder.singleValueContainer()
        guard !value.decodeNil(), (try? value.decode(Bool.self)) == nil,
          (try? value.decode(String.self)) == nil
        else { return }
        _ = try value.decode(Double.self)
      }
    }
  }

  private struct AnyKey: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  /// Whether JSONDecoder finds JSON in bytes.
  static func isJSON(_ bytes: [UInt8]) -> Bool {
    (try? JSONDecoder().decode(Anything.self, from: Data(bytes))) != nil
  }

  /// What JSONDecoder reads; nil when it refuses the bytes or a value has no meaning.
  static func batch(_ bytes: [UInt8]) -> TapBatch? {
    guard let read = try? JSONDecoder().decode(Batch.self, from: Data(bytes)),
      let sentAt = Instant(iso8601: read.sentAt)
    else { return nil }
    let taps = read.taps.compactMap(tap)
    guard taps.count == read.taps.count else { return nil }
    return TapBatch(
      device: read.device, epoch: read.epoch, sentAt: sentAt, tariffVersion: read.tariffVersion,
      denyListVersion: read.denyListVersion, taps: taps)
  }

  private static func tap(_ read: Touch) -> Tap? {
    var text = read.token.replacing("-", with: "+").replacing("_", with: "/")
      .replacing("=", with: "")
    text += String(repeating: "=", count: (4 - text.count % 4) % 4)
    guard let at = Instant(iso8601: read.at), let kind = TapKind(rawValue: read.kind),
      let medium = MediumKind(rawValue: read.medium), let token = Data(base64Encoded: text)
    else { return nil }
    var tap = Tap(
      seq: read.seq, at: at, kind: kind, medium: medium, token: Array(token),
      riders: Int(read.riders ?? 1))
    if read.result == "denied" { tap.result = .denied(reason: read.denyReason) }
    tap.vehicle = read.vehicle
    tap.route = read.route
    tap.direction = read.direction.map { Int($0) }
    tap.trip = read.trip
    tap.stop = read.stop
    tap.zone = read.zone
    if let lat = read.lat, let lon = read.lon {
      tap.coordinate = Coordinate(latitude: lat, longitude: lon)
    }
    return tap
  }
}
