import Basics
import Store
import Transit

/// What of the city the asker may see: all of it, or the routes of one operator, each on the days on which
/// it was that operator's.
struct OperatorScope: Sendable {
  /// The operator's routes while one network held.
  private struct Part {
    let days: ClosedRange<Day>
    /// Their ids; nil is all routes.
    let routes: [String]?
    /// The names by which validators may call them.
    let names: [String]?
  }

  /// `agency_id`; nil is all operators.
  private let operatorID: String?
  private let days: ClosedRange<Day>
  /// Empty where there are too many days to count their taps.
  private let parts: [Part]

  /// The scope over some days, on the networks that hold on them.
  init(
    _ operatorID: String?, on days: ClosedRange<Day>, of city: City, in db: StoreSession
  ) async throws {
    self.operatorID = operatorID
    self.days = days
    var parts: [Part] = []
    if days.upperBound.number - days.lowerBound.number < InsightDesk.countedDaysMax {
      if let operatorID {
        for span in city.spans(of: days) {
          let network = try await city.on(span.lowerBound, in: db).network
          parts.append(Self.part(span, operatorID, network))
        }
      } else {
        parts.append(Part(days: days, routes: nil, names: nil))
      }
    }
    self.parts = parts
  }

  private static func part(
    _ days: ClosedRange<Day>, _ operatorID: String, _ network: Network
  ) -> Part {
    let own = network.routes.indices.filter { network.operatorID(ofRoute: $0) == operatorID }
    let routes = own.map { network.routes[$0].id }
    // A short name that other operators' routes have too does not say whose tap it was.
    let shortNames = own.filter { network.resolveRoute(network.routes[$0].shortName) == $0 }
      .map { network.routes[$0].shortName }
    return Part(days: days, routes: routes, names: routes + shortNames)
  }

  /// What of the days is there and what is missing, within the scope; of many days taps and boardings are
  /// not counted.
  func completeness(in db: StoreSession) async throws -> DayCompleteness {
    var completeness = DayCompleteness()
    completeness.tariffVersions = try await db.reports.tariffVersions(
      days: days, operatorID: operatorID)
    for part in parts {
      try await db.reports.count(
        days: part.days, routes: part.routes, names: part.names, into: &completeness)
    }
    return completeness
  }
}

extension City {
  /// Whose routes were whose on some days, by the networks that hold on them; of one operator: its own.
  func routes(
    on days: ClosedRange<Day>, operatorID: String?, in db: StoreSession
  ) async throws -> [RouteDays] {
    var found: [RouteDays] = []
    for span in spans(of: days) {
      let network = try await routesAlone(on: span.lowerBound, in: db)
      for route in network.routes.indices {
        guard let owner = network.operatorID(ofRoute: route),
          operatorID == nil || owner == operatorID
        else { continue }
        found.append(
          RouteDays(days: span, routeID: network.routes[route].id, operatorID: owner))
      }
    }
    return found
  }

  /// The routes and operators of the network that holds on a day; those of now where it is lost.
  ///
  /// A year may have a network every week: to read the stops and trips of each would take minutes.
  private func routesAlone(on day: Day, in db: StoreSession) async throws -> Network {
    let id = feedID(on: day)
    guard id != feed?.id else { return network }
    guard let id else { return .empty }
    guard let archive = try await db.feeds.archive(of: id) else { return network }
    return (try? FeedReader.readRoutes(zip: archive)) ?? network
  }
}

extension Network {
  /// The name of an operator; its id when the network does not have it, nil when there is none.
  func operatorName(id: String?) -> String? {
    id.map { id in operatorIndex(id: id).map { operators[$0].name } ?? id }
  }

  /// The name of a stop; its id when the network does not have it.
  package func stopName(id: String) -> String {
    guard let index = stopIndex(id: id) else { return id }
    return stops[index].name.isEmpty ? id : stops[index].name
  }
}

/// What operators were called on a day; of those that the network of then does not have, what they are called now.
struct OperatorNames: Sendable {
  private let networks: [Network]

  /// Takes the names of the network that held on a day.
  init(on day: Day, of city: City, in db: StoreSession) async throws {
    networks = [try await city.on(day, in: db).network, city.network]
  }

  /// The name of an operator; its id when no network has it, nil when there is none.
  func name(of id: String?) -> String? {
    guard let id else { return nil }
    let network = networks.first { $0.operatorIndex(id: id) != nil }
    return network?.operatorName(id: id) ?? id
  }
}
