package import Basics
import Clearing
import Insight
package import Store
import Tapping
package import Tariff
package import Transit

/// What became of a feed that was to be published.
package enum NetworkPublication: Sendable {
  /// It is the network now; small faults are told, what the tariff names that it lacks, and the order by
  /// which the days rated before are looked at, where there are any.
  case published(FeedReading, FeedRecord, doubts: [TariffFault], order: ReratingOrder?)
  /// No network could be made of it.
  case refused(FeedFault)
}

/// Publishes networks, for the command and for HTTP alike.
package struct NetworkDesk: Sendable {
  private let store: Store

  /// Makes a desk over a store.
  package init(store: Store) { self.store = store }

  /// Reads a feed, and makes it the network when that is possible.
  ///
  /// Fares and stops are views of the taps through the network: all of them are worked out anew. What that
  /// changes of days that were rated the workers find out first, by an order of `person`: within the limit
  /// they carry it out then, above it another person approves it. The network is in force for whatever is
  /// rated from now on.
  package func publish(
    name: String, archive: [UInt8], at moment: Instant, by person: () async throws -> Person
  ) async throws -> NetworkPublication {
    let reading: FeedReading
    do {
      reading = try FeedReader.read(zip: archive)
    } catch {
      return .refused(error)
    }
    let isAsked = try await store.read { db in
      guard try await !db.tariffs.list().isEmpty else { return false }
      return try await db.rating.ratedSpan() != nil
    }
    var asker: Person?
    if isAsked { asker = try await person() }
    let digest = SHA256Digest.hash(archive)
    let (record, book, order) = try await store.write {
      [asker] db -> (FeedRecord, TariffBook?, ReratingOrder?) in
      let record = try await db.feeds.save(
        name: name, digest: digest, archive: archive, at: moment)
      let book = try TariffPublication.book(of: try await db.tariffs.list())
      guard book != nil, let span = try await db.rating.ratedSpan() else {
        // Rider-days wait for their first rating anyway.
        try await NetworkMarking.begin(in: db)
        return (record, book, nil)
      }
      guard let asker else {
        throw StoreFault(
          kind: .unavailable, "days were rated for the first time just now; import it again")
      }
      var order = Rerating.asked(span, feedID: record.id, by: asker, at: moment)
      order.id = try await db.reratingOrders.add(order)
      return (record, book, order)
    }
    let doubts = book.map { $0.doubts(against: reading.network, from: $0.fareDay(of: moment)) }
    return .published(reading, record, doubts: doubts ?? [], order: order)
  }
}
