import Basics
import Store
import Tariff

/// By which tariffs an order rates.
extension Rerating {
  /// The book by which an order is rated; refused where it cannot be carried out as the city stands.
  ///
  /// The order of a network covers the days on which that still holds, where another one was imported since.
  static func book(
    of order: inout ReratingOrder, _ city: City, in db: StoreSession
  ) async throws -> Result<TariffBook, ReratingRefusal> {
    if let feedID = order.feedID {
      guard let days = city.days(of: order.period, onFeed: feedID) else {
        return .failure(
          ReratingRefusal("Another network was imported since: its order covers what this one did.")
        )
      }
      order.lastDay = days.upperBound
    }
    return try await book(
      with: try order.tariffSource.map(TariffPublication.source(of:)), order.period, city, in: db)
  }

  /// The book by which a period would be rated.
  static func book(
    with tariff: TariffSource?, _ period: ClosedRange<Day>, _ city: City, in db: StoreSession
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
    let published = try await db.tariffs.list()
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
    if let why = try TariffPublication.book(of: published)?.lost(in: book) {
      return .failure(ReratingRefusal("The tariff cannot be published: \(why)."))
    }
    if let why = try await ClockChange.refusal(of: book, from: first, city, in: db) {
      return .failure(ReratingRefusal("The tariff cannot be published: \(why)."))
    }
    // As the city will know it: on its network.
    return .success(City(network: city.network, book: book, feed: city.feed).book ?? book)
  }
}

/// Why nothing was rated anew, and what would be right.
package struct ReratingRefusal: Error, Sendable, CustomStringConvertible {
  package let description: String
  /// Whether there is more to look at than is looked at inside a request.
  package let isTooMuch: Bool

  init(_ description: String, isTooMuch: Bool = false) {
    self.description = description
    self.isTooMuch = isTooMuch
  }
}
