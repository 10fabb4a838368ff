package import Basics
package import Clearing
package import Store
import Tapping
package import Tariff
package import Transit

/// What became of a feed that was to be published.
package enum NetworkPublication: Sendable {
  /// It is the network now; small faults are told, and what the tariff names that it lacks.
  case published(FeedReading, FeedRecord, doubts: [TariffFault], waiting: NetworkOrder?)
  /// No network could be made of it.
  case refused(FeedFault)
}

/// The order to rate the days of before by a new network, where it waits for a second person.
package struct NetworkOrder: Sendable {
  package let order: ReratingOrder
  package let preview: RatingPreview
}

/// Publishes networks, for the command and for HTTP alike.
package struct NetworkDesk: Sendable {
  /// Before the first tap that can be stored.
  private static let firstDay = Day(number: 0)

  private let store: Store

  /// Makes a desk over a store.
  package init(store: Store) { self.store = store }

  /// Reads a feed, and makes it the network when that is possible.
  ///
  /// Fares and stops are views of the taps through the network: all of them are worked out anew. Where
  /// that changes more than one person may order, it waits for another one: the network is in force for
  /// whatever is rated from then on, and the days of before stay as they are. `person` is asked for then.
  package func publish(
    name: String, archive: [UInt8], at moment: Instant,
    by person: () async throws -> Person, progress: @Sendable (Double) -> Void = { _ in }
  ) async throws -> NetworkPublication {
    let reading: FeedReading
    do {
      reading = try FeedReader.read(zip: archive)
    } catch {
      return .refused(error)
    }
    let rerating = Rerating(store: store, city: .unknown)
    let preview = try await rerating.previewImport(of: reading.network, progress: progress)
    var asked: (preview: RatingPreview, person: Person)?
    if let preview, try await rerating.needsApproval(preview) {
      asked = (preview, try await person())
    }
    let digest = SHA256Digest.hash(archive)
    let (record, book, waiting) = try await store.write { [asked] db in
      let record = try await db.feeds.save(
        name: name, digest: digest, archive: archive, at: moment)
      let book = try TariffPublication.book(of: try await db.tariffs.list())
      guard let asked else {
        try await db.rating.markAllStale(
          from: NetworkDesk.firstDay, reason: "network imported", at: moment)
        try await db.placing.markAllStale(from: NetworkDesk.firstDay, at: moment)
        return (record, book, NetworkOrder?.none)
      }
      var order = Rerating.waiting(
        asked.preview, feedID: record.id, by: asked.person, at: moment)
      order.id = try await db.reratingOrders.add(order)
      return (record, book, Optional(NetworkOrder(order: order, preview: asked.preview)))
    }
    let doubts = book.map { $0.doubts(against: reading.network, from: $0.fareDay(of: moment)) }
    return .published(reading, record, doubts: doubts ?? [], waiting: waiting)
  }
}
