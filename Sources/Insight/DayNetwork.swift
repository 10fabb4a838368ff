import Basics
package import Store

/// The network by which planners are shown a fare day: the one by which its boardings stand.
///
/// That need not be the network that holds on the day. Days that an imported one holds for stay as they are while
/// its order waits, and for good when it is refused: their boardings have the routes and stops of before. Of several
/// networks the one that placed most vehicles' days is taken, and it is told how many others have placed.
struct DayNetwork: Sendable {
  let city: City
  /// Vehicles' days whose boardings stand by another network.
  let othersCount: Int

  /// Finds the network of a day; the one that holds on it where nothing tells another.
  init(on day: Day, of city: City, in db: StoreSession) async throws {
    let holding = city.feedID(on: day)
    let placings = try await db.loads.placings(on: day)
    let most = placings.map(\.vehicleDays).max()
    let commonest = placings.filter { $0.vehicleDays == most }
    let chosen = commonest.first { $0.feedID == holding } ?? commonest.first
    var found = try await city.on(feed: chosen?.feedID ?? holding, in: db)
    if found == nil { found = try await city.on(day, in: db) }
    let then = found ?? city
    self.city = then
    othersCount = placings.reduce(0) { $0 + ($1.feedID == then.feed?.id ? 0 : $1.vehicleDays) }
  }
}

extension FeedRecord {
  /// The number and the name of the file, as people read it.
  package var title: String { "\(id) (\(name))" }
}
