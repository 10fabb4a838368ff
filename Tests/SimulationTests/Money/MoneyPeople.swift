import Basics
import SimulatedCity
import Tapping
import Transit

/// Who holds what, rode where, proved and bought: all that fares and balances depend on, kept beside
/// the service and never read from it.
struct MoneyPeople: Sendable {
  /// The number that the service gives to whoever holds a medium first.
  let founder: @Sendable (CityMedium) -> RiderID
  var tariff = SmallTariff()
  private(set) var owner: [CityMedium: RiderID] = [:]
  private(set) var taps: [RiderID: [MadeTap]] = [:]
  private(set) var proofs: [RiderID: [ShownProof]] = [:]
  /// Money put on an account less what was taken off it by hand, of riders who have one.
  var deposits: [RiderID: Int64] = [:]
  /// Of it: what was given up and is not undone.
  var givenUp: [RiderID: Int64] = [:]
  /// What came in cash, less what went out in cash.
  var cash: [RiderID: Int64] = [:]
  /// Top-ups by bank card: what of them may still go back to the card.
  var cardTopUps: [RiderID: [CardTopUp]] = [:]
  /// What came onto stored value by transfers, which the bank's statements may not show yet, and what two people
  /// put right, in the order in which it was booked.
  private(set) var transfersIn: [RiderID: [TransferIn]] = [:]
  private var transfersInCount = 0
  var products: [RiderID: [SoldProduct]] = [:]
  private(set) var erased: Set<RiderID> = []
  /// What rides of erased riders had been paid with when they were erased.
  private(set) var settled: [RiderID: SettledRides] = [:]
  /// Kopiykas that somebody reading this wants every ride to be off by: the checker's own test.
  var isOffBy: Int64 = 0

  init(founder: @escaping @Sendable (CityMedium) -> RiderID) { self.founder = founder }

  /// How far an account may go below nothing.
  static let negativeMaxMinor: Int64 = 500

  var riders: [RiderID] { Set(taps.keys).union(deposits.keys).union(products.keys).sorted() }

  /// Whoever holds a medium now, who is founded by it when nobody does.
  mutating func holder(of medium: CityMedium) -> RiderID {
    if let known = owner[medium] { return known }
    let new = founder(medium)
    owner[medium] = new
    return new
  }

  mutating func give(_ medium: CityMedium, to rider: RiderID) { owner[medium] = rider }

  mutating func tapped(_ tap: MadeTap) {
    taps[holder(of: tap.medium), default: []].append(tap)
  }

  mutating func prove(_ proof: ShownProof, of rider: RiderID) {
    // The same proof shown again says what the new one says.
    proofs[rider, default: []].removeAll {
      $0.category == proof.category && $0.first == proof.first
    }
    proofs[rider, default: []].append(proof)
  }

  /// Writes down what came by a transfer, or what two people put right (of no money of the bank).
  mutating func add(_ money: PlainBank.Money?, ofBank: Int64, counted: Int64, of rider: RiderID) {
    transfersInCount += 1
    transfersIn[rider, default: []].append(
      TransferIn(place: transfersInCount, money: money, ofBank: ofBank, counted: counted))
  }

  /// Everything of a rider becomes another's.
  mutating func merge(_ rider: RiderID, into other: RiderID) {
    guard rider != other else { return }
    taps[other, default: []] += taps.removeValue(forKey: rider) ?? []
    for proof in proofs.removeValue(forKey: rider) ?? [] {
      let isKnown = proofs[other, default: []].contains {
        $0.category == proof.category && $0.first == proof.first
      }
      if !isKnown { proofs[other, default: []].append(proof) }
    }
    products[other, default: []] += products.removeValue(forKey: rider) ?? []
    if let deposit = deposits.removeValue(forKey: rider) { deposits[other, default: 0] += deposit }
    givenUp[other, default: 0] += givenUp.removeValue(forKey: rider) ?? 0
    cash[other, default: 0] += cash.removeValue(forKey: rider) ?? 0
    cardTopUps[other, default: []] += cardTopUps.removeValue(forKey: rider) ?? []
    transfersIn[other, default: []] += transfersIn.removeValue(forKey: rider) ?? []
    transfersIn[other]?.sort { $0.place < $1.place }
    for medium in owner.filter({ $0.value == rider }).keys { owner[medium] = other }
  }

  /// Nobody has what a rider had; the next tap of the media founds another.
  ///
  /// Whose phone nobody could be asked for was given up with them.
  mutating func erase(_ rider: RiderID, as nobody: RiderID, isAccountless: Bool) {
    let rides = rides(of: rider)
    settled[nobody] = SettledRides(rides, isAccountless: isAccountless)
    merge(rider, into: nobody)
    erased.insert(nobody)
    for medium in owner.filter({ $0.value == nobody }).keys { owner[medium] = nil }
  }

  /// The category of a fare day: of several proofs the one that began last.
  func category(of rider: RiderID, on day: Day) -> String {
    (proofs[rider] ?? []).filter { $0.first <= day && day <= $0.last }
      .max { ($0.first, $0.category) < ($1.first, $1.category) }?.category ?? "adult"
  }

  /// The rides of a rider, day after day.
  func rides(of rider: RiderID) -> [PlainRide] {
    let rides = tariff.rides(of: taps[rider] ?? [], products: products[rider] ?? []) {
      category(of: rider, on: $0)
    }
    guard isOffBy != 0 else { return rides }
    return rides.map { ride in
      var ride = ride
      ride.charged += isOffBy
      return ride
    }
  }

  /// What stored value should pay for in all.
  func due(of rider: RiderID) -> Int64 {
    rides(of: rider).filter(\.isOfStoredValue).reduce(0) { $0 + $1.charged }
  }

  /// What it has paid: the smaller of what rides come to and of what there is for them.
  func paid(by rider: RiderID) -> Int64 {
    if let settled = settled[rider] { return settled.stored }
    guard let deposit = deposits[rider] else { return 0 }
    return min(due(of: rider), deposit + Self.negativeMaxMinor)
  }

  /// What an erased rider's rides cost more than they were paid with: nobody owes it, or gets it back.
  func givenUp(of rider: RiderID) -> Int64 {
    guard let settled = settled[rider] else { return 0 }
    return rides(of: rider).reduce(0) { $0 + $1.charged } - settled.minor
  }

  /// The balance of an account; nil without one.
  func balance(of rider: RiderID) -> Int64? {
    deposits[rider].map { $0 - paid(by: rider) }
  }

  /// What an account owes: rides that it could not pay, and how far it lies below nothing.
  func owed(by rider: RiderID) -> Int64 {
    due(of: rider) - paid(by: rider) - min(0, balance(of: rider) ?? 0)
  }
}

/// What rides of a rider came to when the rider was erased.
struct SettledRides: Sendable {
  /// Paid from stored value.
  let stored: Int64
  /// Charged to bank cards and phones, by fare day.
  let charged: [Day: Int64]

  var minor: Int64 { stored + charged.values.reduce(0, +) }

  init(_ rides: [PlainRide], isAccountless: Bool) {
    stored = rides.filter(\.isOfStoredValue).reduce(0) { $0 + $1.charged }
    let ofCards = isAccountless ? [] : rides.filter(\.tap.medium.isCharged)
    charged = Dictionary(grouping: ofCards, by: \.tap.day)
      .mapValues { $0.reduce(0) { $0 + $1.charged } }
  }
}

/// A top-up by bank card.
struct CardTopUp: Sendable {
  /// The acquirer's name of it.
  let reference: String
  /// Kopiykas of it that did not go back.
  var left: Int64
}

/// What came onto stored value by a transfer, or was put right by two people.
struct TransferIn: Sendable {
  /// Among all of these, of all riders.
  let place: Int
  /// Nil when two people put it on, or took it off.
  let money: PlainBank.Money?
  /// Kopiykas that the bank's line is of.
  let ofBank: Int64
  /// Kopiykas of it that came onto the account.
  let counted: Int64
}
