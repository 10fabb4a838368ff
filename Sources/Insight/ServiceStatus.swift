package import Basics
package import Store

/// How the service stands: what came in, what is worked out, what waits for a person.
package struct ServiceStatus: Sendable, Equatable {
  /// A position is of now when it is not older than this, seconds.
  package static let heardSecondsMax: Int64 = 90
  /// A validator not heard of for longer is told, wherever it is, seconds; in a vehicle that moves it is sooner.
  package static let unheardSecondsMax: Int64 = 3600

  package let madeAt: Instant
  package let journal: JournalStanding
  package let backlog: BacklogStanding
  package let gaps: GapStanding
  package let validators: ValidatorStanding
  package let positions: PositionStanding
  /// Both sides of the books by currency; nothing before the first entry.
  package let books: [BookTotals]
  /// The fare day of the moment.
  package let today: DayFigures

  /// Seconds that the oldest work has waited: taps for the sorter, rider-days for their fares.
  package var lagSeconds: Double {
    [journal.oldestUnsortedAt, backlog.oldestRiderDayAt].compactMap { $0 }
      .map { max(madeAt.secondsSince($0), 0) }.max() ?? 0
  }

  /// Whether something waits for a person: taps set aside or in quarantine, conflicts, gaps, silent
  /// validators, or books that do not balance.
  package var needsPerson: Bool {
    journal.setAsideBatches > 0 || journal.quarantined > 0 || journal.conflicts > 0
      || gaps.numbers > 0 || validators.silentCount > 0
      || books.contains { $0.differenceMinor != 0 }
  }
}

/// Taps, rides and revenue of one fare day.
package struct DayFigures: Sendable, Equatable {
  package let day: Day
  package let completeness: DayCompleteness
  /// Sums by operator and currency.
  package let operators: [OperatorFigures]

  /// All operators together, by currency.
  package var totals: [RideSums] { RideSums.totals(operators.map(\.sums)) }
}

/// Rides and revenue of an operator.
package struct OperatorFigures: Sendable, Equatable {
  /// Name for people; nil where the operator is not known.
  package let name: String?
  package let sums: RideSums
}

extension InsightDesk {
  /// How the service stands at a moment.
  package func status(at now: Instant) async throws -> ServiceStatus {
    let city = city.current
    let today = city.fareDay(of: now)
    return try await store.read { db in
      ServiceStatus(
        madeAt: now, journal: try await db.standing.journal(),
        backlog: try await db.standing.backlog(), gaps: try await db.standing.gaps(),
        validators: try await db.standing.validators(
          silentSince: now.adding(seconds: -ServiceStatus.unheardSecondsMax), at: now),
        positions: try await db.standing.positions(
          day: today, heardSince: now.adding(seconds: -ServiceStatus.heardSecondsMax)),
        books: try await db.standing.bookTotals(),
        today: try await Self.figures(of: today, operatorID: nil, city: city, in: db))
    }
  }

  /// Taps, rides and revenue of a fare day, of one operator when a scope is given.
  package func figures(of day: Day, operatorID: String? = nil) async throws -> DayFigures {
    let city = city.current
    return try await store.read { db in
      try await Self.figures(of: day, operatorID: operatorID, city: city, in: db)
    }
  }

  private static func figures(
    of day: Day, operatorID: String?, city: City, in db: StoreSession
  ) async throws -> DayFigures {
    let sums = try await db.reports.rideSums(
      days: day...day, by: [.operatorID], operatorID: operatorID)
    let scope = try await OperatorScope(operatorID, on: day...day, of: city, in: db)
    return DayFigures(
      day: day, completeness: try await scope.completeness(in: db),
      operators: sums.map { sums in
        OperatorFigures(name: city.network.operatorName(id: sums.operatorID), sums: sums)
      })
  }
}

extension RideSums {
  /// All sums together, by currency.
  package static func totals(_ parts: [RideSums]) -> [RideSums] {
    var totals: [Currency: RideSums] = [:]
    for part in parts {
      totals[part.currency, default: RideSums(currency: part.currency)].add(part)
    }
    return totals.values.sorted { $0.currency.code < $1.currency.code }
  }

  /// Adds the numbers of other sums in the same currency.
  mutating func add(_ other: RideSums) {
    precondition(currency == other.currency, "sums are of one currency")
    rides += other.rides
    people += other.people
    chargedMinor += other.chargedMinor
    nominalMinor += other.nominalMinor
    freeRides += other.freeRides
    unknownRides += other.unknownRides
  }
}
