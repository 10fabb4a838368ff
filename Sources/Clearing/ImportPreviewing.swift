package import Basics
package import Store
import Tariff

/// Works out what the order of a network changes, piece by piece, and carries it out where one person may.
///
/// A piece is one transaction that keeps how far it came: a restart goes on from there. As long as the
/// preview does not stand nothing is booked.
package struct ImportPreviewing: Sendable {
  /// Most riders rated at once; of each all days from the first on.
  package static let ridersPerPageMax = 50
  /// Most pages of a piece, and the rider-days after which it takes no further one.
  package static let pagesPerPieceMax = 20
  package static let riderDaysPerPieceMax = 5_000

  private let store: Store
  private let city: CityHolder

  /// Makes the use case.
  package init(store: Store, city: CityHolder) {
    self.store = store
    self.city = city
  }

  /// Rates the next riders of the oldest order; 0 when none waits for it, or another process works at it.
  package func piece(at now: Instant) async throws -> Int {
    try await city.write(to: store) { db, city in
      guard var order = try await db.reratingOrders.lockPreview(at: .riders),
        case .riders(var lane, var after) = order.previewPlace
      else { return 0 }
      guard let book = city.book, order.feedID == city.feed?.id else {
        try await Self.giveUp(&order, in: db)
        return 1
      }
      var preview = try RatingPreview(kept: order.preview)
      let previewer = RatingPreviewer(
        store: store, city: city, book: book, placedBy: order.id)
      let begun = preview.riderDays
      var pages = 0
      while lane < Lane.count, pages < Self.pagesPerPieceMax,
        preview.riderDays - begun < Self.riderDaysPerPieceMax
      {
        pages += 1
        let riders = try await db.audit.riders(
          lane: lane, after: after, countMax: Self.ridersPerPageMax)
        guard let last = riders.last else {
          (lane, after) = (lane + 1, nil)
          continue
        }
        try await previewer.addImport(riders, lane: lane, to: &preview, in: db)
        after = last
      }
      if lane == Lane.count {
        try await Self.finish(&order, &preview, in: db, at: now)
      } else {
        order.preview = preview.text
        order.previewPlace = .riders(lane: lane, after: after)
      }
      try await db.reratingOrders.save(order)
      return 1
    }
  }

  /// The preview stands: what one person may order is carried out, the rest waits for another one.
  ///
  /// What another person approved already is compared with what they were shown: where it has grown
  /// meanwhile it waits again, with what it changes now.
  private static func finish(
    _ order: inout ReratingOrder, _ preview: inout RatingPreview, in db: StoreSession,
    at now: Instant
  ) async throws {
    preview.tapsPlacedAnew = try await db.placedAnew.count(order: order.id)
    preview.finish()
    try await db.placedAnew.remove(order: order.id)
    order.preview = preview.text
    order.previewPlace = nil
    let shown = order.changeMinor
    order.changeMinor = preview.orderedMinor
    let waits: Bool
    if order.state == .approved {
      waits = order.changeMinor > shown
      if waits { (order.decidedBy, order.decidedAt) = (nil, nil) }
    } else {
      waits = try await Rerating.needsSecondPerson(
        order.changeMinor, by: order.requestedBy, at: now, in: db)
      order.needsApproval = waits
    }
    if waits {
      order.state = .requested
    } else {
      try await Rerating.finish(&order, in: db, at: now)
    }
  }

  /// Another network was imported since: the order of that one covers all that this one did.
  private static func giveUp(_ order: inout ReratingOrder, in db: StoreSession) async throws {
    try await db.placedAnew.remove(order: order.id)
    order.previewPlace = nil
    order.state = .refused
    try await db.reratingOrders.save(order)
  }
}
