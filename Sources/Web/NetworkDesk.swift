package import Basics
package import Store
import Tapping
package import Tariff
package import Transit

/// What became of a feed that was to be published.
package enum NetworkPublication: Sendable {
  /// It is the network now; small faults are told, and what the tariff names that it lacks.
  case published(FeedReading, FeedRecord, doubts: [TariffFault])
  /// No network could be made of it.
  case refused(FeedFault)
}

/// Publishes networks, for the command and for HTTP alike.
package struct NetworkDesk: Sendable {
  /// Before the first tap that can be stored.
  private static let firstDay = Day(number: 0)

  private let store: Store

  /// Makes a desk over a store.
  package init(store: Store) { self.store = store }

  /// Reads a feed, and makes it the network when that is possible.
  package func publish(
    name: String, archive: [UInt8], at moment: Instant
  ) async throws -> NetworkPublication {
    let reading: FeedReading
    do {
      reading = try FeedReader.read(zip: archive)
    } catch {
      return .refused(error)
    }
    let digest = SHA256Digest.hash(archive)
    let (record, book) = try await store.write { db in
      let record = try await db.feeds.save(
        name: name, digest: digest, archive: archive, at: moment)
      // Fares and stops are views of the taps through the network: all of them are worked out anew.
      try await db.rating.markAllStale(
        from: NetworkDesk.firstDay, reason: "network imported", at: moment)
      try await db.placing.markAllStale(from: NetworkDesk.firstDay, at: moment)
      return (record, try TariffPublication.book(of: try await db.tariffs.list()))
    }
    let doubts = book.map { $0.doubts(against: reading.network, from: $0.fareDay(of: moment)) }
    return .published(reading, record, doubts: doubts ?? [])
  }
}
