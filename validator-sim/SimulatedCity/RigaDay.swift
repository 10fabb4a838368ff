package import Basics
package import Tapping
package import Transit

/// A table of the Riga day that cannot be read, and where.
package struct RigaFault: Error, CustomStringConvertible {
  package let file: String
  package let line: Int
  package let message: String

  package var description: String { "\(file):\(line): \(message)" }
}

/// A validation of 2018-11-23 in Riga as the open data has it, with the route it means.
package struct RigaTap: Hashable, Sendable {
  /// `Ier_ID`.
  package var record: String
  /// Number of the vehicle: the board number without its last digit.
  package var vehicle: String
  /// Route code: `Tr 15`.
  package var code: String
  /// Forth is 0, Back is 1.
  package var direction: Int
  package var card: String
  package var at: Instant
}

/// Real validations and positions of a day in Riga, made into what devices post.
package enum RigaDay {
  /// The day of all taps and positions.
  package static let day = Day(number: 17_858)  // 2018-11-23
  /// The three tables of validations, in the order in which they are read.
  package static let tapFiles = [
    "taps_2018-11-23_cards_with_2_taps.csv", "taps_2018-11-23_vehicle_1603.csv",
    "taps_2018-11-23_23cards_chains.csv",
  ]
  /// The table of the positions of one vehicle.
  package static let positionFile = "avl_2018-11-23_vehicle_1603.csv"
  /// The vehicle whose positions are known.
  package static let trackedVehicle = "1603"
  private static let columns = [
    "Ier_ID", "GarNr", "TMarsruts", "Virziens", "Laiks", "ValidTalonaId",
  ]

  /// Reads a table of validations.
  package static func taps(
    _ bytes: [UInt8], file: String, zone: TimeZoneTable
  ) throws(RigaFault) -> [RigaTap] {
    var reader = CSVReader(bytes)
    let header = CSVHeader(&reader)
    let missing = header?.missing(of: columns) ?? columns
    guard let header, missing.isEmpty else {
      throw RigaFault(
        file: file, line: 1, message: "lacks the columns \(missing.joined(separator: ", "))")
    }
    var taps: [RigaTap] = []
    while reader.next() {
      let direction = reader.text(header["Virziens"])
      guard reader.fault == nil, let at = instant(reader.text(header["Laiks"]), zone: zone),
        direction == "Forth" || direction == "Back"
      else {
        throw RigaFault(
          file: file, line: reader.line, message: "is no validation with a time and a direction")
      }
      taps.append(
        RigaTap(
          record: reader.text(header["Ier_ID"]),
          vehicle: String(reader.text(header["GarNr"]).dropLast()),
          code: reader.text(header["TMarsruts"]), direction: direction == "Forth" ? 0 : 1,
          card: reader.text(header["ValidTalonaId"]), at: at))
    }
    return taps
  }

  /// Reads `23.11.2018 7:48` or `23.11.2018 09:53:37` as a time on Riga's clocks.
  package static func instant(_ text: String, zone: TimeZoneTable) -> Instant? {
    let parts = text.split(separator: " ")
    guard parts.count == 2 else { return nil }
    let date = parts[0].split(separator: ".").compactMap { Int($0) }
    let clock = parts[1].split(separator: ":").compactMap { Int($0) }
    guard date.count == 3, clock.count == 2 || clock.count == 3,
      let day = Day(year: date[2], month: date[1], day: date[0]),
      (0..<24).contains(clock[0]), (0..<60).contains(clock[1])
    else { return nil }
    let seconds = clock.count == 3 ? clock[2] : 0
    return zone.instant(
      of: LocalTime(day: day, secondOfDay: clock[0] * 3600 + clock[1] * 60 + seconds))
  }

  /// What a validator sends as the route: the `route_id` when the feed has it, else the code itself.
  package static func route(_ code: String, in network: Network) -> String {
    let parts = code.split(separator: " ", maxSplits: 1)
    let modes: [Substring: Mode] = ["A": .bus, "Tr": .trolleybus, "Tm": .tram]
    guard parts.count == 2, let mode = modes[parts[0]],
      let route = network.resolveRoute(String(parts[1]), mode: mode)
    else { return code }
    return network.routes[route].id
  }

  /// All validations by vehicle, each vehicle's in the order of time and numbered from 1.
  ///
  /// Two of the tables tell minutes only; what happened in the same minute keeps the order of the
  /// tables, so that numbers are the same in every run.
  package static func numbered(_ taps: [RigaTap], network: Network) -> [(String, [Tap])] {
    let byVehicle = Dictionary(grouping: taps.enumerated(), by: \.element.vehicle)
    return byVehicle.sorted { $0.key < $1.key }.map { vehicle, taps in
      let sorted = taps.sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }
      return (
        vehicle,
        sorted.enumerated().map { number, tap in
          Tap(
            seq: Int64(number) + 1, at: tap.element.at, kind: .single, medium: .card,
            token: Array(tap.element.card.utf8), vehicle: vehicle,
            route: route(tap.element.code, in: network), direction: tap.element.direction)
        }
      )
    }
  }
}
