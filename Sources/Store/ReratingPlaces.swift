package import Basics
import Postgres

/// How far the workers have got with an order: with its preview, or with marking what it has rated anew.
///
/// The order of a network begins with the vehicle-days, whose taps it may place anew; then come all riders.
package enum ReratingPlace: Sendable, Equatable {
  /// Vehicle-days of a lane are next, those after one of them.
  case vehicles(lane: Int16, after: VehicleDay?)
  /// Riders of a lane are next, those after one of them.
  case riders(lane: Int16, after: RiderID?)

  /// The first word of a place, as the database holds it.
  package enum Kind: String, Sendable {
    case vehicles, riders
  }

  /// As the database holds it.
  package var text: String {
    switch self {
    case .vehicles(let lane, nil): "vehicles \(lane)"
    case .vehicles(let lane, let after?): "vehicles \(lane) \(after.day) \(after.vehicle)"
    case .riders(let lane, nil): "riders \(lane)"
    case .riders(let lane, let after?): "riders \(lane) \(after)"
    }
  }

  /// Reads what ``text`` wrote; nil when it is nothing of the kind.
  package init?(text: String) {
    // The name of a vehicle may have blanks, or be empty.
    let words = text.split(
      separator: " ", maxSplits: 3, omittingEmptySubsequences: false
    ).map(String.init)
    guard words.count > 1, let kind = Kind(rawValue: words[0]), let lane = Int16(words[1]) else {
      return nil
    }
    switch (kind, words.count) {
    case (.vehicles, 2): self = .vehicles(lane: lane, after: nil)
    case (.vehicles, 4):
      guard let day = Day(words[2]) else { return nil }
      self = .vehicles(lane: lane, after: VehicleDay(vehicle: words[3], day: day))
    case (.riders, 2): self = .riders(lane: lane, after: nil)
    case (.riders, 3):
      guard let rider = RiderID(words[2]) else { return nil }
      self = .riders(lane: lane, after: rider)
    default: return nil
    }
  }
}

/// A tap that would get another stop by a network to come.
package struct TapPlacedAnew: Sendable {
  package let tap: BoardingTap
  /// Nil: it would have none any more.
  package let stop: String?

  /// Names a tap and its other stop.
  package init(tap: BoardingTap, stop: String?) {
    self.tap = tap
    self.stop = stop
  }
}

extension ReratingOrder {
  /// Where the workers begin with it.
  package var start: ReratingPlace {
    feedID == nil ? .riders(lane: 0, after: nil) : .vehicles(lane: 0, after: nil)
  }

  /// The share that is done of what the workers are at, from 0 to 1; nil when they are at nothing.
  package var share: Double? {
    switch place {
    case .vehicles(let lane, _): Double(lane) / Double(2 * Lane.count)
    case .riders(let lane, _):
      feedID == nil
        ? Double(lane) / Double(Lane.count) : 0.5 + Double(lane) / Double(2 * Lane.count)
    case nil: nil
    }
  }
}

extension StoreSession {
  /// Taps that would get another stop by a network to come.
  package var placedAnew: PlacedAnewTables { PlacedAnewTables(connection: connection) }
}

/// Taps that would get another stop by the network of an order, until its preview stands.
package struct PlacedAnewTables {
  let connection: PostgresConnection

  /// Vehicle-days of a lane that wait for no placing, by their names, after one of them; of those from a
  /// day on, where one is given.
  package func vehicleDays(
    lane: Int16, from first: Day?, after last: VehicleDay?, countMax: Int
  ) async throws -> [VehicleDay] {
    let rows = try await connection.query(
      """
      select vehicle, service_day from vehicle_day
      where lane = $1 and stale_since is null
        and ($2::text is null or (vehicle, service_day) > ($2, $3::date))
        and ($5::date is null or service_day >= $5)
      order by vehicle, service_day limit $4
      """,
      [
        .int2(lane), .orNull(last?.vehicle, PostgresValue.text),
        .orNull(last?.day, PostgresValue.date), .int8(Int64(countMax)),
        .orNull(first, PostgresValue.date),
      ])
    return try rows.map { row in
      VehicleDay(vehicle: try row.text("vehicle"), day: try row.date("service_day"))
    }
  }

  /// The stops at which some taps of a fare day are placed; a tap that was not placed yet is left out.
  package func stops(of names: [TapName], on day: Day) async throws -> [TapName: String?] {
    guard !names.isEmpty else { return [:] }
    let rows = try await connection.query(
      """
      select b.device_id, b.epoch, b.seq, b.stop
      from unnest($2::text[], $3::int8[], $4::int8[]) as n(device_id, epoch, seq)
      join boarding b on b.fare_day = $1 and b.device_id = n.device_id and b.epoch = n.epoch
        and b.seq = n.seq
      """,
      [
        .date(day), .texts(names.map { Optional($0.device) }),
        .int8s(names.map { Optional($0.epoch) }), .int8s(names.map { Optional($0.seq) }),
      ])
    var stops: [TapName: String?] = [:]
    for row in rows {
      let name = TapName(
        device: try row.text("device_id"), epoch: try row.int8("epoch"), seq: try row.int8("seq"))
      stops[name] = .some(try row.textOrNil("stop"))
    }
    return stops
  }

  /// Keeps taps for the preview of an order.
  package func add(_ taps: [TapPlacedAnew], order: Int64) async throws {
    guard !taps.isEmpty else { return }
    let names = taps.map(\.tap)
    try await connection.execute(
      """
      insert into tap_placed_anew (order_id, rider_id, fare_day, device_id, epoch, seq, stop)
      select $1, r, d, v, e, s, p
      from unnest($2::uuid[], $3::date[], $4::text[], $5::int8[], $6::int8[], $7::text[])
        as n(r, d, v, e, s, p)
      on conflict do nothing
      """,
      [
        .int8(order), .identifiers(names.map { Optional($0.rider) }),
        .dates(names.map { Optional($0.fareDay) }),
        .texts(names.map { Optional($0.name.device) }),
        .int8s(names.map { Optional($0.name.epoch) }), .int8s(names.map { Optional($0.name.seq) }),
        .texts(taps.map(\.stop)),
      ])
  }

  /// How many taps of an order are kept.
  package func count(order: Int64) async throws -> Int {
    try await connection.query(
      "select count(*) from tap_placed_anew where order_id = $1", [.int8(order)]
    ).only().int(0)
  }

  /// Those of some riders who have such taps.
  package func riders(among riders: [RiderID], order: Int64) async throws -> [RiderID] {
    let rows = try await connection.query(
      """
      select distinct rider_id from tap_placed_anew where order_id = $1 and rider_id = any($2)
      order by rider_id
      """, [.int8(order), .identifiers(riders.map(Optional.some))])
    return try rows.map { try $0.identifier("rider_id") }
  }

  /// Forgets the taps of an order.
  package func remove(order: Int64) async throws {
    try await connection.execute(
      "delete from tap_placed_anew where order_id = $1", [.int8(order)])
  }
}
