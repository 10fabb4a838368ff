package import Basics
package import Store
package import Tariff
package import Transit

/// Rides of a rider over some fare days, with the reasons of their fares.
package struct RiderRides: Sendable, Equatable {
  package let rider: RiderID
  package let firstSeenAt: Instant
  package let days: ClosedRange<Day>
  /// In order of time.
  package let rides: [RiderRide]
  /// Whether there are more rides than one answer holds.
  package let isCut: Bool
  /// Days whose rides and fares are about to change; none of most riders.
  package let waiting: [WaitingRiderDay]

  /// What the rider owes for these rides, by currency; rides whose fare is not known are not in it.
  package var charged: [Money] {
    var sums: [Currency: Int64] = [:]
    for ride in rides {
      if let minor = ride.chargedMinor { sums[ride.currency, default: 0] += minor }
    }
    return sums.sorted { $0.key.code < $1.key.code }.map { Money(minor: $1, currency: $0) }
  }
}

/// A ride with the names of what it touched.
package struct RiderRide: Sendable, Equatable {
  /// Where a ride began or ended.
  package struct Place: Sendable, Equatable {
    /// `stop_id`; nil when it is not known, and `source` says why.
    package let stop: String?
    package let name: String?
    /// How the stop is known, or why it is not: a word of the room Ridership.
    package let source: String
    /// 0 to 1; nil without a stop.
    package let confidence: Double?
  }

  /// A stop that a person corrected, and by which the ride is rated.
  package struct Correction: Sendable, Equatable {
    /// Which end of the ride.
    package enum End: String, Sendable {
      case boarding, alighting
    }

    package let end: End
    /// What counted before; nil when no stop was known.
    package let fromName: String?
    /// `stop_id`.
    package let stop: String
    package let name: String
    package let at: Instant
  }

  package let fareDay: Day
  package let startedAt: Instant
  package let endedAt: Instant?
  /// `route_id` where the network knows it, else what the validator said; nil when it said nothing.
  package let route: String?
  package let routeName: String?
  package let mode: Mode?
  package let operatorID: String?
  package let operatorName: String?
  package let vehicle: String?
  package let direction: Int?
  /// Nil while the boarding is not worked out.
  package let boarding: Place?
  /// Nil while the alighting is not worked out.
  package let alighting: Place?
  package let riders: Int
  package let category: String
  package let product: String
  package let medium: MediumKind
  package let currency: Currency
  /// Price before transfers, caps and concessions in minor units; nil when it is not known.
  package let nominalMinor: Int64?
  /// What the rider owes in minor units; nil when the fare is not known.
  package let chargedMinor: Int64?
  /// Why it costs what it costs; nil when an older or newer program wrote it.
  package let reason: FareReason?
  package let tariffVersion: String
  /// The tap at boarding.
  package let tap: TapName
  /// Of the deny list that the validator used then; nil where its batch names none.
  package let denyListVersion: Int64?
  /// Whether the medium was on that list; nil where it is not known.
  package let wasListed: Bool?
  /// Stops that persons corrected; none of most rides.
  package let corrections: [Correction]

  /// The price before transfers, caps and concessions; nil when it is not known.
  package var nominal: Money? { nominalMinor.map { Money(minor: $0, currency: currency) } }

  /// What the rider owes; nil when the fare is not known.
  package var charged: Money? { chargedMinor.map { Money(minor: $0, currency: currency) } }

  /// Why the ride costs what it costs, in words.
  package func reason(in language: Language) -> String {
    reason?.sentence(in: language)
      ?? Bilingual(
        uk: "причину записала інша версія програми", en: "another version wrote the reason"
      )[language]
  }

  /// What persons corrected about the ride, in words.
  package func corrections(in language: Language) -> [String] {
    corrections.map { correction in
      let way = [correction.fromName, correction.name].compactMap { $0 }.joined(separator: " → ")
      return switch correction.end {
      case .boarding:
        Bilingual(
          uk: "зупинку посадки виправлено: \(way)",
          en: "the stop of boarding was corrected: \(way)")[language]
      case .alighting:
        Bilingual(
          uk: "зупинку висадки виправлено: \(way)",
          en: "the stop of alighting was corrected: \(way)")[language]
      }
    }
  }
}

extension WaitingRiderDay {
  /// That the day is about to change, and why, in words.
  package func sentence(in language: Language) -> String {
    guard !rideGoesOn else {
      return Bilingual(
        uk: "поїздка від \(fareDay) триває: її ціна стане відома, коли вона закінчиться "
          + "або її завершить тариф",
        en: "a ride of \(fareDay) goes on: its fare is known when it ends, "
          + "or the tariff gives it up")[language]
    }
    return Bilingual(
      uk:
        "день \(fareDay) ще тарифікується (\(cause.words.ukrainian)): поїздки й суми можуть змінитися",
      en:
        "the day \(fareDay) is still being rated (\(cause.words.english)): rides and fares may change"
    )[language]
  }
}

extension InsightDesk {
  /// The rides of a rider, after all merges; nil when there is no such rider.
  package func rides(
    of rider: RiderID, days: ClosedRange<Day>, countMax: Int = RiderTables.ridesMax
  ) async throws -> RiderRides? {
    let city = city.current
    return try await store.read { db in
      guard let row = try await db.media.present(rider) else { return nil }
      let rider = row.rider
      let limit = min(countMax, RiderTables.ridesMax)
      let placed = try await db.riders.rides(of: rider, days: days, countMax: limit)
      // A ride carried over midnight was boarded on the day before.
      let corrected = try await db.stopCorrections.stops(
        within: days.lowerBound.adding(days: -1)...days.upperBound)
      // A ride is shown by the network of its day; past a few networks by the present one.
      var networks: [Int64?: Network] = [:]
      var rides: [RiderRide] = []
      for ride in placed.prefix(limit) {
        let day = ride.ride.day.fareDay
        let feedID = city.feedID(on: day)
        if networks[feedID] == nil, networks.count <= PastCities.heldMaxStandard {
          networks[feedID] = try await city.on(day, in: db).network
        }
        rides.append(
          RiderRide(
            ride, corrected: corrected, network: networks[feedID] ?? city.network))
      }
      return RiderRides(
        rider: rider, firstSeenAt: row.firstSeenAt, days: days, rides: rides,
        isCut: placed.count > limit, waiting: try await db.riders.waitingDays(of: rider, days: days)
      )
    }
  }

  /// The rider that an identifier names, their own or that of something they tap with.
  ///
  /// A number that was merged stays itself: a merge is asked of it, and ``rides(of:days:countMax:)`` follows.
  package func rider(named text: String) async throws -> RiderID? {
    guard let rider = RiderID(text), let medium = MediumID(text) else { return nil }
    return try await store.read { db in
      if try await db.riders.firstSeen(rider) != nil { return rider }
      return try await db.riders.find(media: [medium])
    }
  }

  /// The owner of one of some media; nil when none of them was ever tapped.
  ///
  /// A token does not say of what kind it is: the caller names the medium of every kind.
  package func rider(ofAny media: [MediumID]) async throws -> RiderID? {
    try await store.read { db in try await db.riders.find(media: media) }
  }

  /// What a rider taps with.
  package func media(of rider: RiderID) async throws -> [(id: MediumID, kind: String)] {
    try await store.read { db in try await db.riders.media(of: rider) }
  }
}

extension RiderRide {
  init(_ placed: PlacedRide, corrected: [TapName: CorrectedStop], network: Network) {
    let ride = placed.ride
    // The line that the fare was made by, also where the vehicle was seen on another.
    let priced = ride.route.flatMap { network.resolveRoute($0, mode: nil) }
    let said = priced == nil ? placed.placedRoute ?? ride.route : ride.route
    let index = priced ?? said.flatMap { network.resolveRoute($0, mode: nil) }
    func place(_ place: PlacedRide.Place?) -> Place? {
      place.map {
        Place(
          stop: $0.stop, name: $0.stop.map { network.stopName(id: $0) }, source: $0.source,
          confidence: $0.confidence)
      }
    }
    fareDay = ride.day.fareDay
    startedAt = ride.startedAt
    endedAt = ride.endedAt
    route = index.map { network.routes[$0].id } ?? said
    routeName = index.map { network.routes[$0].name } ?? said
    mode = ride.mode ?? index.map { network.routes[$0].mode }
    operatorID = ride.operatorID
    operatorName = network.operatorName(id: ride.operatorID)
    vehicle = placed.vehicle
    direction = placed.direction
    boarding = place(placed.boarding)
    alighting = place(placed.alighting)
    riders = ride.riders
    category = ride.category
    product = ride.product
    medium = ride.mediumKind
    currency = ride.currency
    nominalMinor = ride.nominalMinor
    chargedMinor = ride.chargedMinor
    reason = FareReason(json: ride.reasonJSON)
    tariffVersion = ride.tariffVersion
    tap = ride.boarding
    denyListVersion = placed.denyListVersion
    wasListed = placed.wasListed
    let ends: [(Correction.End, TapName?)] = [
      (.boarding, ride.boarding), (.alighting, ride.alighting),
    ]
    corrections = ends.compactMap { end, tap in
      tap.flatMap { corrected[$0] }.map {
        Correction(
          end: end, fromName: $0.fromStop.map { network.stopName(id: $0) }, stop: $0.stop,
          name: network.stopName(id: $0.stop), at: $0.at)
      }
    }
  }
}
