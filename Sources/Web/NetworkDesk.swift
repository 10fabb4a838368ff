package import Basics
import Clearing
import Insight
package import Store
import Tapping
package import Tariff
package import Transit

/// What became of a feed that was to be published.
package enum NetworkPublication: Sendable {
  /// It is the network now; small faults are told, what the tariff names that it lacks, and the order by
  /// which the days rated before are looked at, where there are any.
  case published(FeedReading, FeedRecord, doubts: [TariffFault], order: ReratingOrder?)
  /// No network could be made of it.
  case refused(FeedFault)
  /// It is not published now or not from that day on: why, and what would be right.
  case notNow(code: String, why: String)
}

/// Publishes networks, for the command and for HTTP alike.
package struct NetworkDesk: Sendable {
  private let store: Store

  /// Makes a desk over a store.
  package init(store: Store) { self.store = store }

  /// Reads a feed, and makes it the network when that is possible.
  ///
  /// It holds from a fare day on, without one from today's, and for all days where none was rated or there
  /// was no network; the days before keep the network of then. Fares and stops are views of the taps through
  /// the network: those of the days that it holds for are worked out anew. What that changes of days that were
  /// rated the workers find out first, by an order of `person`: within the limit they carry it out then,
  /// above it another person approves it. The network is in force for whatever is rated from now on.
  ///
  /// As long as an order is being carried out, nothing is published: its days would be rated by a network by
  /// which nobody saw them.
  package func publish(
    name: String, archive: [UInt8], from day: Day? = nil, at moment: Instant,
    by person: () async throws -> Person
  ) async throws -> NetworkPublication {
    let reading: FeedReading
    do {
      reading = try FeedReader.read(zip: archive)
    } catch {
      return .refused(error)
    }
    let feed = Feed(
      name: name, digest: SHA256Digest.hash(archive), archive: archive,
      zoneName: reading.network.timeZoneName, day: day)
    do {
      let saved: Saved
      do {
        saved = try await save(feed, by: nil, at: moment)
      } catch is PersonMissing {
        saved = try await save(feed, by: try await person(), at: moment)
      }
      let doubts = saved.book.map {
        $0.doubts(against: reading.network, from: $0.fareDay(of: moment))
      }
      return .published(reading, saved.record, doubts: doubts ?? [], order: saved.order)
    } catch let refusal as Refusal {
      return .notNow(code: refusal.code, why: refusal.why)
    }
  }

  /// A feed that can be read.
  private struct Feed {
    let name: String
    let digest: [UInt8]
    let archive: [UInt8]
    let zoneName: String
    /// The day from which on it is to hold, where one was named.
    let day: Day?
  }

  private struct Saved {
    let record: FeedRecord
    let book: TariffBook?
    var order: ReratingOrder?
  }

  /// Days were rated for which it would hold: somebody has to answer for what that changes.
  private struct PersonMissing: Error {}

  private func save(_ feed: Feed, by asker: Person?, at moment: Instant) async throws -> Saved {
    try await store.write { db in try await Self.save(feed, by: asker, in: db, at: moment) }
  }

  private static func save(
    _ feed: Feed, by asker: Person?, in db: StoreSession, at moment: Instant
  ) async throws -> Saved {
    if let underWay = try await db.reratingOrders.underWay() { throw Refusal(underWay) }
    let book = try TariffPublication.book(of: try await db.tariffs.list())
    let span = book == nil ? nil : try await db.rating.ratedSpan()
    let zone = TimeZoneTable(name: feed.zoneName) ?? .utc
    let today =
      book?.fareDay(of: moment)
      ?? CityClock(zone: zone, fareDayStartSeconds: 0).fareDay(of: moment)
    if let day = feed.day, day > today { throw Refusal(day, isAfter: today) }
    var first = feed.day
    if first == nil, span != nil, try await db.feeds.newest() != nil { first = today }
    let rated = span.flatMap { span in first.map { $0 <= span.upperBound } ?? true ? span : nil }
    if rated != nil, asker == nil { throw PersonMissing() }
    let record = try await db.feeds.save(
      name: feed.name, digest: feed.digest, archive: feed.archive, from: first, at: moment)
    var saved = Saved(record: record, book: book)
    guard let rated, let asker else {
      // Rider-days that it holds for wait for their first rating anyway.
      try await NetworkMarking.begin(in: db)
      return saved
    }
    var order = Rerating.asked(
      (first ?? rated.lowerBound)...rated.upperBound, feedID: record.id, by: asker, at: moment)
    order.id = try await db.reratingOrders.add(order)
    saved.order = order
    return saved
  }

  /// Takes back what the transaction has done so far.
  private struct Refusal: Error {
    let code: String
    let why: String

    init(_ underWay: ReratingUnderWay) {
      code = "order_under_way"
      why =
        switch underWay {
        case .marking(let id):
          "Order \(id) is being carried out, and its days would be rated by another network than was "
            + "shown. Import it when the order is done: `kvytok rate show \(id)`."
        case .daysWait:
          "Days of an order, or of a tariff that was published, wait to be rated, and would be by "
            + "another network than was shown. Import it when they are."
        }
    }

    init(_ day: Day, isAfter today: Day) {
      code = "day_to_come"
      why =
        "A network holds from today's fare day on, \(today), or from an earlier one; import it again on "
        + "\(day)."
    }
  }
}
