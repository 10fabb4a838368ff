package import Basics
package import Store
import Tariff
package import Transit

/// The import of a network changes what days of before come to: as every order to rate anew it is seen
/// first, and above the limit it takes two people.
extension Rerating {
  /// What rating all days anew by a network to come would change; nil when no day was rated yet.
  package func previewImport(
    of network: Network, progress: @Sendable (Double) -> Void = { _ in }
  ) async throws -> RatingPreview? {
    let (span, tariffs) = try await store.read { db in
      (try await db.rating.ratedSpan(), try await db.tariffs.list())
    }
    let coming = City(network: network, book: try TariffPublication.book(of: tariffs), feed: nil)
    guard let span, let book = coming.book else { return nil }
    return try await RatingPreviewer(store: store, city: coming, book: book)
      .run(span, progress: progress)
  }

  /// Whether what a preview shows takes a second person.
  package func needsApproval(_ preview: RatingPreview) async throws -> Bool {
    let limit = try await store.read { db in try await Self.limitMinor(in: db) }
    return preview.orderedMinor > limit
  }

  /// The order that waits for a second person while the network is in force already.
  package static func waiting(
    _ preview: RatingPreview, feedID: Int64, by person: Person, at now: Instant
  ) -> ReratingOrder {
    var order = ReratingOrder(
      firstDay: preview.firstDay, lastDay: preview.lastDay, tariffSource: nil,
      preview: String(decoding: preview.json, as: UTF8.self), changeMinor: preview.orderedMinor,
      needsApproval: true, requestedBy: person, requestedAt: now)
    order.feedID = feedID
    return order
  }

  /// Why the order of a network must not be approved as it was shown; nil when it changes no more.
  ///
  /// Days that were rated since, for a late tap or a new one, were rated by the network already: so an
  /// order becomes smaller as it waits, and never larger by itself.
  func fault(ofNetwork feedID: Int64, _ order: ReratingOrder) async throws -> String? {
    guard feedID == city.feed?.id else {
      return
        "Order \(order.id) came of network \(feedID), and another one was imported since. Refuse it."
    }
    guard let book = city.book else { return nil }
    let found = try await RatingPreviewer(store: store, city: city, book: book)
      .run(order.firstDay...order.lastDay)
    guard found.orderedMinor > order.changeMinor else { return nil }
    return
      "Order \(order.id) would change fares by \(found.orderedMinor) minor units now, and was shown "
      + "with \(order.changeMinor). Refuse it, and ask for it anew with `kvytok rate`."
  }
}
