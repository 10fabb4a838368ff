package import Basics
package import Store

/// Answers questions about taps, money, riders and vehicles: the read models.
///
/// They change nothing, but for ``agedGaps(device:closedSince:at:after:limit:)``, which first brings the list of
/// holes up to date. Every answer says when it was made and what is still missing from it.
package struct InsightDesk: Sendable {
  /// Most fare days of one report.
  package static let reportDaysMax = 366
  /// Most fare days of a report that counts their taps and boardings one by one.
  package static let countedDaysMax = 3
  /// Fare days that are listed as having data.
  package static let listedDaysMax = 60

  let store: Store
  let city: CityHolder
  let shapes = RouteShapes()

  /// Opens the desk.
  package init(store: Store, city: CityHolder) {
    self.store = store
    self.city = city
  }

  /// Fare days that have taps, the newest first, at most ``listedDaysMax``.
  package func days() async throws -> [Day] {
    try await store.read { db in try await db.reports.days(countMax: Self.listedDaysMax) }
  }

  /// Lines of the network as GeoJSON, for a map; made once for each network.
  package func routeShapes() -> [UInt8] { shapes.geoJSON(of: city.current.network) }
}
