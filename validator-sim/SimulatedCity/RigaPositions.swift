package import Basics

/// A message of the tracked vehicle, in the order of the table.
package struct RigaPosition: Hashable, Sendable {
  package var at: Instant
  package var coordinate: Coordinate
  package var speedMetresPerSecond: Double
  /// Told by the messages of doors opening and closing only.
  package var isDoorOpen: Bool?
}

extension RigaDay {
  /// Reasons for sending: doors opened, doors closed (`avl_sending_reason.csv`).
  private static let doorReasons = ["6": true, "7": false]

  /// Reads the messages of the tracked vehicle in the order of the table.
  package static func positions(
    _ bytes: [UInt8], file: String, zone: TimeZoneTable
  ) throws(RigaFault) -> [RigaPosition] {
    var reader = CSVReader(bytes)
    let columns = ["SentDate", "SendingReason", "WGS84Fi", "WGS84La", "Speed"]
    let header = CSVHeader(&reader)
    let missing = header?.missing(of: columns) ?? columns
    guard let header, missing.isEmpty else {
      throw RigaFault(
        file: file, line: 1, message: "lacks the columns \(missing.joined(separator: ", "))")
    }
    var positions: [RigaPosition] = []
    while reader.next() {
      guard reader.fault == nil, let at = moment(reader.text(header["SentDate"]), zone: zone),
        let latitude = decimal(reader.text(header["WGS84Fi"])),
        let longitude = decimal(reader.text(header["WGS84La"])),
        let kilometresPerHour = decimal(reader.text(header["Speed"]))
      else {
        throw RigaFault(
          file: file, line: reader.line, message: "is no message with a time and a place")
      }
      positions.append(
        RigaPosition(
          at: at, coordinate: Coordinate(latitude: latitude, longitude: longitude),
          speedMetresPerSecond: kilometresPerHour / 3.6,
          isDoorOpen: doorReasons[reader.text(header["SendingReason"])]))
    }
    return positions
  }

  /// Reads a number with a decimal comma.
  private static func decimal(_ text: String) -> Double? {
    Double(String(text.map { $0 == "," ? "." : $0 }))
  }

  /// Reads `2018-11-23 05:32:16.000` as a time on Riga's clocks.
  private static func moment(_ text: String, zone: TimeZoneTable) -> Instant? {
    let parts = text.split(separator: " ")
    guard parts.count == 2, let day = Day(parts[0]) else { return nil }
    let clock = parts[1].prefix(8).split(separator: ":").compactMap { Int($0) }
    guard clock.count == 3 else { return nil }
    let milliseconds = parts[1].dropFirst(9).prefix(3)
    return zone.instant(
      of: LocalTime(day: day, secondOfDay: clock[0] * 3600 + clock[1] * 60 + clock[2])
    ).adding(milliseconds: Int64(milliseconds) ?? 0)
  }
}
