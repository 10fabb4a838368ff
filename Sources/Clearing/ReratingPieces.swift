package import Basics
package import Store
import Tariff

/// Works out what orders to rate anew change, and carries them out, piece by piece.
///
/// A piece is one transaction that keeps how far it came: a restart goes on from there. As long as the
/// preview does not stand nothing is booked.
package struct ReratingPieces: Sendable {
  /// Most riders looked at at once; of each all days from the first on.
  package static let ridersPerPageMax = 50
  /// Most pages of a piece, and the rider-days after which it takes no further one.
  package static let pagesPerPieceMax = 20
  package static let riderDaysPerPieceMax = 5_000
  /// Most vehicle-days that a piece marks.
  package static let vehicleDaysPerPieceMax = 1_000

  private let store: Store
  private let city: CityHolder

  /// Makes the use case.
  package init(store: Store, city: CityHolder) {
    self.store = store
    self.city = city
  }

  /// Takes the oldest orders a piece further; 0 when none waits for it, or another process works at it.
  package func piece(at now: Instant) async throws -> Int {
    try await previewPiece(at: now) + markPiece(at: now)
  }

  // MARK: - What an order changes

  private func previewPiece(at now: Instant) async throws -> Int {
    try await city.write(to: store) { db, city in
      guard
        var order = try await db.reratingOrders.lockNext(
          [.previewing, .approved, .looking], at: .riders),
        case .riders(let lane, let after) = order.place
      else { return 0 }
      let book: TariffBook
      switch try await Rerating.book(of: &order, city, in: db) {
      case .success(let found): book = found
      case .failure(let refusal):
        try await Self.giveUp(&order, because: refusal.description, in: db)
        return 1
      }
      var place = (lane: lane, after: after)
      var preview = try RatingPreview(kept: order.compared ?? order.preview)
      if preview.edition != city.edition {
        // What was counted by another network or by other tariffs counts no more.
        preview = RatingPreview(order.period)
        preview.edition = city.edition
        place = (0, nil)
      }
      let previewer = RatingPreviewer(
        store: store, city: city, book: book, isOpenEnded: order.tariffSource != nil,
        placedBy: order.feedID == nil ? nil : order.id)
      order.place = try await Self.walk(from: place, in: db) { riders, lane in
        // What is read of a rider in several questions is not rated between them.
        try await db.holdLanes(.rating, [lane])
        let before = preview.riderDays
        try await previewer.add(riders, lane: lane, to: &preview, in: db)
        return preview.riderDays - before
      }
      if order.place == nil {
        try await Self.finish(&order, preview, city, in: db, at: now)
      } else if order.state == .approved {
        order.compared = preview.text
      } else {
        order.preview = preview.text
      }
      try await db.reratingOrders.save(order)
      return 1
    }
  }

  /// The preview stands: what one person may order, or another one approved as it was shown, is carried
  /// out; the rest waits for another one, and what orders nothing is told.
  private static func finish(
    _ order: inout ReratingOrder, _ worked: RatingPreview, _ city: City, in db: StoreSession,
    at now: Instant
  ) async throws {
    var preview = worked
    if order.feedID != nil {
      preview.tapsPlacedAnew = try await db.placedAnew.count(order: order.id)
      try await db.placedAnew.remove(order: order.id)
    }
    preview.finish()
    if order.state == .approved {
      try await Rerating.compare(
        &order, with: preview, askedOn: city.fareDay(of: order.requestedAt), in: db)
    } else if order.state == .looking {
      (order.preview, order.changeMinor) = (preview.text, preview.changeMinor)
      (order.state, order.doneAt) = (.previewed, now)
    } else {
      order.preview = preview.text
      order.changeMinor = Rerating.changeMinor(of: order, preview)
      let isLarge = try await Rerating.needsSecondPerson(
        order.changeMinor, by: order.requestedBy, at: now, in: db)
      // What another rule moves between operators is known when it is shared.
      order.needsApproval = isLarge || preview.ridesSharedAnew > 0
      order.state = order.needsApproval ? .requested : .marking
      if order.state == .marking { order.decidedAt = now }
    }
    if order.state == .marking { order.place = order.start }
  }

  /// The order cannot be carried out: what another person approved waits again, the rest is refused.
  ///
  /// Of a network that holds on none of its days any more nothing is left to wait for: the order of the next
  /// one covers all that this one did.
  private static func giveUp(
    _ order: inout ReratingOrder, because fault: String, in db: StoreSession
  ) async throws {
    if order.feedID != nil { try await db.placedAnew.remove(order: order.id) }
    order.state = order.needsApproval && order.feedID == nil ? .requested : .refused
    (order.place, order.compared, order.fault) = (nil, nil, fault)
    (order.decidedBy, order.decidedAt) = (nil, nil)
    try await db.reratingOrders.save(order)
  }

  // MARK: - Carrying it out

  private func markPiece(at now: Instant) async throws -> Int {
    let found = try await city.write(to: store) { db, city -> ReratingOrder? in
      guard var order = try await db.reratingOrders.lockNext([.marking]) else { return nil }
      if try Self.isOutdated(order, city) {
        try await Self.workOutAnew(&order, in: db)
      } else if !order.publishesFirst {
        try await Self.mark(&order, in: db, at: now)
      }
      return order
    }
    guard let order = found else { return 0 }
    if order.publishesFirst { try await publish(order, at: now) }
    return 1
  }

  /// Whether an order of which nothing is marked yet was worked out by another network or other tariffs; its
  /// own tariff, published by a piece that was cut, is none.
  private static func isOutdated(_ order: ReratingOrder, _ city: City) throws -> Bool {
    guard order.place == order.start, order.staleDays == nil,
      let edition = try RatingPreview(kept: order.preview).edition, edition != city.edition
    else { return false }
    guard let text = order.tariffSource, edition.feedID == city.edition.feedID else { return true }
    let own = try TariffPublication.source(of: text).load().book?.versions ?? []
    let published = Set((city.book?.versions ?? []).map(\.version))
    return !own.allSatisfy { published.contains($0.version) }
  }

  /// Has it found out again what an order changes, before anything of it is marked.
  private static func workOutAnew(
    _ order: inout ReratingOrder, in db: StoreSession
  ) async throws {
    order.state = order.needsApproval ? .approved : .previewing
    if order.state == .approved {
      order.compared = RatingPreview(order.period).text
    } else {
      order.decidedAt = nil
    }
    order.place = order.start
    try await db.reratingOrders.save(order)
  }

  /// Publishes the tariff of an order before a day is marked: what is rated from then on is rated by it.
  ///
  /// One that was interrupted after it goes on: a tariff that is published already is published once.
  private func publish(_ order: ReratingOrder, at now: Instant) async throws {
    let fault: String? =
      switch try await TariffPublishing(store: store, city: city).publish(order, at: now) {
      case .published: nil
      case .faulty(let faults):
        "The tariff cannot be read: \(faults.first.map { "\($0)" } ?? "")"
      case .taken(let sentence): sentence
      case .past(let why): why.english
      }
    try await store.write { db in
      guard var order = try await db.reratingOrders.lock(order.id), order.publishesFirst else {
        return
      }
      if let fault {
        try await Self.giveUp(&order, because: fault, in: db)
      } else {
        try await Self.mark(&order, in: db, at: now)
      }
    }
  }

  /// Marks the next days of an order as stale: they are rated anew, and the differences are booked.
  private static func mark(
    _ order: inout ReratingOrder, in db: StoreSession, at now: Instant
  ) async throws {
    switch order.place {
    case .vehicles(let lane, let after):
      order.place = try await markVehicles(lane, after, of: order, in: db, at: now)
    case .riders(let lane, let after):
      let (first, last) = (order.firstDay, order.tariffSource == nil ? order.lastDay : nil)
      let cause: StaleCause = order.tariffSource == nil ? .order : .tariff
      let reason = "order \(order.id)"
      var marked = order.staleDays ?? 0
      order.place = try await walk(from: (lane, after), in: db) { riders, lane in
        let count = try await db.rating.markStale(
          riders, lane: lane, from: first, to: last, cause: cause, reason: reason, at: now)
        marked += count
        return count
      }
      order.staleDays = marked
      if order.place == nil { (order.state, order.doneAt) = (.done, now) }
    case nil: preconditionFailure("order \(order.id) is marked without a place")
    }
    try await db.reratingOrders.save(order)
  }

  /// Where riders boarded is a view of the taps through the network as well.
  private static func markVehicles(
    _ lane: Int16, _ after: VehicleDay?, of order: ReratingOrder, in db: StoreSession,
    at now: Instant
  ) async throws -> ReratingPlace {
    let days = try await db.placedAnew.vehicleDays(
      lane: lane, from: order.firstDay, after: after, countMax: vehicleDaysPerPieceMax)
    try await db.sorting.markStale(vehicleDays: Set(days), at: now)
    if days.count == vehicleDaysPerPieceMax { return .vehicles(lane: lane, after: days.last) }
    return lane + 1 < Lane.count
      ? .vehicles(lane: lane + 1, after: nil) : .riders(lane: 0, after: nil)
  }

  /// Walks over riders page by page, as far as a piece goes; where it came to, nil at the end of them.
  ///
  /// The body tells how many rider-days it had to do with.
  private static func walk(
    from place: (lane: Int16, after: RiderID?), in db: StoreSession,
    _ body: (_ riders: [RiderID], _ lane: Int16) async throws -> Int
  ) async throws -> ReratingPlace? {
    var (lane, after) = place
    var (pages, riderDays) = (0, 0)
    while lane < Lane.count, pages < pagesPerPieceMax, riderDays < riderDaysPerPieceMax {
      pages += 1
      let riders = try await db.audit.riders(lane: lane, after: after, countMax: ridersPerPageMax)
      guard let last = riders.last else {
        (lane, after) = (lane + 1, nil)
        continue
      }
      riderDays += try await body(riders, lane)
      after = last
    }
    return lane < Lane.count ? .riders(lane: lane, after: after) : nil
  }
}

extension ReratingOrder {
  /// Whether its tariff is still to be published before its first day is marked.
  fileprivate var publishesFirst: Bool {
    state == .marking && tariffSource != nil && place == start
  }
}
