import Synchronization
import Tariff
import Transit

/// The city with the networks that were in force before.
///
/// A network is in force as soon as it is imported, and days of before may wait for a second person to be
/// rated by it, or stay as they are when the order is refused: whoever asks what such a day came to asks
/// by the network of then.
package final class PastCities: Sendable {
  /// Most networks held at once where nothing else is said; the one asked for longest ago goes first.
  package static let heldMaxStandard = 2

  private struct Held {
    let edition: CityEdition
    let city: City
  }

  private let held = Mutex<[Held]>([])
  private let heldMax: Int

  /// Holds none yet.
  package init(heldMax: Int = PastCities.heldMaxStandard) { self.heldMax = heldMax }

  /// The city by which a day was rated; nil where that network is lost.
  package func city(
    ratedBy feedID: Int64?, beside current: City, in db: StoreSession
  ) async throws -> City? {
    guard feedID != current.feed?.id else { return current }
    let edition = CityEdition(feedID: feedID, tariffCount: current.edition.tariffCount)
    if let found = find(edition) { return found }
    var network = Network.empty
    if let feedID {
      guard let archive = try await db.feeds.archive(of: feedID),
        let read = try? FeedReader.read(zip: archive).network
      else { return nil }
      network = read
    }
    let city = City(
      network: network, book: try TariffPublication.book(of: try await db.tariffs.list()), feed: nil
    )
    keep(Held(edition: edition, city: city))
    return city
  }

  /// The city by which the fares of a day stand: that of now for a day that waits for a rating, and
  /// where the network of then is lost.
  package func city(
    of day: StandingDay, beside current: City, in db: StoreSession
  ) async throws -> City {
    guard !day.isStale else { return current }
    return try await city(ratedBy: day.feedID, beside: current, in: db) ?? current
  }

  private func find(_ edition: CityEdition) -> City? {
    held.withLock { held in
      guard let place = held.firstIndex(where: { $0.edition == edition }) else { return nil }
      let found = held.remove(at: place)
      held.append(found)
      return found.city
    }
  }

  private func keep(_ city: Held) {
    held.withLock { held in
      held.removeAll { $0.edition == city.edition }
      held.append(city)
      if held.count > heldMax { held.removeFirst() }
    }
  }
}
