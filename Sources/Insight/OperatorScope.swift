import Basics
import Store
import Transit

/// What of the city the asker may see: all of it, or the routes of one operator.
struct OperatorScope: Sendable {
  /// `agency_id`; nil is all operators.
  let operatorID: String?
  /// Ids of the operator's routes; nil is all routes.
  let routes: [String]?
  /// The names by which validators may call these routes.
  let names: [String]?

  init(_ operatorID: String?, network: Network) {
    self.operatorID = operatorID
    guard let operatorID else {
      routes = nil
      names = nil
      return
    }
    let own = network.routes.indices.filter { network.operatorID(ofRoute: $0) == operatorID }
    routes = own.map { network.routes[$0].id }
    // A short name that other operators' routes have too does not say whose tap it was.
    names =
      own.map { network.routes[$0].id }
      + own.filter { network.resolveRoute(network.routes[$0].shortName) == $0 }
      .map { network.routes[$0].shortName }
  }

  /// What of some days is there and what is missing, within the scope.
  func completeness(
    of days: ClosedRange<Day>, in db: StoreSession
  ) async throws -> DayCompleteness {
    try await db.reports.completeness(
      days: days, operatorID: operatorID, routes: routes, names: names,
      isCounting: days.upperBound.number - days.lowerBound.number < InsightDesk.countedDaysMax)
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
