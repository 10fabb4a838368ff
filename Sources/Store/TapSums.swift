import Basics
import Postgres
import Transit

/// What some taps add to the sums that sorting keeps: of fare days, and of the devices' fare days.
///
/// Reports over months are made of these, so that nobody counts the taps anew.
struct TapSums {
  private struct DayKey: Hashable {
    let day: Day
    let lane: Int16
  }

  private struct DaySum {
    var accepted: Int64 = 0
    var denied: Int64 = 0
    var alightings: Int64 = 0
    /// Of the accepted ones those of media that stored value pays for.
    var storedValue: Int64 = 0

    mutating func add(_ other: DaySum) {
      accepted += other.accepted
      denied += other.denied
      alightings += other.alightings
      storedValue += other.storedValue
    }
  }

  private struct DeviceKey: Hashable {
    let day: Day
    let device: String
    /// As the network names it; empty where the tap named none.
    let route: String
  }

  private struct DeviceSum {
    var accepted: Int64 = 0
    var denied: Int64 = 0
    var lateAccepted: Int64 = 0
    var lateDenied: Int64 = 0
    var lastLateAt: Instant?
    var latestSeconds: Int64?
  }

  private var days: [DayKey: DaySum] = [:]
  private var devices: [DeviceKey: DeviceSum] = [:]

  /// Adds taps up; `routeID` gives the network's name of a route that a validator named.
  init(of taps: [TapRow], routeID: (String) -> String) {
    // Taps of a device come one after the other, and lie on one day and route but for few.
    var start = taps.startIndex
    while start < taps.endIndex {
      let first = taps[start]
      let end =
        taps[start...].firstIndex {
          $0.fareDay != first.fareDay || $0.name.device != first.name.device
            || $0.route != first.route
        } ?? taps.endIndex
      add(taps[start..<end], routeID: routeID)
      start = end
    }
  }

  /// Adds taps of one device, fare day and route.
  private mutating func add(_ taps: ArraySlice<TapRow>, routeID: (String) -> String) {
    guard let first = taps.first else { return }
    let (day, device) = (first.fareDay, first.name.device)
    var daySum = DaySum()
    let key = DeviceKey(day: day, device: device, route: first.route.map(routeID) ?? "")
    var sum = devices[key] ?? DeviceSum()
    let lateFrom = Self.lateFrom(day)
    for tap in taps {
      let isLate = tap.receivedAt >= lateFrom
      if tap.isAccepted {
        daySum.accepted += 1
        if tap.kind == .off { daySum.alightings += 1 }
        if tap.mediumKind.isOfStoredValue { daySum.storedValue += 1 }
        sum.accepted += 1
        if isLate { sum.lateAccepted += 1 }
      } else {
        daySum.denied += 1
        sum.denied += 1
        if isLate { sum.lateDenied += 1 }
      }
      guard isLate else { continue }
      sum.lastLateAt = max(sum.lastLateAt ?? tap.receivedAt, tap.receivedAt)
      let seconds = tap.receivedAt.seconds - tap.at.seconds
      sum.latestSeconds = max(sum.latestSeconds ?? seconds, seconds)
    }
    devices[key] = sum
    days[DayKey(day: day, lane: Lane.of(name: device)), default: DaySum()].add(daySum)
  }

  /// When a tap of a fare day is late from: a day after the day ended, by UTC.
  private static func lateFrom(_ day: Day) -> Instant {
    Instant(seconds: Int64(day.number + 2) * 86_400)
  }

  /// The statements that add them, rows in one order for all, so that nobody waits in a circle.
  var statements: [PostgresStatement] {
    [dayStatement, deviceStatement]
  }

  private var dayStatement: PostgresStatement {
    let rows = days.sorted { ($0.key.day, $0.key.lane) < ($1.key.day, $1.key.lane) }
    return PostgresStatement(
      """
      insert into tap_sum as s (fare_day, lane, accepted, denied, alightings, stored_value)
      select * from unnest($1::date[], $2::int2[], $3::int8[], $4::int8[], $5::int8[], $6::int8[])
      on conflict (fare_day, lane) do update
        set accepted = s.accepted + excluded.accepted, denied = s.denied + excluded.denied,
          alightings = s.alightings + excluded.alightings,
          stored_value = s.stored_value + excluded.stored_value
      """,
      [
        .dates(rows.map { Optional($0.key.day) }), .int2s(rows.map { Optional($0.key.lane) }),
        .int8s(rows.map { Optional($0.value.accepted) }),
        .int8s(rows.map { Optional($0.value.denied) }),
        .int8s(rows.map { Optional($0.value.alightings) }),
        .int8s(rows.map { Optional($0.value.storedValue) }),
      ])
  }

  private var deviceStatement: PostgresStatement {
    let rows = devices.sorted {
      ($0.key.day, $0.key.device, $0.key.route) < ($1.key.day, $1.key.device, $1.key.route)
    }
    return PostgresStatement(
      """
      insert into device_day as d (fare_day, device_id, route, accepted, denied, late_accepted,
        late_denied, last_late_at, latest_seconds)
      select * from unnest($1::date[], $2::text[], $3::text[], $4::int8[], $5::int8[], $6::int8[],
        $7::int8[], $8::timestamptz[], $9::int8[])
      on conflict (fare_day, device_id, route) do update
        set accepted = d.accepted + excluded.accepted, denied = d.denied + excluded.denied,
          late_accepted = d.late_accepted + excluded.late_accepted,
          late_denied = d.late_denied + excluded.late_denied,
          last_late_at = greatest(d.last_late_at, excluded.last_late_at),
          latest_seconds = greatest(d.latest_seconds, excluded.latest_seconds)
      """,
      [
        .dates(rows.map { Optional($0.key.day) }), .texts(rows.map { Optional($0.key.device) }),
        .texts(rows.map { Optional($0.key.route) }),
        .int8s(rows.map { Optional($0.value.accepted) }),
        .int8s(rows.map { Optional($0.value.denied) }),
        .int8s(rows.map { Optional($0.value.lateAccepted) }),
        .int8s(rows.map { Optional($0.value.lateDenied) }),
        .timestamptzs(rows.map(\.value.lastLateAt)), .int8s(rows.map(\.value.latestSeconds)),
      ])
  }
}
