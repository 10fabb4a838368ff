package import Basics
package import Logging
import Synchronization
package import Tariff
package import Transit

/// The city as it stands: its network, its tariffs and its clock; never changed, only replaced.
package struct City: FareDayClock {
  package let network: Network
  /// Nil until a tariff is published.
  package let book: TariffBook?
  /// Time zone and start of the fare day: the tariff's, else the network's with midnight.
  package let clock: CityClock
  /// The newest feed; nil until one is imported.
  package let feed: FeedRecord?
  /// From which days on networks hold, the newest first; of days before them the network is not known.
  package let terms: [NetworkTerm]
  /// By which it is seen whether something else was published since.
  package let edition: CityEdition
  private let past: PastCities
  /// By which days begin before the first version of the tariff: the network's time zone, with midnight.
  private let clockBefore: CityClock

  /// Puts a city together; without terms its network holds for all days.
  package init(
    network: Network, book: TariffBook?, feed: FeedRecord?, tariffCount: Int = 0,
    terms: [NetworkTerm] = [], past: PastCities = PastCities()
  ) {
    self.network = network
    self.terms = terms
    self.past = past
    // Without stops there is nothing to look up.
    self.book = network.stops.isEmpty ? book : book?.bound(to: FareNetwork(network))
    self.feed = feed
    edition = CityEdition(feedID: feed?.id, tariffCount: tariffCount)
    clockBefore = CityClock(
      zone: TimeZoneTable(name: network.timeZoneName) ?? .utc, fareDayStartSeconds: 0)
    clock = book?.cityClock ?? clockBefore
  }

  /// The fare day of a moment, by the clock of the version in force then.
  package func fareDay(of moment: Instant) -> Day {
    book?.fareDay(of: moment, before: clockBefore) ?? clockBefore.fareDay(of: moment)
  }

  /// The clock of a fare day by a book of tariffs, which need not be the city's own.
  package func clock(of day: Day, by book: TariffBook?) -> CityClock {
    book?.clock(of: day) ?? clockBefore
  }

  /// The moments of a fare day, by the clock of the version in force on it.
  package func hours(of day: Day) -> Range<Instant> {
    func start(of day: Day) -> Instant { clock(of: day, by: book).start(of: day) }
    let first = start(of: day)
    return first..<max(first, start(of: day.adding(days: 1)))
  }

  /// Whether a fare day lies before the first version of the tariff.
  package func isBeforeTariff(_ day: Day) -> Bool { book?.clock(of: day) == nil }

  /// Whether a moment may stand under a fare day.
  ///
  /// On days before the first tariff the network may have come later, and older programs took the newest clock.
  /// Nothing is paid on them, so a tap stays under the day that one of these clocks gave it.
  package func mayStand(_ moment: Instant, on day: Day) -> Bool {
    let own = fareDay(of: moment)
    guard day != own else { return true }
    guard isBeforeTariff(day), isBeforeTariff(own) else { return false }
    let clocks = (book?.versions ?? []).map(\.cityClock)
    return (clocks + [CityClock(zone: .utc, fareDayStartSeconds: 0)]).contains {
      $0.fareDay(of: moment) == day
    }
  }

  /// The network's name of a route that a validator named; the same where the network lacks it.
  package func routeID(_ name: String) -> String {
    network.resolveRoute(name).map { network.routes[$0].id } ?? name
  }

  /// Whether a stop may change the fare of a ride on a fare day.
  package func asksForStops(on day: Day) -> Bool {
    book?.tariff(on: day)?.pricesByStop ?? false
  }

  /// Whether operators share a rider's fare day by how far they carried the rider.
  package func sharesByDistance(on day: Day) -> Bool {
    book?.tariff(on: day)?.apportionment == .distance
  }

  /// The version in force at a moment; nil when no tariff holds then.
  package func tariffVersion(at moment: Instant) -> String? {
    book?.tariff(on: fareDay(of: moment))?.version
  }

  /// Whether a network is loaded that was made for a day.
  package func networkHolds(on day: Day) -> Bool { feed != nil && network.holds(on: day) }

  /// The network that holds on a fare day; nil where none does.
  package func feedID(on day: Day) -> Int64? {
    guard !terms.isEmpty else { return feed?.id }
    return terms.first { $0.firstDay.map { $0 <= day } ?? true }?.feedID
  }

  /// The days of a period on which a network holds; nil where it holds on none of them.
  package func days(of period: ClosedRange<Day>, onFeed id: Int64) -> ClosedRange<Day>? {
    guard let place = terms.firstIndex(where: { $0.feedID == id }) else {
      return id == feed?.id ? period : nil
    }
    let next = place > 0 ? terms[place - 1].firstDay : nil
    let last = min(period.upperBound, next?.adding(days: -1) ?? period.upperBound)
    return period.lowerBound <= last ? period.lowerBound...last : nil
  }

  /// A period cut into the days on which one network holds each, the newest first.
  package func spans(of period: ClosedRange<Day>) -> [ClosedRange<Day>] {
    var spans: [ClosedRange<Day>] = []
    var last = period.upperBound
    for term in terms {
      let first = max(term.firstDay ?? period.lowerBound, period.lowerBound)
      guard first <= last else { continue }
      spans.append(first...last)
      guard first > period.lowerBound else { return spans }
      last = first.adding(days: -1)
    }
    // Without terms the network holds for all days; of days before the first of them none is known.
    return spans + [period.lowerBound...last]
  }

  /// The city on the network that holds on a fare day; this one where that network is lost.
  package func on(_ day: Day, in db: StoreSession) async throws -> City {
    try await on(feed: feedID(on: day), in: db) ?? self
  }

  /// The city on a network that was in force once; nil where that network is lost.
  package func on(feed id: Int64?, in db: StoreSession) async throws -> City? {
    try await past.city(ratedBy: id, beside: self, in: db)
  }

  /// A city of which nothing is known yet.
  package static let unknown = City(network: .empty, book: nil, feed: nil)
}

/// Holds the city for all who ask, and replaces it when another network or tariff is published.
///
/// Many readers, one writer, whole values: a reader keeps the city it took to the end of its work.
package final class CityHolder: Sendable {
  private struct Held {
    var city = City.unknown
    /// Number of the look at the database that the city came from; a later one saw no less.
    var look = 0
    var looksBegun = 0
  }

  private let held = Mutex(Held())

  /// Starts without a network and a tariff.
  package init() {}

  private let past = PastCities()

  /// The city as it stands now.
  package var current: City { held.withLock { $0.city } }

  /// Reads network and tariffs anew where the database holds others than are held.
  ///
  /// A published text that cannot be read any more is a fault: nothing is replaced then, nor when a
  /// look that began later has done so.
  package func reload(from store: Store) async throws {
    let (before, look) = held.withLock { held in
      held.looksBegun += 1
      return (held.city, held.looksBegun)
    }
    let (feed, terms, tariffs) = try await store.read { db in
      (try await db.feeds.newest(), try await db.feeds.terms(), try await db.tariffs.list())
    }
    var network = before.network
    if let feed, feed.digest != before.feed?.digest {
      let archive = try await store.read { db in try await db.feeds.archive(of: feed.id) }
      guard let archive else {
        throw StoreFault(kind: .damaged, "feed \(feed.id) has no archive")
      }
      do {
        network = try FeedReader.read(zip: archive).network
      } catch {
        throw StoreFault(kind: .damaged, "feed \(feed.id) cannot be read any more: \(error)")
      }
    }
    let book = try TariffPublication.book(of: tariffs)
    if let gone = before.feed, gone.id != feed?.id {
      // Its days are rated by it: most late taps are of yesterday.
      past.keep(
        City(
          network: before.network, book: book, feed: gone, tariffCount: tariffs.count))
    }
    let city = City(
      network: network, book: book, feed: feed, tariffCount: tariffs.count, terms: terms, past: past
    )
    held.withLock { held in
      guard look > held.look else { return }
      (held.city, held.look) = (city, look)
    }
  }

  /// Runs a body in one transaction, on the city that the database holds at that moment.
  ///
  /// Whatever is worked out from the city is worked out in such a bracket: another process may have
  /// published a network or a tariff that this one has not heard of yet.
  package func write<Result: Sendable>(
    to store: Store, _ body: @Sendable (StoreSession, City) async throws -> Result
  ) async throws -> Result {
    for _ in 0..<Self.reloadsMax {
      let city = current
      let result = try await store.write { db -> Result? in
        guard try await db.cityEdition() == city.edition else { return nil }
        return try await body(db, city)
      }
      if let result { return result }
      try await reload(from: store)
    }
    throw StoreFault(
      kind: .unavailable, "networks or tariffs are being published faster than they can be read")
  }

  /// Most times that a transaction is begun anew because something was published meanwhile.
  private static let reloadsMax = 5

  /// Follows what is published, by this process or another, until the task is cancelled.
  ///
  /// What cannot be read now is tried again, after longer pauses each time: nobody announces it twice.
  package func follow(_ store: Store, log: Logger) async {
    await withTaskGroup(of: Void.self) { group in
      for channel in [StoreChannel.network, .tariffs] {
        group.addTask {
          for await _ in store.announcements(channel) { await self.reload(from: store, log) }
        }
      }
    }
  }

  /// Reads network and tariffs anew until it works or the task is cancelled.
  private func reload(from store: Store, _ log: Logger) async {
    var pause = Worker.faultSecondsMin
    while !Task.isCancelled {
      do {
        return try await reload(from: store)
      } catch {
        if Task.isCancelled { return }
        log.error("what was published is not read", metadata: ["fault": "\(error)"])
      }
      guard (try? await Task.sleep(for: .seconds(pause))) != nil else { return }
      pause = min(pause * 2, Worker.faultSecondsMax)
    }
  }
}

/// What is published, in two numbers: tariffs are only ever added, feeds only take each other's place.
package struct CityEdition: Hashable, Sendable {
  /// The newest feed; nil without one.
  package let feedID: Int64?
  package let tariffCount: Int

  /// Names what is published.
  package init(feedID: Int64?, tariffCount: Int) {
    self.feedID = feedID
    self.tariffCount = tariffCount
  }
}
