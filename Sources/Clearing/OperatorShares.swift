package import Basics
import Charging
import Ledger
package import Store
import Tariff
import Transit

/// Shares the money of linked and capped rides among operators, by the rule of the tariff that priced them.
///
/// Rating books each ride to the operator that carried it. What the rule gives to others is booked
/// after it, from the same list of clearing runs, as a difference to what was shared before: the sum
/// over operators never changes, and a day that is rated anew is shared anew. So is one whose stops
/// are found or corrected later, where distance counts, and one that a person orders to be rated anew, though
/// no fare changes.
package struct OperatorSharing: Sendable {
  /// Most runs looked at in one transaction.
  package static let runsMax = 50
  /// Most riders' days that are shared anew in one transaction for their stops, or by order.
  package static let recountsMax = 2000

  private let store: Store
  private let city: CityHolder
  private let now: @Sendable () -> Instant

  /// Makes the use case.
  package init(store: Store, city: CityHolder, now: @escaping @Sendable () -> Instant) {
    self.store = store
    self.city = city
    self.now = now
  }

  /// Shares what the oldest runs changed, and days of which that is asked; how many of both.
  package func pass() async throws -> Int {
    let moment = now()
    return try await city.write(to: store) { db, city in
      guard try await db.charging.tryWork(.shares) else { return 0 }
      let runs = try await db.operatorMoney.runsNotShared(countMax: Self.runsMax)
      let days = try await db.operatorMoney.takeRecounts(countMax: Self.recountsMax)
      guard !runs.isEmpty || !days.isEmpty else { return 0 }
      let sharing = (city.book?.versions ?? []).filter { $0.apportionment != .own }
      let rides = try await db.operatorMoney.rides(
        changedBy: runs, and: days, under: sharing.map(\.version))
      var networks: [Day: Network] = [:]
      for day in Set(rides.map(\.fareDay)).sorted() {
        networks[day] = try await city.on(day, in: db).network
      }
      let shares = Self.shares(of: rides, in: city, on: networks)
      var sums: [Key: Int64] = [:]
      for share in shares {
        let key = Key(
          fareDay: share.fareDay, currency: share.currency, operatorID: share.operatorID)
        sums[key, default: 0] += share.shareMinor - share.ownMinor
      }
      let replaced = try await db.operatorMoney.replaceShares(
        changedBy: runs, and: days, with: shares)
      for gone in replaced {
        let key = Key(fareDay: gone.fareDay, currency: gone.currency, operatorID: gone.operatorID)
        sums[key, default: 0] += gone.minor
      }
      let date = try await db.bookingDate(of: moment, in: city)
      for entry in try Self.entries(sums, on: date) {
        try await db.books.add([entry], at: moment)
      }
      try await db.operatorMoney.markShared(runs, at: moment)
      return runs.count + days.count
    }
  }

  struct Key: Hashable {
    let fareDay: Day
    let currency: Currency
    let operatorID: String
  }

  /// One entry for each fare day and currency in which shares moved.
  static func entries(_ sums: [Key: Int64], on date: Day) throws -> [Entry] {
    struct Group: Hashable {
      let fareDay: Day
      let currency: Currency
    }
    let groups = Dictionary(grouping: sums.filter { $0.value != 0 }) {
      Group(fareDay: $0.key.fareDay, currency: $0.key.currency)
    }
    return try groups.sorted {
      ($0.key.fareDay, $0.key.currency.code) < ($1.key.fareDay, $1.key.currency.code)
    }
    .map { group, sums in
      try Entry(
        kind: .apportionment, accountingDate: date, fareDay: group.fareDay,
        currency: group.currency, memo: "Linked and capped rides of \(group.fareDay), shared",
        postings: sums.sorted { $0.key.operatorID < $1.key.operatorID }.map { key, minor in
          Posting(
            minor > 0 ? .credit : .debit, account: AccountCode.operators,
            operatorID: key.operatorID, minor: abs(minor))
        })
    }
  }

  /// The shares of all rider-days among some rides, which are in the order of time; `networks` are those that
  /// hold on their days.
  private static func shares(
    of rides: [SharedRide], in city: City, on networks: [Day: Network]
  ) -> [OperatorShareRow] {
    let versions = Dictionary(
      (city.book?.versions ?? []).map { ($0.version, $0.apportionment) },
      uniquingKeysWith: { first, _ in first })
    var rows: [OperatorShareRow] = []
    var start = rides.startIndex
    while start < rides.endIndex {
      let first = rides[start]
      let end =
        rides[start...].firstIndex {
          $0.rider != first.rider || $0.fareDay != first.fareDay || $0.currency != first.currency
        } ?? rides.endIndex
      rows += dayShares(
        Array(rides[start..<end]), versions, networks[first.fareDay] ?? city.network)
      start = end
    }
    return rows
  }

  /// The shares of a rider's day, rides of each rule by that rule.
  ///
  /// A ride of before a change of version may end on it. Rides of no version are their operator's own.
  private static func dayShares(
    _ rides: [SharedRide], _ versions: [String: FareApportionment], _ network: Network
  ) -> [OperatorShareRow] {
    var own: [String: Int64] = [:]
    var shared: [String: Int64] = [:]
    var names: Set<String> = []
    for (rule, rides) in Dictionary(grouping: rides, by: { versions[$0.tariffVersion] ?? .own }) {
      let part = Apportionment(Apportionment.Rule(rule))
      let minors =
        rule == .own
        ? rides.map(\.chargedMinor)
        : part.shares(Apportionment.Ride.rides(rides, on: network))
      if rule != .own { names.insert(rule.rawValue) }
      for (ride, minor) in zip(rides, minors) {
        guard let name = ride.operatorID else { continue }
        own[name, default: 0] += ride.chargedMinor
        shared[name, default: 0] += minor
      }
    }
    guard own != shared else { return [] }
    let rule = names.sorted().joined(separator: "+")
    return own.keys.sorted().map { name in
      OperatorShareRow(
        lane: rides[0].lane, rider: rides[0].rider, fareDay: rides[0].fareDay,
        currency: rides[0].currency, operatorID: name, ownMinor: own[name, default: 0],
        shareMinor: shared[name, default: 0], rule: rule)
    }
  }
}

extension Apportionment.Rule {
  /// The rule as a tariff states it.
  init(_ rule: FareApportionment) {
    switch rule {
    case .own: self = .own
    case .firstRide: self = .firstRide
    case .equal: self = .equal
    case .nominal: self = .nominal
    case .distance: self = .distance
    }
  }
}

extension Apportionment.Ride {
  /// Rides of a day in the order of time; the later rides of a ticket that a product paid are paid with it.
  static func rides(_ rides: [SharedRide], on network: Network) -> [Apportionment.Ride] {
    var isTicketCarried = false
    return rides.map { ride in
      let steps = FareReason(json: ride.reasonJSON)?.steps ?? []
      let own = Self(ride, steps, isTicketCarried: isTicketCarried, on: network)
      if steps.contains(where: { $0.code == .ticket }) { isTicketCarried = own.isCarried }
      return own
    }
  }

  /// A ride of the sub-ledger: its reason says whether it is linked, capped, paid by a product, or none.
  private init(
    _ ride: SharedRide, _ steps: [FareStep], isTicketCarried: Bool, on network: Network
  ) {
    let codes = Set(steps.map(\.code))
    let linking: Set<FareStepCode> = [
      .transferFree, .transferDifference, .transferSupplement, .transferDiscount, .chain,
      .onTicket, .tripTransfer,
    ]
    self.init(
      operatorID: ride.operatorID, nominalMinor: ride.nominalMinor,
      chargedMinor: ride.chargedMinor, metres: Self.metres(ride, on: network),
      isLinked: !codes.isDisjoint(with: linking), isCapped: codes.contains(.cap),
      carriedMinor: Self.carried(
        nominal: ride.nominalMinor, by: steps, isTicketCarried: isTicketCarried),
      isPaidByProduct: !codes.isDisjoint(with: Self.carrying)
        && (isTicketCarried || !codes.contains(.onTicket)),
      isNoRide: codes.contains(.passBack) || codes.contains(.cancelled))
  }

  /// The steps of products that pay all of a ride.
  private static let carrying: Set<FareStepCode> = [.pass, .trip, .tripTransfer]

  /// What a product pays of a ride: the part that is named, or all but the price of companions.
  ///
  /// Of a later ride of a ticket it pays the fees alone: the ticket is shared with those before, unless a
  /// product paid it.
  private static func carried(
    nominal: Int64, by steps: [FareStep], isTicketCarried: Bool
  ) -> Int64 {
    let companions = steps.first { $0.code == .riders }?.minor ?? 0
    if steps.contains(where: { $0.code == .onTicket }) {
      return isTicketCarried ? max(0, nominal - companions) : 0
    }
    if let part = steps.first(where: { $0.code == .passPart }) { return part.minor ?? 0 }
    guard steps.contains(where: { carrying.contains($0.code) }) else { return 0 }
    return max(0, nominal - companions)
  }

  private static func metres(_ ride: SharedRide, on network: Network) -> Int64? {
    guard let from = ride.fromStop.flatMap({ network.stopIndex(id: $0) }),
      let to = ride.toStop.flatMap({ network.stopIndex(id: $0) })
    else { return nil }
    let stops = network.stops
    return Int64(stops[from].coordinate.metres(to: stops[to].coordinate).rounded())
  }
}
