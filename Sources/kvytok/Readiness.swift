import Basics
import Postgres
import Store
import Web

/// What must hold before the service can answer requests.
struct Readiness: Sendable {
  let backbone: Backbone
  let city: CityHolder
  /// The steps of the schema as this program came with them: what lies beside it may be the next version's by now.
  let migrations: [Migration]

  /// The checks with what to do about each that fails.
  func checks() async -> [ReadinessCheck] {
    guard await backbone.store.isReachable() else {
      return [
        ReadinessCheck("database", fault: "The database does not answer; start it.")
      ]
    }
    return [
      ReadinessCheck("database", fault: nil), await schema(),
      ReadinessCheck(
        "tariff",
        fault: city.current.book == nil
          ? "No tariff is published. Publish one: kvytok tariff publish DIR" : nil),
      ReadinessCheck(
        "network",
        fault: city.current.feed == nil
          ? "No network is loaded: taps are taken, and no stop, line or operator of theirs is known. "
            + "Import one: kvytok network import FEED.zip" : nil, isNeeded: false),
    ]
  }

  private func schema() async -> ReadinessCheck {
    do {
      let missing = try await MissingSteps.find(backbone.pool, of: migrations)
      return ReadinessCheck(
        "schema", fault: missing.map { "It \($0.found). \($0.whatToDo)" })
    } catch {
      return ReadinessCheck("schema", fault: "It cannot be read: \(error)")
    }
  }
}
