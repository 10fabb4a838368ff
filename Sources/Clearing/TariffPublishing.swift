package import Basics
package import Store
package import Tariff

/// What became of a tariff that was to be published.
package enum PublishingOutcome: Sendable, Equatable {
  /// The versions that are new, and how many rider-days will be rated anew because of them.
  case published(versions: [String], staleDays: Int)
  /// All of it was published before.
  case alreadyPublished
  /// The tariff has faults, each with file and line.
  case faulty([TariffFault])
  /// A version of that name was published before with another text or date.
  case versionTaken(String)
  /// Another version begins on that day.
  case dateTaken(version: String, by: String)
}

/// Puts a tariff in force, all its versions or none.
package struct TariffPublishing: Sendable {
  private let store: Store

  /// Makes the use case.
  package init(store: Store) { self.store = store }

  /// Checks and publishes the versions of a folder.
  ///
  /// A version whose first day is past marks the rider-days from it on as stale: they are rated anew
  /// and the difference is booked.
  package func publish(
    _ source: TariffSource, at now: Instant
  ) async throws -> PublishingOutcome {
    let reading = source.load()
    guard let book = reading.book else {
      return .faulty(reading.faults.filter { !$0.isWarning })
    }
    let text = TariffPublication.text(of: source)
    do {
      return try await store.write { db in
        var published: [CompiledTariff] = []
        for version in book.versions {
          let record = TariffRecord(
            version: version.version, effectiveFrom: version.firstDay, source: text,
            publishedAt: now)
          switch try await db.tariffs.save(record) {
          case .saved: published.append(version)
          case .alreadySaved: break
          case .versionTaken: throw Refusal(outcome: .versionTaken(version.version))
          case .dateTaken(let other):
            throw Refusal(outcome: .dateTaken(version: version.version, by: other))
          }
        }
        guard let first = published.map(\.firstDay).min() else { return .alreadyPublished }
        let stale = try await db.rating.markAllStale(
          from: first, reason: "tariff \(published[0].version) was published", at: now)
        return .published(versions: published.map(\.version), staleDays: stale)
      }
    } catch let refusal as Refusal {
      return refusal.outcome
    }
  }

  /// Takes back what the transaction has done so far.
  private struct Refusal: Error {
    let outcome: PublishingOutcome
  }
}
