import Basics
import Insight
import Intake
import Store
import Tapping
import Transit

/// All validators on the page, with what the newest of everything is.
struct DeviceTable {
  let sought: String
  let newest: [Figure]
  let table: FleetTable<DeviceRow>
}

/// A validator and how it is.
struct DeviceRow {
  let device: String
  let cells: [DeviceCell]
}

/// Something of a validator, and a word where it is out of order.
struct DeviceCell {
  let value: String
  var aside: String?
  var mark: String?
  var isNumber = false
}

/// What the versions of a validator are held against.
private struct NewestVersions {
  let tariff: String?
  let denyList: DenyListVersion?
  /// Of the deny list, what each device is known to hold.
  let held: [String: Int64]
}

/// How each validator is, as far as it told.
extension Handlers {
  /// Most validators on the page.
  private static let devicesShownMax = 300
  /// Less battery is low, percent.
  private static let batteryPercentMin = 20
  /// Less free space is little, bytes: 64 MiB.
  private static let freeBytesMin: Int64 = 64 << 20
  /// A clock that is further off is out of order, seconds.
  ///
  /// It is far less than what makes a tap impossible, so that somebody looks before.
  private static let clockSecondsMax = 60.0

  func deviceTable(_ request: WebRequest, _ people: People) async throws -> DeviceTable {
    let sought = request.soughtText
    let after = request.queryText(FleetPart.all.after) ?? ""
    let countMax = Self.devicesShownMax + 1
    let standings =
      sought.isEmpty
      ? try await services.desk.list(after: after, limit: countMax, at: request.receivedAt)
      : try await services.desk.list(
        holding: sought, after: after, limit: countMax, at: request.receivedAt)
    let (versions, held) = try await services.store.read { db in
      (
        try await db.denyList.versions(limit: 1),
        try await db.denyList.held(by: standings.map(\.device.id))
      )
    }
    let newest = NewestVersions(
      tariff: services.city.current.tariffVersion(at: request.receivedAt),
      denyList: versions.first, held: held)
    return DeviceTable(
      sought: sought, newest: Self.figures(newest, people),
      table: FleetTable(
        standings, countMax: Self.devicesShownMax, of: .all, people, on: request,
        place: \.device.id
      ) { standing in
        DeviceRow(
          device: standing.device.id, cells: cells(standing, newest, at: request.receivedAt, people)
        )
      })
  }

  private static func figures(_ newest: NewestVersions, _ people: People) -> [Figure] {
    let reached = newest.denyList.map { list in
      Figure(
        people.text("fleet_deny_list"), String(list.version),
        note: "\(people.text("fleet_reached")) \(people.number(list.devicesReached)) / "
          + people.number(list.devicesActive),
        state: list.devicesReached < list.devicesActive ? .warn : .good)
    }
    return [
      Figure(people.text("fleet_tariff"), newest.tariff ?? "–"),
      reached ?? Figure(people.text("fleet_deny_list"), "–"),
    ]
  }

  private func cells(
    _ standing: DeviceStanding, _ newest: NewestVersions, at now: Instant, _ people: People
  ) -> [DeviceCell] {
    let beat = standing.heartbeat?.beat
    return [
      DeviceCell(value: people.text("fleet_state_\(standing.device.state.rawValue)")),
      placeCell(standing, people), Self.contactCell(standing, at: now, people),
      DeviceCell(value: beat?.software ?? "–"), DeviceCell(value: beat?.configuration ?? "–"),
      Self.tariffCell(standing, newest, people), Self.denyListCell(standing, newest, people),
      Self.batteryCell(beat, people), Self.spaceCell(beat, people),
      Self.clockCell(standing.heartbeat, people),
    ]
  }

  private func placeCell(_ standing: DeviceStanding, _ people: People) -> DeviceCell {
    switch standing.place {
    case .vehicle(let vehicle): return DeviceCell(value: vehicle, aside: people.text("vehicle"))
    case .stop(let stop):
      let network = services.city.current.network
      let name = network.stopIndex(id: stop).map { network.stops[$0].name }
      return DeviceCell(
        value: name ?? stop,
        aside: people.text("stop") + (name == nil ? "" : " \(stop)"))
    case nil:
      return DeviceCell(
        value: "–", mark: standing.isInService ? people.text("fleet_nowhere") : nil)
    }
  }

  private static func contactCell(
    _ standing: DeviceStanding, at now: Instant, _ people: People
  ) -> DeviceCell {
    guard let heard = standing.lastSeenAt else {
      let word = standing.isUnheardReplacement ? "fleet_replaced" : "fleet_silent_mark"
      return DeviceCell(
        value: people.text("never"), mark: standing.isInService ? people.text(word) : nil)
    }
    let isSilent = now.secondsSince(heard) > Double(ServiceStatus.unheardSecondsMax)
    return DeviceCell(
      value: people.moment(heard),
      mark: isSilent && standing.isInService ? people.text("fleet_silent_hour") : nil)
  }

  private static func tariffCell(
    _ standing: DeviceStanding, _ newest: NewestVersions, _ people: People
  ) -> DeviceCell {
    guard let told = standing.heartbeat?.beat.tariffVersion else { return DeviceCell(value: "–") }
    guard let tariff = newest.tariff else { return DeviceCell(value: told) }
    return told == tariff
      ? DeviceCell(value: told, aside: people.text("fleet_current"))
      : DeviceCell(value: told, mark: people.text("fleet_behind"))
  }

  /// Which list it holds by all that is known: heartbeats, batches, and what it asked for.
  private static func denyListCell(
    _ standing: DeviceStanding, _ newest: NewestVersions, _ people: People
  ) -> DeviceCell {
    let held = newest.held[standing.device.id]
    let value = held.map { String($0) } ?? "–"
    guard let version = newest.denyList?.version, standing.isInService else {
      return DeviceCell(value: value)
    }
    guard let held else { return DeviceCell(value: value, mark: people.text("fleet_no_list")) }
    return held >= version
      ? DeviceCell(value: value, aside: people.text("fleet_current"))
      : DeviceCell(value: value, mark: people.text("fleet_behind"))
  }

  private static func batteryCell(_ beat: DeviceHeartbeat?, _ people: People) -> DeviceCell {
    guard let percent = beat?.batteryPercent else { return DeviceCell(value: "–", isNumber: true) }
    return DeviceCell(
      value: "\(percent)\u{00A0}%",
      mark: percent < batteryPercentMin ? people.text("fleet_battery_low") : nil, isNumber: true)
  }

  private static func spaceCell(_ beat: DeviceHeartbeat?, _ people: People) -> DeviceCell {
    guard let bytes = beat?.freeBytes else { return DeviceCell(value: "–", isNumber: true) }
    return DeviceCell(
      value: "\(people.number(bytes >> 20))\u{00A0}\(people.text("fleet_mebibytes"))",
      mark: bytes < freeBytesMin ? people.text("fleet_space_low") : nil, isNumber: true)
  }

  /// How far its clock is ahead of ours, by its newest heartbeat; beside it what it says itself.
  private static func clockCell(_ record: HeartbeatRecord?, _ people: People) -> DeviceCell {
    guard let record else { return DeviceCell(value: "–", isNumber: true) }
    let ahead = -Double(record.offsetMicroseconds) / 1_000_000
    let told = record.beat.clockOffsetMilliseconds.map { Double($0) / 1000 }
    let worst = [ahead, told ?? 0].max { abs($0) < abs($1) } ?? ahead
    return DeviceCell(
      value: people.decimal(ahead),
      aside: told.map { "\(people.text("fleet_clock_told")) \(people.decimal($0))" },
      mark: abs(worst) > clockSecondsMax
        ? people.text(worst > 0 ? "fleet_clock_ahead" : "fleet_clock_behind") : nil,
      isNumber: true)
  }
}

extension DeviceStanding {
  /// Whether it is one that has to work: of the others nothing is out of order.
  fileprivate var isInService: Bool { device.state == .active }
}
