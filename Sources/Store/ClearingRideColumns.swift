import Basics
import Postgres
import Transit

/// The columns of `ride`, written and read in one place.
enum RideColumns {
  /// In the order in which ``write(_:runID:to:)`` writes and ``ride(_:)`` reads them.
  static let names = [
    "fare_day", "lane", "rider_id", "run_id", "started_at", "ended_at", "device_id", "epoch", "seq",
    "off_device_id", "off_epoch", "off_seq", "riders", "category", "product", "medium", "mode",
    "operator_id", "route", "currency", "nominal_minor", "charged_minor", "tariff_version",
    "reason",
  ]
  /// About what a row takes on its way; more is made room for as it comes.
  static let bytesPerRide = 480

  /// The columns of a table's name, to be selected.
  static func list(of table: String) -> String {
    names.map { "\(table).\($0)" }.joined(separator: ", ")
  }

  static func write(
    _ ride: RideRow, runID: Int64, to row: inout CopyFields
  ) throws(PostgresError) {
    try row.date(ride.day.fareDay)
    row.int2(Lane.of(ride.day.rider))
    row.identifier(ride.day.rider)
    row.int8(runID)
    try row.timestamptz(ride.startedAt)
    try row.timestamptz(ride.endedAt)
    try row.text(ride.boarding.device)
    row.int8(ride.boarding.epoch)
    row.int8(ride.boarding.seq)
    try row.text(ride.alighting?.device)
    row.int8(ride.alighting?.epoch)
    row.int8(ride.alighting?.seq)
    row.int2(Int16(ride.riders))
    try row.text(ride.category)
    try row.text(ride.product)
    try row.text(ride.mediumKind.rawValue)
    try row.text(ride.mode?.rawValue)
    try row.text(ride.operatorID)
    try row.text(ride.route)
    try row.text(ride.currency.code)
    row.int8(ride.nominalMinor)
    row.int8(ride.chargedMinor)
    try row.text(ride.tariffVersion)
    try row.text(ride.reasonJSON)
  }

  /// The ride whose columns come next.
  static func ride(_ row: inout PostgresRowCursor) throws -> RideRow {
    let fareDay = try row.date()
    _ = try row.int()  // lane: the rider tells it
    let day = RiderDay(rider: try row.identifier(), fareDay: fareDay)
    _ = try row.int8()  // run
    let startedAt = try row.timestamptz()
    let endedAt = try row.timestamptzOrNil()
    let boarding = TapName(device: try row.text(), epoch: try row.int8(), seq: try row.int8())
    let off = (try row.textOrNil(), try row.int8OrNil(), try row.int8OrNil())
    var alighting: TapName?
    if let device = off.0, let epoch = off.1, let seq = off.2 {
      alighting = TapName(device: device, epoch: epoch, seq: seq)
    }
    return RideRow(
      day: day, startedAt: startedAt, endedAt: endedAt, boarding: boarding, alighting: alighting,
      riders: try row.int(), category: try row.text(), product: try row.text(),
      mediumKind: try row.word("medium"), mode: try row.textOrNil().flatMap(Mode.init(rawValue:)),
      operatorID: try row.textOrNil(), route: try row.textOrNil(),
      currency: try row.currency(), nominalMinor: try row.int8OrNil(),
      chargedMinor: try row.int8OrNil(), tariffVersion: try row.text(), reasonJSON: try row.text())
  }
}

extension PostgresRowCursor {
  /// A currency by its code.
  mutating func currency() throws -> Currency {
    let code = try text()
    guard let currency = Currency(code) else {
      throw StoreFault.unknownWord(code, column: "currency")
    }
    return currency
  }
}
