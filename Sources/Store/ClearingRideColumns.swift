import Basics
import Postgres
import Transit

/// The columns of `ride`, written and read in one place.
enum RideColumns {
  static let names = [
    "fare_day", "lane", "rider_id", "run_id", "started_at", "ended_at", "device_id", "epoch", "seq",
    "off_device_id", "off_epoch", "off_seq", "riders", "category", "product", "medium", "mode",
    "operator_id", "route", "currency", "nominal_minor", "charged_minor", "tariff_version",
    "reason",
  ]

  static func values(_ ride: RideRow, runID: Int64) -> [PostgresValue] {
    [
      .date(ride.day.fareDay), .int2(Lane.of(ride.day.rider)), .identifier(ride.day.rider),
      .int8(runID), .timestamptz(ride.startedAt),
      .orNull(ride.endedAt, PostgresValue.timestamptz), .text(ride.boarding.device),
      .int8(ride.boarding.epoch), .int8(ride.boarding.seq),
      .orNull(ride.alighting?.device, PostgresValue.text),
      .orNull(ride.alighting?.epoch, PostgresValue.int8),
      .orNull(ride.alighting?.seq, PostgresValue.int8), .int2(Int16(ride.riders)),
      .text(ride.category), .text(ride.product), .text(ride.mediumKind.rawValue),
      .orNull(ride.mode?.rawValue, PostgresValue.text),
      .orNull(ride.operatorID, PostgresValue.text), .orNull(ride.route, PostgresValue.text),
      .text(ride.currency.code), .orNull(ride.nominalMinor, PostgresValue.int8),
      .orNull(ride.chargedMinor, PostgresValue.int8), .text(ride.tariffVersion),
      .text(ride.reasonJSON),
    ]
  }

  static func ride(_ row: PostgresRow) throws -> RideRow {
    var alighting: TapName?
    if let device = try row.textOrNil("off_device_id"), let epoch = try row.int8OrNil("off_epoch"),
      let seq = try row.int8OrNil("off_seq")
    {
      alighting = TapName(device: device, epoch: epoch, seq: seq)
    }
    return RideRow(
      day: RiderDay(rider: try row.identifier("rider_id"), fareDay: try row.date("fare_day")),
      startedAt: try row.timestamptz("started_at"), endedAt: try row.timestamptzOrNil("ended_at"),
      boarding: TapName(
        device: try row.text("device_id"), epoch: try row.int8("epoch"), seq: try row.int8("seq")),
      alighting: alighting, riders: try row.int("riders"), category: try row.text("category"),
      product: try row.text("product"), mediumKind: try row.word("medium"),
      mode: try row.textOrNil("mode").flatMap(Mode.init(rawValue:)),
      operatorID: try row.textOrNil("operator_id"), route: try row.textOrNil("route"),
      currency: try row.currency("currency"), nominalMinor: try row.int8OrNil("nominal_minor"),
      chargedMinor: try row.int8OrNil("charged_minor"),
      tariffVersion: try row.text("tariff_version"), reasonJSON: try row.text("reason"))
  }
}
