import Clearing
import Insight
import Store

/// The order of a network in the hands of a command, which works at it as the service does.
///
/// Either may stop at any moment, and the other goes on.
struct ImportWork {
  private let store: Store

  /// Takes up work on a store.
  init(_ store: Store) { self.store = store }

  /// Works until the preview of an order stands; the order as it is then.
  func finish(_ id: Int64) async throws -> ReratingOrder {
    let city = CityHolder()
    try await city.reload(from: store)
    let placing = ImportPlacing(store: store, city: city)
    let previewing = ImportPreviewing(store: store, city: city)
    let progress = Progress("Rating the days of before, to see what changes")
    while true {
      let found = try await store.read { db in try await db.reratingOrders.find(id) }
      guard let order = found else { throw CommandFault("Order \(id) is gone.") }
      guard let place = order.previewPlace else {
        progress.end("order \(id)")
        return order
      }
      progress.show(place.share)
      let pieces = try await placing.piece() + previewing.piece(at: .now)
      // The service works at it: there is nothing to do but to look again.
      if pieces == 0 { try await Task.sleep(for: .milliseconds(100)) }
    }
  }
}
