package import Basics
package import Transit

extension CompiledTariff {
  /// What the tariff says of the network that is not there, with the line of the first mention.
  ///
  /// A zone that no stop has is a fault, for rides would look for it in vain; stops, routes and
  /// operators that the network lacks are doubts, since a timetable may come later. Of a network
  /// that names no zones at all nothing follows: validators may bring the zone of a tap themselves.
  package func faults(against content: Network) -> [TariffFault] {
    var zones = Set(content.stops.compactMap(\.zone))
    let hasZones = !zones.isEmpty
    for (stop, zone) in tables.stopZones where content.stopIndex(id: stop) != nil {
      zones.insert(zone)
    }
    return tables.mentions.compactMap { mention in
      let name = mention.name
      let message: String
      switch mention.dimension {
      case .zone:
        guard !zones.contains(name) else { return nil }
        let known = zones.sorted().prefix(CompiledTariff.zonesNamedMax).joined(separator: ", ")
        message =
          hasZones
          ? "no stop of the network is in zone \"\(name)\"; its zones: \(known)"
          : "the network names no zones, so zone \"\(name)\" could not be looked up"
      case .stop:
        guard content.stopIndex(id: name) == nil else { return nil }
        message = "the network has no stop \"\(name)\""
      case .route:
        guard content.resolveRoute(name) == nil else { return nil }
        message = "the network has no route \"\(name)\", or several of that name"
      case .operatorID:
        guard content.operatorIndex(id: name) == nil else { return nil }
        message = "the network has no operator \"\(name)\""
      default: return nil
      }
      return TariffFault(
        file: TariffSource.mainPath, line: mention.line, message: message,
        isWarning: mention.dimension != .zone || !hasZones)
    }
  }

  /// Whether the tariff names anything that only a network can tell: zones, stops, routes, operators.
  package var namesTheNetwork: Bool { !tables.mentions.isEmpty }

  /// Most zones of a network that one message names.
  private static let zonesNamedMax = 20
}

extension TariffBook {
  /// Whether some version names a stop.
  package func names(stop: String) -> Bool { names(.stop, stop) }

  /// Whether some version names an operator.
  package func names(operatorID: String) -> Bool { names(.operatorID, operatorID) }

  private func names(_ dimension: Dimension, _ name: String) -> Bool {
    versions.contains { version in
      version.tables.mentions.contains { $0.dimension == dimension && $0.name == name }
    }
  }

  /// What the versions in force on a day, or later, say of a network that is not there; nothing of it
  /// is a fault, for the network has changed and not the tariff.
  package func doubts(against content: Network, from day: Day) -> [TariffFault] {
    versions.filter { $0.lastDay >= day }.flatMap { version in
      version.faults(against: content).map { fault in
        TariffFault(
          file: "\(version.name) \(version.version), \(fault.file)", line: fault.line,
          message: fault.message, isWarning: true)
      }
    }
  }
}
