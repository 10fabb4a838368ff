package import Basics
package import Store
package import Tariff
import Transit

/// What became of a tariff that was to be published.
package enum PublishingOutcome: Sendable {
  /// Its versions are published, or were before with the same text; doubts are told.
  case published(versions: [CompiledTariff], warnings: [TariffFault], staleDays: Int)
  /// It is no tariff; every fault with file and line.
  case faulty([TariffFault])
  /// Another text holds the name or the day of a version.
  case taken(String)
  /// A version begins on a fare day that has begun, and no order to rate anew was given.
  case past(Bilingual)
}

/// Puts a tariff in force, all its versions or none.
package struct TariffPublishing: Sendable {
  private let store: Store
  private let city: CityHolder

  /// Makes the use case; a city that is at hand already saves reading the network again.
  package init(store: Store, city: CityHolder = CityHolder()) {
    self.store = store
    self.city = city
  }

  /// Checks and publishes the versions of a folder.
  ///
  /// What a new version says of zones, stops, routes and operators is held against the network that
  /// the city has at that moment: a zone that no stop has refuses it, the rest is told as doubts.
  /// A version that begins on a fare day that has begun is refused: that takes an order, which
  /// ``Rerating`` gives. The first tariff of a city needs none, for nothing was rated before it.
  package func publish(
    _ source: TariffSource, at now: Instant
  ) async throws -> PublishingOutcome {
    try await publish(source, isReratingOrdered: false, at: now)
  }

  /// Publishes the tariff of an order that is being carried out, past days and all.
  ///
  /// The order then has the rider-days marked as stale: they are rated anew and the difference is
  /// booked. There is no other way to the past, so nobody goes round the second person.
  package func publish(
    _ order: ReratingOrder, at now: Instant
  ) async throws -> PublishingOutcome {
    precondition(order.state == .marking, "order \(order.id) is not being carried out")
    guard let text = order.tariffSource else {
      preconditionFailure("order \(order.id) has no tariff")
    }
    return try await publish(
      try TariffPublication.source(of: text), isReratingOrdered: true, at: now)
  }

  private func publish(
    _ source: TariffSource, isReratingOrdered: Bool, at now: Instant
  ) async throws -> PublishingOutcome {
    let reading = source.load()
    guard let book = reading.book else {
      return .faulty(reading.faults.filter { !$0.isWarning })
    }
    let text = TariffPublication.text(of: source)
    do {
      let (staleDays, doubts) = try await city.write(to: store) { db, city in
        let before = try TariffPublication.book(of: try await db.tariffs.list())
        let today = (before ?? book).fareDay(of: now)
        let isFree = isReratingOrdered || before == nil
        var rated: [Day] = []
        var doubts: [TariffFault] = []
        for version in book.versions {
          let record = TariffRecord(
            version: version.version, effectiveFrom: version.firstDay, source: text,
            publishedAt: now)
          guard try await save(record, in: db) else { continue }
          doubts += try Self.doubts(version, city.network, today: today)
          switch PublishingDecision.decide(
            version, published: before?.versions ?? [], today: today, isReratingOrdered: isFree)
          {
          case .scheduled: rated.append(version.firstDay)
          case .rerates(let day): rated.append(day)
          case .refused(let why): throw Refusal(outcome: .past(why))
          }
        }
        let after = try TariffPublication.book(of: try await db.tariffs.list())
        try Self.checkDaysLost(before, by: after)
        if let first = rated.min(), let after {
          try await Self.checkClock(of: after, from: first, city, in: db)
        }
        // An order marks its days itself, and before the first tariff no day was rated.
        guard let first = rated.min(), !isFree else { return (0, doubts) }
        try await db.preferIndexes()
        let stale = try await db.rating.markComing(
          from: first, reason: "tariff \(book.versions[0].name) was published", at: now)
        return (stale, doubts)
      }
      return .published(
        versions: book.versions, warnings: reading.faults + doubts, staleDays: staleDays)
    } catch let refusal as Refusal {
      return refusal.outcome
    }
  }

  /// Refuses what would leave days without a tariff that have one.
  private static func checkDaysLost(_ before: TariffBook?, by after: TariffBook?) throws {
    guard let before, let after, let why = before.lost(in: after) else { return }
    throw Refusal(whole: why)
  }

  /// Refuses what would leave sorted taps under a fare day that is not theirs by the new clock.
  private static func checkClock(
    of book: TariffBook, from first: Day, _ city: City, in db: StoreSession
  ) async throws {
    if let why = try await ClockChange.refusal(of: book, from: first, city, in: db) {
      throw Refusal(whole: why)
    }
  }

  /// Whether the version is new; refuses one whose name or day another holds.
  private func save(_ record: TariffRecord, in db: StoreSession) async throws -> Bool {
    switch try await db.tariffs.save(record) {
    case .saved: return true
    case .alreadySaved: return false
    case .versionTaken:
      throw Refusal(
        outcome: .taken(
          "Version \(record.version) is published already with another text; a published version "
            + "never changes. Give the new one another name."))
    case .dateTaken(let other):
      throw Refusal(
        outcome: .taken("Version \(other) begins on \(record.effectiveFrom) too; only one can."))
    }
  }

  /// What a new version says that the service does not do and of the network that is not there;
  /// refuses it when a zone has no stop.
  ///
  /// A version that is over already may name what has been taken down since, so there it is a doubt.
  private static func doubts(
    _ version: CompiledTariff, _ network: Network, today: Day
  ) throws -> [TariffFault] {
    let doubts = version.serviceDoubts
    guard version.namesTheNetwork else { return doubts }
    guard !network.stops.isEmpty else {
      return doubts + [
        TariffFault(
          file: TariffSource.mainPath, line: 1,
          message: "version \"\(version.version)\" names zones, stops, routes or operators, and no "
            + "network is imported to look them up in; import the feed and publish after it, or try "
            + "\"tariff check --network\"",
          isWarning: true)
      ]
    }
    var faults = version.faults(against: network)
    if version.lastDay < today { for index in faults.indices { faults[index].isWarning = true } }
    let errors = faults.filter { !$0.isWarning }
    guard errors.isEmpty else { throw Refusal(outcome: .faulty(errors)) }
    return doubts + faults
  }

  /// Takes back what the transaction has done so far.
  private struct Refusal: Error {
    let outcome: PublishingOutcome

    init(outcome: PublishingOutcome) { self.outcome = outcome }

    /// Refuses a tariff for what no line of it alone says.
    init(whole why: String) {
      outcome = .faulty([
        TariffFault(file: TariffSource.mainPath, line: 1, message: why, isWarning: false)
      ])
    }
  }
}

extension TariffBook {
  /// Why another book may not take the place of this one; nil when it holds for all days of this one.
  func lost(in other: TariffBook) -> String? {
    firstDayLost(in: other).map { day in
      "after \(day.adding(days: -1)) no tariff would be in force; put the version that follows into the "
        + "same folder"
    }
  }
}
