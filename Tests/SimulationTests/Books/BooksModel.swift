import Basics
import SimulatedCity
import Transit

/// A tap as it was made, known without asking the service.
struct MadeTap: Hashable, Sendable {
  let medium: CityMedium
  let device: String
  let seq: Int64
  let day: Day
  let at: Instant
  /// Place among the lines of the city.
  let line: Int
  /// A stop that was found later.
  var stop: String?
}

/// A proof of a category as it was shown.
struct ShownProof: Hashable, Sendable {
  let category: String
  let first: Day
  let last: Day
}

/// What the people of the city did and who they are: all that a fare depends on, kept beside the
/// service and never read from it.
struct BooksModel: Sendable {
  let plan: BooksPlan
  /// The name that the service gives to whoever holds a medium first.
  let founder: @Sendable (CityMedium) -> RiderID
  private(set) var owner: [CityMedium: RiderID] = [:]
  private(set) var taps: [RiderID: [MadeTap]] = [:]
  var proofs: [RiderID: [ShownProof]] = [:]
  /// Money put on less money taken off, of riders who have an account.
  var deposits: [RiderID: Int64] = [:]
  var purchases: [RiderID: [SoldProduct]] = [:]
  var tariff = SmallTariff()
  /// Cash that desks took less what they gave.
  var cashMinor: Int64 = 0
  /// Riders who are nobody any more: no desk tells of them.
  private(set) var erased: Set<RiderID> = []
  /// What rides of erased riders had been paid with when they were erased.
  private(set) var settled: [RiderID: SettledRides] = [:]
  /// Prices of all products sold.
  var soldMinor: Int64 = 0

  init(plan: BooksPlan, founder: @escaping @Sendable (CityMedium) -> RiderID) {
    self.plan = plan
    self.founder = founder
  }

  var riders: [RiderID] { Set(taps.keys).union(deposits.keys).union(purchases.keys).sorted() }

  mutating func tapped(_ tap: MadeTap) {
    taps[rider(of: tap.medium), default: []].append(tap)
  }

  /// Whoever holds a medium now, who is founded by it when nobody does.
  mutating func rider(of medium: CityMedium) -> RiderID {
    if let known = owner[medium] { return known }
    let new = founder(medium)
    owner[medium] = new
    return new
  }

  mutating func findStop(_ stop: String, of tap: MadeTap) {
    for rider in taps.keys {
      if let place = taps[rider]?.firstIndex(of: tap) { taps[rider]?[place].stop = stop }
    }
  }

  /// The rides of a rider, day after day, worked out without the tariff's engine.
  func rides(of rider: RiderID) -> [PlainRide] {
    tariff.rides(of: taps[rider] ?? [], products: purchases[rider] ?? []) {
      category(of: rider, on: $0)
    }
  }

  /// What the rides of a rider come to that stored value pays for.
  func due(of rider: RiderID) -> Int64 {
    rides(of: rider).filter(\.isOfStoredValue).reduce(0) { $0 + $1.charged }
  }

  /// What stored value has paid: the smaller of what rides come to and of what there is for them.
  func paid(by rider: RiderID) -> Int64 {
    if let settled = settled[rider] { return settled.stored }
    guard let deposit = deposits[rider] else { return 0 }
    return min(due(of: rider), deposit + MoneyPeople.negativeMaxMinor)
  }

  /// What erased riders' rides cost more than they were paid with: nobody owes it, or gets it back.
  var givenUp: Int64 {
    settled.reduce(0) { sum, entry in
      sum + rides(of: entry.key).reduce(0) { $0 + $1.charged } - entry.value.minor
    }
  }

  /// The balance of a rider's account.
  func balance(of rider: RiderID) -> Int64 { (deposits[rider] ?? 0) - paid(by: rider) }

  /// Everything of a rider becomes another's.
  mutating func merge(_ rider: RiderID, into other: RiderID) {
    guard rider != other else { return }
    taps[other, default: []] += taps.removeValue(forKey: rider) ?? []
    for proof in proofs.removeValue(forKey: rider) ?? [] {
      // Of the same category and first day the other's own stands.
      let isKnown = proofs[other, default: []].contains {
        $0.category == proof.category && $0.first == proof.first
      }
      if !isKnown { proofs[other, default: []].append(proof) }
    }
    purchases[other, default: []] += purchases.removeValue(forKey: rider) ?? []
    if let deposit = deposits.removeValue(forKey: rider) {
      deposits[other, default: 0] += deposit
    }
    for medium in owner.filter({ $0.value == rider }).keys { owner[medium] = other }
  }

  /// Nobody has what a rider had; the next tap of the media founds another.
  ///
  /// What they hold and did not use up is over with the day.
  mutating func erase(_ rider: RiderID, as nobody: RiderID, on day: Day) {
    settled[nobody] = SettledRides(rides(of: rider), isAccountless: false)
    for place in (purchases[rider] ?? []).indices where purchases[rider]?[place].isOver == false {
      purchases[rider]?[place].returnedOn = day
    }
    merge(rider, into: nobody)
    erased.insert(nobody)
    for medium in owner.filter({ $0.value == nobody }).keys { owner[medium] = nil }
  }

  /// The category of a fare day: of several proofs the one that began last.
  func category(of rider: RiderID, on day: Day) -> String {
    (proofs[rider] ?? []).filter { $0.first <= day && day <= $0.last }
      .max { ($0.first, $0.category) < ($1.first, $1.category) }?.category ?? "adult"
  }
}
