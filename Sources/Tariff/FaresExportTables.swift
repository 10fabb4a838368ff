import Basics
import Transit

/// Networks, areas and transfers.
extension FaresExportWriter {
  mutating func writeNetworks() {
    var writer = CSVWriter()
    writer.row(["network_id", "network_name"])
    for (id, rule) in networks { writer.row([id, tariff.tables.fares[rule].name]) }
    files.append(("networks.txt", writer.bytes))
    guard let network else {
      note("which routes belong to which fare: no network was given")
      return
    }
    var routes = CSVWriter()
    routes.row(["network_id", "route_id"])
    for route in network.routes {
      guard let id = networkID(of: route, in: network) else {
        note("route \(route.id): no fare of the tariff holds for it")
        continue
      }
      routes.row([id, route.id])
    }
    files.append(("route_networks.txt", routes.bytes))
  }

  /// A route belongs to one network; it is that of the first fare that holds for it.
  private func networkID(of route: Route, in network: Network) -> String? {
    let tap = FareTap(
      ref: 0, at: Instant(seconds: 0), kind: .single, medium: .card,
      category: tariff.categories.first ?? "", mode: route.mode,
      operatorID: route.operatorIndex.map { network.operators[$0].id }, route: route.id)
    var ride = Ride(
      on: tariff.prepare(tap, index: 0), status: .single, day: tariff.tables.firstDay)
    FareMeter(tariff).classify(&ride)
    return networks.first { tariff.tables.fares[$0.rule].condition.holds(ride) }?.id
  }

  mutating func writeAreas() {
    let names = tariff.tables.symbols[.zone].names
    guard !names.isEmpty else { return }
    var areas = CSVWriter()
    areas.row(["area_id", "area_name"])
    for name in names { areas.row([name, name]) }
    files.append(("areas.txt", areas.bytes))
    var stops = CSVWriter()
    stops.row(["area_id", "stop_id"])
    for (stop, zone) in tariff.tables.stopZones.sorted(by: { $0.key < $1.key }) {
      stops.row([zone, stop])
    }
    for stop in network?.stops ?? [] where tariff.tables.stopZones[stop.id] == nil {
      if let zone = stop.zone, names.contains(zone) { stops.row([zone, stop.id]) }
    }
    files.append(("stop_areas.txt", stops.bytes))
  }

  mutating func writeTransfers() {
    var writer = CSVWriter()
    writer.row([
      "from_leg_group_id", "to_leg_group_id", "transfer_count", "duration_limit",
      "duration_limit_type", "fare_transfer_type", "fare_product_id",
    ])
    var count = 0
    for rule in tariff.tables.transfers {
      guard rule.charge == .free, rule.pairs.isEmpty, rule.breaks == nil, !rule.refusesSameRoute,
        !rule.refusesReturn, rule.window.isEndInclusive
      else {
        note("transfer \"\(rule.name)\": only free transfers without exceptions can be expressed")
        continue
      }
      if rule.extends != .never { note("transfer \"\(rule.name)\": its window is extended") }
      let kinds: [[String]] = [["1", "0"], ["2", "3"]]
      let kind = kinds[rule.window.from == .departure ? 0 : 1][
        rule.window.to == .departure ? 0 : 1]
      for (_, from) in networks {
        for (_, to) in networks {
          let isSame = from == to
          writer.row([
            "leg_\(from + 1)", "leg_\(to + 1)",
            isSame ? (rule.countMax == Int.max ? "-1" : String(rule.countMax)) : "",
            String(rule.window.microseconds / 1_000_000), kind, "0", "",
          ])
          count += 1
        }
      }
    }
    if count > 0 { files.append(("fare_transfer_rules.txt", writer.bytes)) }
  }
}
