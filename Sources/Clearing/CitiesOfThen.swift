import Basics
import Store
import Tariff
import Transit

/// The city with each network by which days were rated.
///
/// A network is in force as soon as it is imported, and days of before may wait for a second person to be
/// rated by it, or stay as they are when the order is refused: they are proven by the network of then.
struct CitiesOfThen: Sendable {
  let current: City
  /// With no network at all.
  let without: City
  let others: [Int64: City]

  /// The city by which a day was rated; the present one where that network is lost, which is told.
  func city(ratedBy feedID: Int64?) -> City {
    guard let feedID else { return without }
    return others[feedID] ?? current
  }
}

extension LedgerAuditor {
  /// Reads the networks by which days were rated; names those that are not there.
  func citiesOfThen(_ audit: inout LedgerAudit) async throws -> CitiesOfThen {
    let (feeds, tariffs) = try await store.read { db in
      (try await db.rating.feeds(), try await db.tariffs.list())
    }
    let book = try TariffPublication.book(of: tariffs)
    var others: [Int64: City] = [:]
    for feed in feeds where feed != city.feed?.id {
      let archive = try await store.read { db in try await db.feeds.archive(of: feed) }
      guard let archive, let network = try? FeedReader.read(zip: archive).network else {
        audit.find("fare days were rated by network \(feed), which is not there or cannot be read")
        continue
      }
      others[feed] = City(network: network, book: book, feed: nil)
    }
    return CitiesOfThen(
      current: city, without: City(network: .empty, book: book, feed: nil), others: others)
  }
}
