package import Basics
package import Store
package import Tariff

/// What became of a tariff that was to be published.
package enum TariffPublishing: Sendable {
  /// Its versions are published, or were before with the same text; doubts are told.
  case published(versions: [CompiledTariff], warnings: [TariffFault], staleDays: Int)
  /// It is no tariff; every fault with its place.
  case refused([TariffFault])
  /// Another text holds the name or the day of a version.
  case taken(String)
}

/// Publishes tariffs, for the command and for HTTP alike.
package struct TariffDesk: Sendable {
  private let store: Store

  /// Makes a desk over a store.
  package init(store: Store) { self.store = store }

  /// Reads a tariff's folder and publishes its versions, all or none of them.
  ///
  /// Rider-days from the first day of a new version on are rated anew: what was booked by another
  /// tariff is corrected by the difference.
  package func publish(
    _ source: TariffSource, at moment: Instant
  ) async throws -> TariffPublishing {
    let reading = source.load()
    guard let book = reading.book else { return .refused(reading.faults) }
    let text = TariffPublication.text(of: source)
    do {
      let staleDays = try await store.write { db in
        var firstDay: Day?
        for version in book.versions {
          let saving = try await db.tariffs.save(
            TariffRecord(
              version: version.version, effectiveFrom: version.firstDay, source: text,
              publishedAt: moment))
          switch saving {
          case .saved: firstDay = min(firstDay ?? version.firstDay, version.firstDay)
          case .alreadySaved: continue
          case .versionTaken:
            throw Taken(
              sentence: "Version \(version.version) is published already with another text; a "
                + "published version never changes. Give the new one another name.")
          case .dateTaken(let other):
            throw Taken(
              sentence: "Version \(other) begins on \(version.firstDay) too; only one can.")
          }
        }
        guard let firstDay else { return 0 }
        return try await db.rating.markAllStale(
          from: firstDay, reason: "tariff published", at: moment)
      }
      return .published(
        versions: book.versions, warnings: reading.faults, staleDays: staleDays)
    } catch let taken as Taken {
      return .taken(taken.sentence)
    }
  }

  /// Undoes the transaction.
  private struct Taken: Error {
    let sentence: String
  }
}
