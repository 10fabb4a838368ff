import Clearing
import Insight
import Store

/// An order to rate anew in the hands of a command, which works at it as the service does.
///
/// Either may stop at any moment, and the other goes on.
struct OrderWork {
  private let store: Store

  /// Takes up work on a store.
  init(_ store: Store) { self.store = store }

  /// Works until an order is carried out, waits for another person, or is refused; the order as it is then.
  func finish(_ id: Int64) async throws -> ReratingOrder {
    let city = CityHolder()
    try await city.reload(from: store)
    let placing = ImportPlacing(store: store, city: city)
    let pieces = ReratingPieces(store: store, city: city)
    var shown: (state: ReratingState, progress: Progress)?
    while true {
      let found = try await store.read { db in try await db.reratingOrders.find(id) }
      guard let order = found else { throw CommandFault("Order \(id) is gone.") }
      if let shown, shown.state != order.state { shown.progress.end("order \(id)") }
      guard let share = order.share else { return order }
      if shown?.state != order.state {
        shown = (order.state, Progress(Self.title(of: order.state)))
      }
      shown?.progress.show(share)
      let done = try await placing.piece() + pieces.piece(at: .now)
      // The service works at it: there is nothing to do but to look again.
      if done == 0 { try await Task.sleep(for: .milliseconds(100)) }
    }
  }

  private static func title(of state: ReratingState) -> String {
    switch state {
    case .marking: "Marking what is rated anew"
    case .approved: "Comparing what changes with what was shown"
    case .previewing, .looking, .previewed, .requested, .refused, .done:
      "Rating the days of before, to see what changes"
    }
  }
}
