import Synchronization
import Tariff
import Transit

/// The city with the networks that were in force before.
///
/// A network holds from a day on, and the days before keep the one of then. Days that it holds for may wait
/// for a second person to be rated by it, or stay as they are when the order is refused: whoever asks what
/// such a day came to asks by the network that rated it.
package final class PastCities: Sendable {
  /// Most networks held at once where nothing else is said; the one asked for longest ago goes first.
  package static let heldMaxStandard = 2

  private let held = Mutex<[City]>([])
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
    var feed: FeedRecord?
    if let feedID {
      guard let archive = try await db.feeds.archive(of: feedID),
        let read = try? FeedReader.read(zip: archive).network
      else { return nil }
      network = read
      feed = try await db.feeds.find(feedID)
    }
    let city = City(
      network: network, book: try TariffPublication.book(of: try await db.tariffs.list()),
      feed: feed, tariffCount: edition.tariffCount)
    keep(city)
    return city
  }

  /// The city by which the fares of a day stand: for a day that waits for a rating on the network that holds
  /// on it, and that of now where the network of then is lost.
  package func city(
    of day: StandingDay, beside current: City, in db: StoreSession
  ) async throws -> City {
    guard !day.isStale else { return try await current.on(day.day.fareDay, in: db) }
    return try await city(ratedBy: day.feedID, beside: current, in: db) ?? current
  }

  private func find(_ edition: CityEdition) -> City? {
    held.withLock { held in
      guard let place = held.firstIndex(where: { $0.edition == edition }) else { return nil }
      let found = held.remove(at: place)
      held.append(found)
      return found
    }
  }

  /// Holds a city of then as the one that was asked for last.
  func keep(_ city: City) {
    held.withLock { held in
      held.removeAll { $0.edition == city.edition }
      held.append(city)
      if held.count > heldMax { held.removeFirst() }
    }
  }
}
