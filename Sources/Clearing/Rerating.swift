package import Basics
package import Store
package import Tariff

/// What became of a wish to rate fare days anew.
package enum ReratingOutcome: Sendable {
  /// The order as it is now: asked for, decided, or taken back.
  case ordered(ReratingOrder)
  /// Why it is not done, and what would be right.
  case refused(String)
}

/// Orders to rate fare days anew: seen before they are carried out, and above a limit by two people.
///
/// What an order changes the workers find out and carry out, in ``ReratingPieces``.
package struct Rerating: Sendable {
  /// Most fare days of an order.
  package static let daysMax = 400
  /// Most previews that order nothing under way at once.
  package static let looksAtOnceMax = 8
  /// How long a preview that ordered nothing is kept, days.
  package static let previewDaysKept: Int64 = 90
  /// Most old previews that go when another one is asked for.
  package static let previewsDroppedMax = 100

  let store: Store
  let city: City

  /// Makes the use case on the city as it stands.
  package init(store: Store, city: City) {
    self.store = store
    self.city = city
  }

  /// What rating a period anew would change; nothing is ordered.
  ///
  /// With a tariff it is as if that were published, for all days from the period's first on. Within a bound
  /// it is refused where there is more to look at.
  package func preview(
    _ period: ClosedRange<Day>, tariff: TariffSource? = nil,
    within bound: RatingPreviewer.Bound? = nil, progress: @Sendable (Double) -> Void = { _ in }
  ) async throws -> Result<RatingPreview, ReratingRefusal> {
    let found = try await store.read { db in try await book(of: period, tariff, in: db) }
    switch found {
    case .failure(let refusal): return .failure(refusal)
    case .success(let book):
      let previewer = RatingPreviewer(
        store: store, city: city, book: book, isOpenEnded: tariff != nil)
      guard let bound else {
        return .success(try await previewer.run(period, progress: progress))
      }
      guard let preview = try await previewer.run(period, within: bound) else {
        return .failure(
          ReratingRefusal(
            "There are more than \(bound.riderDaysMax) rider-days to look at. Order a preview, which "
              + "changes nothing and is worked out by the service.", isTooMuch: true))
      }
      return .success(preview)
    }
  }

  /// Has the workers find out what rating a period anew would change, which is never carried out.
  package func look(
    _ period: ClosedRange<Day>, tariff: TariffSource? = nil, by person: Person, at now: Instant
  ) async throws -> ReratingOutcome {
    try await store.write { db in
      guard try await db.reratingOrders.lookingCount() < Self.looksAtOnceMax else {
        return .refused(
          "\(Self.looksAtOnceMax) previews are being worked out already. Wait for one of them, or "
            + "refuse one.")
      }
      _ = try await db.reratingOrders.dropPreviews(
        before: now.adding(seconds: -Self.previewDaysKept * 86_400),
        countMax: Self.previewsDroppedMax)
      return try await add(period, tariff: tariff, as: .looking, by: person, at: now, in: db)
    }
  }

  /// Orders a period to be rated anew: the workers find out what it changes, and carry it out where the
  /// change lies within the limit.
  package func ask(
    _ period: ClosedRange<Day>, tariff: TariffSource? = nil, by person: Person, at now: Instant
  ) async throws -> ReratingOutcome {
    try await store.write { db in
      try await add(period, tariff: tariff, as: .previewing, by: person, at: now, in: db)
    }
  }

  private func add(
    _ period: ClosedRange<Day>, tariff: TariffSource?, as state: ReratingState,
    by person: Person, at now: Instant, in db: StoreSession
  ) async throws -> ReratingOutcome {
    if case .failure(let refusal) = try await book(of: period, tariff, in: db) {
      return .refused(refusal.description)
    }
    var order = Self.asked(
      period, tariffSource: tariff.map(TariffPublication.text(of:)), by: person, at: now)
    order.state = state
    order.id = try await db.reratingOrders.add(order)
    try await db.announce(.network)
    return .ordered(order)
  }

  /// An order while the workers find out what it changes: a person's own, or that of a network.
  package static func asked(
    _ period: ClosedRange<Day>, tariffSource: String? = nil, feedID: Int64? = nil,
    by person: Person, at now: Instant
  ) -> ReratingOrder {
    var order = ReratingOrder(
      firstDay: period.lowerBound, lastDay: period.upperBound, tariffSource: tariffSource,
      preview: RatingPreview(period).text, changeMinor: 0, needsApproval: false,
      requestedBy: person, requestedAt: now)
    order.state = .previewing
    order.feedID = feedID
    order.place = order.start
    return order
  }

  /// Approves an order; the person must be another one than asked for it.
  ///
  /// What is approved is what was shown: the workers compare what it changes now with it, and carry it out
  /// or have it wait again.
  package func approve(
    _ id: Int64, by person: Person, at now: Instant
  ) async throws -> ReratingOutcome {
    try await store.write { [city] db in
      guard var order = try await db.reratingOrders.lock(id) else { return Self.unknown(id) }
      if let why = try Self.refusal(of: order, by: person) { return .refused(why) }
      if let feedID = order.feedID, city.days(of: order.period, onFeed: feedID) == nil {
        return .refused(
          "Order \(id) came of network \(feedID), and another one was imported since. Refuse it.")
      }
      order.state = .approved
      order.decidedBy = person
      order.decidedAt = now
      order.compared = RatingPreview(order.period).text
      order.fault = nil
      order.place = order.start
      try await db.reratingOrders.save(order)
      try await db.announce(.network)
      return .ordered(order)
    }
  }

  /// Refuses an order; whoever asked for it may take it back this way.
  package func refuse(
    _ id: Int64, by person: Person, at now: Instant
  ) async throws -> ReratingOutcome {
    try await store.write { db in
      guard var order = try await db.reratingOrders.lock(id) else { return Self.unknown(id) }
      guard [.requested, .previewing, .looking].contains(order.state) else {
        return .refused("Order \(id) is \(order.state.rawValue) already.")
      }
      if order.place != nil { try await db.placedAnew.remove(order: id) }
      order.place = nil
      order.state = .refused
      order.decidedBy = person
      order.decidedAt = now
      try await db.reratingOrders.save(order)
      return .ordered(order)
    }
  }

  /// The newest orders first, in a state or in any.
  package func list(state: ReratingState? = nil) async throws -> [ReratingOrder] {
    try await store.read { db in try await db.reratingOrders.list(state: state) }
  }

  /// An order; nil when there is none of the number.
  package func find(_ id: Int64) async throws -> ReratingOrder? {
    try await store.read { db in try await db.reratingOrders.find(id) }
  }

  /// The book by which a period would be rated; refused where it is too long.
  private func book(
    of period: ClosedRange<Day>, _ tariff: TariffSource?, in db: StoreSession
  ) async throws -> Result<TariffBook, ReratingRefusal> {
    // With a tariff all days from the first on count anyway, however the period ends.
    guard tariff != nil || period.upperBound.number - period.lowerBound.number < Self.daysMax
    else {
      return .failure(ReratingRefusal("An order covers at most \(Self.daysMax) fare days."))
    }
    return try await Self.book(with: tariff, period, city, in: db)
  }

  /// Why a person may not approve an order; nil when they may.
  private static func refusal(of order: ReratingOrder, by person: Person) throws -> String? {
    switch order.state {
    case .requested: break
    case .previewing:
      return "What order \(order.id) changes is being worked out; approve it when it is seen."
    case .looking, .previewed:
      return
        "Order \(order.id) only shows what would change. Give an order for these days, and that can be "
        + "approved."
    case .approved, .marking, .refused, .done:
      return "Order \(order.id) is \(order.state.rawValue) already."
    }
    guard !order.needsApproval || !person.isSame(as: order.requestedBy) else {
      return
        "Order \(order.id) changes more than one person may: \(order.requestedBy.label) asked for "
        + "it, and somebody else has to approve it."
    }
    guard try RatingPreview.days(of: order.preview) != nil else {
      return
        "Order \(order.id) does not tell what it changes by day. Refuse it, and ask for it anew."
    }
    return nil
  }

  private static func unknown(_ id: Int64) -> ReratingOutcome {
    .refused("There is no order \(id). `kvytok rate list` shows them.")
  }
}
