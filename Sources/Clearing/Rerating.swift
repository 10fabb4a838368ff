package import Basics
package import Store
package import Tariff

/// What became of a wish to rate fare days anew.
package enum ReratingOutcome: Sendable {
  /// Done, or waits for another person; the order says which.
  case ordered(ReratingOrder)
  /// Why it is not done, and what would be right.
  case refused(String)
}

/// Orders to rate fare days anew: seen before they are given, and above a limit by two people.
package struct Rerating: Sendable {
  /// Most fare days of an order.
  package static let daysMax = 400

  let store: Store
  let city: City

  /// Makes the use case on the city as it stands.
  package init(store: Store, city: City) {
    self.store = store
    self.city = city
  }

  /// What rating a period anew would change; with a tariff as if it were published, for all days
  /// from the period's first on.
  package func preview(
    _ period: ClosedRange<Day>, tariff: TariffSource? = nil,
    progress: @Sendable (Double) -> Void = { _ in }
  ) async throws -> Result<RatingPreview, ReratingRefusal> {
    // With a tariff all days from the first on count anyway, however the period ends.
    guard tariff != nil || period.upperBound.number - period.lowerBound.number < Self.daysMax
    else {
      return .failure(ReratingRefusal("An order covers at most \(Self.daysMax) fare days."))
    }
    let book: TariffBook
    switch try await self.book(with: tariff, period) {
    case .success(let found): book = found
    case .failure(let refusal): return .failure(refusal)
    }
    return .success(
      try await RatingPreviewer(
        store: store, city: city, book: book, isOpenEnded: tariff != nil
      ).run(period, progress: progress))
  }

  /// Orders a period to be rated anew; carried out at once when the change lies within the limit.
  package func order(
    _ period: ClosedRange<Day>, tariff: TariffSource? = nil, preview: RatingPreview,
    by person: Person,
    at now: Instant
  ) async throws -> ReratingOutcome {
    let order = try await store.write { db in
      var order = ReratingOrder(
        firstDay: period.lowerBound, lastDay: period.upperBound,
        tariffSource: tariff.map(TariffPublication.text(of:)),
        preview: String(decoding: preview.json, as: UTF8.self), changeMinor: preview.changeMinor,
        needsApproval: try await Self.needsSecondPerson(
          preview.changeMinor, by: person, at: now, in: db), requestedBy: person, requestedAt: now)
      order.id = try await db.reratingOrders.add(order)
      return order
    }
    return order.needsApproval
      ? .ordered(order) : try await carryOut(order.id, decidedBy: nil, at: now)
  }

  /// Approves an order and carries it out; the person must be another one than asked for it.
  ///
  /// What is approved is what was shown when it was asked for: an order that would change something
  /// else by now is refused, and stays as it is.
  package func approve(
    _ id: Int64, by person: Person, at now: Instant
  ) async throws -> ReratingOutcome {
    let found = try await store.read { db in try await db.reratingOrders.find(id) }
    if found?.feedID != nil { return try await approveNetwork(id, by: person, at: now) }
    if let order = found, order.state == .requested, order.needsApproval,
      !person.isSame(as: order.requestedBy), let fault = try await self.fault(of: order)
    {
      return .refused(fault)
    }
    return try await carryOut(id, decidedBy: person, at: now)
  }

  /// Refuses an order; whoever asked for it may take it back this way.
  package func refuse(
    _ id: Int64, by person: Person, at now: Instant
  ) async throws -> ReratingOutcome {
    try await store.write { db in
      guard var order = try await db.reratingOrders.lock(id) else { return Self.unknown(id) }
      guard [.requested, .previewing].contains(order.state) else {
        return .refused("Order \(id) is \(order.state.rawValue) already.")
      }
      if order.previewPlace != nil { try await db.placedAnew.remove(order: id) }
      order.previewPlace = nil
      order.state = .refused
      order.decidedBy = person
      order.decidedAt = now
      try await db.reratingOrders.save(order)
      return .ordered(order)
    }
  }

  /// The newest orders first.
  package func list() async throws -> [ReratingOrder] {
    try await store.read { db in try await db.reratingOrders.list() }
  }

  /// Marks what is ordered as stale; an order with a tariff publishes it first.
  ///
  /// An order that was interrupted between the two is carried out by approving it again: a tariff
  /// that is published already is published once.
  private func carryOut(
    _ id: Int64, decidedBy person: Person?, at now: Instant
  ) async throws -> ReratingOutcome {
    let begun = try await store.write { db -> ReratingOutcome in
      guard var order = try await db.reratingOrders.lock(id) else { return Self.unknown(id) }
      if order.state == .approved { return .ordered(order) }
      if let why = Self.refusal(of: order, by: person) { return .refused(why) }
      order.state = .approved
      order.decidedBy = person
      order.decidedAt = now
      if order.tariffSource == nil { try await Self.finish(&order, in: db, at: now) }
      try await db.reratingOrders.save(order)
      return .ordered(order)
    }
    guard case .ordered(let order) = begun, order.state == .approved else { return begun }
    return try await publish(order, at: now)
  }

  /// Marks what is ordered as stale: it is rated anew, and the differences are booked.
  static func finish(
    _ order: inout ReratingOrder, in db: StoreSession, at now: Instant
  ) async throws {
    order.staleDays = try await db.rating.markAllStale(
      from: order.firstDay, to: order.lastDay, cause: .order, reason: "order \(order.id)", at: now)
    if order.feedID != nil {
      // Where riders boarded is a view of the taps through the network as well.
      try await db.placing.markAllStale(from: order.firstDay, at: now)
    }
    order.state = .done
    order.doneAt = now
  }

  private func publish(
    _ approved: ReratingOrder, at now: Instant
  ) async throws -> ReratingOutcome {
    guard approved.tariffSource != nil else { return .ordered(approved) }
    switch try await TariffPublishing(store: store).publish(approved, at: now) {
    case .faulty(let faults):
      return .refused("The tariff cannot be read: \(faults.first.map { "\($0)" } ?? "")")
    case .taken(let sentence): return .refused(sentence)
    case .past(let why): return .refused(why.english)
    case .published(_, _, let staleDays):
      return try await store.write { db in
        guard var order = try await db.reratingOrders.lock(approved.id) else {
          return Self.unknown(approved.id)
        }
        order.state = .done
        order.doneAt = now
        order.staleDays = staleDays
        try await db.reratingOrders.save(order)
        return .ordered(order)
      }
    }
  }

  /// The book by which a period would be rated.
  private func book(
    with tariff: TariffSource?, _ period: ClosedRange<Day>
  ) async throws -> Result<TariffBook, ReratingRefusal> {
    guard let tariff else {
      guard let book = city.book else {
        return .failure(ReratingRefusal("No tariff is published: there is nothing to rate by."))
      }
      return .success(book)
    }
    let reading = tariff.load()
    guard let draft = reading.book else {
      return .failure(
        ReratingRefusal(
          "The tariff has faults: \(reading.faults.prefix(3).map { "\($0)" }.joined(separator: "; "))"
        ))
    }
    let published = try await store.read { db in try await db.tariffs.list() }
    let new = draft.versions.filter { version in
      !published.contains { $0.version == version.version }
    }
    guard let first = new.map(\.firstDay).min() else {
      return .failure(
        ReratingRefusal(
          "All versions of the tariff are published already. A mended tariff needs a new version "
            + "name; to rate by what is published, leave the tariff out."))
    }
    guard first >= period.lowerBound else {
      return .failure(
        ReratingRefusal(
          "The tariff begins on \(first), before the first day of the order: it would change days "
            + "that are not shown. Begin on \(first)."))
    }
    let text = TariffPublication.text(of: tariff)
    let records =
      published
      + new.map {
        TariffRecord(
          version: $0.version, effectiveFrom: $0.firstDay, source: text,
          publishedAt: Instant(seconds: 0))
      }
    guard
      let book = try TariffPublication.book(
        of: records.sorted { $0.effectiveFrom < $1.effectiveFrom })
    else {
      return .failure(
        ReratingRefusal("Another version begins on the first day of the tariff; only one can."))
    }
    return .success(book)
  }

  static func unknown(_ id: Int64) -> ReratingOutcome {
    .refused("There is no order \(id). `kvytok rate list` shows them.")
  }
}

/// Why nothing was rated anew, and what would be right.
package struct ReratingRefusal: Error, Sendable, CustomStringConvertible {
  package let description: String

  init(_ description: String) { self.description = description }
}
