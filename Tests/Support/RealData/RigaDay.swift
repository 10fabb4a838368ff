package import Basics
import Foundation
package import Tracking
package import Transit

/// The day of trolleybus 1603 in Riga, 23 November 2018.
package struct RigaDay: Sendable {
  /// A validation as the file has it: the time is cut to the minute.
  package struct Tap: Sendable {
    package let card: String
    package let at: Instant
    /// `Tr 15`, or `Tr 101` where the depot's code was left in by mistake.
    package let code: String
    /// What the driver typed in: `Forth` or `Back`.
    package let direction: String
  }

  package let network: Network
  /// In the order of the file, which is not that of time.
  package let positions: [Position]
  /// In the order of time.
  package let taps: [Tap]
  package let zone: TimeZoneTable

  /// The day, read once.
  package static let loaded = Result { try RigaDay() }

  private init() throws {
    network = try FeedReader.read(zip: SharedData.bytes("gtfs/riga_2019-10.zip")).network
    let zone = TimeZoneTable(name: "Europe/Riga") ?? .utc
    self.zone = zone
    let folder = "riga-2018-11-23/"
    positions = try SharedData.table(folder + "avl_2018-11-23_vehicle_1603.csv").compactMap {
      RigaDay.position($0, zone: zone)
    }
    taps = try SharedData.table(folder + "taps_2018-11-23_vehicle_1603.csv").compactMap { row in
      RigaDay.minute(row["Laiks"] ?? "", zone: zone).map { instant in
        Tap(
          card: row["ValidTalonaId"] ?? "", at: instant, code: row["TMarsruts"] ?? "",
          direction: row["Virziens"] ?? "")
      }
    }.sorted { ($0.at, $0.card) < ($1.at, $1.card) }
  }

  /// What the taps say about the route of the vehicle; depot codes are no route and go unresolved.
  package var hints: [RouteHint] {
    taps.map { tap in
      RouteHint(vehicle: "1603", at: tap.at, route: route(of: tap) ?? tap.code)
    }
  }

  /// `route_id` of a tap.
  package func route(of tap: Tap) -> String? {
    network.resolveRoute(String(tap.code.dropFirst(3)), mode: .trolleybus)
      .map { network.routes[$0].id }
  }

  private static func position(_ row: [String: String], zone: TimeZoneTable) -> Position? {
    func number(_ name: String) -> Double? {
      row[name].flatMap { Double($0.replacingOccurrences(of: ",", with: ".")) }
    }
    let sent = row["SentDate"] ?? ""
    guard let latitude = number("WGS84Fi"), let longitude = number("WGS84La"),
      let wall = Instant(iso8601: sent + "Z")
    else { return nil }
    let at = wall.adding(seconds: -Int64(zone.offsetSeconds(at: wall)))
    let door: DoorState? =
      switch row["SendingReason"] {
      case "6": .open
      case "7": .closed
      default: nil
      }
    return Position(
      vehicle: "1603", at: at, coordinate: Coordinate(latitude: latitude, longitude: longitude),
      speedMetresPerSecond: number("Speed").map { $0 / 3.6 }, bearingDegrees: number("Gyro"),
      door: door)
  }

  /// Reads `23.11.2018 6:42`.
  private static func minute(_ text: String, zone: TimeZoneTable) -> Instant? {
    let numbers = text.split(whereSeparator: { ".: ".contains($0) }).compactMap { Int($0) }
    guard numbers.count == 5,
      let day = Day(year: numbers[2], month: numbers[1], day: numbers[0])
    else { return nil }
    return zone.instant(of: LocalTime(day: day, secondOfDay: numbers[3] * 3600 + numbers[4] * 60))
  }
}
