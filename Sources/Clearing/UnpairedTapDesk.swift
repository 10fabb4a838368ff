package import Basics
package import Store
package import Tariff

/// A tap off that ended no ride, with the reason.
package struct TapWithoutRide: Sendable, Equatable {
  package let tap: TapRow
  /// Nil where no version of the tariff holds for the day.
  package let reason: UnpairedReason?

  /// Why no ride came of the tap, in words.
  package func sentence(in language: Language) -> String {
    reason?.sentence(in: language)
      ?? Bilingual(
        uk: "поїздки немає: на цей день не діяв жоден тариф",
        en: "no ride: no tariff was in force on this day")[language]
  }
}

/// Says why taps off ended no ride.
///
/// The reason is written down nowhere: it follows from the taps of the day, the state before it and the
/// tariff, and is worked out anew in the same way when somebody asks. By which network the day was rated
/// does not matter: taps are paired by their kinds, times and vehicles alone.
package struct UnpairedTapDesk: Sendable {
  private let store: Store
  private let city: CityHolder

  /// Makes the desk; it only reads.
  package init(store: Store, city: CityHolder) {
    self.store = store
    self.city = city
  }

  /// The taps of a rider that ended no ride on some fare days, in order of time.
  package func taps(
    of rider: RiderID, days: ClosedRange<Day>
  ) async throws -> [TapWithoutRide] {
    let city = city.current
    return try await store.read { db in
      let corrected = try await db.stopCorrections.stops(within: days)
      let taps = try await db.tapsWithoutRide.list(of: rider, days: days).map { tap in
        var tap = tap
        tap.stop = corrected[tap.name]?.stop ?? tap.stop
        return tap
      }
      let reasons = try await Self.reasons(
        of: Set(taps.map { RiderDay(rider: rider, fareDay: $0.fareDay) }), city, in: db)
      return taps.map { TapWithoutRide(tap: $0, reason: reasons[$0.name]) }
    }
  }

  /// Why taps of some riders' days ended no ride, by their names.
  package func reasons(of days: Set<RiderDay>) async throws -> [TapName: UnpairedReason] {
    guard !days.isEmpty else { return [:] }
    let city = city.current
    return try await store.read { db in try await Self.reasons(of: days, city, in: db) }
  }

  private static func reasons(
    of days: Set<RiderDay>, _ city: City, in db: StoreSession
  ) async throws -> [TapName: UnpairedReason] {
    guard let book = city.book, !days.isEmpty else { return [:] }
    let riders = Set(days.map(\.rider))
    let entitlements = Dictionary(
      grouping: try await db.rating.entitlements(of: riders), by: \.rider)
    let products = try await db.products.grants(of: riders)
    var found: [TapName: UnpairedReason] = [:]
    for (lane, ofLane) in Dictionary(grouping: days, by: { Lane.of($0.rider) }) {
      for (fareDay, names) in Dictionary(grouping: ofLane, by: \.fareDay) {
        let names = names.sorted()
        let taps = try await db.rating.taps(
          lane: lane, days: names, withPlacedStops: book.asksForStops)
        let before = try await db.audit.states(
          lane: lane, riders: names.map(\.rider), before: fareDay)
        for (day, taps) in zip(names, taps) {
          let rating = DayRating(
            network: city.network, book: book, day: day, taps: taps,
            entitlements: entitlements[day.rider] ?? [], products: products[day.rider] ?? [])
          let result = rating.rate(from: try .kept(before[day.rider] ?? [], before: day))
          for alone in result.unpaired { found[taps[alone.ref].name] = alone.reason }
        }
      }
    }
    return found
  }
}
