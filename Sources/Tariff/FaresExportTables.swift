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
    var meter = FareMeter(tariff)
    meter.classify(&ride)
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

  /// The transfer rules as a table, with a product for each amount that they name; nil without any.
  mutating func transferRows() -> [UInt8]? {
    var writer = CSVWriter()
    writer.row([
      "from_leg_group_id", "to_leg_group_id", "transfer_count", "duration_limit",
      "duration_limit_type", "fare_transfer_type", "fare_product_id",
    ])
    var count = 0
    for (index, rule) in tariff.tables.transfers.enumerated() {
      guard rule.pairs.isEmpty, rule.breaks == nil, !rule.refusesSameRoute, !rule.refusesReturn,
        rule.window.isEndInclusive, let pays = transferPrice(rule, "transfer_\(index + 1)")
      else {
        note(
          "transfer \"\(rule.name)\": written are transfers that are free, at a fixed supplement or "
            + "discount, without exceptions")
        continue
      }
      if rule.extends != .never { note("transfer \"\(rule.name)\": its window is extended") }
      if rule.condition != .always {
        note("transfer \"\(rule.name)\": written for all legs, it holds only for some (\"when\")")
      }
      if rule.countMax != Int.max, networks.count > 1 {
        note("transfer \"\(rule.name)\": its count, for changes from one fare to another")
      }
      let kinds: [[String]] = [["1", "0"], ["2", "3"]]
      let kind = kinds[rule.window.from == .departure ? 0 : 1][
        rule.window.to == .departure ? 0 : 1]
      for (_, from) in networks {
        for (_, to) in networks {
          let isSame = from == to
          writer.row([
            "leg_\(from + 1)", "leg_\(to + 1)",
            isSame ? (rule.countMax == Int.max ? "-1" : String(rule.countMax)) : "",
            String(rule.window.microseconds / 1_000_000), kind, pays.kind, pays.product,
          ])
          count += 1
        }
      }
    }
    return count > 0 ? writer.bytes : nil
  }

  /// How the second leg is paid: in place of its price (0), or beside it (1); nil when neither says it.
  private mutating func transferPrice(
    _ rule: TransferRule, _ id: String
  ) -> (kind: String, product: String)? {
    func amount(_ node: Int32) -> Int64? {
      guard node >= 0, case .amount(let minor) = tariff.tables.nodes[Int(node)] else { return nil }
      return minor
    }
    let kind: String
    let minor: Int64
    switch rule.charge {
    case .free: return ("0", "")
    case .supplement(let node):
      guard let supplement = amount(node) else { return nil }
      kind = "0"
      minor = supplement
    case .discount(let node):
      guard let discount = amount(node) else { return nil }
      kind = "1"
      minor = -discount
    default: return nil
    }
    let money = Money(minor: minor, currency: tariff.currency).majorText
    products.row([id, rule.name, "", "", money, tariff.currency.code])
    return (kind, id)
  }
}
